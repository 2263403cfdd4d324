"""Intervals as targets of distributions of one's own, whose survival is given."""

import pickle

import mpmath
import numpy as np
import pytest
import scipy.stats
from drop_in import raw_prediction
from likelihoods import exact, not_learned, stopped_early

import boostloss as bl

both = pytest.mark.parametrize("library", ["xgboost", "lightgbm"])


def log_survival_of_gumbel(target, location, log_scale):
    return np.log(1.0 - np.exp(-np.exp(-(target - location) / np.exp(log_scale))))


def log_survival_of_exponential(target, log_mean):
    return -target / np.exp(log_mean)


@bl.log_density(log_survival=log_survival_of_gumbel)
def censored_gumbel(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return -z - np.exp(-z) - log_scale


@bl.log_density(positive=True, log_survival=log_survival_of_exponential)
def censored_exponential(target, log_mean):
    return -target / np.exp(log_mean) - log_mean


def intervals(loss, n=100, seed=0):
    """Ends of all kinds, raw predictions, and the distributions as scipy has them."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(n, loss.n_outputs))
    scale = np.exp(raw[:, -1])
    theirs = (
        scipy.stats.expon(0.0, scale) if loss.positive else scipy.stats.gumbel_r(raw[:, 0], scale)
    )
    lower = theirs.rvs(random_state=seed)
    upper = lower + scale * np.exp(rng.normal(size=n))
    kind = np.arange(n) % 5
    upper = np.select([kind == 0, kind == 2, kind == 3], [np.inf, lower, lower + 1e-10], upper)
    lower = np.where(kind == 1, 0.0 if loss.positive else -np.inf, lower)
    return np.stack([lower, upper], axis=1), raw, theirs, kind


of_intervals = pytest.mark.parametrize(
    "loss", [censored_gumbel(), censored_exponential()], ids=repr
)


@of_intervals
def test_intervals_are_exact_where_the_survival_is_given(loss):
    ends, raw, theirs, kind = intervals(loss)
    low, high = ends.T
    with np.errstate(all="ignore"):
        expected = [-theirs.logsf(low), -theirs.logcdf(high), -theirs.logpdf(low)]
        expected += [
            -theirs.logpdf(low) - np.log(high - low),
            -np.log(theirs.sf(low) - theirs.sf(high)),
        ]
    expected = np.select([kind == k for k in range(5)], expected)
    np.testing.assert_allclose(loss.loss(ends, raw), expected, rtol=1e-6, atol=1e-7)
    gradient, hessian = loss.gradient_hessian(ends, raw)
    assert (hessian > 0.0).all()
    some = kind != 3
    for y, each, found in zip(ends[some], raw[some], gradient[some], strict=True):
        for place in range(loss.n_outputs):
            true = exact(interval_of(loss), y, each, place)
            assert found[place] == pytest.approx(true, rel=1e-7, abs=1e-9)


def interval_of(loss):
    """The loss of an interval, in mpmath."""

    def survival(y, *raw):
        if mpmath.isinf(y):
            return mpmath.mpf(y < 0)
        z = (y if loss.positive else y - raw[0]) / mpmath.exp(raw[-1])
        return mpmath.exp(-z) if loss.positive else -mpmath.expm1(-mpmath.exp(-z))

    def value(lower, upper, *raw):
        if lower == upper:
            return loss.formula(lower, *raw)
        return (-mpmath.log(survival(lower, *raw) - survival(upper, *raw)),)

    return value


def test_far_tails_have_finite_derivatives():
    loss = censored_gumbel()
    ends = [
        [-np.inf, -10.0],
        [50.0, np.inf],
        [1e5, np.inf],
        [-50.0, -40.0],
        [1.0, 1e5],
        [-np.inf, np.inf],
    ]
    raw = np.zeros((len(ends), 2))
    gradient, hessian = loss.gradient_hessian(ends, raw)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    assert (np.sign(gradient[:4, 0]) == [1.0, -1.0, -1.0, 1.0]).all()
    assert (gradient[5] == 0.0).all()


@both
@of_intervals
def test_trees_learn_from_intervals_of_a_density_of_ones_own(loss, library):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2.0, 2.0, (2000, 3))
    raw = np.stack([np.sin(2.0 * X[:, 0]), 0.4 * X[:, 1] - 0.5][-loss.n_outputs :], axis=1)
    make = (
        scipy.stats.expon(0.0, np.exp(raw[:, -1]))
        if loss.positive
        else scipy.stats.gumbel_r(raw[:, 0], np.exp(raw[:, -1]))
    )
    y = make.rvs(random_state=rng)
    end = y + rng.normal(size=2000) if not loss.positive else rng.exponential(size=2000)
    ends = np.stack([np.minimum(y, end), np.where(y < end, y, np.inf)], axis=1)
    train, stop, test = slice(0, 1200), slice(1200, 1500), slice(1500, None)
    model = stopped_early(library, loss, X, ends, train, stop, rounds=150)
    constant = loss.fit_intercept(ends[train])
    assert not_learned(library, model, X[test], y[test], raw[test], constant) < 0.4
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        raw_prediction(library, again, X), raw_prediction(library, model, X)
    )
    assert again.loss_ == loss
    restored = bl.from_string(loss.record)
    np.testing.assert_array_equal(restored.loss(ends, raw), loss.loss(ends, raw))


def test_constants_of_intervals_are_those_of_maximum_likelihood():
    ends, *_ = intervals(censored_exponential(), 200)
    best = censored_exponential().fit_intercept(ends)
    grid = np.linspace(best[0] - 0.5, best[0] + 0.5, 101)
    losses = [censored_exponential().mean_loss(ends, np.full((200, 1), x)) for x in grid]
    assert np.argmin(losses) == 50
    # That of a mean has a maximum where all hold one number, unless they are open on one side.
    wide = [[1.0, 3.0], [2.0, 5.0]]
    losses = [censored_exponential().mean_loss(wide, [[x]] * 2) for x in np.linspace(0.0, 3.0, 301)]
    best = censored_exponential().fit_intercept(wide)
    assert best[0] == pytest.approx(0.01 * np.argmin(losses), abs=0.01)
    for loss, ends in (
        (censored_gumbel(), [[1.0, np.inf], [2.0, np.inf]]),
        (censored_gumbel(), wide),
        (censored_exponential(), [[1.0, np.inf], [2.0, np.inf]]),
        (censored_exponential(), [[0.0, 1.0], [0.0, 2.0]]),
    ):
        with pytest.raises(ValueError, match="intervals that all hold one number"):
            loss.fit_intercept(ends)


def test_wrong_survivals_are_refused():
    def of_nothing(target, location, log_scale):
        return np.log1p(-np.exp(-np.exp(-(target - location) / np.exp(2.0 * log_scale))))

    def with_other_arguments(target, location):
        return -target

    with pytest.raises(ValueError, match="log_survival of own must return the logarithm"):

        @bl.log_density(log_survival=of_nothing)
        def own(target, location, log_scale):
            z = (target - location) / np.exp(log_scale)
            return -z - np.exp(-z) - log_scale

    with pytest.raises(TypeError, match="must have the arguments of other"):

        @bl.log_density(log_survival=with_other_arguments)
        def other(target, location, log_scale):
            z = (target - location) / np.exp(log_scale)
            return -z - np.exp(-z) - log_scale

    with pytest.raises(TypeError, match="plain Python functions"):
        bl.log_density(log_survival=3.0)(of_nothing)
