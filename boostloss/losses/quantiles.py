"""Quantiles, expectiles and the losses with corners, which boosting smooths; their mathematics is in `formulas`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.asymmetric_squares import asymmetric_squares
from boostloss.formulas.pinball import absolute, epsilon_insensitive, pinball
from boostloss.kernels.rows import MAJORIZER, Computation, evaluate
from boostloss.losses.adaptive import ADAPTIVE, Adaptable
from boostloss.losses.base import Curvature, Loss
from boostloss.losses.columns import Levelled
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.location import Location
from boostloss.losses.scale import robust_scale
from boostloss.losses.smoothing import half_width, sample
from boostloss.losses.validation import SCALE, allowed_scale, check_number

LEVEL = "a number in (0, 1), or at least two that increase"
# Of the standard deviation of the noise: the tube with which the estimate of a constant varies least if the noise is
# normal (Smola, Murata, Schölkopf & Müller, "Asymptotically Optimal Choice of epsilon-Loss for Support Vector
# Machines", ICANN 1998).
TUBE = 0.612


class Kinked(Location):
    """A loss with corners, which boosting smooths: the last parameter of its formula is the half-width of a kernel."""

    kinked = True

    def smoothed_parameters(
        self, y: NDArray[Any], f: NDArray[Any], weight: NDArray[Any] | None
    ) -> tuple[float, ...]:
        """The parameters with the half-width that suits the residuals of these rows."""
        rows = sample(len(y), weight)
        with np.errstate(all="ignore"):  # of infinite rows
            error = np.subtract(f[rows], y[rows], dtype=np.float64)
            return self._smoothed(error, None if weight is None else weight[rows])

    def _smoothed(self, error: NDArray[Any], weight: NDArray[Any] | None) -> tuple[float, ...]:
        raise NotImplementedError

    def _computed(self, outputs, y_true, raw_prediction, sample_weight, dtype=None):
        results = super()._computed(outputs, y_true, raw_prediction, sample_weight, dtype)
        if self.kinked and MAJORIZER in outputs:  # infinite at a corner if it is not smoothed
            rows, common = self._checked_rows(y_true, raw_prediction, sample_weight)
            computation = Computation(self.formula, (MAJORIZER,), self.smoothed_parameters(*rows))
            (results[outputs.index(MAJORIZER)],) = evaluate(computation, rows, dtype or common)
        return results


@dataclass(frozen=True)
class AbsoluteError(Kinked):
    """Absolute error: max(error, -error), twice the pinball loss of the median, as which it is boosted.

    References
    ----------
    Laplace, "Théorie analytique des probabilités", 2nd supplement, 1818.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.AbsoluteError().loss([1.0, 2.0], [1.5, 0.0])
    array([0.5, 2. ])
    >>> bl.AbsoluteError().fit_intercept([1.0, 2.0, 60.0])
    2.0
    """

    formula = absolute

    @property
    def parameters(self) -> tuple[float, ...]:
        return (0.0,)

    @property
    def boosted_as(self) -> Loss:
        return Quantile(0.5)

    def _smoothed(self, error, weight):
        return (half_width(error, weight, 0.5),)

    def _best_constant(self, y, weight):
        return weighted_quantile(y, weight, 0.5)


@dataclass(frozen=True)
class Quantile(Levelled, Kinked):
    """The pinball loss: quantile * -error if error < 0, else (1 - quantile) * error; its minimiser is the quantile.

    Boosting smooths the kink over the residuals near it and takes the curvature of Hunter & Lange's quadratic. As long
    as the predictions are far from where they belong it is less beyond them, and a share of each step is of least
    squares. `loss`, and the gradient of `gradient_hessian`, are those of the pinball loss itself.

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

    if TYPE_CHECKING:  # of several levels `Levelled` makes another loss

        def __init__(self, quantile: float | Sequence[float] = 0.5) -> None: ...

    def __post_init__(self) -> None:
        check_number(self, "quantile", LEVEL, lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.quantile, 0.0

    def _smoothed(self, error, weight):
        return self.quantile, half_width(error, weight, self.quantile)

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
    floored = False  # the lighter side is as exact as the heavier one
    formula = asymmetric_squares

    if TYPE_CHECKING:  # as above

        def __init__(self, expectile: float | Sequence[float] = 0.5) -> None: ...

    def __post_init__(self) -> None:
        check_number(self, "expectile", LEVEL, lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.expectile, self.largest_curvature

    @property
    def largest_curvature(self) -> float:
        return max(self.expectile, 1.0 - self.expectile)


@dataclass(frozen=True)
class EpsilonInsensitive(Kinked, Adaptable):
    """Epsilon-insensitive loss of support vector regression: max(|error| - epsilon, 0).

    Parameters
    ----------
    epsilon : float or "adaptive", default "adaptive"
        An error up to it costs nothing, in the unit of the target, from 1e-150 to 1e150; or what suits the residuals,
        round by round. For one far below the errors take `AbsoluteError`, which is smoothed over more of them.

    Raises
    ------
    TypeError, ValueError
        If epsilon is not such a number.

    References
    ----------
    Vapnik, "The Nature of Statistical Learning Theory", 1995.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.EpsilonInsensitive(0.5).loss([0.0, 0.0], [0.25, -2.0])
    array([0. , 1.5])
    """

    epsilon: float | Literal["adaptive"] = ADAPTIVE
    formula = epsilon_insensitive

    def __post_init__(self) -> None:
        self._check("epsilon", *SCALE)

    @property
    def parameters(self) -> tuple[float, ...]:
        return float(self.epsilon), 0.0

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        return {"epsilon": allowed_scale(TUBE * (robust_scale(error, weight) or 1.0))}

    def _smoothed(self, error, weight):
        epsilon = float(self.epsilon)
        # The kernels of both corners stay apart, and 1 / |error| below 1 / (2 half-width).
        return epsilon, min(half_width(np.abs(error) - epsilon, weight, 0.5), 0.5 * epsilon)

    def _best_constant(self, y, weight):
        return tube_constant(y, weight, float(self.epsilon), 1.0)


def tube_constant(
    y: NDArray[Any], weight: NDArray[Any] | None, epsilon: float, ratio: float
) -> float:
    """Where the rows above the tube, which count ``ratio`` times, pull as hard as those below it.

    The loss of a row is the pinball loss at both ends of its tube, up to a constant: at the level ratio / (1 + ratio),
    where the lower end has the weight of the row times the ratio.
    """
    weight = np.ones(len(y)) if weight is None else weight
    ends = np.concatenate([y - epsilon, y + epsilon])
    return weighted_quantile(ends, np.concatenate([ratio * weight, weight]), ratio / (1.0 + ratio))
