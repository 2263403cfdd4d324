"""CatBoost: objective, metric, and estimators that know the loss.

CatBoost takes a Python object with certain methods as its loss and insists on a metric beside it:
``catboost.CatBoostRegressor(loss_function=objective(loss), eval_metric=metric(loss))``. What it does
not do for such an object, the estimators here do: the best constant as the start, class labels, early
stopping on the loss, the recovered probability, and a saved model that knows its loss.
"""

from functools import wraps
from typing import Any

import catboost
import numpy as np

from boostloss.boosting import records
from boostloss.boosting.adaptation import adaptation_of
from boostloss.boosting.catboost_classes import fit_classes, response
from boostloss.boosting.catboost_distributions import fit_several
from boostloss.boosting.catboost_objective import Objective, RoundObjective, metric, objective
from boostloss.boosting.catboost_pools import arguments_of, numbers_of, pool_parts, with_baseline
from boostloss.boosting.catboost_records import UNNAMED, own_init_model, write_record
from boostloss.boosting.catboost_searches import search
from boostloss.boosting.catboost_several import Trainings, predicted
from boostloss.boosting.catboost_training import (
    FIRST_TEMPERATURE,
    RAW_PREDICTION,
    check_baseline,
    check_metrics,
    choose_learning_rate,
    class_targets,
    follow,
    follows_rounds,
    labels_to_train,
    leaf_steps,
    number_targets,
    read_own_scores,
)
from boostloss.boosting.estimators import (
    FITTED,
    Stamped,
    all_or_nothing,
    check_task,
    forget_fit,
    given_loss,
    nested_parameters,
    require_names,
    store_history,
    with_new_losses,
)
from boostloss.boosting.exposure import takes_exposure
from boostloss.boosting.libraries import CATBOOST
from boostloss.boosting.regressors import distribution_by, score_by
from boostloss.boosting.review import REVIEWED, review_fit, review_rounds
from boostloss.decisions import by_cost
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary
from boostloss.losses.catalogue import Logistic

__all__ = ["CatBoostClassifier", "CatBoostRegressor", "metric", "objective"]

require_names(
    CATBOOST,
    catboost.CatBoost(),
    (
        *("_canonized_params", "_get_canonized_params", "_init_params", "_object", "_predict"),
        *("_prepare_train_params", "_staged_predict", "_train", "_tune_hyperparams"),
    ),
)


