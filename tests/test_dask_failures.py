"""Trainings over Dask's workers of which one fails or is lost."""

import importlib
import os
import signal
import time
from itertools import count

import dask
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

import boostloss as bl

pytest.importorskip("distributed")

from dask import array as da
from dask.distributed import Client, get_worker, wait
from dask_clusters import MARKS, X, Y, cluster, parts, train

from boostloss.boosting.workers import SharedObjective
from boostloss.dask import DaskLGBMRegressor, DaskXGBRegressor, lightgbm

pytestmark = MARKS


@pytest.fixture(scope="module")
def processes():
    stays = {"distributed.scheduler.work-stealing": False}
    with (
        dask.config.set(stays),
        Client(n_workers=2, threads_per_worker=1, dashboard_address=":0") as client,
    ):
        yield client


@pytest.mark.parametrize("kind", [DaskXGBRegressor, DaskLGBMRegressor])
def test_a_worker_that_fails_ends_the_training_with_its_error(kind, monkeypatch):
    compute = SharedObjective.__call__

    def fail_once(self, y_true, y_pred, sample_weight=None):
        if (self.shared.part == 0).any():
            raise ArithmeticError("this worker is unwell")
        return compute(self, y_true, y_pred, sample_weight)

    data = parts(X), parts(Y)
    with cluster(4):
        with monkeypatch.context() as patched:
            patched.setattr(SharedObjective, "__call__", fail_once)
            model = kind(objective=bl.Quantile(0.5), n_estimators=5)
            begin = time.monotonic()
            with pytest.raises(Exception, match="this worker is unwell"):
                train(model, *data)
        assert time.monotonic() - begin < 20.0
        assert model.__dict__.get("loss_") is None
        # Nobody waits in a thread of its worker for what never comes.
        train(kind(objective=bl.Quantile(0.5), n_estimators=5), *data)


@pytest.mark.parametrize("kind", [DaskXGBRegressor, DaskLGBMRegressor])
def test_a_target_that_cannot_be_had_ends_the_fit_before_training(kind):
    def unreadable(part):
        raise OSError("this file is gone")

    y = parts(Y)
    model = kind(objective=bl.Quantile(0.5), n_estimators=5)
    with cluster(2):
        with pytest.raises(OSError, match="this file is gone"):
            train(model, parts(X), y.map_blocks(unreadable, dtype=y.dtype, meta=y._meta))
        assert "loss_" not in vars(model)
        train(model, parts(X), y)


def test_a_worker_whose_rows_lightgbm_does_not_take_leaves_no_other_waiting(monkeypatch):
    """In LightGBM's own exchange they would wait for hours, in threads that spin."""
    data, calls = (parts(X), parts(Y)), count()

    check = lightgbm.check_rows

    def refuse_the_first(X):
        check(X if next(calls) else X[:1])

    model = DaskLGBMRegressor(objective=bl.Quantile(0.5), n_estimators=3)
    with cluster(4):
        with monkeypatch.context() as patched:
            patched.setattr(lightgbm, "check_rows", refuse_the_first)
            begin = time.monotonic()
            with pytest.raises(ValueError, match="at least two rows of an array on each worker"):
                train(model, *data)
        assert time.monotonic() - begin < 20.0
        train(model, *data)


def test_a_row_of_a_frame_may_be_alone_on_a_worker():
    lightgbm.check_rows(pd.DataFrame(X[:1]))
    lightgbm.check_rows(X[:2])


def spread(client, values, name, workers, size):
    """The same number of rows for each of these workers, in parts of this size."""
    pieces = np.split(values, len(workers))
    kept = [
        client.persist(
            da.from_array(piece, chunks=(size, *piece.shape[1:]), name=f"{name}{i}"),
            workers=[worker],
        )
        for i, (piece, worker) in enumerate(zip(pieces, workers, strict=True))
    ]
    wait(kept)
    return da.concatenate(kept)


@pytest.mark.parametrize(
    ("alone", "size"),
    [(False, 300), (True, 300), (True, 1200)],
    ids=["one of two", "the one with all rows", "the one with a single part"],
)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_worker_that_is_killed_ends_the_training(library, alone, size, processes):
    def die(number):
        if number == 3 and get_worker().name == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    class Dying(xgb.callback.TrainingCallback):
        def after_iteration(self, model, epoch, evals_log):
            die(epoch)
            return False

    processes.wait_for_workers(2)  # that of the library before has come again
    processes.run(importlib.import_module, f"boostloss.dask.{library}")
    names = processes.run(lambda dask_worker: dask_worker.name)
    workers = sorted(names, key=names.get)[: 1 if alone else 2]
    name = f"{library}{alone}{size}"
    data = [spread(processes, x, f"{name}{x.ndim}", workers, size) for x in (X, Y)]
    options = {"objective": bl.Quantile(0.5), "n_estimators": 500}
    begin = time.monotonic()
    if library == "xgboost":
        model = DaskXGBRegressor(**options, callbacks=[Dying()])
        with pytest.raises(ConnectionError, match="has lost the worker tcp://"):
            train(model, *data)
    else:
        model = DaskLGBMRegressor(**options, verbose=-1)
        with pytest.raises(ConnectionError, match="has lost the worker tcp://"):
            train(model, *data, callbacks=[lambda env: die(env.iteration)])
    assert time.monotonic() - begin < 60.0
    assert "loss_" not in vars(model)
