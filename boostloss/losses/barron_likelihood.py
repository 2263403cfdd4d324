"""Barron's distribution, of which trees predict the center and the scale."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.distribution import BarronDistribution
from boostloss.formulas import barron
from boostloss.formulas.log_partition import log_partition
from boostloss.losses.distributions import LocationScale
from boostloss.losses.likelihood import likeliest
from boostloss.losses.validation import check_number


@dataclass(frozen=True)
class BarronLikelihood(LocationScale):
    """Barron's distribution: rho((y - m) / s, alpha) + log(s) + log Z(alpha), rho the general robust loss.

    Its tail is Cauchy's at alpha = 0, hyperbolic at 1 and a normal distribution's at 2. The prediction is the center.

    Parameters
    ----------
    alpha : float, default 1.0
        Shape, from 0 to 2.

    Raises
    ------
    TypeError, ValueError
        If alpha is not such a number.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, section 2.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.BarronLikelihood(1.0).fit_intercept([-1.0, 0.0, 1.0, 2.0, 100.0]).round(2)
    array([5.46, 2.97])
    """

    formula = barron.barron_likelihood
    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "alpha", "a number from 0 to 2", lambda x: 0.0 <= x <= 2.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.alpha, float(log_partition(self.alpha)[0]), information_of_scale(self.alpha)

    @property
    def scale_curvature(self) -> float:  # type: ignore[override]
        return 2.0 + information_of_scale(self.alpha)

    def _most_likely(self, y, share):
        return likeliest(self, y, share)

    def _frozen(self, location, log_scale):
        return BarronErrors(self.alpha, location, np.exp(log_scale))


@lru_cache
def information_of_scale(alpha: float) -> float:
    """The Fisher information of the logarithm of the scale: the mean square of error times gradient, less 1."""
    from scipy.integrate import quad

    standard = BarronDistribution(alpha)

    def part(q: float) -> float:
        x = standard.ppf(q)
        return float((x * barron.barron(0.0, x, alpha, 1.0)[1]) ** 2)

    return 2.0 * quad(part, 0.0, 0.5, limit=200)[0] - 1.0


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
    """Of Barron's distribution with scale 1; infinite for alpha = 0."""
    from scipy.integrate import quad

    if alpha == 0.0:
        return float("inf")
    standard = BarronDistribution(alpha)
    # x = sinh(v): tails of small alpha reach far.
    square = quad(
        lambda v: np.sinh(v) ** 2 * np.exp(standard.logpdf(np.sinh(v))) * np.cosh(v),
        0.0,
        np.inf,
        limit=500,
    )[0]
    return float(np.sqrt(2.0 * square))
