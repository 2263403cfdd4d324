"""What the drop-in estimators of the three libraries have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from boostloss.boosting.adaptation import Adaptation
from boostloss.losses.base import Loss


def check_loss(loss: Any) -> Loss:
    """The loss, if it is one."""
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss such as boostloss.Huber(), got {loss!r}.")
    return loss


def check_task(loss: Loss, task: str, estimator: Any) -> None:
    """A regressor takes regression losses, a classifier binary ones."""
    if loss.task != task:
        raise ValueError(
            f"{type(estimator).__name__} takes a {task} loss, got {loss!r}, a {loss.task} loss."
        )


def forget(estimator: Any) -> None:
    """Drop what an earlier fit with a loss has left."""
    for name in ("loss_", "adaptation_"):
        vars(estimator).pop(name, None)


def remember(estimator: Any, objective: Any) -> None:
    """Keep what an adaptive loss has learned: an array for each parameter, with a value for each round."""
    if isinstance(objective, Adaptation):
        estimator.adaptation_ = objective.history


def encode_labels(y: ArrayLike) -> tuple[NDArray, NDArray[np.float32]]:
    """The two classes in order, and for every row the position, 0 or 1, of its own.

    Labels all 0 or all 1 are still of the classes 0 and 1; another single class is an error.
    """
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) == 1 and classes[0] in (0, 1):
        classes = np.array([0, 1], dtype=classes.dtype)
    if len(classes) > 2:
        raise ValueError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)}, with {len(classes)} classes."
        )
    if len(classes) < 2:
        raise ValueError(f"y must hold two classes, got {classes.tolist()}.")
    return classes, encode_as(classes, y)


def encode_as(classes: NDArray, y: ArrayLike, name: str = "y") -> NDArray[np.float32]:
    """The position of every label among the classes given to fit."""
    labels = column_or_1d(y)
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise ValueError(
            f"{name} must hold the classes {classes.tolist()} given to fit, "
            f"got {labels[unknown][:1].tolist()}."
        )
    return (labels == classes[1]).astype(np.float32)


def positive_weight(
    y_true: ArrayLike, sample_weight: ArrayLike | None, scale_pos_weight: float | None
) -> ArrayLike | None:
    """The weights, those of the rows of label 1 times `scale_pos_weight`."""
    if scale_pos_weight is None or scale_pos_weight == 1.0:
        return sample_weight
    factor = np.where(np.asarray(y_true) == 1, np.float32(scale_pos_weight), np.float32(1.0))
    return factor if sample_weight is None else factor * np.asarray(sample_weight)


@contextmanager
def overridden(estimator: Any, **attributes: Any) -> Iterator[None]:
    """Attributes of an estimator that hold for one fit and are not its parameters."""
    before = {name: vars(estimator)[name] for name in attributes if name in vars(estimator)}
    vars(estimator).update(attributes)
    try:
        yield
    finally:
        for name in attributes:
            vars(estimator).pop(name, None)
        vars(estimator).update(before)
