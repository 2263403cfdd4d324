"""The losses of the error ``raw_prediction - y_true``; their mathematics is in `formulas`."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.barron import barron
from boostloss.formulas.huber import huber
from boostloss.formulas.log_cosh import log_cosh
from boostloss.formulas.pinball import pinball
from boostloss.formulas.squared_error import squared_error
from boostloss.kernels.rows import MAJORIZER, Computation, evaluate
from boostloss.losses.adaptive import ADAPTIVE, FAR_ERROR, KEPT_WEIGHT, Adaptable
from boostloss.losses.base import Loss
from boostloss.losses.intercept import argmin_constant, steep_constant, weighted_quantile
from boostloss.losses.scale import robust_scale, robust_shape
from boostloss.losses.smoothing import half_width, sample
from boostloss.losses.validation import SCALE, allowed_scale, check_number


class Location(Loss):
    """A loss of the error ``raw_prediction - y_true``."""

    task = "regression"


@dataclass(frozen=True)
class SquaredError(Location):
    """Squared error: error^2 / 2. Its best constant is the mean."""

    formula = squared_error

    def _best_constant(self, y, weight):
        return float(np.average(y.astype(np.float64, copy=False), weights=weight))


@dataclass(frozen=True)
class Huber(Adaptable):
    """Huber's loss: error^2 / 2 while |error| <= delta, delta (|error| - delta/2) beyond.

    Parameters
    ----------
    delta : float or "adaptive", default 1.0
        Where squared error ends and absolute error begins, in the unit of the target; positive.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 1964.
    """

    delta: float | Literal["adaptive"] = 1.0
    formula = huber

    def __post_init__(self):
        self._check("delta", *SCALE)

    @classmethod
    def estimates(cls, error, weight, given):
        return {"delta": absolute_from(error, weight)}


@dataclass(frozen=True)
class LogCosh(Adaptable):
    """Log-cosh: scale^2 log cosh(error / scale), a Huber loss with all derivatives.

    Parameters
    ----------
    scale : float or "adaptive", default 1.0
        Errors well below it count squared, errors well above it absolute; positive.
    """

    scale: float | Literal["adaptive"] = 1.0
    formula = log_cosh

    def __post_init__(self):
        self._check("scale", *SCALE)

    @classmethod
    def estimates(cls, error, weight, given):
        return {"scale": absolute_from(error, weight)}


@dataclass(frozen=True)
class Quantile(Location):
    """The pinball loss: quantile * -error if error < 0, else (1 - quantile) * error; its minimiser is the quantile.

    Boosting smooths the kink over the residuals near it and takes the curvature of Hunter & Lange's quadratic;
    `loss`, and the gradient of `gradient_hessian`, are those of the pinball loss itself.

    Parameters
    ----------
    quantile : float, default 0.5
        The level, in (0, 1); 0.5 gives half the absolute error.

    References
    ----------
    Koenker & Bassett, "Regression Quantiles", Econometrica 1978.
    """

    quantile: float = 0.5
    formula = pinball

    def __post_init__(self):
        check_number(self, "quantile", "a number in (0, 1)", lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self):
        return self.quantile, 0.0

    def gradient_hessian(self, y_true, raw_prediction, sample_weight=None, curvature=None):
        gradient, hessian = super().gradient_hessian(
            y_true, raw_prediction, sample_weight, curvature
        )
        if (
            self.curvature_output(curvature) == MAJORIZER
        ):  # infinite at an error of 0 if it is not smoothed
            rows, dtype = self._checked_rows(y_true, raw_prediction, sample_weight)
            parameters = self.smoothed_parameters(*rows)
            (hessian,) = evaluate(Computation(self.formula, (MAJORIZER,), parameters), rows, dtype)
        return gradient, hessian

    def smoothed_parameters(
        self, y: NDArray, f: NDArray, weight: NDArray | None
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
class Barron(Adaptable):
    """Barron's general robust loss: b/alpha ((1 + (error/scale)^2 / b)^(alpha/2) - 1) with b = |alpha - 2|.

    Its limits are squared error (alpha = 2), Charbonnier or pseudo-Huber (1), Cauchy (0), Geman-McClure (-2) and Welsch
    (-inf). Below 1 it is not convex, and an error far beyond the scale loses its influence.

    Parameters
    ----------
    alpha : float or "adaptive", default 1.0
        Shape; any number, and both infinities. Smaller is more robust.
    scale : float or "adaptive", default 1.0
        The error at which the loss leaves the squared error; positive.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8.
    """

    alpha: float | Literal["adaptive"] = 1.0
    scale: float | Literal["adaptive"] = 1.0
    formula = barron

    def __post_init__(self):
        self._check("alpha", "a number, inf or -inf", lambda x: not math.isnan(x))
        self._check("scale", *SCALE)

    @property
    def parameters(self):
        return self.alpha, self.scale

    @property
    def largest_curvature(self):
        return 1.0 / self.parameters[1] ** 2

    @classmethod
    def estimates(cls, error, weight, given):
        spread = robust_scale(error, weight) or 1.0
        alpha = given.get("alpha", cls.alpha)
        if alpha == ADAPTIVE:
            alpha = robust_shape(error, weight, spread)
        if alpha > 2.0:  # a far error has more weight than a near one
            return {"scale": allowed_scale(FAR_ERROR * spread)}
        # (FAR_ERROR^2 / (b scale^2) + 1)^(-b/2) = KEPT_WEIGHT, with b bounded so that scale^2 stays in sight of 1
        b = min(max(2.0 - alpha, 0.5), 1e9)
        scale = FAR_ERROR / math.sqrt(b * math.expm1(-2.0 / b * math.log(KEPT_WEIGHT)))
        return {"alpha": alpha, "scale": allowed_scale(scale * spread)}

    def _best_constant(self, y, weight):
        alpha, scale = self.parameters
        if alpha > 2.0:
            return steep_constant(alpha, scale, y, weight)
        return argmin_constant(self, y, weight, scale=scale if alpha < 1.0 else 0.0)


@dataclass(frozen=True)
class Charbonnier(Barron):
    """Charbonnier or pseudo-Huber loss: sqrt((error/scale)^2 + 1) - 1, Barron's at alpha = 1."""

    alpha: float = field(default=1.0, init=False, repr=False)


@dataclass(frozen=True)
class Cauchy(Barron):
    """Cauchy or Lorentzian loss: log((error/scale)^2 / 2 + 1), Barron's at alpha = 0."""

    alpha: float = field(default=0.0, init=False, repr=False)


@dataclass(frozen=True)
class GemanMcClure(Barron):
    """Geman-McClure loss: 2 (error/scale)^2 / ((error/scale)^2 + 4), Barron's at alpha = -2."""

    alpha: float = field(default=-2.0, init=False, repr=False)


@dataclass(frozen=True)
class Welsch(Barron):
    """Welsch or Leclerc loss: 1 - exp(-(error/scale)^2 / 2), Barron's at alpha = -inf."""

    alpha: float = field(default=-math.inf, init=False, repr=False)


def absolute_from(error: NDArray, weight: NDArray | None) -> float:
    """The error at which a squared loss should turn into an absolute one, of which three deviations keep 2/11."""
    return allowed_scale(KEPT_WEIGHT * FAR_ERROR * (robust_scale(error, weight) or 1.0))
