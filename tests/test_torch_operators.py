"""The operators that torch calls: tensors that a kernel would misread are refused."""

import pytest

torch = pytest.importorskip("torch")

from boostloss.formulas.huber import huber  # noqa: E402
from boostloss.kernels.rows import GRADIENT, LOSS  # noqa: E402
from boostloss.torch._operators import evaluate, name_of, total  # noqa: E402

pytestmark = pytest.mark.torch

N = 100


def called(input, target, weight=None):
    name = name_of(huber)
    yield lambda: total(input, target, weight, name, [1.0])
    if weight is None:
        yield lambda: evaluate(input, target, name, [LOSS, GRADIENT], [1.0])


WRONG = {
    "short": (torch.zeros(N - 1), ValueError, "shape"),
    "one row": (torch.zeros(1), ValueError, "shape"),
    "another shape": (torch.zeros(N // 2, 2), ValueError, "shape"),
    "another dtype": (torch.zeros(N, dtype=torch.float64), TypeError, "float32"),
    "on meta": (torch.zeros(N, device="meta"), TypeError, "meta"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_tensors_that_do_not_go_together(wrong, device):
    tensor, error, words = WRONG[wrong]
    right = torch.zeros(N, device=device)
    if device == "meta":
        if wrong == "on meta":
            return  # right
        tensor = tensor.to("meta")
    for call in called(right, tensor):
        with pytest.raises(error, match=f"target must .*{words}"):
            call()
    for call in called(right, right, tensor):
        with pytest.raises(error, match=f"weight must .*{words}"):
            call()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_other_dtypes(dtype):
    for call in called(torch.zeros(N, dtype=dtype), torch.zeros(N, dtype=dtype)):
        with pytest.raises(TypeError, match="input must be of dtype"):
            call()


def test_batches_that_do_not_go_together():
    name = name_of(huber)

    def mapped(input, target, weight):
        return total(input, target, weight, name, [1.0])

    input = torch.zeros(3, N)
    for target, weight in (
        (torch.zeros(3, N - 1), torch.ones(3, N)),
        (torch.zeros(3, N), torch.ones(3, 1)),
        (torch.zeros(3, N), torch.ones(3, N - 1)),
    ):
        with pytest.raises(ValueError, match="must have the shape of input"):
            torch.func.vmap(mapped)(input, target, weight)


def test_strided_tensors():
    input, target = torch.randn(2, 2 * N, generator=torch.Generator().manual_seed(0))
    name = name_of(huber)
    found = evaluate(input[::2], target[::2], name, [LOSS, GRADIENT], [1.0])
    expected = evaluate(input[::2].clone(), target[::2].clone(), name, [LOSS, GRADIENT], [1.0])
    for ours, right in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, right, rtol=0.0, atol=0.0)
