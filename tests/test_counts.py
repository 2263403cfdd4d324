"""Counts and amounts: steps that do not explode, exposure, zeros, links in saved models, and the libraries' own."""

import inspect

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from drop_in import drop_in, each_library, fit, raw_prediction

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

_rng = np.random.default_rng(0)
X = _rng.normal(size=(1200, 4))
EXPOSURE = _rng.uniform(0.1, 3.0, 1200)
MEAN = np.exp(0.5 * X[:, 0] + 0.3 * np.sin(3.0 * X[:, 1]) + 0.2)
TRAIN, TEST = slice(0, 800), slice(800, None)
COUNTS = bl.Poisson(), bl.Gamma(), bl.Tweedie(1.5), bl.NegativeBinomial(0.5)
every_count = pytest.mark.parametrize("loss", COUNTS, ids=repr)


def target(loss, mean=MEAN, seed=1):
    rng = np.random.default_rng(seed)
    if isinstance(loss, bl.Gamma):
        return rng.gamma(2.0, 0.5 * mean)
    if isinstance(loss, bl.Tweedie):
        return rng.gamma(np.maximum(2.0 * (n := rng.poisson(mean)), 1e-9)) * (n > 0)
    return rng.poisson(mean).astype(float)


# Steps


LEAVES = [
    *[(loss, True) for loss in (bl.Poisson(), bl.Gamma(), bl.Tweedie(1.1), bl.Tweedie(1.9))],
    *[(bl.NegativeBinomial(dispersion), False) for dispersion in (0.01, 1.0, 100.0)],
    *[(bl.Linex(a), True) for a in (1.0, -0.2)],
    (bl.Exponential(), True),
]


@pytest.mark.parametrize(("loss", "any_leaf"), LEAVES, ids=repr)
def test_no_leaf_steps_past_its_best_value(loss, any_leaf):
    rng = np.random.default_rng(2)
    for trial in range(200):
        n = int(rng.integers(1, 12))
        f = rng.normal(0.0, 4.0, n if any_leaf else 1) * np.ones(n)
        y = rng.gamma(0.3, 30.0, n) * (rng.random(n) < 0.7)
        if loss.task == "binary":
            y = (rng.random(n) < 0.5).astype(float)
        elif isinstance(loss, bl.Linex):
            y = rng.normal(0.0, 3.0, n)
        y = y + 1e-3 * isinstance(loss, bl.Gamma)
        gradient, curvature = loss.gradient_hessian(y, f)
        step = -gradient.sum() / curvature.sum()
        # On the way the slope of the leaf keeps its sign: the best value is not passed, and every part goes downhill.
        on_the_way, _ = loss.gradient_hessian(y, f + 0.999 * step)
        assert on_the_way.sum() * gradient.sum() >= 0.0, (trial, y, f)


def test_infinite_scores_have_an_infinite_loss():
    for loss in (bl.Poisson(), bl.Gamma(), bl.Tweedie(1.5), bl.NegativeBinomial(0.5)):
        np.testing.assert_array_equal(loss.loss(np.ones(2), [np.inf, -np.inf]), np.inf)
        assert loss.mean_loss(np.ones(2), [np.inf, -np.inf]) == np.inf
    none = bl.NegativeBinomial(0.5).loss(np.zeros(2), [np.inf, -np.inf])
    np.testing.assert_array_equal(none, [np.inf, 0.0])


@every_count
def test_a_full_step_of_a_row_goes_downhill(loss):
    f = np.linspace(-12.0, 12.0, 49)
    for y in (0.0, 1e-3, 1.0, 1e3):
        rows = np.full_like(f, y + 1e-6 * isinstance(loss, bl.Gamma))
        gradient, curvature = loss.gradient_hessian(rows, f)
        assert (loss.loss(rows, f - gradient / curvature) <= loss.loss(rows, f) + 1e-12).all()
        assert np.abs(gradient / curvature).max() <= 2.0


@every_count
@each_library
def test_far_targets_are_reached_without_an_explosion(library, loss):
    """Half of the rows are a thousand times as large: a Newton step from their mean would be e^(a thousand) long."""
    x = np.arange(400.0)[:, None]
    y = np.where(x[:, 0] < 200.0, 1.0, 1000.0)
    model = fit(library, drop_in(library, loss, rounds=60, learning_rate=0.3), x, y)
    prediction = model.predict(x)
    assert np.isfinite(prediction).all()
    for group, number in ((y < 100.0, 1.0), (y > 100.0, 1000.0)):
        assert np.median(prediction[group]) == pytest.approx(number, rel=0.5)


