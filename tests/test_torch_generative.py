"""Variational, adversarial and cycle losses: torch.distributions, torch's own losses, and the papers' formulas."""

import mpmath
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import distributions, nn  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch


def drawn(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


def test_divergence_is_that_of_the_distributions():
    mean, log_variance = drawn(5, 2, 3), 2.0 * drawn(5, 2, 3, seed=1)
    latent = distributions.Normal(mean, (0.5 * log_variance).exp())
    each = distributions.kl_divergence(latent, distributions.Normal(0.0, 1.0))
    value = bt.GaussianKLLoss(reduction="none")(mean, log_variance)
    torch.testing.assert_close(value, each.sum((1, 2)))
    torch.testing.assert_close(bt.GaussianKLLoss()(mean, log_variance), each.sum((1, 2)).mean())


@pytest.mark.parametrize("log_variance", [0.0, 1e-3, -1e-2, 0.5, -30.0, 80.0])
def test_divergence_has_the_digits_of_its_dtype(log_variance):
    given = torch.tensor([[log_variance]])
    exact = mpmath.mpf(given.item())
    expected = float((mpmath.exp(exact) - 1 - exact) / 2)
    value = bt.GaussianKLLoss()(torch.zeros(1, 1), given).item()
    # Where it nearly vanishes its terms cancel, to a rounding of the log-variance itself.
    assert value == pytest.approx(expected, rel=3e-7, abs=1e-7 * abs(log_variance))


def latents():
    mean, log_variance = drawn(4, 3, seed=2), drawn(4, 3, seed=3)
    latent = distributions.Normal(mean, (0.5 * log_variance).exp())
    return (mean, log_variance), distributions.kl_divergence(
        latent, distributions.Normal(0.0, 1.0)
    ).sum(1)


def test_vae_loss_is_the_negative_bound():
    input, target = drawn(4, 6), drawn(4, 6, seed=1)
    latent, divergence = latents()
    log_p = distributions.Normal(input, 1.0).log_prob(target).sum(1)
    constant = 6 * 0.5 * np.log(2.0 * np.pi)
    value = bt.VAELoss(reduction="none")(input, target, *latent)
    torch.testing.assert_close(value, divergence - log_p - constant)
    torch.testing.assert_close(bt.VAELoss()(input, target, *latent), value.mean())

    pixels = (target > 0.0).double()
    log_p = distributions.Bernoulli(logits=input).log_prob(pixels).sum(1)
    binary = bt.VAELoss(nn.BCEWithLogitsLoss(reduction="none"), beta=4.0, reduction="none")
    torch.testing.assert_close(binary(input, pixels, *latent), 4.0 * divergence - log_p)

    logits, classes = drawn(4, 5, 6), torch.randint(5, (4, 6))
    log_p = distributions.Categorical(logits=logits.movedim(1, -1)).log_prob(classes).sum(1)
    several = bt.VAELoss(nn.CrossEntropyLoss(reduction="none"), reduction="none")
    torch.testing.assert_close(several(logits, classes, *latent), divergence - log_p)


def test_vae_loss_with_reconstructions_of_the_package():
    input, target = drawn(4, 6), drawn(4, 6, seed=1)
    latent, divergence = latents()
    for kind in (
        bt.BarronLoss(0.0, 0.5, "none"),
        bt.HuberLoss(0.5, "none"),
        bt.AdaptiveBarronLoss(6, reduction="none", dtype=torch.float64),
    ):
        value = bt.VAELoss(kind, reduction="none")(input, target, *latent)
        torch.testing.assert_close(value, kind(input, target).sum(1) + divergence)
    assert bt.VAELoss(kind, beta=0.0)(input, target, *latent) == kind(input, target).sum(1).mean()


def test_a_mean_over_elements_would_be_a_larger_beta():
    input, target = drawn(4, 50), drawn(4, 50, seed=1)
    latent, divergence = latents()
    mistaken = nn.MSELoss()(input, target) + divergence.mean()
    scaled = bt.VAELoss(nn.MSELoss(reduction="none"), beta=50.0)(input, target, *latent) / 50.0
    torch.testing.assert_close(mistaken, scaled)


def scores():
    return drawn(7, 3), drawn(7, 3, seed=1)


def test_adversarial_losses_are_the_published_ones():
    fake, real = scores()
    f, r = fake.numpy(), real.numpy()
    log_sigmoid = lambda x: -np.log1p(np.exp(-x))  # noqa: E731
    expected = {
        "bce": (-log_sigmoid(r).mean() - log_sigmoid(-f).mean(), -log_sigmoid(f).mean()),
        "least_squares": (
            0.5 * ((r - 1.0) ** 2).mean() + 0.5 * (f**2).mean(),
            0.5 * ((f - 1.0) ** 2).mean(),
        ),
        "hinge": (
            np.maximum(0.0, 1.0 - r).mean() + np.maximum(0.0, 1.0 + f).mean(),
            -f.mean(),
        ),
    }
    for kind, (discriminator, generator) in expected.items():
        loss = bt.AdversarialLoss(kind)
        assert loss.discriminator(fake, real).item() == pytest.approx(discriminator, rel=1e-12)
        assert loss.generator(fake).item() == pytest.approx(generator, rel=1e-12)
        assert loss(fake, real) == loss.discriminator(fake, real)
        assert loss(fake) == loss.generator(fake)


def test_adversarial_bce_is_that_of_torch():
    fake, real = scores()
    bce = nn.BCEWithLogitsLoss()
    expected = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    torch.testing.assert_close(bt.AdversarialLoss().discriminator(fake, real), expected)
    sure = torch.tensor([[60.0, -60.0]], dtype=torch.float64)
    value = bt.AdversarialLoss(reduction="none").generator(sure)
    np.testing.assert_allclose(value, [[np.exp(-60.0), 60.0]], rtol=1e-14)


@pytest.mark.parametrize("kind", ["bce", "least_squares", "hinge"])
def test_the_sides_may_differ_in_number(kind):
    fake, real = scores()
    loss = bt.AdversarialLoss(kind)
    few = loss.discriminator(fake, real[:2])
    twice = loss.discriminator(fake, real[[0, 1, 0, 1]])
    torch.testing.assert_close(few, twice)
    weight = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    torch.testing.assert_close(loss.discriminator(fake, real, real_weight=weight), few)
    torch.testing.assert_close(
        loss.discriminator(fake, real, fake_weight=weight), loss.discriminator(fake[:2], real)
    )


def test_cycle_consistency_is_that_of_the_authors():
    a, b = drawn(3, 2, 4, 4), drawn(5, 2, 6, 6, seed=1)
    cycled_a, cycled_b = a + drawn(3, 2, 4, 4, seed=2), b + drawn(5, 2, 6, 6, seed=3)
    l1 = nn.L1Loss()
    value = bt.CycleConsistencyLoss()(cycled_a, a, cycled_b, b)
    torch.testing.assert_close(value, l1(cycled_a, a) + l1(cycled_b, b))
    weight = torch.tensor([0.0, 1.0, 0.0])
    one = bt.CycleConsistencyLoss()(cycled_a, a, cycled_b, b, a_weight=weight)
    torch.testing.assert_close(one, l1(cycled_a[1], a[1]) + l1(cycled_b, b))
    none = bt.CycleConsistencyLoss(reduction="none")(cycled_a, a, cycled_b[:3], b[:3])
    expected = [l1(cycled_a[i], a[i]) + l1(cycled_b[i], b[i]) for i in range(3)]
    torch.testing.assert_close(none, torch.stack(expected))


X = torch.zeros(2, 3)
WRONG = {
    "mean must have shape .n, .... with latents, got .2,.": (
        lambda: bt.GaussianKLLoss()(X[:, 0], X[:, 0])
    ),
    "log_variance must have shape .2, 3., got .2, 2.": lambda: bt.GaussianKLLoss()(X, X[:, :2]),
    "beta must be a finite number >= 0, got -1.0": lambda: bt.VAELoss(beta=-1.0),
    "beta must be .*, got nan": lambda: bt.VAELoss(beta=np.nan),
    "reconstruction must be a loss module with reduction='none', got MSELoss": (
        lambda: bt.VAELoss(nn.MSELoss())
    ),
    "target must have the shape of input": lambda: bt.VAELoss()(X, X[:, :2], X, X),
    "loss for each of 3 samples along the first dimension, got shape .2, 3.": (
        lambda: bt.VAELoss()(X, X, torch.zeros(3, 1), torch.zeros(3, 1))
    ),
    "kind must be one of .'bce', 'least_squares', 'hinge'., got 'wgan'": (
        lambda: bt.AdversarialLoss("wgan")
    ),
    "real must have shape .2, 3., got .1, 3.": (
        lambda: bt.AdversarialLoss(reduction="none").discriminator(X, X[:1])
    ),
    "cycled_b must have shape .2, 3., got .1, 3.": (
        lambda: bt.CycleConsistencyLoss()(X, X, X[:1], X)
    ),
    "b must hold 2 samples without a reduction, as a, got 1": (
        lambda: bt.CycleConsistencyLoss(reduction="none")(X, X, X[:1], X[:1])
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


def test_kinds_that_are_wrong():
    with pytest.raises(TypeError, match="reconstruction must be a loss module, got 'mse'"):
        bt.VAELoss("mse")
    with pytest.raises(TypeError, match=r"fake must be real, got torch\.complex64"):
        bt.AdversarialLoss().generator(X.to(torch.complex64))
