"""Targets of which an interval is known: what they must be, and where the search for the constant begins."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.losses.likelihood import most_likely

# Of the logarithm of a scale, over that of the spread of the ends: where all rows lie below one number or above a
# larger one, the likelihood grows with the scale without end. The start of boosting is then at the spread.
WIDEST = 5.0
FARTHEST = 1e7  # scales, whose square has digits to spare for torch's derivative of `log_ndtr`


def checked_ends(ends: NDArray[np.floating], positive: bool, discrete: bool) -> NDArray[np.float64]:
    """Intervals whose ends are in order; those of an exact target are the same number."""
    lower, upper = ends.T
    wrong = ~(lower <= upper) | ((lower == upper) & np.isinf(lower))
    range = "lower <= upper"
    if positive:
        range = "0 <= lower <= upper, upper > 0"
        wrong |= (lower < 0.0) | (upper <= 0.0)
    if discrete:
        range = "0 <= lower <= upper, whole numbers where they differ"
        whole = (lower == np.floor(lower)) & (upper == np.floor(upper))
        wrong |= (lower < 0.0) | ~(whole | (lower == upper))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"y_true must hold a lower and an upper end for each row, {range}, equal ones only if they are finite, got "
            f"{ends[row].tolist()} in row {row}."
        )
    return ends.astype(np.float64, copy=False)


def most_likely_of_intervals(
    loss: Any, ends: NDArray, weight: NDArray | None
) -> NDArray[np.float64]:
    """The location and the logarithm of the scale of maximum likelihood for intervals."""
    w = np.ones(len(ends)) if weight is None else weight[weight > 0.0]
    kept = ends if weight is None else ends[weight > 0.0]
    with np.errstate(divide="ignore"):
        lower, upper = (loss.raw_target(x) for x in kept.T)
    if lower.max() <= upper.min():
        raise no_maximum(loss, kept[0])
    middle, known = middles(lower, upper)
    location = np.average(middle, weights=w[known])
    unit = float(np.sqrt(np.average((middle - location) ** 2, weights=w[known])))
    start = np.array([location, math.log(unit)])
    best = most_likely(loss, ends, weight, start, np.array([unit, 1.0]))
    return best if best[1] < start[1] + WIDEST else start


def middles(lower: NDArray, upper: NDArray) -> tuple[NDArray, NDArray]:
    """The middle of each interval, or its finite end, and the rows that have one."""
    known = np.isfinite(lower) | np.isfinite(upper)
    low = np.where(np.isfinite(lower), lower, upper)[known]
    high = np.where(np.isfinite(upper), upper, lower)[known]
    return 0.5 * (low + high), known


def no_maximum(loss: Any, first: NDArray) -> ValueError:
    return ValueError(
        f"y_true must not be intervals that all hold one number, such as {first.tolist()}, for {loss!r}: the "
        "likelihood grows as the scale goes to 0, or the location to infinity. Are all rows censored?"
    )
