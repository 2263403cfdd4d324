"""From a loss for each element to one number: weights, a mask, and what the mean is over."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from boostloss.torch._shapes import spread

Reduction = Literal["none", "mean", "sum"]


def check_reduction(reduction: str) -> Reduction:
    """The reduction, if it is one."""
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}.")
    return reduction  # type: ignore[return-value]


def check_choice(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Refuse what is none of the allowed values."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {list(allowed)}, got {value!r}.")


def hold(module: nn.Module, name: str, value: Tensor | None) -> None:
    """Make a tensor one of the module's: it is trained if it is an `nn.Parameter`, else a buffer."""
    if isinstance(value, nn.Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def hold_class_weights(module: nn.Module, name: str, values: Any) -> None:
    """Hold a weight for each class, or None."""
    weights = None if values is None else torch.as_tensor(values)
    if weights is not None and not weights.is_meta:
        valid = (weights >= 0.0) & weights.isfinite()
        if weights.ndim != 1 or not valid.all():
            raise ValueError(
                f"{name} must hold a finite number of at least 0 for each class, got {values!r}."
            )
    hold(module, name, weights)


def which_count(
    target: Tensor, elements: Tensor, ignore_index: int | None, mask: Tensor | None
) -> Tensor | None:
    """Which elements of a loss count, as booleans of their shape; None if all do.

    Parameters
    ----------
    target : Tensor
        Labels, of the shape of the elements where one of them may be ignored.
    elements : Tensor
    ignore_index : int, optional
    mask : Tensor of bool, optional
    """
    kept = None if mask is None else spread(mask, elements) != 0.0
    if ignore_index is None:
        return kept
    if target.shape != elements.shape:
        raise ValueError("ignore_index must be None for probabilities of classes: give a mask.")
    labelled = target != ignore_index
    return labelled if kept is None else labelled & kept


def without_others(
    kept: Tensor,
    dim: int,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    elements: Tensor,
    other: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Input, target and weight that are 0 where an element does not count, or the target another number.

    The input, and a target of its shape, may have one more dimension than the elements, ``dim``.
    """
    of_input = kept if kept.ndim == input.ndim else kept.unsqueeze(dim)
    of_target = kept if target.ndim == kept.ndim else of_input
    weight = torch.ones_like(elements) if weight is None else spread(weight, elements)
    # Not products: what does not count may be NaN.
    return input.where(of_input, 0.0), target.where(of_target, other), weight.where(kept, 0.0)


def mean_of(total: Tensor, weight: Tensor) -> Tensor:
    """A weighted sum over the sum of the weights; 0 where they are 0."""
    weights = weight.sum()
    return total / weights.where(weights > 0.0, 1.0)


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
    return mean_of(value.sum(), weight)
