"""What XGBoost evaluates beside a custom objective, where every metric of Python is handed raw predictions."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import xgboost as xgb
from numpy.typing import ArrayLike

from boostloss.boosting.estimators import given_loss
from boostloss.boosting.intervals import of_same_targets
from boostloss.boosting.metrics import (
    check_readable,
    check_same_link,
    mean_loss_of,
    of_predictions,
    raw_predictions_of,
)
from boostloss.boosting.objective import metric_name, read_call, require_loss
from boostloss.boosting.start import user_level
from boostloss.losses.base import Loss


def metric(loss: Loss, factor: float = 1.0) -> Callable:
    """The mean loss, for ``custom_metric`` of `xgboost.train` and ``eval_metric`` of its estimators.

    It is meant for the raw predictions that XGBoost hands to a metric beside a custom objective, and is to be
    minimised.

    Parameters
    ----------
    loss : Loss
    factor : float, default 1.0
        XGBoost keeps six decimals of a custom metric, which is too few for a mean loss like 1e-9: it is
        multiplied by this factor, and its name says so. The estimators of this module need none.

    Returns
    -------
    callable

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.xgboost import metric
    >>> round(metric(bl.Huber(2.0), factor=1e6)([0.0, 0.0], [1e-4, 2e-4]), 6)
    0.0125
    """
    require_loss(loss)
    if not 0.0 < factor < math.inf:
        raise ValueError(f"factor must be a positive finite number, got {factor!r}.")
    return Metric(loss, float(factor))


def evaluated(loss: Loss, eval_metric: Any) -> Any:
    """The `eval_metric` of a user, alone or in a list, as it is to be evaluated beside a loss."""
    if isinstance(eval_metric, list | tuple):
        return [evaluated(loss, each) for each in eval_metric]
    if given_loss(eval_metric, "eval_metric") is not None:
        eval_metric = metric(eval_metric)
    if isinstance(eval_metric, Metric):
        other = eval_metric.loss
        check_same_link(loss, other, "eval_metric")
        eval_metric = replace(
            eval_metric, loss=of_same_targets(loss, other), raw_of=raw_predictions_of(loss, other)
        )
    if isinstance(eval_metric, str):
        check_readable(loss, eval_metric, "eval_metric")
    return of_predictions(loss, eval_metric, but=Metric)


@dataclass(frozen=True)
class Metric:
    """The mean loss, as XGBoost calls metrics of both its interfaces."""

    loss: Loss
    factor: float
    raw_of: Loss | None = None  # the loss whose raw predictions it gets, where it is another one

    @property
    def __name__(self) -> str:
        name = metric_name(self.loss)
        return name if self.factor == 1.0 else f"{name}*{self.factor:g}"

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
    ) -> float | tuple[str, float]:
        native = hasattr(y_pred, "get_label")
        y_true, y_pred, sample_weight = read_call(y_true, y_pred, sample_weight)
        value = self.factor * self.mean_loss(y_true, y_pred, sample_weight)
        if 0.0 < value < 1e-4:
            warnings.warn(
                "XGBoost keeps six decimals of a custom metric, too few for this mean of "
                f"{self.loss!r}: give boostloss.xgboost.metric a factor such as 1e6, or use the "
                "estimators of boostloss.xgboost, which keep all decimals.",
                stacklevel=user_level(),
            )
        return (self.__name__, value) if native else value

    def mean_loss(self, *rows: Any) -> float:
        return mean_loss_of(self.loss, self.raw_of, *rows)


class UnroundedMetric(xgb.callback.TrainingCallback):
    """The metric of one fit; as a callback it puts back the digits that XGBoost cuts off."""

    def __init__(self, loss: Loss):
        self.loss = loss
        self.__name__ = metric_name(loss)
        self.values: list[float] = []

    def __call__(self, y_true, y_pred, sample_weight=None) -> float:
        self.values.append(self.mean_loss(y_true, y_pred, sample_weight))
        return self.values[-1]

    def mean_loss(self, *rows: Any) -> float:
        return self.loss.mean_loss(*rows)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        for log, value in zip(evals_log.values(), self.values, strict=True):
            log[self.__name__][-1] = value
        self.values.clear()
        return False
