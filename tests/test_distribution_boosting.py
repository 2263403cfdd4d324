"""Distributions in all libraries: estimators, stops, saved models, and what is refused."""

import json
import pickle
import warnings
from contextlib import contextmanager

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from drop_in import drop_in, each_library, fit, fitted_loss, raw_prediction
from likelihoods import not_learned
from sklearn.base import clone

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

LOSSES = [bl.Normal(), bl.LogNormal(), bl.Laplace(), bl.StudentT(), bl.LogLogistic(), bl.Weibull()]
LOSSES += [bl.BarronLikelihood()]
every = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def made(loss, n=4000, seed=0):
    """A table in which both parameters depend on features, and its true distribution."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, (n, 4))
    raw = np.stack([2.0 + np.sin(2.0 * X[:, 0]), -0.7 + 0.6 * X[:, 1]], axis=1)
    return X, loss.distribution(raw).rvs(random_state=rng), raw


@each_library
@every
def test_trees_learn_both_parameters(loss, library):
    X, y, raw = made(loss)
    train, test = slice(0, 3000), slice(3000, None)
    model = drop_in(library, loss, rounds=150, learning_rate=0.1, max_depth=3)
    fit(library, model, X[train], y[train])
    found = raw_prediction(library, model, X[test])
    assert found.shape == (1000, 2)
    constant = loss.fit_intercept(y[train])
    assert not_learned(library, model, X[test], y[test], raw[test], constant) < 0.4
    distribution = model.predict_distribution(X[test])
    np.testing.assert_allclose(
        distribution.logpdf(y[test]), -loss.loss(y[test], found), rtol=1e-4, atol=1e-4
    )
    center = distribution.median() if isinstance(loss, bl.LogLogistic) else distribution.mean()
    np.testing.assert_allclose(model.predict(X[test]), center, rtol=1e-5)
    low, high = distribution.interval(0.9)
    assert 0.84 < np.mean((low < y[test]) & (y[test] < high)) < 0.95
    assert distribution.ppf([[0.1], [0.5]]).shape == (2, 1000)


@each_library
@every
def test_the_unit_of_the_target_changes_nothing_else(loss, library):
    X, y, _ = made(loss, 500)
    unit = 1024.0  # exact in binary
    plain, scaled = (
        fit(library, drop_in(library, loss, rounds=10, reg_lambda=1.0), X, factor * y)
        for factor in (1.0, unit)
    )
    a, b = (raw_prediction(library, model, X) for model in (plain, scaled))
    factors, shift = (
        ([1.0, 1.0], [np.log(unit), 0.0]) if loss.positive else ([unit, 1.0], [0.0, np.log(unit)])
    )
    a = a * np.array(factors) + np.array(shift)
    np.testing.assert_allclose(b, a, rtol=2e-3, atol=2e-3 * (1.0 if loss.positive else unit))


@each_library
def test_saved_models_are_whole(library, tmp_path):
    loss = bl.StudentT(5.0)
    X, y, _ = made(loss, 400)
    model = fit(library, drop_in(library, loss), X, y)
    raw, path = raw_prediction(library, model, X), str(tmp_path / "model.json")
    model.save_model(path)
    names = {"xgboost": "reg:squarederror", "lightgbm": "regression", "catboost": "RMSE"}
    again = drop_in(library, names[library], own=False)
    again.load_model(path)
    assert fitted_loss(library, again) == again.loss_ == loss
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for other in (pickle.loads(pickle.dumps(model)), again):
        np.testing.assert_array_equal(
            other.predict_distribution(X).interval(0.5), model.predict_distribution(X).interval(0.5)
        )
    plain = {
        "xgboost": lambda: xgboost.Booster(model_file=path).predict(xgboost.DMatrix(X)),
        "lightgbm": lambda: lightgbm.Booster(model_file=path).predict(X),
        "catboost": lambda: catboost.CatBoost().load_model(path).predict(X),
    }[library]()
    np.testing.assert_allclose(plain, raw, rtol=1e-6, atol=1e-6)
    assert clone(model).get_params() == model.get_params()


@each_library
def test_training_stops_by_the_likelihood(library):
    loss = bl.Normal()
    X, y, _ = made(loss, 700)
    sets: dict = {"eval_set": [(X[500:], y[500:])]}
    if library == "lightgbm":
        sets = {"eval_X": (X[500:],), "eval_y": (y[500:],)}
    model = drop_in(library, loss, rounds=300, stop=10, learning_rate=0.3)
    fit(library, model, X[:500], y[:500], **sets)
    history = LIBRARIES[library].metric_history(model)
    (name,) = {name for of_set in history.values() for name in of_set}
    assert name == "Normal"
    values = next(iter(history.values()))[name]
    assert 10 < len(values) < 300
    kept = LIBRARIES[library].kept_rounds(model)
    assert min(values) == pytest.approx(
        loss.mean_loss(y[500:], raw_prediction(library, model, X[500:])), rel=1e-5
    )
    assert np.argmin(values) + 1 == kept
    for wrong in (bl.Huber(1.0), bl.LogNormal(), bl.Quantile([0.1, 0.9]), "rmse"):
        given = {"eval_metric": wrong}
        parameters = {} if library == "lightgbm" else given
        options = given if library == "lightgbm" else {}
        with pytest.raises(ValueError, match=r"must not be .* beside Normal"):
            fit(library, drop_in(library, loss, **parameters), X, y, **sets, **options)


@each_library
def test_weights_are_repeated_rows(library):
    loss = bl.Normal()
    X, y, _ = made(loss, 90)  # of 200 some would be held out
    weight = np.random.default_rng(2).integers(1, 4, 90)
    settings = {
        "xgboost": {"min_child_weight": 0.0, "max_bin": 512},
        "lightgbm": {"min_child_samples": 1, "min_data_in_bin": 1},
        "catboost": {"bootstrap_type": "No", "random_strength": 0.0, "l2_leaf_reg": 0.0},
    }[library]
    weighted = fit(
        library, drop_in(library, loss, **settings), X, y, sample_weight=weight.astype(float)
    )
    repeated = fit(
        library,
        drop_in(library, loss, **settings),
        np.repeat(X, weight, axis=0),
        np.repeat(y, weight),
    )
    a, b = (raw_prediction(library, model, X) for model in (weighted, repeated))
    same = np.mean(np.abs(a - b) < 1e-3)
    assert same > (0.6 if library == "lightgbm" else 0.9)  # counts of rows decide on its bins


@each_library
@every
def test_scales_that_are_too_small_are_told(loss, library):
    X, y, _ = made(loss, 3000)
    tame = {"rounds": 60, "learning_rate": 0.1, "max_depth": 2}
    fit(library, drop_in(library, loss, **tame), X, y)  # without a warning
    leaves = {
        "xgboost": {},
        "lightgbm": {"num_leaves": 63, "min_child_samples": 5},
        "catboost": {"l2_leaf_reg": 0.1},
    }[library]
    wild = {"rounds": 150, "learning_rate": 0.3, "max_depth": 6} | leaves
    X = np.c_[X, np.random.default_rng(1).normal(size=(3000, 10))]  # which trees can learn by heart
    with pytest.warns(
        UserWarning, match=r"Predicted scales are too small: .* [\d.e+]+ times .* Stop early"
    ):
        model = fit(library, drop_in(library, loss, **wild), X, y)
    fresh, target, _ = made(loss, 2000, seed=9)
    fresh = np.c_[fresh, np.random.default_rng(2).normal(size=(2000, 10))]
    low, high = model.predict_distribution(fresh).interval(0.9)
    assert np.mean((low < target) & (target < high)) < 0.82
    model = drop_in(library, loss, **wild)
    sets: dict = {"eval_set": [(X[2000:], y[2000:])]}
    if library == "lightgbm":
        sets = {"eval_X": (X[2000:],), "eval_y": (y[2000:],)}
    fit(library, model, X[:2000], y[:2000], **sets)  # whoever has such rows sees it in the history


@each_library
def test_held_out_rows_may_overflow(library):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 3))
    y = np.exp(1.0 + X[:, 0]) * rng.weibull(2.0, 3000)
    model = drop_in(library, bl.Weibull(), rounds=300, learning_rate=0.3)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Predicted scales are too small")
        fit(library, model, X, y)
    assert np.isfinite(raw_prediction(library, model, X)).all()


def test_fits_of_few_rows_hold_none_out():
    X, y, _ = made(bl.Normal(), 150)
    model = fit("xgboost", drop_in("xgboost", bl.Normal(), rounds=300, max_depth=8), X, y)
    found = bl.Normal().mean_loss(y, raw_prediction("xgboost", model, X))
    assert (
        found < bl.Normal().mean_loss(y, np.tile(bl.Normal().fit_intercept(y), (150, 1))) - 1.0
    )  # by heart


@contextmanager
def suppress_finite_derivatives():
    try:
        yield
    except ValueError as error:
        if "finite derivatives" not in str(error):
            raise


@each_library
def test_a_scale_that_goes_to_0_is_an_error_or_finite(library):
    X = np.repeat([[0.0], [1.0]], 50, axis=0)
    y = X[:, 0].copy()  # which the feature tells: no scale is small enough
    # CatBoost's own sampling fails where all gradients of a round are 0.
    sampling = {"bootstrap_type": "No"} if library == "catboost" else {}
    model = drop_in(library, bl.Normal(), rounds=400, learning_rate=1.0, **sampling)
    with suppress_finite_derivatives():
        assert np.isfinite(raw_prediction(library, fit(library, model, X, y), X)).all()


def test_what_has_no_distribution_says_so():
    X, y, _ = made(bl.Normal(), 100)
    for library in LIBRARIES:
        model = fit(library, drop_in(library, bl.Huber(1.0)), X, y)
        with pytest.raises(
            ValueError, match="predict_distribution needs a fit with a distribution"
        ):
            model.predict_distribution(X)
    from boostloss.catboost import objective

    with pytest.raises(ValueError, match="must have one raw prediction a row"):
        objective(bl.Normal())


def test_the_plain_libraries_take_distributions():
    X, y, _ = made(bl.Normal(), 400)
    loss, start = bl.Normal(), bl.Normal().fit_intercept(y)
    parameters = {"num_target": 2, "base_score": start.tolist(), "max_depth": 3}
    booster = xgboost.train(parameters, xgboost.DMatrix(X, y), 30, obj=loss)
    assert (
        loss.mean_loss(y, booster.predict(xgboost.DMatrix(X)))
        < loss.mean_loss(y, np.tile(start, (400, 1))) - 0.2
    )
    with pytest.warns(
        UserWarning, match=r"starts far from \[.*\], the best constant of Normal\(\)"
    ):
        xgboost.train(
            {"num_target": 2, "base_score": [50.0, 0.0]}, xgboost.DMatrix(X, y), 1, obj=loss
        )
    assert json.loads(booster.save_config())["learner"]["learner_model_param"]["num_target"] == "2"


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_training_goes_on_from_the_same_parameters_alone(library):
    X, y, _ = made(bl.LogNormal(), 300)
    name = LIBRARIES[library].continue_from
    first = fit(library, drop_in(library, bl.Normal(), rounds=3), X, y)
    again = fit(library, drop_in(library, bl.StudentT(), rounds=3), X, y, **{name: first})
    assert raw_prediction(library, again, X).shape == (300, 2)
    huber = fit(library, drop_in(library, bl.Huber(1.0), rounds=3), X, y)
    for loss, before in ((bl.LogNormal(), first), (bl.Normal(), huber), (bl.Huber(1.0), first)):
        with pytest.raises(ValueError, match=f"{name} must be a model with the raw predictions of"):
            fit(library, drop_in(library, loss, rounds=3), X, y, **{name: before})
