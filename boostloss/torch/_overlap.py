"""False positives and negatives of masks, summed over the pixels of each, and their slopes: one pass forward."""

import math

import numpy as np
import torch

from boostloss.formulas.overlap import overlap, overlap_and_slope, scaled_slope
from boostloss.kernels.rows import Rows
from boostloss.kernels.segments import fill_segments, segment_sums
from boostloss.torch._compatibility import batched, last_backward_pass
from boostloss.torch._derivative import has_kernel, kernel_runs, weighted
from boostloss.torch._operators import check_tensors, flat, in_torch_threads

torch.library.define(
    "boostloss::overlap",
    "(Tensor input, Tensor target, Tensor? weight, bool differentiable) -> (Tensor, Tensor)",
)
torch.library.define("boostloss::scale_slope_", "(Tensor(a!) slope, Tensor seeds) -> ()")


@torch.library.impl("boostloss::overlap", "cpu")
def _(input, target, weight, differentiable):
    """Of masks of shape (..., pixels) false positives, false negatives and labels, in the first dimension, and the
    slope of each pixel if it is wanted."""
    check_tensors(input, target, weight)
    *masks, _ = input.shape
    weights = None if weight is None else flat(weight).numpy()
    rows = Rows(flat(target).numpy(), flat(input).numpy(), weights)
    slope = torch.empty(input.shape if differentiable else 0, dtype=input.dtype)
    formula, column = (
        (overlap_and_slope, slope.view(-1).numpy()) if differentiable else (overlap, None)
    )
    sums = segment_sums(formula, 3, (), rows, math.prod(masks), in_torch_threads, column)
    return torch.from_numpy(sums.T.astype(rows.raw_prediction.dtype, "C")).view(3, *masks), slope


@torch.library.register_fake("boostloss::overlap")
def _(input, target, weight, differentiable):
    check_tensors(input, target, weight)
    return input.new_empty((3, *input.shape[:-1])), input.new_empty(
        input.shape if differentiable else 0
    )


@torch.library.impl("boostloss::scale_slope_", "cpu")
def _(slope, seeds):
    """Make slopes the gradient where those of the false positives and negatives are ``seeds``, of shape (..., 2)."""
    slopes, numbers = slope.view(-1).numpy(), seeds.view(-1, 2).numpy().astype(np.float64)
    fill_segments(scaled_slope, numbers, Rows(slopes, slopes), slopes, in_torch_threads)


@torch.library.register_fake("boostloss::scale_slope_")
def _(slope, seeds):
    pass


class Overlap(torch.autograd.Function):
    """False positives, false negatives and labels of masks of shape (..., pixels), added up for each.

    The slopes of the pixels are saved: left to itself, torch's compiler saves what takes ten times as long.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(input, target, weight, differentiable):
        if has_kernel(input):
            sums, slope = torch.ops.boostloss.overlap.default(input, target, weight, differentiable)
            return *sums.unbind(), slope
        *sums, slope = (weighted(x, weight) for x in overlap_and_slope(target, input))
        return *(x.sum(-1) for x in sums), slope

    @staticmethod
    def setup_context(ctx, inputs, output):
        *tensors, _ = inputs
        *_, slope = output
        ctx.set_materialize_grads(False)  # zeros for the slope would take longer than all else
        ctx.mark_non_differentiable(slope)
        ctx.save_for_backward(*tensors, slope)

    @staticmethod
    def backward(ctx, *seeds):
        input, target, weight, slope = ctx.saved_tensors
        more, less = (
            input.new_zeros(*input.shape[:-1], 1) if x is None else x.unsqueeze(-1)
            for x in seeds[:2]
        )
        both = torch.cat([more, less], -1)
        if torch.is_grad_enabled() or slope.shape != input.shape:
            slope = weighted(overlap_and_slope(target, input)[3], weight)
        elif kernel_runs(input) and not batched(both):
            result = slope if last_backward_pass(both) else slope.clone()
            torch.ops.boostloss.scale_slope_.default(result, both)
            return result, None, None, None
        return *scaled_slope(None, slope, more, less), None, None, None


class PlainOverlap(Overlap):
    """`Overlap` where a kernel computes: by torch's older protocol, which need not bind arguments to names."""

    setup_context = torch.autograd.Function.setup_context  # as if there were none

    @staticmethod
    def forward(ctx, *inputs):
        output = Overlap.forward(*inputs)
        Overlap.setup_context(ctx, inputs, output)
        return output
