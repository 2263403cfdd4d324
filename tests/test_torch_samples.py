"""What holds for every loss of samples, images, generative models and sums: reductions, precision, derivatives."""

import copy
import pickle
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch

N = 4


def call_generator(module, fake, weight=None):
    return module.generator(fake, weight)


def call_discriminator(module, fake, real, weight=None):
    return module.discriminator(fake, real, weight, weight)


def call_cycle(module, *tensors, weight=None):
    return module(*tensors, weight, weight)


def call_sum(module, input, target, value):
    value = value.to(torch.promote_types(value.dtype, torch.float32)).mean()
    return module({"depth": (input, target), "other": value})


def extractor():
    """Two layers of random but smooth features."""
    torch.manual_seed(3)
    first = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh())
    return Both(first, nn.Sequential(nn.Conv2d(2, 3, 2), nn.Tanh()))


class Both(nn.Module):
    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, image):
        low = self.first(image)
        return {"low": low, "high": self.second(low)}


class Case(NamedTuple):
    make: Callable[..., nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    rest: Mapping[str, Any] = MappingProxyType({})
    call: Callable[..., Any] = nn.Module.__call__
    constant: int = 0  # how many tensors at the end have no gradient


IMAGE = (N, 2, 5, 4)
SMALL = (N, 1, 4, 4)  # for what is slow to differentiate numerically
IDS = {"positive_id": torch.tensor([1, 2, 3, 1]), "negative_id": torch.tensor([0, 1, 2])}
LOG_Q = {"positive_log_q": torch.tensor([-1.0, -2.0, -0.5, -1.0], dtype=torch.float64)}
LOG_Q["negative_log_q"] = torch.tensor([-1.5, -1.0, -2.0], dtype=torch.float64)
IN_BATCH = {"item_id": torch.tensor([7, 8, 7, 9, 8]), "log_q": torch.linspace(-3.0, -1.0, 5)}
MATRIX = [[1.0, 0.5, 0.0], [0.25, 2.0, 0.0], [0.0, -0.5, 1.0]]
PIXELS = {"mask": torch.arange(N * 20).reshape(N, 1, 5, 4) % 7 != 0}
LABELS = {"target": torch.tensor([0, 2, -100, 1])}
VAE = ((N, 6), (N, 6), (N, 3), (N, 3))

CASES = {
    "negative-sampling": Case(bt.NegativeSamplingLoss, ((N,), (N, 3)), IDS),
    "sampled-softmax": Case(bt.SampledSoftmaxLoss, ((N,), (N, 3)), IDS | LOG_Q),
    "in-batch-softmax": Case(bt.InBatchSoftmaxLoss, ((N, 5),), IN_BATCH),
    "anisotropic": Case(bt.TotalVariationLoss, (IMAGE,), PIXELS),
    "isotropic": Case(lambda **k: bt.TotalVariationLoss(True, **k), (IMAGE,), PIXELS),
    "features": Case(lambda **k: bt.FeatureLoss(extractor(), **k), (SMALL, SMALL), constant=1),
    "style": Case(lambda **k: bt.StyleLoss(extractor(), **k), (SMALL, SMALL), constant=1),
    "given-style": Case(lambda **k: bt.StyleLoss(nn.Identity(), **k), (IMAGE, IMAGE), constant=1),
    "divergence": Case(bt.GaussianKLLoss, ((N, 3), (N, 3))),
    "vae": Case(lambda **k: bt.VAELoss(beta=0.5, **k), VAE),
    "adaptive-vae": Case(
        lambda **k: bt.VAELoss(
            bt.AdaptiveBarronLoss(6, reduction="none", dtype=torch.float64), **k
        ),
        VAE,
    ),
    **{
        f"{kind}-{side}": Case(
            lambda kind=kind, **k: bt.AdversarialLoss(kind, **k), ((N, 3),) * count, call=call
        )
        for kind in ("bce", "least_squares", "hinge")
        for side, call, count in (
            ("generator", call_generator, 1),
            ("discriminator", call_discriminator, 2),
        )
    },
    "cycle": Case(bt.CycleConsistencyLoss, (SMALL,) * 4, call=call_cycle),
    "robust-cycle": Case(
        lambda **k: bt.CycleConsistencyLoss(bt.BarronLoss(0.0, reduction="none"), **k),
        (SMALL,) * 4,
        call=call_cycle,
    ),
    "matrix": Case(lambda **k: bt.MatrixCrossEntropyLoss(MATRIX, **k), ((N, 3),), LABELS),
}
SUMS = {
    kind: Case(
        lambda learned=learned: bt.SumLoss(
            {"depth": (bt.HuberLoss(), 2.0), "other": 0.5}, learned, dtype=torch.float64
        ),
        ((N, 3), (N, 3), (N,)),
        call=call_sum,
    )
    for kind, learned in (("fixed-sum", False), ("learned-sum", True))
}
ALL = CASES | SUMS
reduced_losses = pytest.mark.parametrize("name", CASES)
all_losses = pytest.mark.parametrize("name", ALL)


def made(name, dtype=torch.float64, device="cpu", module=None, **options):
    """A module, a function of the tensors, and the tensors, of which the constant ones are bound."""
    case = ALL[name]
    module = (module or case.make(**options)).to(device, dtype)
    generator = torch.Generator().manual_seed(5)
    drawn = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in case.shapes]
    tensors = [tensor.to(device, dtype) for tensor in drawn]
    free = len(tensors) - case.constant
    rest = {
        key: value.to(device) if isinstance(value, torch.Tensor) else value
        for key, value in case.rest.items()
    }
    held = tensors[free:]

    def call(*variables, **more):
        return case.call(module, *variables, *held, **rest, **more)

    return module, call, [tensor.requires_grad_() for tensor in tensors[:free]]


