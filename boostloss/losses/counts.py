"""Losses of counts and amounts, which are not negative: the raw prediction is the logarithm of the mean.

Their mathematics is in `formulas`. All are half a unit deviance, 0 where the prediction is the target.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.negative_binomial import negative_binomial
from boostloss.formulas.tweedie import tweedie
from boostloss.losses.linked import Linked
from boostloss.losses.validation import as_floats, check_number
from boostloss.ops import exp

# Where all targets are 0 the best raw prediction is minus infinity. This is that of one event in a million rows.
LEAST_MEAN = 1e-6


class Mean(Linked):
    """A loss of a target >= 0 and of the logarithm of its mean; the best constant is that of the weighted mean."""

    link_name = "log"
    allowed = ">= 0"
    deviance_power: float | None = None  # in which the deviance is homogeneous

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        return y < 0.0

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        with np.errstate(divide="ignore"):  # minus infinity at 0
            return np.log(as_floats(y_pred, "y_pred"))

    def response(self, raw: Any) -> Any:
        return exp(raw)

    def _best_constant(self, y, weight):
        mean = float(np.average(y.astype(np.float64, copy=False), weights=weight))
        return math.log(mean or LEAST_MEAN)


@dataclass(frozen=True)
class Poisson(Mean):
    """Poisson loss: y log(y / mean) - y + mean, mean = exp(raw prediction), for counts and their rates.

    References
    ----------
    Nelder & Wedderburn, "Generalized Linear Models", JRSS A 1972.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Poisson()
    >>> loss.loss([0, 2], [0.0, 0.0]).round(4)
    array([1.    , 0.3863])
    >>> round(loss.fit_intercept([0, 1, 5]), 4)  # the logarithm of the mean
    0.6931
    """

    deviance_power = 1.0
    formula = tweedie

    @property
    def parameters(self) -> tuple[float, ...]:
        return (1.0,)


@dataclass(frozen=True)
class Gamma(Mean):
    """Gamma loss: y / mean - log(y / mean) - 1, mean = exp(raw prediction), for amounts > 0 of one relative error.

    References
    ----------
    Nelder & Wedderburn, "Generalized Linear Models", JRSS A 1972.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Gamma().loss([1.0, 2.0], [0.0, 0.0]).round(4)
    array([0.    , 0.3069])
    """

    allowed = "> 0"
    deviance_power = 2.0
    formula = tweedie

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        return y <= 0.0

    @property
    def parameters(self) -> tuple[float, ...]:
        return (2.0,)


@dataclass(frozen=True)
class Tweedie(Mean):
    """Tweedie loss: half the deviance of amounts whose variance is mean^power, mean = exp(raw prediction).

    Parameters
    ----------
    power : float, default 1.5
        Of the variance, from 1, where it is `Poisson`, to below 2: sums of a Poisson number of Gamma amounts.

    Raises
    ------
    TypeError, ValueError
        If the power is not such a number.

    References
    ----------
    Jørgensen, "Exponential Dispersion Models", JRSS B 1987.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Tweedie(1.5).loss([0.0, 2.0], [0.0, 0.0]).round(4)
    array([2.    , 0.3431])
    """

    power: float = 1.5
    formula = tweedie

    def __post_init__(self) -> None:
        check_number(self, "power", "a number in [1, 2)", lambda x: 1.0 <= x < 2.0)

    @property
    def deviance_power(self) -> float:  # type: ignore[override]
        return self.power


@dataclass(frozen=True)
class NegativeBinomial(Mean):
    """Negative binomial loss: y log(y / mean) - (y + 1/a) log((1 + a y) / (1 + a mean)), a the dispersion, for counts.

    Parameters
    ----------
    dispersion : float, default 1.0
        The variance is mean + dispersion mean^2; from 1e-6 to 1e6. Near 0 it is `Poisson`.

    Raises
    ------
    TypeError, ValueError
        If the dispersion is not such a number.

    References
    ----------
    Hilbe, "Negative Binomial Regression", 2nd edition 2011.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.NegativeBinomial(0.5).loss([0, 2], [0.0, 0.0]).round(4)
    array([0.8109, 0.2356])
    """

    dispersion: float = 1.0
    formula = negative_binomial

    def __post_init__(self) -> None:
        check_number(self, "dispersion", "a number from 1e-6 to 1e6", lambda x: 1e-6 <= x <= 1e6)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.dispersion, math.log(self.dispersion)
