"""From a loss for each element to one number: weights, a mask, and what the mean is over."""

from typing import Literal

from torch import Tensor

from boostloss.torch._shapes import spread

Reduction = Literal["none", "mean", "sum"]


def check_reduction(reduction: str) -> Reduction:
    """The reduction, if it is one."""
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}.")
    return reduction  # type: ignore[return-value]


def reduced(
    value: Tensor, reduction: Reduction, weight: Tensor | None = None, mask: Tensor | None = None
) -> Tensor:
    """The loss of all elements that the mask keeps, weighted; the mean is the weighted one, and 0 of nothing.

    Parameters
    ----------
    value : Tensor
        The loss of every element.
    reduction : {"none", "mean", "sum"}
    weight : Tensor, optional
        Non-negative, of the shape of the value or its first dimensions.
    mask : Tensor of bool, optional
        True where an element counts; likewise.
    """
    if mask is not None:  # not a product: what is masked may be NaN
        kept = spread(mask, value) > 0.0
        value = value.where(kept, 0.0)
        weight = kept.to(value.dtype) if weight is None else spread(weight, value).where(kept, 0.0)
    elif weight is not None:
        weight = spread(weight, value)
    if weight is not None:
        value = value * weight
    if reduction == "none":
        return value
    if reduction == "sum":
        return value.sum()
    if weight is None:
        return value.mean()
    total = weight.sum()
    return value.sum() / total.where(total > 0.0, 1.0)
