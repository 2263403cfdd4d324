"""What CatBoost's metadata say of a model's loss: its record, and the objective that lends its link."""

import json
from typing import Any

from boostloss.boosting.records import record
from boostloss.losses.base import Loss

# By whose name CatBoost's regressor chooses what it predicts. No name makes it predict a sigmoid.
LENDING = {"log": "Poisson"}


def write_record(model: Any, loss: Loss) -> None:
    """Keep the loss in the metadata of a trained model."""
    metadata = model.get_metadata()
    for key, text in record(loss).items():
        metadata[key] = text
    if loss.link_name in LENDING:
        params = json.loads(metadata["params"])
        params["flat_params"]["loss_function"] = LENDING[loss.link_name]
        metadata["params"] = json.dumps(params)
