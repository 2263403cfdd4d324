"""What judges predictions: scikit-learn's metrics under the names that ``--metric`` takes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics

from boostloss.compare.data import Task
from boostloss.losses.distributions import Distribution
from boostloss.metrics import crps, negative_log_likelihood


def percentage_error(y: np.ndarray, prediction: np.ndarray, **options: Any) -> float:
    """The mean absolute error as a share of the target; NaN where a target is 0."""
    if not y.all():
        return np.nan
    return metrics.mean_absolute_percentage_error(y, prediction, **options)


def bias(y: np.ndarray, prediction: np.ndarray, sample_weight: Any = None) -> float:
    """The size of the mean error: of predictions that are too high or too low on the whole."""
    return float(abs(np.average(prediction - y, weights=sample_weight)))


def accuracy(y: np.ndarray, probability: np.ndarray, **options: Any) -> float:
    """The share of rows whose most probable class is theirs."""
    return metrics.accuracy_score(y, probability.argmax(axis=1), **options)


def balanced_accuracy(y: np.ndarray, probability: np.ndarray, **options: Any) -> float:
    """The mean over the classes, of those that occur, of their rows' accuracy."""
    found = probability.argmax(axis=1)
    return metrics.recall_score(y, found, labels=np.unique(y), average="macro", **options)


def one_against_rest(y: np.ndarray, probability: np.ndarray, **options: Any) -> float:
    """The mean of the areas under the curve of every class that occurs against the others; NaN of one class."""
    classes = np.unique(y).astype(int)
    if len(classes) < 2:
        return np.nan
    areas = [metrics.roc_auc_score(y == k, probability[:, k], **options) for k in classes]
    return float(np.mean(areas))


def class_log_loss(y: np.ndarray, probability: np.ndarray, **options: Any) -> float:
    """The log-loss, where some class may not occur."""
    labels = np.arange(probability.shape[1])
    # In float32 the probabilities of a row miss a sum of 1 by more than scikit-learn likes.
    share = probability / probability.sum(axis=1, keepdims=True)
    return metrics.log_loss(y, share, labels=labels, **options)


# One level or several at which predictions are judged; None where they are not judged as quantiles.
Level = float | tuple[float, ...] | None

# The first of a task is its default.
METRICS: dict[Task, dict[str, Callable[..., float]]] = {
    "regression": {
        "mae": metrics.mean_absolute_error,
        "rmse": metrics.root_mean_squared_error,
        "medae": metrics.median_absolute_error,
        "mape": percentage_error,
        "bias": bias,
        "r2": metrics.r2_score,
    },
    "binary": {
        "log-loss": metrics.log_loss,
        "average-precision": metrics.average_precision_score,
        "auc": metrics.roc_auc_score,
        "brier": metrics.brier_score_loss,
    },
    "multiclass": {
        "log-loss": class_log_loss,
        "accuracy": accuracy,
        "balanced-accuracy": balanced_accuracy,
        "auc": one_against_rest,
    },
}
DISTRIBUTION_METRICS: dict[str, Callable[..., float]] = {
    "nll": negative_log_likelihood,
    "crps": crps,
}
INTERVAL = 0.9  # the level of the distributions' intervals
ON_REQUEST = ("medae", "mape", "bias", "r2")  # the tables show these only where they rank
INTERVAL_METRICS = "coverage", "width"
QUANTILE_METRICS = ("pinball", *INTERVAL_METRICS)  # the width of an interval, of several levels
DIFFERENCES = ("nll",)  # of which no shares are told: their zero depends on the unit of the target
HIGHER_IS_BETTER = ("average-precision", "auc", "r2", "accuracy", "balanced-accuracy")
HEADINGS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "medae": "median error",
    "mape": "MAPE",
    "bias": "|bias|",
    "r2": "R²",
    "log-loss": "log-loss",
    "average-precision": "av. precision",
    "auc": "AUC",
    "brier": "Brier",
    "accuracy": "accuracy",
    "balanced-accuracy": "bal. accuracy",
    "pinball": "pinball",
    "nll": "NLL",
    "crps": "CRPS",
    "coverage": "coverage",
    "width": "width",
}


def allowed(task: Task) -> tuple[str, ...]:
    """What may rank the losses of a task."""
    return (*METRICS[task], *(DISTRIBUTION_METRICS if task == "regression" else ()))


def score(
    y: np.ndarray,
    prediction: np.ndarray,
    task: Task,
    quantile: Level = None,
    weight: np.ndarray | None = None,
    distribution: Distribution | None = None,
) -> dict[str, float]:
    """All metrics of the task, or those of one or several quantiles or of a distribution, weighted.

    Several quantiles have the mean of their pinball losses, and the coverage and width of the interval between the
    outer ones. With a distribution `prediction` holds its raw predictions.
    """
    if distribution is not None:
        predicted = distribution.distribution(prediction)
        found = {name: f(y, predicted, weight) for name, f in DISTRIBUTION_METRICS.items()}
        low, high = predicted.interval(INTERVAL)
        return found | _interval(y, low, high, weight)
    if isinstance(quantile, tuple):
        each = [
            metrics.mean_pinball_loss(y, column, alpha=level, sample_weight=weight)
            for level, column in zip(quantile, prediction.T, strict=True)
        ]
        outer = _interval(y, prediction[:, 0], prediction[:, -1], weight)
        return {"pinball": float(np.mean(each))} | outer
    if quantile is not None:
        pinball = metrics.mean_pinball_loss(y, prediction, alpha=quantile, sample_weight=weight)
        coverage = np.average(y <= prediction, weights=weight)
        return {"pinball": float(pinball), "coverage": float(coverage)}
    return {
        name: float(metric(y, prediction, sample_weight=weight))
        for name, metric in METRICS[task].items()
    }


def _interval(
    y: np.ndarray, low: np.ndarray, high: np.ndarray, weight: np.ndarray | None
) -> dict[str, float]:
    """The share of targets within intervals, and their mean width."""
    return {
        "coverage": float(np.average((low <= y) & (y <= high), weights=weight)),
        "width": float(np.average(high - low, weights=weight)),
    }
