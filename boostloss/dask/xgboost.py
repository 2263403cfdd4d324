"""XGBoost's estimators for Dask with a loss as objective."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from xgboost import collective
from xgboost import dask as dxgb

from boostloss import xgboost as one_machine
from boostloss.boosting import records, targets
from boostloss.boosting.estimators import require_names, temporarily
from boostloss.boosting.libraries import XGBOOST
from boostloss.boosting.objective import read_call
from boostloss.boosting.review import review_rounds
from boostloss.boosting.workers import Shared, SharedObjective, Table, shared_mean
from boostloss.boosting.xgboost_links import RecordFirst, add_link, base_score, without_link
from boostloss.boosting.xgboost_metrics import Metric, UnroundedMetric
from boostloss.boosting.xgboost_objective import class_weights, loss_in, scaled
from boostloss.dask import target as all_rows
from boostloss.dask.failures import cause, reported, unless_stranded
from boostloss.losses.base import Loss

HISTORY = "boostloss_history"  # an attribute of a booster on its way from a worker

require_names(
    XGBOOST,
    dxgb.DaskXGBRegressor,
    ("_fit_async", "_predict_async", "_client_sync", "_configure_fit", "_set_evaluation_result"),
)


def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of an array over all workers of the training in which it is called."""
    return collective.allreduce(values, collective.Op.SUM).reshape(values.shape)


class Training(xgb.callback.TrainingCallback):
    """The objective of a training on one of its workers; as a callback it sends home what an adaptive loss learned.

    The number of the part of each row comes as the label's lower bound, which no other objective reads.
    """

    def __init__(
        self, loss: Loss, n_outputs: int, table: Table, start_from: Any, scale_pos_weight: Any
    ):
        self.of_worker = loss, n_outputs, table, start_from
        self.loss, self.scale_pos_weight = loss, scale_pos_weight
        self.name = f"boostloss-{uuid4().hex}"
        self.objective: SharedObjective | None = None

    def __call__(self, raw: NDArray, dtrain: xgb.DMatrix) -> tuple[NDArray, NDArray]:
        with reported(self.name):
            return self._derivatives(raw, dtrain)

    def _derivatives(self, raw: NDArray, dtrain: xgb.DMatrix) -> tuple[NDArray, NDArray]:
        if self.objective is None:
            loss, n_outputs, table, start_from = self.of_worker
            shared = Shared(table, total, dtrain.get_float_info("label_lower_bound"))
            self.objective = SharedObjective(loss, n_outputs, shared, start_from)
        objective = scaled(self.objective, self.loss, self.scale_pos_weight)
        return objective(*read_call(raw, dtrain, None))

    def after_training(self, model: Any) -> Any:
        if self.objective is not None and self.objective.run is not None:
            history = self.objective.run.history
            texts = {name: values.tolist() for name, values in history.items()}
            model.set_attr(**{HISTORY: json.dumps(texts)})
        return model


class UnroundedMean(UnroundedMetric):
    """The mean loss over the rows of all workers."""

    def mean_loss(self, *rows: Any) -> float:
        return shared_mean(super().mean_loss, total)(*rows)


@dataclass(frozen=True)
class Mean(Metric):
    """The mean loss over the rows of all workers."""

    def mean_loss(self, *rows: Any) -> float:
        return shared_mean(super().mean_loss, total)(*rows)


def over_all_rows(metric: Any) -> Any:
    """A metric of XGBoost, or several: of a loss the mean over all workers, where XGBoost takes that of their means."""
    if isinstance(metric, list):
        return [over_all_rows(each) for each in metric]
    return Mean(**vars(metric)) if isinstance(metric, Metric) else metric


