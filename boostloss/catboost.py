"""CatBoost: objective, metric, and estimators that know the loss.

>>> from boostloss.catboost import CatBoostRegressor
>>> CatBoostRegressor(loss_function=Cauchy(scale=0.5), early_stopping_rounds=50)

CatBoost takes a Python object with certain methods as its loss and insists on a metric beside it:
``catboost.CatBoostRegressor(loss_function=objective(loss), eval_metric=metric(loss))``. What it does
not do for such an object, the estimators here do: the best constant as the start, class labels, early
stopping on the loss, the recovered probability, and a saved model that knows its loss.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.adaptation import Adaptation, adaptation_of, held_out
from boostloss.boosting.catboost_slots import Objective, RoundObjective, metric, objective
from boostloss.boosting.estimators import check_task, encode_labels, forget, remember
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.catalogue import Logistic, Quantile, SquaredError, from_string
from boostloss.losses.smoothing import thinned

__all__ = ["CatBoostClassifier", "CatBoostRegressor", "metric", "objective"]

LEAF_STEPS = 3  # Newton steps for a leaf: 1 to 4 % better than CatBoost's 1 at small learning rates
ONE_STEP = (SquaredError, Quantile)  # whose first step is exact, or measured best
# Times the weight of a row that is held out; no other is below the root of it times the largest.
MARK = 2.0**-100
SOME = 2048  # rows, on which the width of a quantile's smoothing is decided in every round
RAW = "RawFormulaVal"
KEY = "boostloss"  # of the loss among the metadata of a model
UNNAMED = "PythonUserDefinedPerObject"  # how a model file calls every Python object


class _Estimator(catboost.CatBoost):
    """What both estimators add to CatBoost's, when the loss function is a `Loss`."""

    task: str
    parent: type
    native_loss: str  # whose rules for other parameters apply to ours
    _canonized_params: dict[str, Any] | None
    _intercept: float

    @property
    def loss(self) -> Loss | None:
        """The loss, or None where `loss_function` is not one of boostloss."""
        given = self._init_params.get("objective", self._init_params.get("loss_function"))
        return given if isinstance(given, Loss) else None

    def load_model(self, *args: Any, **kwargs: Any) -> Any:
        """Load a model, with its loss if an estimator of this module has saved it."""
        super().load_model(*args, **kwargs)
        text = self.get_metadata().get(KEY)
        if text is not None:
            self._init_params["loss_function"] = from_string(text)
            if self._init_params.get("eval_metric") == UNNAMED:
                del self._init_params["eval_metric"]
            self._init_params.pop("callbacks", None)  # what is written of them can not be called
            self._canonized_params = None
        return self

    def _get_canonized_params(self) -> Any:
        """The parameters as CatBoost's own training takes them."""
        if self.loss is None:
            return super()._get_canonized_params()
        if self._canonized_params is None:
            given = {
                name: value for name, value in self._init_params.items() if name != "objective"
            }
            stand_in = self.parent(**given | {"loss_function": self.native_loss})
            params = stand_in._get_canonized_params()
            params["loss_function"] = Objective(self.loss, known_start=True)
            judge = params.get("eval_metric", self.loss)
            params["eval_metric"] = metric(judge) if isinstance(judge, Loss) else judge
            if not isinstance(self.loss, ONE_STEP):
                params.setdefault("leaf_estimation_iterations", LEAF_STEPS)
            self._canonized_params = params
        return self._canonized_params

    def _prepare_train_params(self, *args: Any, **kwargs: Any) -> Any:
        """What the parent trains from, with the best constant as baseline."""
        forget(self)
        if self.loss is None:
            return super()._prepare_train_params(*args, **kwargs)
        check_task(self.loss, self.task, self)
        prepared = super()._prepare_train_params(*args, **kwargs)
        pools = [prepared["train_pool"], *prepared["eval_sets"]]
        y, weight = self._targets(self.loss, pools[0], prepared["params"])
        if prepared["init_model"] is not None:  # training goes on from its predictions
            _, self._intercept = prepared["init_model"].get_scale_and_bias()
        elif any(pool.get_baseline().shape[1] for pool in pools):
            self._intercept = 0.0
        else:
            # Rounded as a pool rounds it: the trees correct exactly this start.
            self._intercept = float(np.float32(self.loss.fit_intercept(y, weight)))
            train_pool, *eval_sets = (_with_baseline(pool, self._intercept) for pool in pools)
            prepared |= {"train_pool": train_pool, "eval_sets": eval_sets}
        adaptation = adaptation_of(self.loss)
        snapshots = prepared["params"].get("save_snapshot", False)
        if snapshots and adaptation is not None:
            raise ValueError(
                f"save_snapshot must not be given with {self.loss!r}: what it has adapted to would be lost."
            )
        if adaptation is not None or (isinstance(self.loss, Quantile) and not snapshots):
            self._follow(adaptation, prepared, y, weight)
        return prepared

    def _follow(
        self, adaptation: Adaptation | None, prepared: dict[str, Any], y: NDArray, weight: Any
    ) -> None:
        """Let the residuals of some rows decide on each round."""
        assert self.loss is not None
        pool = prepared["train_pool"]
        start = np.full(len(y), self._intercept)
        if prepared["init_model"] is not None:
            start = prepared["init_model"].predict(pool, prediction_type=RAW)
        elif pool.get_baseline().shape[1]:
            start = pool.get_baseline()[:, 0]
        if adaptation is None:
            chosen = _thin_out(weight)
        else:
            weight, chosen = _hold_out(weight)
            prepared["train_pool"] = _copy(pool).set_weight(weight)
        rows = chosen(weight)
        error, callbacks = (start - y)[rows], prepared["params"].get("callbacks")
        run = RoundObjective(self.loss, adaptation, chosen, error, weight[rows], callbacks)
        prepared["params"] = prepared["params"] | {"loss_function": run, "callbacks": run}

    def _train(self, train_pool: Any, eval_sets: Any, params: dict[str, Any], *args: Any) -> None:
        try:
            super()._train(train_pool, eval_sets, params, *args)
        except catboost.CatBoostError as error:
            if isinstance(
                error.__context__, KeyboardInterrupt
            ):  # raised in our objective or metric
                raise KeyboardInterrupt from error
            raise
        if self.loss is not None:
            self.set_scale_and_bias(1.0, self._intercept)
            self.get_metadata()[KEY] = repr(self.loss)
            run = params["loss_function"]
            if isinstance(run, RoundObjective) and run.adaptation is not None:
                run.adaptation.rounds.pop()  # of the round that did not come
                remember(self, run.adaptation)

    def _tune_hyperparams(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self.loss, Adaptive):
            raise ValueError(
                f"CatBoost's own searches cannot adapt {self.loss!r}: use those of scikit-learn, such as GridSearchCV."
            )
        return super()._tune_hyperparams(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: vars(self)[name] for name in ("adaptation_",) if name in vars(self)}
        return super().__getstate__() | kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "adaptation_" in state:
            self.adaptation_ = state.pop("adaptation_")
        super().__setstate__(state)

    def _targets(self, loss: Loss, pool: Any, params: dict[str, Any]) -> tuple[Any, Any]:
        """Targets and weights of the rows, as the loss will see them."""
        return loss.check_target(pool.get_label()), np.asarray(pool.get_weight())


