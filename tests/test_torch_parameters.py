"""The parameters of torch modules: always there, as numbers or tensors, and of every size."""

import copy
import math
import pickle

import pytest

torch = pytest.importorskip("torch")

import boostloss as bl  # noqa: E402
import boostloss.torch as bt  # noqa: E402
from boostloss.formulas.barron import barron_shape  # noqa: E402
from boostloss.torch import _derivative  # noqa: E402

pytestmark = pytest.mark.torch

MODULES = [
    (lambda: bt.HuberLoss(2), {"delta": 2.0}),
    (lambda: bt.HuberLoss(torch.tensor(2.0)), {"delta": torch.tensor(2.0)}),
    (lambda: bt.LogCoshLoss(), {"scale": 1.0}),
    (lambda: bt.BarronLoss(0.5, 3), {"alpha": 0.5, "scale": 3.0}),
    (lambda: bt.BarronLoss(0.5, torch.ones(2)), {"alpha": 0.5, "scale": torch.ones(2)}),
    (lambda: bt.BarronLoss(torch.ones(2)), {"alpha": torch.ones(2), "scale": 1.0}),
    (lambda: bt.QuantileLoss(0.3), {"quantile": 0.3}),
    (lambda: bt.QuantileLoss((0.1, 0.9)), {"quantile": [0.1, 0.9]}),
    (lambda: bt.FocalLoss(), {"gamma": 2.0, "alpha": None}),
    (lambda: bt.FocalLoss(1, 0.25), {"gamma": 1.0, "alpha": 0.25}),
    (lambda: bt.FocalLoss(1, [0.2, 0.8]), {"gamma": 1.0, "alpha": torch.tensor([0.2, 0.8])}),
]


@pytest.mark.parametrize(("make", "parameters"), MODULES)
def test_parameters_are_there_as_numbers_or_tensors(make, parameters):
    module = make()
    for twin in (module, copy.deepcopy(module), pickle.loads(pickle.dumps(module)), module.cpu()):
        for name, value in parameters.items():
            assert type(getattr(twin, name)) is type(value)
            torch.testing.assert_close(getattr(twin, name), value)
    tensors = {name for name, value in parameters.items() if isinstance(value, torch.Tensor)}
    assert module.state_dict().keys() == tensors


@pytest.mark.parametrize(("make", "parameters"), MODULES)
def test_only_tensors_can_be_set(make, parameters):
    module = make()
    for name, value in parameters.items():
        if isinstance(value, torch.Tensor):
            setattr(module, name, value.clone())
            continue
        assert f"{name}={value!r}" in repr(module)
        with pytest.raises(AttributeError, match=f"{name} is fixed: make a new"):
            setattr(module, name, 0.5)


FROZEN = [
    (bt.FocalLoss, "gamma"), (bt.FocalLoss, "alpha"), (bt.GeneralizedCrossEntropyLoss, "q"),
    (bt.SymmetricCrossEntropyLoss, "alpha"), (bt.SymmetricCrossEntropyLoss, "beta"),
    (bt.BiTemperedLogisticLoss, "t1"), (bt.BiTemperedLogisticLoss, "t2"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "name"), FROZEN)
def test_numbers_that_nothing_trains_are_no_tensors(make, name):
    number = 1.25 if name == "t2" else 0.25
    module = make(**{name: torch.tensor(number)})
    assert getattr(module, name) == number
    assert type(getattr(module, name)) is float
    assert not module.state_dict()
    with pytest.raises(AttributeError, match=f"{name} is fixed: make a new"):
        setattr(module, name, torch.tensor(0.5))
    with pytest.raises(TypeError, match=rf"{name} must be a number .*, got (Parameter|tensor)"):
        make(**{name: torch.nn.Parameter(torch.tensor(number))})


def test_the_loss_of_a_module_is_fixed():
    for module in (bt.LossModule(bl.Huber(1.0)), bt.LossModule(bl.Hinge()), bt.FocalLoss()):
        with pytest.raises(AttributeError, match="loss is fixed: make a new"):
            module.loss = bl.Huber(2.0)


def test_a_module_of_numbers_only_says_so():
    for make in (bt.HuberLoss, bt.LogCoshLoss, bt.BarronLoss):
        with pytest.raises(ValueError, match="must have numbers or tensors as parameters"):
            make("adaptive")
    with pytest.raises(ValueError, match=r"as in Huber.delta=1.0., got Huber.delta='adaptive'"):
        bt.LossModule(bl.Huber())


def test_without_numbers_the_modules_have_those_of_torch():
    assert (bt.HuberLoss().delta, bt.LogCoshLoss().scale) == (torch.nn.HuberLoss().delta, 1.0)
    assert (bt.BarronLoss().alpha, bt.BarronLoss().scale) == (1.0, 1.0)


ERROR = torch.tensor([0.0, 1.0, -1e5])
FAR = [
    (bl.Huber(1e39), 0.5 * ERROR.square()),
    (bl.LogCosh(1e39), 0.5 * ERROR.square()),
    (bl.LogCosh(1e-25), 1e-25 * ERROR.abs()),
    (bl.Cauchy(1e-27), torch.tensor([0.0, 123.646448, 146.672299])),
]


@pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "operations"])
@pytest.mark.parametrize(("loss", "expected"), FAR, ids=repr)
def test_float32_takes_numbers_of_every_size(loss, expected, kernel, monkeypatch):
    monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: kernel)
    module = bt.LossModule(loss, reduction="none")
    input = ERROR.clone().requires_grad_()
    found = module(input, torch.zeros(3))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.detach(), expected, rtol=1e-6, atol=0.0)
    module.reduction = "sum"
    module(input, torch.zeros(3)).backward()
    assert input.grad.isfinite().all()


def test_the_square_of_a_small_tensor_does_not_vanish():
    loss = bt.LogCoshLoss(torch.tensor(1e-25), reduction="none")
    expected = 1e-25 * ERROR.abs()
    torch.testing.assert_close(loss(ERROR, torch.zeros(3)), expected, rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("alpha", [2.0, math.inf, -math.inf])
def test_a_tensor_of_limits_has_the_digits_of_a_number(alpha, dtype):
    x = torch.logspace(-6, 1, 200, dtype=dtype, requires_grad=True)
    eps, results = torch.finfo(dtype).eps, []
    for given in (alpha, torch.tensor(alpha, dtype=dtype)):
        loss = bt.BarronLoss(given, reduction="none")(x, torch.zeros_like(x))
        (slope,) = torch.autograd.grad(loss.sum(), x)
        results.append((loss.detach(), slope))
    shapes = torch.full_like(x, alpha).requires_grad_()
    loss, slope, by_alpha = barron_shape(shapes, x)  # as on other devices
    results.append((loss.detach(), slope.detach()))
    for found in results[1:]:
        torch.testing.assert_close(found, results[0], rtol=4 * eps, atol=0.0)
    for second in torch.autograd.grad((slope + by_alpha).sum(), (x, shapes)):
        assert not second.isnan().any()
