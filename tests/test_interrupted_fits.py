"""Ctrl-C in the midst of a fit is a KeyboardInterrupt, whichever library calls the loss."""

import sys

import pytest

from boostloss.boosting.libraries import LIBRARIES
from tests.processes import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

# A real signal while the loss, or what it calls, computes: soon after the first round, and later.
INTERRUPTED = """
import os, signal, sys
import numpy as np
import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.kernels import rows

signal.signal(signal.SIGINT, signal.default_int_handler)
check_array = rows.check_array

def interrupting(*arguments):
    global calls
    calls += 1
    if calls == call:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):  # the main thread handles it, which may not be this one
            pass
    return check_array(*arguments)

X = np.random.default_rng(0).normal(size=(1000, 3))
y = X[:, 0] + 0.1 * X[:, 1]
for name in sys.argv[1:]:
    names = LIBRARIES[name]
    settings = names.parameters(bl.Huber()) | {names.rounds: 2000, names.threads: 2}
    model = names.estimator("regression")(**settings | names.settings)
    for call in (60, 400):
        calls, rows.check_array = 0, interrupting
        try:
            model.fit(X, y)
        except KeyboardInterrupt:
            print("KeyboardInterrupt", end=" ")
        rows.check_array = check_array
    model.set_params(**{names.rounds: 3})
    print(name, model.fit(X, y).predict(X).shape)
"""


def test_an_interrupt_surfaces(tmp_path):
    installed = [name for name, library in LIBRARIES.items() if library.installed]
    printed = run_python(INTERRUPTED, tmp_path, arguments=installed)
    interrupts = "KeyboardInterrupt KeyboardInterrupt"
    assert printed.splitlines() == [f"{interrupts} {name} (1000,)" for name in installed]
