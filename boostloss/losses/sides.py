"""Losses of the error that cost more on one side; their mathematics is in `formulas`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from boostloss.formulas.asymmetric import asymmetric
from boostloss.formulas.linex import linex
from boostloss.losses.adaptive import Adaptable, Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.location import Location, SquaredError
from boostloss.losses.quantiles import (
    AbsoluteError,
    EpsilonInsensitive,
    Expectile,
    Kinked,
    Quantile,
    tube_constant,
)
from boostloss.losses.validation import check_number

formula_of_sides = lru_cache(asymmetric)  # so that it is compiled once
RATIO = "a number from 1e-3 to 1e3", lambda x: 1e-3 <= x <= 1e3


@dataclass(frozen=True)
class Linex(Location):
    """Linex: (exp(a error) - a error - 1) / a^2, exponential where error and a have one sign, linear on the other side.

    Parameters
    ----------
    a : float, default 1.0
        In the inverse unit of the target, of a size from 1e-6 to 1e6. Near errors cost as squared error does; one of
        1 / a costs 1.4 times that, one of 3 / a nearly four times.

    Raises
    ------
    TypeError, ValueError
        If a is not such a number.

    Notes
    -----
    The expected loss of new rows is infinite where the noise has tails heavier than exponential ones: there take
    `Asymmetric`.

    References
    ----------
    Varian, "A Bayesian Approach to Real Estate Assessment", 1975; Zellner, JASA 1986.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Linex(1.0).loss([0.0, 0.0], [2.0, -2.0]).round(4)
    array([4.3891, 1.1353])
    """

    a: float = 1.0
    floored = False
    formula = linex

    def __post_init__(self) -> None:
        check_number(
            self, "a", "a number of a size from 1e-6 to 1e6", lambda x: 1e-6 <= abs(x) <= 1e6
        )

    def _best_constant(self, y, weight):
        # exp(-a f) is the mean of exp(-a y), of which the largest term is 1 here; a row without weight has none.
        if weight is not None:
            y, weight = y[weight > 0.0], weight[weight > 0.0]
        exponent = -self.a * y.astype(np.float64)
        top = exponent.max()
        return -(top + math.log(np.average(np.exp(exponent - top), weights=weight))) / self.a


@dataclass(frozen=True)
class Asymmetric(Kinked):
    """Another cost for each side: ratio loss(error) where the prediction is too low, loss(error) where it is too high.

    `Asymmetric(SquaredError(), ratio)` is the expectile, and `Asymmetric(AbsoluteError(), ratio)` the quantile, of the
    level ratio / (1 + ratio), times 1 + ratio, and are boosted as these.

    Parameters
    ----------
    base : Loss
        Of the error, and the same for both sides; its parameters may be adaptive.
    ratio : float
        How many times an error counts where the prediction is too low; from 1e-3 to 1e3. Below 1 predictions that are
        too high are what costs.

    Raises
    ------
    TypeError, ValueError
        If the base is not such a loss, or the ratio not such a number.

    References
    ----------
    Granger, "Prediction with a Generalized Cost of Error Function", Operational Research Quarterly 1969.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Asymmetric(bl.Huber(1.0), ratio=3.0)
    >>> loss.loss([0.0, 0.0], [-2.0, 2.0])
    array([4.5, 1.5])
    >>> bl.from_string(repr(loss))
    Asymmetric(base=Huber(delta=1.0), ratio=3.0)
    """

    base: Loss
    ratio: float

    def __new__(cls, base: Any, ratio: Any) -> Any:
        if not isinstance(base, Adaptive):
            return super().__new__(cls)
        return AdaptiveAsymmetric(cls, (("base", base), ("ratio", ratio)))  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        if not isinstance(self.base, Loss):
            raise TypeError(
                f"base must be a loss of boostloss, such as Huber(), got {self.base!r}."
            )
        if not isinstance(self.base, SYMMETRIC) or getattr(self.base, "alpha", 0.0) > 2.0:
            raise ValueError(
                "base must be a loss of the error that is the same for both sides, SquaredError, AbsoluteError, "
                f"EpsilonInsensitive or a robust one, got {self.base!r}."
            )
        check_number(self, "ratio", *RATIO)

    def __getattr__(self, name: str) -> Any:
        base = vars(self).get("base")
        if base is None or name not in base.given_parameters():
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(base, name)

    @property
    def formula(self) -> Callable[..., Any]:  # type: ignore[override]
        """That of the base, with another factor for each side."""
        return formula_of_sides(type(self.base).formula)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.ratio, *self.base.parameters

    @property
    def kinked(self) -> bool:  # type: ignore[override]
        return self.base.kinked

    @property
    def boosted_as(self) -> Loss:
        level = self.ratio / (1.0 + self.ratio)
        if isinstance(self.base, AbsoluteError):
            return Quantile(level)
        return Expectile(level) if isinstance(self.base, SquaredError) else self

    @property
    def least_share(self) -> float:
        return self.base.least_share

    @property
    def largest_curvature(self) -> float:
        return max(self.ratio, 1.0) * self.base.largest_curvature

    @property
    def valley(self) -> float:
        return self.base.valley

    def _smoothed(self, error, weight):
        assert isinstance(self.base, Kinked)
        return self.ratio, *self.base._smoothed(error, weight)

    def _best_constant(self, y, weight):
        if isinstance(self.base, AbsoluteError):
            return tube_constant(y, weight, 0.0, self.ratio)
        if isinstance(self.base, EpsilonInsensitive):
            return tube_constant(y, weight, float(self.base.epsilon), self.ratio)
        return super()._best_constant(y, weight)


SYMMETRIC = SquaredError, AbsoluteError, EpsilonInsensitive, Adaptable


class AdaptiveAsymmetric(Adaptive):
    """`Asymmetric` of a loss that changes in training."""

    judged_by: ClassVar[str] = "AsymmetricMAE"

    @property
    def base(self) -> Adaptive:
        return dict(self.given)["base"]

    def __post_init__(self) -> None:
        example = self.example
        object.__setattr__(self, "given", (("base", self.base), ("ratio", example.ratio)))

    @property
    def adaptive(self) -> list[str]:
        return self.base.adaptive

    @property
    def graduates(self) -> bool:
        return self.base.graduates

    @property
    def example(self) -> Asymmetric:
        return self._around(self.base.example)

    def fitted(self, *arguments: Any, **options: Any) -> Loss:
        return self._around(self.base.fitted(*arguments, **options))

    def _around(self, base: Loss) -> Asymmetric:
        return self.kind(**dict(self.given) | {"base": base})

    def mean_loss(self, y_true, raw_prediction, sample_weight=None):
        """The mean absolute error, times the ratio where the prediction is too low."""
        sides = Asymmetric(AbsoluteError(), dict(self.given)["ratio"])
        return sides.mean_loss(y_true, raw_prediction, sample_weight)