def test_all_zero():
    for loss in (bl.Poisson(), bl.Tweedie(1.5), bl.NegativeBinomial()):
        assert np.isfinite(loss.fit_intercept(np.zeros(5)))
        assert np.exp(loss.fit_intercept(np.zeros(5))) < 1e-5


@each_library
def test_targets_below_zero_are_refused_before_training(library):
    y = target(bl.Poisson())
    y[7] = -1.0
    with pytest.raises(ValueError, match=r"y_true must be >= 0 for Poisson, got -1\.0 in row 7"):
        fit(library, drop_in(library, bl.Poisson()), X, y)
    y[7] = 0.0
    with pytest.raises(ValueError, match="y_true must be > 0 for Gamma, got 0"):
        fit(library, drop_in(library, bl.Gamma()), X, np.minimum(y, 0.0))
    with pytest.raises(ValueError, match=r"y_true must be in \[0, 1\] for CrossEntropy, got"):
        fit(library, drop_in(library, bl.CrossEntropy()), X, y + 2.0)


# Exposure


WITH_EXPOSURE = pytest.mark.parametrize(
    "loss", [bl.Poisson(), bl.Gamma(), bl.Tweedie(1.4)], ids=repr
)


@WITH_EXPOSURE
@each_library
def test_exposure_is_an_offset(library, loss):
    y = target(loss, EXPOSURE * MEAN)
    # Weights decide on more: on the borders of XGBoost's bins, and on which splits CatBoost chooses.
    exact = {"tree_method": "exact", "enable_categorical": False}
    method, slack = (
        (exact if library == "xgboost" else {}),
        (0.6 if library == "catboost" else 1e-4),
    )
    model = fit(library, drop_in(library, loss, **method), X, y, exposure=EXPOSURE)
    power = loss.deviance_power
    start = loss.fit_intercept(y / EXPOSURE, EXPOSURE ** (2.0 - power))
    offset = np.log(EXPOSURE) + start
    names = {"xgboost": "base_margin", "lightgbm": "init_score", "catboost": "baseline"}
    other = drop_in(library, loss, **method)
    fit(library, other, X, y, **{names[library]: offset})
    found = raw_prediction(library, model, X)
    if library == "xgboost":
        expected = other.predict(X, output_margin=True, base_margin=np.full(len(X), start))
    else:
        expected = raw_prediction(library, other, X) + start
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=slack)
    assert np.corrcoef(np.log(model.predict(X)), np.log(MEAN))[0, 1] > 0.8


@each_library
def test_exposure_of_the_rows_to_stop_by(library):
    loss = bl.Poisson()
    y = target(loss, EXPOSURE * MEAN)
    model = drop_in(library, loss, rounds=300, stop=10)
    pair = (X[TEST], y[TEST])
    sets = {"eval_set": pair if library == "catboost" else [pair]}
    units = EXPOSURE[TEST] if library == "catboost" else [EXPOSURE[TEST]]
    fit(library, model, X[TRAIN], y[TRAIN], exposure=EXPOSURE[TRAIN], eval_exposure=units, **sets)
    raw = raw_prediction(library, model, X[TEST])
    reached = loss.mean_loss(y[TEST] / EXPOSURE[TEST], raw, EXPOSURE[TEST])
    best = model.best_score_ if library != "xgboost" else model.best_score
    while isinstance(best, dict):
        best = list(best.values())[-1]
    assert best == pytest.approx(reached, rel=1e-5)
    # The same in counts: the deviance of the counts over the exposure.
    counts = loss.loss(y[TEST], raw + np.log(EXPOSURE[TEST])).sum() / EXPOSURE[TEST].sum()
    assert reached == pytest.approx(counts)


@pytest.mark.parametrize("in_fit", [False, True])
def test_catboost_takes_categories_beside_exposure(in_fit):
    y, table = target(bl.Poisson(), EXPOSURE * MEAN), pd.DataFrame(X)
    table["sign"] = np.where(X[:, 0] > 0.0, "u", "v")
    kinds = {"cat_features": ["sign"]}
    model = drop_in("catboost", bl.Poisson(), **({} if in_fit else kinds))
    sets = {"eval_set": (table[TEST], y[TEST]), "eval_exposure": EXPOSURE[TEST]}
    rows = {"exposure": EXPOSURE[TRAIN], **sets, **(kinds if in_fit else {})}
    model.fit(table[TRAIN], y[TRAIN], **rows)
    raw = raw_prediction("catboost", model, table[TEST])
    reached = bl.Poisson().mean_loss(y[TEST] / EXPOSURE[TEST], raw, EXPOSURE[TEST])
    assert model.best_score_["validation"]["Poisson"] == pytest.approx(reached, rel=1e-5)


