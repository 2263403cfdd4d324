"""How a quantile comes in from the constant with which boosting starts.

A row beyond the kernel has a gradient g of size quantile or 1 - quantile, wherever it is. A quadratic with this
gradient and curvature h has its minimum g / h away:

- With Hunter & Lange's h = 1 / (2 |error|), the majorizer's, that is the error times 2 |g|. Every step goes downhill,
  but where all rows of a leaf are on the side with |g| = 0.1 they come in by a fifth of their error at most.
- With h = |g| / |error| it is the error itself: no row oversteps its target, and a leaf of such rows moves by the
  harmonic mean of their errors. In a leaf with rows on both sides those of this side count next to nothing in the
  curvature then, steps are longer, and trees fit the noise sooner.

The second is right while predictions are far from where they belong, and the first once they are there. Between both
lies h = (2 |g|)^r / (2 |error|), their weighted geometric mean.

Far rows say on which side they are, whatever their distance, so that leaves with rows on both sides learn slowly what
squared error learns at once. A share r^2 of gradient and curvature is therefore that of least squares, of the distance
to y + d, where d is the distance from the middle of the noise to its quantile. The errors that would be left if all
predictions were moved away from their mean, by the factor that fits best, stand for the noise. Errors beyond the 0.9
quantile of their sizes count for less, as in Huber's M-estimate (Huber, "Robust Estimation of a Location Parameter",
Annals of Mathematical Statistics 1964).

How far predictions are is to be seen from themselves. Boosting starts from a constant, so that they are too close
together at first. How much they are is told by the smaller of two correlations, which is r:

- that of the predictions with what is left of the targets. Its square is the share of that variance which predictions
  further apart would take away. It is small where little can be learned, or where labels are wrong, which least
  squares would follow.
- that of the predictions with the side of them on which a target lies, once they are shifted so that as many are below
  as should be. It is 0 where every prediction is the quantile of its row, whatever the noise of the row, which the
  other is not where noise grows with the target. Between normal variables with a correlation r it is
  r phi(z) / sqrt(quantile (1 - quantile)), with z the quantile of the standard normal distribution and phi its density,
  and so it is divided by that.

Both fall to 0 as predictions come to where they belong, sooner or later as the learning rate is.
`benchmarks/quantile_start.py` compares r^2 with constants.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.moving import moving_error
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.quantiles import Quantile
from boostloss.losses.smoothing import half_width, sample

# The quantile of the errors' sizes up to which least squares count an error in full: 1.64 standard deviations of normal
# errors, at which Huber's estimate has 0.97 of the efficiency of the mean.
REACH = 0.9


class LeastSquares(NamedTuple):
    """The part of least squares in a step.

    Attributes
    ----------
    share : float
        r^2.
    middle : float
        Of the errors.
    reach : float
        How far from the middle an error counts in full.
    aim : float
        d, the error that a step aims at.
    """

    share: float
    middle: float
    reach: float
    aim: float


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
        Level, half-width of the kernel, factors of the curvature below and above, and those of `LeastSquares`.
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
    if len(prediction) and prediction.min() < prediction.max():
        squares = least_squares(error, prediction, some, loss.quantile, width)
        r = squares.share**0.5
    else:
        # All is missing of a constant. Nothing tells yet whether labels are wrong: no least squares in this round.
        squares, r = LeastSquares(0.0, 0.0, width, 0.0), 1.0
    return loss.quantile, width, *curvature_factors(loss.quantile, r), *squares


def curvature_factors(quantile: float, r: float) -> tuple[float, float]:
    """By what the majorizer's curvature is multiplied where predictions are too low, and where they are too high.

    It is (2 |g|)^r, and at most 1: the rows of the heavier side come in as fast as they are.
    """
    return min(1.0, 2.0 * quantile) ** r, min(1.0, 2.0 - 2.0 * quantile) ** r


def least_squares(
    error: NDArray, f: NDArray, weight: NDArray | None, quantile: float, width: float
) -> LeastSquares:
    """What least squares have in a step.

    Parameters
    ----------
    error, f : ndarray of shape (n_samples,), of float64
        Raw predictions less targets, and raw predictions, which are not all the same.
    weight : ndarray of shape (n_samples,) or None
    quantile : float
    width : float
        Of the kernel.

    Returns
    -------
    LeastSquares
        With a share of 0 where predictions further apart would not have smaller errors.
    """
    middle = weighted_quantile(error, weight, 0.5)
    reach = max(weighted_quantile(np.abs(error - middle), weight, REACH), width)
    rest = np.clip((middle - error) / reach, -1.0, 1.0)
    step = np.average(rest, weights=weight)  # one, from the median to Huber's location
    middle -= reach * step
    rest -= step
    direction = f - np.average(f, weights=weight)
    direction /= np.abs(direction).max()
    weighted = direction if weight is None else weight * direction
    squares = np.sum(weighted * direction)

    def correlation(x: NDArray) -> float:
        of_x = np.sum(x**2 if weight is None else weight * x**2)
        return float(np.sum(weighted * x) / np.sqrt(squares * of_x))

    below = error < -weighted_quantile(-error, weight, quantile)
    side = np.where(below, quantile, quantile - 1.0)
    correlations = correlation(rest), correlation(side) / side_correlation(quantile)
    noise = reach * np.sum(weighted * rest) / squares * direction + error
    aim = middle + weighted_quantile(-noise, weight, quantile)
    found = LeastSquares(min(*correlations, 1.0) ** 2, middle, reach, aim)
    # Of what overflows they are NaN.
    known = min(correlations) > 0.0 and np.isfinite((*correlations, *found)).all()
    return found if known else LeastSquares(0.0, 0.0, width, 0.0)


def side_correlation(quantile: float) -> float:
    """That of a standard normal variable with the side of its quantile on which it lies."""
    normal = NormalDist()
    return normal.pdf(normal.inv_cdf(quantile)) / math.sqrt(quantile * (1.0 - quantile))
