"""Ctrl-C in the midst of a fit is a KeyboardInterrupt, whichever library calls the loss."""

import sys

import pytest

from boostloss.boosting.libraries import LIBRARIES
from tests.processes import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

# A real signal while the loss, or what it calls, computes.
INTERRUPTED = """
import os, signal, sys, warnings
import numpy as np
import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.kernels import rows

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
names = LIBRARIES[sys.argv[2]]
settings = names.parameters(bl.Huber()) | {names.rounds: 2000, names.threads: 2}
model = names.estimator("regression")(**settings | names.settings)
rows.check_array = interrupting
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
rows.check_array = check_array
model.set_params(**{names.rounds: 3})
print(model.fit(X, y).predict(X).shape)
"""


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("call", [60, 400])
def test_an_interrupt_surfaces(library, call, tmp_path):
    if not LIBRARIES[library].installed:
        pytest.skip(f"{library} is not installed")
    printed = run_python(INTERRUPTED, tmp_path, arguments=(call, library))
    assert printed == "KeyboardInterrupt\n(3000,)\n"
