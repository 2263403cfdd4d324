"""XGBoost: objective, metric, and estimators that know the loss.

A `Loss` is an XGBoost objective as it is, ``xgb.train(params, dtrain, obj=loss)``. What XGBoost does
not do for a custom objective, the estimators here do: the best constant as the start, early stopping
on the loss, `scale_pos_weight`, probabilities, and a saved model that knows its loss.
"""

from functools import wraps
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from boostloss.boosting import records, targets
from boostloss.boosting import xgboost_links as links
from boostloss.boosting.estimators import (
    Stamped,
    all_or_nothing,
    check_task,
    forget_fit,
    nested_parameters,
    store_history,
    temporarily,
    with_new_losses,
)
from boostloss.boosting.exposure import rate, rates_of_sets, takes_exposure
from boostloss.boosting.ignored import table_parts
from boostloss.boosting.intervals import takes_intervals
from boostloss.boosting.libraries import XGBOOST
from boostloss.boosting.regressors import distribution_by, score_by
from boostloss.boosting.review import review_fit, review_rounds
from boostloss.boosting.watched import decided, run_of
from boostloss.boosting.xgboost_metrics import Metric, UnroundedMetric, evaluated, metric
from boostloss.boosting.xgboost_objective import class_weights, loss_in, objective, scaled
from boostloss.boosting.xgboost_tables import CheckedTables
from boostloss.decisions import by_cost
from boostloss.losses.base import Loss
from boostloss.losses.classes import best_constant, check_labels

__all__ = ["XGBClassifier", "XGBRegressor", "metric", "objective"]

OF_SETS = "sample_weight_eval_set", "base_margin_eval_set"
_Metric = Metric  # as pickles of version 0.1.0 name it
# XGBoost's way to take keywords by position too, with a warning; its methods lose it with this name.
by_position = getattr(xgb.core, "_deprecate_positional_args", lambda method: method)


