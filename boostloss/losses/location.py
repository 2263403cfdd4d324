"""Squared error, and what turns from it into absolute error; the mathematics is in `formulas`."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.huber import huber, smooth_l1
from boostloss.formulas.log_cosh import log_cosh
from boostloss.formulas.squared_error import squared_error
from boostloss.losses.adaptive import ADAPTIVE, FAR_ERROR, KEPT_WEIGHT, Adaptable
from boostloss.losses.base import Loss, Task
from boostloss.losses.scale import robust_scale
from boostloss.losses.validation import SCALE, allowed_scale


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
class SmoothL1(Adaptable):
    """Smooth L1: error^2 / (2 beta) while |error| <= beta, |error| - beta/2 beyond: Huber's loss over its delta.

    Parameters
    ----------
    beta : float or "adaptive", default "adaptive"
        As Huber's delta.

    Raises
    ------
    TypeError, ValueError
        If beta is not such a number.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.SmoothL1(beta=2.0).loss([0.0, 0.0], [1.0, 5.0])
    array([0.25, 4.  ])
    """

    beta: float | Literal["adaptive"] = ADAPTIVE
    formula = smooth_l1

    def __post_init__(self) -> None:
        self._check("beta", *SCALE)

    @property
    def largest_curvature(self) -> float:
        return 1.0 / float(self.beta)

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        return {"beta": absolute_from(error, weight)}


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


def absolute_from(error: NDArray[Any], weight: NDArray[Any] | None) -> float:
    """The error at which a squared loss should turn into an absolute one, of which three deviations keep 2/11."""
    return allowed_scale(KEPT_WEIGHT * FAR_ERROR * (robust_scale(error, weight) or 1.0))
