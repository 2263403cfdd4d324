"""Targets of which an interval is known: what they must be, and the constant of maximum likelihood."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_SCALE = 1e-14  # of the largest target: the rounding errors of a constant one's mean
BFGS = {"gtol": 1e-9, "maxiter": 200}
MANY = 20_000  # rows, of which the search begins with a part
CORNER = 1e-5  # a gradient that the search has not made smaller
SIMPLEX: dict[str, Any] = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 1000}


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
    """The location and the logarithm of the scale of maximum likelihood for intervals."""
    counts = np.ones(len(ends)) if weight is None else weight
    with np.errstate(divide="ignore"):
        lower, upper = (loss.raw_target(x) for x in ends[counts > 0.0].T)
    w = counts[counts > 0.0]
    if lower.max() <= upper.min():
        raise ValueError(
            f"y_true must not be intervals that all hold one number, such as {ends[0].tolist()}, for {loss!r}: the "
            "likelihood grows as the scale goes to 0, or the location to infinity. Are all rows censored?"
        )
    known = np.isfinite(lower) | np.isfinite(upper)
    low = np.where(np.isfinite(lower), lower, upper)[known]
    high = np.where(np.isfinite(upper), upper, lower)[known]
    middle = 0.5 * (low + high)
    location = np.average(middle, weights=w[known])
    unit = float(np.sqrt(np.average((middle - location) ** 2, weights=w[known])))
    unit = unit or float(np.max(high - low))
    start = np.array([location, math.log(unit)])
    return most_likely(loss, ends, weight, start, np.array([unit, 1.0]))


def most_likely(
    loss: Any, y: NDArray, weight: NDArray | None, start: NDArray, units: NDArray
) -> NDArray[np.float64]:
    """The constant raw predictions of maximum likelihood, by their gradient; inf where the search has gone astray."""
    from scipy.optimize import minimize

    options: dict[str, Any] = BFGS
    if len(y) > 2 * MANY:  # from near the maximum a few steps are enough
        options = BFGS | {"maxiter": 10}
        some = slice(None, None, len(y) // MANY)
        near = most_likely(loss, y[some], None if weight is None else weight[some], start, units)
        start = near if np.isfinite(near).all() else start
    n, total = len(y), float(len(y) if weight is None else weight.sum(dtype=np.float64))

    def loss_and_slope(x: NDArray) -> tuple[float, NDArray]:
        raw = np.tile(start + units * x, (n, 1))
        gradient, _ = loss.gradient_hessian(y, raw, weight)
        return loss.mean_loss(y, raw, weight), units * gradient.sum(
            axis=0, dtype=np.float64
        ) / total

    with np.errstate(all="ignore"):
        found = minimize(
            loss_and_slope, np.zeros(len(start)), jac=True, method="BFGS", options=options
        )
        if (
            n <= 2 * MANY and np.abs(found.jac).max() > CORNER
        ):  # of a Laplace distribution: no gradient is 0
            simplex = np.vstack([found.x, found.x + 0.05 * np.eye(len(start))])
            options = SIMPLEX | {"initial_simplex": simplex}
            found = minimize(
                lambda x: loss_and_slope(x)[0], found.x, method="Nelder-Mead", options=options
            )
    best = start + units * found.x
    return best if np.isfinite([*best, found.fun]).all() else np.full_like(start, np.inf)


def likeliest(loss: Any, raw: NDArray, share: NDArray) -> tuple[float, float]:
    """Location and scale of maximum likelihood for exact targets, of positive ones by their logarithms."""
    middle, spread = float(share @ raw), float(np.sqrt(share @ (raw - share @ raw) ** 2))
    if not spread > NO_SCALE * np.abs(raw).max():
        return middle, 0.0
    shifted = np.exp(raw - middle) if loss.positive else raw - middle  # so that none overflows
    start, units = np.array([0.0, math.log(spread)]), np.array([spread, 1.0])
    location, log_scale = most_likely(loss, shifted, share, start, units)
    return float(location + middle), math.exp(log_scale)
