"""What CatBoost's metadata say of a model's loss: its record, and the objective that lends its link."""

import json
from typing import Any

from boostloss.boosting.continued import check_same_scale
from boostloss.boosting.records import KEYS, record
from boostloss.losses.base import Loss

# By whose name CatBoost's regressor chooses what it predicts. No name makes it predict a sigmoid.
LENDING = {"log": "Poisson"}
LINKS = {
    **dict.fromkeys(("Poisson", "Tweedie"), "log"),
    **dict.fromkeys(("CrossEntropy", "Logloss"), "logit"),
    **dict.fromkeys(
        ("RMSE", "MAE", "MAPE", "Huber", "Quantile", "LogCosh", "Lq", "Expectile"), "identity"
    ),
}


def own_init_model(loss: Loss, model: Any) -> Any:
    """A copy of the model from which a training goes on, if there is one; an error if it has another link.

    From a model that was trained in the same process, on a table of the same features, CatBoost goes on with the
    targets and weights of that training, whatever it is given now. A copy does not remember them.
    """
    if model is not None and loss.task == "regression":
        metadata = model.get_metadata()
        params = json.loads(metadata.get("params") or "{}").get("flat_params", {})  # a sum has none
        name = params.get("loss_function", "RMSE" if params else "")
        link = LINKS.get(str(name).partition(":")[0])
        found = {key: metadata.get(key) for key in KEYS}
        check_same_scale(loss, found, link, "init_model", "baseline")
    return None if model is None else model.copy()


def write_record(model: Any, loss: Loss) -> None:
    """Keep the loss in the metadata of a trained model."""
    metadata = model.get_metadata()
    for key, text in record(loss).items():
        metadata[key] = text
    if loss.link_name in LENDING:
        params = json.loads(metadata["params"])
        params["flat_params"]["loss_function"] = LENDING[loss.link_name]
        metadata["params"] = json.dumps(params)