class _Estimator(Stamped, xgb.XGBModel):
    """What both estimators add to XGBoost's, when the objective is a `Loss`."""

    task: str
    loss_: Loss | None = None  # of the fitted trees
    _classes: Any = None

    @all_or_nothing
    @by_position
    @takes_exposure(xgb.XGBModel.fit)
    @takes_intervals("eval_set")
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        eval_set: Any = None,
        xgb_model: Any = None,
        exposure: Any = None,
        eval_exposure: Any = None,
        **options: Any,
    ) -> Any:
        self._forget_fit()
        loss = loss_in(self)
        if exposure is not None or eval_exposure is not None:
            y, sample_weight = rate(loss, y, sample_weight, exposure, "exposure")
            eval_set, weights = rates_of_sets(
                loss, eval_set or [], options.get(OF_SETS[0]), eval_exposure
            )
            options[OF_SETS[0]] = weights or None
        soft = None
        if loss is not None and self.task == "binary":
            soft = targets.soft_labels(loss, y)
            if soft is not None:
                targets.refuse_class_weight("scale_pos_weight", self.scale_pos_weight, 1.0)
            if eval_set is not None:
                eval_set, hard = targets.with_hard_rows(y, soft, eval_set, options, *OF_SETS)
                options |= hard
        labels = y if soft is None else soft[1]
        classes, y, eval_set = self._targets(loss, labels, eval_set)
        margin, run, setting = options.get("base_margin"), None, {}
        if loss is not None:
            given = {"X": X, "y": y, "sample_weight": sample_weight, "base_margin": margin}
            of_sets = {name: options.get(name) for name in OF_SETS}
            targets.check_byte_order({"eval_set": eval_set} | of_sets, **given)
            run = run_of(loss, xgb_model, bool(eval_set))
            setting = self._setting(loss, run, y, sample_weight, xgb_model, soft)
            setting["callbacks"].insert(0, links.RecordFirst(loss, classes))
            xgb_model = links.without_link(xgb_model, loss, classes)
        options |= {"sample_weight": sample_weight, "eval_set": eval_set, "xgb_model": xgb_model}
        with temporarily(self, **setting):
            super().fit(X, y, **options)
        if classes is not None:
            self._classes = classes  # not before, since the parent compares its own with the target

        def raw_prediction(X: Any, start: Any) -> NDArray:
            return self.predict(X, output_margin=True, base_margin=start)

        loss = decided(run, loss, X, margin, raw_prediction)
        self.get_booster().set_attr(**dict.fromkeys(records.KEYS) | records.record(loss, classes))
        if loss is not None:
            self.loss_ = loss
            if self.task == "regression":
                links.add_link(self.get_booster(), loss)
            store_history(self, run)
            if self.task == "binary":
                self.n_classes_ = len(self._classes)  # even where all labels are 0
            review_fit(
                XGBOOST,
                setting["objective"],
                lambda: table_parts(X, y, sample_weight, margin),
                lambda part: raw_prediction(part.X, part.start),
                {name: getattr(self, name) for name in ("missing", "feature_types")},
            )
            review_rounds(XGBOOST, loss, self)
        return self

    @all_or_nothing
    def load_model(self, fname: Any) -> None:
        """Load a model, and its loss if an estimator of this module has saved it.

        Raises
        ------
        ValueError
            If the loss is not one for this estimator, or the file does not say rightly what it is.
        """
        self._forget_fit()
        if self.__sklearn_is_fitted__():
            del self._Booster  # or XGBoost would load into it
        try:
            super().load_model(fname)
        except TypeError:  # a model for the other task: the loss says it as in the other libraries
            self._restore()
            raise
        texts, loss = self._restore()
        if loss is not None:
            links.end_checkpoint(self.get_booster(), loss)
            self.objective = self.loss_ = loss
            self.base_score = None  # that of the file is no start for a new fit
        if self.task == "binary" and (loss is not None or texts[records.CLASSES] is not None):
            self._classes = records.restore_classes(texts)

    def _forget_fit(self) -> None:
        forget_fit(self)
        self.__dict__.pop("_classes", None)

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """The parameters, as the constructor takes them; `deep` those of a loss too: ``objective__gamma``."""
        params = super().get_params(deep)
        return params | nested_parameters(params) if deep else params

    def set_params(self, **params: Any) -> Any:
        """Set parameters; ``objective__gamma=1`` replaces the objective by one that has this gamma."""
        return super().set_params(**with_new_losses(self, params))

    def _get_doc_link(self) -> str:
        """Where XGBoost documents its parent: the link in scikit-learn's picture of an estimator."""
        parent = next(kind for kind in type(self).__mro__ if kind.__module__ == "xgboost.sklearn")
        return parent()._get_doc_link()

    def _restore(self) -> tuple[dict[str, Any], Loss | None]:
        texts = {key: self.get_booster().attr(key) for key in records.KEYS}
        return texts, records.restore(texts, self)

    def _targets(self, loss: Loss | None, y: Any, eval_set: Any) -> tuple[Any, Any, Any]:
        """The classes, where they are not those of the parent, and the targets for it, valid for the loss."""
        if loss is not None:
            check_task(loss, self.task, self)
            loss.check_target(column_or_1d(y, warn=True))
        return None, y, eval_set

    def _setting(
        self, loss: Loss, run: Any, y: Any, sample_weight: Any, xgb_model: Any, soft: Any
    ) -> dict[str, Any]:
        """The parent's parameters while it fits a loss, whose objective is the run of it if there is one."""
        setting: dict[str, Any] = {
            "objective": scaled(run or loss, loss, self.scale_pos_weight),
            "kwargs": getattr(self, "kwargs", None) or {},
            "callbacks": list(self.callbacks or []),
        }
        if soft is not None:
            y = soft[0]
            setting["objective"] = targets.SoftObjective(run or loss, y)
        if loss.n_outputs > 1:
            setting["kwargs"] = setting["kwargs"] | {"num_target": loss.n_outputs}
        # XGBoost's default metric compares raw predictions with the targets.
        if self.eval_metric is None or loss.n_outputs > 1 or loss.link_name != "identity":
            setting["kwargs"] = setting["kwargs"] | {"disable_default_eval_metric": True}
        given: Any = self.base_score
        if xgb_model is not None:
            setting["base_score"] = None  # another one would move the trees that are there
        elif given is None:
            setting["base_score"] = self._start(loss, y, sample_weight)
        else:
            setting["base_score"] = links.raw_start(loss, given)
        if self.eval_metric is None:
            setting["eval_metric"] = unrounded = UnroundedMetric(loss)
            setting["callbacks"].insert(0, unrounded)
        else:
            setting["eval_metric"] = evaluated(loss, self.eval_metric)
        return setting

    def _start(self, loss: Loss, y: Any, weight: Any) -> Any:
        """The best constant, as XGBoost takes it."""
        return links.base_score(loss, best_constant(loss, y, weight, 0))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if isinstance(self.objective, Loss):
            tags.target_tags.multi_output = False
            if tags.classifier_tags is not None:
                tags.classifier_tags.multi_label = False
        return tags


