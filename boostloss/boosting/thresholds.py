"""The threshold of `FBeta`, which rows tell that have not trained: those that have are too sure of their labels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from boostloss.boosting.adaptation import adaptation_of, held_out
from boostloss.boosting.objective import call_objective
from boostloss.losses.base import Loss
from boostloss.losses.f_beta import FBeta


def run_of(loss: Loss, start_from: Any = None) -> Any:
    """The objective of one training run of a loss that learns something; None where the loss itself is one."""
    return Watched(loss) if isinstance(loss, FBeta) else adaptation_of(loss, start_from)


def has_both(label: NDArray, weight: NDArray) -> bool:
    """Whether there are rows of both labels, by the probability of label 1."""
    counted = label[weight > 0.0]
    return bool((counted > 0.0).any() and (counted < 1.0).any())


class Watched:
    """The objective of one training run of `FBeta`: `Logistic`, but that rows held out get zeros."""

    def __init__(self, loss: FBeta):
        self.loss = loss
        self.rows: NDArray[np.intp] | None = None
        self.weight: NDArray | None = None  # of these rows
        self.both = True  # whether the rows that train have both labels

    def __deepcopy__(self, memo: dict[int, Any]) -> "Watched":
        return self  # LightGBM trains with a copy of the objective

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self.rows is None:
            self.rows = held_out(len(y_pred), sample_weight)
            self.watch(self.rows, np.asarray(y_true), sample_weight)
        gradient, hessian = call_objective(self.loss.of_row, y_true, y_pred, sample_weight)
        gradient[self.rows] = hessian[self.rows] = 0.0
        return gradient, hessian

    def watch(self, rows: NDArray[np.intp], y: NDArray, weight: NDArray | None) -> None:
        """Remember what is known of the rows."""
        label = y[:, 1] if y.ndim == 2 else y
        self.both = has_both(label, np.ones(len(y)) if weight is None else np.asarray(weight))
        if weight is not None:
            self.weight = np.asarray(weight)[rows if len(rows) else slice(None)]

    def fitted(self, X: Any, start: Any, raw_prediction: Callable[[Any, Any], NDArray]) -> FBeta:
        """The loss with the threshold, one half where only one label has trained."""
        if not self.both:
            return FBeta(self.loss.beta, 0.5)
        if self.rows is not None and len(self.rows):
            X = _safe_indexing(X, self.rows)
            start = None if start is None else np.asarray(start)[self.rows]
        return self.loss.fitted(self.loss.inverse_link(raw_prediction(X, start)), self.weight)


def decided(
    run: Any, loss: Any, X: Any, start: Any, raw_prediction: Callable[[Any, Any], NDArray]
) -> Any:
    """The loss of a fitted model, with what has been learned of its labels.

    Parameters
    ----------
    run : object
        What `run_of` has made of the loss.
    loss : Loss or None
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The table that has trained.
    start : array-like of shape (n_samples,) or None
        The raw predictions to begin with.
    raw_prediction : callable
        Of some rows of both, by the fitted model.
    """
    return run.fitted(X, start, raw_prediction) if isinstance(run, Watched) else loss
