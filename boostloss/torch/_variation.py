"""The differences of neighbouring pixels, and the sum of their Euclidean norms with its gradient."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from boostloss.torch._compatibility import transformed
from boostloss.torch._derivative import dual


def change(input: Tensor, mask: Tensor | None, dim: int) -> Tensor:
    """The differences of neighbours along a dimension, 0 where one of both does not count."""
    difference = input.diff(dim=dim)
    if mask is None:
        return difference
    size = difference.shape[dim]
    return difference.where(mask.narrow(dim, 0, size) & mask.narrow(dim, 1, size), 0.0)


def changes(input: Tensor, mask: Tensor | None) -> list[Tensor]:
    """Those along every dimension of pixels."""
    return [change(input, mask, dim) for dim in range(2, input.ndim)]


def total_norm(input: Tensor, mask: Tensor | None) -> Tensor:
    """The sum over pixels of the Euclidean norm of the differences to the next ones, for each image."""
    if torch.compiler.is_compiling() or transformed() or dual(input):
        return norm(changes(input, mask)).flatten(1).sum(1)
    return TotalNorm.apply(input, mask)


def norm(changes: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm of the differences of every pixel to the next ones; its gradient is 0 where it is."""
    square: Any = 0.0
    for place, each in enumerate(changes, start=2):
        last = [0, 0] * (each.ndim - 1 - place) + [0, 1]
        square = square + pad(each.square(), last)
    flat = square == 0.0
    return square.masked_fill(flat, 1.0).sqrt().masked_fill(flat, 0.0)


class TotalNorm(torch.autograd.Function):
    """`norm`, summed over the pixels of each image, which saves the norms alone.

    It takes half as long as its operations, forward and backward. The protocol is the older one of autograd's
    functions, as no transform comes here.
    """

    @staticmethod
    def forward(ctx, input, mask):
        size = torch.zeros_like(input)
        for dim, each in enumerate(changes(input, mask), start=2):
            size.narrow(dim, 0, each.shape[dim]).addcmul_(each, each)
        size.sqrt_()
        ctx.save_for_backward(input, mask, size)
        return size.flatten(1).sum(1)

    @staticmethod
    def backward(ctx, grad):
        input, mask, size = ctx.saved_tensors
        if torch.is_grad_enabled():
            value = norm(changes(input, mask)).flatten(1).sum(1)
            return *torch.autograd.grad(value, input, grad, create_graph=True), None
        pull = grad.view(-1, *[1] * (input.ndim - 1)) / size.where(size > 0.0, torch.inf)
        result = torch.zeros_like(pull)
        for dim, each in enumerate(changes(input, mask), start=2):
            length = each.shape[dim]
            each = pull.narrow(dim, 0, length) * each
            result.narrow(dim, 1, length).add_(each)
            result.narrow(dim, 0, length).sub_(each)
        return result, None
