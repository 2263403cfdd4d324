"""The model from which a training goes on: its link must be that of the loss, and its classes those of the labels."""

import json
from typing import Any

from numpy.typing import NDArray

from boostloss.boosting.metrics import meaning
from boostloss.boosting.records import CLASSES, LOSS, record, restore_classes
from boostloss.losses.base import Loss
from boostloss.losses.catalogue import from_string


def check_same_scale(
    loss: Loss, found: dict[str, Any], link: str | None, name: str, start: str
) -> None:
    """Refuse a model whose raw predictions are not on the scale of those of the loss.

    Parameters
    ----------
    loss : Loss
        Of regression.
    found : dict
        What the model says of its loss, as `records.record` makes it; empty if it is one of the plain library.
    link : str or None
        That of the model's objective in the plain library; None if it is not known.
    name, start : str
        The parameters that take a model, and raw predictions of the caller's own.
    """
    text = found.get(LOSS)
    if text is not None:
        try:
            before = from_string(text)
        except (ValueError, TypeError):  # of a later version, or of a loss that is not known here
            return
        link = before.link_name if before.task == "regression" else "logit"
        if meaning(before) != meaning(loss) or other_functions(before, loss):
            raise ValueError(
                f"{name} must be a model with the raw predictions of {loss!r}, got one of {before!r}: train a new "
                "model."
            )
    if link is not None and link != loss.link_name:
        of_loss, of_model = (
            f"the {each} link" if each else "a link of its own" for each in (loss.link_name, link)
        )
        raise ValueError(
            f"{name} must be a model whose raw predictions are on the scale of those of {loss!r}, which has {of_loss}, "
            f"got one with {of_model}: give raw predictions of your own as {start}, or train a new model."
        )


def check_same_classes(found: dict[str, Any], classes: NDArray | None, name: str) -> None:
    """Refuse a model whose record, if it has one, names other classes: its trees are for the positions of its own."""
    if found.get(CLASSES) is None or classes is None:
        return
    before, now = restore_classes(found).tolist(), json.loads(record(None, classes)[CLASSES])
    if now != before:
        raise ValueError(
            f"{name} must be a model of the same classes as y, {now}, got one of {before}: train a new model."
        )


def other_functions(before: Any, loss: Any) -> bool:
    """Whether both losses have links that are functions of the user's, and these differ."""
    both_own = before.link_name == loss.link_name == ""
    return both_own and before.prediction_link != loss.prediction_link