class XGBRegressor(_Estimator, CheckedTables, xgb.XGBRegressor):
    """`xgboost.XGBRegressor`, whose `objective` may be a regression loss of boostloss.

    Training starts from the loss's best constant, unless `base_score`, a prediction, is given, and stops early by the
    loss itself, unless `eval_metric` is given. A saved model is complete: plain XGBoost loads it and predicts the
    same, and `load_model` of this class restores the loss too. With a string as objective nothing differs
    from the parent. `exposure` and `eval_exposure` of `fit` make rates of counts and amounts.

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
    >>> from boostloss.xgboost import XGBRegressor
    >>> X = np.arange(100.0)[:, None]
    >>> y = np.where(X[:, 0] == 50.0, 1e6, X[:, 0])  # one target is wrong
    >>> model = XGBRegressor(objective=bl.Cauchy(), n_estimators=100).fit(X, y)
    >>> bool(np.median(np.abs(model.predict(X) - X[:, 0])) < 2.0)
    True
    """

    task = "regression"

    @by_position
    @wraps(xgb.XGBRegressor.predict)
    def predict(self, X: Any, *, output_margin: bool = False, **options: Any) -> NDArray:
        if output_margin or self.loss_ is None:
            return super().predict(X, output_margin=output_margin, **options)
        return self.loss_.inverse_link(super().predict(X, output_margin=True, **options))

    predict_distribution = distribution_by(XGBOOST)
    score = score_by(XGBOOST)


class XGBClassifier(_Estimator, CheckedTables, xgb.XGBClassifier):
    """`xgboost.XGBClassifier`, whose `objective` may be a binary loss of boostloss, for any number of classes.

    It does what `XGBRegressor` of this module does; besides, `scale_pos_weight` counts for two classes, and a callable
    `eval_metric` gets the probabilities of ``predict_proba``. Labels may be of any type, with a string as objective too
    if there are two, where XGBoost takes 0 and 1 alone. With `Logistic`, plain XGBoost gives the same probabilities
    from the saved model. `Focal` is not proper: plain XGBoost, and its metrics of probabilities, take the sigmoid or
    the softmax of the scores, where ``predict_proba`` here recovers the probability. A target of shape (n_samples,
    n_classes) holds soft labels, a probability for each class, in `eval_set` too.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.xgboost import XGBClassifier
    >>> X = np.arange(100.0)[:, None]
    >>> label = np.where(X[:, 0] < 80.0, "usual", "high")
    >>> model = XGBClassifier(objective=bl.Focal(1.0), n_estimators=50).fit(X, label)
    >>> model.predict_proba(X[[0, 99]])[:, 0].round().tolist()  # of the class "high"
    [0.0, 1.0]
    """

    task = "binary"

    @by_cost
    @by_position
    @wraps(xgb.XGBClassifier.predict)
    def predict(self, X: Any, *, output_margin: bool = False, **options: Any) -> NDArray:
        if output_margin or self.loss_ is None:
            found = super().predict(X, output_margin=output_margin, **options)
            return found if output_margin or self._classes is None else self._classes[found]
        return targets.predicted_labels(self._classes, self.predict_proba(X, **options))

    @wraps(xgb.XGBClassifier.predict_proba)
    def predict_proba(
        self,
        X: Any,
        validate_features: bool = True,
        base_margin: Any = None,
        iteration_range: Any = None,
    ) -> NDArray:
        X, base_margin = map(targets.in_double_precision, (X, base_margin))
        options = {"validate_features": validate_features, "base_margin": base_margin}
        options["iteration_range"] = iteration_range
        if self.loss_ is None:
            return super().predict_proba(X, **options)
        return targets.probabilities(self.loss_, super().predict(X, output_margin=True, **options))

    @property
    def classes_(self) -> NDArray:
        """The labels given to fit."""
        return super().classes_ if self._classes is None else self._classes

    def _targets(self, loss: Loss | None, y: Any, eval_set: Any) -> tuple[Any, Any, Any]:
        if loss is not None:
            check_task(loss, self.task, self)
        elif not _are_other_labels(y):
            return None, y, eval_set
        classes, encoded = targets.encode_labels(y)
        if loss is not None:
            targets.check_positive_weight(self.scale_pos_weight or 1.0, len(classes))
            check_labels(loss, encoded, len(classes))

        def encode(i: int, labels: Any) -> Any:  # the parent knows the training set by its target
            name = f"eval_set[{i}]"
            return encoded if labels is y else targets.encode_as(classes, labels, name)

        if eval_set is not None:
            eval_set = [(X, encode(i, labels)) for i, (X, labels) in enumerate(eval_set)]
        return classes, encoded, eval_set

    def _start(self, loss: Loss, y: Any, weight: Any) -> Any:
        n_classes = y.shape[1] if y.ndim == 2 else int(np.max(y)) + 1
        if n_classes <= 2:
            weight = class_weights(y, weight, self.scale_pos_weight)
        return links.base_score(loss, best_constant(loss, y, weight, n_classes))


def _are_other_labels(y: Any) -> bool:
    """Whether they are two, and not the 0 and 1 to which XGBoost keeps its own objectives."""
    if hasattr(y, "__cuda_array_interface__") or hasattr(y, "collect"):  # not in this memory yet
        return False
    labels = np.asarray(y)
    classes = np.unique(labels)
    return len(classes) == 2 and classes.tolist() != [0, 1] and labels.size == len(labels)
