"""Ctrl-C in the midst of a fit is a KeyboardInterrupt, whichever library calls the loss."""

import importlib.util
import sys

import pytest

from tests.processes import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

# A real signal while the loss, or what it calls, computes.
INTERRUPTED = """
import os, signal, sys, warnings
import numpy as np
import boostloss as bl
from boostloss.kernels import rows
from boostloss.{library} import {estimator}

signal.signal(signal.SIGINT, signal.default_int_handler)
check_array, calls = rows.check_array, 0

def interrupting(*arguments):
    global calls
    calls += 1
    if calls == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the main thread handles it, which may not be this one
            pass
    return check_array(*arguments)

X = np.random.default_rng(0).normal(size=(3000, 5))
y = X[:, 0] + 0.1 * X[:, 1]
model = {estimator}({options})
rows.check_array = interrupting
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
rows.check_array = check_array
model.set_params({rounds}=3)
print(model.fit(X, y).predict(X).shape)
"""
ESTIMATORS = {
    "xgboost": (
        "XGBRegressor",
        "objective=bl.Huber(), n_estimators=2000, n_jobs=2",
        "n_estimators",
    ),
    "lightgbm": (
        "LGBMRegressor",
        "objective=bl.Huber(), n_estimators=2000, n_jobs=2, verbose=-1",
        "n_estimators",
    ),
    "catboost": (
        "CatBoostRegressor",
        "loss_function=bl.Huber(), iterations=2000, thread_count=2, verbose=False,"
        " allow_writing_files=False",
        "iterations",
    ),
}


@pytest.mark.parametrize("library", ESTIMATORS)
@pytest.mark.parametrize("call", [60, 400])
def test_an_interrupt_surfaces(library, call, tmp_path):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    estimator, options, rounds = ESTIMATORS[library]
    code = INTERRUPTED.format(library=library, estimator=estimator, options=options, rounds=rounds)
    printed = run_python(code, tmp_path, arguments=(call,))
    assert printed == "KeyboardInterrupt\n(3000,)\n"
