"""The distributions of a location and a scale."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boostloss.formulas import laplace, log_logistic, normal, student_t, weibull
from boostloss.formulas.intervals import LOGARITHMIC, either_side, of_interval, shapeless
from boostloss.formulas.tails import student_tail
from boostloss.losses.distributions import LocationScale
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.intervals import FARTHEST
from boostloss.losses.likelihood import NO_SCALE, likeliest
from boostloss.losses.validation import check_number

STEPS, TOLERANCE = 1000, 1e-12  # of the fixed-point iteration of a location and a scale


@dataclass(frozen=True)
class Normal(LocationScale):
    """Normal distribution: ((y - mean) / s)^2 / 2 + log(s) + log(2 pi) / 2, s = exp(second raw prediction).

    References
    ----------
    Duan et al., "NGBoost: Natural Gradient Boosting for Probabilistic Prediction", ICML 2020; for the curvature of the
    scale `formulas.normal`.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Normal()
    >>> loss.fit_intercept([1.0, 2.0, 3.0]).round(4)  # the mean, and the logarithm of the standard deviation
    array([ 2.    , -0.2027])
    >>> loss.distribution([[2.0, 0.0], [5.0, 1.0]]).interval(0.9)[1].round(2)  # upper ends
    array([3.64, 9.47])
    """

    formula = normal.normal
    interval_formula = staticmethod(
        of_interval(
            normal.normal, shapeless(normal.log_tail), normal.log_pdf, FARTHEST, normal.curvatures
        )
    )

    def _frozen(self, location, log_scale):
        from scipy.stats import norm

        return norm(location, np.exp(log_scale))


@dataclass(frozen=True)
class LogNormal(LocationScale):
    """Log-normal distribution: ((log y - m) / s)^2 / 2 + log(s y) + log(2 pi) / 2, s = exp(second raw prediction).

    It is that of a target > 0 whose logarithm is normal. The prediction is the mean, exp(m + s^2 / 2), which grows fast
    with s: where few rows tell the scale, quantiles of `distribution` are steadier.

    References
    ----------
    Crow & Shimizu, "Lognormal Distributions: Theory and Applications", 1988.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.LogNormal().inverse_link([[0.0, 0.0]]).round(4)
    array([1.6487])
    >>> float(bl.LogNormal().distribution([[0.0, 0.0]]).median()[0])
    1.0
    """

    formula = normal.log_normal
    interval_formula = staticmethod(
        of_interval(
            normal.log_normal,
            shapeless(normal.log_tail),
            normal.log_pdf,
            *(FARTHEST, normal.curvatures, LOGARITHMIC),
        )
    )
    allowed = "> 0"
    positive: ClassVar[bool] = True

    def _mean(self, location, log_scale):
        return np.exp(location + 0.5 * np.exp(2.0 * log_scale))

    def _frozen(self, location, log_scale):
        from scipy.stats import lognorm

        return lognorm(s=np.exp(log_scale), scale=np.exp(location))


@dataclass(frozen=True)
class Laplace(LocationScale):
    """Laplace distribution: \\|y - median\\| / b + log(2 b), b = exp(second raw prediction).

    References
    ----------
    Kotz, Kozubowski & Podgorski, "The Laplace Distribution and Generalizations", 2001.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Laplace().fit_intercept([0.0, 1.0, 5.0]).round(4)  # the median, and the logarithm of the mean deviation
    array([1.    , 0.5108])
    """

    formula = laplace.laplace
    interval_formula = staticmethod(
        of_interval(
            laplace.laplace, shapeless(laplace.log_tail), laplace.log_pdf, 1e100, laplace.curvatures
        )
    )
    scale_curvature: ClassVar[float] = 2.0  # type: ignore[misc]

    def _most_likely(self, y, share):
        location = weighted_quantile(y, share, 0.5)
        return location, float(share @ np.abs(y - location))

    def _frozen(self, location, log_scale):
        from scipy.stats import laplace as distribution

        return distribution(location, np.exp(log_scale))


@dataclass(frozen=True)
class StudentT(LocationScale):
    """Student's t distribution: (df + 1) / 2 log(1 + ((y - m) / s)^2 / df) + log(s) and a constant, of heavy tails.

    Rows far from the location pull it, and the scale, the less the farther they are. The scale s is not the standard
    deviation, which is s sqrt(df / (df - 2)).

    Parameters
    ----------
    df : float, default 4.0
        Degrees of freedom, above 1, so that there is a mean; the tail is that of a normal distribution in the limit.

    Raises
    ------
    TypeError, ValueError
        If it is not such a number.

    References
    ----------
    Lange, Little & Taylor, "Robust Statistical Modeling Using the t Distribution", JASA 1989.

    Examples
    --------
    >>> import boostloss as bl
    >>> y = [-1.0, 0.0, 1.0, 2.0, 100.0]
    >>> bl.StudentT(3.0).fit_intercept(y).round(2)
    array([0.55, 0.89])
    >>> bl.Normal().fit_intercept(y).round(2)
    array([20.4 ,  3.68])
    """

    formula = student_t.student_t
    interval_formula = staticmethod(
        of_interval(
            student_t.student_t,
            either_side(student_tail),
            *(student_t.log_pdf, 1e100, student_t.curvatures),
        )
    )
    df: float = 4.0

    def __post_init__(self) -> None:
        check_number(self, "df", "a finite number > 1", lambda x: 1.0 < x < math.inf)

    @property
    def parameters(self) -> tuple[float, ...]:
        constant = math.lgamma(0.5 * self.df) - math.lgamma(0.5 * self.df + 0.5)
        return self.df, constant + 0.5 * math.log(math.pi * self.df)

    @property
    def scale_curvature(self) -> float:  # type: ignore[override]
        return 2.0 + 2.0 * self.df / (self.df + 3.0)

    def _most_likely(self, y, share):
        """By the iteration of the paper, which raises the likelihood in every step.

        At its maximum the weights add up to 1: to divide by their sum quickens it (Kent, Tyler & Vardi, "A Curious
        Likelihood Identity for the Multivariate T-Distribution", 1994).
        """
        location = weighted_quantile(y, share, 0.5)
        scale = weighted_quantile(np.abs(y - location), share, 0.5) or math.sqrt(
            share @ (y - location) ** 2
        )
        for _ in range(STEPS):
            if scale <= NO_SCALE * np.abs(y).max():
                break
            square = ((y - location) / scale) ** 2
            weight = share * (self.df + 1.0) / (self.df + square)
            before = location, scale
            location = float(weight @ y / weight.sum())
            scale = math.sqrt(weight @ (y - location) ** 2 / weight.sum())
            moved = abs(location - before[0]) + abs(scale - before[1])
            if moved <= TOLERANCE * scale:
                break
        return location, scale

    def _frozen(self, location, log_scale):
        from scipy.stats import t

        return t(self.df, location, np.exp(log_scale))


@dataclass(frozen=True)
class LogLogistic(LocationScale):
    """Log-logistic distribution: z + 2 log(1 + exp(-z)) + log(s y), z = (log y - m) / s, m and log s raw predictions.

    It is that of a target > 0 whose logarithm has a logistic distribution, of heavier tails than `LogNormal`. The
    prediction is the median, exp(m): where s >= 1 the mean is infinite.

    References
    ----------
    Kalbfleisch & Prentice, "The Statistical Analysis of Failure Time Data", 2nd edition, 2002, section 2.2.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.LogLogistic()
    >>> loss.inverse_link([[1.0, -1.0]]).round(4)
    array([2.7183])
    >>> loss.loss([[2.0, 2.0], [2.0, float("inf")]], [[1.0, -1.0], [1.0, -1.0]]).round(4)  # the second is censored
    array([1.2486, 0.3606])
    """

    formula = log_logistic.log_logistic
    interval_formula = staticmethod(
        of_interval(
            log_logistic.log_logistic,
            shapeless(log_logistic.log_tail),
            log_logistic.log_pdf,
            *(1e100, log_logistic.curvatures, LOGARITHMIC),
        )
    )
    center: ClassVar[str] = "median"
    allowed = "> 0"
    positive: ClassVar[bool] = True
    scale_curvature: ClassVar[float] = 2.0 + log_logistic.FISHER  # type: ignore[misc]

    def _most_likely(self, y, share):
        return likeliest(self, y, share)

    def _mean(self, location, log_scale):
        return np.exp(location)

    def _frozen(self, location, log_scale):
        from scipy.stats import fisk

        return fisk(np.exp(-log_scale), scale=np.exp(location))


@dataclass(frozen=True)
class Weibull(LocationScale):
    """Weibull distribution: exp(z) - z + log(s y), z = (log y - m) / s, s = exp(second raw prediction).

    The scale is exp(m), which 63 % of the targets do not exceed, and the shape 1 / s: failures become more frequent
    with age where s < 1. The prediction is the mean, exp(m) Gamma(1 + s).

    References
    ----------
    Kalbfleisch & Prentice, "The Statistical Analysis of Failure Time Data", 2nd edition, 2002, section 2.2.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Weibull()
    >>> loss.inverse_link([[0.0, 0.0]])  # an exponential distribution
    array([1.])
    >>> loss.fit_intercept([[1.0, 1.0], [2.0, 2.0], [3.0, float("inf")]]).round(4)  # the third is above 3
    array([ 0.9794, -0.6121])
    """

    formula = weibull.weibull
    interval_formula = staticmethod(
        of_interval(  # exp(700) is near the largest number
            weibull.weibull,
            shapeless(weibull.log_tail),
            weibull.log_pdf,
            *(700.0, weibull.curvatures, LOGARITHMIC, weibull.bend),
        )
    )
    allowed = "> 0"
    positive: ClassVar[bool] = True
    scale_curvature: ClassVar[float] = 1.0 + 2.0 * weibull.FISHER  # type: ignore[misc]

    def _most_likely(self, y, share):
        return likeliest(self, y, share)

    def _mean(self, location, log_scale):
        from scipy.special import gammaln

        return np.exp(location + gammaln(1.0 + np.exp(log_scale)))

    def _frozen(self, location, log_scale):
        from scipy.stats import weibull_min

        return weibull_min(np.exp(-log_scale), scale=np.exp(location))
