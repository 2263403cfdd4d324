"""CatBoost: the estimators that know the loss."""

import catboost
import numpy as np
import pytest
from cases import BINARY, every_boosted_loss
from catboost import CatBoostError, Pool
from catboost_models import (
    FAST,
    ONE_STEP,
    SIGNAL,
    WEIGHT,
    WEIGHTS,
    WRITE_NOTHING,
    X,
    drop_in,
    raw_prediction,
    target,
)
from scipy.special import expit

import boostloss as bl
from boostloss.catboost import CatBoostClassifier, CatBoostRegressor

TRAIN, VALID = slice(0, 600), slice(600, 900)
rng = np.random.default_rng(1)


@WEIGHTS
@every_boosted_loss
def test_intercept_is_fitted_and_baked_in(loss, weight):
    y = target(loss)
    model = drop_in(loss).fit(X, y, sample_weight=weight)
    scale, intercept = model.get_scale_and_bias()
    assert scale == 1.0
    assert intercept == pytest.approx(loss.fit_intercept(y, weight), rel=1e-4, abs=1e-4)
    assert loss.mean_loss(y, raw_prediction(model), weight) < 0.9 * loss.mean_loss(
        y, np.full(len(y), intercept), weight
    )


@every_boosted_loss
@pytest.mark.parametrize("form", ["tuple", "list", "Pool"])
def test_early_stopping_on_the_loss(loss, form):
    y = target(loss)
    weight = WEIGHT[VALID] if form == "Pool" else None
    eval_set = {
        "tuple": (X[VALID], y[VALID]),
        "list": [(X[TRAIN], y[TRAIN]), (X[VALID], y[VALID])],
        "Pool": Pool(X[VALID], y[VALID], weight=weight),
    }[form]
    model = drop_in(loss, iterations=500, early_stopping_rounds=10)
    model.fit(X[TRAIN], y[TRAIN], eval_set=eval_set)
    validation = [values for values in model.evals_result_.values() if values][-1]
    history = validation[type(loss).__name__]
    assert len(history) < 500
    assert model.best_iteration_ == np.argmin(history) == model.tree_count_ - 1
    stages = model.staged_predict(X[VALID], prediction_type="RawFormulaVal")
    reached = [loss.mean_loss(y[VALID], raw, weight) for raw in stages]
    # A float32 of about 100 is wrong by up to 4e-6.
    np.testing.assert_allclose(reached, history[: len(reached)], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "labels", [("no", "yes"), (0, 1), (1, 2), (-1.0, 1.0), (False, True), ("9", "10")], ids=str
)
@pytest.mark.parametrize("loss", BINARY, ids=repr)
def test_labels_and_probabilities(loss, labels):
    y = np.array(labels)[target(loss)]
    model = drop_in(loss, iterations=60).fit(X, y, eval_set=(X, y))
    assert model.classes_.tolist() == list(labels)
    raw, probability = raw_prediction(model), model.predict_proba(X)
    np.testing.assert_allclose(probability[:, 1], loss.inverse_link(raw), rtol=1e-12)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    with np.errstate(divide="ignore"):  # the hinges are sure of some rows
        expected = np.log(probability)
    np.testing.assert_allclose(model.predict_log_proba(X), expected, rtol=1e-9)
    predicted = model.predict(X)
    np.testing.assert_array_equal(predicted, np.array(labels)[(probability[:, 1] > 0.5) * 1])
    assert model.score(X, y) == np.mean(predicted == y) > 0.9
    assert model.predict(X[0]) == predicted[0]
    np.testing.assert_array_equal(model.predict_proba(X[0]), probability[0])
    *_, last = model.staged_predict_proba(X)
    np.testing.assert_allclose(last, probability)
    model.set_probability_threshold(0.2)
    np.testing.assert_array_equal(model.predict(X), np.array(labels)[(probability[:, 1] > 0.2) * 1])


def test_probability_of_focal_is_calibrated():
    rows = rng.normal(size=(4000, 2))
    posterior = expit(2.0 * rows[:, 0] - 1.0)
    y = (rng.random(4000) < posterior).astype(int)
    model = drop_in(bl.Focal(gamma=3.0), iterations=60, depth=2).fit(rows, y)
    sigmoid = expit(raw_prediction(model, rows))
    error = np.abs(model.predict_proba(rows)[:, 1] - posterior).mean()
    assert error < 0.05 < np.abs(sigmoid - posterior).mean()


@WEIGHTS
@pytest.mark.parametrize(
    "option",
    [
        {"class_weights": [1.0, 3.0]},
        {"class_weights": {0: 1.0, 1: 3.0}},
        {"scale_pos_weight": 3.0},
        {"auto_class_weights": "Balanced"},
        {"auto_class_weights": "SqrtBalanced"},
    ],
    ids=str,
)
@pytest.mark.parametrize("loss", BINARY[:2], ids=repr)
def test_class_weights_are_those_of_the_parent(loss, option, weight):
    y = target(loss)
    base = np.ones(len(y)) if weight is None else weight
    ratio = base[y == 0].sum() / base[y == 1].sum()
    factor = {"Balanced": ratio, "SqrtBalanced": np.sqrt(ratio)}.get(
        option.get("auto_class_weights"), 3.0
    )
    model = drop_in(loss, **option, **ONE_STEP).fit(X, y, sample_weight=weight)
    _, intercept = model.get_scale_and_bias()
    assert intercept == pytest.approx(loss.fit_intercept(y, base * np.where(y, factor, 1.0)))
    if loss == bl.Logistic():
        own = catboost.CatBoostClassifier(**FAST, **option, **ONE_STEP)
        own.fit(X, y, sample_weight=weight, baseline=np.full(len(y), intercept))
        np.testing.assert_allclose(raw_prediction(model), raw_prediction(own) + intercept)


