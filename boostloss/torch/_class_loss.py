"""Losses of classes on CPU tensors: values and the gradients of all scores in one pass of a kernel."""

import math

import torch
from numpy.typing import NDArray
from torch import Tensor

from boostloss.formulas.classes import class_derivatives
from boostloss.kernels.classes import fill_class_gradients
from boostloss.kernels.rows import GRADIENT
from boostloss.torch._compatibility import last_backward_pass
from boostloss.torch._derivative import derivative
from boostloss.torch._operators import in_torch_threads, name_of, named

FEW = 1024  # pixels of an image, below which those of all images are gathered first
# The kernel's vectors hold elements, of which a block has the fewer the more classes there are: beyond so many the
# operations are as fast.
MOST_CLASSES = 100

torch.library.define(
    "boostloss::class_loss",
    "(Tensor input, Tensor index, bool differentiable, str formula, float[] parameters)"
    " -> (Tensor, Tensor)",
)


def class_dim(input: Tensor) -> int:
    """The dimension of the classes, where torch's own losses have it."""
    return min(1, input.ndim - 1)


def check_index(input: Tensor, index: Tensor) -> None:
    """Refuse what the kernel cannot read, or would read otherwise."""
    dim = class_dim(input)
    expected = list(input.shape)
    expected[dim] = 1
    if input.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"input must be of dtype float32 or float64, got {input.dtype}.")
    if index.dtype != torch.int64 or list(index.shape) != expected:
        raise ValueError(
            f"index must be int64 in shape {expected}, got {index.dtype} in {list(index.shape)}."
        )


def check_range(index: Tensor, k: int) -> None:
    """Refuse what is no position of one of k classes."""
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < k:
        wrong = index[(index < 0) | (index >= k)][0].item()
        raise IndexError(f"target must hold classes from 0 to {k - 1}, got {wrong}.")


@torch.library.impl("boostloss::class_loss", "cpu")
def _(input, index, differentiable, formula, parameters):
    """A formula of the margin of each element's class, and the gradients of its scores if they are wanted.

    The index has a dimension of 1 where the input has that of the classes.
    """
    check_index(input, index)
    dim = class_dim(input)
    k = input.shape[dim]
    losses = torch.empty(index.squeeze(dim).shape, dtype=input.dtype)
    slope = torch.empty(input.shape if differentiable else 0, dtype=input.dtype)
    if not losses.numel():
        return losses, slope
    check_range(index, k)
    scores, result = input.detach().contiguous(), slope
    gathered = scores.ndim > 2 and math.prod(scores.shape[2:]) < FEW
    if gathered:
        scores = scores.movedim(1, -1).contiguous()
        result = torch.empty_like(scores) if differentiable else slope

    def rows(x: Tensor) -> NDArray:
        """The scores of each element, in groups."""
        if dim == 0 or x.ndim == 2 or gathered:
            return x.view(1, -1, k).numpy()
        return x.view(len(x), k, -1).transpose(1, 2).numpy()

    f, gradients = rows(scores), rows(result) if differentiable else None
    labels = index.to(input.dtype).contiguous().view(f.shape[:2]).numpy()
    values, numbers = losses.view(f.shape[:2]).numpy(), tuple(parameters)
    fill_class_gradients(values, gradients, named(formula), numbers, labels, f, in_torch_threads)
    if gathered and differentiable:
        slope.copy_(result.movedim(-1, 1))
    return losses, slope


@torch.library.register_fake("boostloss::class_loss")
def _(input, index, differentiable, formula, parameters):
    check_index(input, index)
    losses = input.new_empty(index.squeeze(class_dim(input)).shape)
    return losses, input.new_empty(input.shape if differentiable else 0)


def margin_of(scores: Tensor, index: Tensor) -> Tensor:
    """The score of a class less the logarithm of the sum of the exponentials of all others' scores."""
    dim = class_dim(scores)
    return scores.gather(dim, index).squeeze(dim) - others_of(scores, index).logsumexp(dim)


def others_of(scores: Tensor, index: Tensor) -> Tensor:
    """The scores, in which that of a class is so low that it has no share.

    It is finite: those of all others may be infinite, and have shares all the same.
    """
    return scores.scatter(class_dim(scores), index, torch.finfo(scores.dtype).min)


class ClassLoss(torch.autograd.Function):
    """A formula of the margin of the class of each element, by the kernel.

    Beside the operations that compose it the loss and gradient of generalized cross-entropy take half of the time. The
    protocol is the older one of autograd's functions, which takes less time: no transform comes here.
    """

    @staticmethod
    def forward(ctx, formula, scores, index, differentiable, *numbers):
        operator = torch.ops.boostloss.class_loss.default
        value, slope = operator(scores, index, differentiable, name_of(formula), list(numbers))
        ctx.formula, ctx.numbers = formula, numbers
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(slope)
        ctx.save_for_backward(scores, index, slope)
        return value, slope

    @staticmethod
    def backward(ctx, grad, _):
        by_scores = None
        if grad is not None:
            scores, index, slope = ctx.saved_tensors
            dim = class_dim(scores)
            seed = grad.unsqueeze(dim)
            if torch.is_grad_enabled() or slope.shape != scores.shape:
                margin = margin_of(scores, index)
                one = torch.ones_like(margin)
                steep = derivative(ctx.formula, GRADIENT, margin, one, *ctx.numbers).unsqueeze(dim)
                shares = others_of(scores, index).softmax(dim)
                true = torch.zeros_like(scores, dtype=torch.bool).scatter(dim, index, True)
                by_scores = class_derivatives(true, shares, steep, steep)[0] * seed
            elif last_backward_pass(grad):
                by_scores = slope.mul_(seed)
            else:
                by_scores = slope * seed
        return None, by_scores, None, None, *[None] * len(ctx.numbers)
