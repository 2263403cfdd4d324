"""The losses of the error ``raw_prediction - y_true``; their mathematics is in `formulas`."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.asymmetric_squares import asymmetric_squares
from boostloss.formulas.huber import huber
from boostloss.formulas.log_cosh import log_cosh
from boostloss.formulas.pinball import pinball
from boostloss.formulas.squared_error import squared_error
from boostloss.kernels.rows import MAJORIZER, Computation, evaluate
from boostloss.losses.adaptive import ADAPTIVE, FAR_ERROR, KEPT_WEIGHT, Adaptable
from boostloss.losses.base import Curvature, Loss, Task
from boostloss.losses.columns import Levelled
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.scale import robust_scale
from boostloss.losses.smoothing import half_width, sample
from boostloss.losses.validation import SCALE, allowed_scale, check_number

LEVEL = "a number in (0, 1), or at least two that increase"


class Location(Loss):
    """A loss of the error ``raw_prediction - y_true``."""

    task: ClassVar[Task] = "regression"


@dataclass(frozen=True)
class SquaredError(Location):
    """Squared error: error^2 / 2. Its best constant is the mean.

    References
    ----------
    Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes", 1805.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.SquaredError().loss([1.0, 2.0], [1.5, 0.0])
    array([0.125, 2.   ])
    >>> bl.SquaredError().fit_intercept([1.0, 2.0, 6.0])
    3.0
    """

    formula = squared_error

    def _best_constant(self, y, weight):
        return float(np.average(y.astype(np.float64, copy=False), weights=weight))


@dataclass(frozen=True)
class Huber(Adaptable):
    """Huber's loss: error^2 / 2 while |error| <= delta, delta (|error| - delta/2) beyond.

    Parameters
    ----------
    delta : float or "adaptive", default "adaptive"
        Where squared error ends and absolute error begins, in the unit of the target, from 1e-150 to 1e150; or what
        suits the residuals, round by round.

    Raises
    ------
    TypeError, ValueError
        If delta is not such a number.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 1964.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Huber(delta=2.0)
    >>> loss.loss([0.0, 0.0], [1.0, 5.0])
    array([0.5, 8. ])
    >>> loss.gradient_hessian([0.0, 0.0], [1.0, 5.0], curvature="exact")
    (array([1., 2.]), array([1., 0.]))
    >>> loss.gradient_hessian([0.0, 0.0], [1.0, 5.0])  # whose curvature boosts
    (array([1., 2.]), array([1. , 0.4]))
    >>> bl.Huber().fitted([0.3, -0.1, 0.2, -40.0])  # which boosting does in every round
    Huber(delta=0.202...)
    """

    delta: float | Literal["adaptive"] = ADAPTIVE
    formula = huber

    def __post_init__(self) -> None:
        self._check("delta", *SCALE)

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        return {"delta": absolute_from(error, weight)}


@dataclass(frozen=True)
class LogCosh(Adaptable):
    """Log-cosh: scale^2 log cosh(error / scale), a Huber loss with all derivatives.

    Parameters
    ----------
    scale : float or "adaptive", default "adaptive"
        Errors well below it count squared, errors well above it absolute, from 1e-150 to 1e150; or what suits the
        residuals, round by round.

    Raises
    ------
    TypeError, ValueError
        If the scale is not such a number.

    References
    ----------
    Green, "Bayesian Reconstructions From Emission Tomography Data Using a Modified EM Algorithm", IEEE Transactions on
    Medical Imaging 1990.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.LogCosh(scale=0.5).loss([0.0, 0.0], [0.1, 10.0]).round(4)
    array([0.005 , 4.8267])
    """

    scale: float | Literal["adaptive"] = ADAPTIVE
    formula = log_cosh

    def __post_init__(self) -> None:
        self._check("scale", *SCALE)

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        return {"scale": absolute_from(error, weight)}


@dataclass(frozen=True)
class Quantile(Levelled):
    """The pinball loss: quantile * -error if error < 0, else (1 - quantile) * error; its minimiser is the quantile.

    Boosting smooths the kink over the residuals near it and takes the curvature of Hunter & Lange's quadratic, or less
    beyond them as long as the predictions are far from where they belong; `loss`, and the gradient of
    `gradient_hessian`, are those of the pinball loss itself.

    Parameters
    ----------
    quantile : float or sequence of float, default 0.5
        The level, in (0, 1); 0.5 gives half the absolute error. Several levels, which increase, are a loss of as many
        predictions a row.

    Raises
    ------
    TypeError, ValueError
        If the level is not such a number.

    References
    ----------
    Koenker & Bassett, "Regression Quantiles", Econometrica 1978; Hunter & Lange, "Quantile Regression via an MM
    Algorithm", JCGS 2000.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Quantile(0.9)
    >>> loss.loss([0.0, 0.0], [-1.0, 1.0]).round(4)
    array([0.9, 0.1])
    >>> loss.fit_intercept(range(11))
    9.0
    >>> bl.Quantile([0.1, 0.9]).fit_intercept(range(11))
    array([1., 9.])
    """

    quantile: float = 0.5
    formula = pinball

    def __post_init__(self) -> None:
        check_number(self, "quantile", LEVEL, lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.quantile, 0.0

    def _computed(self, outputs, y_true, raw_prediction, sample_weight, dtype=None):
        results = super()._computed(outputs, y_true, raw_prediction, sample_weight, dtype)
        if MAJORIZER in outputs:  # infinite at an error of 0 if it is not smoothed
            rows, common = self._checked_rows(y_true, raw_prediction, sample_weight)
            computation = Computation(self.formula, (MAJORIZER,), self.smoothed_parameters(*rows))
            (results[outputs.index(MAJORIZER)],) = evaluate(computation, rows, dtype or common)
        return results

    def smoothed_parameters(
        self, y: NDArray[Any], f: NDArray[Any], weight: NDArray[Any] | None
    ) -> tuple[float, float]:
        """The level, and the half-width of the kernel that suits the residuals of these rows."""
        rows = sample(len(y), weight)
        error = np.subtract(f[rows], y[rows], dtype=np.float64)
        return self.quantile, half_width(
            error, None if weight is None else weight[rows], self.quantile
        )

    def _best_constant(self, y, weight):
        return weighted_quantile(y, weight, self.quantile)


@dataclass(frozen=True)
class Expectile(Levelled):
    """Asymmetric squared error: expectile * error^2 / 2 if error < 0, else (1 - expectile) * error^2 / 2.

    Its minimiser is the expectile, a mean in which the rows above it weigh `expectile` and those below 1 - `expectile`.

    Parameters
    ----------
    expectile : float or sequence of float, default 0.5
        The level, in (0, 1); 0.5 gives half the squared error. Several levels, which increase, are a loss of as many
        predictions a row.

    Raises
    ------
    TypeError, ValueError
        If the level is not such a number.

    References
    ----------
    Newey & Powell, "Asymmetric Least Squares Estimation and Testing", Econometrica 1987.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Expectile(0.9)
    >>> loss.loss([0.0, 0.0], [-1.0, 1.0]).round(4)
    array([0.45, 0.05])
    >>> loss.fit_intercept([0.0, 1.0])
    0.9
    """

    expectile: float = 0.5
    curvature: ClassVar[Curvature] = "exact"
    formula = asymmetric_squares

    def __post_init__(self) -> None:
        check_number(self, "expectile", LEVEL, lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.expectile, self.largest_curvature

    @property
    def largest_curvature(self) -> float:
        return max(self.expectile, 1.0 - self.expectile)


def absolute_from(error: NDArray[Any], weight: NDArray[Any] | None) -> float:
    """The error at which a squared loss should turn into an absolute one, of which three deviations keep 2/11."""
    return allowed_scale(KEPT_WEIGHT * FAR_ERROR * (robust_scale(error, weight) or 1.0))
