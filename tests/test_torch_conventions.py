"""What all losses of `torch_conventions` do alike: dtypes, reductions, weights, masks, derivatives, and graphs."""

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch._subclasses import FakeTensorMode  # noqa: E402
from torch_conventions import N, case, each, pixels_of  # noqa: E402

from boostloss.torch import _derivative  # noqa: E402

pytestmark = pytest.mark.torch

both_paths = pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "operations"])


@pytest.fixture
def take(monkeypatch):
    """Choose between the kernels and tensor operations."""
    monkeypatch.setattr(
        "boostloss.torch._masks.MANY", 1
    )  # pixels that a kernel of classes is used for
    return lambda kernel: monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: kernel)


def gradient(value, input):
    return torch.autograd.grad(value.sum(), input)[0]


@both_paths
@each
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_gradients_and_their_gradients(name, reduction, kernel, take):
    take(kernel)
    module, input, target = case(name)
    module.reduction = reduction
    weight = torch.rand(2, dtype=torch.float64)
    input, target = input[:2, :, :3].clone().requires_grad_(), target[:2, ..., :3]
    assert torch.autograd.gradcheck(lambda x: module(x, target, weight), input)
    assert torch.autograd.gradgradcheck(lambda x: module(x, target, weight), input)


@each
def test_kernels_and_operations_agree(name, take):
    found = []
    for kernel in (True, False):
        take(kernel)
        module, input, target = case(name)
        value = module(input.requires_grad_(), target)
        found += [(value.detach(), gradient(value, input))]
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    assert found[0][0] > 0.0
    assert found[0][1].abs().sum() > 0.0


@each
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(name, dtype):
    module, input, target = case(name)
    half = input.to(dtype).requires_grad_()
    target = target.to(dtype) if target.is_floating_point() else target
    value = module.to(dtype)(half, target)
    assert value.dtype == torch.float32
    assert gradient(value, half).dtype == dtype
    full, *_ = case(name)
    exact = full(half.detach().float(), target.float() if target.is_floating_point() else target)
    torch.testing.assert_close(
        value.detach(), exact, rtol=3e-3, atol=0.0
    )  # the weights are of half too


@each
def test_autocast_gives_float32(name):
    module, input, target = case(name, torch.float32)
    expected = module(input, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(module(input, target), expected)


@each
def test_reductions(name):
    module, input, target = case(name)
    values = {}
    for module.reduction in ("none", "sum", "mean"):
        values[module.reduction] = module(input, target)
    assert values["none"].ndim >= 0
    torch.testing.assert_close(values["sum"], values["none"].sum())
    weighted = getattr(module, "class_weight", None) is not None and "classes" in name
    if not weighted:  # or the mean is over the weights of the classes
        torch.testing.assert_close(values["mean"], values["none"].mean())


@each
def test_weights_of_images(name):
    module, input, target = case(name)
    if "harmonized" in name:
        module.shares.fill_(0.1)
        module.seen.fill_(1.0)
    weight = torch.tensor([1.0, 2.0, 0.0, 3.0])
    again = torch.tensor([0, 1, 1, 3, 3, 3])
    found = module(input, target, weight)
    rtol = 1e-7 if "harmonized" not in name else 0.0
    if rtol:
        expected = module(input[again], target[again])
        torch.testing.assert_close(found, expected, rtol=rtol, atol=0.0)
    torch.testing.assert_close(module(input, target, torch.ones(N)), module(input, target))


@both_paths
@each
def test_masked_elements_may_be_anything(name, kernel, take):
    take(kernel)
    module, input, target = case(name)
    shape = pixels_of(module, input, target)
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(1)) > 0.3
    expected = module(input, target, mask=mask)
    weighted = module(input, target, mask.double()) if len(shape) > 1 else expected
    if "harmonized" not in name:  # whose densities are of what counts, whatever it weighs
        torch.testing.assert_close(expected, weighted)
    of_input = mask if mask.ndim == input.ndim else mask.unsqueeze(1)
    spoiled = input.masked_fill(~of_input, torch.nan).requires_grad_()
    found = module(spoiled, target, mask=mask)
    torch.testing.assert_close(found.detach(), expected)
    slope = gradient(found, spoiled)
    assert slope.isfinite().all()
    assert (slope.masked_fill(of_input, 0.0) == 0.0).all()
    nothing = module(input, target, mask=torch.zeros(shape, dtype=torch.bool))
    assert nothing.item() == 0.0


@each
def test_compiles_into_one_graph(name):
    module, input, target = case(name)
    weight = torch.rand(N, dtype=torch.float64)
    mask = torch.rand(pixels_of(module, input, target)) > 0.3
    input.requires_grad_()
    expected = module(input, target, weight, mask)
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    found = compiled(input, target, weight, mask)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient(found, input), gradient(expected, input))


@each
@pytest.mark.parametrize("fake", [True, False], ids=["fake", "meta"])
def test_nothing_waits_for_a_value(name, fake):
    module, input, target = case(name)
    mask = torch.ones(pixels_of(module, input, target), dtype=torch.bool)
    if fake:
        mode = FakeTensorMode(allow_non_fake_inputs=True)
        with mode:
            given = [mode.from_tensor(x) for x in (input, target, mask)]
            given[0].requires_grad_()
            value = module(*given[:2], mask=given[2])
            assert gradient(value, given[0]).shape == input.shape
    else:
        input = input.to("meta").requires_grad_()
        value = module.to("meta")(input, target.to("meta"), mask=mask.to("meta"))
        assert gradient(value, input).shape == input.shape
    assert value.shape == ()


@each
def test_modules_are_saved_and_copied(name):
    module, input, target = case(name)
    expected = module(input, target)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(twin(input, target), expected)
    assert repr(module).startswith(type(module).__name__)


@each
def test_strided_and_empty_inputs(name):
    module, input, target = case(name)
    wide = torch.stack([input, input], -1).flatten(-2)[..., ::2]
    assert not wide.is_contiguous()
    torch.testing.assert_close(module(wide, target), module(input, target))
    module.reduction = "sum"
    assert module(input[:0], target[:0]).item() == 0.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@each
def test_cuda_agrees(name):
    module, input, target = case(name)
    value = module(input.requires_grad_(), target)
    there, labels, module = input.detach().to("cuda"), target.to("cuda"), module.to("cuda")
    there.requires_grad_()
    torch.cuda.set_sync_debug_mode("error")  # nothing waits for a value
    try:
        found = module(there, labels)
        slope = gradient(found, there)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(found.cpu(), value.detach(), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(slope.cpu(), gradient(value, input))
