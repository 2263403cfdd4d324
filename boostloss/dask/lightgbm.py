"""LightGBM's estimators for Dask with a loss as objective."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm import dask as dlgb
from numpy.typing import NDArray
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_class_weight

from boostloss import lightgbm as one_machine
from boostloss.boosting import targets
from boostloss.boosting.estimators import all_or_nothing, forget_fit, require_names
from boostloss.boosting.libraries import LIGHTGBM
from boostloss.boosting.lightgbm_fits import check_init_model, eval_sets
from boostloss.boosting.lightgbm_parameters import (
    UNBALANCE,
    class_factors,
    loss_in,
    refuse_own_parameters,
)
from boostloss.boosting.workers import Shared, SharedObjective
from boostloss.dask import target as all_rows
from boostloss.dask.failures import cause, nothing_stranded, reported
from boostloss.dask.meeting import Meeting, Seat
from boostloss.losses.base import Loss

EARLY_STOPPING = (
    "early_stopping_round",
    "early_stopping_rounds",
    "early_stopping",
    "n_iter_no_change",
)
THREADS = ("n_jobs", "num_threads", "num_thread", "nthread", "nthreads", "n_threads")
WEIGHTS_OF_CLASSES = ("class_weight", "scale_pos_weight", *UNBALANCE)

require_names(
    LIGHTGBM,
    dlgb.DaskLGBMRegressor,
    ("_lgb_dask_fit", "_lgb_dask_to_local", "_lgb_dask_copy_extra_params"),
)
require_names(LIGHTGBM, dlgb, ("_train", "_get_dask_client"))


@dataclass(frozen=True)
class Training:
    """What every worker of a training knows."""

    target: Any
    start: Any  # 0 where the caller has chosen it
    seat: Seat
    given_start: bool  # whether columns beside the numbers of the parts are the user's `init_score`


class Worker(one_machine._Estimator):
    """The estimator that trains on one worker, whose labels are positions of classes already."""

    training: Training
    shared: Shared
    objective_of_all: SharedObjective

    def fit(self, X: Any, y: Any, *, training: Training, **options: Any) -> Any:
        self.training = training
        self._classes = training.target.classes
        self._n_classes = training.target.n_classes or -1
        numbers = np.asarray(options.pop("init_score"))
        part = numbers[:, 0] if numbers.ndim == 2 else numbers
        n_workers = self._other_params["num_machines"]
        total = training.seat.total(n_workers, int(part.min()))
        self.shared = Shared(training.target.table, total, part)
        if training.given_start:
            given = numbers[:, 1:] if numbers.shape[1] > 2 else numbers[:, 1]
            options["init_score"] = np.ascontiguousarray(given)
        try:
            with reported(training.seat.key):
                check_rows(X)
                total(np.zeros(1))  # before any of them waits in LightGBM, for hours
                super().fit(X, y, **options)
        except Exception as error:
            # The others wait for this worker, here or in LightGBM's own exchange, which this ends.
            with suppress(Exception):  # the host may be lost
                training.seat.ask("fail", error)
            lgb.basic._LIB.LGBM_NetworkFree()
            raise
        if self.objective_of_all.run is not None:
            self.adaptation_ = self.objective_of_all.run.history
        del self.shared, self.training, self.objective_of_all  # they stay on this worker
        return self

    def _run(self, loss: Loss, options: dict[str, Any]) -> Any:
        n_classes = self.training.target.n_classes
        k = n_classes if n_classes > 2 else loss.n_outputs
        self.objective_of_all = SharedObjective(loss, k, self.shared, options.get("init_model"))
        return self.objective_of_all

    def _weights(self, target: NDArray, sample_weight: Any) -> Any:
        return sample_weight  # with the factors of classes

    def _start(self, loss: Loss, target: NDArray, options: dict[str, Any]) -> Any:
        start = self.training.start
        if np.any(start):
            tables = eval_sets(options)
            options["init_score"] = np.full((len(target), *np.shape(start)), start)
            options["eval_init_score"] = [
                np.full((len(y), *np.shape(start)), start) for _, y in tables
            ] or None
        return start


def check_rows(X: Any) -> None:
    """Refuse the row of a worker that LightGBM does not take."""
    if X.shape[0] < 2 and not hasattr(X, "columns"):
        raise ValueError(
            "X must have at least two rows of an array on each worker that has any, which LightGBM asks for, got a "
            "worker with one: use larger parts."
        )


class RegressorWorker(Worker):
    task = "regression"


class ClassifierWorker(Worker):
    task = "binary"


class _Estimator(one_machine._Estimator):
    """What both estimators add to LightGBM's, when the objective is a `Loss`."""

    worker: type[Worker]
    local: type
    _other_params: dict[str, Any]
    _class_weight: Any

    @all_or_nothing
    def _lgb_dask_fit(
        self, *, X: Any, y: Any, sample_weight: Any = None, init_score: Any = None, **options: Any
    ) -> Any:
        params = self.get_params(deep=False)
        loss = loss_in(params, options.get("eval_metric"))
        if loss is None:
            forget_fit(self)
            return super()._lgb_dask_fit(
                X=X, y=y, sample_weight=sample_weight, init_score=init_score, **options
            )
        all_rows.check_loss(loss, self.task, self)
        refuse_own_parameters(loss, params)
        refuse_early_stopping(params, options.get("callbacks"))
        client = dlgb._get_dask_client(params.pop("client"))
        y = client.persist(all_rows.column(y, "y"))
        weight = all_rows.column(sample_weight, "sample_weight")
        weight = None if weight is None else client.persist(weight)
        factors = partial(_factors, {name: params.get(name) for name in WEIGHTS_OF_CLASSES})
        target = client.compute(all_rows.look_at(loss, y, weight, factors)).result()
        tables, sizes = all_rows.counted(client, {"X": X, "init_score": init_score})
        all_rows.check_cuts(target.sizes, client.compute(sizes).result())
        X, y, weight, given = all_rows.with_rows(
            target.sizes, tables["X"], y, weight, tables["init_score"]
        )
        check_init_model(loss, options.get("init_model"), target.classes)
        if target.classes is not None:
            y = all_rows.encoded(target.classes, y)
            weight = all_rows.weighted(target.factors, y, weight)
        options |= readable_sets(client, loss, target.classes, options)
        from_zero = params.get("boost_from_average", True) in (False, "false")
        chosen = from_zero or init_score is not None or options.get("init_model") is not None
        called = client.submit(Meeting, actor=True, pure=False)  # it ends with this future
        training = Training(
            target, 0.0 if chosen else target.best, Seat.at(called.result()), given is not None
        )
        dropped = (*WEIGHTS_OF_CLASSES, *THREADS)
        options |= {"model_factory": self.worker, "training": training}
        workers = set(client.ncores())
        try:
            with nothing_stranded(client):
                model = dlgb._train(
                    client=client,
                    data=X,
                    label=y,
                    params={name: value for name, value in params.items() if name not in dropped},
                    sample_weight=weight,
                    init_score=all_rows.numbers_of_parts(target, given),
                    **options,
                )
        except Exception as error:
            lost = workers - set(client.ncores())
            events = client.get_events(called.key)
            raise cause(error, events, lgb.basic.LightGBMError, lost) from error
        self._keep(model, loss, target)
        return self

    def _keep(self, model: Any, loss: Loss, target: Any) -> None:
        """What the workers have trained, with its loss and its classes."""
        own = self._other_params, self._class_weight
        self._lgb_dask_copy_extra_params(source=model, dest=self)
        self._other_params, self._class_weight = own
        if target.classes is not None:
            self._le = LabelEncoder().fit(target.classes)
            self._classes, self._n_classes = self._le.classes_, target.n_classes
        self._know(loss)

    def to_local(self) -> Any:
        """The fitted estimator of `boostloss.lightgbm`, which needs no cluster."""
        return self._lgb_dask_to_local(self.local)


