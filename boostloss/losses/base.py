"""What every loss can do, from its formula and its parameters alone."""

import math
import sys
import warnings
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, MAJORIZER, evaluate, fill
from boostloss.losses.intercept import argmin_constant
from boostloss.losses.validation import as_column, check_finite, check_weight

Curvature = Literal["exact", "majorizer"]
CURVATURES = {"exact": HESSIAN, "majorizer": MAJORIZER}
LIBRARIES = {"boostloss", "xgboost", "lightgbm", "catboost", "_catboost"}  # not the user's code
# Of the largest curvature, the share that a row keeps in boosting however far it is off. Newton's steps stay bounded
# where a loss is not convex, and no leaf runs away with a few outliers, whose curvatures alone would be next to 0.
GUARD = 0.1
START_SAMPLE = 10_000  # rows that decide whether a start is far off


class Loss:
    """A loss function for gradient boosting; its subclasses are frozen dataclasses.

    An instance is immutable and holds parameters only, so that one object serves every library, process and thread.
    It is itself the boosting objective that XGBoost and LightGBM take.
    """

    formula: ClassVar[Callable[..., tuple[Any, Any, Any, Any]]]
    task: ClassVar[Literal["regression", "binary"]]
    curvature: ClassVar[Curvature] = "majorizer"

    def __copy__(self) -> "Loss":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Loss":
        return self

    @property
    def parameters(self) -> tuple[float, ...]:
        """What the formula takes after the target and the raw prediction."""
        return tuple(vars(self).values())

    @property
    def unit(self) -> float:
        """The factor that makes the largest curvature 1, as that of squared error.

        Boosters measure ``min_child_weight`` and ``reg_lambda`` in units of the Hessian.
        """
        return 1.0

    @property
    def metric_name(self) -> str:
        """How the libraries report `mean_loss`."""
        return type(self).__name__

    @property
    def row_share(self) -> float:
        """For how much of a row a row counts in XGBoost's ``min_child_weight``."""
        return 1.0

    def loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.floating]:
        """The loss of every row.

        Parameters
        ----------
        y_true, raw_prediction : array-like of shape (n_samples,)
            Targets and predictions before the inverse link. Two float32 arrays are computed in float32, anything else
            in float64.
        sample_weight : array-like of shape (n_samples,), optional
            Non-negative case weights, multiplied into the result.

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        ValueError
            If shapes differ, a weight is negative, or a label is not 0 or 1 (binary losses).
        """
        y, f, weight, dtype = self._rows(y_true, raw_prediction, sample_weight)
        return evaluate(self._formula, (LOSS,), y, f, weight, 1.0, self.parameters, dtype)[0]

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
        """
        y, f, weight, dtype = self._rows(y_true, raw_prediction, sample_weight)
        wanted = self._curvature(curvature)
        gradient, hessian = evaluate(
            self._formula, (GRADIENT, wanted), y, f, weight, 1.0, self.parameters, dtype
        )
        return gradient, hessian

    def direction(
        self,
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None = None,
        dtype: DTypeLike = np.float32,
        factor: float = 1.0,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Gradient and curvature as a booster is given them, without checks.

        They are multiplied by `unit`, and the curvature, the loss's default one, is at least a tenth of its largest
        value (not for `Logistic`).

        Parameters
        ----------
        y_true, raw_prediction, sample_weight
            As for `loss`.
        dtype : dtype, default float32
            Of the result.
        factor : float, default 1.0
            Multiplied into both.

        Returns
        -------
        gradient, hessian : ndarray of shape (n_samples,)
        """
        y, f = as_column(y_true), as_column(raw_prediction)
        weight = None if sample_weight is None else as_column(sample_weight)
        gradient, hessian = np.empty(len(f), dtype), np.empty(len(f), dtype)
        self._fill_direction([gradient, hessian], y, f, weight, factor)
        return gradient, hessian

    def _fill_direction(self, results, y, f, weight, factor, step=None):
        parameters, unit, floor = step or self._step(y, f, weight)
        outputs = (GRADIENT, self._curvature(None))
        fill(results, self._formula, outputs, y, f, weight, factor * unit, parameters, floor)

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
        """
        y, f = as_column(y_true), as_column(raw_prediction)
        weight = None if sample_weight is None else as_column(sample_weight)
        rows = evaluate(self._formula, (LOSS,), y, f, weight, 1.0, self.parameters, np.float64)[0]
        total = len(rows) if weight is None else weight.sum(dtype=np.float64)
        return float(rows.sum() / total)

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
        return self._best_constant(y, weight)

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        """The raw prediction of a prediction: the identity for regression, of a probability for binary losses."""
        return np.asarray(y_pred)

    def inverse_link(self, raw_prediction: ArrayLike) -> NDArray[np.floating]:
        """The prediction of a raw prediction: the identity for regression, a probability for binary losses."""
        return np.asarray(raw_prediction)

    def check_target(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """The target as a 1-d float array.

        Raises
        ------
        ValueError
            If it is not one-dimensional and finite.
        """
        y = as_column(y_true, "y_true")
        check_finite(y, "y_true")
        return y

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The objective of XGBoost and LightGBM: ``(y_true, y_pred[, sample_weight])`` or ``(y_pred, dataset)``."""
        if hasattr(y_pred, "get_label"):
            y_pred, (y_true, sample_weight) = y_true, label_weight(y_pred)
        y_pred = np.asarray(y_pred)
        if y_pred.ndim == 2 and y_pred.shape[1] > 1:
            raise ValueError(
                f"{self!r} has one prediction per row, got predictions of shape {y_pred.shape}."
            )
        y_pred = y_pred.ravel()
        if len(y_pred) and y_pred[0] == y_pred[-1] and (y_pred == y_pred[0]).all():
            self.check_start(y_true, float(y_pred[0]), sample_weight)
        return self.direction(y_true, y_pred, sample_weight, factor=self.row_share)

    no_jit: ClassVar[bool] = True  # CatBoost compiles, and changes, objects without this mark

    def calc_ders_range(self, *arguments: Any) -> None:
        """Say what CatBoost wants instead, which takes a loss itself for an objective of another kind."""
        raise TypeError(
            f"CatBoost takes boostloss.catboost.objective({self!r}) as loss_function, not the loss itself; "
            "the estimators of boostloss.catboost take both."
        )

    def adaptation(self) -> Any:
        """The objective that adapts the loss in one training run, or None where nothing is adaptive."""
        return None

    @property
    def _formula(self) -> Callable[..., Any]:
        return type(self).formula

    def _curvature(self, curvature: str | None) -> int:
        name = self.curvature if curvature is None else curvature
        if name not in CURVATURES:
            raise ValueError(f"curvature must be one of {list(CURVATURES)}, got {curvature!r}.")
        return CURVATURES[name]

    def _step(self, y: NDArray, f: NDArray, weight: NDArray | None) -> tuple[tuple, float, float]:
        """Parameters, unit and least curvature of one boosting round."""
        return self.parameters, self.unit, GUARD / self.unit

    def _best_constant(self, y: NDArray, weight: NDArray | None) -> float:
        return argmin_constant(self, y, weight)

    def _far(self, start: float, best: float, y: NDArray) -> bool:
        low, high = np.quantile(y, [0.25, 0.75])
        spread = (high - low) or np.abs(y - best).mean()  # outliers must not make all starts near
        return bool(abs(start - best) > spread)

    def check_start(self, y_true: ArrayLike, start: float, sample_weight: ArrayLike | None) -> None:
        """Warn, for the first round of a plain library, of a start far from the best constant.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
        start : float
            The raw prediction of every row.
        sample_weight : array-like of shape (n_samples,) or None
        """
        y = self.check_target(y_true)
        rows = slice(None, None, max(1, len(y) // START_SAMPLE))
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))[rows]
        if weight is not None and not weight.any():
            return
        best = self._best_constant(y[rows], weight)
        if self._far(start, best, y[rows]):
            # Without the start, which moves: Python shows a text once.
            base_score = f"{best:.6g} (XGBoost)"
            if self.task == "binary":
                base_score = f"{1.0 / (1.0 + math.exp(-best)):.6g} (XGBoost with binary:logistic)"
            warnings.warn(
                f"Boosting starts far from {best:.6g}, the best constant of {self!r}. Use the estimators of "
                "boostloss.xgboost, boostloss.lightgbm or boostloss.catboost, which start there, or set "
                f"base_score={base_score}, init_score={best:.6g} (LightGBM) or "
                f"baseline={best:.6g} (CatBoost).",
                UserWarning,
                stacklevel=user_level(),
            )

    def _rows(self, y_true, raw_prediction, sample_weight):
        y, f = as_column(y_true, "y_true"), as_column(raw_prediction, "raw_prediction")
        if len(y) != len(f):
            raise ValueError(f"y_true has {len(y)} rows, raw_prediction has {len(f)}.")
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        return y, f, weight, np.result_type(y, f)


def user_level() -> int:
    """The `stacklevel`, for the caller, of the code that called the boosting library."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] in LIBRARIES:
        level, frame = level + 1, frame.f_back
    return level


def label_weight(dataset: Any) -> tuple[NDArray, NDArray | None]:
    """Labels and weights of a DMatrix or a LightGBM Dataset; no weights are None or empty there."""
    weight = dataset.get_weight()
    return dataset.get_label(), None if weight is None or len(weight) == 0 else weight
