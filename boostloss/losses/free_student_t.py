"""Student's t distribution of which trees predict the degrees of freedom, too."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boostloss.formulas.shaped_intervals import free_student_t_interval
from boostloss.formulas.student_t import free_student_t
from boostloss.losses.distributions import Distribution
from boostloss.losses.likelihood import check_scale, most_likely
from boostloss.losses.location_scale import StudentT

DF = 4.0  # to begin with
NORMAL = 10.0  # log(df), from where on the tails are those of a normal distribution


@dataclass(frozen=True)
class FreeStudentT(Distribution):
    """Student's t distribution: (df + 1) / 2 log(1 + z^2 / df) + log(s) + c(df), z = (y - m) / s, all predicted.

    Raw predictions are m, log(s) and log(df): rows may have tails of their own. Where all have one, `StudentT` has two
    parameters to learn. The prediction is the location, which is the mean where df > 1.

    References
    ----------
    Lange, Little & Taylor, "Robust Statistical Modeling Using the t Distribution", JASA 1989.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.FreeStudentT()
    >>> loss.distribution([[1.0, 0.0, 0.0]]).ppf(0.975).round(2)  # one degree of freedom: Cauchy's distribution
    array([13.71])
    """

    formula = free_student_t
    interval_formula = staticmethod(free_student_t_interval)
    center: ClassVar[str] = "location"
    outputs: ClassVar[tuple[str, ...]] = ("location", "log_scale", "log_df")
    in_double: ClassVar[bool] = True  # differences of digamma lose the digits of float32
    steadied: ClassVar[tuple[str, ...]] = ("log_df",)

    def _best_constant(self, y, weight):
        location, log_scale = StudentT(DF).fit_intercept(y, weight)
        start = np.array([location, log_scale, math.log(DF)])
        best = most_likely(self, y, weight, start, np.array([math.exp(log_scale), 1.0, 1.0]))
        if y.ndim == 1:  # an interval may be infinite
            check_scale(self, math.exp(best[1]), y if weight is None else y[weight > 0.0])
        best[2] = min(best[2], NORMAL)  # where the likelihood grows without end, however little
        return best

    def _mean(self, location, log_scale, log_df):
        return location

    def _frozen(self, location, log_scale, log_df):
        from scipy.stats import t

        return t(np.exp(log_df), location, np.exp(log_scale))
