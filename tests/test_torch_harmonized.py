"""Gradient harmonised losses: the authors' rule without momentum, and averages that are not biased."""

import copy

import numpy as np
import pytest
from scipy.special import expit

torch = pytest.importorskip("torch")

import boostloss.torch as bt  # noqa: E402
from boostloss.formulas.harmonized import charbonnier_norm  # noqa: E402
from boostloss.torch import _bins  # noqa: E402

pytestmark = pytest.mark.torch

both_paths = pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "operations"])
MU = 0.3


@pytest.fixture
def take(monkeypatch):
    """Choose between the kernels and tensor operations."""

    def choose(kernel):
        if not kernel:
            monkeypatch.setattr(_bins, "has_kernel", lambda tensor: False)

    return choose


def published_weights(g, bins, momentum=0.0, averages=None):
    """The rule of the authors: a pass for each bin, and averages that begin at 0."""
    edges = np.arange(bins + 1) / bins
    edges[-1] += 1e-6
    weights, holding = np.zeros_like(g), 0
    for k in range(bins):
        inside = (g >= edges[k]) & (g < edges[k + 1])
        if inside.any():
            holding += 1
            count = inside.sum()
            if averages is not None:
                averages[k] = count = momentum * averages[k] + (1 - momentum) * count
            weights[inside] = g.size / count
    return weights / holding


def classification(seed=0, n=400):
    rng = np.random.default_rng(seed)
    f = 4.0 * rng.normal(size=n) - 3.0
    y = (rng.random(n) < 0.1).astype(float)
    p = expit(f)
    return f, y, np.abs(p - y), -(y * np.log(p) + (1.0 - y) * np.log1p(-p))


def regression(seed=0, n=400):
    rng = np.random.default_rng(seed)
    f, y = rng.standard_cauchy((2, n)) * 0.2
    root = np.sqrt((f - y) ** 2 + MU**2)
    return f, y, np.abs(f - y) / root, root - MU


CASES = {
    "classification": (bt.GHMCLoss, classification),
    "regression": (lambda **options: bt.GHMRLoss(MU, **options), regression),
}
each = pytest.mark.parametrize("name", CASES)


@both_paths
@each
@pytest.mark.parametrize("bins", [2, 10, 50])
def test_without_momentum_it_is_the_published_rule(name, bins, kernel, take):
    take(kernel)
    make, data = CASES[name]
    f, y, g, loss = data()
    expected = published_weights(g, bins) * loss
    module = make(bins=bins, momentum=0.0, reduction="none").double()
    input = torch.tensor(f, requires_grad=True)
    found = module(input, torch.tensor(y))
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-9)
    mean = make(bins=bins, momentum=0.0).double()(input, torch.tensor(y))
    assert mean.item() == pytest.approx(expected.mean())
    (slope,) = torch.autograd.grad(mean, input)
    sign = np.sign(f - y) if name == "regression" else expit(f) - y
    size = g if name == "regression" else 1.0
    np.testing.assert_allclose(slope, published_weights(g, bins) * sign * size / len(f), rtol=1e-7)


@both_paths
@each
def test_float32_and_a_mask(name, kernel, take):
    take(kernel)
    make, data = CASES[name]
    f, y, g, loss = data()
    kept = np.arange(len(f)) % 3 > 0
    expected = (published_weights(g[kept], 10) * loss[kept]).mean()
    f[~kept], y[~kept] = np.nan, np.nan
    arguments = torch.tensor(f).float(), torch.tensor(y).float()
    found = make(momentum=0.0)(*arguments, mask=torch.tensor(kept))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(expected, rel=1e-5)
    nothing = make(momentum=0.0)(*arguments, mask=torch.zeros(len(f)))
    assert nothing.item() == 0.0


def test_ignored_labels():
    f, y, _, _ = classification()
    kept = np.arange(len(f)) % 3 > 0
    expected = bt.GHMCLoss()(torch.tensor(f[kept]), torch.tensor(y[kept]))
    y[~kept] = -1.0
    found = bt.GHMCLoss(ignore_index=-1)(torch.tensor(f), torch.tensor(y))
    torch.testing.assert_close(found, expected)


def test_weights_weigh_losses():
    f, y, g, loss = classification()
    weight = np.random.default_rng(1).random(len(f))
    expected = np.average(published_weights(g, 10) * loss, weights=weight)
    found = bt.GHMCLoss(momentum=0.0)(torch.tensor(f), torch.tensor(y), torch.tensor(weight))
    assert found.item() == pytest.approx(expected)


def weights_of(module, g):
    """The weights that a loss gives to norms of gradients."""
    logits = torch.tensor(g).logit()
    plain = torch.nn.functional.softplus(logits)
    module.reduction = "none"
    return (module(logits, torch.zeros_like(logits)) / plain).numpy()


