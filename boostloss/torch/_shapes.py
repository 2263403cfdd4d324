"""Inputs, targets and weights in one shape and dtype."""

import torch
from torch import Tensor


def spread(weight: Tensor, elements: Tensor) -> Tensor:
    """A weight for each element."""
    sizes = zip(weight.shape, elements.shape, strict=False)
    if weight.ndim > elements.ndim or any(size not in {1, whole} for size, whole in sizes):
        raise ValueError(
            f"weight must have the shape {tuple(elements.shape)} or its first dimensions, got {tuple(weight.shape)}."
        )
    by_row = weight.reshape((*weight.shape, *[1] * (elements.ndim - weight.ndim)))
    return by_row.to(elements.dtype).expand(elements.shape)


def prepared(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one float dtype, of at least 32 bits."""
    if input.shape != target.shape:
        shapes = f"{tuple(target.shape)} for {tuple(input.shape)}"
        raise ValueError(f"target must have the shape of input, got {shapes}.")
    if input.is_complex() or target.is_complex():
        raise TypeError(f"input and target must be real, got {input.dtype} and {target.dtype}.")
    dtype = torch.promote_types(input.dtype, torch.float32)
    if target.is_floating_point():
        dtype = torch.promote_types(dtype, target.dtype)
    return input.to(dtype), target.to(dtype)
