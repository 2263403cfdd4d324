"""How far off the rows are that boosting has moved.

What follows the residuals of most rows, the number of an adaptive loss or the width of a smoothing, fails where
features tell most targets exactly, such as the zeros of days on which a shop is closed: the residuals of these rows
shrink without end, and steps of that size bring the others nowhere. Wrong labels are as far off as those others, and
must not be followed.

Predictions tell them apart: trees have moved the rows that features tell from the rest, which they cannot do with
wrong labels. So in the median of the errors each row counts by how far its prediction lies from the median prediction.
Wrong labels hardly change that, as long as they have less than half of the movement, and where all rows have the same
noise it is the median of all errors. So a share of it as the least number changes nothing but where it is needed:
`benchmarks/exact_targets.py` shows what it buys and costs.
"""

import numpy as np
from numpy.typing import NDArray

from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.smoothing import chosen_rows

ROWS = 1000  # are enough for a median


def moving_error(error: NDArray, f: NDArray, weight: NDArray | None) -> float:
    """The median size of errors in which a row counts by how far its prediction lies from the median prediction.

    Parameters
    ----------
    error, f : ndarray of shape (n_samples,), of float64
        Raw predictions less targets, and raw predictions.
    weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    float
        0 where all predictions are the same.
    """
    if len(f) > ROWS:
        rows = chosen_rows(len(f), ROWS)
        error, f, weight = error[rows], f[rows], None if weight is None else weight[rows]
    if not len(f) or (weight is not None and not weight.any()):
        return 0.0
    moved = np.abs(f - weighted_quantile(f, weight, 0.5))
    if weight is not None:
        moved *= weight
    if not 0.0 < moved.sum() < np.inf:
        return 0.0
    return weighted_quantile(np.abs(error), moved, 0.5)
