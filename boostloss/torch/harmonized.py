"""Losses in which elements weigh the less the more others have a gradient like theirs."""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from boostloss.formulas.barron import barron
from boostloss.formulas.harmonized import charbonnier_norm
from boostloss.formulas.logistic import logistic
from boostloss.formulas.overlap import logistic_norm
from boostloss.kernels.rows import LOSS
from boostloss.losses.validation import check_number
from boostloss.torch._bins import Bins
from boostloss.torch._derivative import TOTAL, constant, derivative, weighted
from boostloss.torch._shapes import prepared, spread
from boostloss.torch.reduction import (
    Reduction,
    check_reduction,
    mean_of,
    which_count,
    without_others,
)


class HarmonizedLoss(nn.Module):
    """A loss whose elements are weighted by the inverse density of the norms of their gradients."""

    norm: ClassVar[Callable[..., Any]]
    formula: ClassVar[Callable[..., Any]]
    mu: float = 1.0  # what the formula is multiplied by, and the parameter of the norm
    shares: Tensor
    seen: Tensor
    own: tuple[str, ...]  # names of parameters that the others do not have

    def __init__(
        self,
        bins: int,
        momentum: float,
        reduction: Reduction,
        ignore_index: int | None = None,
    ):
        super().__init__()
        if isinstance(bins, bool) or not isinstance(bins, int) or not 2 <= bins <= 100:
            raise ValueError(f"bins must be a whole number from 2 to 100, got {bins!r}.")
        self.bins: int = bins
        self.momentum: float = momentum
        check_number(self, "momentum", "a number in [0, 1)", lambda x: 0.0 <= x < 1.0)
        self.reduction: Reduction = check_reduction(reduction)
        self.ignore_index: int | None = ignore_index
        self.register_buffer("shares", torch.zeros(bins))
        self.register_buffer("seen", torch.zeros(()))

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of a prediction; in training the densities learn from it first.

        Parameters
        ----------
        input : Tensor
            Predictions; logits of labels.
        target : Tensor
            Of the shape of the input.
        weight : Tensor, optional
            Non-negative, of the shape of the input or its first dimensions. It weighs losses, not the densities.
        mask : Tensor of bool, optional
            True for the elements that count, likewise. What it hides may be NaN.

        Returns
        -------
        Tensor
            A scalar, or without a reduction of the shape of the input. Half precision is computed and returned in
            float32.
        """
        input, target = prepared(input, constant(target, "it decides on weights"))
        kept = which_count(target, input, self.ignore_index, mask)
        if kept is not None:
            input, target, weight = without_others(kept, 0, input, target, weight, input)
        if weight is not None:
            weight = spread(weight, input)
        factor = weighted(self.harmony(input, target, kept), weight)
        formula = type(self).formula
        if self.reduction == "none":
            return self.mu * factor * derivative(formula, LOSS, input, target, *self.numbers)
        total = self.mu * derivative(formula, TOTAL, input, target, *self.numbers, weight=factor)
        if self.reduction == "sum":
            return total
        return total / input.numel() if weight is None else mean_of(total, weight)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The parameters of the formula."""
        raise NotImplementedError

    @torch.no_grad()
    def harmony(self, input: Tensor, target: Tensor, kept: Tensor | None) -> Tensor:
        """The weight of every element: 1 over the share of its bin, and over the number of bins that hold any."""
        bins = Bins(type(self).norm, self.mu, self.bins, input.detach(), target)
        counts = bins.counts(None if kept is None else kept.to(input.dtype))
        total = counts.sum()
        now = counts / total.clamp(min=1.0)
        if self.training:
            # A batch without an element says nothing.
            pace = (1.0 - self.momentum) * (total > 0.0)
            self.shares.add_(pace * (now - self.shares))
            self.seen.add_(pace * (1.0 - self.seen))
        known = self.shares / self.seen.where(self.seen > 0.0, 1.0)
        share = known.to(now.dtype).where(self.seen > 0.0, now)
        # No bin counts as less than one element of this batch: of a bin long unseen the share would fall without end.
        share = share.clamp(min=1.0 / total.clamp(min=1.0))
        return bins.values(1.0 / (share * (counts > 0.0).sum().clamp(min=1)))

    def extra_repr(self) -> str:
        names = [*self.own, "bins", "momentum", "ignore_index", "reduction"]
        shown = [name for name in names if getattr(self, name) is not None]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)


