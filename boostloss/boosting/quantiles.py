"""How a quantile comes in from the constant with which boosting starts.

A row beyond the kernel has a gradient g of size quantile or 1 - quantile, wherever it is. A quadratic with this
gradient and curvature h has its minimum g / h away:

- With Hunter & Lange's h = 1 / (2 |error|), the majorizer's, that is the error times 2 |g|. Every step goes downhill,
  but where all rows of a leaf are on the side with |g| = 0.1 they come in by a fifth of their error at most.
- With h = |g| / |error| it is the error itself: no row oversteps its target, and a leaf of such rows moves by the
  harmonic mean of their errors. In a leaf with rows on both sides those of this side count next to nothing in the
  curvature then, steps are longer, and trees fit the noise sooner.

The second is right while predictions are far from where they belong, and the first once they are there. Between both
lies h = (2 |g|)^haste / (2 |error|), their weighted geometric mean.

How far predictions are is to be seen from themselves. Boosting starts from a constant, so that they are too close
together at first: the haste is the square root of the share that is missing of their spread. It falls to 0 as they
come to where they belong, sooner or later as the learning rate is. `benchmarks/quantile_start.py` compares it with
constants.
"""

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.moving import moving_error
from boostloss.formulas.pinball import boosted_pinball
from boostloss.kernels.rows import GRADIENT, MAJORIZER, Computation, Rows, evaluate
from boostloss.losses.quantiles import Quantile
from boostloss.losses.smoothing import half_width, sample


def boosted_parameters(
    loss: Quantile, y: NDArray, f: NDArray, weight: NDArray | None, spread: NDArray | None = None
) -> tuple[float, ...]:
    """The parameters of `boosted_pinball` but the last, for the rows at these raw predictions.

    They are those of the error, or of the error over the spread of the noise of its row.

    Parameters
    ----------
    loss : Quantile
    y, f : ndarray of shape (n_samples,)
    weight, spread : ndarray of shape (n_samples,) or None

    Returns
    -------
    tuple of float
        Level, half-width of the kernel, factors of the curvature below and above.
    """
    rows = sample(len(y), weight)
    prediction = f[rows].astype(np.float64)
    unit = 1.0 if spread is None else spread[rows]
    error = (prediction - y[rows]) / unit
    some = None if weight is None else weight[rows].astype(np.float64)
    width = half_width(error, some, loss.quantile)
    # Smoothing takes a prediction away from its quantile by |1 - 2 quantile| widths at most: less so far out.
    thin = min(loss.quantile, 1.0 - loss.quantile)
    width = max(width, thin * moving_error(error, prediction, some))
    missing = missing_share(loss, width, error, prediction, some, unit)
    return loss.quantile, width, *curvature_factors(loss.quantile, missing**0.5)


def curvature_factors(quantile: float, haste: float) -> tuple[float, float]:
    """By what the majorizer's curvature is multiplied where predictions are too low, and where they are too high.

    It is (2 |g|)^haste, and at most 1: the rows of the heavier side come in as fast as they are.
    """
    return min(1.0, 2.0 * quantile) ** haste, min(1.0, 2.0 - 2.0 * quantile) ** haste


def missing_share(
    loss: Quantile,
    width: float,
    error: NDArray,
    f: NDArray,
    weight: NDArray | None,
    unit: NDArray | float,
) -> float:
    """Which share is missing of the spread that predictions should have.

    The Newton step u along the predictions themselves, f + u (f - mean f), says how much wider they should be spread.
    If a round adds the share r of what is missing, then after k rounds 1 + u = 1 / (1 - (1 - r)^k), and u / (1 + u) =
    (1 - r)^k is missing; nothing is where u is negative.

    Parameters
    ----------
    loss : Quantile
    width : float
        Of the kernel.
    error : ndarray of shape (n_samples,)
        In the unit of its row.
    f : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    unit : ndarray of shape (n_samples,) or float

    Returns
    -------
    float
        1 if the predictions are a constant, 0 if nothing is missing.
    """
    if not f.size or f.min() == f.max():
        return 1.0
    direction = f - np.average(f, weights=weight)
    parameters = (loss.quantile, width, *curvature_factors(loss.quantile, 1.0), 0.0)
    computation = Computation(boosted_pinball, (GRADIENT, MAJORIZER), parameters)
    rows = Rows(np.zeros_like(error), error)
    gradient, majorizer = evaluate(computation, rows, np.float64)
    share = 1.0 if weight is None else weight
    with np.errstate(all="ignore"):
        slope = -np.sum(share * gradient * direction)
        curvature = np.sum(share * (majorizer / unit) * direction**2)
        missing = slope / (slope + curvature)
    return float(missing) if 0.0 < missing <= 1.0 else 0.0  # NaN where both overflow
