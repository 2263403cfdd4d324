"""What a saved model says of its loss: written and read here alone, whatever the library and the format of the file.

A record is a dictionary of texts. XGBoost keeps it among a model's attributes, CatBoost among its metadata, and
LightGBM among the parameters in its text.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import boostloss
from boostloss.boosting.estimators import check_task
from boostloss.losses.base import Loss
from boostloss.losses.calls import excerpt
from boostloss.losses.catalogue import from_string, to_string

LOSS = "boostloss"
CLASSES = "boostloss_classes"
VERSION = "boostloss_version"  # of boostloss, which has written the record
LINKLESS = "boostloss_linkless"  # of XGBoost: the link that the model does not have yet
KEYS = (LOSS, CLASSES, VERSION, LINKLESS)


def record(loss: Loss | None, classes: NDArray | None = None) -> dict[str, str]:
    """The texts to keep in the file of a model, of its loss and, where the library does not keep them, its classes."""
    texts = {} if loss is None else {LOSS: to_string(loss)}
    if classes is not None:
        texts[CLASSES] = json.dumps(classes.tolist(), default=str)
    return texts | {VERSION: boostloss.__version__} if texts else texts


def restore(texts: Mapping[str, str | None], estimator: Any) -> Loss | None:
    """The loss of a record, or None where there is none: a file of the plain library.

    Raises
    ------
    ValueError
        If the record is unreadable, or its loss is not one for this estimator.
    """
    text = texts.get(LOSS)
    if text is None:
        return None
    try:
        loss = from_string(text)
    except (ValueError, TypeError) as error:
        version = texts.get(VERSION)  # none in older files
        writer = "" if version is None else f"written by boostloss {excerpt(version)}, "
        raise ValueError(
            f"the model's record of its loss, {excerpt(text)}, {writer}is none that boostloss {boostloss.__version__} "
            f"can read (the plain library predicts with the model all the same): {error}"
        ) from error
    check_task(loss, estimator.task, estimator)
    if loss.task == "regression" and texts.get(CLASSES) is not None:
        raise ValueError(
            f"the model's record names {loss!r}, a regression loss, and the classes {texts[CLASSES]}."
        )
    return loss


def restore_classes(texts: Mapping[str, str | None]) -> NDArray:
    """The classes of a record.

    Raises
    ------
    ValueError
        If they are missing, unreadable or not in order.
    """
    text = texts.get(CLASSES)
    try:
        classes = np.array(json.loads(text or ""))
    except (ValueError, RecursionError):  # JSON's, or of lists of unequal length
        classes = np.empty(0)
    if (
        classes.ndim != 1
        or classes.dtype.kind not in "biufU"
        or len(classes) < 2
        or not ordered(classes)
    ):
        raise ValueError(
            f"the model's record must name its classes, in order, got {excerpt(text or '')}."
        )
    return classes


def ordered(classes: NDArray) -> bool:
    return bool((classes[:-1] < classes[1:]).all())


def check_classes(classes: NDArray, estimator: Any) -> None:
    """Refuse a model with classes for a regressor, and one without for a classifier."""
    if (len(classes) > 0) != (estimator.task == "binary"):
        raise ValueError(
            f"{type(estimator).__name__} takes the model of a {estimator.task} loss; that of the file names "
            f"{f'the classes {classes.tolist()}' if len(classes) else 'no classes'}."
        )
