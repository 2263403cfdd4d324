"""Metrics of a user beside a loss: beside a custom objective the libraries hand over raw predictions."""

from functools import wraps
from typing import Any

from boostloss.losses.base import Loss
from boostloss.losses.distributions import Distribution, LocationScale


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