class GHMCLoss(HarmonizedLoss):
    """Gradient harmonised logistic loss: b(g) (-y log p - (1 - y) log(1 - p)), p = sigmoid(input), g = \\|p - y\\|.

    The norm g of the gradient lies in one of `bins` equal parts of [0, 1]. The weight b is 1 over the product of the
    share of all elements that lie in the same part, and of the number of parts that hold any. So the many easy
    elements, and as well the few hopeless ones, pull together as much as any other part. The gradient takes b for a
    constant.

    The shares are an exponential average over batches, each updated in training mode before it is used, and divided by
    what the weights in the average add up to, as in Adam. The authors' code averages counts and differs twice: its
    averages begin at 0 and are used as they are, so that the first weights are 1 / (1 - momentum) times too large; and
    the average of a part stays as it was when a batch has nothing in it, so that a rare part seems as dense as it is in
    the batches that have it. Without momentum both are the same. In evaluation mode the shares are those of training,
    or the batch's own before any.

    Parameters
    ----------
    bins : int, default 10
        From 2 to 100.
    momentum : float, default 0.75
        What the average keeps for each batch, in [0, 1).
    reduction : {"mean", "sum", "none"}, default "mean"
    ignore_index : int, optional
        A label that does not count.

    Attributes
    ----------
    shares : Tensor of shape (bins,)
        The averages, before they are divided.
    seen : Tensor
        What they are divided by.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Li, Liu & Wang, "Gradient Harmonized Single-Stage Detector", AAAI 2019; Kingma & Ba, "Adam: A Method for Stochastic
    Optimization", ICLR 2015, section 3, for the division.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import GHMCLoss
    >>> easy, hard = torch.full((98,), -4.0), torch.tensor([0.0, 4.0])
    >>> loss = GHMCLoss(reduction="none")
    >>> losses = loss(torch.cat([easy, hard]), torch.zeros(100))
    >>> losses[:98].sum(), losses[98], losses[99]  # a third of the weight for each
    (tensor(0.6050), tensor(23.1049), tensor(133.9383))
    """

    norm = staticmethod(logistic_norm)
    formula = staticmethod(logistic)
    own = ()

    def __init__(
        self,
        bins: int = 10,
        momentum: float = 0.75,
        reduction: Reduction = "mean",
        ignore_index: int | None = None,
    ):
        super().__init__(bins, momentum, reduction, ignore_index)

    @property
    def numbers(self) -> tuple[float, ...]:
        return (0.0,)


class GHMRLoss(HarmonizedLoss):
    """Gradient harmonised regression loss: b(g) (sqrt(d^2 + mu^2) - mu), g = \\|d\\| / sqrt(d^2 + mu^2).

    Here d is input - target, and b is the weight of `GHMCLoss`, by the density of g.

    Parameters
    ----------
    mu : float, default 0.02
        The error at which the loss, the authentic smooth L1 loss, leaves the squared error; positive.
    bins : int, default 10
        From 2 to 100.
    momentum : float, default 0.75
        What the average keeps for each batch, in [0, 1).
    reduction : {"mean", "sum", "none"}, default "mean"

    Attributes
    ----------
    shares : Tensor of shape (bins,)
        As of `GHMCLoss`.
    seen : Tensor

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Li, Liu & Wang, "Gradient Harmonized Single-Stage Detector", AAAI 2019.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import GHMRLoss
    >>> error = torch.tensor([0.001, 0.002, 0.001, 5.0])
    >>> GHMRLoss(reduction="none")(error, torch.zeros(4))[3]  # twice what it is by itself
    tensor(9.9601)
    """

    norm = staticmethod(charbonnier_norm)
    formula = staticmethod(barron)
    own = ("mu",)

    def __init__(
        self,
        mu: float = 0.02,
        bins: int = 10,
        momentum: float = 0.75,
        reduction: Reduction = "mean",
    ):
        super().__init__(bins, momentum, reduction)
        self.mu = mu
        check_number(self, "mu", "a positive number", lambda x: 0.0 < x < math.inf)

    @property
    def numbers(self) -> tuple[float, ...]:
        return 1.0, self.mu  # Barron's loss of shape 1 is that over mu
