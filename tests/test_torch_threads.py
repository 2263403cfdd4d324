"""The kernels in the threads of torch."""

import pytest

torch = pytest.importorskip("torch")

import boostloss.torch as bt  # noqa: E402
from boostloss.kernels.rows import BLOCK  # noqa: E402
from boostloss.torch import _operators  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("openmp", [_operators.OPENMP, None], ids=["openmp", "pool"])
def test_the_number_of_threads_changes_nothing(openmp, threads, monkeypatch):
    monkeypatch.setattr(_operators, "OPENMP", openmp)
    input, target = torch.randn(2, 3 * BLOCK + 17, generator=torch.Generator().manual_seed(0))
    found = []
    for count in (1, 2, 3):
        threads(count)
        variable = input.clone().requires_grad_()
        mean = bt.BarronLoss(0.5)(variable, target)
        mean.backward()
        each = bt.BarronLoss(0.5, reduction="none")(input, target)
        found.append((mean.detach(), variable.grad, each))
    for other in found[1:]:
        for ours, right in zip(other, found[0], strict=True):
            torch.testing.assert_close(ours, right, rtol=0.0, atol=0.0)


def test_what_a_thread_raises_is_raised(threads):
    threads(2)

    def work():
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        _operators.in_torch_threads(work)
