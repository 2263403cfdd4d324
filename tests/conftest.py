import pytest

from boostloss.losses import custom


@pytest.fixture(autouse=True)
def names_of_losses():
    """What a test or an example defines under a name takes it from no later test."""
    before = dict(custom.defined)
    yield
    custom.defined.clear()
    custom.defined.update(before)
