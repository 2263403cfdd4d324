"""How far to smooth the kink of the pinball loss in one boosting round."""

import numpy as np
from numpy.typing import NDArray

SAMPLE = 8192  # rows that decide


def sample(n: int, weight: NDArray | None) -> slice | NDArray[np.intp]:
    """The rows out of n that decide, of positive weight."""
    rows = None if weight is None or weight.all() else np.flatnonzero(weight)
    some = thinned(n if rows is None else len(rows), SAMPLE)
    return some if rows is None else rows[some]


def thinned(n: int, most: int) -> slice:
    """At most so many of n places."""
    return slice(None, None, max(1, -(-n // most)))


def half_width(error: NDArray, weight: NDArray | None, quantile: float) -> float:
    """The half-width of the smoothing kernel: as wide as the thin side of the quantile allows.

    A wide kernel makes rows near the prediction vote in proportion to their error, which steadies the leaves, but it
    also pulls the prediction away from the quantile. The width is the largest of the residuals such that

    - at most a share 7m / (1 + 8m) of the rows lies within, m = min(quantile, 1 - quantile). This is the share that
      did best at levels from 0.02 to 0.98, judged as in `benchmarks/quantile.py`, as one formula;
    - the coverage that smoothing adds at these residuals, mean(sign(quantile - 1/2) sign(error) max(0, 1 - |error| /
      width)) / 2, is at most 0.7 m. Beyond m no prediction satisfies the smoothed loss, and boosting stops at once.
      Some of it is welcome: without it, boosted quantiles cover too little on new rows.

    Always positive and finite, and it scales with the residuals.
    """
    distance = np.abs(error)
    order = distance.argsort()
    if weight is None:
        weight = np.ones(order.size)
    else:
        weight = weight.astype(np.float64)
        order = order[weight[order] > 0.0]
    if order.size == 0:
        return 1.0
    error, distance, weight = error[order], distance[order], weight[order]
    thin = min(quantile, 1.0 - quantile)
    share = 7.0 * thin / (1.0 + 8.0 * thin)
    inside = weight.cumsum()
    total = inside[-1]
    n = inside.searchsorted(share * total, side="right")  # some rows are left: share < 1
    near = distance[:n]
    fits = distance[1 : n + 1] > near  # weight 2 counts as the row twice
    if quantile != 0.5:
        pull = weight[:n] * np.sign(error[:n] if quantile > 0.5 else -error[:n])
        # The added coverage is at most 0.7 thin, times 2 total * width: the width may be 0.
        fits &= (pull.cumsum() - 1.4 * thin * total) * near <= (pull * near).cumsum()
    candidates = fits.nonzero()[0]
    width = near[candidates[-1]] if candidates.size else 0.0
    # Where many residuals are equal, nothing may fit: stay within sight of those further out.
    outer = distance[min(inside.searchsorted(0.5 * (1.0 + share) * total), distance.size - 1)]
    return float(max(width, outer / 16.0) or weight @ distance / total or 1.0)
