"""Losses of several outputs: a column for each level, and the margin of the true class."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from boostloss.kernels.rows import LOSS
from boostloss.losses.base import Loss
from boostloss.losses.columns import Columns
from boostloss.torch._class_loss import MOST_CLASSES, ClassLoss, class_dim, margin_of, others_of
from boostloss.torch._compatibility import last_backward_pass, transformed
from boostloss.torch._derivative import constant, derivative, dual, has_kernel
from boostloss.torch._shapes import prepared


def of_columns(loss: Columns, input: Tensor, target: Tensor) -> Tensor:
    """The loss of every level, in a last dimension."""
    check_last(loss, input, target)
    columns = [prepared(column, target) for column in input.unbind(-1)]
    losses = [
        derivative(each.formula, LOSS, *column, *each.parameters)
        for each, column in zip(loss.columns, columns, strict=True)
    ]
    return torch.stack(losses, dim=-1)


def check_last(loss: Loss, input: Tensor, target: Tensor) -> None:
    """Refuse an input that is not the target's shape with a last dimension of raw predictions."""
    if input.shape != (*target.shape, loss.n_outputs):
        raise ValueError(
            f"input must have shape {(*target.shape, loss.n_outputs)}, got {tuple(input.shape)}."
        )


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
    scores, index = check_classes(input, target)
    plain = not (torch.compiler.is_compiling() or transformed() or dual(scores))
    if plain and has_kernel(scores) and scores.shape[dim] <= MOST_CLASSES:
        wanted = scores.requires_grad and torch.is_grad_enabled()
        value, _ = ClassLoss.apply(formula, scores, index, wanted, *numbers)
    else:
        margin = Margin.apply(scores, index, dim)[0] if plain else margin_of(scores, index)
        value = derivative(formula, LOSS, margin, torch.ones_like(margin), *numbers)
    if weights is None:
        return value
    weight = torch.as_tensor(weights, dtype=value.dtype, device=value.device)
    return value * weight.index_select(0, index.reshape(-1)).reshape(target.shape)


class Margin(torch.autograd.Function):
    """The score of a class less the logarithm of the sum of the exponentials of all others' scores.

    It serves where neither a kernel nor a compiler computes. The shares of the others that the forward pass computes
    are their derivative: the operations of `margin_of` take two and a half times as long, forward and backward.
    """

    @staticmethod
    def forward(scores, index, dim):
        others = others_of(scores, index)
        shares = others.softmax(dim)
        # The sum of the exponentials in units of the largest is 1 over the largest share.
        rest = others.amax(dim, keepdim=True) - shares.amax(dim, keepdim=True).log()
        return (scores.gather(dim, index) - rest).squeeze(dim), shares

    @staticmethod
    def setup_context(ctx, inputs, output):
        scores, index, ctx.dim = inputs
        _, shares = output
        ctx.mark_non_differentiable(shares)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(scores, index, shares)

    @staticmethod
    def backward(ctx, grad, _):
        if grad is None:
            return None, None, None
        scores, index, shares = ctx.saved_tensors
        if torch.is_grad_enabled():
            shares = others_of(scores, index).softmax(ctx.dim)
        seed = grad.unsqueeze(ctx.dim)
        if not torch.is_grad_enabled() and last_backward_pass(grad):
            return shares.mul_(-seed).scatter_(ctx.dim, index, seed), None, None
        return (shares * -seed).scatter(ctx.dim, index, seed), None, None


def check_classes(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of at least 32 bits, and the indices of classes with a dimension for these."""
    dim = class_dim(input)
    check_several(input)
    expected = (*input.shape[:dim], *input.shape[dim + 1 :])
    if target.is_floating_point() or target.shape != expected:
        raise ValueError(
            f"target must have the shape of input, {tuple(input.shape)}, or hold integers in shape {expected}: "
            f"got {target.dtype} in shape {tuple(target.shape)}."
        )
    scores = input.to(torch.promote_types(input.dtype, torch.float32))
    return scores, target.long().unsqueeze(dim)


def check_several(input: Tensor) -> None:
    if input.shape[class_dim(input)] < 2:
        raise ValueError(f"input must have at least 2 classes, got shape {tuple(input.shape)}.")


def class_shares(input: Tensor, target: Tensor, smoothing: float) -> Tensor:
    """The probability of each class, in the shape of the input, of which all have a part of the smoothing."""
    dim = class_dim(input)
    if target.ndim < input.ndim:
        scores, index = check_classes(input, target)
        share = torch.zeros_like(scores).scatter(dim, index, 1.0)  # not in half precision
    elif target.shape == input.shape:
        check_several(input)
        target = constant(target, "labels have none")
        share = target.to(torch.promote_types(input.dtype, torch.float32))
    else:
        shapes = f"{tuple(input.shape)}, got {tuple(target.shape)}"
        raise ValueError(f"target must have the shape of input, {shapes}.")
    return share + smoothing * (1.0 / input.shape[dim] - share) if smoothing else share


def of_shares(
    formula: Callable[..., Any],
    numbers: Sequence[Any],
    input: Tensor,
    shares: Tensor,
    weights: Any = None,
) -> Tensor:
    """The expectation of what `of_classes` gives, where a class is the true one with the probability of its share."""
    dim = class_dim(input)
    margin = margins(input.to(torch.promote_types(input.dtype, torch.float32)), dim)
    value = derivative(formula, LOSS, margin, torch.ones_like(margin), *numbers)
    if weights is not None:
        weight = torch.as_tensor(weights, dtype=value.dtype, device=value.device)
        value = value * weight.reshape(-1, *[1] * (input.ndim - 1 - dim))
    return (shares * value).sum(dim)


def margins(scores: Tensor, dim: int) -> Tensor:
    """The score of each class less the logarithm of the sum of the exponentials of all others' scores."""
    place = scores.argmax(dim, keepdim=True)
    highest = torch.zeros_like(scores, dtype=torch.bool).scatter(dim, place, True)
    top = scores.gather(dim, place)
    below = scores.masked_fill(highest, -math.inf)
    rest = below.logsumexp(dim, keepdim=True)
    # Of the exponentials in units of the highest, this sum has no digit that another one cancels.
    others = torch.log1p((rest - top).exp() - (below - top).exp()) + top
    return scores - rest.where(highest, others)
