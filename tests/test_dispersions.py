"""Gamma and negative binomial distributions, of which trees predict mean and dispersion."""

import numpy as np
import pytest
from drop_in import each_library, raw_prediction
from likelihoods import assert_most_likely, exact, not_learned, stopped_early

import boostloss as bl
from boostloss.kernels import outputs

LOSSES = [bl.GammaDistribution(), bl.NegativeBinomialDistribution()]
every = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def rows(loss, n=200, seed=0):
    rng = np.random.default_rng(seed)
    raw = np.stack([2.0 * rng.normal(size=n), 3.0 * rng.normal(size=n) - 1.0], axis=1)
    y = np.exp(2.0 * rng.normal(size=n))
    return (y if loss.positive else np.floor(y)), raw


@every
def test_value_is_the_likelihood_of_scipy(loss):
    y, raw = rows(loss)
    p = loss.distribution(raw)
    expected = -(p.logpdf(y) if loss.positive else p.logpmf(y))
    np.testing.assert_allclose(loss.loss(y, raw), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        loss.inverse_link(raw), p.mean(), rtol=1e-8
    )  # scipy's has few digits
    single = loss.loss(y.astype(np.float32), raw.astype(np.float32))
    np.testing.assert_allclose(single, expected, rtol=2e-5, atol=2e-5)


@every
def test_derivatives_are_exact(loss):
    y, raw = rows(loss, 30)
    gradient, hessian = loss.gradient_hessian(y, raw)
    assert (hessian > 0.0).all()
    for target, each, found in zip(y, raw, gradient, strict=True):
        for place in (0, 1):
            true = exact(loss.formula, target, each, place)
            assert found[place] == pytest.approx(true, rel=1e-8, abs=1e-8)


@every
def test_hessian_of_the_dispersion_is_below_the_curvature(loss):
    y, raw = rows(loss)
    _, hessian = loss.gradient_hessian(y, raw)
    step = np.array([0.0, 1e-4])
    after, before = (loss.gradient_hessian(y, raw + s * step)[0][:, 1] for s in (1.0, -1.0))
    exact = (after - before) / 2e-4
    if isinstance(loss, bl.NegativeBinomialDistribution):
        assert (exact <= hessian[:, 1] + 1e-5).all()
    # The expectation of that of Gamma's is twice the information, as of the scale of a normal distribution.
    small = bl.GammaDistribution().gradient_hessian([1.0], [[0.0, -12.0]])[1]
    np.testing.assert_allclose(small[0, 1], 0.75, rtol=1e-4)


@every
def test_no_leaf_steps_past_its_best_mean(loss):
    rng = np.random.default_rng(3)
    for _ in range(200):
        n = int(rng.integers(1, 20))
        y, _ = rows(loss, n, seed=int(rng.integers(1 << 30)))
        raw = np.tile([rng.normal(), 2.0 * rng.normal()], (n, 1))
        gradient, hessian = (x.sum(axis=0) for x in loss.gradient_hessian(y, raw))
        step = np.array([-gradient[0] / hessian[0], 0.0])
        found = [loss.loss(y, raw + part * step).sum() for part in (0.0, 0.5, 1.0)]
        assert found[2] <= found[1] + 1e-9 * abs(found[1]) <= found[0] + 2e-9 * abs(found[0])


@every
def test_the_constant_is_that_of_maximum_likelihood(loss):
    p = loss.distribution(np.tile([1.5, -0.5], (400, 1)))
    y = p.rvs(random_state=0).astype(float)
    weight = np.random.default_rng(1).integers(0, 4, 400).astype(float)
    for w in (None, weight):
        assert_most_likely(loss, y, w)
    assert np.abs(loss.fit_intercept(y) - [1.5, -0.5]).max() < 0.3


def test_edges_of_targets():
    gamma, counts = LOSSES
    with pytest.raises(ValueError, match="y_true must have targets that differ"):
        gamma.fit_intercept([2.0, 2.0])
    with pytest.raises(ValueError, match=r"y_true must be > 0 for GammaDistribution, got 0.0"):
        gamma.fit_intercept([0.0, 1.0])
    with pytest.raises(ValueError, match="counts above 0"):
        counts.fit_intercept([0, 0])
    with pytest.raises(ValueError, match=r"y_true must be >= 0"):
        counts.loss([-1.0], [[0.0, 0.0]])
    mean, dispersion = counts.fit_intercept(
        [2, 2, 3, 2]
    )  # less scatter than a Poisson distribution's
    assert mean == pytest.approx(np.log(2.25), abs=1e-4)
    assert dispersion < -10.0
    poisson = -np.log(2.25) * 2.0 + 2.25 + np.log(2.0)
    assert counts.loss([2], [[np.log(2.25), -20.0]])[0] == pytest.approx(poisson, rel=1e-7)


@every
def test_without_a_compiler(loss, monkeypatch):
    y, raw = rows(loss)
    native = loss.loss(y, raw), *loss.gradient_hessian(y, raw)
    monkeypatch.setattr(outputs, "JIT_DISABLED", True)
    plain = loss.loss(y, raw), *loss.gradient_hessian(y, raw)
    for a, b in zip(native, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-8)


@each_library
@every
def test_trees_learn_both_parameters(loss, library):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2.0, 2.0, (4000, 4))
    raw = np.stack([2.0 + np.sin(2.0 * X[:, 0]), -1.0 + 0.8 * X[:, 1]], axis=1)
    y = loss.distribution(raw).rvs(random_state=rng).astype(float)
    train, stop, test = slice(0, 2500), slice(2500, 3000), slice(3000, None)
    model = stopped_early(library, loss, X, y, train, stop, rounds=300)
    constant = loss.fit_intercept(y[train])
    assert not_learned(library, model, X[test], y[test], raw[test], constant) < 0.25
    found = raw_prediction(library, model, X[test])
    np.testing.assert_allclose(model.predict(X[test]), np.exp(found[:, 0]), rtol=1e-5)
    low, high = model.predict_distribution(X[test]).interval(0.9)
    assert 0.85 < np.mean((low <= y[test]) & (y[test] <= high)) < 0.96


def test_counts_that_scatter_less_than_their_mean_are_poissons():
    loss = bl.NegativeBinomialDistribution()
    for log_mean, log_dispersion in ((1.0, -36.0), (-27.0, -12.0), (3.0, -40.0)):
        mean, found = np.exp(log_mean), loss.distribution([[log_mean, log_dispersion]])
        np.testing.assert_allclose([found.mean(), found.var()], mean, rtol=3e-8)
        np.testing.assert_allclose(found.pmf(1), mean * np.exp(-mean), rtol=1e-6)