def batches(n=200, seed=0):
    """Norms of which a few lie above 0.9, in every tenth batch only."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        g = rng.uniform(0.0, 0.5, 1000)
        g[:5] = 0.95 if i % 10 == 9 else 0.05
        yield g


@both_paths
def test_averages_are_not_biased(kernel, take):
    take(kernel)
    ours, theirs = bt.GHMCLoss(momentum=0.75), np.zeros(10)
    for i, g in enumerate(batches()):
        found, published = weights_of(ours, g), published_weights(g, 10, 0.75, theirs)
        if i == 0:
            right = published_weights(g, 10)
            np.testing.assert_allclose(found, right, rtol=1e-5)
            np.testing.assert_allclose(published, 4.0 * right)
    # What is there in a tenth of the batches has a tenth of the density, in an average of many batches.
    ours, theirs = bt.GHMCLoss(momentum=0.99, reduction="none"), np.zeros(10)
    for g in batches(400):
        weights_of(ours, g)
        published_weights(g, 10, 0.99, theirs)
    density = (ours.shares / ours.seen).numpy()
    assert density[9] == pytest.approx(0.0005, rel=0.1)
    assert theirs[9] / theirs.sum() == pytest.approx(0.005 * (1 - 0.99**40), rel=0.05)
    assert density.sum() == pytest.approx(1.0, rel=1e-5)


@both_paths
def test_evaluation_takes_what_training_saw(kernel, take):
    take(kernel)
    module = bt.GHMCLoss(momentum=0.5)
    first, second, other = list(batches(12))[-3:]
    untouched = module.eval()
    np.testing.assert_allclose(weights_of(untouched, first), published_weights(first, 10))
    assert module.seen == 0.0
    module.train()
    weights_of(module, first)
    weights_of(module, second)
    shares = module.shares.clone()
    module.eval()
    found = weights_of(module, other)
    assert torch.equal(module.shares, shares)
    density = np.maximum((shares / module.seen).numpy(), 1.0 / other.size)
    place = np.minimum((other * 10).astype(int), 9)
    expected = 1.0 / (density[place] * len(np.unique(place)))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    twin = bt.GHMCLoss(momentum=0.5).eval()
    twin.load_state_dict(module.state_dict())
    np.testing.assert_allclose(weights_of(twin, other), expected, rtol=1e-6)


def test_a_bin_never_seen_counts_as_one_element():
    module = bt.GHMCLoss(bins=2)
    weights_of(module, np.full(100, 0.1))
    module.eval()
    found = weights_of(module, np.array([0.1] * 99 + [0.9]))
    np.testing.assert_allclose(found[[0, -1]], [0.5, 50.0], rtol=1e-5)


def test_an_empty_batch_says_nothing():
    module = bt.GHMCLoss()
    module(torch.zeros(10), torch.zeros(10))
    before = copy.deepcopy(module.state_dict())
    assert module(torch.zeros(10), torch.zeros(10), mask=torch.zeros(10)).item() == 0.0
    for name, value in module.state_dict().items():
        torch.testing.assert_close(value, before[name])


@both_paths
@pytest.mark.parametrize("mask", [None, "mask"])
@pytest.mark.parametrize(("name", "bad"), [
    ("classification", np.nan), ("regression", np.nan), ("regression", np.inf),
])  # fmt: skip
def test_an_element_that_is_no_number_does_not_spoil_the_others(name, bad, mask, kernel, take):
    take(kernel)
    make, data = CASES[name]
    f, y, *_ = (torch.tensor(x) for x in data())
    known = torch.arange(len(f)) != 3
    kept = known.roll(1) if mask else torch.ones_like(known)
    module, other = make(reduction="none"), make(reduction="none")
    expected = other(f[known & kept], y[known & kept])
    for place in (f, y):
        right, place[3] = place[3].item(), bad
        found = module(f, y, mask=kept)
        place[3] = right
        torch.testing.assert_close(found[known & kept], expected)
        assert found[3].isnan()
        torch.testing.assert_close(module.shares / module.seen, other.shares / other.seen)
    assert module(f, y).isfinite().all()


def test_a_gradient_past_an_element_that_is_no_number():
    f, y = torch.tensor([0.5, torch.nan, -1.0]), torch.tensor([1.0, 0.0, 1.0])
    slope = torch.func.grad(bt.GHMCLoss(reduction="sum").eval())(f, y)
    assert slope.isnan().tolist() == [False, True, False]


def test_mu_may_be_set():
    module = bt.GHMRLoss(0.02)
    module.mu = MU
    f, y, *_ = (torch.tensor(x) for x in regression())
    torch.testing.assert_close(module(f, y), bt.GHMRLoss(MU)(f, y))


def test_norms_of_every_size():
    for dtype in (np.float32, np.float64):
        d = np.array([0.0, 1e-30, 1e-3, 1.0, 1e30], dtype)
        for mu in (1e-3, 1e3):
            g = charbonnier_norm(np.zeros_like(d), d, mu)
            wide = d.astype(np.longdouble)
            np.testing.assert_allclose(g, wide / np.sqrt(wide**2 + mu**2), rtol=1e-6)


def test_operators_are_well_behaved():
    input, target = torch.randn(3, 4), torch.rand(3, 4)
    norm = "boostloss.formulas.overlap:logistic_norm"
    for weight in (None, torch.ones(3, 4)):
        arguments = input, target, weight, norm, 1.0, 4
        torch.library.opcheck(torch.ops.boostloss.bin_counts.default, arguments)
    arguments = input, target, torch.arange(4.0), norm, 1.0
    torch.library.opcheck(torch.ops.boostloss.bin_values.default, arguments)


@pytest.mark.parametrize(("name", "value"), [
    ("bins", 1), ("bins", 2.5), ("bins", True), ("bins", 101), ("momentum", 1.0), ("mu", 0.0),
    ("mu", -1.0), ("reduction", "average"),
])  # fmt: skip
def test_what_is_wrong_is_said(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        bt.GHMRLoss(**{name: value})


def test_targets_have_no_gradient():
    with pytest.raises(ValueError, match="target must not require a gradient"):
        bt.GHMRLoss()(torch.zeros(3), torch.zeros(3, requires_grad=True))


def test_averages_learn_in_a_graph():
    module = bt.GHMCLoss()
    compiled = copy.deepcopy(module)
    torch._dynamo.reset()
    step = torch.compile(compiled, fullgraph=True, backend="aot_eager")
    for seed in range(3):
        f, y, _, _ = classification(seed)
        arguments = torch.tensor(f), torch.tensor(y)
        torch.testing.assert_close(step(*arguments), module(*arguments), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(compiled.shares, module.shares)
    assert module.seen.item() == pytest.approx(1.0 - 0.75**3)