class CatBoostRegressor(_Estimator, catboost.CatBoostRegressor):
    """`catboost.CatBoostRegressor`, whose `loss_function` may be a regression loss of boostloss.

    Training starts from the loss's best constant (unless a baseline is given) and stops early by the loss
    itself (unless `eval_metric` is given, which may be another loss). The saved model is complete: plain
    CatBoost loads it and predicts the same, `load_model` of this class also restores the loss. With a string
    as loss function nothing differs from the parent.

    After a fit with an adaptive loss, ``adaptation_`` holds an array for each adaptive parameter, with its value
    in every round; the rows that are held out carry weights next to 0.

    Two defaults matter. A leaf takes 3 Newton steps (`leaf_estimation_iterations`), 1 for `SquaredError` and
    `Quantile`. The learning rate is 0.03, as for CatBoost's own Huber or MAE; its own choice by the number of
    rows is for RMSE and Logloss alone.
    """

    task = "regression"
    parent = catboost.CatBoostRegressor
    native_loss = "RMSE"


class CatBoostClassifier(_Estimator, catboost.CatBoostClassifier):
    """`catboost.CatBoostClassifier`, whose `loss_function` may be a binary loss of boostloss.

    As `CatBoostRegressor` of this module. A model saved from `Logistic` gives the same probabilities in plain
    CatBoost; from `Focal`, which is not proper, plain CatBoost gives the sigmoid of the score, and this class
    the posterior.
    """

    task = "binary"
    parent = catboost.CatBoostClassifier
    native_loss = "Logloss"

    def _targets(self, loss: Loss, pool: Any, params: dict[str, Any]) -> tuple[Any, Any]:
        if "target_border" in params:
            raise ValueError(f"target_border must not be given with {loss!r}: give it two classes.")
        found, y = encode_labels(pool.get_label())
        # Without the names CatBoost takes the labels of an unknown loss for numbers.
        names = params.setdefault("class_names", _ordered(found))
        if str(names[1]) == str(found[0]):
            y = 1 - y
        weight = np.asarray(pool.get_weight())
        factors = np.asarray(params.get("class_weights", [1.0, 1.0]), dtype=float)
        if "auto_class_weights" in params:
            totals = np.bincount(y.astype(int), weight, minlength=2)
            factors = totals.max() / totals
            if params["auto_class_weights"] == "SqrtBalanced":
                factors = np.sqrt(factors)
        return y, weight * factors[y.astype(int)]

    def _predict(self, data: Any, prediction_type: str, *args: Any, **kwargs: Any) -> Any:
        if not self._posterior_differs(prediction_type):
            return super()._predict(data, prediction_type, *args, **kwargs)
        return self._response(super()._predict(data, RAW, *args, **kwargs), prediction_type)

    def _staged_predict(self, data: Any, prediction_type: str, *args: Any, **kwargs: Any) -> Any:
        if not self._posterior_differs(prediction_type):
            return super()._staged_predict(data, prediction_type, *args, **kwargs)
        stages = super()._staged_predict(data, RAW, *args, **kwargs)
        return (self._response(raw, prediction_type) for raw in stages)

    def _posterior_differs(self, prediction_type: str) -> bool:
        """Whether CatBoost would predict from the sigmoid of the score what is not a sigmoid."""
        other_link = self.loss is not None and not isinstance(self.loss, Logistic)
        return other_link and prediction_type in {"Class", "Probability", "LogProbability"}

    def _response(self, raw_prediction: Any, prediction_type: str) -> Any:
        assert self.loss is not None
        positive = self.loss.inverse_link(raw_prediction)
        if prediction_type == "Class":
            above = positive > self.get_probability_threshold()
            return self.classes_[above.astype(int)]
        probability = np.stack([1.0 - positive, positive], axis=-1)
        if prediction_type == "Probability":
            return probability
        with np.errstate(divide="ignore"):
            return np.log(probability)


