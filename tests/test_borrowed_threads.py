"""Kernels in the threads of the OpenMP that LightGBM has started."""

import os
import sys
import threading

import lightgbm as lgb
import numpy as np
import pytest
from processes import run_python

import boostloss as bl
from boostloss.kernels import openmp
from boostloss.kernels.rows import BLOCK
from boostloss.kernels.threads import parallel_map

has_region = openmp.parallel_region(lgb.basic._LIB) is not None
needs_region = pytest.mark.skipif(not has_region, reason="no OpenMP of GNU's")


def called_by_lightgbm(function, *arguments):
    """Call in a frame like one of LightGBM's."""
    scope = {"__name__": "lightgbm.engine", "function": function, "arguments": arguments}
    exec("result = function(*arguments)", scope)  # a frame whose module has this name
    return scope["result"]


def let_lightgbm_run_in(n_threads):
    """As a training with so many threads does, until the next one."""
    rows = np.arange(100.0)[:, None]
    settings = {"num_threads": n_threads, "verbosity": -1, "objective": "regression"}
    lgb.train(settings, lgb.Dataset(rows, rows[:, 0]), 1)


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    let_lightgbm_run_in(2)


@needs_region
def test_who_has_called(two_threads):
    assert openmp.region_of_caller() is None
    for function in (openmp.region_of_caller, lambda: openmp.region_of_caller()):
        _, n_threads = called_by_lightgbm(function)
        assert n_threads == 2


def test_a_lightgbm_of_one_thread_lends_none():
    let_lightgbm_run_in(1)
    assert called_by_lightgbm(openmp.region_of_caller) is None


def test_a_lightgbm_that_does_not_tell(monkeypatch):
    monkeypatch.setattr(lgb.basic, "_LIB", object())
    assert called_by_lightgbm(openmp.region_of_caller) is None


def test_other_threads_are_not_called_by_lightgbm():
    found = []

    def look():
        found.append(openmp.region_of_caller())

    def in_another_thread():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    called_by_lightgbm(in_another_thread)
    assert found == [None]


def test_an_interpreter_without_frames(monkeypatch):
    monkeypatch.delattr(sys, "_getframe")
    assert called_by_lightgbm(openmp.region_of_caller) is None


def test_a_library_without_such_an_entry():
    assert openmp.parallel_region(object()) is None


@needs_region
def test_the_work_is_done_in_its_threads(two_threads):
    seen, both = set(), threading.Barrier(2, timeout=60)

    def task(item):
        seen.add(threading.get_ident())
        both.wait()  # until two are there

    called_by_lightgbm(parallel_map, task, range(2))
    assert len(seen) == 2
    assert threading.get_ident() in seen
    assert not seen & {
        thread.ident for thread in threading.enumerate() if thread.name == "boostloss"
    }


@needs_region
@pytest.mark.parametrize("kind", [MemoryError, KeyboardInterrupt])
def test_what_a_thread_raises_is_raised(kind, two_threads):
    def task(item):
        raise kind("no room")

    with pytest.raises(kind, match="no room"):
        called_by_lightgbm(parallel_map, task, range(10))


@needs_region
def test_nested_maps(two_threads):
    def row(i):
        return parallel_map(lambda j: i * j, range(20))

    found = called_by_lightgbm(parallel_map, row, range(20))
    np.testing.assert_array_equal(found, np.outer(range(20), range(20)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_that_is_forked_within_a_training(tmp_path):
    """It has none of the threads that LightGBM's OpenMP would wait for."""
    code = """
    import os, warnings
    import lightgbm as lgb
    import numpy as np
    from boostloss import Huber
    warnings.simplefilter("ignore", DeprecationWarning)  # forks with threads
    y = np.zeros(600_000, np.float32)
    f = np.linspace(-3, 3, 600_000).astype(np.float32)
    codes = []

    def callback(env):
        expected = Huber(1.0).gradient_hessian(y, f)
        child = os.fork()
        if not child:
            np.testing.assert_array_equal(Huber(1.0).gradient_hessian(y, f), expected)
            os._exit(3)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    rows = np.arange(100.0)[:, None]
    settings = {"num_threads": 2, "verbosity": -1, "objective": "regression"}
    lgb.train(settings, lgb.Dataset(rows, rows[:, 0]), 1, callbacks=[callback])
    assert codes == [3]
    """
    run_python(code, tmp_path, NUMBA_NUM_THREADS="2")


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.8)], ids=repr)
@pytest.mark.parametrize("borrowed", [True, False], ids=["borrowed", "own"])
def test_the_model_is_the_same_in_any_threads(loss, borrowed, two_threads, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2 * BLOCK + 100, 2)).astype(np.float32)
    y = X[:, 0] + rng.standard_normal(len(X)).astype(np.float32)

    def text():
        settings = {"objective": loss, "num_threads": 2, "verbosity": -1, "num_leaves": 7}
        rows = lgb.Dataset(X, y, init_score=np.full(len(X), y.mean()), params=settings)
        return lgb.train(settings, rows, 3).model_to_string()

    if not borrowed:
        monkeypatch.setattr(openmp, "lightgbm_region", lambda: None)
    with_several = text()
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert text() == with_several