def refuse_early_stopping(params: dict[str, Any], callbacks: Any) -> None:
    """Every worker would stop by its own rows, and the others wait for it."""
    given = [name for name in EARLY_STOPPING if params.get(name)]
    given += [
        "callbacks" for each in callbacks or [] if type(each).__name__ == "_EarlyStoppingCallback"
    ]
    if given:
        raise ValueError(
            f"{given[0]} cannot stop early over several workers in LightGBM, where each would go by rows of its own: "
            "take DaskXGBRegressor or DaskXGBClassifier, or choose n_estimators."
        )


def readable_sets(
    client: Any, loss: Loss, classes: NDArray | None, options: dict[str, Any]
) -> dict[str, Any]:
    """The evaluation sets without parts that have no rows, and with positions of classes for labels."""
    sets = eval_sets(options)
    names = "eval_sample_weight", "eval_init_score"
    others = [targets.of_sets(name, options.get(name), len(sets)) for name in names]
    made = []
    for i, (X, y) in enumerate(sets):
        y = client.persist(all_rows.column(y, f"eval_set[{i}]"))
        sizes = client.compute(all_rows.sizes_of(loss, y)).result()
        table, found = all_rows.counted(client, {f"the table of eval_set[{i}]": X})
        all_rows.check_cuts(sizes, client.compute(found).result(), "its target")
        (X,) = table.values()
        X, y, *more = all_rows.with_rows(sizes, X, y, *(given[i] for given in others))
        made.append(
            (X, y if classes is None else all_rows.encoded(classes, y, f"eval_set[{i}]"), more)
        )
    extra = {
        name: [more[j] for *_, more in made] if options.get(name) is not None else None
        for j, name in enumerate(names)
    }
    tables = [tuple(parts) for parts in zip(*((X, y) for X, y, _ in made), strict=True)] or (
        None,
        None,
    )
    return extra | {"eval_set": None, "eval_X": tables[0], "eval_y": tables[1]}


