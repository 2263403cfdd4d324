"""Losses of several outputs: a column for each level, and the margin of the true class."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from boostloss.kernels.rows import LOSS
from boostloss.losses.columns import Columns
from boostloss.torch._derivative import derivative
from boostloss.torch._shapes import prepared


def of_columns(loss: Columns, input: Tensor, target: Tensor) -> Tensor:
    """The loss of every level, in a last dimension."""
    if input.shape != (*target.shape, loss.n_outputs):
        raise ValueError(
            f"input must have shape {(*target.shape, loss.n_outputs)}, got {tuple(input.shape)}."
        )
    columns = [prepared(column, target) for column in input.unbind(-1)]
    losses = [
        derivative(each.formula, LOSS, *column, *each.parameters)
        for each, column in zip(loss.columns, columns, strict=True)
    ]
    return torch.stack(losses, dim=-1)


def class_dim(input: Tensor) -> int:
    """The dimension of the classes, where torch's own losses have it."""
    return min(1, input.ndim - 1)


def of_classes(
    formula: Callable[..., Any],
    numbers: Sequence[Any],
    input: Tensor,
    target: Tensor,
    weights: Any = None,
) -> Tensor:
    """A formula of the margin at the logit of the true class's probability: its score less those of all others.

    ``weights`` holds a weight for each class.
    """
    dim = class_dim(input)
    expected = (*input.shape[:dim], *input.shape[dim + 1 :])
    if target.is_floating_point() or target.shape != expected:
        raise ValueError(
            f"target must have the shape of input, {tuple(input.shape)}, or hold integers in shape {expected}: "
            f"got {target.dtype} in shape {tuple(target.shape)}."
        )
    if input.shape[dim] < 2:
        raise ValueError(f"input must have at least 2 classes, got shape {tuple(input.shape)}.")
    scores = input.to(torch.promote_types(input.dtype, torch.float32))
    index = target.long().unsqueeze(dim)
    others = scores.scatter(dim, index, -math.inf).logsumexp(dim)
    margin = scores.gather(dim, index).squeeze(dim) - others
    value = derivative(formula, LOSS, margin, torch.ones_like(margin), *numbers)
    if weights is None:
        return value
    weight = torch.as_tensor(weights, dtype=value.dtype, device=value.device)
    return value * weight.index_select(0, target.reshape(-1)).reshape(target.shape)
