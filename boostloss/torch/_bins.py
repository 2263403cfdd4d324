"""In which bin the norm of each element's gradient lies: how many are in each, and a value for each element by it."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boostloss.formulas.harmonized import bin_values, tails
from boostloss.kernels.rows import Rows
from boostloss.kernels.segments import fill_segments, segment_sums
from boostloss.torch._operators import check_tensors, flat, in_torch_threads, name_of, named
from boostloss.torch._overlap import has_kernel

tails_of, bin_values_of = cache(tails), cache(bin_values)  # compiled once
MOST_BINS = 32  # of a kernel, for which the compiler then takes ten seconds, once

torch.library.define(
    "boostloss::bin_counts",
    "(Tensor input, Tensor target, Tensor? weight, str norm, float mu, int bins) -> Tensor",
)
torch.library.define(
    "boostloss::bin_values",
    "(Tensor input, Tensor target, Tensor values, str norm, float mu) -> Tensor",
)


@torch.library.impl("boostloss::bin_counts", "cpu")
def _(input, target, weight, norm, mu, bins):
    """The weight of the elements in each bin, without a pass for each."""
    check_tensors(input, target, weight)
    f, y, weights = flat(input), flat(target), None if weight is None else flat(weight)
    counts = count(f, y, weights, norm, mu, bins)
    if np.isnan(counts).any():
        known = named(norm)(y, f, mu).isfinite()
        weights = known.to(f.dtype) if weights is None else weights.where(known, 0.0)
        counts = count(f.where(known, 0.0), y.where(known, 0.0), weights, norm, mu, bins)
    return torch.from_numpy(counts).to(input.dtype)


def count(
    f: Tensor, y: Tensor, weight: Tensor | None, norm: str, mu: float, bins: int
) -> NDArray[np.float64]:
    """The weight in each bin; NaN where one element has no norm."""
    weights = None if weight is None else weight.numpy()
    total = float(len(f)) if weights is None else weights.sum(dtype=np.float64)
    rows, formula = Rows(y.numpy(), f.numpy(), weights), tails_of(named(norm), bins)
    (above,) = segment_sums(formula, bins - 1, (mu,), rows, 1, in_torch_threads)
    return -np.diff(above, prepend=total, append=0.0)


@torch.library.register_fake("boostloss::bin_counts")
def _(input, target, weight, norm, mu, bins):
    check_tensors(input, target, weight)
    return input.new_empty(bins)


@torch.library.impl("boostloss::bin_values", "cpu")
def _(input, target, values, norm, mu):
    """The value that the bin of each element has."""
    check_tensors(input, target)
    f = flat(input)
    result = torch.empty_like(f)
    numbers = np.array([[mu, *values.tolist()]])
    rows = Rows(flat(target).numpy(), f.numpy())
    formula = bin_values_of(named(norm), len(values))
    fill_segments(formula, numbers, rows, result.numpy(), in_torch_threads)
    return result.view(input.shape)


@torch.library.register_fake("boostloss::bin_values")
def _(input, target, values, norm, mu):
    check_tensors(input, target)
    return input.new_empty(input.shape)


class Bins:
    """The bins of the norms of gradients. An element without a norm, such as NaN, is in none, and its value is NaN.

    Parameters
    ----------
    norm : callable
        Of target, input and mu.
    mu : float
    bins : int
        At least 2.
    input, target : Tensor
        Without a graph.
    """

    def __init__(
        self,
        norm: Callable[..., Tensor],
        mu: float,
        bins: int,
        input: Tensor,
        target: Tensor,
    ):
        self.input, self.target, self.bins = input, target, bins
        self.kernel = has_kernel(input) and bins <= MOST_BINS
        if self.kernel:
            self.norm, self.mu = name_of(norm), mu
        else:
            size = norm(target, input, mu)
            self.known = size.isfinite()
            self.place = (size.where(self.known, 0.0) * bins).long().clamp(max=bins - 1)

    def counts(self, weight: Tensor | None) -> Tensor:
        """The weight of the elements in each."""
        if self.kernel:
            return torch.ops.boostloss.bin_counts.default(
                self.input, self.target, weight, self.norm, self.mu, self.bins
            )
        each = self.known.to(self.input.dtype)
        if weight is not None:
            each = each * weight
        none = self.input.new_zeros(self.bins)
        return none.scatter_add(0, self.place.flatten(), each.flatten())

    def values(self, values: Tensor) -> Tensor:
        """The value of every element's bin."""
        if self.kernel:
            return torch.ops.boostloss.bin_values.default(
                self.input, self.target, values, self.norm, self.mu
            )
        return values[self.place].where(self.known, torch.nan)
