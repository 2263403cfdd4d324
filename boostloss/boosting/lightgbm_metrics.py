"""What LightGBM evaluates beside a custom objective, where every metric is handed raw predictions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.boosting.estimators import given_loss
from boostloss.boosting.intervals import of_same_targets
from boostloss.boosting.lightgbm_parameters import metrics_in
from boostloss.boosting.metrics import (
    LEAST_PROBABILITY,
    check_readable,
    check_same_link,
    mean_loss_of,
    of_predictions,
    raw_predictions_of,
)
from boostloss.boosting.objective import metric_name, read_call, require_loss
from boostloss.boosting.targets import predicted_labels, probabilities
from boostloss.losses.base import Loss


def metric(loss: Loss) -> Callable:
    """The mean loss, for ``feval`` of `lightgbm.train` and ``eval_metric`` of its estimators.

    It is meant for the raw predictions that LightGBM hands to a metric beside a custom objective.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    callable

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.lightgbm import metric
    >>> metric(bl.Huber(2.0))([0.0, 0.0], [1.0, 2.0])
    ('Huber', 1.25, False)
    """
    return _Metric(require_loss(loss), metric_name(loss))


@dataclass(frozen=True)
class _Metric:
    """A metric of the raw prediction, called as LightGBM's `feval` or as the `eval_metric` of an estimator."""

    loss: Loss
    name: str
    raw_of: Loss | None = None  # the loss whose raw predictions it gets, where it is another one

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[str, float, bool]:
        y_true, y_pred, sample_weight = read_call(y_true, y_pred, sample_weight)
        higher_is_better = False
        return self.name, self.value(y_true, y_pred, sample_weight), higher_is_better

    def value(self, y_true: NDArray, y_pred: NDArray, sample_weight: Any) -> float:
        return mean_loss_of(self.loss, self.raw_of, y_true, y_pred, sample_weight)


class _ProbabilityLogLoss(_Metric):
    """LightGBM's binary_logloss and multi_logloss, which take raw predictions for probabilities here."""

    def value(self, y_true: NDArray, y_pred: NDArray, sample_weight: Any) -> float:
        probability = probabilities(self.loss, y_pred)
        probability = np.clip(probability, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
        likelihood = np.take_along_axis(probability, y_true.astype(np.intp)[:, None], axis=1)[:, 0]
        return float(np.average(-np.log(likelihood), weights=sample_weight))


class _ProbabilityError(_Metric):
    """LightGBM's binary_error and multi_error, likewise."""

    def value(self, y_true: NDArray, y_pred: NDArray, sample_weight: Any) -> float:
        found = probabilities(self.loss, y_pred)
        label = predicted_labels(np.arange(found.shape[1]), found)
        return float(np.average(label != y_true, weights=sample_weight))


ON_PROBABILITIES = {
    "binary_logloss": _ProbabilityLogLoss,
    "binary_error": _ProbabilityError,
    "multi_logloss": _ProbabilityLogLoss,
    "multi_error": _ProbabilityError,
}
# LightGBM's
ALIASES = {"binary": "binary_logloss", "multiclass": "multi_logloss", "softmax": "multi_logloss"}
ON_SCORES = {"auc", "average_precision", "None", "none", "null", "custom", "na"}


def evaluated(loss: Loss, eval_metric: Any, params: dict[str, Any]) -> list[Any]:
    """What LightGBM evaluates: what is asked for and, unless `metric` says otherwise, the loss."""
    asked = eval_metric if isinstance(eval_metric, list) else [eval_metric]
    names = metrics_in(params)
    wanted = [of_raw_predictions(loss, each) for each in [*asked, *names] if each is not None]
    return wanted if names or metric(loss) in wanted else [*wanted, metric(loss)]


def of_raw_predictions(loss: Loss, wanted: Any) -> Any:
    """What to evaluate in place of a metric: as it is, it would take raw predictions for predictions."""
    if given_loss(wanted, "metric") is not None:
        wanted = metric(wanted)
    if isinstance(wanted, _Metric):
        other = wanted.loss
        check_same_link(loss, other, "metric")
        wanted = replace(
            wanted, loss=of_same_targets(loss, other), raw_of=raw_predictions_of(loss, other)
        )
    if callable(wanted):
        return of_predictions(loss, wanted, but=_Metric)
    if wanted in ON_SCORES:
        return wanted
    if loss.task != "binary":
        check_readable(loss, wanted, "metric")
        return wanted
    name = ALIASES.get(wanted, wanted)
    if name not in ON_PROBABILITIES:
        names = sorted(ON_SCORES | set(ON_PROBABILITIES) | set(ALIASES))
        raise ValueError(
            f"metric must be a callable or one of {names}, got {wanted!r}, "
            "which LightGBM does not compute from raw predictions."
        )
    return ON_PROBABILITIES[name](loss, name)