def test_every_new_loss_is_here():
    kinds = {type(case.make()).__name__ for case in ALL.values()}
    own = {name for name in bt.__all__ if getattr(bt, name).__module__ in HERE}
    assert kinds == own
    assert len(own) == 12


HERE = {f"boostloss.torch.{stem}" for stem in ("sampled", "images", "generative", "matrix", "sums")}


@reduced_losses
def test_reductions_and_weights(name):
    _, none, tensors = made(name, reduction="none")
    _, mean, _ = made(name)
    _, total, _ = made(name, reduction="sum")
    rows = none(*tensors)
    assert rows.shape[0] == N
    counted = torch.ones_like(rows)
    if name == "matrix":
        assert rows[2] == 0.0, "an ignored target"
        counted[2] = 0.0
    torch.testing.assert_close(total(*tensors), rows.sum())
    torch.testing.assert_close(mean(*tensors), rows.sum() / counted.sum())
    weight = torch.tensor([0.5, 1.0, 2.0, 0.0], dtype=torch.float64)
    spread = (weight.reshape(N, *[1] * (rows.ndim - 1)) * counted).expand_as(rows)
    torch.testing.assert_close(none(*tensors, weight=weight), rows * spread)
    torch.testing.assert_close(total(*tensors, weight=weight), (rows * spread).sum())
    torch.testing.assert_close(mean(*tensors, weight=weight), (rows * spread).sum() / spread.sum())
    assert mean(*tensors, weight=0.0 * weight) == 0.0, "a mean of nothing"
    with pytest.raises(ValueError, match="weight must have the shape"):
        mean(*tensors, weight=weight[:3])


@reduced_losses
def test_the_reduction_is_one_of_three(name):
    with pytest.raises(ValueError, match=r"reduction must be .*, got 'average'"):
        CASES[name].make(reduction="average")
    assert "reduction='sum'" in repr(CASES[name].make(reduction="sum"))


@all_losses
def test_gradients_and_their_gradients(name):
    _, call, tensors = made(name)
    value = call(*tensors)
    gradients = torch.autograd.grad(value, tensors)
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)
    assert torch.autograd.gradcheck(call, tensors)
    several_layers = ALL[name].constant > 0  # along random directions then, which is much faster
    assert torch.autograd.gradgradcheck(call, tensors, fast_mode=several_layers)


@all_losses
def test_parameters_of_losses_are_trained_and_extractors_are_not(name):
    module, call, tensors = made(name)
    parameters = dict(module.named_parameters())
    trained = {key for key, parameter in parameters.items() if parameter.requires_grad}
    assert not any(key.startswith("extractor") for key in trained)
    assert bool(trained) == (name in {"adaptive-vae", "learned-sum"})
    call(*tensors).backward()
    assert {key for key, parameter in parameters.items() if parameter.grad is not None} == trained


@all_losses
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_computes_in_float32(name, dtype):
    _, call, tensors = made(name, dtype)
    value = call(*tensors)
    assert value.dtype == torch.float32
    gradients = torch.autograd.grad(value, tensors)
    assert all(gradient.dtype == dtype and gradient.isfinite().all() for gradient in gradients)
    _, full, _ = made(name, torch.float32)
    expected = full(*[tensor.float() for tensor in tensors])
    # An extractor, and the targets that only it sees, stay in half precision.
    tolerance = 0.05 if ALL[name].constant else 2e-6
    assert value.item() == pytest.approx(expected.item(), rel=tolerance)


@all_losses
def test_autocast_does_not_reach_the_loss(name):
    _, call, tensors = made(name, torch.float32)
    expected = call(*tensors)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = call(*tensors)
    assert value.dtype == torch.float32
    tolerance = 0.05 if name in {"features", "style"} else 1e-7  # their extractor is cast
    assert value.item() == pytest.approx(expected.item(), rel=tolerance)
    assert all(x.isfinite().all() for x in torch.autograd.grad(value, tensors))


@all_losses
def test_compiles_into_one_graph(name):
    module, call, tensors = made(name)
    expected = call(*tensors)
    variables = [*tensors, *(x for x in module.parameters() if x.requires_grad)]
    right = torch.autograd.grad(expected, variables)
    torch._dynamo.reset()
    found = torch.compile(call, fullgraph=True, backend="aot_eager")(*tensors)
    torch.testing.assert_close(found, expected)
    for ours, theirs in zip(torch.autograd.grad(found, variables), right, strict=True):
        torch.testing.assert_close(ours, theirs)


@all_losses
def test_nothing_is_read_from_the_device(name):
    _, call, tensors = made(name, device="meta")  # where there are no numbers to read
    value = call(*tensors)
    assert value.is_meta
    assert value.shape == ()
    value.backward()


@all_losses
def test_modules_are_copied_and_saved(name):
    module, call, tensors = made(name)
    expected = call(*tensors)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        twin.load_state_dict(module.state_dict())
        _, again, _ = made(name, module=twin)
        torch.testing.assert_close(again(*tensors), expected)
