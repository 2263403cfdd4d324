import signal

import pytest

from boostloss.losses import custom

# Where the tests run as a background job it is ignored, and so it would be in the processes they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def names_of_losses():
    """What a test or an example defines under a name takes it from no later test."""
    before = dict(custom.defined)
    yield
    custom.defined.clear()
    custom.defined.update(before)
