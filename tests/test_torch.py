"""The torch modules: their values, their options, and where their mathematics comes from."""

import ast
import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cases import every_loss, rows  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import LABELS, case, every_module  # noqa: E402

import boostloss as bl  # noqa: E402
import boostloss.torch as bt  # noqa: E402
from benchmarks.torch_cpu import GeneralLoss  # noqa: E402
from boostloss.losses.location import Location  # noqa: E402
from boostloss.torch import _derivative  # noqa: E402

pytestmark = pytest.mark.torch

both_paths = pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "operations"])


def value_and_gradient(module, input, *arguments):
    input = input.detach().requires_grad_()
    value = module(input, *arguments)
    return value.detach(), torch.autograd.grad(value.sum(), input)[0]


@both_paths
@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_are_those_of_the_core(loss, dtype, kernel, monkeypatch):
    monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: kernel)
    y, f = (torch.tensor(x, dtype=dtype) for x in rows(loss))
    value, gradient = value_and_gradient(bt.LossModule(loss, "none"), f, y)
    assert value.dtype == gradient.dtype == dtype
    rtol = 1e-12 if dtype == torch.float64 else 3e-6
    atol = 1e-37 if loss.link_name == "identity" else rtol  # else differences of terms up to 10
    np.testing.assert_allclose(value, loss.loss(y, f), rtol=rtol, atol=atol)
    np.testing.assert_allclose(gradient, loss.gradient_hessian(y, f)[0], rtol=rtol, atol=atol)


def cubic(y, f, scale):
    x = (f - y) / scale
    return x * x * x, 3.0 * x * x / scale, 6.0 * x / (scale * scale), 0.0 * x


@both_paths
def test_modules_follow_the_formula_of_the_core(kernel, monkeypatch):
    monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: kernel)
    monkeypatch.setattr(bl.Huber, "formula", staticmethod(cubic))
    input, target = torch.tensor([3.0, -1.0]), torch.tensor([1.0, 1.0])
    value, gradient = value_and_gradient(bt.HuberLoss(2.0, "none"), input, target)
    torch.testing.assert_close(value, torch.tensor([1.0, -1.0]))
    torch.testing.assert_close(gradient, torch.tensor([1.5, 1.5]))


@pytest.mark.parametrize("power", [2, 3])
def test_a_loss_of_ones_own_has_a_module(power):
    def formula(y, f, scale):  # the same name for both
        x = (f - y) / scale
        value = x * x if power == 2 else x * x * x
        return value, 0.0 * x, 0.0 * x, 0.0 * x

    class Own(Location):
        parameters = (2.0,)

    Own.formula = staticmethod(formula)
    value = bt.LossModule(Own(), "sum")(torch.tensor([3.0, 3.0]), torch.tensor([1.0, -1.0]))
    assert value.item() == 1.0 + 2.0**power


def test_there_is_no_mathematics_beside_the_formulas():
    links = {"sigmoid", "softplus", "log"}  # of the adaptive loss, from what it trains
    margins = {"logsumexp", "log1p", "exp", "log", "softmax", "where"}  # of classes
    allowed = {"adaptive": links, "several": margins}
    forbidden = {"exp", "expm1", "log1p", "sqrt", "where", "tanh", "cosh", "pow", "clamp", "abs"}
    forbidden |= links | {"logsumexp", "log_softmax", "softmax", "logsigmoid", "relu", "norm"}
    # Losses that only torch has, such as those of masks and images, are written where they are.
    stems = ("module", "location", "binary", "several", "adaptive", "_derivative", "_operators")
    for path in (Path(bt.__file__).parent / f"{stem}.py" for stem in stems):
        tree = ast.parse(path.read_text("utf-8"))
        called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
        names = {getattr(function, "attr", getattr(function, "id", "")) for function in called}
        assert not names & (forbidden - allowed.get(path.stem, set())), path.stem
        assert not any(isinstance(node, ast.Pow) for node in ast.walk(tree)), path.stem


