"""More robust losses of the error, beside Huber's and Barron's; their mathematics is in `formulas`."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray

from boostloss.formulas.fair import fair
from boostloss.formulas.pseudo_huber import pseudo_huber
from boostloss.formulas.tukey import tukey
from boostloss.losses.adaptive import ADAPTIVE, FAR_ERROR, KEPT_WEIGHT, Adaptable
from boostloss.losses.barron import Barron, shape_at, suited_scale
from boostloss.losses.scale import robust_scale, spread_at
from boostloss.losses.validation import SCALE, allowed_scale

# The scales, in standard deviations, at which an error of three of them keeps 2/11 of its weight: the weights are
# (1 + x^2)^(-1/2), 1 / (1 + x) and (1 - x^2)^2 of x = error / scale.
PSEUDO_HUBER = FAR_ERROR / (KEPT_WEIGHT**-2.0 - 1.0) ** 0.5
FAIR = FAR_ERROR / (1.0 / KEPT_WEIGHT - 1.0)
TUKEY = FAR_ERROR / (1.0 - KEPT_WEIGHT**0.5) ** 0.5


class Scaled(Adaptable):
    """A loss whose one parameter is a scale, so many standard deviations of the residuals if it is adaptive."""

    deviations: ClassVar[float]

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        (name,) = set(given) - {"graduated"}
        return {name: allowed_scale(cls.deviations * (robust_scale(error, weight) or 1.0))}


@dataclass(frozen=True)
class PseudoHuber(Scaled):
    """Pseudo-Huber loss: delta^2 (sqrt(1 + (error/delta)^2) - 1), that is delta^2 times `Charbonnier`.

    Parameters
    ----------
    delta : float or "adaptive", default "adaptive"
        Errors well below it count squared, errors well above it absolute, from 1e-150 to 1e150; or what suits the
        residuals, round by round.

    Raises
    ------
    TypeError, ValueError
        If delta is not such a number.

    References
    ----------
    Hartley & Zisserman, "Multiple View Geometry in Computer Vision", 2003.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.PseudoHuber(delta=2.0).loss([0.0, 0.0], [1.5, -1.5])
    array([1., 1.])
    """

    delta: float | Literal["adaptive"] = ADAPTIVE
    deviations = PSEUDO_HUBER
    formula = pseudo_huber

    def __post_init__(self) -> None:
        self._check("delta", *SCALE)


@dataclass(frozen=True)
class Fair(Scaled):
    """Fair's loss: scale^2 (x - log(1 + x)), x = |error| / scale; its influence approaches its limit slowly.

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
    Fair, "On the Robust Estimation of Econometric Models", Annals of Economic and Social Measurement 1974.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Fair(scale=2.0).loss([0.0, 0.0], [1.0, 10.0]).round(4)
    array([ 0.3781, 12.833 ])
    """

    scale: float | Literal["adaptive"] = ADAPTIVE
    deviations = FAIR
    formula = fair

    def __post_init__(self) -> None:
        self._check("scale", *SCALE)


@dataclass(frozen=True)
class Tukey(Scaled):
    """Tukey's biweight: scale^2 / 6 (1 - (1 - (error/scale)^2)^3) while |error| <= scale, scale^2 / 6 beyond.

    An error beyond the scale has no influence at all.

    Parameters
    ----------
    scale : float or "adaptive", default "adaptive"
        The error from which on a row does not count, from 1e-150 to 1e150; or what suits the residuals, round by round.
    graduated : bool, optional
        As of `Barron`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Beaton & Tukey, "The Fitting of Power Series, Meaning Polynomials", Technometrics 1974.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Tukey(scale=3.0).loss([0.0, 0.0, 0.0], [0.1, 3.0, 100.0]).round(4)
    array([0.005, 1.5  , 1.5  ])
    """

    scale: float | Literal["adaptive"] = ADAPTIVE
    graduated: bool | None = field(default=None, kw_only=True, repr=False)
    deviations = TUKEY
    formula = tukey
    graduates = True

    def __post_init__(self) -> None:
        self._check("scale", *SCALE)
        object.__setattr__(self, "graduated", None)  # False says of a number what is so anyway

    @property
    def parameters(self) -> tuple[float, ...]:
        return (float(self.scale),)

    @property
    def valley(self) -> float:
        return float(self.scale)

    def convexified(
        self, error: NDArray[Any], weight: NDArray[Any] | None, temperature: float
    ) -> Adaptable:
        alpha = shape_at(-math.inf, temperature)
        spread = max(float(self.scale) / TUKEY, spread_at(error, weight, temperature))
        return Barron(alpha, suited_scale(alpha, spread))
