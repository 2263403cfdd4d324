"""The size of residuals, and the shape of their distribution, as robust losses need them."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from boostloss.distribution import SHAPES, BarronDistribution
from boostloss.formulas.barron import barron
from boostloss.kernels.rows import LOSS, Computation, Rows, fill
from boostloss.losses.intercept import weighted_quantile

NORMAL_MAD = 0.6744897501960817  # median |x| of a standard normal variable
NORMAL_ROOT = 0.8221789586623885  # mean sqrt(|x|) of one: 2^(1/4) Gamma(3/4) / sqrt(pi)
ROUNDING = 1e-12  # of a best constant, beside the mean error: a search for it ends near 0
# Twice the drop of a log-likelihood has a chi-squared distribution of one degree of freedom (Wilks 1938), of which 95 %
# lie below 3.84.
PLAUSIBLE_DROP = 1.92


def robust_shape(error: NDArray, weight: NDArray | None, spread: float) -> float:
    """The smallest, most robust, alpha in [0, 2] that is plausible for these residuals.

    Plausible is what a likelihood-ratio test at the level of 5 % does not reject, where each shape has the scale that
    gives its distribution the median of the residuals. A larger alpha than the likeliest is a catastrophe where labels
    are wrong, a smaller one costs next to nothing where they are right.
    """
    share = np.ones(len(error)) if weight is None else weight.astype(np.float64)
    share /= share.sum()  # squares of tiny weights would underflow
    size, target = np.abs(error), np.zeros_like(error)
    log_z, medians = _shapes()
    scales = spread * NORMAL_MAD / medians
    losses = np.empty((len(SHAPES), len(size)))
    for row, *parameters in zip(losses, SHAPES.tolist(), scales.tolist(), strict=True):
        computation = Computation(barron, (LOSS,), tuple(parameters))
        fill([row], computation, Rows(target, size, share))
    mean_losses = losses.sum(axis=1) + np.log(scales) + log_z
    rows = 1.0 / (share @ share)  # as many of equal weight
    with np.errstate(all="ignore"):  # of errors beyond all numbers: the most robust shape
        excess = rows * (mean_losses - mean_losses.min())
    return float(SHAPES[np.argmax(excess <= PLAUSIBLE_DROP)])


@lru_cache(maxsize=1)
def _shapes() -> tuple[NDArray, NDArray]:
    """log Z and the median of |x| for every shape, at a scale of 1."""
    distributions = [BarronDistribution(alpha) for alpha in SHAPES]
    log_z = [-each.logpdf(0.0) for each in distributions]
    return np.array(log_z), np.array([each.ppf(0.75) for each in distributions])


@np.errstate(over="ignore")  # infinite where the largest numbers have no mean
def typical_size(error: NDArray, weight: NDArray | None = None) -> float:
    """The median size of the residuals; where more than half are 0, up to rounding, the mean size."""
    size = np.abs(error)
    median = weighted_quantile(size, weight, 0.5)
    mean = float(np.average(size, weights=weight))
    is_zero = median == 0.0 or median <= ROUNDING * mean < np.inf
    return mean if is_zero else median


def robust_scale(error: NDArray, weight: NDArray | None = None) -> float:
    """The standard deviation of normal residuals of the same `typical_size`; 0 only where all are 0."""
    return typical_size(error, weight) / NORMAL_MAD


def broad_scale(error: NDArray, weight: NDArray | None = None) -> float:
    """The standard deviation of normal residuals whose sizes have the same mean square root; 0 where all are 0.

    It sees a minority of far residuals, which the median does not, and is finite where their mean is not.
    """
    root = float(np.average(np.sqrt(np.abs(error)), weights=weight) / NORMAL_ROOT)
    return root * root


def spread_at(error: NDArray, weight: NDArray | None, temperature: float) -> float:
    """The standard deviation that counts far residuals the more, the higher the temperature is."""
    spread = robust_scale(error, weight) or 1.0
    return spread * max(broad_scale(error, weight) / spread, 1.0) ** min(temperature, 1.0)
