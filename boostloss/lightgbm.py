"""LightGBM: objective, metric, and estimators that know the loss.

A `Loss` is a LightGBM objective as it is, ``lgb.train({"objective": loss}, dataset)``. What LightGBM
does not do for a custom objective, the estimators here do: the best constant as the start, early stopping
on the loss, `scale_pos_weight` and `is_unbalance`, probabilities, and a saved model that knows its loss.
"""

from functools import wraps
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_sample_weight

from boostloss.boosting import model_text, records, targets
from boostloss.boosting.estimators import (
    Stamped,
    all_or_nothing,
    check_task,
    forget_fit,
    nested_parameters,
    require_names,
    store_history,
    temporarily,
    with_new_losses,
)
from boostloss.boosting.exposure import takes_exposure
from boostloss.boosting.ignored import table_parts
from boostloss.boosting.intervals import takes_intervals
from boostloss.boosting.libraries import LIGHTGBM
from boostloss.boosting.lightgbm_fits import (
    by_name,
    check_init_model,
    encode_eval_y,
    eval_sets,
    keep_objective,
    with_hard_rows,
    with_rates,
)
from boostloss.boosting.lightgbm_metrics import evaluated, metric
from boostloss.boosting.lightgbm_objective import objective
from boostloss.boosting.lightgbm_parameters import (
    class_factors,
    loss_in,
    refuse_class_weights,
    refuse_own_parameters,
)
from boostloss.boosting.regressors import distribution_by, score_by
from boostloss.boosting.review import review_fit, review_rounds
from boostloss.boosting.watched import decided, run_of
from boostloss.decisions import by_cost, threshold_of
from boostloss.losses.base import Loss
from boostloss.losses.classes import best_constant, check_labels

__all__ = ["LGBMClassifier", "LGBMRegressor", "metric", "objective"]

TABLE_OPTIONS = "feature_name", "categorical_feature"  # of `fit`, how to read a table
STARTS = ("init_score", "eval_init_score", "init_model")  # with one of them the caller chooses

require_names(
    LIGHTGBM,
    lgb.LGBMClassifier(),
    (
        *("_Booster", "_best_iteration", "_class_weight", "_fitted_with_feature_names"),
        *("_n_classes", "_n_features", "_n_features_in", "_objective", "_other_params"),
    ),
)


