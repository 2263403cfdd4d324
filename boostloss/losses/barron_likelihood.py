"""Barron's distribution, of which trees predict the center and the scale."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from boostloss.formulas import barron
from boostloss.formulas.intervals import either_side, of_interval
from boostloss.formulas.log_partition import log_partition
from boostloss.formulas.tails import barron_tail
from boostloss.losses.distributions import LocationScale
from boostloss.losses.intervals import FARTHEST
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
    interval_formula = staticmethod(
        of_interval(
            barron.barron_likelihood,
            either_side(barron_tail),
            *(barron.log_pdf, FARTHEST, barron.curvatures),
        )
    )
    center: ClassVar[str] = "center"
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
        from boostloss.losses.barron_errors import BarronErrors

        return BarronErrors(self.alpha, location, np.exp(log_scale))


@lru_cache
def information_of_scale(alpha: float) -> float:
    """The Fisher information of the logarithm of the scale: the mean square of error times gradient, less 1."""
    from scipy.integrate import quad

    from boostloss.distribution import BarronDistribution

    standard = BarronDistribution(alpha)

    def part(q: float) -> float:
        x = standard.ppf(q)
        return float((x * barron.barron(0.0, x, alpha, 1.0)[1]) ** 2)

    return 2.0 * quad(part, 0.0, 0.5, limit=200)[0] - 1.0
