"""Distributions of one's own, from their log-density alone."""

import math
import pickle

import numpy as np
import pytest
import scipy.stats
from drop_in import drop_in, each_library, fit, raw_prediction
from likelihoods import exact, not_learned, stopped_early

import boostloss as bl
from boostloss.losses.quadrature import NumericalDistribution
from boostloss.metrics import crps


@bl.log_density
def own_normal(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return -0.5 * z * z - log_scale - 0.5 * np.log(2.0 * np.pi)


@bl.log_density
def gumbel(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return -z - np.exp(-z) - log_scale


@bl.log_density(positive=True)
def inverse_gaussian(target, log_mean, log_shape):
    mean, shape = np.exp(log_mean), np.exp(log_shape)
    error = (target - mean) / mean
    return 0.5 * (log_shape - np.log(2 * np.pi * target**3) - shape * error**2 / target)


@bl.log_density
def skewed(target, location, log_scale, logit_balance, df=5.0):
    """Student's t distribution whose sides have scales of their own."""
    balance = 1.0 / (1.0 + np.exp(-logit_balance))
    error = target - location
    scale = np.exp(log_scale) * 2.0 * np.where(error > 0.0, balance, 1.0 - balance)
    z = error / scale
    constant = math.lgamma(0.5 * df + 0.5) - math.lgamma(0.5 * df) - 0.5 * math.log(math.pi * df)
    return constant - 0.5 * (df + 1.0) * np.log1p(z * z / df) - log_scale


THEIRS = {
    own_normal(): lambda raw: scipy.stats.norm(raw[:, 0], np.exp(raw[:, 1])),
    gumbel(): lambda raw: scipy.stats.gumbel_r(raw[:, 0], np.exp(raw[:, 1])),
    inverse_gaussian(): lambda raw: scipy.stats.invgauss(
        np.exp(raw[:, 0] - raw[:, 1]), scale=np.exp(raw[:, 1])
    ),
}
every = pytest.mark.parametrize("loss", THEIRS, ids=repr)


def rows(n=100, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2))


@every
def test_value_and_derivatives_are_exact(loss):
    raw = rows(30)
    y = THEIRS[loss](raw).rvs(random_state=1)
    np.testing.assert_allclose(
        loss.loss(y, raw), -THEIRS[loss](raw).logpdf(y), rtol=1e-10, atol=1e-11
    )
    gradient, hessian = loss.gradient_hessian(y, raw)
    assert (hessian > 0.0).all()
    for target, each, found, bend in zip(y, raw, gradient, hessian, strict=True):
        for place in (0, 1):
            true = exact(loss.formula, target, each, place)
            assert found[place] == pytest.approx(true, rel=1e-8, abs=1e-9)
            assert bend[place] >= exact(loss.formula, target, each, place, order=2) - 1e-7


@every
def test_a_single_distribution_takes_many_numbers(loss):
    raw = rows(1)
    ours, theirs = loss.distribution(raw), THEIRS[loss](raw)
    y = theirs.rvs((5, 4), random_state=2)
    for name in ("logpdf", "pdf", "cdf", "sf"):
        for x in (y, y[0], y[:, :1], y[:0], y[0, 0]):
            found = getattr(ours, name)(x)
            np.testing.assert_allclose(found, getattr(theirs, name)(x), rtol=1e-8, atol=1e-9)
    level = [0.1, 0.5, 0.9]
    np.testing.assert_allclose(ours.ppf(level), theirs.ppf(level), rtol=1e-7)
    np.testing.assert_allclose(ours.isf(level), theirs.isf(level), rtol=1e-7)
    assert ours.rvs(6, random_state=0).shape == (6,)
    assert crps(y[0], ours) == pytest.approx(crps(y[0], theirs), rel=1e-6)


@every
def test_quadrature_gives_what_scipy_has(loss):
    raw = rows(30)
    ours, theirs = loss.distribution(raw), THEIRS[loss](raw)
    y = theirs.rvs(random_state=1)
    q = np.random.default_rng(2).random(30)
    for name, values in (
        ("cdf", y),
        ("sf", y),
        ("ppf", q),
        ("isf", q),
        ("pdf", y),
        ("interval", 0.9),
    ):
        found, expected = getattr(ours, name)(values), getattr(theirs, name)(values)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)
    for name in ("mean", "std", "var", "median"):
        np.testing.assert_allclose(
            getattr(ours, name)(), getattr(theirs, name)(), rtol=1e-9, atol=1e-9
        )
    np.testing.assert_allclose(loss.inverse_link(raw), theirs.mean(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.mass(), 1.0, rtol=1e-10)
    assert ours.ppf([[0.1], [0.5]]).shape == (2, 30)
    assert ours.rvs((3, 30), random_state=0).shape == (3, 30)
    np.testing.assert_array_equal(ours.rvs(random_state=0), ours.rvs(random_state=0))
    lowest = 0.0 if loss.positive else -np.inf
    np.testing.assert_array_equal(ours.ppf(0.0), lowest)
    np.testing.assert_array_equal(ours.isf(1.0), lowest)
    np.testing.assert_allclose(theirs.sf(ours.isf(1e-12)), 1e-12, rtol=1e-6)
    if not loss.positive:  # scipy's far quantiles of the inverse Gaussian distribution fail
        assert crps(y, ours) == pytest.approx(crps(y, theirs), rel=1e-6)
    assert np.isinf(ours.ppf(1.0)).all()
    assert np.isnan(ours.ppf(1.5)).all()


def test_quadrature_of_far_and_of_heavy_tails():
    for location, scale in ((1e8, 1e-3), (-1e-9, 1e9), (3.0, 1e-9)):
        theirs = scipy.stats.t(1.2, location, scale)
        ours = NumericalDistribution(theirs.logpdf, 1, positive=False)
        places = theirs.ppf([[1e-6], [0.3], [0.5], [0.999]])
        np.testing.assert_allclose(ours.cdf(places), theirs.cdf(places), rtol=1e-5)
        np.testing.assert_allclose(
            ours.ppf([[0.01], [0.7]]), theirs.ppf([[0.01], [0.7]]), rtol=1e-6
        )


@every
def test_the_constant_is_that_of_scipy(loss):
    y = THEIRS[loss](np.tile([0.7, 0.3], (500, 1))).rvs(random_state=0)
    weight = np.random.default_rng(1).integers(0, 3, 500)
    best = loss.fit_intercept(y)
    gradient, _ = loss.gradient_hessian(y, np.tile(best, (500, 1)))
    assert np.abs(gradient.mean(axis=0)).max() < 1e-6
    assert np.abs(best - [0.7, 0.3]).max() < 0.2
    np.testing.assert_allclose(
        loss.fit_intercept(y, weight), loss.fit_intercept(np.repeat(y, weight)), atol=1e-5
    )
    if not loss.positive:
        moved = loss.fit_intercept(1e6 * y + 1e7)
        np.testing.assert_allclose(moved, [1e6 * best[0] + 1e7, best[1] + np.log(1e6)], rtol=1e-5)
    with pytest.raises(ValueError, match="targets that differ"):
        loss.fit_intercept(np.full(9, 3.0))


@each_library
@every
def test_trees_learn_both_parameters(loss, library):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2.0, 2.0, (4000, 4))
    raw = np.stack([1.0 + np.sin(2.0 * X[:, 0]), -0.7 + 0.4 * X[:, 1]], axis=1)
    y = THEIRS[loss](raw).rvs(random_state=rng)
    train, stop, test = slice(0, 2500), slice(2500, 3000), slice(3000, None)
    model = stopped_early(library, loss, X, y, train, stop, rounds=300)
    constant = loss.fit_intercept(y[train])
    assert not_learned(library, model, X[test], y[test], raw[test], constant) < 0.45


