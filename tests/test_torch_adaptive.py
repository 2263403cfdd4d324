"""The adaptive loss: a likelihood, its parametrisation, and the line fit by which it was published."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from boostloss.torch import AdaptiveBarronLoss  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "free"])
def test_it_is_a_likelihood(alpha, fixed):
    lo, hi = (alpha, alpha) if fixed else (alpha - 0.5, alpha + 0.5)
    loss = AdaptiveBarronLoss(
        1, lo, hi, scale_init=0.7, reduction="none", dtype=torch.float64
    )  # the density is even, and its tail the thinner the larger alpha
    error = torch.linspace(-14.0, 14.0, 200_001, dtype=torch.float64) ** 3
    density = torch.exp(-loss(error[:, None], torch.zeros_like(error)[:, None]))[:, 0]
    assert torch.trapezoid(density, error).item() == pytest.approx(1.0, abs=2e-3)


def test_starts_and_intervals():
    loss = AdaptiveBarronLoss(3, dtype=torch.float64)
    torch.testing.assert_close(loss.alpha().detach(), torch.full((3,), 1.0).double())
    torch.testing.assert_close(loss.scale().detach(), torch.full((3,), 1.0).double())
    loss = AdaptiveBarronLoss(2, 0.0, 3.0, 0.5, 0.01, 2.0, dtype=torch.float64)
    torch.testing.assert_close(loss.alpha().detach(), torch.full((2,), 0.5).double())
    torch.testing.assert_close(loss.scale().detach(), torch.full((2,), 2.0).double())
    with torch.no_grad():
        for latent in loss.parameters():
            latent.fill_(-50.0)
        assert loss.alpha().tolist() == pytest.approx([0.0, 0.0], abs=1e-15)
        assert loss.scale().tolist() == pytest.approx([0.01, 0.01], abs=1e-15)
        loss.latent_alpha.fill_(50.0)
        assert loss.alpha().tolist() == [3.0, 3.0]


def test_what_is_fixed_is_not_trained():
    names = {"latent_alpha", "latent_scale"}
    assert AdaptiveBarronLoss(2).state_dict().keys() == names
    fixed_alpha = AdaptiveBarronLoss(2, 1.0, 1.0)
    assert fixed_alpha.state_dict().keys() == {"latent_scale"}
    assert fixed_alpha.alpha().tolist() == [1.0, 1.0]
    fixed_scale = AdaptiveBarronLoss(2, scale_lo=0.5, scale_init=0.5)
    assert fixed_scale.state_dict().keys() == {"latent_alpha"}
    assert fixed_scale.scale().tolist() == [0.5, 0.5]


def test_each_dimension_learns_its_own():
    generator = torch.Generator().manual_seed(0)
    error = torch.randn(4000, 2, generator=generator)
    error[:, 1] = torch.empty(4000).cauchy_(sigma=0.1, generator=generator)
    loss = AdaptiveBarronLoss(2)
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss(error, torch.zeros_like(error)).backward()
        optimizer.step()
    normal, cauchy = loss.alpha().tolist()
    assert normal > 1.7
    assert cauchy < 0.2
    assert loss.scale()[1].item() == pytest.approx(0.1 / np.sqrt(2.0), rel=0.1)
