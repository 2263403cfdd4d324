"""The losses of the core as modules, by name."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from boostloss.formulas.barron import barron, barron_shape
from boostloss.kernels.rows import LOSS
from boostloss.losses.binary import Focal, Logistic
from boostloss.losses.location import Barron, Huber, LogCosh, Quantile, SquaredError
from boostloss.torch._derivative import derivative
from boostloss.torch.module import LossModule, Reduction, prepared


def number(value: float | Tensor) -> float:
    """What stands in the core's loss for a parameter that is a tensor."""
    return 1.0 if isinstance(value, Tensor) else value


class SquaredErrorLoss(LossModule):
    """Squared error: (input - target)^2 / 2.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
    """

    def __init__(self, reduction: Reduction = "mean"):
        super().__init__(SquaredError(), reduction)


class ScaledModule(LossModule):
    """A loss that is scale^2 times that of scale 1 at error / scale, where the scale may be a tensor."""

    def of_scale(self, scale: Tensor, input: Tensor, target: Tensor) -> Tensor:
        x = scaled(input, target, scale)
        value = derivative(self.formula, LOSS, x, torch.zeros_like(x), *self.numbers)
        scale = scale.to(x.dtype)
        return value * scale * scale  # in this order: the square alone may leave the range


class HuberLoss(ScaledModule):
    """Huber's loss: error^2 / 2 where \\|error\\| <= delta, else delta (\\|error\\| - delta / 2).

    Parameters
    ----------
    delta : float or Tensor, default 1.0
        Where the square ends; positive. A tensor is broadcast against the input, and receives a gradient.
    reduction : {"mean", "sum", "none"}, default "mean"
    """

    delta: float | Tensor

    def __init__(self, delta: float | Tensor = 1.0, reduction: Reduction = "mean"):
        super().__init__(Huber(number(delta)), reduction)
        self.keep(delta=delta)

    def composed(self, input, target):
        if not isinstance(self.delta, Tensor):
            return None
        return self.of_scale(self.delta, input, target)


class LogCoshLoss(ScaledModule):
    """Log-cosh: scale^2 log cosh(error / scale).

    Parameters
    ----------
    scale : float or Tensor, default 1.0
        The error at which the loss leaves the squared error; positive. A tensor is broadcast against the input, and
        receives a gradient.
    reduction : {"mean", "sum", "none"}, default "mean"
    """

    scale: float | Tensor

    def __init__(self, scale: float | Tensor = 1.0, reduction: Reduction = "mean"):
        super().__init__(LogCosh(number(scale)), reduction)
        self.keep(scale=scale)

    def composed(self, input, target):
        if not isinstance(self.scale, Tensor):
            return None
        return self.of_scale(self.scale, input, target)


class BarronLoss(LossModule):
    """Barron's general robust loss: b/alpha ((1 + (error/scale)^2 / b)^(alpha/2) - 1) with b = \\|alpha - 2\\|.

    Parameters
    ----------
    alpha : float or Tensor, default 1.0
        Shape: 2 squared error, 1 Charbonnier, 0 Cauchy, -2 Geman-McClure, -inf Welsch.
    scale : float or Tensor, default 1.0
        The error at which the loss leaves the squared error; positive. Tensors are broadcast against the input, and
        receive gradients.
    reduction : {"mean", "sum", "none"}, default "mean"

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8.
    """

    alpha: float | Tensor
    scale: float | Tensor

    def __init__(
        self,
        alpha: float | Tensor = 1.0,
        scale: float | Tensor = 1.0,
        reduction: Reduction = "mean",
    ):
        super().__init__(Barron(number(alpha), number(scale)), reduction)
        self.keep(alpha=alpha, scale=scale)

    def composed(self, input, target):
        alpha, scale = self.alpha, self.scale
        if not isinstance(alpha, Tensor) and not isinstance(scale, Tensor):
            return None
        x = scaled(input, target, scale)
        if isinstance(alpha, Tensor):
            return shaped(x, alpha)
        return derivative(barron, LOSS, x, torch.zeros_like(x), alpha, 1.0)


