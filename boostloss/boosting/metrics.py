"""Metrics of a user beside a loss: beside a custom objective the libraries hand over raw predictions."""

from functools import wraps
from typing import Any

import numpy as np

from boostloss.losses.base import Loss
from boostloss.losses.distributions import Distribution, LocationScale

LEAST_PROBABILITY = 1e-15  # of a label, in LightGBM's own metrics


def of_predictions(loss: Loss, function: Any, but: type) -> Any:
    """A callable as it is meant, of the predictions that the library's own objectives give; all else as it is.

    Parameters
    ----------
    loss : Loss
    function : object
        ``(y_true, y_pred, ...)``: of probabilities where the loss is binary.
    but : type
        Of the callables that expect raw predictions.

    Returns
    -------
    object
    """
    if not callable(function) or isinstance(function, but):
        return function

    @wraps(function)
    def metric(y_true: Any, raw_prediction: Any, *others: Any, **options: Any) -> Any:
        target = loss.targets(y_true) if isinstance(loss, Distribution) else y_true
        return function(target, loss.inverse_link(raw_prediction), *others, **options)

    return metric


def meaning(loss: Loss) -> tuple[Any, ...]:
    """What raw predictions stand for: how many they are, and of a distribution which, and whether of a logarithm."""
    of_logarithm = isinstance(loss, LocationScale) and loss.positive
    return loss.outputs if isinstance(loss, Distribution) else loss.n_outputs, of_logarithm


def check_same_link(loss: Loss, other: Loss, parameter: str) -> None:
    """Refuse a loss as a metric of raw predictions that it would read through another link, or that are others."""
    if loss.task == "regression" and meaning(other) != meaning(loss):
        raise ValueError(
            f"{parameter} must not be {other!r} beside {loss!r}, which has other raw predictions. Leave it out, or "
            "give a callable."
        )
    if loss.task == "regression" and other.link_name != loss.link_name:
        raise ValueError(
            f"{parameter} must not be {other!r} beside {loss!r}, which has another link: it would take raw predictions "
            "for its own. Leave it out, or give a callable."
        )


def raw_predictions_of(loss: Loss, other: Loss) -> Loss | None:
    """The loss whose raw predictions are to be translated for another one; None where they mean the same to both."""
    both_proper = all(getattr(each, "proper", False) for each in (loss, other))
    return None if loss.task == "regression" or both_proper or other == loss else loss


def mean_loss_of(other: Loss, loss: Loss | None, y_true: Any, raw: Any, weight: Any) -> float:
    """The mean of a loss, of the probabilities that raw predictions of a binary loss stand for, unless it is None."""
    if loss is None:
        return other.mean_loss(y_true, raw, weight)
    probability = loss.inverse_link(np.asarray(raw, np.float64))
    probability = np.clip(probability, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    if probability.ndim == 1:
        return other.mean_loss(y_true, other.link(probability), weight)
    if not getattr(other, "proper", False):
        raise ValueError(
            f"the metric must not be {other!r} beside {loss!r} and {probability.shape[1]} classes: nothing tells its "
            "scores by their probabilities. Take Logistic(), or a callable."
        )
    return other.mean_loss(y_true, np.log(probability), weight)


def check_readable(loss: Loss, name: str, parameter: str) -> None:
    """Refuse the name of a metric that would compare a target with several predictions, or with raw ones of a link."""
    if loss.n_outputs > 1:
        raise ValueError(
            f"{parameter} must not be {name!r} beside {loss!r}: it is of one prediction a row. Leave it out, or give a "
            "metric of your own."
        )
    if loss.link_name != "identity" and loss.task == "regression":
        raise ValueError(
            f"{parameter} must not be {name!r} beside {loss!r}, which has a link: it would compare raw predictions "
            "with the targets. Leave it out, or give a metric of your own."
        )