def _factors(given: dict[str, Any], y: NDArray, n_classes: int) -> NDArray | None:
    """By which the rows of each class weigh more, by `class_weight` and LightGBM's own parameters."""
    known = {name: value for name, value in given.items() if value is not None}
    class_weight = known.pop("class_weight", None)
    factors = np.ones(n_classes)
    factors[:2] *= class_factors(known, y, n_classes)
    if class_weight is not None:
        factors *= compute_class_weight(class_weight, classes=np.arange(n_classes), y=y.astype(int))
    return None if (factors == 1.0).all() else factors


def predictions(method: Callable[..., Any]) -> Any:
    """A method of the parent's that predicts, of a table of which a part may have no rows."""

    @wraps(method)
    def predict(self: Any, X: Any, *arguments: Any, **options: Any) -> Any:
        found = method(self, X, *arguments, **options)
        return found if self.loss_ is None else all_rows.columns_as_told(found)

    return predict


class DaskLGBMRegressor(_Estimator, lgb.DaskLGBMRegressor):
    """`lightgbm.DaskLGBMRegressor`, whose `objective` may be a regression loss of boostloss.

    It trains what `boostloss.lightgbm.LGBMRegressor` trains on one machine: from the loss's best constant over all
    rows, and each round by what all rows tell. ``to_local()`` is that estimator, fitted; plain LightGBM loads the model
    too. Early stopping is refused, since LightGBM's workers would each go by their own rows. With a string as objective
    nothing differs from the parent.

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
    >>> from boostloss.dask import DaskLGBMRegressor
    >>> from dask import array as da
    >>> from dask.distributed import Client
    >>> X = np.arange(200.0)[:, None] % 50.0
    >>> y = np.where(np.arange(200) == 50, 1e6, X[:, 0])  # one target is wrong
    >>> with Client(n_workers=2, processes=False, dashboard_address=":0") as client:
    ...     rows, target = da.from_array(X, chunks=(100, 1)), da.from_array(y, chunks=100)
    ...     model = DaskLGBMRegressor(objective=bl.Cauchy(), n_estimators=100, verbose=-1)
    ...     found = model.fit(rows, target).predict(rows).compute()
    Finding random open ports for workers
    >>> bool(np.median(np.abs(found - X[:, 0])) < 5.0)
    True
    """

    task = "regression"
    worker, local = RegressorWorker, one_machine.LGBMRegressor
    fit = lgb.DaskLGBMRegressor.fit
    predict = predictions(lgb.DaskLGBMRegressor.predict)


class DaskLGBMClassifier(_Estimator, lgb.DaskLGBMClassifier):
    """`lightgbm.DaskLGBMClassifier`, whose `objective` may be a binary loss of boostloss, for any number of classes.

    It does what `DaskLGBMRegressor` of this module does. Labels may be of any type, and a worker need not have rows of
    every class; `class_weight`, `scale_pos_weight` and `is_unbalance` count for the classes of all rows. Soft labels
    are for `boostloss.lightgbm.LGBMClassifier`.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.dask import DaskLGBMClassifier
    >>> from dask import array as da
    >>> from dask.distributed import Client
    >>> X = np.arange(100.0)[:, None] % 50.0
    >>> label = np.where(X[:, 0] < 40.0, "usual", "high")
    >>> with Client(n_workers=2, processes=False, dashboard_address=":0") as client:
    ...     rows, target = da.from_array(X, chunks=(50, 1)), da.from_array(label, chunks=50)
    ...     model = DaskLGBMClassifier(objective=bl.Focal(1.0), n_estimators=50, verbose=-1)
    ...     found = model.fit(rows, target).predict(rows).compute()
    Finding random open ports for workers
    >>> found[[0, 99]].tolist()
    ['usual', 'high']
    """

    task = "binary"
    worker, local = ClassifierWorker, one_machine.LGBMClassifier
    fit = lgb.DaskLGBMClassifier.fit
    predict = predictions(lgb.DaskLGBMClassifier.predict)
    predict_proba = predictions(lgb.DaskLGBMClassifier.predict_proba)