@each_library
def test_three_outputs_parameters_and_saved_models(library, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2.0, 2.0, (2000, 3))
    noise = rng.standard_t(5, 2000)
    y = X[:, 0] + np.where(noise > 0, 2.0, 0.5) * noise
    loss = skewed(df=5.0)
    assert loss.n_outputs == 3
    model = fit(library, drop_in(library, loss, rounds=40, learning_rate=0.1, max_depth=2), X, y)
    raw = raw_prediction(library, model, X)
    assert raw.shape == (2000, 3)
    assert np.median(raw[:, 2]) > 0.5  # the side above is the wider one
    path = str(tmp_path / "model.json")
    model.save_model(path)
    names = {"xgboost": "reg:squarederror", "lightgbm": "regression", "catboost": "RMSE"}
    again = drop_in(library, names[library], own=False)
    again.load_model(path)
    assert again.loss_ == loss
    assert pickle.loads(pickle.dumps(model)).loss_ == loss
    np.testing.assert_allclose(again.predict(X[:5]), model.predict(X[:5]))


@bl.log_density
def shifted_exponential(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return np.where(z > 0.0, -z - log_scale, -np.inf)


def test_bounded_support():
    raw = rows(20)
    p, theirs = (
        shifted_exponential().distribution(raw),
        scipy.stats.expon(raw[:, 0], np.exp(raw[:, 1])),
    )
    np.testing.assert_allclose(p.mean(), theirs.mean(), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(p.ppf(0.3), theirs.ppf(0.3), rtol=1e-7, atol=1e-7)
    again = bl.from_string(shifted_exponential().record)
    assert np.isinf(again.loss([-1.0], [[0.0, 0.0]])).all()


def test_rows_without_numbers_and_without_rows():
    loss = gumbel()
    assert loss.inverse_link(np.empty((0, 2))).shape == (0,)
    raw = rows(3)
    raw[1, 0] = np.nan
    p = loss.distribution(raw)
    for found in (loss.inverse_link(raw), p.ppf(0.5), p.cdf(raw[:, 0]), p.sf(0.0)):
        np.testing.assert_array_equal(np.isnan(found), [False, True, False])
    assert np.isnan(p.cdf(np.nan)).all()


def test_means_of_many_rows_are_those_of_few():
    raw = rows(25_000)
    found = gumbel().inverse_link(raw)
    np.testing.assert_allclose(
        found, raw[:, 0] + np.euler_gamma * np.exp(raw[:, 1]), rtol=1e-9, atol=1e-9
    )


def test_densities_that_are_not_finite_are_told():
    loss = own_gamma()
    with pytest.warns(UserWarning, match="of 1 rows integrates to other numbers than 1"):
        loss.distribution([[0.0, 0.0], [0.0, -2.5]]).ppf(0.5)


@bl.log_density(positive=True)
def own_gamma(target, log_mean, log_shape):
    shape = np.exp(log_shape)
    t = np.log(target) - log_mean
    return shape * (t + log_shape - np.exp(t)) - math.lgamma(shape) - np.log(target)


def test_records_say_all():
    for loss in (*THEIRS, skewed(df=7.0)):
        again = bl.from_string(loss.record)
        assert again == loss
        assert hash(again) == hash(loss)
        assert again.outputs == loss.outputs
    elsewhere = skewed(df=7.0).record.replace("skewed(", "not_defined_here(")
    loss = bl.from_string(elsewhere)
    raw = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(loss.loss(np.ones(5), raw), skewed(df=7.0).loss(np.ones(5), raw))
    assert bl.from_string("skewed(df=7.0)") == skewed(df=7.0)
    for bad in (
        "x(); density(outputs='a,b,c,d', positive=0); target + a + b + c + d",
        "x(); density(outputs='a', positive=0, other=1); target + a",
        "x(); density(positive=0); target",
        "x(); density(outputs='1a', positive=0); target",
    ):
        with pytest.raises(ValueError, match="cannot be read"):
            bl.from_string(bad)


def test_functions_that_are_no_densities_are_refused():
    with pytest.raises(
        ValueError, match=r"integrates to 0\.92.*, not to 1, at location=-1, log_scale=-1"
    ):

        @bl.log_density
        def without_constants(target, location, log_scale):
            return -0.5 * ((target - location) / np.exp(log_scale)) ** 2

    with pytest.raises(ValueError, match="does not depend on log_scale"):

        @bl.log_density
        def of_one(target, location, log_scale):
            return -0.5 * (target - location) ** 2 - 0.5 * np.log(2.0 * np.pi)

    for function, text in (
        (lambda y, location: -y, "function of `target`"),
        (lambda target: -target, "of one to 3 raw predictions"),
        (lambda target, a, b, c, d: -target, "of one to 3 raw predictions"),
        (lambda target, a, b="x": -target, "needs a number"),
        (lambda target, *a: -target, r"no \* and no"),
    ):
        function.__name__ = "given"
        with pytest.raises(TypeError, match=text):
            bl.log_density(function)
    with pytest.raises(TypeError, match="plain Python function"):
        bl.log_density(np.exp)

    def normal_named_target(target, loss, log_scale):
        return -0.5 * (target - loss) ** 2 * np.exp(-2 * log_scale) - log_scale

    with pytest.raises(ValueError, match="cannot be called 'loss'"):
        bl.log_density(normal_named_target)
    normal_named_target.__name__ = "Normal"
    with pytest.raises(ValueError, match="Normal is a name of boostloss"):
        bl.log_density(normal_named_target)
    with pytest.raises(ValueError, match=r"y_true must be > 0 for inverse_gaussian, got -1.0"):
        inverse_gaussian().loss([-1.0], [[0.0, 0.0]])


def test_without_a_survival_intervals_are_refused():
    with pytest.raises(
        ValueError, match="takes no intervals: give `log_density` its `log_survival`"
    ):
        gumbel().loss([[0.0, 1.0]], [[0.0, 0.0]])