class _Estimator(Stamped, Trainings, catboost.CatBoost):
    """What both estimators add to CatBoost's, when the loss function is a `Loss`."""

    task: str
    parent: type
    native_loss: str  # whose rules for other parameters apply to ours
    _canonized_params: dict[str, Any] | None
    _init_params: dict[str, Any]
    _object: Any
    _intercept: float
    _targets: Any  # targets and weights of the rows, as the loss will see them

    @property
    def loss(self) -> Loss | None:
        """The loss, or None where `loss_function` is not one of boostloss."""
        given = self._init_params.get("objective", self._init_params.get("loss_function"))
        return given_loss(given, "loss_function")

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """The parameters, as the constructor takes them; `deep` those of a loss too: ``loss_function__gamma``."""
        params = super().get_params()
        return params | nested_parameters(params) if deep else params

    def set_params(self, **params: Any) -> Any:
        """Set parameters; ``loss_function__gamma=1`` replaces the loss by one that has this gamma."""
        return super().set_params(**with_new_losses(self, params))

    @all_or_nothing
    def load_model(self, *args: Any, **kwargs: Any) -> Any:
        """Load a model, with its loss if an estimator of this module has saved it.

        Raises
        ------
        ValueError
            If the loss is not one for this estimator, or the file does not say rightly what it is.
        """
        forget_fit(self)
        self._object = type(self._object)()  # or CatBoost would load into it
        super().load_model(*args, **kwargs)
        loss = records.restore({key: self.get_metadata().get(key) for key in records.KEYS}, self)
        if not self.tree_count_:  # CatBoost takes half of a JSON file for a model
            raise ValueError("the file holds no model that CatBoost can read.")
        records.check_classes(self.classes_, self)
        if loss is not None:
            params = self._init_params | {"loss_function": loss}
            if params.get("eval_metric") == UNNAMED:
                del params["eval_metric"]
            params.pop("callbacks", None)  # what is written of them can not be called
            self._init_params, self._canonized_params = params, None
        return self

    def _get_canonized_params(self) -> Any:
        """The parameters as CatBoost's own training takes them."""
        if self._canonized_params is None:
            loss = self.loss
            if loss is None:
                params = super()._get_canonized_params()
                read_own_scores(self.task, params)
            else:
                params = self._native_params(loss)
            self._canonized_params = params
        return self._canonized_params

    def _native_params(self, loss: Loss) -> dict[str, Any]:
        """What takes the place of the parameters of a loss, except its metric."""
        given = {name: value for name, value in self._init_params.items() if name != "objective"}
        stand_in = self.parent(**given | {"loss_function": self.native_loss})
        params = stand_in._get_canonized_params()
        params["loss_function"] = Objective(loss, known_start=True)
        check_metrics(loss, params)
        params.setdefault("eval_metric", metric(loss))
        params.setdefault("leaf_estimation_iterations", leaf_steps(loss, params))
        return params

    def _prepare_train_params(self, **kwargs: Any) -> Any:
        """What the parent trains from, with the best constant as baseline."""
        forget_fit(self)
        if self.loss is None:
            return super()._prepare_train_params(**kwargs)
        check_task(self.loss, self.task, self)
        prepared = super()._prepare_train_params(**kwargs)
        prepared["init_model"] = own_init_model(self.loss, prepared["init_model"])
        pools = [prepared["train_pool"], *prepared["eval_sets"]]
        split = prepared["params"].get("eval_fraction")  # the pool is a part of the table then
        labels = labels_to_train(self.loss, pools[0], None if split else kwargs["y"])
        y, weight = self._targets(self.loss, pools[0], labels, prepared["params"])
        check_baseline(self.loss, pools[0], y)
        started = prepared["init_model"] is not None or any(
            pool.get_baseline().shape[1] for pool in pools
        )
        params = prepared["params"]
        choose_learning_rate(params, self._init_params, self.native_loss, started, pools)
        if prepared["init_model"] is not None:  # training goes on from its predictions
            _, self._intercept = prepared["init_model"].get_scale_and_bias()
        elif started or self._init_params.get("boost_from_average") is False:
            self._intercept = 0.0
        else:
            # Rounded as a pool rounds it: the trees correct exactly this start.
            self._intercept = float(np.float32(self.loss.fit_intercept(y, weight)))
            train_pool, *eval_sets = (with_baseline(pool, self._intercept) for pool in pools)
            prepared |= {"train_pool": train_pool, "eval_sets": eval_sets}
        adaptation = adaptation_of(self.loss, prepared["init_model"], FIRST_TEMPERATURE)
        if follows_rounds(self.loss, adaptation, prepared["params"]):
            follow(self.loss, adaptation, prepared, y, weight, self._intercept)
        return prepared

    def _train(
        self,
        train_pool: Any,
        eval_sets: Any,
        params: dict[str, Any],
        allow_clear_pool: bool,
        init_model: Any,
    ) -> None:
        self._object = type(self._object)()  # so that the earlier one stays if anything fails
        parts = []
        if isinstance(self.loss, (*REVIEWED, Adaptive)):  # the training may clear the pool
            parts = pool_parts(train_pool, self._intercept if init_model is None else 0.0)
        super()._train(train_pool, eval_sets, params, allow_clear_pool, init_model)
        if self.loss is not None:
            self.set_scale_and_bias(1.0, self._intercept)
            write_record(self, self.loss)
            run = params["loss_function"]
            if isinstance(run, RoundObjective) and run.adaptation is not None:
                run.adaptation.rounds.pop()  # of the round that did not come
                store_history(self, run.adaptation)
            review_fit(
                CATBOOST,
                getattr(run, "adaptation", None) or self.loss,
                lambda: parts,
                lambda part: self.predict(part.X, RAW_PREDICTION) + part.above(0.0),
            )
            review_rounds(CATBOOST, self.loss, self)

    def _tune_hyperparams(self, **given: Any) -> Any:
        return search(self, super()._tune_hyperparams, given)

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: vars(self)[name] for name in FITTED if name in vars(self)}
        return super().__getstate__() | kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= {name: state.pop(name) for name in FITTED if name in state}
        super().__setstate__(state)
        if self.loss is not None and self.is_fitted():
            check_task(self.loss, self.task, self)


