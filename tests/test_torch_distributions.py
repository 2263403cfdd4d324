"""Negative log-likelihoods of distributions in torch, beside those of torch.distributions."""

import pickle

import numpy as np
import pytest

import boostloss as bl
from boostloss.losses.catalogue import DISTRIBUTIONS

torch = pytest.importorskip("torch")

from torch import distributions as of_torch  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402

from boostloss.torch import LossModule  # noqa: E402

pytestmark = pytest.mark.torch


def negative_binomial(log_mean, dispersion):
    """Theirs counts successes until so many failures."""
    return of_torch.NegativeBinomial(1.0 / dispersion, logits=log_mean + dispersion.log())


THEIRS = {
    bl.Normal(): of_torch.Normal,
    bl.LogNormal(): of_torch.LogNormal,
    bl.Laplace(): of_torch.Laplace,
    bl.StudentT(5.0): lambda location, scale: of_torch.StudentT(5.0, location, scale),
    bl.Weibull(): lambda log_scale, scale: of_torch.Weibull(log_scale.exp(), 1.0 / scale),
    bl.GammaDistribution(): lambda log_mean, scale: of_torch.Gamma(
        1.0 / scale, (-log_mean).exp() / scale
    ),
    bl.NegativeBinomialDistribution(): negative_binomial,
}
INTERVALS = [kind() for kind in DISTRIBUTIONS]
every = pytest.mark.parametrize("loss", THEIRS, ids=repr)


def data(n=50, dtype=torch.float64, k=2):
    rng = np.random.default_rng(0)
    raw = torch.tensor(rng.normal(size=(n, k)), dtype=dtype, requires_grad=True)
    return raw, torch.tensor(np.exp(rng.normal(size=n)), dtype=dtype)


def intervals(loss, n=50):
    """Exact, open above, open below, wide and narrow."""
    raw, lower = data(n, k=loss.n_outputs)
    kind = torch.arange(n) % 5
    if loss.discrete:
        lower = (3.0 * lower).ceil()
        return raw, torch.stack([lower.where(kind != 2, 0.0), lower + kind], dim=-1)
    upper = torch.stack([lower, lower + torch.inf, lower, lower + 1.0, lower * (1.0 + 1e-7)])
    upper = upper.gather(0, kind[None])[0]
    return raw, torch.stack([lower.where(kind != 2, 0.0), upper], dim=-1)


@every
def test_value_and_gradient_are_those_of_torch(loss):
    raw, target = data()
    if isinstance(loss, bl.NegativeBinomialDistribution):
        target = target.floor()
    weight = torch.rand(50, dtype=torch.float64)
    theirs = -THEIRS[loss](raw[:, 0], raw[:, 1].exp()).log_prob(target)
    torch.testing.assert_close(LossModule(loss, "none")(raw, target), theirs)
    torch.testing.assert_close(LossModule(loss)(raw, target), theirs.mean())
    found = LossModule(loss)(raw, target, weight)
    expected = (weight * theirs).sum() / weight.sum()
    torch.testing.assert_close(found, expected)
    ours, own = (torch.autograd.grad(x, raw)[0] for x in (found, expected))
    torch.testing.assert_close(ours, own)
    np.testing.assert_allclose(
        LossModule(loss, "none")(raw, target).detach(),
        loss.loss(target.numpy(), raw.detach().numpy()),
    )


@pytest.mark.parametrize("loss", INTERVALS, ids=repr)
def test_intervals_have_the_probability_of_the_core(loss):
    raw, target = intervals(loss)
    module = LossModule(loss)
    found = LossModule(loss, "none")(raw, target)
    y = target.numpy()
    np.testing.assert_allclose(found.detach(), loss.loss(y, raw.detach().numpy()), rtol=1e-13)
    (slope,) = torch.autograd.grad(found.sum(), raw)
    expected, _ = loss.gradient_hessian(y, raw.detach().numpy())
    np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradcheck(lambda x: module(x, target), raw)
    torch.compiler.reset()  # which keeps eight losses
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(raw, target), module(raw, target))
    torch.testing.assert_close(
        torch.autograd.grad(compiled(raw, target), raw),
        torch.autograd.grad(module(raw, target), raw),
    )
    wide = torch.arange(50) % 5 != 4  # narrow ones have no digits of their width in float32
    single = module(raw[wide].float(), target[wide].float())
    torch.testing.assert_close(single.double(), module(raw[wide], target[wide]), rtol=1e-4, atol=0)
    mask = torch.arange(50) % 2 == 0
    spoiled = raw.detach().masked_fill(~mask[:, None], torch.nan)
    torch.testing.assert_close(module(spoiled, target, mask=mask), module(raw[mask], target[mask]))


def test_shapes_that_do_not_go_together_are_refused():
    raw, target = data(6)
    with pytest.raises(ValueError, match=r"target must have shape \(6,\) or \(6, 2\) of intervals"):
        LossModule(bl.Weibull())(raw, target[:5])

    @bl.log_density
    def uncensored(target, location, log_scale):
        return -abs(target - location) * np.exp(-log_scale) - log_scale - np.log(2.0)

    with pytest.raises(ValueError, match=r"target must have shape \(6,\), got"):
        LossModule(uncensored())(raw, torch.stack([target, target], dim=-1))


