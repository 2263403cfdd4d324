"""Adaptive losses: parameters that follow the residuals while boosting goes on.

``Huber(delta="adaptive")`` is an `Adaptive` around `Huber`: it knows how to choose the number from residuals, and
`boostloss.boosting.adaptation` from which residuals, and when.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.base import Curvature, Loss, Task, total_weight
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.smoothing import chosen_rows
from boostloss.losses.validation import as_column, check_finite, check_number, check_weight

ADAPTIVE: Final = "adaptive"  # in place of a number
MOST = 1000  # residuals at most, so that an estimate takes next to no time
# An error of three standard deviations keeps 2/11 of its weight in every loss: Cauchy's takes one as its scale.
FAR_ERROR, KEPT_WEIGHT = 3.0, 2.0 / 11.0


def is_adaptive(value: Any) -> bool:
    """Whether a parameter is to follow the residuals."""
    return isinstance(value, str) and value == ADAPTIVE


class Adaptable(Loss):
    """A loss of the error whose parameters residuals can tell: where one is ``"adaptive"`` it becomes an `Adaptive`.

    So does one with numbers that is ``graduated=True``.
    """

    task: ClassVar[Task] = "regression"
    graduates: ClassVar[bool] = False  # whether boosting may begin with `convexified`

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            given = inspect.signature(cls).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.__init__(): {error}") from None
        given.apply_defaults()
        graduated = given.arguments.get("graduated")
        if isinstance(graduated, np.bool_):
            graduated = given.arguments["graduated"] = bool(graduated)
        if not (graduated is None or isinstance(graduated, bool)):
            raise TypeError(f"graduated must be True, False or None, got {graduated!r}.")
        if not graduated and not any(map(is_adaptive, given.arguments.values())):
            return super().__new__(cls)
        return Adaptive(cls, tuple(given.arguments.items()))

    def _check(self, name: str, allowed: str, valid: Callable[[float], bool]) -> None:
        check_number(self, name, f"{allowed}, or {ADAPTIVE!r}", valid)

    @classmethod
    def estimates(
        cls, error: NDArray[Any], weight: NDArray[Any] | None, given: dict[str, Any]
    ) -> dict[str, float]:
        """A value for each parameter that may be adaptive, where the others are given."""
        raise NotImplementedError

    def convexified(
        self, error: NDArray[Any], weight: NDArray[Any] | None, temperature: float
    ) -> "Adaptable":
        """The more convex and wider loss in place of this one, at a temperature above 0."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Adaptive(Loss):
    """A loss that changes in training: ``"adaptive"`` parameters suit the residuals, and it may begin nearly convex.

    Parameters
    ----------
    kind : type
        The class of the loss, such as `Huber`.
    given : tuple of (str, float or "adaptive")
        Its parameters, and whether it is graduated: None if that is not said.
    """

    kind: type[Adaptable]
    given: tuple[tuple[str, Any], ...]
    task: ClassVar[Task] = "regression"
    judged_by: ClassVar[str] = "MAE"  # how the libraries report `mean_loss`

    def __post_init__(self) -> None:
        # The class itself checks the numbers that are given, and makes them floats.
        checked = self.example
        given = {
            name: ADAPTIVE if is_adaptive(value) else getattr(checked, name)
            for name, value in self.given
        }
        if self.kind.graduates:
            given["graduated"] = self.given_parameters()["graduated"]
        object.__setattr__(self, "given", tuple(given.items()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read a pickle of version 0.1.0, which makes a loss without arguments before it gives the attributes."""
        if "kind" not in state:
            object.__setattr__(self, "__class__", self.kind)
            vars(self).clear()
        Loss.__setstate__(self, state)

    def __repr__(self) -> str:
        said = (f"{name}={value!r}" for name, value in self.given if value is not None)
        return f"{self.kind.__name__}({', '.join(said)})"

    def __getattr__(self, name: str) -> Any:
        for known, value in vars(self).get("given", ()):
            if name == known:
                return value
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def given_parameters(self) -> dict[str, Any]:
        return dict(self.given)

    def _remade(self, given: dict[str, Any]) -> Loss:
        return self.kind(**given)

    @property
    def adaptive(self) -> list[str]:
        """The names of the parameters that follow the residuals."""
        return [name for name, value in self.given if is_adaptive(value)]

    @property
    def example(self) -> Loss:
        """The loss with 1 for what is adaptive: how to give numbers."""
        return self._with_numbers(dict.fromkeys(self.adaptive, 1.0))

    @property
    def graduates(self) -> bool:
        """Whether the estimators begin a fit with a nearly convex loss: by default where something is adaptive."""
        return self.kind.graduates and self.given_parameters()["graduated"] is not False

    def _with_numbers(self, adapted: dict[str, float]) -> Adaptable:
        given = self.given_parameters() | adapted
        given.pop("graduated", None)
        return self.kind(**given)

    @property
    def parameters(self) -> tuple[float, ...]:
        if not self.adaptive:
            return self.example.parameters
        raise self._unknown("parameters")

    @property
    def largest_curvature(self) -> float:
        if not self.adaptive:
            return self.example.largest_curvature
        raise self._unknown("curvature")

    def fitted(
        self,
        error: ArrayLike,
        sample_weight: ArrayLike | None = None,
        temperature: float = 0.0,
    ) -> Loss:
        """The loss with the parameters that suit these residuals.

        Parameters
        ----------
        error : array-like of shape (n_samples,)
            Residuals of rows that have not trained.
        sample_weight : array-like of shape (n_samples,), optional
        temperature : float, default 0.0
            At 0 a loss that redescends is itself, at 1 a nearly convex and wider one takes its place, and at 2 a convex
            one: graduated non-convexity (Blake & Zisserman, "Visual Reconstruction", 1987; Barron 2019, section 1).

        Returns
        -------
        Loss
            With numbers for all parameters.

        Raises
        ------
        ValueError
            If a residual is not finite, or none has a positive weight.
        """
        error = as_column(error, "error").astype(np.float64)
        check_finite(error, "error")
        weight = None
        if sample_weight is not None:
            weight = check_weight(sample_weight, len(error))
            error, weight = error[weight > 0.0], weight[weight > 0.0]
        if not len(error):
            raise ValueError("error must hold a row of positive weight, got none.")
        if len(error) > MOST:
            rows = chosen_rows(len(error), MOST)
            error, weight = error[rows], None if weight is None else weight[rows]
        estimates = self.kind.estimates(error, weight, self.given_parameters())
        suited = self._with_numbers({name: estimates[name] for name in self.adaptive})
        if temperature == 0.0 or not self.graduates:
            return suited
        return suited.convexified(error, weight, temperature)

    def loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.floating]:
        return self._suited(y_true, raw_prediction, sample_weight).loss(
            y_true, raw_prediction, sample_weight
        )

    def gradient_hessian(
        self,
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None = None,
        curvature: Curvature | None = None,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        return self._suited(y_true, raw_prediction, sample_weight).gradient_hessian(
            y_true, raw_prediction, sample_weight, curvature
        )

    def mean_loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """The mean absolute error, since the loss itself differs from round to round."""
        rows, _ = self._checked_rows(y_true, raw_prediction, sample_weight)
        with np.errstate(all="ignore"):  # of infinite rows
            size = np.abs(rows.raw_prediction.astype(np.float64) - rows.y_true)
            total = size.sum()
            if rows.weight is not None:
                counts = rows.weight > 0.0
                total = (rows.weight * size)[counts].sum()
        return float(total / total_weight(len(size), rows.weight))

    def _suited(self, y_true, raw_prediction, sample_weight):
        (y, f, weight), _ = self._checked_rows(y_true, raw_prediction, sample_weight)
        with np.errstate(all="ignore"):  # what is not finite is refused
            error = f - y
        return self.fitted(error, weight)

    def _best_constant(self, y, weight):
        return self.fitted(y - weighted_quantile(y, weight, 0.5), weight)._best_constant(y, weight)

    def _unknown(self, what: str) -> ValueError:
        return ValueError(
            f"{self!r} has no {what} before it is fitted to residuals: see its method `fitted`, or give it numbers, as "
            f"in {self.example!r}."
        )
