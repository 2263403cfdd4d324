"""Barron's general robust loss and its named members; the mathematics is in `formulas.barron`."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from boostloss.formulas.barron import barron
from boostloss.losses.adaptive import ADAPTIVE, FAR_ERROR, KEPT_WEIGHT, Adaptable
from boostloss.losses.intercept import steep_constant
from boostloss.losses.scale import robust_scale, robust_shape, spread_at
from boostloss.losses.validation import SCALE, allowed_scale

# The shape at a temperature of 1: nearly convex. A shape of 1, at 2, learns far segments faster, and wrong labels too.
FIRST_ALPHA = 0.5


@dataclass(frozen=True)
class Barron(Adaptable):
    """Barron's general robust loss: b/alpha ((1 + (error/scale)^2 / b)^(alpha/2) - 1) with b = |alpha - 2|.

    Its limits are squared error (alpha = 2), Charbonnier or pseudo-Huber (1), Cauchy (0), Geman-McClure (-2) and Welsch
    (-inf). Below 1 it is not convex, and an error far beyond the scale loses its influence.

    Parameters
    ----------
    alpha : float or "adaptive", default "adaptive"
        Shape; any number, and both infinities. Smaller is more robust.
    scale : float or "adaptive", default "adaptive"
        The error at which the loss leaves the squared error, from 1e-150 to 1e150; or what suits the residuals, round
        by round.
    graduated : bool, optional
        Whether the estimators begin a fit nearly convex, so that a segment apart is not taken for outliers, and compare
        rounds by the mean absolute error; by default where a parameter is adaptive.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Barron(alpha=0.5, scale=2.0).loss([0.0, 0.0], [2.0, 200.0]).round(4)
    array([ 0.4087, 24.1091])
    >>> bl.Barron().fitted([0.3, -0.1, 0.2, -40.0])
    Barron(alpha=0.0, scale=0.370...)
    """

    alpha: float | Literal["adaptive"] = ADAPTIVE
    scale: float | Literal["adaptive"] = ADAPTIVE
    graduated: bool | None = field(default=None, kw_only=True, repr=False)
    formula = barron
    graduates = True

    def __post_init__(self) -> None:
        self._check("alpha", "a number, inf or -inf", lambda x: not math.isnan(x))
        self._check("scale", *SCALE)
        object.__setattr__(self, "graduated", None)  # False says of numbers what is so anyway

    @property
    def parameters(self) -> tuple[float, ...]:
        return float(self.alpha), float(self.scale)

    @property
    def least_share(self) -> float:
        # Gradients of far rows fall by a power of the error here: with a tenth, rows that are truly apart came in too
        # slowly to stay. Welsch's have none at all, which no share changes.
        return 0.03 if -math.inf < self.parameters[0] < 0.0 else super().least_share

    @property
    def largest_curvature(self) -> float:
        return 1.0 / self.parameters[1] ** 2

    @property
    def valley(self) -> float:
        alpha, scale = self.parameters
        return scale if alpha < 1.0 else 0.0

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        spread = robust_scale(error, weight) or 1.0
        alpha = given.get("alpha", cls.alpha)
        if alpha == ADAPTIVE:
            alpha = robust_shape(error, weight, spread)
        return {"alpha": alpha, "scale": suited_scale(alpha, spread)}

    def convexified(
        self, error: NDArray[Any], weight: NDArray[Any] | None, temperature: float
    ) -> Adaptable:
        alpha, scale = self.parameters
        alpha = shape_at(alpha, temperature)
        return Barron(alpha, max(scale, suited_scale(alpha, spread_at(error, weight, temperature))))

    def _best_constant(self, y, weight):
        alpha, scale = self.parameters
        if alpha > 2.0:
            return steep_constant(alpha, scale, y, weight)
        return super()._best_constant(y, weight)


def shape_at(alpha: float, temperature: float) -> float:
    """The shape in the place of a more robust one, at a temperature above 0."""
    return max(alpha, FIRST_ALPHA + 1.0 - 1.0 / temperature)


def suited_scale(alpha: float, spread: float) -> float:
    """The scale at which an error of three standard deviations keeps 2/11 of its weight."""
    if alpha > 2.0:  # a far error has more weight than a near one
        return allowed_scale(FAR_ERROR * spread)
    # (FAR_ERROR^2 / (b scale^2) + 1)^(-b/2) = KEPT_WEIGHT, with b bounded so that scale^2 stays in sight of 1
    b = min(max(2.0 - alpha, 0.5), 1e9)
    scale = FAR_ERROR / math.sqrt(b * math.expm1(-2.0 / b * math.log(KEPT_WEIGHT)))
    return allowed_scale(scale * spread)


@dataclass(frozen=True)
class Charbonnier(Barron):
    """Charbonnier or pseudo-Huber loss: sqrt((error/scale)^2 + 1) - 1, Barron's at alpha = 1.

    Parameters
    ----------
    scale : float or "adaptive", default "adaptive"
        The error at which the loss leaves the squared error, from 1e-150 to 1e150; or what suits the residuals, round
        by round.
    graduated : bool, optional
        Whether the estimators begin a fit nearly convex, so that a segment apart is not taken for outliers, and compare
        rounds by the mean absolute error; by default where a parameter is adaptive.

    Raises
    ------
    TypeError, ValueError
        If the scale is not such a number.

    References
    ----------
    Charbonnier, Blanc-Féraud, Aubert & Barlaud, "Two Deterministic Half-Quadratic Regularization Algorithms for
    Computed Imaging", ICIP 1994.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Charbonnier(scale=2.0)
    >>> loss.loss([0.0, 0.0], [2.0, 200.0]).round(4)
    array([ 0.4142, 99.005 ])
    >>> round(loss.fit_intercept([1.0, 2.0, 3.0, 100.0]), 4)
    2.8541
    """

    alpha: float = field(default=1.0, init=False, repr=False)


@dataclass(frozen=True)
class Cauchy(Barron):
    """Cauchy or Lorentzian loss: log((error/scale)^2 / 2 + 1), Barron's at alpha = 0.

    Parameters
    ----------
    scale : float or "adaptive", default "adaptive"
        The error at which the loss leaves the squared error, from 1e-150 to 1e150; or what suits the residuals, round
        by round.
    graduated : bool, optional
        Whether the estimators begin a fit nearly convex, so that a segment apart is not taken for outliers, and compare
        rounds by the mean absolute error; by default where a parameter is adaptive.

    Raises
    ------
    TypeError, ValueError
        If the scale is not such a number.

    References
    ----------
    Black & Anandan, "The Robust Estimation of Multiple Motions", CVIU 1996.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Cauchy(scale=2.0)
    >>> loss.loss([0.0, 0.0], [2.0, 200.0]).round(4)
    array([0.4055, 8.5174])
    >>> round(loss.fit_intercept([1.0, 2.0, 3.0, 100.0]), 4)
    2.0342
    """

    alpha: float = field(default=0.0, init=False, repr=False)


@dataclass(frozen=True)
class GemanMcClure(Barron):
    """Geman-McClure loss: 2 (error/scale)^2 / ((error/scale)^2 + 4), Barron's at alpha = -2.

    Parameters
    ----------
    scale : float or "adaptive", default "adaptive"
        The error at which the loss leaves the squared error, from 1e-150 to 1e150; or what suits the residuals, round
        by round.
    graduated : bool, optional
        Whether the estimators begin a fit nearly convex, so that a segment apart is not taken for outliers, and compare
        rounds by the mean absolute error; by default where a parameter is adaptive.

    Raises
    ------
    TypeError, ValueError
        If the scale is not such a number.

    References
    ----------
    Geman & McClure, "Bayesian Image Analysis: An Application to Single Photon Emission Tomography", 1985.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.GemanMcClure(scale=2.0)
    >>> loss.loss([0.0, 0.0], [2.0, 200.0]).round(4)
    array([0.4   , 1.9992])
    >>> round(loss.fit_intercept([1.0, 2.0, 3.0, 100.0]), 4)
    2.0001
    """

    alpha: float = field(default=-2.0, init=False, repr=False)


@dataclass(frozen=True)
class Welsch(Barron):
    """Welsch or Leclerc loss: 1 - exp(-(error/scale)^2 / 2), Barron's at alpha = -inf.

    Parameters
    ----------
    scale : float or "adaptive", default "adaptive"
        The error at which the loss leaves the squared error, from 1e-150 to 1e150; or what suits the residuals, round
        by round.
    graduated : bool, optional
        Whether the estimators begin a fit nearly convex, so that a segment apart is not taken for outliers, and compare
        rounds by the mean absolute error; by default where a parameter is adaptive.

    Raises
    ------
    TypeError, ValueError
        If the scale is not such a number.

    References
    ----------
    Dennis & Welsch, "Techniques for Nonlinear Least Squares and Robust Regression", Communications in Statistics 1978.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Welsch(scale=2.0)
    >>> loss.loss([0.0, 0.0], [2.0, 200.0]).round(4)
    array([0.3935, 1.    ])
    >>> round(loss.fit_intercept([1.0, 2.0, 3.0, 100.0]), 4)
    2.0
    """

    alpha: float = field(default=-math.inf, init=False, repr=False)
