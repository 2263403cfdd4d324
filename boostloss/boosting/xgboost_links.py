"""Links of regressors in XGBoost, whose boosters have that of an objective of their own, beside ours squared error's.

A booster keeps its start on the scale of its predictions: with the objective it changes too.
"""

import json
import math
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from boostloss.boosting.continued import check_same_classes, check_same_scale
from boostloss.boosting.records import KEYS, LINKLESS, record
from boostloss.losses.base import Loss
from boostloss.losses.binary import logit
from boostloss.losses.calls import excerpt
from boostloss.ops import exp, expit, log

# The objective that lends its link, and does not change other parameters as count:poisson does.
LENDING = {"log": "reg:gamma", "logit": "reg:logistic"}
RAW = "reg:squarederror"
LINK, INVERSE = {"log": log, "logit": logit}, {"log": exp, "logit": expit}
LINKS = {
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "log"),
    **dict.fromkeys(("reg:logistic", "binary:logistic"), "logit"),
}
# The scales of raw predictions: of these the start is on the same scale. "reg:squarederror" says nothing: XGBoost
# writes it for every callable.
SCALES = {
    **LINKS,
    **dict.fromkeys(("survival:cox", "survival:aft"), "log"),
    "binary:logitraw": "logit",
    **dict.fromkeys(("reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"), "identity"),
}


def add_link(booster: xgb.Booster, loss: Loss) -> None:
    """Let a booster, trained on raw predictions, predict through the link of the loss, wherever it is loaded."""
    if loss.link_name in LENDING:
        start = INVERSE[loss.link_name](_start(booster))
        booster.set_param({"objective": LENDING[loss.link_name], "base_score": float(start)})


class RecordFirst(xgb.callback.TrainingCallback):
    """Writes the record of a model before its training, for the files of `xgboost.callback.TrainingCheckPoint`.

    The model of such a file predicts raw, since the link is added in the end, and the record says so.
    """

    def __init__(self, loss: Loss, classes: NDArray | None):
        self.texts = record(loss, classes)
        if loss.task == "regression" and loss.link_name in LENDING:
            self.texts[LINKLESS] = loss.link_name

    def before_training(self, model: Any) -> Any:
        model.set_attr(**self.texts)
        return model


def end_checkpoint(booster: xgb.Booster, loss: Loss) -> None:
    """Add the link that a model lacks that was written while it was trained.

    Raises
    ------
    ValueError
        If the record says so of a model that has a link, or of a loss that has none.
    """
    missing = booster.attr(LINKLESS)
    if missing is None:
        return
    objective = _learner(booster)["objective"]["name"]
    if loss.task != "regression" or missing != loss.link_name or objective != RAW:
        raise ValueError(
            f"the model's record says that it lacks the link {excerpt(missing)}, which cannot be of {loss!r} with the "
            f"objective {objective!r}."
        )
    add_link(booster, loss)
    booster.set_attr(**{LINKLESS: None})


def base_score(loss: Loss, best: Any) -> float | list[float]:
    """The best constant raw prediction, as XGBoost takes it: that of two classes as a probability, which it clips."""
    if np.ndim(best):
        return np.asarray(best).tolist()
    if loss.task == "binary":
        return float(np.clip(1.0 / (1.0 + math.exp(-best)), 1e-6, 1.0 - 1e-6))
    return linked_start(loss, float(best))


def linked_start(loss: Loss, start: float) -> float:
    """The start that the booster will keep: of this size, and the same on both scales in float32."""
    if loss.link_name not in LENDING:
        return start
    prediction = INVERSE[loss.link_name](np.float64(start))
    kept = np.float32(prediction)
    if not np.finfo(np.float32).tiny <= kept < np.inf:
        raise ValueError(
            f"y must have a mean from 1.2e-38 to 3.4e38, which is what XGBoost can keep as the start of {loss!r}, got "
            f"{prediction:.3g}: give y in another unit."
        )
    return float(np.float32(LINK[loss.link_name](np.float64(kept))))


def raw_start(loss: Loss, prediction: Any) -> Any:
    """The start that a `base_score` of the user's is: XGBoost's, too, is on the scale of the predictions."""
    if loss.link_name not in LENDING:
        return prediction
    with np.errstate(all="ignore"):
        start = np.asarray(LINK[loss.link_name](np.asarray(prediction, np.float64)))
    if start.size != 1 or not np.isfinite(start).all():
        allowed = "a number > 0" if loss.link_name == "log" else "a number in (0, 1)"
        raise ValueError(f"base_score must be {allowed} for {loss!r}, got {prediction!r}.")
    return linked_start(loss, start.item())


def without_link(model: Any, loss: Loss, classes: NDArray | None) -> Any:
    """The model from which a training of the loss goes on, on raw predictions.

    Raises
    ------
    ValueError
        If the model has another link than the loss, or other classes.
    """
    if model is None:
        return None
    booster = model.get_booster() if isinstance(model, xgb.XGBModel) else model
    if not isinstance(booster, xgb.Booster):
        booster = xgb.Booster(model_file=booster)
    texts = {key: booster.attr(key) for key in KEYS}
    if loss.task == "binary":
        check_same_classes(texts, classes, "xgb_model")
        return model
    objective = _learner(booster)["objective"]["name"]
    check_same_scale(loss, texts, SCALES.get(objective), "xgb_model", "base_margin")
    if objective not in LINKS:
        return model
    raw, link = booster.copy(), LINK[LINKS[objective]]
    raw.set_param({"objective": RAW, "base_score": float(link(_start(booster)))})
    return raw


def _learner(booster: xgb.Booster) -> dict[str, Any]:
    return json.loads(booster.save_config())["learner"]


def _start(booster: xgb.Booster) -> float:
    """The start on the scale of the predictions."""
    stored = json.loads(_learner(booster)["learner_model_param"]["base_score"])
    return stored[0] if isinstance(stored, list) else stored
