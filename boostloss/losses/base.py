"""What every loss can do, from its formula and its parameters alone."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, MAJORIZER, Computation, Rows, evaluate
from boostloss.losses.intercept import argmin_constant
from boostloss.losses.pickles import FORM, read, written
from boostloss.losses.validation import (
    as_column,
    as_floats,
    as_given,
    check_finite,
    check_weight,
    lifted,
)

Curvature = Literal["exact", "majorizer"]
Task = Literal["regression", "binary"]
CURVATURES = {"exact": HESSIAN, "majorizer": MAJORIZER}


class Loss:
    """A loss function; its subclasses are frozen dataclasses.

    An instance is immutable and holds parameters only, so that one object serves every library, process and thread.
    It is itself the boosting objective that XGBoost and LightGBM take.

    Attributes
    ----------
    formula : callable
        The mathematics: target, raw prediction and `parameters` to loss, gradient, Hessian and majorizer.
    task : {"regression", "binary"}
        What the target is: a number, or a label 0 or 1.
    curvature : {"exact", "majorizer"}
        The curvature that serves Newton's method best, as it measured.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Cauchy(scale=2.0)
    >>> isinstance(loss, bl.Loss)
    True
    >>> loss.mean_loss([0.0, 0.0], [2.0, 200.0], sample_weight=[3.0, 1.0])
    2.43...
    >>> {loss: 1}[bl.from_string("Cauchy(2)")]  # a value, like a number
    1
    """

    formula: ClassVar[Callable[..., tuple[Any, Any, Any, Any]]]
    task: ClassVar[Task]
    curvature: ClassVar[Curvature] = "majorizer"
    link_name: ClassVar[str] = "identity"  # of a prediction: or "log" or "logit"
    # Of the curvature: whether boosting smooths the loss to have one, and whether it keeps a share of the largest.
    kinked: ClassVar[bool] = False
    floored: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if inspect.isfunction(vars(cls).get("formula")):  # not a method: it takes no `self`
            cls.formula = staticmethod(cls.formula)

    def __copy__(self) -> "Loss":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Loss":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return written(type(self), {name: getattr(self, name) for name in self._given_names()})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read a pickle of version 0.1.0: the attributes, of adaptive losses as well in the place of a plain one."""
        given = {name: state[name] for name in self._given_names() if name in state}
        made = read(FORM, "0.1.0", type(self), given)
        object.__setattr__(self, "__class__", type(made))
        vars(self).update(vars(made))

    def _given_names(self) -> list[str]:
        return [field.name for field in fields(self) if field.init]  # type: ignore[arg-type]

    def given_parameters(self) -> dict[str, Any]:
        """The parameters by name, as they are given to the class."""
        return {name: getattr(self, name) for name in self._given_names()}

    def with_parameters(self, **changes: Any) -> "Loss":
        """The loss that has other values for some parameters.

        Parameters
        ----------
        **changes
            As for the class, ``"adaptive"`` among them.

        Returns
        -------
        Loss

        Raises
        ------
        ValueError
            If the loss has no such parameter, or a value is out of its range.
        """
        given = self.given_parameters()
        for name in changes.keys() - given.keys():
            allowed = f"it has {', '.join(given)}" if given else "it has none"
            raise ValueError(f"{name!r} is no parameter of {self!r}: {allowed}.")
        return self._remade(given | changes)

    def _remade(self, given: dict[str, Any]) -> "Loss":
        return type(self)(**given)

    @property
    def parameters(self) -> tuple[float, ...]:
        """What the formula takes after the target and the raw prediction."""
        return tuple(vars(self).values())

    @property
    def n_outputs(self) -> int:
        """Raw predictions a row, of a regression."""
        return 1

    @property
    def least_share(self) -> float:
        """The share of the largest curvature that boosting keeps of every row, however far it is off.

        Newton's steps stay bounded where a loss is not convex, and no leaf runs away with a few outliers, whose
        curvatures alone would be next to 0. `benchmarks/curvature.py` compares shares.
        """
        return 0.1 if self.floored else 0.0

    @property
    def largest_curvature(self) -> float:
        """The largest curvature of a row; of the lighter label where they differ, at the minimum if it is infinite."""
        return 1.0

    @property
    def valley(self) -> float:
        """How narrow the minima of the total loss may be, where it has several; 0 where the loss is convex."""
        return 0.0

    @property
    def boosted_as(self) -> "Loss":
        """The loss that is boosted in the place of this one: itself, or a multiple of it."""
        return self

    def loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.floating]:
        """The loss of every row.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Targets: integers, floats or booleans; None, and what a mask hides, is NaN. Of many classes positions from
            0; of two or more a probability for each class, in shape (n_samples, n_classes).
        raw_prediction : array-like of shape (n_samples,)
            Predictions before the inverse link; several levels, and many classes, have a column each. Two float32
            arrays give a float32 array, and are computed in float32 where it holds the squares of the parameters;
            anything else gives float64. An array in the memory of a GPU is copied, as `y_true` and `sample_weight`
            are, and so is the result.
        sample_weight : array-like of shape (n_samples,), optional
            Case weights from 0 to 1e150, multiplied into the result; 0 gives 0, though the loss of the row be infinite.

        Returns
        -------
        ndarray of shape (n_samples,)
            Of several levels a column for each.

        Raises
        ------
        TypeError
            If an array holds dates, texts, complex numbers or other things than numbers.
        ValueError
            If shapes differ, a weight is out of its range, or a label is not 0 or 1 (binary losses).
        """
        found = self._computed((LOSS,), y_true, raw_prediction, sample_weight)
        return as_given(raw_prediction, found)[0]

    def gradient_hessian(
        self,
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None = None,
        curvature: Curvature | None = None,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Gradient and curvature of every row with respect to the raw prediction.

        Parameters
        ----------
        y_true, raw_prediction, sample_weight
            As for `loss`.
        curvature : {"exact", "majorizer"}, optional
            The second derivative, which may be zero or negative, or the curvature of a quadratic that touches the loss
            at the prediction and lies above it everywhere else. The default is the loss's own choice.

        Returns
        -------
        gradient, hessian : ndarray of shape (n_samples,)
            Or of the shape of `raw_prediction`, by each raw prediction: the diagonal of the Hessian.
        """
        outputs = GRADIENT, self.curvature_output(curvature)
        found = self._computed(outputs, y_true, raw_prediction, sample_weight)
        gradient, hessian = as_given(raw_prediction, found)
        return gradient, hessian

    def mean_loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """The weighted mean of the loss, which early stopping minimises.

        Parameters
        ----------
        y_true, raw_prediction, sample_weight
            As for `loss`.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            As for `loss`, and if there is no row of positive weight.
        """
        (losses,) = self._computed((LOSS,), y_true, raw_prediction, sample_weight, np.float64)
        columns = losses.size / max(len(losses), 1)
        weight = columns * total_weight(len(losses), sample_weight)
        # The sum of large losses may be infinite; infinite predictions may have no loss.
        with np.errstate(over="ignore", invalid="ignore"):
            return float(losses.sum() / weight)

    def fit_intercept(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The constant raw prediction of least weighted loss.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If there is no row of positive weight, or the target is not valid for the loss.
        """
        y = self.check_target(y_true)
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        if len(y) == 0 or (weight is not None and not weight.any()):
            raise ValueError("fit_intercept needs a row of positive weight, all weights are zero.")
        return self._best_constant(y, None if weight is None else lifted(weight))

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        """The raw prediction of a prediction: the identity for regression, of a probability for binary losses."""
        return as_floats(y_pred, "y_pred")

    def inverse_link(self, raw_prediction: ArrayLike) -> NDArray[np.floating]:
        """The prediction of a raw prediction: the identity for regression, a probability for binary losses."""
        raw = as_floats(raw_prediction, "raw_prediction")
        if type(self).response is Loss.response:  # the identity: no copy of a long column
            return raw
        with np.errstate(all="ignore"):  # a NaN stays one
            return np.asarray(self.response(raw.astype(np.float64, copy=False)), raw.dtype)

    def response(self, raw: Any) -> Any:
        """`inverse_link` of whatever kind of number `boostloss.ops` computes with."""
        return raw

    def check_target(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """The target as a 1-d float array.

        Raises
        ------
        TypeError
            If it holds other things than numbers.
        ValueError
            If it is not one-dimensional and finite.
        """
        y = as_column(y_true, "y_true")
        check_finite(y, "y_true")
        return y

    def curvature_output(self, curvature: str | None = None) -> int:
        """The place of a curvature, by default the loss's own choice, among what the formula returns."""
        name = self.curvature if curvature is None else curvature
        if name not in CURVATURES:
            raise ValueError(f"curvature must be one of {list(CURVATURES)}, got {curvature!r}.")
        return CURVATURES[name]

    # How the boosting libraries call a loss; `boostloss.boosting.objective` knows their conventions.

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The objective of XGBoost and LightGBM: ``(y_true, y_pred[, sample_weight])`` or ``(y_pred, dataset)``.

        Where `y_pred` is in the memory of a GPU, so are gradient and curvature, arrays of the same library.
        """
        from boostloss.boosting.objective import call_objective

        return call_objective(self, y_true, y_pred, sample_weight)

    no_jit: ClassVar[bool] = True

    def calc_ders_range(self, *arguments: Any) -> None:
        """Refuse CatBoost, which takes ``boostloss.catboost.objective(loss)`` instead."""
        from boostloss.boosting.objective import refuse_catboost

        refuse_catboost(self)

    def _best_constant(self, y: NDArray, weight: NDArray | None) -> float:
        return argmin_constant(self, y, weight, self.valley)

    def _computed(
        self,
        outputs: tuple[int, ...],
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None,
        dtype: DTypeLike | None = None,
    ) -> list[NDArray[np.floating]]:
        """An array for each output of the formula."""
        rows, common = self._checked_rows(y_true, raw_prediction, sample_weight)
        return evaluate(Computation(self.formula, outputs, self.parameters), rows, dtype or common)

    def _checked_rows(self, y_true, raw_prediction, sample_weight):
        y, f = as_column(y_true, "y_true"), as_column(raw_prediction, "raw_prediction")
        if len(y) != len(f):
            raise ValueError(f"y_true has {len(y)} rows, raw_prediction has {len(f)}.")
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        return Rows(y, f, weight), np.result_type(y, f)


def total_weight(n: int, sample_weight: ArrayLike | None) -> float:
    """The sum of the weights, or the number of rows."""
    total = float(n)
    if sample_weight is not None:
        total = float(as_column(sample_weight, "sample_weight").sum(dtype=np.float64))
    if total == 0.0:
        raise ValueError("There must be a row of positive weight, to have a mean loss.")
    return total
