"""False positives and negatives of classes on CPU tensors, summed over the pixels of each image by a kernel."""

import numpy as np
import torch
from torch import Tensor

from boostloss.formulas.overlap import pixel_cost, share_slope
from boostloss.kernels.class_overlap import class_sums, fill_class_slopes
from boostloss.torch._class_loss import check_range
from boostloss.torch._compatibility import batched, last_backward_pass
from boostloss.torch._derivative import weighted
from boostloss.torch._operators import in_torch_threads

torch.library.define(
    "boostloss::class_overlap",
    "(Tensor input, Tensor index, Tensor? weight, bool differentiable) -> (Tensor, Tensor)",
)
torch.library.define(
    "boostloss::slope_of_shares_",
    "(Tensor(a!) shares, Tensor index, Tensor? weight, Tensor costs) -> ()",
)


def arrays(index: Tensor, like: Tensor, weight: Tensor | None) -> tuple:
    """The positions of classes, and weights, as the kernels read them."""
    weights = None if weight is None else weight.detach().contiguous().numpy()
    return index.to(like.dtype).contiguous().numpy(), weights


@torch.library.impl("boostloss::class_overlap", "cpu")
def _(input, index, weight, differentiable):
    """What `class_sums` adds up, of scores of shape (n, classes, pixels), and the probabilities if they are wanted."""
    check_range(index, input.shape[1])
    shares = torch.empty(input.shape if differentiable else 0, dtype=input.dtype)
    y, weights = arrays(index, input, weight)
    scores = input.detach().contiguous().numpy()
    kept = shares.numpy() if differentiable else None
    sums = class_sums(y, scores, weights, kept, in_torch_threads)
    return torch.from_numpy(sums.astype(scores.dtype)), shares


@torch.library.register_fake("boostloss::class_overlap")
def _(input, index, weight, differentiable):
    n, k, _ = input.shape
    return input.new_empty((n, 4, k)), input.new_empty(input.shape if differentiable else 0)


@torch.library.impl("boostloss::slope_of_shares_", "cpu")
def _(shares, index, weight, costs):
    """Make probabilities the gradient where ``costs``, of shape (n, 2, classes), are those of the sums."""
    y, weights = arrays(index, shares, weight)
    numbers = costs.numpy().astype(np.float64)
    fill_class_slopes(y, shares.numpy(), weights, numbers, in_torch_threads)


@torch.library.register_fake("boostloss::slope_of_shares_")
def _(shares, index, weight, costs):
    pass


class ClassOverlap(torch.autograd.Function):
    """What `class_sums` adds up, in shape (n, 4, classes), of scores of shape (n, classes, pixels).

    The index has the class of each pixel. The protocol is the older one of autograd's functions, as no transform comes
    here.
    """

    @staticmethod
    def forward(ctx, input, index, weight, differentiable):
        operator = torch.ops.boostloss.class_overlap.default
        sums, shares = operator(input, index, weight, differentiable)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(input, index, weight, shares)
        return sums

    @staticmethod
    def backward(ctx, grad):
        if grad is None:
            return None, None, None, None
        input, index, weight, shares = ctx.saved_tensors
        costs = torch.stack([grad[:, 0], grad[:, 1] - grad[:, 3]], 1)
        if torch.is_grad_enabled() or shares.shape != input.shape or batched(grad):
            p, more, less = input.softmax(1), costs[:, :1].mT, costs[:, 1:].mT
            true = index.unsqueeze(1) == torch.arange(input.shape[1]).unsqueeze(1)
            own = p.where(true, 0.0).sum(1, keepdim=True)
            extra = (less * true).sum(1, keepdim=True).where(own >= 0.5, 0.0)
            cost = pixel_cost(true, more, less, extra)
            slope = share_slope(p, cost, (p * cost).sum(1, keepdim=True))
            by_pixel = None if weight is None else weight.unsqueeze(1)
            return weighted(slope, by_pixel), None, None, None
        result = shares if last_backward_pass(grad) else shares.clone()
        torch.ops.boostloss.slope_of_shares_.default(result, index, weight, costs)
        return result, None, None, None
