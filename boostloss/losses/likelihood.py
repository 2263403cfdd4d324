"""The constant raw predictions of maximum likelihood, where they have no closed form."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_SCALE = 1e-14  # of the largest target: the rounding errors of a constant one's mean
BFGS: dict[str, Any] = {"gtol": 1e-9, "maxiter": 200}
MANY = 20_000  # rows, of which the search begins with a part
CORNER = 1e-5  # a gradient that the search has not made smaller
SIMPLEX: dict[str, Any] = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 1000}


def most_likely(
    loss: Any, y: NDArray, weight: NDArray | None, start: NDArray, units: NDArray
) -> NDArray[np.float64]:
    """The constant raw predictions of maximum likelihood, by their gradient.

    Parameters
    ----------
    loss : Distribution
    y : ndarray of shape (n_samples,) or (n_samples, 2)
    weight : ndarray of shape (n_samples,) or None
    start, units : ndarray of shape (n_outputs,)
        Where the search begins, and how large its steps are at first.

    Raises
    ------
    ValueError
        If the search ends nowhere.
    """
    from scipy.optimize import minimize

    if weight is not None:
        y, weight = y[weight > 0.0], weight[weight > 0.0]
    n, options = len(y), BFGS
    if n > 2 * MANY:  # from near the maximum a few steps are enough
        options = BFGS | {"maxiter": 10}
        some = slice(None, None, n // MANY)
        start = most_likely(loss, y[some], None if weight is None else weight[some], start, units)
    total = float(n if weight is None else weight.sum(dtype=np.float64))

    losses, gradient = np.empty(n), np.empty((len(start), n))

    def value_and_slope(x: NDArray) -> tuple[float, NDArray]:
        raw = np.repeat((start + units * x)[:, None], n, axis=1).T
        loss.fill([losses, gradient], y, raw, weight)
        return float(losses.sum()) / total, units * gradient.sum(axis=1) / total

    zero = np.zeros(len(start))
    with np.errstate(all="ignore"):
        found = minimize(value_and_slope, zero, jac=True, method="BFGS", options=options)
        # Of a Laplace distribution no gradient is 0.
        if n <= 2 * MANY and np.abs(found.jac).max() > CORNER:
            simplex = np.vstack([found.x, found.x + 0.05 * np.eye(len(start))])
            options = SIMPLEX | {"initial_simplex": simplex}
            found = minimize(
                lambda x: value_and_slope(x)[0], found.x, method="Nelder-Mead", options=options
            )
    best = start + units * found.x
    if not np.isfinite([*best, found.fun]).all():
        raise ValueError(
            f"y_true must have targets that differ, for {loss!r}: no parameters of maximum likelihood were found."
        )
    return best


def check_scale(loss: Any, scale: float, raw: NDArray) -> None:
    """Refuse targets of which the likelihood is largest without a scale."""
    if not scale > NO_SCALE * np.abs(raw).max():
        raise ValueError(
            f"y_true must have targets that differ, for {loss!r}: of a constant, or where most are the same, the "
            "likelihood grows without end as the scale goes to 0."
        )


def likeliest(loss: Any, raw: NDArray, share: NDArray) -> tuple[float, float]:
    """Location and scale of maximum likelihood for exact targets, of positive ones by their logarithms."""
    middle, spread = float(share @ raw), float(np.sqrt(share @ (raw - share @ raw) ** 2))
    if not spread > NO_SCALE * np.abs(raw).max():
        return middle, 0.0
    shifted = np.exp(raw - middle) if loss.positive else raw - middle  # so that none overflows
    start, units = np.array([0.0, math.log(spread)]), np.array([spread, 1.0])
    location, log_scale = most_likely(loss, shifted, share, start, units)
    return float(location + middle), math.exp(log_scale)
