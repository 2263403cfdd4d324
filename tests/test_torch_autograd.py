"""Derivatives of the torch modules: checked numerically, transformed, and compiled."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cases import every_loss, rows  # noqa: E402
from torch_cases import LABELS, MODULES, OTHERS, case, every_module, function  # noqa: E402
from torch_conventions import CASES  # noqa: E402

import boostloss as bl  # noqa: E402
import boostloss.torch as bt  # noqa: E402
from boostloss.torch import _compatibility, _derivative, _operators  # noqa: E402

pytestmark = pytest.mark.torch

KERNEL, OPERATIONS = True, False
both_paths = pytest.mark.parametrize("path", [KERNEL, OPERATIONS], ids=["kernel", "operations"])


@pytest.fixture
def take(monkeypatch):
    """Choose between the kernels and the tensor operations of a traced graph."""

    def choose(path):
        monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: path)

    return choose


@both_paths
@every_module
def test_gradients_and_their_gradients(name, path, take):
    take(path)
    module, input, target = case(name)
    call, parameters = function(module)
    input.requires_grad_()
    if name not in LABELS and target.is_floating_point():
        target.requires_grad_()
    assert torch.autograd.gradcheck(call, (input, target, *parameters))
    assert torch.autograd.gradgradcheck(call, (input, target, *parameters))


@both_paths
@every_module
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_gradients_of_a_weighted_total(name, reduction, path, take):
    take(path)
    module, input, target = case(name)
    module.reduction = reduction
    weight = torch.tensor([0.5, 1.0, 2.0, 0.1, 0.7], dtype=torch.float64)

    def call(input, weight):
        return module(input, target, weight)

    variables = (input.requires_grad_(), weight.requires_grad_())
    assert torch.autograd.gradcheck(call, variables, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(call, variables)


@both_paths
@every_loss
def test_derivatives_are_those_of_the_core(loss, path, take):
    take(path)
    y, f = rows(loss)
    f[:3] = y[:3] if loss.task == "regression" else 0.0  # where a kink would show
    input = torch.tensor(f, requires_grad=True)
    value = bt.LossModule(loss, "sum")(input, torch.tensor(y))
    (gradient,) = torch.autograd.grad(value, input, create_graph=True)
    (hessian,) = torch.autograd.grad(gradient.sum(), input, allow_unused=True)
    expected, exact = loss.gradient_hessian(y, f, curvature="exact")
    assert value.item() == pytest.approx(loss.loss(y, f).sum(), rel=1e-12)
    np.testing.assert_allclose(gradient.detach(), expected, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(hessian, exact, rtol=1e-11, atol=1e-13)


@both_paths
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_a_graph_that_is_kept_gives_the_same_gradient_again(reduction, path, take):
    take(path)
    input, target = torch.randn(2, 7, dtype=torch.float64)
    value = 3.0 * bt.HuberLoss(reduction=reduction)(input.requires_grad_(), target)
    seed = torch.rand_like(value)
    first, second, last = (
        torch.autograd.grad(value, input, seed, retain_graph=keep)[0]
        for keep in (True, True, False)
    )
    torch.testing.assert_close(first, second, rtol=0.0, atol=0.0)
    torch.testing.assert_close(first, last, rtol=0.0, atol=0.0)


def test_gradients_of_several_calls_add_up():
    input, target = torch.randn(2, 7, dtype=torch.float64)
    module = bt.HuberLoss()
    (once,) = torch.autograd.grad(module(input.requires_grad_(), target), input)
    for _ in range(2):
        (module(input, target) + module(input, target)).backward()
    torch.testing.assert_close(input.grad, 4.0 * once)


def test_a_batch_of_gradients():
    input, target = torch.randn(2, 7, dtype=torch.float64)
    value = bt.HuberLoss(reduction="none")(input.requires_grad_(), target)
    (slope,) = torch.autograd.grad(value.sum(), input, retain_graph=True)
    seeds = torch.eye(7, dtype=torch.float64)
    (found,) = torch.autograd.grad(value, input, seeds, is_grads_batched=True)
    torch.testing.assert_close(found, torch.diag(slope))


@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_forward_mode_over_a_gradient(reduction):
    input, target, direction = torch.randn(3, 7, dtype=torch.float64)
    module = bt.LogCoshLoss(reduction=reduction)
    input.requires_grad_()
    hessian = torch.autograd.functional.hessian(lambda x: module(x, target).sum(), input)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(input, direction)
        (gradient,) = torch.autograd.grad(module(dual, target).sum(), dual)
        tangent = torch.autograd.forward_ad.unpack_dual(gradient).tangent
    torch.testing.assert_close(tangent, hessian @ direction)


def test_a_traced_backward_pass_keeps_what_was_saved():
    input, target = torch.randn(2, 7, dtype=torch.float64)
    value = bt.HuberLoss(reduction="none")(input.requires_grad_(), target)
    (slope,) = torch.autograd.grad(value.sum(), input, retain_graph=True)
    make_fx = torch.fx.experimental.proxy_tensor.make_fx
    graph = make_fx(lambda seed: torch.autograd.grad(value, input, seed)[0])(torch.ones_like(input))
    for seed in (2.0, 3.0):
        torch.testing.assert_close(graph(torch.full_like(input, seed)), seed * slope)


@bl.loss
def squared_share(target, prediction):
    return (target * target - prediction) ** 2


NO_GRADIENT_BY_TARGET = [
    *(bl.Poisson(), bl.Gamma(), bl.Tweedie(1.5), bl.NegativeBinomial(0.5), squared_share()),
    *(bl.CrossEntropy(), bl.KLDivergence(), bl.Logistic(), bl.Focal(1.0), bl.Hinge()),
]
BY_TARGET = {
    "backward": lambda f: lambda y: torch.autograd.grad(f(y.clone().requires_grad_()), y),
    "grad": torch.func.grad,
    "jvp": lambda f: lambda y: torch.func.jvp(f, (y,), (torch.ones_like(y),)),
    "vmap": lambda f: lambda y: torch.func.vmap(torch.func.jacfwd(f))(y[None]),
}


@pytest.mark.parametrize("way", BY_TARGET)
@pytest.mark.parametrize("loss", NO_GRADIENT_BY_TARGET, ids=repr)
def test_a_gradient_by_the_target_that_is_not_known_is_refused(loss, way):
    input, target = torch.tensor([[0.3, 1.5], [0.6, 0.2]], dtype=torch.float64)
    module = bt.LossModule(loss)
    module(input, target)

    def by_target(target):
        return module(input, target)

    def mixed(target):
        return torch.func.grad(module)(input, target).sum()

    with pytest.raises(ValueError, match="target must not require a gradient"):
        BY_TARGET[way](by_target)(target)
    if way != "backward":
        with pytest.raises(ValueError, match="target must not require a gradient"):
            BY_TARGET[way](mixed)(target)
    torch.func.vmap(torch.func.grad(module))(input[:, None], target[:, None])
    torch.func.jacfwd(module)(input, target)


def test_a_dual_target_that_is_not_known_is_refused():
    forward_ad, (input, target) = torch.autograd.forward_ad, torch.rand(2, 4)
    for module in (bt.LossModule(bl.Poisson()), bt.LogisticLoss(), bt.GHMCLoss()):
        with (
            forward_ad.dual_level(),
            pytest.raises(ValueError, match="target must not require a gradient"),
        ):
            module(input, forward_ad.make_dual(target, input))


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Linex(0.5), bl.Normal()], ids=repr)
def test_a_gradient_by_the_target_of_an_error_or_distribution_is_known(loss):
    input, target = torch.randn(2, 4, dtype=torch.float64)
    if loss.n_outputs == 2:
        input = torch.stack([input, 0.5 * input], dim=-1)
    module = bt.LossModule(loss)
    variables = input.requires_grad_(), target.requires_grad_()
    assert torch.autograd.gradcheck(module, variables, check_forward_ad=True)
    given = [x.detach() for x in variables]
    ahead, back = (
        way(lambda y: torch.func.grad(module)(given[0], y))(given[1])
        for way in (torch.func.jacfwd, torch.func.jacrev)
    )
    torch.testing.assert_close(ahead, back)


def test_an_empty_batch():
    empty = torch.empty(0, dtype=torch.float64)
    assert torch.func.vmap(bt.HuberLoss(reduction="sum"))(empty, empty).shape == (0,)


def test_there_is_no_third_derivative():
    input = torch.ones(3, dtype=torch.float64, requires_grad=True)
    value = bt.LogCoshLoss(reduction="sum")(input, torch.zeros_like(input))
    (gradient,) = torch.autograd.grad(value, input, create_graph=True)
    (hessian,) = torch.autograd.grad(gradient.sum(), input, create_graph=True)
    with pytest.raises(NotImplementedError, match="third derivative"):
        torch.autograd.grad(hessian.sum(), input)


@both_paths
@every_module
def test_no_gradient_is_nan(name, path, take):
    take(path)
    for dtype in (torch.float32, torch.float64):
        sizes = torch.tensor([0.0, *(10.0**k for k in range(-30, 19))], dtype=dtype)
        scores = torch.cat([-sizes, sizes])
        input = scores[:, None].repeat(1, 3)
        if name == "classes" or name == "weighted-classes":
            input = input * torch.tensor([1.0, 0.5, -0.1], dtype=dtype)
        module, _, target = case(name, len(input), dtype)
        if name not in LABELS and target.is_floating_point():
            target = torch.zeros_like(target)
        module = module.to(dtype)
        variables = (input.requires_grad_(), *module.parameters())
        module.reduction = "none"
        value = module(input, target)
        for gradient in torch.autograd.grad(value.sum(), variables):
            assert gradient.isfinite().all()


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-6, 2.0 - 1e-9, 2.0])
def test_gradient_in_the_shape_where_the_published_one_vanishes(alpha):
    shape = torch.tensor(alpha, dtype=torch.float64, requires_grad=True)
    scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    input = torch.tensor([0.5, -1.5, 4.0], dtype=torch.float64)
    value = bt.BarronLoss(shape, scale, "sum")(input, torch.zeros_like(input))
    by_shape, by_scale = torch.autograd.grad(value, (shape, scale))

    def loss(alpha, scale):
        return bl.Barron(alpha, scale).loss(np.zeros(3), input.numpy()).sum()

    if alpha < 2.0 - 1e-9:
        slope = (loss(alpha + 1e-5, 0.7) - loss(alpha - 1e-5, 0.7)) / 2e-5
        assert by_shape.item() == pytest.approx(slope, rel=1e-7)
    else:  # infinite at 2, as slowly as a logarithm
        assert 60.0 < by_shape.item() < 500.0
    assert value.item() == pytest.approx(loss(alpha, 0.7), rel=1e-12)
    slope = (loss(alpha, 0.7 + 1e-6) - loss(alpha, 0.7 - 1e-6)) / 2e-6
    assert by_scale.item() == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("alpha", [np.inf, -np.inf, 2.0])
@both_paths
def test_a_tensor_may_hold_the_limits(alpha, path, take):
    take(path)
    for dtype, rtol in ((torch.float64, 1e-13), (torch.float32, 3e-6)):
        input = torch.tensor([0.0, 1e-3, 0.5, -1.5, 4.0], dtype=dtype)
        shape = torch.full((5,), alpha, dtype=dtype)
        value = bt.BarronLoss(shape, reduction="none")(input, torch.zeros_like(input))
        expected = bl.Barron(alpha, 1.0).loss(np.zeros(5), input.numpy().astype(float))
        np.testing.assert_allclose(value, expected, rtol=rtol)


@every_module
def test_function_transforms(name):
    module, input, target = case(name)
    module.reduction = "sum"
    gradient = torch.func.grad(module)(input, target)
    each = torch.func.vmap(torch.func.grad(module))(input, target)
    torch.testing.assert_close(each, gradient)
    weight = torch.rand(5, dtype=torch.float64)
    weighted = torch.func.vmap(torch.func.grad(module))(input, target, weight)
    torch.testing.assert_close(weighted, gradient * weight[:, None])
    shared = torch.func.vmap(torch.func.grad(module), (None, 0))(input[0], target)
    torch.testing.assert_close(shared[0], gradient[0])
    twice = torch.func.jacrev(torch.func.jacrev(module))(input, target)
    torch.testing.assert_close(torch.func.hessian(module)(input, target), twice)
    torch.testing.assert_close(torch.func.jacfwd(module)(input, target), gradient)
    with pytest.raises(NotImplementedError, match="Forward mode works once"):
        torch.func.jacfwd(torch.func.jacfwd(module))(input, target)
    if name in LABELS or name in OTHERS:
        return
    curvature = torch.autograd.functional.hessian(lambda x: module(input, x), target)
    torch.testing.assert_close(curvature, twice)


@every_module
def test_a_torch_of_unknown_private_names(name, monkeypatch):
    module, input, target = case(name)
    module.reduction = "sum"
    weight = torch.rand(len(input), dtype=torch.float64)
    variables = (input.requires_grad_(), *module.parameters())

    def derivatives():
        value = module(input, target, weight)
        gradients = torch.autograd.grad(value, variables, create_graph=True)
        again = torch.autograd.grad(gradients[0].square().sum(), input)
        mapped = torch.func.vmap(torch.func.grad(module))(input.detach(), target, weight)
        return value, *gradients, *again, mapped

    expected = derivatives()
    monkeypatch.setattr(_compatibility, "KNOWN", False)
    for found, other in zip(derivatives(), expected, strict=True):
        torch.testing.assert_close(found, other)
    with pytest.raises(NotImplementedError, match="Forward mode"):
        torch.func.jacfwd(module)(input.detach(), target)


@every_module
def test_compiles_into_one_graph(name):
    module, input, target = case(name)
    weight = torch.rand(len(input), dtype=torch.float64)
    variables = (input.requires_grad_(), *module.parameters())
    expected = module(input, target, weight)
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    found = compiled(input, target, weight)
    torch.testing.assert_close(found, expected)
    for ours, theirs in zip(
        torch.autograd.grad(found, variables),
        torch.autograd.grad(expected, variables),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_kernels_are_well_behaved_operators():
    input, target = torch.randn(3, 4), torch.randn(3, 4)
    arguments = "boostloss.formulas.huber:huber", [0, 1], [1.0]
    torch.library.opcheck(_operators.evaluate, (input, target, *arguments))
    for weight in (None, torch.rand(3, 4)):
        arguments = weight, "boostloss.formulas.huber:huber", [1.0]
        torch.library.opcheck(_operators.total, (input, target, *arguments))


def test_there_are_all_kinds_of_modules():
    makers = [*MODULES.values(), *(make for make, _ in CASES.values())]
    kinds = {type(make()).__name__ for make in makers}
    formulas = {name for name in bt.__all__ if issubclass(getattr(bt, name), bt.LossModule)}
    assert formulas <= kinds <= set(bt.__all__)
