"""Targets of which intervals are known: likelihoods, derivatives, constants, and fits that are given them."""

import pickle

import numpy as np
import pytest
from drop_in import drop_in, each_library, fit, raw_prediction
from likelihoods import assert_most_likely, exact, not_learned, stopped_early

import boostloss as bl
from boostloss.boosting.intervals import Intervals
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses.catalogue import DISTRIBUTIONS
from boostloss.losses.distributions import LocationScale

LOSSES = [kind() for kind in DISTRIBUTIONS]
every = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def rows(loss, n=200, seed=0):
    """Intervals of all kinds, and raw predictions near and far from them."""
    rng = np.random.default_rng(seed)
    lower, width = 2.0 * rng.normal(size=n), np.exp(rng.normal(size=n))
    upper = lower + width
    kind = np.arange(n) % 5
    if loss.positive:
        lower, upper = np.exp(lower), np.exp(upper)
    if loss.discrete:
        lower = rng.integers(1, 9, n).astype(float)
        upper = lower + rng.integers(1, 5, n)
    upper = np.where(kind == 0, np.inf, np.where(kind == 2, lower, upper))
    if not loss.discrete:
        upper = np.where(kind == 3, lower + 1e-7 * np.abs(lower), upper)
    lower = np.where(kind == 1, lowest(loss), lower)
    raw = np.stack([2.0 * rng.normal(size=n), rng.normal(size=n)], axis=1)
    if isinstance(loss, bl.Weibull):
        raw[:, 1] = np.abs(raw[:, 1])
    if loss.n_outputs == 3:
        raw = np.c_[raw, 1.0 + 0.7 * rng.normal(size=n)]
    return np.stack([lower, upper], axis=1), raw, kind


def lowest(loss):
    return 0.0 if loss.positive or loss.discrete else -np.inf


def test_every_distribution_takes_intervals():
    assert all(kind.interval_formula is not None for kind in DISTRIBUTIONS)


@every
def test_the_loss_is_the_logarithm_of_a_probability(loss):
    y, raw, kind = rows(loss)
    found, p = loss.loss(y, raw), loss.distribution(raw)
    before = y[:, 0] - 1.0 if loss.discrete else y[:, 0]
    with np.errstate(all="ignore"):
        of_interval = -np.log(p.cdf(y[:, 1]) - p.cdf(before))
        expected = [-np.log(p.sf(before)), -np.log(p.cdf(y[:, 1]))]
        if loss.discrete:
            expected += [-p.logpmf(y[:, 0]), of_interval, of_interval]
        else:
            expected += [-p.logpdf(y[:, 0])]
            expected += [-p.logpdf(y.mean(axis=1)) - np.log(y[:, 1] - y[:, 0]), of_interval]
    assert np.isfinite(found).all()
    for k, (values, rtol) in enumerate(zip(expected, [1e-8, 1e-8, 1e-9, 1e-8, 1e-6], strict=True)):
        some = (
            (kind == k) & np.isfinite(values) & (values < (12.0 if loss.discrete else 30.0))
        )  # scipy's own are few digits far out
        assert np.count_nonzero(some) > 10
        np.testing.assert_allclose(found[some], values[some], rtol=rtol, atol=rtol)
    np.testing.assert_allclose(
        loss.loss(np.stack([y[:, 0], y[:, 0]], axis=1)[kind == 2], raw[kind == 2]),
        loss.loss(y[kind == 2, 0], raw[kind == 2]),
        rtol=1e-14,
    )


@every
def test_derivatives_are_exact_and_curvatures_positive(loss):
    y, raw, _ = rows(loss, 30)
    gradient, hessian = loss.gradient_hessian(y, raw)
    assert (hessian > 0.0).all()
    for ends, each, found in zip(y, raw, gradient, strict=True):
        for place in range(loss.n_outputs):
            true = exact(loss.interval_formula, ends, each, place, loss.parameters)
            assert found[place] == pytest.approx(true, rel=1e-7, abs=1e-9)


@every
def test_no_row_steps_past_where_its_loss_falls(loss):
    """Half a step by each curvature alone never makes the loss of a row larger."""
    y, raw, _ = rows(loss, 500, seed=1)
    before, (gradient, hessian) = loss.loss(y, raw), loss.gradient_hessian(y, raw)
    for place in range(loss.n_outputs):
        if place == 0 and isinstance(loss, bl.Laplace):
            continue  # its curvature lets a leaf move by a scale, a row across its corner
        step = np.zeros_like(raw)
        step[:, place] = -0.5 * gradient[:, place] / hessian[:, place]
        assert (loss.loss(y, raw + step) <= before + 1e-9 * (1.0 + np.abs(before))).all()