def test_only_one_kind_of_class_weights():
    model = drop_in(bl.Logistic(), class_weights=[1, 2], scale_pos_weight=2.0)
    with pytest.raises(CatBoostError, match="only one of the parameters"):
        model.fit(X, target(bl.Logistic()))


def test_baseline_of_the_user_replaces_the_intercept():
    loss, baseline = bl.Huber(1.0), X[:, 0] + 99.0
    y = target(loss)
    model = drop_in(loss).fit(X, y, baseline=baseline)
    assert model.get_scale_and_bias() == (1.0, 0.0)
    with_it = model.predict(Pool(X, baseline=baseline))
    np.testing.assert_allclose(with_it, model.predict(X) + baseline)
    assert loss.mean_loss(y, with_it) < loss.mean_loss(y, baseline)
    data = Pool(X, y, baseline=baseline)
    with pytest.raises(CatBoostError, match="Baseline for train is not provided"):
        drop_in(loss).fit(X, y, eval_set=data)
    with pytest.raises(CatBoostError, match="Baseline for test is not provided"):
        drop_in(loss).fit(data, eval_set=(X, y))


@pytest.mark.parametrize("quantized", [False, True])
def test_pools_of_the_user_stay_as_they_are(quantized):
    loss = bl.Cauchy(1.0)
    data = Pool(X, target(loss), weight=WEIGHT)
    if quantized:
        data.quantize()
    model = drop_in(loss).fit(data, eval_set=data)
    assert data.get_baseline().shape == (900, 0)
    expected = drop_in(loss).fit(X, target(loss), sample_weight=WEIGHT).predict(X)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_training_goes_on_from_a_model(own, stored, tmp_path):
    loss = bl.Huber(delta=0.5)
    y = target(loss)
    first = (catboost.CatBoostRegressor(**FAST) if own else drop_in(loss)).fit(X, y)
    model = first
    if stored:
        model = tmp_path / "first.cbm"
        first.save_model(model)
    second = drop_in(loss).fit(X, y, init_model=model)
    assert second.tree_count_ == 16
    reached = loss.mean_loss(y, second.predict(X))
    assert reached == pytest.approx(second.best_score_["learn"]["Huber"], rel=1e-4)
    assert reached < 0.9 * loss.mean_loss(y, first.predict(X))


@pytest.mark.parametrize(
    ("ours", "parent", "name"),
    [
        (CatBoostRegressor, catboost.CatBoostRegressor, None),
        (CatBoostRegressor, catboost.CatBoostRegressor, "Huber:delta=0.5"),
        (CatBoostRegressor, catboost.CatBoostRegressor, "Poisson"),
        (CatBoostClassifier, catboost.CatBoostClassifier, None),
        (CatBoostClassifier, catboost.CatBoostClassifier, "CrossEntropy"),
    ],
)
def test_string_is_as_in_the_parent(ours, parent, name):
    y = np.abs(SIGNAL) if ours is CatBoostRegressor else target(bl.Logistic())
    models = [
        kind(loss_function=name, **FAST).fit(X, y, eval_set=(X, y)) for kind in (ours, parent)
    ]
    for predict in ("predict", "predict_proba", "staged_predict"):
        if hasattr(parent, predict):
            ours_, theirs = (list(getattr(model, predict)(X)) for model in models)
            np.testing.assert_array_equal(ours_, theirs)
    assert models[0].get_all_params() == models[1].get_all_params()
    assert models[0].loss is None
    assert "boostloss" not in dict(models[0].get_metadata().items())


@pytest.mark.parametrize("name", ["MAE", "R2"])
def test_other_metrics_see_the_predictions(name):
    y = target(bl.Huber(1.0))
    model = drop_in(bl.Huber(1.0), eval_metric=name).fit(X, y, eval_set=(X, y))
    value = {"MAE": np.abs(y - model.predict(X)).mean(), "R2": model.score(X, y)}[name]
    assert model.best_score_["validation"][name] == pytest.approx(value, rel=1e-5)


def test_another_loss_as_metric():
    y = target(bl.Cauchy(1.0))
    model = drop_in(bl.Cauchy(1.0), eval_metric=bl.Quantile(0.5)).fit(X, y, eval_set=(X, y))
    expected = bl.Quantile(0.5).mean_loss(y, model.predict(X))
    assert model.best_score_["validation"]["Quantile"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "steps"),
    [(bl.SquaredError(), 1), (bl.Quantile(), 1), (bl.Cauchy(1.0), 3), (bl.Logistic(), 10)],
    ids=repr,
)
def test_leaf_steps_are_a_default(loss, steps):
    name = "leaf_estimation_iterations"
    assert drop_in(loss).fit(X, target(loss)).get_all_params()[name] == steps
    if loss == bl.Cauchy(1.0):  # at the automatic learning rate
        model = CatBoostRegressor(loss_function=loss, iterations=3, **WRITE_NOTHING)
        assert model.fit(X, target(loss)).get_all_params()[name] == 1
    given = drop_in(loss, **{name: 2}).fit(X, target(loss))
    assert given.get_all_params()[name] == 2
    assert name not in drop_in(loss).get_params()
