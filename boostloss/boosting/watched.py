"""What rows tell that have not trained: the threshold of `FBeta`, and whether the scales of a distribution are right.

Those that have trained are too sure of their labels, and their errors are too small.
"""

import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from boostloss.boosting.adaptation import adaptation_of, held_out
from boostloss.boosting.estimators import rows_of_table
from boostloss.boosting.intervals import without_numbers
from boostloss.boosting.objective import call_objective
from boostloss.boosting.start import user_level
from boostloss.losses.base import Loss
from boostloss.losses.distributions import Distribution
from boostloss.losses.f_beta import FBeta

# A scale that is 22 % too small, or 18 % of the intervals of 90 % miss their target; and as many standard errors of
# what so many rows tell, 1 / sqrt(2 n) for the logarithm of a normal distribution's scale.
TOO_SMALL, ERRORS = 0.2, 3.0


def run_of(loss: Loss, start_from: Any = None, stops: bool = False) -> Any:
    """The objective of one training run of a loss that learns something; None where the loss itself is one.

    Where a training `stops` by rows of the user, these tell whether scales are right.
    """
    if isinstance(loss, Distribution) and loss.spread and not stops:
        return WatchedScales(loss)
    return WatchedLabels(loss) if isinstance(loss, FBeta) else adaptation_of(loss, start_from)


def has_both(label: NDArray, weight: NDArray) -> bool:
    """Whether there are rows of both labels, by the probability of label 1."""
    counted = label[weight > 0.0]
    return bool((counted > 0.0).any() and (counted < 1.0).any())


class Watched:
    """The objective of one training run, in which rows held out get zeros."""

    def __init__(self, loss: Any):
        self.loss = loss
        self.trained: Loss = loss  # what the other rows train
        self.rows: NDArray[np.intp] | None = None
        self.weight: NDArray | None = None  # of these rows

    def __deepcopy__(self, memo: dict[int, Any]) -> "Watched":
        return self  # LightGBM trains with a copy of the objective

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self.rows is None:
            self.rows = held_out(len(y_pred), sample_weight)
            self.watch(self.rows, np.asarray(y_true), sample_weight)
        given = self.computed(self.rows, y_true, y_pred)
        gradient, hessian = call_objective(self.trained, *given, sample_weight)
        gradient[self.rows] = hessian[self.rows] = 0.0
        return gradient, hessian

    def computed(self, rows: NDArray[np.intp], y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Targets and raw predictions of which derivatives are computed; those of the rows do not count."""
        return y_true, y_pred

    def watch(self, rows: NDArray[np.intp], y: NDArray, weight: NDArray | None) -> None:
        """Remember what is known of the rows."""
        if weight is not None:
            self.weight = np.asarray(weight)[rows if len(rows) else slice(None)]

    def fitted(self, X: Any, start: Any, raw_prediction: Callable[[Any, Any], NDArray]) -> Loss:
        """The loss of the fitted model, by the raw predictions of the rows."""
        raise NotImplementedError


class WatchedLabels(Watched):
    """That of `FBeta`, which trains `Logistic`."""

    def __init__(self, loss: FBeta):
        super().__init__(loss)
        self.trained = loss.of_row
        self.both = True  # whether the rows that train have both labels

    def watch(self, rows: NDArray[np.intp], y: NDArray, weight: NDArray | None) -> None:
        super().watch(rows, y, weight)
        label = y[:, 1] if y.ndim == 2 else y
        self.both = has_both(label, np.ones(len(y)) if weight is None else np.asarray(weight))

    def fitted(self, X: Any, start: Any, raw_prediction: Callable[[Any, Any], NDArray]) -> FBeta:
        """The loss with the threshold, one half where only one label has trained."""
        if not self.both:
            return FBeta(self.loss.beta, 0.5)
        if self.rows is not None and len(self.rows):
            X = rows_of_table(X, self.rows)
            start = None if start is None else start[self.rows]
        return self.loss.fitted(self.loss.inverse_link(raw_prediction(X, start)), self.weight)


class WatchedScales(Watched):
    """That of a distribution, whose scales become too small when trees learn the noise of their rows."""

    y: NDArray  # of the rows
    target: NDArray  # of all rows, in which others stand for these
    instead: NDArray[np.intp]

    def watch(self, rows: NDArray[np.intp], y: NDArray, weight: NDArray | None) -> None:
        super().watch(rows, y, weight)
        self.y = y[rows]
        others = np.setdiff1d(np.arange(len(y)), rows)
        self.instead = others[np.linspace(0, len(others) - 1, len(rows)).astype(np.intp)]
        self.target = np.array(y)
        self.target[rows] = y[self.instead]

    def computed(self, rows: NDArray[np.intp], y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Those of rows that train stand for these rows, whose errors may overflow."""
        if not len(rows):
            return y_true, y_pred
        raw = np.array(y_pred)
        raw[rows] = raw[self.instead]
        return self.target, raw

    def fitted(self, X: Any, start: Any, raw_prediction: Callable[[Any, Any], NDArray]) -> Loss:
        """The loss, and a warning if the scales are too small for rows that have not trained."""
        if self.rows is None or not len(self.rows):
            return self.loss
        start = None if start is None else start[self.rows]
        raw = np.asarray(raw_prediction(rows_of_table(X, self.rows), start), np.float64)
        warn_of_small_scales(self.loss, self.y, raw, self.weight)
        return self.loss


def warn_of_small_scales(
    loss: Distribution, y: NDArray, raw_prediction: NDArray, weight: NDArray | None
) -> None:
    """Warn if the scales of rows that have not trained are too small."""
    wider = np.array([float(name == loss.spread) for name in loss.outputs])
    with np.errstate(all="ignore"):
        found = minimize_scalar(
            lambda shift: loss.mean_loss(y, raw_prediction + shift * wider, weight),
            bounds=(-5.0, 5.0),
            method="bounded",
        )
    if found.x > TOO_SMALL + ERRORS / np.sqrt(2.0 * len(y)):
        warnings.warn(
            f"Predicted scales are too small: errors of rows that did not train are {np.exp(found.x):.2g} times as "
            "large as the model expects, since its trees have learned the noise of the others. Stop early, by rows "
            "in eval_set, or take fewer rounds, a smaller learning rate or smaller trees.",
            UserWarning,
            stacklevel=user_level(),
        )


def decided(
    run: Any,
    loss: Any,
    X: Any,
    start: Any,
    raw_prediction: Callable[[Any, Any], NDArray],
    order: Literal["C", "F"] = "C",
) -> Any:
    """The loss of a fitted model, with what has been learned from rows that were held out.

    Parameters
    ----------
    run : object
        What `run_of` has made of the loss.
    loss : Loss or None
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The table that has trained.
    start : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
        The raw predictions to begin with; several of a row in one dimension as well.
    raw_prediction : callable
        Of some rows of both, by the fitted model.
    order : {"C", "F"}, default "C"
        In which the library reads several of a row in one dimension: row by row, or column by column.
    """
    if not isinstance(run, Watched):
        return without_numbers(loss)
    if start is not None:
        start = np.reshape(start, (-1, loss.n_outputs) if loss.n_outputs > 1 else -1, order=order)
    return without_numbers(run.fitted(X, start, raw_prediction))