def scores(n=500, columns=(), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 4.0 * torch.randn(n, *columns, generator=generator), generator


AGREEMENTS = {
    "squared": (bt.SquaredErrorLoss(), lambda x, y: 0.5 * nn.MSELoss()(x, y)),
    "huber": (bt.HuberLoss(0.7), nn.HuberLoss(delta=0.7)),
    "smooth-l1": (bt.HuberLoss(0.7), lambda x, y: 0.7 * nn.SmoothL1Loss(beta=0.7)(x, y)),
    "absolute": (bt.QuantileLoss(), lambda x, y: 0.5 * nn.L1Loss()(x, y)),
    **{
        f"published-{alpha}": (bt.BarronLoss(alpha, 1.5), GeneralLoss(alpha, 1.5))
        for alpha in (-2.0, 0.0, 0.5, 1.0, 1.5, 2.0)
    },
}


@pytest.mark.parametrize("name", AGREEMENTS)
def test_torch_and_the_published_loss_agree(name):
    ours, theirs = AGREEMENTS[name]
    input, generator = scores()
    target = torch.randn(500, generator=generator)
    for found, expected in zip(
        value_and_gradient(ours, input, target),
        value_and_gradient(theirs, input, target),
        strict=True,
    ):
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("module", [bt.LogisticLoss(), bt.FocalLoss(0.0)], ids=repr)
def test_binary_cross_entropy_agrees(module):
    input, generator = scores(columns=(3,))
    target = torch.randint(0, 2, (500, 3), generator=generator).float()
    if isinstance(module, bt.LogisticLoss):
        target[:200] = torch.rand(200, 3, generator=generator)  # smoothed labels
    expected = value_and_gradient(nn.BCEWithLogitsLoss(), input, target)
    for found, right in zip(value_and_gradient(module, input, target), expected, strict=True):
        torch.testing.assert_close(found, right, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("columns", [(4,), (4, 3, 2)])
def test_cross_entropy_agrees(columns):
    input, generator = scores(100, columns)
    target = torch.randint(0, 4, (100, *columns[1:]), generator=generator)
    weight = torch.rand(4, generator=generator)
    pairs = [
        (bt.FocalLoss(0.0), nn.CrossEntropyLoss()),
        (bt.FocalLoss(0.0, weight, "sum"), nn.CrossEntropyLoss(weight, reduction="sum")),
        (bt.FocalLoss(0.0, weight.tolist(), "none"), nn.CrossEntropyLoss(weight, reduction="none")),
    ]
    for ours, theirs in pairs:
        for found, expected in zip(
            value_and_gradient(ours, input, target),
            value_and_gradient(theirs, input, target),
            strict=True,
        ):
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=2e-6)
    single = bt.FocalLoss(0.0)(input[0], target[0]) if len(columns) == 1 else None
    if single is not None:
        torch.testing.assert_close(single, nn.CrossEntropyLoss()(input[0], target[0]))


def test_focal_loss_of_classes_is_the_definition():
    input, generator = scores(50, (3,))
    target = torch.randint(0, 3, (50,), generator=generator)
    p = input.double().softmax(1)[torch.arange(50), target]
    expected = (1.0 - p) ** 2 * -p.log()
    found = bt.FocalLoss(2.0, reduction="none")(input.double(), target)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    sure = torch.tensor([[40.0, 0.0]])  # 1 - p is lost in float32, not here
    value = bt.FocalLoss(1.0)(sure, torch.tensor([0])).item()
    assert value == pytest.approx(np.exp(-80.0), rel=1e-5)


def test_several_quantiles_are_the_mean_of_each():
    input, _ = scores(columns=(3,))
    target = torch.zeros(500)
    levels = [0.1, 0.5, 0.9]
    found = bt.QuantileLoss(levels)(input, target)
    each = [bt.QuantileLoss(q)(input[:, i], target) for i, q in enumerate(levels)]
    torch.testing.assert_close(found, torch.stack(each).mean())


def test_tensors_as_parameters_are_broadcast():
    input, generator = scores(20, (3,))
    target = torch.randn(20, 3, generator=generator)
    alpha, scale = torch.tensor([-2.0, 0.5, 1.0]), torch.tensor([[0.5], [2.0]]).repeat(10, 1)
    both = bt.BarronLoss(alpha, scale, "none")(input, target)
    for kind, name in ((bt.HuberLoss, "delta"), (bt.LogCoshLoss, "scale")):
        found = kind(**{name: scale}, reduction="none")(input, target)
        expected = kind(2.0, reduction="none")(input[1], target[1])
        torch.testing.assert_close(found[1], expected)
    for column in range(3):
        module = bt.BarronLoss(alpha[column].item(), 2.0, "none")
        torch.testing.assert_close(both[1, column], module(input[1, column], target[1, column]))


def test_reductions_and_weights():
    input, generator = scores(20, (3,))
    target = torch.randn(20, 3, generator=generator)
    weight = torch.rand(20, generator=generator)
    rows = bt.HuberLoss(reduction="none")(input, target)
    torch.testing.assert_close(bt.HuberLoss(reduction="sum")(input, target), rows.sum())
    torch.testing.assert_close(bt.HuberLoss()(input, target), rows.mean())
    weighted = bt.HuberLoss(reduction="none")(input, target, weight)
    torch.testing.assert_close(weighted, rows * weight[:, None])
    mean = bt.HuberLoss()(input, target, weight).item()
    columns = [
        bl.Huber(1.0).mean_loss(target[:, i].double(), input[:, i].double(), weight)
        for i in range(3)
    ]
    assert mean == pytest.approx(np.mean(columns), rel=1e-6)
    each = torch.rand(20, 3, generator=generator)
    expected = (rows * each).sum() / each.sum()
    torch.testing.assert_close(bt.HuberLoss()(input, target, each), expected)
    levels = bt.QuantileLoss([0.1, 0.9])
    twice = levels(input[:, :2].repeat(2, 1), target[:, 0].repeat(2))
    torch.testing.assert_close(levels(input[:, :2], target[:, 0], 2.0 + 0.0 * weight), twice)


@every_module
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_computes_in_float32(name, dtype):
    module, input, target = case(name, dtype=torch.float32)
    module = module.to(dtype)
    half = input.to(dtype).requires_grad_()
    value = module(half, target.to(dtype) if target.is_floating_point() else target)
    assert value.dtype == torch.float32
    (gradient,) = torch.autograd.grad(value, half)
    assert gradient.dtype == dtype
    full = copy.deepcopy(module).float()(input, target)
    assert value.item() == pytest.approx(full.item(), rel=0.05)


def test_autocast_gives_float32():
    layer, target = nn.Linear(4, 1), torch.zeros(8, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = layer(torch.randn(8, 4))
        value = bt.BarronLoss()(output, target)
    assert output.dtype == torch.bfloat16
    assert value.dtype == torch.float32
    value.backward()
    assert layer.weight.grad.isfinite().all()


def test_strided_and_expanded_tensors():
    input, generator = scores(6, (8,))
    target = torch.randn(6, 1, generator=generator).expand(6, 4)
    strided = input[:, ::2]
    found = bt.LogCoshLoss(reduction="none")(strided, target)
    expected = bt.LogCoshLoss(reduction="none")(strided.contiguous(), target.contiguous())
    torch.testing.assert_close(found, expected)
    transposed = bt.LogCoshLoss(reduction="none")(strided.T, target.T)
    torch.testing.assert_close(transposed, expected.T)
    assert bt.LogCoshLoss(reduction="none")(input[:0], input[:0]).shape == (0, 8)


@every_module
def test_modules_are_saved_copied_and_moved(name):
    module, input, target = case(name)
    expected = module(input, target)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(twin(input, target), expected)
    other, *_ = case(name)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(module.state_dict())
    torch.testing.assert_close(other(input, target), expected)
    meta = copy.deepcopy(module).to("meta")(input.to("meta"), target.to("meta"))
    assert meta.shape == ()


def test_modules_say_what_they_are():
    three = torch.ones(3)
    assert repr(bt.HuberLoss(three)) == "HuberLoss(delta=tensor of shape (3,), reduction='mean')"
    assert repr(bt.BarronLoss(0.5, three)).startswith("BarronLoss(alpha=0.5, scale=tensor of shape")
    assert repr(bt.QuantileLoss([0.1, 0.9])).startswith("QuantileLoss(quantile=[0.1, 0.9], ")
    assert repr(bt.QuantileLoss(0.1, "sum")) == "QuantileLoss(quantile=0.1, reduction='sum')"
    assert repr(bt.FocalLoss(1.0, 0.25)).startswith("FocalLoss(gamma=1.0, alpha=0.25, ")
    assert repr(bt.FocalLoss(1.0, three)).startswith("FocalLoss(gamma=1.0, alpha=tensor of shape")
    assert repr(bt.LossModule(bl.Huber(1.0))).startswith("LossModule(loss=Huber(delta=1.0), ")


def test_gradients_reach_parameters_and_buffers():
    scale = torch.nn.Parameter(torch.tensor([2.0]))
    assert dict(bt.BarronLoss(0.0, scale).named_parameters()).keys() == {"scale"}
    network = torch.nn.Linear(1, 1)
    alpha = network(torch.ones(1, 1))
    bt.BarronLoss(alpha, scale)(torch.ones(3, 1), torch.zeros(3, 1)).backward()
    assert network.weight.grad.abs().sum() > 0.0
    assert scale.grad.abs().sum() > 0.0


WRONG = {
    "target must have the shape": lambda x: bt.HuberLoss()(x, x[:, 0]),
    "input must have shape": lambda x: bt.QuantileLoss([0.1, 0.9])(x, x[:, 0]),
    "at least two that increase": lambda x: bt.QuantileLoss([0.9, 0.1]),
    "quantile must be": lambda x: bt.QuantileLoss([0.5, 1.5]),
    "reduction must be": lambda x: bt.HuberLoss(reduction="average"),
    "delta must be": lambda x: bt.HuberLoss(-1.0),
    "weight must have the shape .4, 3.": lambda x: bt.HuberLoss()(x, x, torch.ones(3)),
    "delta must be positive, got .-1.0.": lambda x: bt.HuberLoss(torch.tensor([1.0, -1.0])),
    "scale must be positive, got .nan": lambda x: bt.BarronLoss(0.0, torch.tensor([np.nan])),
    "alpha must be numbers, got .nan": lambda x: bt.BarronLoss(torch.tensor([np.nan])),
    "loss must have numbers or tensors": lambda x: bt.BarronLoss("adaptive"),
    "gamma must be": lambda x: bt.FocalLoss(-1.0),
    "target must not require a gradient": lambda x: bt.LogisticLoss()(
        x, x.clone().requires_grad_()
    ),
    "hold integers in shape": lambda x: bt.FocalLoss()(x, x[:, 0]),
    "at least 2 classes": lambda x: bt.FocalLoss()(x[:, :1], torch.zeros(4, dtype=torch.long)),
    "got one number": lambda x: bt.FocalLoss(2.0, 0.25)(x, torch.zeros(4, dtype=torch.long)),
    "got one for each class": lambda x: bt.FocalLoss(2.0, [0.2, 0.8, 1.0])(x, x),
    "num_dims must be": lambda x: bt.AdaptiveBarronLoss(0),
    "columns .num_dims": lambda x: bt.AdaptiveBarronLoss(2)(x, x),
    "alpha_lo <= alpha_hi": lambda x: bt.AdaptiveBarronLoss(3, alpha_lo=-1.0),
    "alpha_init must lie": lambda x: bt.AdaptiveBarronLoss(3, alpha_init=1.999),
    "scale_lo <= scale_init": lambda x: bt.AdaptiveBarronLoss(3, scale_lo=2.0),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message](torch.zeros(4, 3))


def test_input_is_real():
    with pytest.raises(TypeError, match=r"must be real, got torch\.complex64"):
        bt.HuberLoss()(torch.zeros(3, dtype=torch.complex64), torch.zeros(3))


def test_only_a_loss_becomes_a_module():
    with pytest.raises(TypeError, match=r"loss must be a boostloss\.Loss"):
        bt.LossModule("Huber")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every_module
def test_cuda_agrees(name):
    module, input, target = case(name)
    expected = value_and_gradient(module, input, target)
    module.to("cuda")
    found = value_and_gradient(module, input.to("cuda"), target.to("cuda"))
    for ours, right in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.cpu(), right, rtol=1e-9, atol=1e-12)


def test_labels_may_be_integers():
    input, generator = scores(columns=(3,))
    target = torch.randint(0, 2, (500, 3), generator=generator)
    assert LABELS.keys() == {"logistic", "focal", "balanced-focal"}
    for make in LABELS.values():
        torch.testing.assert_close(make()(input, target), make()(input, target.float()))
        torch.testing.assert_close(make()(input, target.bool()), make()(input, target.float()))
