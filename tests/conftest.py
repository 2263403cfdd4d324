import signal
import sys

import pytest

from boostloss.losses import custom

# In a background job, or under nohup, they are ignored, and so they would be in the processes that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def names_of_losses():
    """What a test or an example defines under a name takes it from no later test."""
    before = dict(custom.defined)
    yield
    custom.defined.clear()
    custom.defined.update(before)


@pytest.fixture(autouse=True)
def figures():
    """What a test or an example has drawn is not the figure into which a later one draws."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.fixture
def lockstep_runs(monkeypatch):
    """The lockstep of every fit in CatBoost."""
    from boostloss.boosting.catboost_lockstep import Lockstep

    found = []
    original = Lockstep.run

    def kept(self, *arguments):
        found.append(self)
        return original(self, *arguments)

    monkeypatch.setattr(Lockstep, "run", kept)
    return found
