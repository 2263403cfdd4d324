"""Several raw predictions a row in CatBoost, which asks a Python object for them row by row, a hundred times too slow.

So each of several quantiles has a training of its own, and their trees become one model. Those of the parameters of a
distribution, and of the classes of most losses, exchange their raw predictions besides (`catboost_lockstep`).
"""

from typing import Any

import numpy as np

from boostloss.boosting.catboost_merge import merge
from boostloss.boosting.catboost_records import but_the_loss, write_record
from boostloss.losses.base import Loss
from boostloss.losses.classes import of_many_classes
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution
from boostloss.losses.quantiles import Quantile

# What goes on from one raw prediction a row, or keeps the state of one training.
OF_ONE_TRAINING = ("init_model", "save_snapshot", "snapshot_file", "baseline")


def fit_columns(estimator: Any, loss: Columns, given: dict[str, Any]) -> None:
    """Fit a model for each column, with the parameters of the estimator, and let their trees be the estimator's."""
    params = but_the_loss(estimator)
    for name in OF_ONE_TRAINING:
        value = params.get(name) if given.get(name) is None else given[name]
        if value is not None and value is not False:
            raise ValueError(
                f"{name} must not be given with {loss!r}: every level has a training of its own."
            )
    models = [type(estimator)(loss_function=each, **params).fit(**given) for each in loss.columns]
    adopt(estimator, merge(models, stated(loss)), loss)
    estimator.trainings_ = evaluated(loss, models)


def stated(loss: Columns) -> str:
    """How the merged model calls its loss: CatBoost predicts a number for each column."""
    if loss.kind is Quantile:
        return f"MultiQuantile:alpha={','.join(map(repr, loss.levels))}"
    return "MultiRMSE"


def adopt(estimator: Any, model: Any, loss: Loss) -> None:
    """Let an estimator predict with the trees of a model of this loss."""
    estimator._object = model._object
    estimator._set_trained_model_attributes()
    estimator._prediction_values_change = estimator.get_feature_importance()
    write_record(estimator, loss)


def evaluated(loss: Columns, models: list[Any]) -> dict[str, Any]:
    """What CatBoost has evaluated of each training, under the names of the losses."""
    found: dict[str, Any] = {"evals_result": {}, "best_score": {}, "best_iteration": {}}
    found["trees_per_round"] = len(models)
    for each, model in zip(loss.columns, models, strict=True):
        found["best_iteration"][repr(each)] = model.get_best_iteration()
        for name, values in (
            ("evals_result", model.get_evals_result()),
            ("best_score", model.get_best_score()),
        ):
            for rows, metrics in values.items():
                named = {f"{each!r} {metric}": value for metric, value in metrics.items()}
                found[name].setdefault(rows, {}).update(named)
    return found


def predicted(loss: Loss, raw: Any) -> Any:
    """Predictions from the raw ones of some rows, or of one alone."""
    alone = np.ndim(raw) == int(loss.n_outputs > 1)
    if isinstance(loss, Columns | Distribution):
        raw = np.reshape(raw, (-1, loss.n_outputs))
        return loss.inverse_link(raw)[0] if alone else loss.inverse_link(raw)
    return float(loss.inverse_link(raw)) if alone else loss.inverse_link(raw)


class Trainings:
    """What several trainings have evaluated, in place of what one has."""

    loss: Any
    trainings_: dict[str, Any] | None

    @property
    def loss_(self) -> Any:
        """As `loss`, under the name that it has in the estimators of other libraries, with what a fit has learned."""
        return vars(self).get("loss_", self.loss)

    def _of_trainings(self, name: str) -> Any:
        trainings = vars(self).get("trainings_")
        own = getattr(super(), f"get_{name}")
        return own() if trainings is None else trainings[name]

    def get_evals_result(self) -> Any:
        """As CatBoost's; of several quantiles each metric of each training."""
        return self._of_trainings("evals_result")

    def get_best_score(self) -> Any:
        """As CatBoost's; of several quantiles each metric of each training."""
        return self._of_trainings("best_score")

    def get_best_iteration(self) -> Any:
        """As CatBoost's; of several quantiles that of each training."""
        return self._of_trainings("best_iteration")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        if self.loss is not None and tags.classifier_tags is not None:
            tags.classifier_tags.multi_class = of_many_classes(self.loss)
        return tags
