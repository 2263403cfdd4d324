"""The losses of the error as modules."""

from collections.abc import Sequence

import torch
from torch import Tensor

from boostloss.formulas.barron import barron, barron_shape
from boostloss.kernels.rows import LOSS
from boostloss.losses.barron import Barron
from boostloss.losses.location import Huber, LogCosh, SquaredError
from boostloss.losses.quantiles import Quantile
from boostloss.torch._derivative import derivative
from boostloss.torch._shapes import prepared
from boostloss.torch.module import LossModule
from boostloss.torch.reduction import Reduction


def number(value: float | Tensor) -> float:
    """What stands in the core's loss for a parameter that is a tensor."""
    return 1.0 if isinstance(value, Tensor) else value


class SquaredErrorLoss(LossModule):
    """Squared error: (input - target)^2 / 2.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import SquaredErrorLoss
    >>> SquaredErrorLoss()(torch.tensor([1.0, 5.0]), torch.zeros(2))
    tensor(6.5000)
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

    Attributes
    ----------
    delta : float or Tensor

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import HuberLoss
    >>> HuberLoss(2.0, reduction="none")(torch.tensor([1.0, 5.0]), torch.zeros(2))
    tensor([0.5000, 8.0000])
    >>> loss = HuberLoss(torch.nn.Parameter(torch.tensor(2.0)))  # trained with the network
    >>> loss(torch.tensor([1.0, 5.0]), torch.zeros(2)).backward()
    >>> loss.delta.grad
    tensor(1.5000)
    """

    delta: float | Tensor

    def __init__(self, delta: float | Tensor = 1.0, reduction: Reduction = "mean"):
        super().__init__(Huber(number(delta)), reduction)
        self.keep(delta=delta)

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
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

    Attributes
    ----------
    scale : float or Tensor

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import LogCoshLoss
    >>> LogCoshLoss(0.5, reduction="none")(torch.tensor([0.1, 10.0]), torch.zeros(2))
    tensor([0.0050, 4.8267])
    """

    scale: float | Tensor

    def __init__(self, scale: float | Tensor = 1.0, reduction: Reduction = "mean"):
        super().__init__(LogCosh(number(scale)), reduction)
        self.keep(scale=scale)

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
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

    Attributes
    ----------
    alpha, scale : float or Tensor

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import BarronLoss
    >>> BarronLoss(alpha=0.0, scale=2.0, reduction="none")(torch.tensor([2.0, 200.0]), torch.zeros(2))
    tensor([0.4055, 8.5174])
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

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
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

    Attributes
    ----------
    quantile : float or list of float

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import QuantileLoss
    >>> QuantileLoss(0.9, reduction="none")(torch.tensor([-1.0, 1.0]), torch.zeros(2))
    tensor([0.9000, 0.1000])
    >>> QuantileLoss([0.1, 0.5, 0.9])(torch.zeros(8, 3), torch.ones(8))  # three outputs for each target
    tensor(0.5000)
    """

    quantile: float | list[float]

    def __init__(self, quantile: float | Sequence[float] = 0.5, reduction: Reduction = "mean"):
        super().__init__(Quantile(quantile), reduction)
        levels = self.loss.quantile
        self.__dict__["quantile"] = list(levels) if isinstance(levels, tuple) else levels

    def extra_repr(self) -> str:
        return f"quantile={self.quantile}, reduction={self.reduction!r}"


def scaled(input: Tensor, target: Tensor, scale: float | Tensor) -> Tensor:
    """The error in units of the scale."""
    input, target = prepared(input, target)
    return (input - target) / scale


def shaped(x: Tensor, alpha: Tensor) -> Tensor:
    """Barron's loss of scaled errors, with a gradient in its shape."""
    return derivative(barron_shape, LOSS, *torch.broadcast_tensors(x, alpha.to(x.dtype)))
