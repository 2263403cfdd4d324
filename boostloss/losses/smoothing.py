"""How far to smooth the kink of the pinball loss in one boosting round.

A wide kernel makes the rows near the prediction pull in proportion to their error, which steadies the leaves, but it
also pulls the prediction away from the quantile. How wide it may be is a matter of the thin side: beyond the quantile
lies a share m = min(quantile, 1 - quantile) of the rows.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAMPLE = 8192  # rows are enough to find the width

# The share of the rows that the kernel may reach is 7 m / (1 + 8 m), and at most 0.5: 7 m far out, and 0.5 from the
# 0.18 quantile to the 0.82.
# - The smoothed loss of the median is Huber's with delta = width. For normal residuals a share of 0.5 is a delta of
#   0.67 standard deviations, at which Huber's estimate has 0.84 of the efficiency of the mean (Huber 1964, "Robust
#   Estimation of a Location Parameter", section 6); the median has 0.64. At 0.7 it would be 0.91, and wrong labels
#   would make the kernel wider.
# - Far out, residuals fall off like exp(-r x). A share of 2 m sinh(r width) lies within the width, and smoothing adds
#   m (sinh(r width) / (r width) - 1) to the coverage: 0.7 m, the most that is allowed, for a share of 6.4 m.
# - In between the bound bends towards 0.7 at the median. Bent towards 0.5 it made the intervals of 0.05 to 0.95 in
#   `benchmarks/several_quantiles.py` cover 0.87 of new rows instead of 0.88.
TAIL_SHARE = 7.0
BEND = 8.0
MEDIAN_SHARE = 0.5
# The coverage that smoothing may add, in units of m. With 1 no prediction satisfies the smoothed loss, and boosting
# stops at once; with 0 boosted quantiles cover too little on new rows. `benchmarks/smoothing_width.py` compares values.
ADDED_COVERAGE = 0.7

LEAST_WIDTH = 1e-307  # whose inverse, the curvature, is finite
NO_WIDTH = 1e-30  # where all residuals are 0, and a step of a width to be seen would be wrong


def sample(n: int, weight: NDArray | None) -> slice | NDArray[np.intp]:
    """Rows of positive weight out of n, enough to find the width."""
    rows = None if weight is None or weight.all() else np.flatnonzero(weight)
    n = n if rows is None else len(rows)
    if n <= SAMPLE:
        return slice(None) if rows is None else rows
    some = chosen_rows(n, SAMPLE)
    return some if rows is None else rows[some]


@lru_cache(maxsize=8)
def chosen_rows(n: int, size: int) -> NDArray[np.intp]:
    """So many of n rows at random, always the same, in order: at equal distances they might all be of one kind."""
    rows = np.random.default_rng(0).choice(n, size, replace=False)
    rows.sort()
    rows.flags.writeable = False
    return rows


def half_width(error: NDArray, weight: NDArray | None, quantile: float) -> float:
    """The half-width of the uniform kernel for these residuals: the largest of their sizes such that

    - at most a share 7 m / (1 + 8 m) of the rows lies within, and at most half of them,
    - the coverage that smoothing adds at these residuals, mean(sign(quantile - 1/2) sign(error) max(0, 1 - |error| /
      width)) / 2, is at most 0.7 m.

    Parameters
    ----------
    error : ndarray of shape (n_samples,)
        Raw predictions less targets.
    weight : ndarray of shape (n_samples,) or None
    quantile : float
        In (0, 1).

    Returns
    -------
    float
        In the unit of the errors, always positive and finite.
    """
    distance = np.abs(error)
    order = distance.argsort()
    if weight is None:
        weight = np.ones(order.size)
    else:
        weight = weight.astype(np.float64)
        order = order[weight[order] > 0.0]
    if order.size == 0:
        return NO_WIDTH
    error, distance, weight = error[order], distance[order], weight[order]
    thin = min(quantile, 1.0 - quantile)
    share = min(TAIL_SHARE * thin / (1.0 + BEND * thin), MEDIAN_SHARE)
    inside = weight.cumsum()
    total = inside[-1]
    if not total < math.inf:
        raise ValueError(
            f"sample_weight must be finite and >= 0, got weights whose sum is {total}."
        )
    n = inside.searchsorted(share * total, side="right")  # some rows are left: share < 1
    near = distance[:n]
    fits = distance[1 : n + 1] > near  # weight 2 counts as the row twice
    if quantile != 0.5:
        pull = weight[:n] * np.sign(error[:n] if quantile > 0.5 else -error[:n])
        # The bound on the added coverage, times 2 total * width: the width may be 0.
        allowed = 2.0 * ADDED_COVERAGE * thin * total
        fits &= (pull.cumsum() - allowed) * near <= (pull * near).cumsum()
    candidates = fits.nonzero()[0]
    width = near[candidates[-1]] if candidates.size else 0.0
    # Where many residuals are equal, nothing may fit: stay within sight of those further out.
    outer = distance[min(inside.searchsorted(0.5 * (1.0 + share) * total), distance.size - 1)]
    found = float(max(width, outer / 16.0) or weight @ distance / total or NO_WIDTH)
    return max(found, LEAST_WIDTH)
