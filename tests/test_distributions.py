"""Distributions whose location and scale trees predict: values, derivatives, curvatures and constants."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from likelihoods import assert_most_likely, exact
from scipy.integrate import quad

import boostloss as bl
from boostloss.kernels import outputs
from boostloss.kernels.rows import BLOCK, Rows
from boostloss.losses.catalogue import DISTRIBUTIONS
from boostloss.metrics import crps

LOSSES = [bl.Normal(), bl.LogNormal(), bl.Laplace(), bl.StudentT(), bl.StudentT(2.5)]
LOSSES += [bl.LogLogistic(), bl.Weibull(), bl.BarronLikelihood(), bl.BarronLikelihood(0.3)]
OTHERS = [bl.GammaDistribution(), bl.NegativeBinomialDistribution(), bl.FreeStudentT()]
every = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def rows(loss, n=200, seed=0):
    """Targets of the loss, and raw predictions near and far from them."""
    rng = np.random.default_rng(seed)
    y = 3.0 * rng.standard_t(3, n)
    raw = np.stack([2.0 * rng.normal(size=n), rng.normal(size=n)], axis=1)
    return (np.exp(0.3 * y) if loss.positive else y), raw


def test_all_are_tested():
    assert {type(loss) for loss in LOSSES + OTHERS} == set(DISTRIBUTIONS)
    assert all(getattr(bl, kind.__name__) is kind for kind in DISTRIBUTIONS)


@every
def test_value_is_the_likelihood_of_scipy(loss):
    y, raw = rows(loss)
    expected = -loss.distribution(raw).logpdf(y)
    np.testing.assert_allclose(loss.loss(y, raw), expected, rtol=1e-11, atol=1e-12)
    weight = np.random.default_rng(1).random(len(y))
    found = loss.mean_loss(y, raw, weight)
    assert found == pytest.approx(np.average(expected, weights=weight), rel=1e-12)
    p = loss.distribution(raw)
    expected = p.median() if isinstance(loss, bl.LogLogistic) else p.mean()
    np.testing.assert_allclose(loss.inverse_link(raw), expected, rtol=1e-12)


@every
def test_derivatives_are_exact(loss):
    y, raw = rows(loss, 40)
    gradient, _ = loss.gradient_hessian(y, raw)
    for target, each, found in zip(y, raw, gradient, strict=True):
        for place in (0, 1):
            true = exact(loss.formula, target, each, place, loss.parameters)
            assert found[place] == pytest.approx(true, rel=1e-9, abs=1e-12)


@every
def test_curvatures_hold_fisher_information(loss):
    """Of the location the curvature's mean is at least that, of the scale twice that: a half is for stability."""
    p = loss.distribution([[0.3, 0.4]])

    def mean(function):
        return quad(lambda u: function(p.ppf(u)), 0.0, 1.0, points=[0.5], limit=400)[0]

    for place in (0, 1):
        fisher = mean(lambda x, j=place: loss.gradient_hessian(x, [[0.3, 0.4]])[0][0, j] ** 2)
        curvature = mean(lambda x, j=place: loss.gradient_hessian(x, [[0.3, 0.4]])[1][0, j])
        ratio = curvature / fisher
        if place == 1:
            # The observed part is at least the information: for Student's t more, as far rows are known to be far.
            assert 2.0 - 1e-5 <= ratio < 4.0
            assert loss.scale_curvature == pytest.approx(curvature, rel=1e-5)
        else:
            assert 1.0 - 1e-5 <= ratio < 2.1


@every
def test_no_leaf_steps_past_its_best_scale(loss):
    rng = np.random.default_rng(3)
    for _ in range(300):
        n = rng.integers(1, 20)
        y, _ = rows(loss, n, seed=rng.integers(1 << 30))
        weight = rng.exponential(size=n)
        raw = np.tile([rng.normal(), 3.0 * rng.normal()], (n, 1))
        if isinstance(loss, bl.Weibull):
            raw[:, 1] = np.abs(raw[:, 1])  # a small scale makes an exponential of an exponential
        gradient, hessian = (x.sum(axis=0) for x in loss.gradient_hessian(y, raw, weight))
        step = -gradient[1] / hessian[1]
        found = [
            loss.loss(y, raw + np.array([0.0, part * step]), weight).sum()
            for part in (0.0, 0.5, 1.0)
        ]
        assert found[2] <= found[1] + 1e-9 * abs(found[1]) <= found[0] + 2e-9 * abs(found[0])


@pytest.mark.parametrize("loss", [bl.Normal(), bl.LogNormal(), bl.StudentT(2.5)], ids=repr)
def test_the_curvature_of_the_location_is_that_of_a_quadratic_above(loss):
    y, raw = rows(loss)
    value, (gradient, hessian) = loss.loss(y, raw), loss.gradient_hessian(y, raw)
    for step in (-5.0, -0.7, -1e-3, 1e-3, 0.4, 6.0):
        bound = value + gradient[:, 0] * step + 0.5 * hessian[:, 0] * step * step
        assert (
            loss.loss(y, raw + np.array([step, 0.0])) <= bound + 1e-9 * (1.0 + abs(bound))
        ).all()


@every
def test_the_constant_is_that_of_maximum_likelihood(loss):
    y, _ = rows(loss, 100)
    weight = np.random.default_rng(1).integers(0, 4, 100).astype(float)
    for w in (None, weight):
        assert_most_likely(loss, y, w)
    repeated = loss.fit_intercept(np.repeat(y, weight.astype(int)))
    np.testing.assert_allclose(loss.fit_intercept(y, weight), repeated, rtol=1e-8)
    unit = 0.0 if loss.positive else np.log(1e6)
    moved = loss.fit_intercept(1e6 * y)
    assert moved[1] == pytest.approx(best_scale := loss.fit_intercept(y)[1] + unit, rel=1e-9), (
        best_scale
    )