class _Estimator(one_machine._Estimator):
    """What both estimators add to XGBoost's, when the objective is a `Loss`."""

    async def _fit_async(self, X: Any, y: Any, **options: Any) -> Any:
        loss = loss_in(self)
        if loss is None:
            self._forget_fit()
            return await super()._fit_async(X, y, **options)
        all_rows.check_loss(loss, self.task, self)
        names = ("sample_weight", "base_margin")
        of_sets = {name: options[name] for name in ("eval_set", *one_machine.OF_SETS)}
        targets.check_byte_order(of_sets, X=X, y=y, **{name: options[name] for name in names})
        client, model = self.client, options["xgb_model"]
        y = client.persist(all_rows.column(y, "y"))
        weight = all_rows.column(options["sample_weight"], "sample_weight")
        weight = None if weight is None else client.persist(weight)
        factors = partial(_class_factors, scale_pos_weight=self.scale_pos_weight)
        target = await client.compute(all_rows.look_at(loss, y, weight, factors))
        given, sizes = all_rows.counted(client, {"X": X, "base_margin": options["base_margin"]})
        all_rows.check_cuts(target.sizes, await client.compute(sizes))
        setting = self._setting(loss, None, target, None, model, None)
        k = target.n_classes if target.n_classes > 2 else loss.n_outputs
        training = Training(loss, k, target.table, model, self.scale_pos_weight)
        if self.eval_metric is None:
            setting["eval_metric"] = UnroundedMean(loss)
            setting["callbacks"] = [setting["eval_metric"], *(self.callbacks or [])]
        else:
            setting["eval_metric"] = over_all_rows(setting["eval_metric"])
        first = RecordFirst(loss, target.classes)
        setting["callbacks"] = [first, training, *(setting.get("callbacks", self.callbacks) or [])]
        model = without_link(model, loss, target.classes)
        options |= {"xgb_model": model}
        workers = set(await client.ncores())
        try:
            with temporarily(self, **setting):
                result = await unless_stranded(
                    client, self._train(y, weight, given, target, training, options)
                )
        except Exception as error:
            lost = workers - set(await client.ncores())
            events = await client.get_events(training.name)
            raise cause(error, events, xgb.core.XGBoostError, lost) from error
        self._keep(result, loss, target)
        review_rounds(XGBOOST, loss, self)
        return self

    async def _train(
        self, y: Any, weight: Any, given: Any, target: Any, training: Any, options: dict[str, Any]
    ) -> Any:
        """Train in XGBoost, on the parts that have rows."""
        params = self.get_xgb_params()
        if target.classes is not None:
            y = all_rows.encoded(target.classes, y)
            params["objective"] = "binary:logistic"
            if target.n_classes > 2:
                params |= {"objective": "multi:softprob", "num_class": target.n_classes}
        model, metric, params, feature_weights = self._configure_fit(
            options["xgb_model"], params, options["feature_weights"]
        )
        X, y, weight, margin = all_rows.with_rows(
            target.sizes, given["X"], y, weight, given["base_margin"]
        )
        common = {
            "missing": self.missing,
            "feature_types": self.feature_types,
            "enable_categorical": self.enable_categorical,
        }
        dtrain = await self._matrix(
            X,
            label=y,
            weight=weight,
            base_margin=margin,
            feature_weights=feature_weights,
            label_lower_bound=all_rows.numbers_of_parts(target),
            **common,
        )
        sets = options["eval_set"] or []
        evals = []
        for i, (table, labels) in enumerate(sets):
            name = f"eval_set[{i}]"
            labels = all_rows.column(labels, name)
            if target.classes is not None:
                labels = all_rows.encoded(target.classes, labels, name)
            others = {
                to: targets.of_sets(given, options[given], len(sets))[i]
                for to, given in zip(("weight", "base_margin"), one_machine.OF_SETS, strict=True)
            }
            matrix = await self._matrix(table, label=labels, ref=dtrain, **others, **common)
            evals.append((matrix, f"validation_{i}"))
        return await dxgb.train(
            self.client,
            params,
            dtrain,
            self.get_num_boosting_rounds(),
            evals=evals or None,
            obj=training,
            custom_metric=metric,
            verbose_eval=options["verbose"],
            early_stopping_rounds=self.early_stopping_rounds,
            callbacks=self.callbacks,
            coll_cfg=self.coll_cfg,
            xgb_model=model,
        )

    def _matrix(self, X: Any, ref: Any = None, **options: Any) -> Any:
        X = all_rows.aligned(X)
        options = {name: all_rows.aligned(given) for name, given in options.items()}
        if self.tree_method in (None, "auto", "hist"):
            return dxgb.DaskQuantileDMatrix(
                self.client, X, ref=ref, max_bin=self.max_bin, **options
            )
        return dxgb.DaskDMatrix(self.client, X, **options)

    def _keep(self, result: Any, loss: Loss, target: Any) -> None:
        """What the workers have trained, with its loss and its classes."""
        booster = result["booster"]
        history = json.loads(booster.attr(HISTORY) or "null")
        texts = dict.fromkeys((*records.KEYS, HISTORY)) | records.record(loss, target.classes)
        booster.set_attr(**texts)
        if self.task == "regression":
            add_link(booster, loss)
        self._forget_fit()
        self._Booster, self.loss_ = booster, loss
        self._set_evaluation_result(result["history"])
        if history is not None:
            self.adaptation_ = {name: np.array(values) for name, values in history.items()}
        if target.classes is not None:
            self._classes, self.n_classes_ = target.classes, target.n_classes

    def _start(self, loss: Loss, target: Any, weight: Any) -> Any:
        return base_score(loss, target.best)

    async def _predict_async(self, data: Any, *, output_margin: bool, **options: Any) -> Any:
        if self.loss_ is None:
            return await super()._predict_async(data, output_margin=output_margin, **options)
        targets.check_byte_order(X=data, base_margin=options["base_margin"])
        options["base_margin"] = all_rows.aligned(options["base_margin"])
        found = await super()._predict_async(
            all_rows.aligned(data), output_margin=output_margin, **options
        )
        return all_rows.columns_as_told(found)

    async def _raw(self, data: Any, **options: Any) -> Any:
        """Raw predictions, in the parts of the table."""
        return await _Estimator._predict_async(self, data, output_margin=True, **options)


