"""Distributions of amounts and counts, of a mean and a dispersion."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.gamma import gamma
from boostloss.formulas.negative_binomial import negative_binomial_likelihood
from boostloss.formulas.shaped_intervals import gamma_interval, negative_binomial_interval
from boostloss.losses.distributions import Distribution
from boostloss.losses.intervals import WIDEST, middles, no_maximum
from boostloss.losses.likelihood import most_likely

# The logarithm of dispersion times mean where the variance is 1e-8 from Poisson's, and rounding costs as little.
POISSON = math.log(1e-8)
ROUNDING = 1e-28  # the square of the rounding errors of a constant's mean, over that
SMALLEST_DISPERSION = 1e-12  # to begin with, where targets scatter by less than a Poisson's


class Dispersion(Distribution):
    """A distribution of which the logarithms of the mean and of the dispersion are raw predictions."""

    outputs: ClassVar[tuple[str, ...]] = ("log_mean", "log_dispersion")
    spread: ClassVar[str | None] = "log_dispersion"
    in_double: ClassVar[bool] = True  # differences of digamma lose the digits of float32

    def _mean(self, log_mean, log_dispersion):
        return np.exp(log_mean)

    def _best_constant(self, y, weight):
        kept = slice(None) if weight is None else weight > 0.0
        given, w = y[kept].astype(np.float64), None if weight is None else weight[kept]
        target, known = given, np.ones(len(given), bool)
        if y.ndim == 2:
            lower, upper = given.T
            if self._have_no_maximum(lower, upper):
                raise no_maximum(self, given[0])
            target, known = middles(lower, upper)
        shares = None if w is None else w[known]
        mean = np.average(target, weights=shares)
        variation = np.average((target / (mean or 1.0) - 1.0) ** 2, weights=shares)
        if y.ndim == 1:
            self._check_scatter(mean, variation)
        dispersion = max(variation - (0.0 if self.positive else 1.0 / mean), SMALLEST_DISPERSION)
        start = np.array([math.log(mean), math.log(dispersion)])
        best = most_likely(self, given, w, start, np.ones(2))
        return best if y.ndim == 1 or best[1] < max(start[1], 0.0) + 2.0 * WIDEST else start

    def _check_scatter(self, mean: float, variation: float) -> None:
        """Refuse targets of which the likelihood has no maximum."""
        raise NotImplementedError

    def _have_no_maximum(self, lower: NDArray, upper: NDArray) -> bool:
        """Whether the likelihood of intervals has no maximum."""
        return bool(lower.max() <= upper.min())


@dataclass(frozen=True)
class GammaDistribution(Dispersion):
    """Gamma distribution: log Gamma(a) - a log(a y / mean) + a y / mean + log(y), a = 1 / dispersion, for amounts > 0.

    The variance is dispersion mean^2. Where it is one number for all rows, `Gamma` is the loss of the mean alone.

    References
    ----------
    McCullagh & Nelder, "Generalized Linear Models", 2nd edition 1989, chapter 8; Smyth, "Generalized Linear Models with
    Varying Dispersion", JRSS B 1989.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.GammaDistribution()
    >>> loss.fit_intercept([1.0, 2.0, 6.0]).round(4)  # logarithms of mean and dispersion
    array([ 1.0986, -0.6933])
    >>> loss.distribution([[0.0, 0.0]]).std()  # an exponential distribution
    array([1.])
    """

    formula = gamma
    interval_formula = staticmethod(gamma_interval)
    allowed = "> 0"
    positive: ClassVar[bool] = True

    def _check_scatter(self, mean, variation):
        if not variation > ROUNDING:
            raise ValueError(
                f"y_true must have targets that differ, for {self!r}: of a constant the likelihood grows without end "
                "as the dispersion goes to 0."
            )

    def _frozen(self, log_mean, log_dispersion):
        from scipy.stats import gamma

        return gamma(np.exp(-log_dispersion), scale=np.exp(log_mean + log_dispersion))


@dataclass(frozen=True)
class NegativeBinomialDistribution(Dispersion):
    """Negative binomial distribution: of counts >= 0 with variance mean + dispersion mean^2.

    Where counts scatter by less than their mean says, the dispersion goes to 0 and the distribution to Poisson's. With
    one number for all rows, `NegativeBinomial` is the loss of the mean alone.

    References
    ----------
    Hilbe, "Negative Binomial Regression", 2nd edition 2011, chapter 8; Rigby & Stasinopoulos, "Generalized Additive
    Models for Location, Scale and Shape", JRSS C 2005.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.NegativeBinomialDistribution()
    >>> loss.fit_intercept([0, 0, 1, 2, 9]).round(4)  # logarithms of mean and dispersion
    array([0.8755, 0.6774])
    >>> loss.distribution([[1.0, 0.0]]).pmf(0).round(4)  # the probability of none
    array([0.2689])
    """

    formula = negative_binomial_likelihood
    interval_formula = staticmethod(negative_binomial_interval)
    allowed = ">= 0"
    discrete: ClassVar[bool] = True
    steadied: ClassVar[tuple[str, ...]] = ("log_dispersion",)

    def is_wrong(self, y):
        return y < 0.0

    def _check_scatter(self, mean, variation):
        if not mean > 0.0:
            raise ValueError(f"y_true must have counts above 0, for {self!r}: all are 0.")

    def _have_no_maximum(self, lower, upper):
        return bool(lower.max() == 0.0 or upper.min() == np.inf)

    def _frozen(self, log_mean, log_dispersion):
        from scipy.stats import nbinom

        log_dispersion = np.maximum(log_dispersion, POISSON - log_mean)
        size = np.exp(-log_dispersion)
        return nbinom(size, 1.0 / (1.0 + np.exp(log_mean + log_dispersion)))
