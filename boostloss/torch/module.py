"""What the modules have in common."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn

from boostloss.formulas.logistic import logistic
from boostloss.formulas.soft_labels import of_soft_labels
from boostloss.kernels.rows import LOSS
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary
from boostloss.losses.columns import Columns
from boostloss.losses.custom import CustomLoss
from boostloss.losses.distributions import Distribution
from boostloss.losses.harmonizing import Harmonized
from boostloss.losses.linked import Linked
from boostloss.torch._derivative import TOTAL, constant, derivative, weighted
from boostloss.torch._distribution_loss import of_distribution
from boostloss.torch._shapes import prepared, spread
from boostloss.torch.reduction import (
    Reduction,
    check_choice,
    check_reduction,
    hold,
    mean_of,
    which_count,
    without_others,
)
from boostloss.torch.several import (
    class_dim,
    class_shares,
    of_classes,
    of_columns,
    of_shares,
)

Mode = Literal["binary", "multiclass"]
expected = cache(of_soft_labels)  # compiled once


def first_of(loss: Any) -> Any:
    """The loss whose formula computes: of several levels the first, of many classes that of their margin."""
    if isinstance(loss, Columns):
        return loss.columns[0]
    return loss.of_margin if isinstance(loss, Binary) and loss.n_classes not in (None, 2) else loss


def knows_target(loss: Loss) -> bool:
    """Whether the gradient by the target is known: of the error it is that by the input with the other sign."""
    if isinstance(loss, CustomLoss):
        return loss.kind != "target"
    return isinstance(loss, Distribution) or not isinstance(loss, Linked)


class LossModule(nn.Module):
    """A loss of boostloss as a torch module: loss(target, input), weighted and reduced.

    It computes with the formula of the loss, differentiates twice, and compiles. On CPU tensors the formula is a
    compiled kernel, elsewhere and under ``torch.compile`` it is made of tensor operations.

    Parameters
    ----------
    loss : boostloss.Loss
    reduction : {"mean", "sum", "none"}, default "mean"
        The mean is the weighted mean: the sum of the weighted losses over the sum of the weights.
    mode : {"binary", "multiclass"}, optional
        Of a loss of labels: whether each logit is of a label of its own, or those along a dimension are of classes. By
        default "multiclass" where the target has one dimension less than the input, else "binary".
    ignore_index : int, optional
        Of a loss of labels: one that does not count.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or the shapes of `input` and `target` do not go together.

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

    label_smoothing: float = 0.0

    def __init__(
        self,
        loss: Loss,
        reduction: Reduction = "mean",
        mode: Mode | None = None,
        ignore_index: int | None = None,
    ):
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
        first = first_of(loss)
        self.formula: Callable[..., Any] = first.formula
        self.numbers: tuple[float, ...] = first.parameters
        if isinstance(loss, Binary):
            self.of_margin: tuple[float, ...] = loss.of_margin.parameters
        self.reduction: Reduction = check_reduction(reduction)
        check_choice("mode", mode, (None, "binary", "multiclass"))
        if not isinstance(loss, Binary) and (mode, ignore_index) != (None, None):
            raise ValueError(f"mode and ignore_index must be None for {loss!r}: it has no labels.")
        self.mode: Mode | None = mode
        self.ignore_index: int | None = ignore_index

    def __getstate__(self) -> dict[str, Any]:
        """All but the formula, which for losses of one's own is a function without a place to be imported from."""
        return {name: value for name, value in vars(self).items() if name != "formula"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__["formula"] = first_of(self.loss).formula

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of a prediction.

        Parameters
        ----------
        input : Tensor
            Raw predictions: of the target, in a last dimension for several quantiles or the parameters of a
            distribution; or logits, which have a dimension of classes after the first.
        target : Tensor
            Targets, or labels from 0 to 1, in the shape of the input; without its dimension of quantiles, of
            parameters, or of classes, of which the target holds the positions; or a probability for each class, in the
            mode "multiclass". Of a distribution also both ends of an interval in a last dimension, equal for an exact
            target and infinite where it is not known.
            A label between 0 and 1, or probabilities, have the expected loss.
        weight : Tensor, optional
            Non-negative weights: one for each element of the loss, or for each row along its first dimensions.
        mask : Tensor of bool, optional
            True for the elements, or rows, that count. What it hides may be NaN.

        Returns
        -------
        Tensor
            Of the shape of the input, or a scalar. Half precision is computed and returned in float32.
        """
        if not knows_target(self.loss):
            target = constant(target, "that of this loss is not known")
        input, target, weight = self.counted(input, target, weight, mask)
        value, formula = self.composed(input, target), self.formula
        if value is None:
            if self.loss.task == "binary":
                target, formula = self.labels(target)
            input, target = prepared(input, target)
        elements = input if value is None else value
        if weight is not None:
            weight = spread(weight, elements)
        if self.reduction == "none":
            if value is None:
                value = derivative(formula, LOSS, input, target, *self.numbers)
            return weighted(value, weight)
        if value is None:
            total = derivative(formula, TOTAL, input, target, *self.numbers, weight=weight)
        else:
            total = weighted(value, weight).sum()
        if self.reduction == "sum":
            return total
        return total / elements.numel() if weight is None else mean_of(total, weight)

    def counted(
        self, input: Tensor, target: Tensor, weight: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Input, target and weights, which are 0 where an element does not count."""
        if mask is None and self.ignore_index is None:
            return input, target, weight
        several = self.loss.n_outputs > 1
        dim = -1 if several else class_dim(input)
        one = input.select(dim, 0) if several or self.of_classes(input, target) else input
        elements = one.to(torch.promote_types(input.dtype, torch.float32))
        kept = which_count(target, elements, self.ignore_index, mask)
        if kept is None:
            return input, target, weight
        other = 1 if isinstance(self.loss, Distribution) else 0  # which may take the logarithm
        return without_others(kept, dim, input, target, weight, elements, other)

    def of_classes(self, input: Tensor, target: Tensor) -> bool:
        """Whether the logits along a dimension are of classes."""
        if not isinstance(self.loss, Binary):
            return False
        return self.mode == "multiclass" or (self.mode is None and target.ndim < input.ndim)

    def labels(self, target: Tensor) -> tuple[Tensor, Callable[..., Any]]:
        """The labels of single logits, and the formula for such labels."""
        if isinstance(self.loss, Binary) and self.loss.n_classes not in (None, 2):
            raise ValueError(
                f"target must hold classes, or their probabilities with mode='multiclass', for {self.loss!r}, got a "
                "label for each logit."
            )
        target = constant(target, "labels have none")
        if self.label_smoothing:
            target = target + self.label_smoothing * (0.5 - target)
        if self.formula is logistic or not target.is_floating_point():
            return target, self.formula
        make = of_soft_labels if torch.compiler.is_compiling() else expected
        return target, make(self.formula)

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
        """The loss of every element where it takes more than the formula, else None."""
        if isinstance(self.loss, Columns):
            return of_columns(self.loss, input, target)
        if isinstance(self.loss, Distribution):
            return of_distribution(self.loss, input, target)
        if not self.of_classes(input, target):
            return None
        weights = self.class_weights(input.shape[class_dim(input)])
        smoothing = self.label_smoothing or getattr(self.loss, "label_smoothing", 0.0)
        if target.ndim < input.ndim and not smoothing:
            return of_classes(self.formula, self.of_margin, input, target, weights)
        shares = class_shares(input, target, smoothing)
        return of_shares(self.formula, self.of_margin, input, shares, weights)

    def class_weights(self, k: int) -> Any:
        """A weight for each of the classes, or None."""
        return self.loss.class_weights(k)

    def __setattr__(self, name: str, value: Any) -> None:
        loss: Any = vars(self).get("loss")
        fixed = set() if loss is None else {"loss"}
        if is_dataclass(loss):
            fixed |= {field.name for field in fields(loss)}
        if isinstance(loss, Columns):
            fixed |= {loss.name}
        if name in fixed and not self.holds_tensor(name):
            raise AttributeError(f"{name} is fixed: make a new {type(self).__name__} to change it.")
        super().__setattr__(name, value)

    def holds_tensor(self, name: str) -> bool:
        """Whether a parameter of the loss was given as a tensor."""
        return name in self._parameters or name in self._buffers

    def keep(self, **parameters: Any) -> None:
        """Hold the parameters of the loss: tensors, with which it must compute, as `hold` does, and numbers fixed."""
        for name, value in parameters.items():
            if not isinstance(value, Tensor):
                self.__dict__[name] = getattr(self.loss, name)
                continue
            valid, allowed = (
                (value == value, "numbers") if name == "alpha" else (value > 0.0, "positive")
            )
            if not value.is_meta and not valid.all():
                raise ValueError(f"{name} must be {allowed}, got {value[~valid].tolist()}.")
            hold(self, name, value)

    def extra_repr(self) -> str:
        options = {"loss": self.loss} if type(self) is LossModule else dict(vars(self.loss))
        options["reduction"] = self.reduction
        own = ("label_smoothing", "mode", "ignore_index")
        options |= {
            name: getattr(self, name)
            for name in own
            if getattr(self, name) != getattr(LossModule, name, None)
        }
        shown = {name: repr(value) for name, value in options.items()}
        for name, tensor in (*self.named_parameters(), *self.named_buffers()):
            shown[name] = f"tensor of shape {tuple(tensor.shape)}"
        return ", ".join(f"{name}={value}" for name, value in shown.items())
