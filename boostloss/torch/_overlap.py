"""False positives and negatives of masks, summed over the pixels of each: one pass forward, one backward."""

import numpy as np
import torch
from torch import Tensor

from boostloss.formulas.overlap import overlap, overlap_slope, signed_slope
from boostloss.kernels.rows import Rows
from boostloss.kernels.segments import fill_segments, segment_sums
from boostloss.torch._compatibility import transformed
from boostloss.torch._derivative import kernel_runs, weighted
from boostloss.torch._operators import check_tensors, flat, in_torch_threads

torch.library.define(
    "boostloss::overlap", "(Tensor input, Tensor target, Tensor? weight) -> Tensor"
)
torch.library.define(
    "boostloss::overlap_slope",
    "(Tensor input, Tensor target, Tensor? weight, Tensor seeds) -> Tensor",
)


def rows_of(input: Tensor, target: Tensor, weight: Tensor | None) -> Rows:
    """The pixels of all masks in a row."""
    check_tensors(input, target, weight)
    weights = None if weight is None else flat(weight).numpy()
    return Rows(flat(target).numpy(), flat(input).numpy(), weights)


@torch.library.impl("boostloss::overlap", "cpu")
def _(input, target, weight):
    """False positives, false negatives and labels, in three columns, of masks of shape (masks, pixels)."""
    rows = rows_of(input, target, weight)
    sums = segment_sums(overlap, 3, (), rows, len(input), in_torch_threads)
    return torch.from_numpy(sums).to(input.dtype)


@torch.library.register_fake("boostloss::overlap")
def _(input, target, weight):
    check_tensors(input, target, weight)
    return input.new_empty((len(input), 3))


@torch.library.impl("boostloss::overlap_slope", "cpu")
def _(input, target, weight, seeds):
    """The gradient where those of the false positives and negatives are ``seeds``, of shape (masks, 2)."""
    rows, result = rows_of(input, target, weight), torch.empty_like(flat(input))
    numbers = np.ascontiguousarray(seeds.detach().numpy(), np.float64)
    fill_segments(overlap_slope, numbers, rows, result.numpy(), in_torch_threads)
    return result.view(input.shape)


@torch.library.register_fake("boostloss::overlap_slope")
def _(input, target, weight, seeds):
    check_tensors(input, target, weight)
    return input.new_empty(input.shape)


def has_kernel(input: Tensor) -> bool:
    """Whether a kernel computes, which knows nothing of transforms."""
    return kernel_runs(input) and not transformed()


class Overlap(torch.autograd.Function):
    """False positives, false negatives and labels of masks of shape (masks, pixels), added up for each.

    The kernel of the backward pass computes the probabilities again: to read them would take as long. In a graph their
    slopes are saved; left to itself, torch's compiler saves what takes ten times as long.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(input, target, weight):
        if has_kernel(input):
            sums = torch.ops.boostloss.overlap.default(input, target, weight)
            return *sums.t().contiguous().unbind(), input.new_empty(0)
        sums = [weighted(x, weight).sum(-1) for x in overlap(target, input)]
        return *sums, signed_slope(target, input)

    @staticmethod
    def setup_context(ctx, inputs, output):
        *_, slope = output
        ctx.mark_non_differentiable(slope)
        ctx.save_for_backward(*inputs, slope)

    @staticmethod
    def backward(ctx, *seeds):
        input, target, weight, slope = ctx.saved_tensors
        more, less = (x.unsqueeze(-1) for x in seeds[:2])
        if torch.is_grad_enabled():
            slope = signed_slope(target, input)
        elif slope.shape != input.shape:
            both = torch.cat([more, less], -1)
            kernel = torch.ops.boostloss.overlap_slope.default
            return kernel(input, target, weight, both), None, None
        return weighted(slope * torch.where(slope > 0.0, more, less), weight), None, None
