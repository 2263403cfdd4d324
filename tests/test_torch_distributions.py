"""Negative log-likelihoods of distributions in torch, beside those of torch.distributions."""

import numpy as np
import pytest

import boostloss as bl

torch = pytest.importorskip("torch")

from torch import distributions as of_torch  # noqa: E402

from boostloss.torch import LossModule  # noqa: E402

pytestmark = pytest.mark.torch

THEIRS = {
    bl.Normal(): of_torch.Normal,
    bl.LogNormal(): of_torch.LogNormal,
    bl.Laplace(): of_torch.Laplace,
    bl.StudentT(5.0): lambda location, scale: of_torch.StudentT(5.0, location, scale),
}
every = pytest.mark.parametrize("loss", THEIRS, ids=repr)


def data(n=50, dtype=torch.float64):
    rng = np.random.default_rng(0)
    raw = torch.tensor(rng.normal(size=(n, 2)), dtype=dtype, requires_grad=True)
    return raw, torch.tensor(np.exp(rng.normal(size=n)), dtype=dtype)


@every
def test_value_and_gradient_are_those_of_torch(loss):
    raw, target = data()
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


def test_it_compiles_whole():
    raw, target = data(64, torch.float32)
    module = LossModule(bl.StudentT(3.0))
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(raw, target), module(raw, target))
    mapped = torch.func.vmap(module)(raw.reshape(8, 8, 2), target.reshape(8, 8))
    torch.testing.assert_close(mapped.mean(), module(raw, target))