def _ordered(classes: NDArray) -> list[Any]:
    """The classes in CatBoost's order: as numbers if they can be read as such."""
    names: list[Any] = classes.tolist()
    with suppress(ValueError):
        names.sort(key=float)
    return names


def _thin_out(weight: NDArray) -> Callable[[NDArray], NDArray]:
    """How to find some of the rows of positive weight."""
    some = thinned(int(np.count_nonzero(weight)), SOME)
    return lambda weights: np.flatnonzero(weights)[some]


def _hold_out(weight: NDArray) -> tuple[NDArray, Callable[[NDArray], NDArray]]:
    """Weights that keep some rows out of training, and how to find these by them."""
    rows = held_out(len(weight), weight)
    limit = math.sqrt(MARK) * weight.max() if len(rows) else math.inf
    if len(rows) and weight[weight > 0.0].min() < limit:
        raise ValueError("sample_weight must not differ by a factor of 2^50 with an adaptive loss.")
    marked = weight.copy()
    marked[rows] *= MARK
    return marked, lambda weights: weights < limit


def _with_baseline(pool: Any, intercept: float) -> Any:
    """A copy of the pool with a constant baseline, since the user may need the pool again."""
    return _copy(pool).set_baseline(np.full(pool.num_row(), intercept))


def _copy(pool: Any) -> Any:
    return pool.slice(np.arange(pool.num_row()))