@every
def test_constant_targets_have_no_scale(loss):
    for y in (np.full(9, 3.3), [2.0]):
        with pytest.raises(ValueError, match="y_true must have targets that differ"):
            loss.fit_intercept(y)
    if isinstance(loss, bl.StudentT):
        with pytest.raises(ValueError, match="or where most are the same"):
            loss.fit_intercept(np.r_[np.zeros(99), 5.0])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"y_true must be > 0 for LogNormal, got 0.0 in row 1"):
        bl.LogNormal().fit_intercept([1.0, 0.0])
    with pytest.raises(ValueError, match=r"y_true must be > 0"):
        bl.LogNormal().loss([-1.0], [[0.0, 0.0]])
    for df in (1.0, np.inf, np.nan, -2.0):
        with pytest.raises(ValueError, match="df must be a finite number > 1"):
            bl.StudentT(df)
    with pytest.raises(ValueError, match=r"shape \(n_samples, 2\)"):
        bl.Normal().loss([1.0], [1.0])
    with pytest.raises(ValueError, match="curvature must be None or 'majorizer'"):
        bl.Normal().gradient_hessian([1.0], [[1.0, 0.0]], curvature="exact")


@every
def test_kernels_in_blocks_and_without_compiler(loss, monkeypatch):
    n = 2 * BLOCK + 777
    y, raw = rows(loss, n)
    weight = np.random.default_rng(1).random(n)
    for dtype, rtol in ((np.float32, 2e-5), (np.float64, 1e-12)):
        given = Rows(y.astype(dtype), np.ascontiguousarray(raw.T, dtype), weight.astype(dtype))
        for w in (None, given.weight):
            found = []
            for disabled in (False, True):
                monkeypatch.setattr(outputs, "JIT_DISABLED", disabled)
                losses, derivatives = np.empty(n, dtype), np.empty((2, 2, n), dtype)
                some = given._replace(weight=w)
                outputs.fill_outputs([losses], loss.formula, loss.parameters, some)
                outputs.fill_outputs(list(derivatives), loss.formula, loss.parameters, some)
                found.append((losses, derivatives))
            for native, plain in zip(*found, strict=True):
                np.testing.assert_allclose(native, plain, rtol=rtol, atol=rtol)


def test_scipy_distributions_are_the_ones_that_are_said():
    raw = [[1.0, np.log(2.0)]]
    assert bl.Normal().distribution(raw).std()[0] == pytest.approx(2.0)
    assert bl.Laplace().distribution(raw).std()[0] == pytest.approx(2.0 * np.sqrt(2.0))
    assert bl.StudentT(4.0).distribution(raw).std()[0] == pytest.approx(2.0 * np.sqrt(2.0))
    assert bl.LogNormal().distribution(raw).median()[0] == pytest.approx(np.e)
    assert bl.LogNormal().distribution(raw).cdf(5.0)[0] == pytest.approx(
        scipy.stats.norm(1.0, 2.0).cdf(np.log(5.0))
    )


def test_standard_deviations_of_barrons_distribution():
    deviations = {2.0: 1.0, 0.1: 9.18813399361, 0.01: 276247.013659, 0.001: 9.57307538403e47}
    deviations[1.0] = np.sqrt(scipy.special.kv(2, 1.0) / scipy.special.kv(1, 1.0))  # hyperbolic
    for alpha, expected in deviations.items():  # mpmath's, where no formula is known
        found = bl.BarronLikelihood(alpha).distribution([[5.0, np.log(3.0)]])
        np.testing.assert_allclose(found.std(), 3.0 * expected, rtol=1e-10)
        np.testing.assert_allclose(found.var(), (3.0 * expected) ** 2, rtol=1e-10)
    assert bl.BarronLikelihood(1e-4).distribution([[0.0, 0.0]]).std() == [np.inf]


@every
def test_every_distribution_has_a_crps(loss):
    y, raw = rows(loss, 50)
    raw[:, 1] = -0.5 * np.abs(raw[:, 1])  # of a wider log-logistic distribution it is infinite
    p = loss.distribution(raw)
    draws = p.rvs((4000, 50), random_state=0)
    # The score of a sample: the mean distance to the target less half of that to another draw.
    apart = np.abs(draws - draws[::-1]).mean(axis=0)
    expected = np.abs(draws - y).mean(axis=0) - 0.5 * apart
    middle = np.abs(expected) < 1e3
    found = [crps(y[i : i + 1], loss.distribution(raw[i : i + 1])) for i in np.flatnonzero(middle)]
    assert np.median(np.abs(np.array(found) / expected[middle] - 1.0)) < 0.05


@pytest.mark.parametrize("loss", [bl.Normal(), bl.StudentT(4.0), bl.LogNormal()], ids=repr)
def test_targets_whose_squares_are_infinite_are_refused(loss):
    y = [1.0, 2.0, 1e160]
    with pytest.raises(
        ValueError, match=r"y_true must be at most 1e\+150 in size for .*got 1e\+160"
    ):
        loss.fit_intercept(y)
    with pytest.raises(ValueError, match="y_true must be at most"):
        loss.fit_intercept(np.stack([y, y], axis=1))
    np.testing.assert_allclose(loss.fit_intercept(y, [1, 1, 0]), loss.fit_intercept(y[:2]))