@every
def test_the_constant_is_that_of_maximum_likelihood(loss):
    raw = [0.5, -0.3, 1.0][: loss.n_outputs]
    y = loss.distribution(np.tile(raw, (300, 1))).rvs(random_state=0).astype(float)
    raw[0] = 1.0
    censor = loss.distribution(np.tile(raw, (300, 1))).rvs(random_state=1)
    ends = np.stack([np.minimum(y, censor), np.where(y < censor, y, np.inf)], axis=1)
    weight = np.random.default_rng(1).integers(0, 3, 300).astype(float)
    for w in (None, weight):
        best = assert_most_likely(loss, ends, w)
    assert np.abs(best[:2] - [0.5, -0.3]).max() < 0.3
    ends, exact = np.stack([y, y], axis=1), np.tile(loss.fit_intercept(y), (300, 1))
    found = np.tile(loss.fit_intercept(ends), (300, 1))
    assert loss.mean_loss(y, found) == pytest.approx(loss.mean_loss(y, exact), abs=1e-9)


@every
def test_likelihoods_without_a_maximum_are_refused(loss):
    low = lowest(loss)
    given = [[[1.0, np.inf], [2.0, np.inf]], [[low, 1.0], [low, 2.0]]]
    if not loss.discrete:
        given += [[[1.0, 3.0], [2.0, 5.0]], [[3.0, 3.0], [1.0, np.inf]]]
    for y in given:
        with pytest.raises(ValueError, match="intervals that all hold one number"):
            loss.fit_intercept(y)
    if loss.discrete:
        return
    with pytest.raises(ValueError, match=r"differ|all hold one number"):
        loss.fit_intercept([[3.0, 3.0]] * 5)


@pytest.mark.parametrize("loss", [x for x in LOSSES if isinstance(x, LocationScale)], ids=repr)
def test_a_likelihood_that_grows_with_the_scale_starts_at_the_spread(loss):
    location, log_scale = loss.fit_intercept([[lowest(loss), 1.0], [3.0, np.inf]] * 20)
    unit = 0.5 * np.log(3.0) if loss.positive else 1.0
    assert log_scale == pytest.approx(np.log(unit))
    assert location == pytest.approx(0.5 * np.log(3.0) if loss.positive else 2.0)


def test_narrow_intervals_of_logarithms_are_exact_at_any_scale():
    for log_scale in (-3.0, 0.0, 12.0, 12.5, 15.0):
        p = bl.LogNormal().distribution([[0.0, log_scale]])
        expected = -np.log(p.cdf(10.0) - p.cdf(1.0))
        found = bl.LogNormal().loss([[1.0, 10.0]], [[0.0, log_scale]])
        np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_bad_intervals_are_refused():
    for loss, ends, text in (
        (bl.Weibull(), [2.0, 1.0], "lower <= upper"),
        (bl.Weibull(), [-1.0, 1.0], "0 <= lower"),
        (bl.Weibull(), [0.0, 0.0], "upper > 0"),
        (bl.Laplace(), [np.inf, np.inf], "equal ones only if they are finite"),
        (bl.Laplace(), [np.nan, 1.0], "lower <= upper"),
        (bl.NegativeBinomialDistribution(), [0.5, 1.0], "whole numbers"),
        (bl.NegativeBinomialDistribution(), [-1.0, 1.0], "0 <= lower"),
    ):
        with pytest.raises(ValueError, match=text):
            loss.loss([[1.0, 2.0], ends], [[0.0, 0.0]] * 2)