def _class_factors(y: NDArray, n_classes: int, scale_pos_weight: Any) -> NDArray | None:
    """Those of both classes, in XGBoost's precision."""
    targets.check_positive_weight(scale_pos_weight or 1.0, n_classes)
    if n_classes > 2 or scale_pos_weight in (None, 1.0):
        return None
    return np.asarray(class_weights([0, 1], None, scale_pos_weight))


class DaskXGBRegressor(_Estimator, dxgb.DaskXGBRegressor):
    """`xgboost.dask.DaskXGBRegressor`, whose `objective` may be a regression loss of boostloss.

    It trains what `boostloss.xgboost.XGBRegressor` trains on one machine: from the loss's best constant over all rows,
    and each round by what all rows tell. It stops early by the mean loss over the rows of all workers.
    ``get_booster()`` is a whole model, which that class and plain XGBoost load. With a string as objective nothing
    differs from the parent.

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
    >>> from boostloss.dask import DaskXGBRegressor
    >>> from dask import array as da
    >>> from dask.distributed import Client
    >>> X = np.arange(100.0)[:, None]
    >>> y = np.where(X[:, 0] == 50.0, 1e6, X[:, 0])  # one target is wrong
    >>> with Client(n_workers=2, processes=False, dashboard_address=":0") as client:
    ...     rows, target = da.from_array(X, chunks=(30, 1)), da.from_array(y, chunks=30)
    ...     model = DaskXGBRegressor(objective=bl.Cauchy(), n_estimators=100).fit(rows, target)
    ...     found = model.predict(rows).compute()
    >>> bool(np.median(np.abs(found - X[:, 0])) < 2.0)
    True
    """

    task = "regression"
    fit = dxgb.DaskXGBRegressor.fit

    async def _predict_async(self, data: Any, *, output_margin: bool, **options: Any) -> Any:
        if output_margin or self.loss_ is None:
            return await super()._predict_async(data, output_margin=output_margin, **options)
        raw = await self._raw(data, **options)
        return all_rows.of_predictions(self.loss_.inverse_link, raw, self.loss_.n_outputs)


class DaskXGBClassifier(_Estimator, dxgb.DaskXGBClassifier):
    """`xgboost.dask.DaskXGBClassifier`, whose `objective` may be a binary loss of boostloss, for any number of classes.

    It does what `DaskXGBRegressor` of this module does. Labels may be of any type, and a worker need not have rows of
    every class; `scale_pos_weight` counts for two classes. Soft labels are for `boostloss.xgboost.XGBClassifier`.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.dask import DaskXGBClassifier
    >>> from dask import array as da
    >>> from dask.distributed import Client
    >>> X = np.arange(100.0)[:, None]
    >>> label = np.where(X[:, 0] < 80.0, "usual", "high")
    >>> with Client(n_workers=2, processes=False, dashboard_address=":0") as client:
    ...     rows, target = da.from_array(X, chunks=(30, 1)), da.from_array(label, chunks=30)
    ...     model = DaskXGBClassifier(objective=bl.Focal(1.0), n_estimators=50)
    ...     found = model.fit(rows, target, verbose=False).predict(rows).compute()
    >>> found[[0, 99]].tolist()
    ['usual', 'high']
    """

    task = "binary"
    fit = dxgb.DaskXGBClassifier.fit

    async def _predict_async(self, data: Any, *, output_margin: bool, **options: Any) -> Any:
        if output_margin or self.loss_ is None:
            return await super()._predict_async(data, output_margin=output_margin, **options)
        classes, loss = self._classes, self.loss_

        def labels(raw: NDArray) -> NDArray:
            return targets.predicted_labels(classes, targets.probabilities(loss, raw))

        raw = await self._raw(data, **options)
        return all_rows.of_predictions(labels, raw, len(classes), classes.dtype)

    async def _predict_proba_async(self, X: Any, **options: Any) -> Any:
        if self.loss_ is None:
            return await super()._predict_proba_async(X, **options)
        raw = await self._raw(X, **options)
        function = partial(targets.probabilities, self.loss_)
        return all_rows.of_predictions(function, raw, len(self._classes))

    @property
    def classes_(self) -> Any:
        """The labels given to fit."""
        if self._classes is not None:
            return self._classes
        plain = vars(self).get("_plain_classes")
        return super().classes_ if plain is None else plain

    @classes_.setter
    def classes_(self, classes: Any) -> None:  # XGBoost 3.2 sets those of its own objectives
        self._plain_classes = classes