class CatBoostRegressor(_Estimator, catboost.CatBoostRegressor):
    """`catboost.CatBoostRegressor`, whose `loss_function` may be a regression loss of boostloss.

    Training starts from the loss's best constant (unless a baseline is given, or `boost_from_average` is False) and
    stops early by the loss itself (unless `eval_metric` is given, which may be another loss). The saved model is
    complete: plain CatBoost loads it and predicts the same, `load_model` of this class also restores the loss. With a
    string as loss function nothing differs from the parent. `exposure` and `eval_exposure` of `fit` make rates.

    A distribution such as `Normal` takes a training of each parameter, which exchange their raw predictions after every
    round: it prints nothing, a round has a tree of each, and what several trainings cannot do (`init_model`, snapshots,
    callbacks, `baseline`, a `Pool` of categories) is refused. Targets may be intervals, of shape (n_samples, 2).

    Without a `learning_rate` it is the one that CatBoost chooses for RMSE on so many rows; its Huber and MAE get 0.03.
    With one, a leaf takes 3 Newton steps (`leaf_estimation_iterations`), 1 for `SquaredError` and `Quantile`. Other
    defaults are CatBoost's for RMSE, but for two that it does not allow here: `boost_from_average`, which the best
    constant replaces, and `leaf_estimation_backtracking`: a step of a leaf is never halved.

    Attributes
    ----------
    adaptation_ : dict of str to ndarray of shape (n_rounds,)
        After a fit with an adaptive loss: each adaptive parameter in every round. Rows held out weigh next to nothing.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.catboost import CatBoostRegressor
    >>> X = np.arange(100.0)[:, None]
    >>> y = np.where(X[:, 0] == 50.0, 1e6, X[:, 0])  # one target is wrong
    >>> model = CatBoostRegressor(loss_function=bl.Cauchy(), n_estimators=100, verbose=False).fit(X, y)
    >>> bool(np.median(np.abs(model.predict(X) - X[:, 0])) < 2.0)
    True
    """

    task = "regression"
    parent = catboost.CatBoostRegressor
    native_loss = "RMSE"
    _targets = staticmethod(number_targets)

    @all_or_nothing
    @takes_exposure(catboost.CatBoostRegressor.fit)
    def fit(self, *args: Any, **options: Any) -> Any:
        forget_fit(self)
        given = arguments_of(self, super().fit, args, options)
        if not fit_several(self, self.loss, given):
            super().fit(**given)
        return self

    @wraps(catboost.CatBoostRegressor.predict)
    def predict(self, data: Any, prediction_type: Any = None, *args: Any, **kwargs: Any) -> Any:
        raw = super().predict(data, prediction_type, *args, **kwargs)
        if prediction_type is not None or self.loss is None:
            return raw
        return predicted(self.loss, raw)

    predict_distribution = distribution_by(CATBOOST)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """R² of the predictions, `Columns.score` of several quantiles, or the mean log-likelihood of intervals."""
        if self.loss is None and sample_weight is None:
            return super().score(X, y)
        y = numbers_of(X) if y is None and isinstance(X, catboost.Pool) else y
        return score_by(CATBOOST)(self, X, y, sample_weight)


class CatBoostClassifier(_Estimator, catboost.CatBoostClassifier):
    """`catboost.CatBoostClassifier`, whose `loss_function` may be a binary loss of boostloss, of any number of classes.

    As `CatBoostRegressor` of this module, with Logloss in the place of RMSE; a leaf takes 10 Newton steps, as many as
    Logloss takes, for which CatBoost takes 1 where rounds and columns are few. A model saved from `Logistic` gives the
    same probabilities in plain CatBoost; from `Focal`, which is not proper, plain CatBoost gives the sigmoid of the
    score, and this class the posterior.

    More than two classes are CatBoost's own MultiClass for `Logistic()`. Any other loss takes a training for each
    class, which exchange their scores after every round: two to three times as slow, it prints nothing, its trees are
    of one class each, and what several trainings cannot do (snapshots, callbacks, `baseline`, `eval_metric`) is
    refused. So are soft labels trained, probabilities in a target of shape (n_samples, n_classes), which take losses
    other than `Logistic` twice to five times as long again. Categories then count the most probable classes.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.catboost import CatBoostClassifier
    >>> X = np.arange(100.0)[:, None]
    >>> label = np.where(X[:, 0] < 80.0, "usual", "high")
    >>> model = CatBoostClassifier(loss_function=bl.Focal(1.0), n_estimators=50, verbose=False).fit(X, label)
    >>> model.predict(X[[0, 99]]).tolist()
    ['usual', 'high']
    >>> model.predict_proba(X[[0, 99]])[:, 0].round().tolist()  # of the class "high"
    [0.0, 1.0]
    """

    task = "binary"
    parent = catboost.CatBoostClassifier
    native_loss = "Logloss"
    _targets = staticmethod(class_targets)

    @all_or_nothing
    @wraps(catboost.CatBoostClassifier.fit)
    def fit(self, *args: Any, **options: Any) -> Any:
        forget_fit(self)
        given = arguments_of(self, super().fit, args, options)
        if isinstance(self.loss, Binary) and fit_classes(self, self.loss, given):
            return self
        return super().fit(**given)

    predict = by_cost(catboost.CatBoostClassifier.predict)

    def _predict(self, data: Any, prediction_type: str, *args: Any, **kwargs: Any) -> Any:
        if not self._posterior_differs(prediction_type):
            return super()._predict(data, prediction_type, *args, **kwargs)
        raw = super()._predict(data, RAW_PREDICTION, *args, **kwargs)
        return response(self, self.loss, raw, prediction_type)

    def _staged_predict(self, data: Any, prediction_type: str, *args: Any, **kwargs: Any) -> Any:
        if not self._posterior_differs(prediction_type):
            return super()._staged_predict(data, prediction_type, *args, **kwargs)
        stages = super()._staged_predict(data, RAW_PREDICTION, *args, **kwargs)
        return (response(self, self.loss, raw, prediction_type) for raw in stages)

    def _posterior_differs(self, prediction_type: str) -> bool:
        """Whether CatBoost would predict from the sigmoid of the score what is not a sigmoid."""
        other_link = self.loss is not None and not isinstance(self.loss, Logistic)
        return other_link and prediction_type in {"Class", "Probability", "LogProbability"}
