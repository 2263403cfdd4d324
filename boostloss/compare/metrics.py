"""What judges predictions: scikit-learn's metrics under the names that ``--metric`` takes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics

from boostloss.compare.data import Task


def percentage_error(y: np.ndarray, prediction: np.ndarray, **options: Any) -> float:
    """The mean absolute error as a share of the target; NaN where a target is 0."""
    if not y.all():
        return np.nan
    return metrics.mean_absolute_percentage_error(y, prediction, **options)


# The first of a task is its default.
METRICS: dict[Task, dict[str, Callable[..., float]]] = {
    "regression": {
        "mae": metrics.mean_absolute_error,
        "rmse": metrics.root_mean_squared_error,
        "medae": metrics.median_absolute_error,
        "mape": percentage_error,
        "r2": metrics.r2_score,
    },
    "binary": {
        "log-loss": metrics.log_loss,
        "average-precision": metrics.average_precision_score,
        "auc": metrics.roc_auc_score,
        "brier": metrics.brier_score_loss,
    },
}
ON_REQUEST = ("medae", "mape", "r2")  # the tables show these only where they rank
QUANTILE_METRICS = ("pinball", "coverage")
HIGHER_IS_BETTER = ("average-precision", "auc", "r2")
HEADINGS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "medae": "median error",
    "mape": "MAPE",
    "r2": "R²",
    "log-loss": "log-loss",
    "average-precision": "av. precision",
    "auc": "AUC",
    "brier": "Brier",
    "pinball": "pinball",
    "coverage": "coverage",
}


def score(
    y: np.ndarray,
    prediction: np.ndarray,
    task: Task,
    quantile: float | None = None,
    weight: np.ndarray | None = None,
) -> dict[str, float]:
    """All metrics of the task, or those of a quantile, weighted."""
    if quantile is not None:
        pinball = metrics.mean_pinball_loss(y, prediction, alpha=quantile, sample_weight=weight)
        coverage = np.average(y <= prediction, weights=weight)
        return {"pinball": float(pinball), "coverage": float(coverage)}
    return {
        name: float(metric(y, prediction, sample_weight=weight))
        for name, metric in METRICS[task].items()
    }
