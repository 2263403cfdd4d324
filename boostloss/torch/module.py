"""What the modules have in common."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor, nn

from boostloss.kernels.rows import LOSS
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary
from boostloss.losses.columns import Columns
from boostloss.losses.harmonizing import Harmonized
from boostloss.torch._derivative import TOTAL, derivative, weighted
from boostloss.torch._shapes import prepared, spread
from boostloss.torch.reduction import Reduction, check_reduction
from boostloss.torch.several import class_dim, of_classes, of_columns


class LossModule(nn.Module):
    """A loss of boostloss as a torch module: loss(target, input), weighted and reduced.

    It computes with the formula of the loss, differentiates twice, and compiles. On CPU tensors the formula is a
    compiled kernel, elsewhere and under ``torch.compile`` it is made of tensor operations.

    Parameters
    ----------
    loss : boostloss.Loss
    reduction : {"mean", "sum", "none"}, default "mean"
        The mean is the weighted mean: the sum of the weighted losses over the sum of the weights.

    Raises
    ------
    ValueError
        If a parameter is not valid, or the shapes of `input` and `target` differ.

    Examples
    --------
    >>> import boostloss as bl
    >>> import torch
    >>> from boostloss.torch import LossModule
    >>> loss = LossModule(bl.Welsch(scale=2.0))
    >>> loss(torch.tensor([0.0, 200.0]), torch.zeros(2))
    tensor(0.5000)
    >>> loss(torch.tensor([0.0, 200.0]), torch.zeros(2), weight=torch.tensor([3.0, 1.0]))
    tensor(0.2500)
    """

    def __init__(self, loss: Loss, reduction: Reduction = "mean"):
        super().__init__()
        if not isinstance(loss, Loss):
            raise TypeError(f"loss must be a boostloss.Loss, got {loss!r}.")
        if isinstance(loss, Adaptive):
            raise ValueError(
                f"loss must have numbers or tensors as parameters, as in {loss.example!r}, got {loss!r}: only boosting "
                "adapts it; AdaptiveBarronLoss learns its own."
            )
        if isinstance(loss, Harmonized):
            raise ValueError(
                f"loss must not depend on the other rows, got {loss!r}: only boosting weighs them, {loss.of_row!r} is "
                "that of a row."
            )
        self.loss: Any = loss
        first = loss.columns[0] if isinstance(loss, Columns) else loss
        if isinstance(loss, Binary) and loss.n_classes not in (None, 2):
            first = loss.of_margin
        self.formula: Callable[..., Any] = first.formula
        self.numbers: tuple[float, ...] = first.parameters
        self.reduction: Reduction = check_reduction(reduction)

    def forward(self, input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The loss of a prediction.

        Parameters
        ----------
        input : Tensor
            Raw predictions: of the target, in a last dimension for several quantiles; or logits, which have a dimension
            of classes after the first.
        target : Tensor
            Targets, or labels 0 and 1, in the shape of the input; without its dimension of quantiles, or of classes,
            of which the target holds the positions.
        weight : Tensor, optional
            Non-negative weights: one for each element of the loss, or for each row along its first dimensions.

        Returns
        -------
        Tensor
            Of the shape of the input, or a scalar. Half precision is computed and returned in float32.
        """
        value = self.composed(input, target)
        if value is None:
            if self.loss.task == "binary" and target.requires_grad:
                raise ValueError("target must not require a gradient: labels have none.")
            input, target = prepared(input, target)
        elements = input if value is None else value
        if weight is not None:
            weight = spread(weight, elements)
        if self.reduction == "none":
            if value is None:
                value = derivative(self.formula, LOSS, input, target, *self.numbers)
            return weighted(value, weight)
        if value is None:
            total = derivative(self.formula, TOTAL, input, target, *self.numbers, weight=weight)
        else:
            total = weighted(value, weight).sum()
        if self.reduction == "sum":
            return total
        return total / (elements.numel() if weight is None else weight.sum())

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
        """The loss of every element where it takes more than the formula, else None."""
        if isinstance(self.loss, Columns):
            return of_columns(self.loss, input, target)
        if isinstance(self.loss, Binary) and target.ndim < input.ndim:
            weights = self.loss.class_weights(input.shape[class_dim(input)])
            numbers = self.loss.of_margin.parameters
            return of_classes(self.formula, numbers, input, target, weights)
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        loss: Any = vars(self).get("loss")
        fixed = {field.name for field in fields(loss)} if is_dataclass(loss) else set()
        if isinstance(loss, Columns):
            fixed |= {loss.name}
        if name in fixed and not self.holds_tensor(name):
            raise AttributeError(f"{name} is fixed: make a new {type(self).__name__} to change it.")
        super().__setattr__(name, value)

    def holds_tensor(self, name: str) -> bool:
        """Whether a parameter of the loss was given as a tensor."""
        return name in self._parameters or name in self._buffers

    def keep(self, **parameters: Any) -> None:
        """Hold the parameters of the loss: tensors are trained if they are `nn.Parameter`, else buffers."""
        for name, value in parameters.items():
            if not isinstance(value, Tensor):
                self.__dict__[name] = getattr(self.loss, name)
                continue
            valid, allowed = (
                (value == value, "numbers") if name == "alpha" else (value > 0.0, "positive")
            )
            if not value.is_meta and not valid.all():
                raise ValueError(f"{name} must be {allowed}, got {value[~valid].tolist()}.")
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            else:
                self.register_buffer(name, value)

    def extra_repr(self) -> str:
        options = {"loss": self.loss} if type(self) is LossModule else dict(vars(self.loss))
        options["reduction"] = self.reduction
        shown = {name: repr(value) for name, value in options.items()}
        for name, tensor in (*self.named_parameters(), *self.named_buffers()):
            shown[name] = f"tensor of shape {tuple(tensor.shape)}"
        return ", ".join(f"{name}={value}" for name, value in shown.items())