class QuantileLoss(LossModule):
    """Pinball loss: quantile (target - input) where that is positive, else (1 - quantile) (input - target).

    Parameters
    ----------
    quantile : float or sequence of float, default 0.5
        Levels in (0, 1). For a sequence, `input` has one more dimension than `target`, the last one, with a quantile
        for each level.
    reduction : {"mean", "sum", "none"}, default "mean"
    """

    quantile: float | list[float]

    def __init__(self, quantile: float | Sequence[float] = 0.5, reduction: Reduction = "mean"):
        several = quantile if isinstance(quantile, Sequence) else [quantile]
        if not several:
            raise ValueError("quantile must hold at least one level, got none.")
        levels = [Quantile(level) for level in several]
        super().__init__(levels[0], reduction)
        numbers = [level.quantile for level in levels]
        self.__dict__["quantile"] = numbers if several is quantile else numbers[0]
        self.levels = levels if several is quantile else None

    def extra_repr(self):
        return f"quantile={self.quantile}, reduction={self.reduction!r}"

    def composed(self, input, target):
        if self.levels is None:
            return None
        if input.shape != (*target.shape, len(self.levels)):
            raise ValueError(
                f"input must have shape {(*target.shape, len(self.levels))}, "
                f"got {tuple(input.shape)}."
            )
        columns = [prepared(column, target) for column in input.unbind(-1)]
        losses = [
            derivative(level.formula, LOSS, *column, *level.parameters)
            for level, column in zip(self.levels, columns, strict=True)
        ]
        return torch.stack(losses, dim=-1)


class LogisticLoss(LossModule):
    """Logistic loss of a logit: -target log p - (1 - target) log(1 - p), p = sigmoid(input).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
    """

    def __init__(self, reduction: Reduction = "mean"):
        super().__init__(Logistic(), reduction)


class FocalLoss(LossModule):
    """Focal loss of logits: alpha (1 - p)^gamma (-log p), p the probability of the true label or class.

    A target of the shape of the input holds a label 0 or 1, not a probability, for each logit. A target of shape
    (n, ...) for an input of shape (n, C, ...) holds indices of classes.

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing; 0 gives logistic loss and cross entropy; not negative.
    alpha : float or sequence of float, optional
        Balance. For labels: alpha weighs label 1, 1 - alpha label 0. For classes: a weight for each. The default weighs
        all 1.
    reduction : {"mean", "sum", "none"}, default "mean"

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.
    """

    gamma: float
    alpha: float | Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | Tensor | None = None,
        reduction: Reduction = "mean",
    ):
        if isinstance(alpha, Sequence | Tensor):
            super().__init__(Focal(gamma), reduction)
            self.register_buffer("alpha", torch.as_tensor(alpha))
        else:
            super().__init__(Focal(gamma, alpha), reduction)
            self.keep(alpha=alpha)
        self.keep(gamma=gamma)

    def composed(self, input, target):
        if target.ndim < input.ndim:
            return self.of_classes(input, target)
        if isinstance(self.alpha, Tensor):
            raise ValueError("alpha must be None or a number for labels, got one for each class.")
        return None

    def of_classes(self, input: Tensor, target: Tensor) -> Tensor:
        """The binary formula at the logit of the true class's probability: its score less those of all others."""
        dim = min(1, input.ndim - 1)
        expected = (*input.shape[:dim], *input.shape[dim + 1 :])
        if target.is_floating_point() or target.shape != expected:
            raise ValueError(
                f"target must have the shape of input, {tuple(input.shape)}, or hold integers in shape {expected}: "
                f"got {target.dtype} in shape {tuple(target.shape)}."
            )
        if input.shape[dim] < 2:
            raise ValueError(f"input must have at least 2 classes, got shape {tuple(input.shape)}.")
        if self.loss.alpha is not None:
            raise ValueError("alpha must be None or hold a number for each class, got one number.")
        scores = input.to(torch.promote_types(input.dtype, torch.float32))
        index = target.long().unsqueeze(dim)
        others = scores.scatter(dim, index, -math.inf).logsumexp(dim)
        margin = scores.gather(dim, index).squeeze(dim) - others
        one = torch.ones_like(margin)
        value = derivative(self.formula, LOSS, margin, one, *self.numbers)
        if not isinstance(self.alpha, Tensor):
            return value
        if self.alpha.numel() != input.shape[dim]:
            raise ValueError(
                f"alpha must hold a number for each of {input.shape[dim]} classes, got {self.alpha.numel()}."
            )
        weight = self.alpha.to(value.dtype).index_select(0, target.reshape(-1))
        return value * weight.reshape(target.shape)


def scaled(input: Tensor, target: Tensor, scale: float | Tensor) -> Tensor:
    """The error in units of the scale."""
    input, target = prepared(input, target)
    return (input - target) / scale


def shaped(x: Tensor, alpha: Tensor) -> Tensor:
    """Barron's loss of scaled errors, with a gradient in its shape."""
    return derivative(barron_shape, LOSS, *torch.broadcast_tensors(x, alpha.to(x.dtype)))
