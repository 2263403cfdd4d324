"""Barron's distribution against its limits in scipy.stats, quadrature, and a general optimiser."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from boostloss.distribution import BarronDistribution
from boostloss.formulas.barron import barron, barron_alpha
from boostloss.formulas.log_partition import log_partition

ALPHAS = [
    0.0,
    1e-9,
    0.01,
    0.3,
    1.0,
    1.7,
    1.9,
    1.99,
    2.0 - 1e-6,
    2.0,
    2.0 + 1e-6,
    2.1,
    5.0,
    1e3,
    math.inf,
]
LIMITS = [(0.0, stats.cauchy(scale=1.7 * math.sqrt(2.0))), (2.0, stats.norm(scale=1.7))]

every_alpha = pytest.mark.parametrize("alpha", ALPHAS)


@pytest.mark.parametrize(("alpha", "limit"), LIMITS, ids=["cauchy", "normal"])
def test_limits(alpha, limit):
    ours = BarronDistribution(alpha, 1.7)
    x = np.concatenate([-np.geomspace(60.0, 1e-6, 100), [0.0], np.geomspace(1e-6, 60.0, 100)])
    np.testing.assert_allclose(ours.logpdf(x), limit.logpdf(x), rtol=1e-13)
    np.testing.assert_allclose(ours.cdf(x), limit.cdf(x), rtol=1e-12)
    q = np.concatenate([np.geomspace(1e-100, 0.4, 50), 1.0 - np.geomspace(1e-12, 0.4, 50)])
    np.testing.assert_allclose(ours.ppf(q), limit.ppf(q), rtol=1e-12)


@every_alpha
def test_cdf_is_the_integral_of_the_density(alpha):
    # The quadrature of `cdf` divides by its own total, and so proves the table of log Z too.
    ours = BarronDistribution(alpha, 0.3)

    def density(x):
        return math.exp(ours.logpdf(x))

    for low, high in ((-0.05, 0.0), (0.0, 0.02), (0.02, 0.4), (0.4, 1.5), (-7.0, -1.5)):
        expected, _ = integrate.quad(density, low, high, epsabs=1e-13, epsrel=1e-13, limit=200)
        assert ours.cdf(high) - ours.cdf(low) == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(ours.cdf([-np.inf, 0.0, np.inf]), [0.0, 0.5, 1.0])
    assert ours.logpdf(np.inf) == ours.logpdf(-np.inf) == -np.inf


@every_alpha
def test_ppf_inverts_cdf(alpha):
    ours = BarronDistribution(alpha, 3.0)
    q = np.concatenate([np.geomspace(1e-60, 0.5, 60), 1.0 - np.geomspace(1e-9, 0.5, 60)])
    x = ours.ppf(q)
    np.testing.assert_allclose(ours.cdf(x), q, rtol=1e-11)
    assert np.all(np.diff(x[:60]) > 0.0)
    np.testing.assert_array_equal(ours.ppf([0.0, 0.5, 1.0]), [-np.inf, 0.0, np.inf])
    assert np.isnan(ours.ppf([-0.1, 1.1, np.nan])).all()


@every_alpha
def test_samples_follow_the_distribution(alpha):
    ours = BarronDistribution(alpha, 0.2)
    assert stats.kstest(ours.rvs(20_000, random_state=4), ours.cdf).pvalue > 0.01


def test_samples_are_repeatable_and_of_the_wanted_shape():
    ours = BarronDistribution(0.5)
    sample = ours.rvs((3, 4), random_state=0)
    assert sample.shape == (3, 4)
    np.testing.assert_array_equal(sample, ours.rvs((3, 4), random_state=0))
    generator = np.random.default_rng(0)
    np.testing.assert_array_equal(sample, ours.rvs((3, 4), random_state=generator))
    assert not np.array_equal(sample, ours.rvs((3, 4), random_state=generator))
    assert ours.rvs(0).shape == (0,)


def test_numbers_in_numbers_out():
    ours = BarronDistribution()
    for method in (ours.logpdf, ours.cdf, ours.ppf):
        assert isinstance(method(0.3), float)
        assert method([[0.3, 0.4]]).shape == (1, 2)
        assert math.isnan(method(math.nan))


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0, 1.9, 2.0 - 1e-3, 2.5])
def test_likelihood_differentiates(alpha):
    x = np.array([-4.0, -0.3, 0.0, 0.7, 12.0])
    step = 1e-5 * min(1.0, 2.0 - alpha) if alpha < 2.0 else 1e-5
    at = [BarronDistribution(alpha + k * step, 0.6).logpdf(x) for k in range(3)]
    with np.errstate(all="ignore"):
        exact = -barron_alpha(0.0, x, alpha + step, 0.6) - log_partition(alpha + step)[1]
    np.testing.assert_allclose((at[2] - at[0]) / (2.0 * step), exact, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 1.0, 1.5, 1.9])
def test_fit_recovers_the_truth(alpha):
    sample = BarronDistribution(alpha, 0.01).rvs(50_000, random_state=1)
    fitted = BarronDistribution.fit(sample)
    assert fitted.alpha == pytest.approx(alpha, abs=0.05)
    assert fitted.scale == pytest.approx(0.01, rel=0.05)


def samples():
    generator = np.random.default_rng(0)
    yield "student", generator.standard_t(3, 400)
    yield "laplace", 1e3 * generator.laplace(size=2000)
    yield "logistic", 1e-3 * generator.logistic(size=2000)
    yield "few", generator.normal(size=3)
    yield "two maxima", np.concatenate([generator.normal(size=3), 1e-4 * generator.normal(size=3)])
    yield "contaminated", np.append(generator.normal(size=500), [8.0, -7.0, 6.0])


@pytest.mark.parametrize("error", [pytest.param(x, id=name) for name, x in samples()])
@pytest.mark.parametrize("weighted", [False, True])
def test_fit_is_the_maximum(error, weighted):
    weight = np.random.default_rng(1).uniform(0.5, 1.5, error.size) if weighted else None
    fitted = BarronDistribution.fit(error, weight)

    def cost(parameters):
        alpha, log_scale = parameters
        distribution = BarronDistribution(alpha, math.exp(log_scale))
        return -np.average(distribution.logpdf(error), weights=weight)

    at = np.array([fitted.alpha, math.log(fitted.scale)])
    spread = math.log(np.std(error))
    grid = [(alpha, spread + k) for alpha in np.linspace(0, 2, 21) for k in np.linspace(-3, 1, 21)]
    start = min(grid, key=cost)
    bounds = [(0.0, 2.0), (None, None)]
    other = optimize.minimize(cost, start, bounds=bounds, method="Nelder-Mead")
    assert cost(at) <= other.fun + 1e-12
    if 0.0 < fitted.alpha < 2.0:
        step = 1e-5 * min(fitted.alpha, 2.0 - fitted.alpha)
        for direction in np.eye(2) * step:
            assert min(cost(at + direction), cost(at - direction)) > cost(at) - 1e-15


def test_gradient_vanishes_at_the_fit():
    error = np.random.default_rng(0).standard_t(3, 2000)
    fitted = BarronDistribution.fit(error)
    alpha, scale = fitted.alpha, fitted.scale
    with np.errstate(all="ignore"):
        slope = barron_alpha(0.0, error, alpha, scale).mean() + log_partition(alpha)[1]
        in_scale = 1.0 - np.mean(error * barron(0.0, error, alpha, scale)[1])
    assert abs(slope) < 1e-9
    assert abs(in_scale) < 1e-9


def test_fit_at_the_ends():
    generator = np.random.default_rng(0)
    uniform = generator.uniform(-1.0, 1.0, 500)
    fitted = BarronDistribution.fit(uniform)
    assert fitted.alpha == 2.0
    assert fitted.scale == pytest.approx(math.sqrt(np.mean(uniform**2)), rel=1e-9)
    heavy = np.exp(4.0 * generator.normal(size=500))
    fitted = BarronDistribution.fit(heavy)
    assert fitted.alpha == 0.0
    _, scale = stats.cauchy.fit(np.concatenate([heavy, -heavy]), floc=0.0)
    assert fitted.scale == pytest.approx(scale / math.sqrt(2.0), rel=1e-3)


def test_fit_in_other_units():
    error = np.random.default_rng(0).standard_t(3, 300)
    fitted = BarronDistribution.fit(error)
    for unit in (1e-250, 1e6, 1e250):
        other = BarronDistribution.fit(unit * error)
        assert other.alpha == pytest.approx(fitted.alpha, abs=1e-8)
        assert other.scale == pytest.approx(unit * fitted.scale, rel=1e-8)


def test_weight_two_is_the_row_twice():
    generator = np.random.default_rng(0)
    error, weight = generator.standard_t(3, 300), generator.integers(0, 4, 300)
    weighted = BarronDistribution.fit(error, weight)
    repeated = BarronDistribution.fit(np.repeat(error, weight))
    assert weighted.alpha == pytest.approx(repeated.alpha, abs=1e-8)
    assert weighted.scale == pytest.approx(repeated.scale, rel=1e-8)


def test_fit_with_gaps_between_the_errors():
    # Newton's method alone leaves the range of the scale on the plateau between such errors.
    fitted = BarronDistribution.fit([1e8, -0.13, 0.64])
    assert fitted.alpha == 0.0
    assert 0.1 < fitted.scale < 1.0


@pytest.mark.parametrize(
    ("error", "weight", "message"),
    [
        ([1.0, math.nan], None, "error must be finite, got .* in row 1"),
        ([1.0, math.inf], None, "error must be finite, got .* in row 1"),
        ([0.0, 0.0, 1.0], None, "error must be other than 0 in more than half"),
        ([0.0, 1.0, 1.0], [2.0, 1.0, 1.0], "error must be other than 0 in more than half"),
        ([], None, "error must"),
        ([1.0, 2.0], [0.0, 0.0], "error must"),
        ([1.0, 2.0], [1.0, -1.0], "sample_weight must be finite and >= 0"),
        ([1.0, 2.0], [1.0], "sample_weight has 1 rows"),
        ([[1.0, 2.0]], None, "error must have shape"),
    ],
)
def test_fit_refuses(error, weight, message):
    with pytest.raises(ValueError, match=message):
        BarronDistribution.fit(error, weight)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alpha": -0.1}, "alpha must be a number from 0 to infinity, got -0.1"),
        ({"alpha": math.nan}, "alpha must be"),
        ({"scale": 0.0}, "scale must be a positive finite number, got 0.0"),
        ({"scale": math.inf}, "scale must be"),
    ],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        BarronDistribution(**parameters)
