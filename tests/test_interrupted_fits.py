"""Ctrl-C in the midst of a fit is a KeyboardInterrupt, whichever library calls the loss, and spoils no earlier fit."""

import sys
from pathlib import Path

import numpy as np
import pytest
from boosting import X, target
from drop_in import NEW_PARAMETERS, drop_in, each_library, fit, fitted_loss

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from tests.processes import run_python

# A real signal while the loss, or what it calls, computes: soon after a fit begins, and later.
INTERRUPTED = """
import os, signal, sys
import numpy as np
import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.kernels import rows

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
    fixed = name == "catboost"  # whose parameters cannot change, and whose threads call the loss
    settings = {names.rounds: 40 if fixed else 3, names.threads: 1 + fixed} | names.settings
    model = names.estimator("regression")(**names.parameters(bl.Huber(1.0)), **settings)
    before = model.fit(X, y).predict(X)
    if not fixed:
        model.set_params(**{names.rounds: 2000})
    for call in (20, 120):
        calls, rows.check_array = 0, interrupting
        try:
            model.fit(X, y + 1000.0)
        except KeyboardInterrupt:
            print("KeyboardInterrupt", end=" ")
        rows.check_array = check_array
        assert (model.predict(X) == before).all()
    if not fixed:
        model.set_params(**{names.rounds: 3})
    print(name, model.fit(X, y).predict(X).shape)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_an_interrupt_surfaces(tmp_path):
    installed = [name for name, library in LIBRARIES.items() if library.installed]
    printed = run_python(INTERRUPTED, tmp_path, arguments=installed)
    interrupts = "KeyboardInterrupt KeyboardInterrupt"
    assert printed.splitlines() == [f"{interrupts} {name} (1000,)" for name in installed]


PACKAGE = str(Path(bl.__file__).parent)


def interrupt(call):
    """Count the calls of functions of the package, and interrupt the one of this number."""
    seen = []

    def profile(frame, event, argument):
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE) or code.co_name[0] == "<":
            return
        seen.append(code.co_name)
        if len(seen) == call:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(profile)
    return seen


@each_library
@pytest.mark.parametrize("loss", [bl.Cauchy("adaptive"), bl.Focal()], ids=repr)
def test_wherever_a_new_fit_is_interrupted_the_earlier_one_stays(library, loss):
    y = target(loss)

    def fitted():
        model = fit(library, drop_in(library, loss, rounds=2), X, y)
        if library in NEW_PARAMETERS:
            other = bl.Logistic() if loss.task == "binary" else bl.Huber(1.0)
            model.set_params(**LIBRARIES[library].parameters(other))
        return model

    def fit_again(model):
        return fit(library, model, X[::-1], y if loss.task == "binary" else y + 1000.0)

    model, spare = fitted(), fitted()
    before = model.predict(X)
    counts = []
    for _ in range(3):  # the first computes what is kept, and one may clean up after other tests
        counts.append(interrupt(call=None))
        fit_again(spare)
        sys.setprofile(None)
    calls = min(counts, key=len)
    for call in np.linspace(1, len(calls), 25, dtype=int):
        interrupt(call)
        try:
            with pytest.raises(KeyboardInterrupt):
                fit_again(model)
        finally:
            sys.setprofile(None)
        np.testing.assert_array_equal(model.predict(X), before, calls[call - 1])
        assert fitted_loss(library, model) == loss
