"""Distributions whose parameters are raw predictions: a location, and the logarithm of a scale.

The loss is the negative log-likelihood. Its mathematics is in `formulas`.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.formulas.laplace import laplace
from boostloss.formulas.normal import log_normal, normal
from boostloss.formulas.student_t import student_t
from boostloss.kernels.outputs import fill_outputs
from boostloss.kernels.rows import LOSS, Rows
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.linked import Linked
from boostloss.losses.validation import as_column, as_matrix, check_number, check_weight

NORMAL_CURVATURE = 4.0  # of the scale, where it is right: that of the formulas
NO_SCALE = 1e-14  # of the largest target: the rounding errors of a constant one's mean
STEPS, TOLERANCE = 1000, 1e-12  # of the fixed-point iteration of a location and a scale


class Distribution(Linked):
    """A distribution of the target given the features, of which trees predict the location and the scale.

    Raw predictions have shape (n_samples, 2): the location, of the logarithm of the target if `of_logarithm`, and the
    logarithm of the scale. So have gradients and curvatures. The loss of a row is one number, and `inverse_link` gives
    the mean. The estimators of XGBoost and LightGBM have `predict_distribution`. Stop their training early: trees that
    have learned the noise of their rows make scales too small.
    """

    allowed = "a number"
    of_logarithm: ClassVar[bool] = False
    scale_curvature: float = NORMAL_CURVATURE

    @property
    def n_outputs(self) -> int:
        return 2

    def distribution(self, raw_prediction: ArrayLike) -> Any:
        """The distributions that raw predictions describe; needs scipy, which comes with scikit-learn.

        Parameters
        ----------
        raw_prediction : array-like of shape (n_samples, 2)

        Returns
        -------
        scipy.stats distribution with fixed parameters
            Its ``mean()``, ``std()``, ``interval(0.9)``, ``rvs()``, and ``pdf``, ``cdf`` or ``ppf`` of a number for
            each row have shape (n_samples,). Of several quantiles, ``ppf([[0.1], [0.9]])`` has a row for each.
        """
        raw = as_matrix(raw_prediction, "raw_prediction", 2).astype(np.float64)
        with np.errstate(over="ignore"):
            return self._frozen(raw[:, 0], np.exp(raw[:, 1]))

    def _frozen(self, location: NDArray, scale: NDArray) -> Any:
        raise NotImplementedError

    def raw_target(self, y: NDArray) -> NDArray:
        """The target on the scale of the location."""
        return np.log(y) if self.of_logarithm else y

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        return np.zeros(len(y), bool)

    def fit_intercept(  # type: ignore[override]
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """The constant raw predictions of least weighted loss: the parameters of maximum likelihood.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        ndarray of shape (2,)

        Raises
        ------
        ValueError
            As that of other losses, and if the likelihood has no maximum, since too many targets are the same.
        """
        return super().fit_intercept(y_true, sample_weight)  # type: ignore[return-value]

    def _best_constant(self, y: NDArray, weight: NDArray | None) -> Any:
        kept = slice(None) if weight is None else weight > 0.0
        raw = self.raw_target(y[kept].astype(np.float64))
        w = np.ones(len(raw)) if weight is None else weight[kept].astype(np.float64)
        location, scale = self._most_likely(raw, w / w.sum())
        if not scale > NO_SCALE * np.abs(raw).max():
            raise ValueError(
                f"y_true must have targets that differ, for {self!r}: of a constant, or where most are the same, the "
                "likelihood grows without end as the scale goes to 0."
            )
        return np.array([location, math.log(scale)])

    def _most_likely(self, y: NDArray, share: NDArray) -> tuple[float, float]:
        """The location and the scale of maximum likelihood, of weights that add up to 1."""
        location = float(share @ y)
        return location, math.sqrt(share @ (y - location) ** 2)

    def inverse_link(self, raw_prediction: ArrayLike) -> NDArray[np.floating]:
        """The mean of the distribution of each row."""
        raw = as_matrix(raw_prediction, "raw_prediction", 2)
        with np.errstate(over="ignore"):
            mean = self._mean(raw[:, 0].astype(np.float64), raw[:, 1].astype(np.float64))
        return np.asarray(mean, np.result_type(raw, np.float32))

    def _mean(self, location: NDArray, log_scale: NDArray) -> NDArray:
        return location

    def curvature_output(self, curvature: str | None = None) -> int:
        if curvature == "exact":
            raise ValueError(
                f"curvature must be None or 'majorizer' for {self!r}, got {curvature!r}."
            )
        return super().curvature_output(curvature)

    def _computed(
        self,
        outputs: tuple[int, ...],
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None,
        dtype: DTypeLike | None = None,
    ) -> list[NDArray[np.floating]]:
        y, f = as_column(y_true, "y_true"), as_matrix(raw_prediction, "raw_prediction", 2)
        if len(y) != len(f):
            raise ValueError(f"y_true has {len(y)} rows, raw_prediction has {len(f)}.")
        self._check_range(y)
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        shape = len(y) if outputs == (LOSS,) else (2, len(y))
        results = [np.empty(shape, dtype or np.result_type(y, f)) for _ in outputs]
        rows = Rows(y, np.ascontiguousarray(f.T), weight)
        fill_outputs(results, self.formula, self.parameters, rows)
        return [result.T for result in results]


@dataclass(frozen=True)
class Normal(Distribution):
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

    formula = normal

    def _frozen(self, location, scale):
        from scipy.stats import norm

        return norm(location, scale)


@dataclass(frozen=True)
class LogNormal(Distribution):
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

    formula = log_normal
    allowed = "> 0"
    of_logarithm: ClassVar[bool] = True

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        return y <= 0.0

    def _mean(self, location, log_scale):
        return np.exp(location + 0.5 * np.exp(2.0 * log_scale))

    def _frozen(self, location, scale):
        from scipy.stats import lognorm

        return lognorm(s=scale, scale=np.exp(location))


@dataclass(frozen=True)
class Laplace(Distribution):
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

    formula = laplace
    scale_curvature: ClassVar[float] = 2.0  # type: ignore[misc]

    def _most_likely(self, y, share):
        location = weighted_quantile(y, share, 0.5)
        return location, float(share @ np.abs(y - location))

    def _frozen(self, location, scale):
        from scipy.stats import laplace as distribution

        return distribution(location, scale)


@dataclass(frozen=True)
class StudentT(Distribution):
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

    formula = student_t
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

    def _frozen(self, location, scale):
        from scipy.stats import t

        return t(self.df, location, scale)


DISTRIBUTIONS: tuple[type[Distribution], ...] = (Normal, LogNormal, Laplace, StudentT)