@every
def test_the_kernel_and_torchs_operations_agree(loss, monkeypatch):
    raw, target = data(2000, torch.float32)
    module = LossModule(loss)
    found = module(raw, target), torch.autograd.grad(module(raw, target), raw)[0]
    monkeypatch.setattr("boostloss.torch._distribution_loss.has_kernel", lambda x: False)
    plain = module(raw, target), torch.autograd.grad(module(raw, target), raw)[0]
    torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-6)
    assert module(raw[:0], target[:0]).isnan()


@every
def test_derivatives_masks_and_half_precision(loss):
    raw, target = data(6)
    module = LossModule(loss)
    assert torch.autograd.gradcheck(lambda x: module(x, target), raw)
    if not isinstance(loss, bl.Laplace):
        assert torch.autograd.gradgradcheck(lambda x: module(x, target), raw)
    mask = torch.tensor([True, False] * 3)
    spoiled = raw.detach().masked_fill(~mask[:, None], torch.nan)
    torch.testing.assert_close(module(spoiled, target, mask=mask), module(raw[mask], target[mask]))
    assert module(raw.half(), target.half()).dtype == torch.float32
    with pytest.raises(ValueError, match=r"input must have shape \(6, 2\)"):
        module(raw[:, 0], target)


def test_modules_of_distributions_and_of_losses_of_ones_own_are_pickled():
    @bl.log_density
    def own(target, location, log_scale):
        z = (target - location) / np.exp(log_scale)
        return -z - np.exp(-z) - log_scale

    @bl.loss
    def cost(error, factor=2.0):
        return np.where(error > 0, factor * error, -error)

    raw, target = data()
    for module, input in ((LossModule(own()), raw), (LossModule(cost()), raw[:, 0])):
        again = pickle.loads(pickle.dumps(module))
        torch.testing.assert_close(again(input, target), module(input, target))
        assert again.loss == module.loss


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("loss", [bl.Normal(), bl.GammaDistribution(), bl.Weibull()], ids=repr)
def test_traced_graphs_compute_anew(loss):
    raw, target = intervals(loss) if isinstance(loss, bl.Weibull) else data()
    module = LossModule(loss)
    traced = torch.jit.trace(module, (raw.detach(), target))
    for other in (make_fx(module)(raw, target), traced):
        torch.testing.assert_close(other(2.0 * raw, target), module(2.0 * raw, target))
    ours, theirs = (torch.autograd.grad(f(raw, target), raw)[0] for f in (traced, module))
    torch.testing.assert_close(ours, theirs)
    mode = FakeTensorMode()
    given = [mode.from_tensor(x.detach()) for x in (raw, target)]
    with mode:
        assert module(*given).shape == ()
    each = LossModule(loss, "none")(raw, target)
    seeds = torch.eye(50, dtype=torch.float64)
    (batch,) = torch.autograd.grad(each, raw, seeds, is_grads_batched=True, retain_graph=True)
    torch.testing.assert_close(batch.sum(0), torch.autograd.grad(each.sum(), raw)[0])


def test_it_compiles_whole():
    raw, target = data(64, torch.float32)
    module = LossModule(bl.StudentT(3.0))
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(raw, target), module(raw, target))
    mapped = torch.func.vmap(module)(raw.reshape(8, 8, 2), target.reshape(8, 8))
    torch.testing.assert_close(mapped.mean(), module(raw, target))


def test_far_out_gradients_by_operations_are_those_of_the_kernel():
    raw, target = torch.tensor([[-2.8, -3.3], [0.1, 0.2]]), torch.tensor([3.0, 1.0])
    module, given = LossModule(bl.Weibull()), raw.clone().requires_grad_()
    (expected,) = torch.autograd.grad(module(given, target), given)
    assert expected[0].max() < -1e31
    torch.compiler.reset()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    for found in (
        torch.autograd.grad(module(given, target), given, create_graph=True)[0],
        torch.autograd.grad(compiled(given, target), given)[0],
        torch.func.grad(module)(raw, target),
        torch.func.vmap(torch.func.grad(module))(raw, target) / 2.0,
    ):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("loss", INTERVALS, ids=repr)
def test_second_derivatives_agree_in_every_mode(loss):
    for raw, target in (data(3, k=loss.n_outputs), intervals(loss, 3)):
        whole = target.floor() if loss.discrete else target
        hessian = torch.func.hessian(LossModule(loss))(raw.detach(), whole)
        twice = torch.func.jacrev(torch.func.jacrev(LossModule(loss)))(raw.detach(), whole)
        torch.testing.assert_close(hessian, twice)
        eager = torch.autograd.functional.hessian(lambda x, y=whole: LossModule(loss)(x, y), raw)
        torch.testing.assert_close(eager, twice)
