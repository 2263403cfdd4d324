"""Targets of which an interval is known: what they must be, and the constant of maximum likelihood."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_SCALE = 1e-14  # of the largest target: the rounding errors of a constant one's mean
BFGS = {"gtol": 1e-9, "maxiter": 200}  # of the likelihood of intervals
FARTHEST = 20.0  # between the logarithm of a scale and that of the spread


def checked_ends(ends: NDArray[np.floating], positive: bool) -> NDArray[np.float64]:
    """Intervals whose ends are in order; those of an exact target are the same number."""
    lower, upper = ends.T
    wrong = ~(lower <= upper) | ((lower == upper) & np.isinf(lower))
    if positive:
        wrong |= (lower < 0.0) | (upper <= 0.0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        range = "0 <= lower <= upper, upper > 0" if positive else "lower <= upper"
        raise ValueError(
            f"y_true must hold a lower and an upper end for each row, {range}, equal ones only if they are finite, got "
            f"{ends[row].tolist()} in row {row}."
        )
    return ends.astype(np.float64, copy=False)


def most_likely_of_intervals(
    loss: Any, ends: NDArray, weight: NDArray | None
) -> NDArray[np.float64]:
    """The raw predictions of maximum likelihood for intervals, by their gradient."""
    from scipy.optimize import minimize

    counts = np.ones(len(ends)) if weight is None else weight.astype(np.float64)
    with np.errstate(divide="ignore"):
        lower, upper = (loss.raw_target(x) for x in ends[counts > 0.0].T)
    w = counts[counts > 0.0]
    for known, side in ((np.isfinite(lower), "lower"), (np.isfinite(upper), "upper")):
        if not known.any():
            raise ValueError(
                f"y_true must have rows with {side} ends, for {loss!r}: without one the likelihood grows without end."
            )
    known = np.isfinite(lower) | np.isfinite(upper)
    low, high = (
        np.where(np.isfinite(lower), lower, upper),
        np.where(np.isfinite(upper), upper, lower),
    )
    middle = 0.5 * (low + high)[known]
    location = np.average(middle, weights=w[known])
    spread = np.sqrt(np.average((middle - location) ** 2, weights=w[known]))
    unit = float(spread or np.max((high - low)[known]))
    if unit > NO_SCALE * np.abs(middle).max():
        start, units = np.array([location, math.log(unit)]), np.array([unit, 1.0])

        def loss_and_slope(x: NDArray) -> tuple[float, NDArray]:
            raw = np.tile(start + units * x, (len(ends), 1))
            gradient, _ = loss.gradient_hessian(ends, raw, counts)
            return loss.mean_loss(ends, raw, counts), units * gradient.sum(axis=0) / counts.sum()

        found = minimize(loss_and_slope, np.zeros(2), jac=True, method="BFGS", options=BFGS)
        # At a scale of exp(-20) the intervals separate, or the targets are the same.
        if np.isfinite(found.x).all() and abs(found.x[1]) < FARTHEST:
            return start + units * found.x
    raise ValueError(
        f"y_true must have targets that differ, or intervals that overlap, for {loss!r}: of others the likelihood "
        "grows without end as the scale goes to 0."
    )


def likeliest(loss: Any, raw: NDArray, share: NDArray) -> tuple[float, float]:
    """Location and scale of maximum likelihood for exact targets, of which the logarithms are given."""
    if raw.min() == raw.max():
        return float(raw[0]), 0.0
    middle = 0.5 * (raw.min() + raw.max())  # a shift, so that no target overflows
    ends = np.exp(np.stack([raw - middle, raw - middle], axis=1))
    location, log_scale = most_likely_of_intervals(loss, ends, share)
    return float(location + middle), math.exp(log_scale)