class _Estimator(Stamped, lgb.LGBMModel):
    """What both estimators add to LightGBM's, when the objective is a `Loss`.

    It stands between LightGBM's estimators and their base: the labels that `fit` gets here are encoded already, and the
    probability that `predict` returns becomes two columns, or a label, in LightGBM's classifier.
    """

    task: str
    loss_: Loss | None = None
    _objective: Any
    _soft: NDArray | None = None  # in a fit: a probability for each class

    @takes_intervals("eval_set", "eval_y")
    def fit(self, X: Any, y: Any, **options: Any) -> Any:
        if self.loss_ is not None:
            self._objective = self.objective
        forget_fit(self)
        loss = loss_in(self.get_params(), options.get("eval_metric"))
        if loss is None or y is None:  # without a target the parent says so
            return super().fit(X, y, **options)
        target = self._check(loss, y)
        check_init_model(loss, options.get("init_model"), self._classes)
        options["sample_weight"] = self._weights(target, options.get("sample_weight"))
        intercept = self._start(loss, target, options)
        options["eval_metric"] = evaluated(loss, options.get("eval_metric"), self.get_params())
        options["callbacks"] = [*(options.get("callbacks") or []), keep_objective]
        run = self._objective = self._run(loss, options)
        if self._soft is not None:
            self._objective = targets.SoftObjective(run, self._soft)
        others = self._other_params | {"metric": "None"}
        if loss.n_outputs > 1:
            others["num_class"] = loss.n_outputs
        with temporarily(self, _other_params=others):
            super().fit(X, y, **options)
        weight, start = options["sample_weight"], options.get("init_score")
        predict = super().predict
        loss = decided(
            run,
            loss,
            X,
            start,
            lambda X, start: predict(X, raw_score=True) + (0.0 if start is None else start),
            "F",
        )
        link = model_text.link_of(loss, self._n_classes)
        model_text.complete(self.booster_, intercept, link, records.record(loss, self._classes))
        self._know(loss)
        store_history(self, run)
        review_fit(
            LIGHTGBM,
            run,
            lambda: table_parts(X, target, weight, start),
            lambda part: predict(part.X, raw_score=True) + part.above(intercept),
            **{name: options[name] for name in TABLE_OPTIONS if name in options},
        )
        review_rounds(LIGHTGBM, loss, self)
        return self

    @wraps(lgb.LGBMModel.predict)
    def predict(self, X: Any, *args: Any, **options: Any) -> Any:
        options = by_name(super().predict, X, *args, **options)
        other = any(options.get(name) for name in ("raw_score", "pred_leaf", "pred_contrib"))
        if self.loss_ is None or other:
            return super().predict(X, **options)
        return self.loss_.inverse_link(super().predict(X, **options | {"raw_score": True}))

    def save_model(self, path: str | Path) -> None:
        """Write the model, up to its best iteration; plain LightGBM loads it too.

        Parameters
        ----------
        path : str or Path
        """
        self.booster_.save_model(path)

    @all_or_nothing
    def load_model(self, path: str | Path) -> Any:
        """Load a model that an estimator of this module has saved, with its loss and its labels.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the file does not say what the loss is, or names one for another task.
        """
        forget_fit(self)
        # The record stands last: where it is, the file is whole. LightGBM ends the process by half of one.
        texts = model_text.read_record(Path(path).read_text("utf-8", "replace"))
        loss = records.restore(texts, self)
        if loss is None:
            raise ValueError(f"path must be a model saved by boostloss.lightgbm, got {path!r}.")
        booster = lgb.Booster(model_file=path)
        self.set_params(objective=loss)
        self._Booster, self.fitted_, self._best_iteration = booster, True, -1
        self._n_features = self._n_features_in = booster.num_feature()
        self._fitted_with_feature_names = model_text.has_names(booster)
        if loss.task == "binary":
            self._le = LabelEncoder().fit(records.restore_classes(texts))
            self._classes, self._n_classes = self._le.classes_, len(self._le.classes_)
        self._know(loss)
        return self

    @property
    def objective_(self) -> Any:
        return super().objective_ if self.loss_ is None else self.loss_

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """The parameters, as the constructor takes them; `deep` those of a loss too: ``objective__gamma``."""
        params = super().get_params(deep)
        return params | nested_parameters(params) if deep else params

    def set_params(self, **params: Any) -> Any:
        """Set parameters; ``objective__gamma=1`` replaces the objective by one that has this gamma.

        Predictions are those of the fitted loss until the next fit.
        """
        super().set_params(**with_new_losses(self, params))
        if self.loss_ is not None:
            self._know(self.loss_)
        return self

    def _know(self, loss: Loss) -> None:
        """Let predictions go through the loss."""
        self.loss_ = loss
        self._objective = loss
        if loss.task == "binary":
            self._objective = "multiclass" if self._n_classes > 2 else "binary"

    def _check(self, loss: Loss, y: Any) -> NDArray[np.floating]:
        """The target, once it and the parameters are known to be possible."""
        check_task(loss, self.task, self)
        refuse_own_parameters(loss, self.get_params())
        return check_labels(loss, y, self._n_classes)

    def _run(self, loss: Loss, options: dict[str, Any]) -> Any:
        """The objective of one training."""
        return run_of(loss, options.get("init_model"), bool(eval_sets(options))) or loss

    def _weights(self, target: NDArray, sample_weight: Any) -> Any:
        """The weights times `scale_pos_weight` or `is_unbalance`, as LightGBM's binary objective takes them."""
        if self.task != "binary":
            return sample_weight
        factors = class_factors(self.get_params(), target, self._n_classes)
        return targets.weigh_classes(target, sample_weight, factors)

    def _start(self, loss: Loss, target: NDArray, options: dict[str, Any]) -> Any:
        """The best constant, from which to train; 0 where the caller has chosen the start."""
        if self.task == "binary":
            encode_eval_y(self._classes, options)
        n_classes = self._n_classes if self.task == "binary" else 2
        eval_targets = [check_labels(loss, y, n_classes) for _, y in eval_sets(options)]
        from_zero = self.get_params().get("boost_from_average", True) in (False, "false")
        if from_zero or any(options.get(name) is not None for name in STARTS):
            return 0.0
        weight = options["sample_weight"]
        class_weight = self.class_weight if self._class_weight is None else self._class_weight
        if class_weight is not None:
            factors = compute_sample_weight(class_weight, target)  # so does the parent
            weight = factors if weight is None else factors * np.asarray(weight)
        labels = target if self._soft is None else self._soft
        intercept = best_constant(loss, labels, weight, n_classes)
        starts = [np.full((len(y), *np.shape(intercept)), intercept) for y in eval_targets]
        options["init_score"] = np.full((len(target), *np.shape(intercept)), intercept)
        options |= {"eval_init_score": starts} if starts else {}
        return intercept


