"""Distributions of amounts and counts, of a mean and a dispersion."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boostloss.formulas.gamma import gamma
from boostloss.formulas.negative_binomial import negative_binomial_likelihood
from boostloss.losses.distributions import Distribution
from boostloss.losses.likelihood import most_likely

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
        mean = np.average(given, weights=w)
        variation = np.average((given / (mean or 1.0) - 1.0) ** 2, weights=w)
        self._check_scatter(mean, variation)
        dispersion = max(variation - (0.0 if self.positive else 1.0 / mean), SMALLEST_DISPERSION)
        start = np.array([math.log(mean), math.log(dispersion)])
        return most_likely(self, given, w, start, np.ones(2))

    def _check_scatter(self, mean: float, variation: float) -> None:
        """Refuse targets of which the likelihood has no maximum."""
        raise NotImplementedError


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
    allowed = ">= 0"
    discrete: ClassVar[bool] = True
    steadied: ClassVar[tuple[str, ...]] = ("log_dispersion",)

    def is_wrong(self, y):
        return y < 0.0

    def _check_scatter(self, mean, variation):
        if not mean > 0.0:
            raise ValueError(f"y_true must have counts above 0, for {self!r}: all are 0.")

    def _frozen(self, log_mean, log_dispersion):
        from scipy.stats import nbinom

        size = np.exp(-log_dispersion)
        return nbinom(size, 1.0 / (1.0 + np.exp(log_mean + log_dispersion)))
