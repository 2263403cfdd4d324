"""Barron's distributions around many centers, as scipy.stats has those of others."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad

from boostloss.distribution import BarronDistribution

FAR_TAILS = 0.001  # of this alpha the standard deviation is 1e48


class BarronErrors:
    """Barron's distributions of one shape around many centers; methods are named as in scipy.stats.

    Parameters
    ----------
    alpha : float
    location, scale : ndarray of shape (n,)
    """

    def __init__(self, alpha: float, location: NDArray, scale: NDArray):
        self.standard, self.location, self.scale = BarronDistribution(alpha), location, scale

    def _standardised(self, x: ArrayLike) -> NDArray[np.float64]:
        return (np.asarray(x, np.float64) - self.location) / self.scale

    def logpdf(self, x: ArrayLike) -> NDArray[np.float64]:
        return self.standard.logpdf(self._standardised(x)) - np.log(self.scale)

    def pdf(self, x: ArrayLike) -> NDArray[np.float64]:
        return np.exp(self.logpdf(x))

    def cdf(self, x: ArrayLike) -> NDArray[np.float64]:
        return self.standard.cdf(self._standardised(x))

    def sf(self, x: ArrayLike) -> NDArray[np.float64]:
        return self.standard.cdf(-self._standardised(x))

    def ppf(self, q: ArrayLike) -> NDArray[np.float64]:
        return self.location + self.scale * self.standard.ppf(q)

    def isf(self, q: ArrayLike) -> NDArray[np.float64]:
        return self.location - self.scale * self.standard.ppf(q)

    def interval(self, confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        half = self.scale * self.standard.ppf(0.5 + 0.5 * confidence)
        return self.location - half, self.location + half

    def median(self) -> NDArray[np.float64]:
        return self.location

    def mean(self) -> NDArray[np.float64]:
        """The center, which for alpha = 0 is no mean: Cauchy's distribution has none."""
        return self.location

    def std(self) -> NDArray[np.float64]:
        return self.scale * standard_deviation(self.standard.alpha)

    def var(self) -> NDArray[np.float64]:
        return self.std() ** 2

    def rvs(
        self, size: Any = None, random_state: int | np.random.Generator | None = None
    ) -> NDArray[np.float64]:
        """Random targets: one for each row, or of a size whose last number is that of the rows."""
        shape = self.location.shape if size is None else size
        return self.location + self.scale * self.standard.rvs(shape, random_state)


@lru_cache
def standard_deviation(alpha: float) -> float:
    """Of Barron's distribution with scale 1; infinite for alpha = 0, and given as infinite where it is beyond 1e48."""
    if alpha < FAR_TAILS:
        return float("inf")
    standard = BarronDistribution(alpha)

    @np.errstate(over="ignore")
    def square(v: float) -> float:
        x = np.sinh(v)  # tails of small alpha reach far
        log_of_x_and_slope = 2.0 * np.log(-np.expm1(-2.0 * v)) + np.log1p(np.exp(-2.0 * v))
        return float(np.exp(standard.logpdf(x) + log_of_x_and_slope + 3.0 * (v - np.log(2.0))))

    # Where alpha is small, v^3 exp(-loss) is largest at 3 = (2 - alpha) exp(alpha v).
    peak = np.log(3.0 / (2.0 - alpha)) / alpha if alpha < 1.0 else 1.0
    parts = (quad(square, *ends, limit=500)[0] for ends in ((0.0, peak), (peak, np.inf)))
    return float(np.sqrt(2.0 * sum(parts)))