@each_library
def test_exposure_that_is_not_possible(library):
    y = target(bl.Poisson())

    def fitted(loss, exposure, **options):
        fit(library, drop_in(library, loss), X, y, exposure=exposure, **options)

    with pytest.raises(
        ValueError, match=r"exposure must be positive and finite, got 0\.0 in row 3"
    ):
        fitted(bl.Poisson(), np.where(np.arange(len(y)) == 3, 0.0, 1.0))
    with pytest.raises(ValueError, match="exposure has 3 rows, its target has 1200"):
        fitted(bl.Poisson(), [1.0, 2.0, 3.0])
    for loss in (bl.Huber(1.0), bl.NegativeBinomial()):
        with pytest.raises(ValueError, match="exposure needs Poisson, Gamma or Tweedie"):
            fitted(loss, EXPOSURE)
    with pytest.raises(ValueError, match="eval_exposure must be given"):
        fitted(bl.Poisson(), EXPOSURE, eval_set=[(X, y)])
    with pytest.raises(ValueError, match="exposure must be given for all rows"):
        fitted(bl.Poisson(), None, eval_set=[(X, y)], eval_exposure=[EXPOSURE])
    fitted(bl.Poisson(), None)


# The libraries' own, and their models


def own_pairs(library, loss):
    """The library's own objective, and by what it multiplies the second derivative."""
    poisson = np.exp(0.7)  # its max_delta_step
    return {
        "xgboost": {
            1.0: ("count:poisson", poisson),
            2.0: ("reg:gamma", 1.0),
            1.5: ("reg:tweedie", 1.0),
        },
        "lightgbm": {1.0: ("poisson", poisson), 2.0: ("gamma", 1.0), 1.5: ("tweedie", 1.0)},
    }[library][loss.deviance_power]


