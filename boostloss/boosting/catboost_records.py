"""What CatBoost's metadata say of a model's loss: its record, and the objective that lends its link."""

import json
from contextlib import suppress
from typing import Any

import numpy as np

from boostloss.boosting.continued import check_same_scale
from boostloss.boosting.records import KEYS, record
from boostloss.losses.base import Loss

UNNAMED = "PythonUserDefinedPerObject"  # how a model file calls every Python object
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


def write_record(estimator: Any, loss: Loss) -> None:
    """Keep in a trained model its loss, and the parameters that the user has given: those alone a refit is to have."""
    metadata = estimator.get_metadata()
    for key, text in record(loss).items():
        metadata[key] = text
    params = json.loads(metadata["params"])
    stated = params["flat_params"]["loss_function"]
    if stated == UNNAMED:
        stated = LENDING.get(loss.link_name, stated)
    params["flat_params"] = own_parameters(estimator) | {"loss_function": stated}
    metadata["params"] = json.dumps(params)


def but_the_loss(estimator: Any) -> dict[str, Any]:
    """The parameters that the user has given, less the loss."""
    given = estimator._init_params
    return {name: x for name, x in given.items() if name not in ("objective", "loss_function")}


def own_parameters(estimator: Any) -> dict[str, Any]:
    """The user's parameters under CatBoost's names, less the loss and what a file cannot hold."""
    found = {}
    for name, value in estimator.parent(**but_the_loss(estimator))._get_canonized_params().items():
        with suppress(TypeError):
            found[name] = json.loads(json.dumps(value, default=as_list))
    return found


def as_list(value: Any) -> Any:
    """Numbers and texts of numpy as Python's."""
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"{type(value).__name__} cannot be written to a file.")
    return value.tolist()
