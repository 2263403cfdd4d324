"""Ctrl-C in the midst of a fit is a KeyboardInterrupt, whichever library calls the loss, and spoils no earlier fit.

Nor does any other exception, which reaches the user.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from boosting import X, target
from drop_in import NEW_PARAMETERS, drop_in, each_library, fit, fitted_loss
from processes import run_python

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

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


def interrupt(call, exception=KeyboardInterrupt):
    """Count the calls of functions of the package, and raise an exception in the one of this number."""
    seen = []

    def profile(frame, event, argument):
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE) or code.co_name[0] == "<":
            return
        seen.append(code.co_name)
        if len(seen) == call:
            sys.setprofile(None)
            raise exception

    sys.setprofile(profile)
    return seen


class Refit:
    """An estimator that has been fitted, where NEW_PARAMETERS allows it with another loss, and its next fit."""

    def __init__(self, library, loss):
        self.library, self.loss, self.y = library, loss, target(loss)
        spare, counts = self.fitted(), []
        for _ in range(
            3
        ):  # the first computes what is kept, and one may clean up after other tests
            counts.append(interrupt(call=None))
            self.fit_again(spare)
            sys.setprofile(None)
        self.calls, self.finished = min(counts, key=len), spare.predict(X)
        self.model = self.fitted()
        self.before = self.model.predict(X)

    def fitted(self):
        model = fit(self.library, drop_in(self.library, self.loss, rounds=2), X, self.y)
        if self.library in NEW_PARAMETERS:
            other = bl.Logistic() if self.loss.task == "binary" else bl.Huber(1.0)
            model.set_params(**LIBRARIES[self.library].parameters(other))
        return model

    def fit_again(self, model):
        y = self.y if self.loss.task == "binary" else self.y + 1000.0
        return fit(self.library, model, X[::-1], y)

    def raised(self, call, exception):
        """What comes of the next fit where a call raises an exception: another exception, or nothing."""
        interrupt(call, exception)
        try:
            self.fit_again(self.model)
        except BaseException as found:
            return found
        finally:
            sys.setprofile(None)
        return None

    def assert_as_before(self, call):
        found = self.model.predict(X)
        np.testing.assert_array_equal(found, self.before, self.calls[call - 1])
        assert fitted_loss(self.library, self.model) == self.loss


each_loss = pytest.mark.parametrize(
    "loss", [bl.Cauchy("adaptive"), bl.Focal(), bl.Normal()], ids=repr
)


@each_library
@each_loss
def test_wherever_a_new_fit_is_interrupted_the_earlier_one_stays(library, loss):
    refit = Refit(library, loss)
    for call in np.linspace(1, len(refit.calls), 25, dtype=int):
        assert isinstance(refit.raised(call, KeyboardInterrupt), KeyboardInterrupt)
        refit.assert_as_before(call)


@each_library
@each_loss
def test_wherever_a_new_fit_fails_the_earlier_one_stays(library, loss):
    refit, failures = Refit(library, loss), 0
    for call in np.linspace(1, len(refit.calls), 9, dtype=int):
        fault = RuntimeError("a fault of the test")
        found = refit.raised(call, fault)
        if found is None:  # what is said of a fit that is done must not make it fail
            np.testing.assert_array_equal(refit.model.predict(X), refit.finished)
            refit.model = refit.fitted()
            continue
        # CatBoost wraps it in an exception of its own.
        assert fault in (found, found.__cause__, found.__context__)
        refit.assert_as_before(call)
        failures += 1
    assert failures >= 7