@pytest.mark.parametrize("loss", COUNTS[:3], ids=repr)
def test_xgboost_grows_the_trees_of_its_own(loss):
    y = target(loss).astype(np.float32)
    start = loss.fit_intercept(y)
    data = xgboost.DMatrix(X, y, base_margin=np.full(len(y), start))
    params = {
        "max_depth": 3,
        "eta": 0.3,
        "nthread": 1,
        "max_delta_step": 0.7 * (loss.deviance_power == 1.0),
    }
    name, factor = own_pairs("xgboost", loss)

    def exact(raw, rows):
        gradient, hessian = loss.gradient_hessian(rows.get_label(), raw, curvature="exact")
        return gradient, factor * hessian

    own = xgboost.train(params | {"objective": name}, data, 10).predict(data, output_margin=True)
    ours = xgboost.train(params, data, 10, obj=exact).predict(data, output_margin=True)
    np.testing.assert_allclose(ours, own, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("loss", COUNTS[:3], ids=repr)
def test_lightgbm_grows_the_trees_of_its_own(loss):
    y = target(loss)
    data = lightgbm.Dataset(X, y, init_score=np.full(len(y), loss.fit_intercept(y)))
    name, factor = own_pairs("lightgbm", loss)

    def exact(raw, rows):
        gradient, hessian = loss.gradient_hessian(rows.get_label(), raw, curvature="exact")
        return gradient, factor * hessian

    params = {"num_leaves": 7, "verbose": -1, "num_threads": 1, "boost_from_average": False}
    trained = [lightgbm.train(params | {"objective": x}, data, 10) for x in (name, exact)]
    own, ours = (booster.predict(X, raw_score=True) for booster in trained)
    np.testing.assert_allclose(ours, own, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("loss", "own"),
    [(bl.Poisson(), "Poisson"), (bl.Tweedie(1.5), "Tweedie:variance_power=1.5")],
    ids=repr,
)
def test_catboost_grows_the_trees_of_its_own(loss, own, monkeypatch):
    monkeypatch.setattr(type(loss), "curvature", "exact")
    y, step = target(loss), {"leaf_estimation_iterations": 1, "leaf_estimation_backtracking": "No"}
    ours = fit("catboost", drop_in("catboost", loss, **step), X, y)
    start = np.full(len(y), ours.get_scale_and_bias()[1])
    theirs = drop_in("catboost", own, own=True, **step)
    fit("catboost", theirs, X, y, baseline=start)
    expected = raw_prediction("catboost", theirs, X) + start
    np.testing.assert_allclose(raw_prediction("catboost", ours, X), expected, rtol=1e-12)


@each_library
@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_zero_inflated_counts_are_as_good_as_the_own(library):
    rng = np.random.default_rng(5)
    table = rng.normal(size=(4000, 4))
    mean = np.exp(0.6 * table[:, 0] + 0.5 * np.sin(2.0 * table[:, 1]))
    y = rng.poisson(mean) * (rng.random(4000) < np.where(table[:, 2] > 0.0, 0.3, 1.0))
    own = {"xgboost": "count:poisson", "lightgbm": "poisson", "catboost": "Poisson"}[library]
    rows, stop, others = slice(0, 2000), slice(2000, 2800), slice(2800, None)
    reached = []
    for objective in (bl.Poisson(), own):
        model = drop_in(library, objective, rounds=500, stop=10, learning_rate=0.1)
        sets = LIBRARIES[library].evaluation(table[stop], y[stop], None, [])
        prediction = fit(library, model, table[rows], y[rows], **sets).predict(table[others])
        reached.append(bl.Poisson().mean_loss(y[others], np.log(prediction)))
    assert reached[0] < 1.01 * reached[1]


@pytest.mark.parametrize("loss", [*COUNTS, bl.CrossEntropy()], ids=repr)
@each_library
def test_plain_library_predicts_through_the_link(library, loss, tmp_path):
    y = MEAN / (1.0 + MEAN) if isinstance(loss, bl.CrossEntropy) else target(loss)
    model = fit(library, drop_in(library, loss), X, y)
    np.testing.assert_allclose(
        loss.link(model.predict(X)), raw_prediction(library, model, X), rtol=1e-5, atol=1e-6
    )
    path = str(tmp_path / "model.json")
    if library == "xgboost":
        model.save_model(path)
        plain = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(X))
    elif library == "lightgbm":
        model.save_model(path)
        plain = lightgbm.Booster(model_file=path).predict(X)
    else:
        model.save_model(path)  # CatBoost's own format
        loaded = catboost.CatBoostRegressor().load_model(path)
        kind = {"prediction_type": "Probability"} if loss.link_name == "logit" else {}
        plain = loaded.predict(X, **kind)
        plain = plain[:, 1] if plain.ndim == 2 else plain
    np.testing.assert_allclose(plain, model.predict(X), rtol=1e-6)
    again = type(model)()
    again.load_model(path)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_xgboost_goes_on_from_a_model_with_a_link(tmp_path):
    loss, y = bl.Poisson(), target(bl.Poisson())
    whole = drop_in("xgboost", loss, rounds=16).fit(X, y)
    half = drop_in("xgboost", loss, rounds=8).fit(X, y)
    half.save_model(tmp_path / "half.json")
    before = half.predict(X)
    for earlier in (half, half.get_booster(), str(tmp_path / "half.json")):
        both = drop_in("xgboost", loss, rounds=8).fit(X, y, xgb_model=earlier)
        np.testing.assert_allclose(both.predict(X), whole.predict(X), rtol=1e-4)
    np.testing.assert_array_equal(half.predict(X), before)


def test_exposure_is_in_the_signature():
    for library in LIBRARIES.values():
        parameters = inspect.signature(library.estimator("regression").fit).parameters
        assert {"exposure", "eval_exposure"} <= set(parameters)
        assert list(parameters)[:3] == ["self", "X", "y"]


@pytest.mark.parametrize("loss", [bl.Poisson(), bl.Tweedie(1.01), bl.Tweedie(1.5)], ids=repr)
@pytest.mark.parametrize(("dtype", "tiny"), [(np.float64, 1e-300), (np.float32, 1e-30)])
def test_a_mean_far_above_the_target_is_lost_as_a_target_of_0_does(loss, dtype, tiny):
    """The quotient of both is beyond all numbers, and the loss was infinite."""
    raw = np.array([20.0], dtype)
    lost, of_zero = (loss.loss(np.array([y], dtype), raw) for y in (tiny, 0.0))
    np.testing.assert_allclose(lost, of_zero, rtol=1e-5)