class LGBMRegressor(lgb.LGBMRegressor, _Estimator):
    """`lightgbm.LGBMRegressor`, whose `objective` may be a regression loss of boostloss.

    Training starts from the loss's best constant (unless `init_score` or `init_model` is given, or `boost_from_average`
    is False) and stops early by the loss itself (unless `metric` is given). Parameters of LightGBM's own objectives,
    such as `reg_sqrt`, are refused; `fit` takes `exposure`, which the parent does not. The saved model is complete:
    plain LightGBM loads it and predicts the same, `load_model` of this class also restores the loss. With a string as
    objective nothing differs from the parent.

    Attributes
    ----------
    loss_ : Loss or None
        That of the fit; None after one with a string as objective.
    adaptation_ : dict of str to ndarray of shape (n_rounds,)
        After a fit with an adaptive loss: each adaptive parameter in every round.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.lightgbm import LGBMRegressor
    >>> X = np.arange(100.0)[:, None]
    >>> y = np.where(X[:, 0] == 50.0, 1e6, X[:, 0])  # one target is wrong
    >>> model = LGBMRegressor(objective=bl.Cauchy(), n_estimators=100, verbose=-1).fit(X, y)
    >>> bool(np.median(np.abs(model.predict(X) - X[:, 0])) < 2.0)
    True
    """

    task = "regression"

    @all_or_nothing
    @takes_exposure(lgb.LGBMRegressor.fit)
    def fit(
        self,
        X: Any,
        y: Any,
        *args: Any,
        exposure: Any = None,
        eval_exposure: Any = None,
        **options: Any,
    ) -> Any:
        if exposure is None and eval_exposure is None:
            return super().fit(X, y, *args, **options)
        options = by_name(super().fit, X, y, *args, **options)
        y, options = with_rates(self.get_params(), y, options, exposure, eval_exposure)
        return super().fit(X, y, **options)

    predict_distribution = distribution_by(LIGHTGBM)
    score = score_by(LIGHTGBM)


class LGBMClassifier(lgb.LGBMClassifier, _Estimator):
    """`lightgbm.LGBMClassifier`, whose `objective` may be a binary loss of boostloss, for any number of classes.

    As `LGBMRegressor` of this module. The classes may be of any type; `class_weight` and, of two classes,
    `scale_pos_weight` and `is_unbalance` multiply the training weights; a callable `eval_metric` gets probabilities,
    those of ``predict_proba``. A model saved from `Logistic` gives the same probabilities in plain LightGBM; from
    `Focal`, which is not proper, plain LightGBM gives the sigmoid or the softmax of the scores, and ``predict_proba``
    of this class the posterior. A target of shape (n_samples, n_classes) holds soft labels, a probability for each
    class, in the evaluation sets too.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.lightgbm import LGBMClassifier
    >>> X = np.arange(100.0)[:, None]
    >>> label = np.where(X[:, 0] < 80.0, "usual", "high")
    >>> model = LGBMClassifier(objective=bl.Focal(1.0), n_estimators=50, verbose=-1).fit(X, label)
    >>> model.predict(X[[0, 99]]).tolist()
    ['usual', 'high']
    >>> model.predict_proba(X[[0, 99]])[:, 0].round().tolist()  # of the class "high"
    [0.0, 1.0]
    """

    task = "binary"

    @all_or_nothing
    @wraps(lgb.LGBMClassifier.fit)
    def fit(self, X: Any, y: Any, *args: Any, **options: Any) -> Any:
        loss = loss_in(self.get_params())
        if loss is None or y is None:
            return super().fit(X, y, *args, **options)
        soft = targets.soft_labels(loss, y)
        options = with_hard_rows(y, soft, by_name(super().fit, X, y, *args, **options))
        if soft is None:
            targets.refuse_missing_labels(y)  # LightGBM does not say that it is `y`
            return super().fit(X, y, **options)
        refuse_class_weights(self.class_weight, self.get_params())
        with temporarily(self, _soft=soft[0]):
            return super().fit(X, soft[1], **options)

    predict = by_cost(lgb.LGBMClassifier.predict)  # type: ignore[assignment]

    def decision_function(self, X: Any, **options: Any) -> Any:
        """The raw prediction, less that at which the predicted label changes; the log posterior of more."""
        raw = self.predict(X, raw_score=True, **options)
        if self.loss_ is None:
            return raw
        if raw.ndim == 1:
            return raw - float(self.loss_.link(threshold_of(self)))
        with np.errstate(divide="ignore"):
            return np.log(self.loss_.inverse_link(raw))