def survival(loss, n=3000, seed=0):
    """Durations of which a third is cut off, and the distribution that made them."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, (n, 4))
    raw = np.stack([1.0 + np.sin(2.0 * X[:, 0]), -0.7 + 0.4 * X[:, 1]], axis=1)
    if loss.n_outputs == 3:
        raw = np.c_[raw, np.ones(n)]
    y = loss.distribution(raw).rvs(random_state=rng).astype(float)
    later = np.array([0.5, 0.0, 0.0][: loss.n_outputs])
    end = loss.distribution(raw + later).rvs(random_state=rng)
    return X, y, np.stack([np.minimum(y, end), np.where(y < end, y, np.inf)], axis=1), raw


@each_library
@every
def test_trees_learn_from_what_is_cut_off(loss, library):
    X, y, ends, raw = survival(loss)
    train, stop, test = slice(0, 1800), slice(1800, 2200), slice(2200, None)
    model = stopped_early(library, loss, X, ends, train, stop, rounds=200)
    constant = loss.fit_intercept(ends[train])
    assert not_learned(library, model, X[test], y[test], raw[test], constant) < (
        0.35 if loss.discrete else 0.25
    )
    found = raw_prediction(library, model, X[test])
    assert model.loss_ is loss
    assert model.get_params()[LIBRARIES[library].objective] is loss
    assert model.score(X[test], ends[test]) == pytest.approx(-loss.mean_loss(ends[test], found))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        raw_prediction(library, again, X), raw_prediction(library, model, X)
    )


@each_library
def test_exact_intervals_train_the_model_of_exact_targets(library):
    loss = bl.LogLogistic()
    X, y, _, _ = survival(loss, 500)
    settings = {"rounds": 20, "max_depth": 3}
    plain = fit(library, drop_in(library, loss, **settings), X, y)
    start = loss.fit_intercept(y.astype(np.float32))
    given = fit(library, drop_in(library, loss, **settings), X, np.stack([y, y], axis=1))
    found = [raw_prediction(library, model, X) for model in (plain, given)]
    np.testing.assert_allclose(*found, atol=2e-3 * np.abs(start).max())


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])  # CatBoost takes no callables
def test_weights_are_repeated_rows_and_metrics_get_intervals(library):
    loss = bl.Weibull()
    X, _, ends, _ = survival(loss, 150)
    seen = []

    def metric(target, prediction, *_):
        seen.append((np.shape(target), np.shape(prediction)))
        return 1.0 if library == "xgboost" else ("own", 1.0, False)

    given = {"eval_metric": metric}
    sets = {"eval_set": [(X[:50], ends[:50])]}
    if library == "lightgbm":
        sets = {"eval_X": (X[:50],), "eval_y": (ends[:50],)}
    parameters, options = (given, {}) if library == "xgboost" else ({}, given)
    fit(library, drop_in(library, loss, rounds=3, **parameters), X, ends, **sets, **options)
    assert set(seen) == {((50, 2), (50,))}
    weight = np.random.default_rng(0).integers(0, 3, 150)
    a = fit(library, drop_in(library, loss, rounds=1), X, ends, sample_weight=weight.astype(float))
    b = np.repeat(np.arange(150), weight)
    np.testing.assert_allclose(
        loss.fit_intercept(ends, weight), loss.fit_intercept(ends[b]), atol=1e-6
    )
    if library == "xgboost":  # LightGBM counts rows
        repeated = fit(library, drop_in(library, loss, rounds=1), X[b], ends[b])
        found = [raw_prediction(library, model, X) for model in (a, repeated)]
        assert np.mean(np.abs(found[0] - found[1]) < 1e-4) > 0.9


@each_library
@pytest.mark.parametrize("wanted", [bl.Weibull(), bl.LogLogistic()], ids=repr)
def test_losses_as_metrics_read_intervals_too(library, wanted):
    X, _, ends, _ = survival(bl.Weibull(), 150)
    given = {"eval_metric": wanted}
    sets = {"eval_set": [(X[:50], ends[:50])]}
    if library == "lightgbm":
        sets = {"eval_X": (X[:50],), "eval_y": (ends[:50],)}
    parameters, options = ({}, given) if library == "lightgbm" else (given, {})
    model = drop_in(library, bl.Weibull(), rounds=3, **parameters)
    fit(library, model, X, ends, **sets, **options)
    history = next(iter(LIBRARIES[library].metric_history(model).values()))
    expected = wanted.mean_loss(ends[:50], raw_prediction(library, model, X[:50]))
    assert history[type(wanted).__name__][-1] == pytest.approx(expected, rel=1e-5)
    given = {"eval_metric": bl.StudentT()}  # of a location and a scale, but not of logarithms
    parameters, options = ({}, given) if library == "lightgbm" else (given, {})
    model = drop_in(library, bl.Weibull(), rounds=3, **parameters)
    with pytest.raises(ValueError, match="has other raw predictions"):
        fit(library, model, X, ends, **sets, **options)


def test_scales_that_are_too_small_are_told_of_intervals_too():
    loss = bl.LogLogistic()
    X, _, ends, _ = survival(loss)
    X = np.c_[X, np.random.default_rng(1).normal(size=(3000, 10))]
    with pytest.warns(UserWarning, match="Predicted scales are too small"):
        fit(
            "xgboost",
            drop_in("xgboost", loss, rounds=150, learning_rate=0.3, max_depth=6),
            X,
            ends,
        )


def test_other_losses_and_classifiers_refuse_two_columns():
    X, _, ends, _ = survival(bl.Weibull(), 60)
    for loss in (bl.Huber(1.0), bl.Gamma()):
        with pytest.raises(ValueError, match="y"):
            fit("xgboost", drop_in("xgboost", loss), X, ends)


def test_numbers_of_rows_are_finite_floats():
    table = Intervals(bl.Laplace())
    y = np.stack([np.arange(5.0), np.arange(5.0) + 1.0], axis=1)
    numbers, more = table.numbered(y), table.numbered(y[::-1])
    assert table.numbered(y) is numbers
    assert numbers.dtype == np.float32
    assert np.isfinite(numbers).all()
    assert (numbers >= np.finfo(np.float32).tiny).all()
    np.testing.assert_array_equal(table.of(numbers.astype(np.float64)), y)
    np.testing.assert_array_equal(table.of(more[[4, 0]]), y[[0, 4]])
