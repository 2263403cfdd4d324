"""CatBoost's estimators with scikit-learn, pandas, explanations, and model files."""

import pickle
import subprocess
import sys

import catboost
import joblib
import numpy as np
import pandas as pd
import pytest
from boosting import numbers
from cases import every_boosted_loss
from catboost import Pool
from catboost_models import FAST, drop_in
from scipy.special import expit
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostloss as bl
from boostloss.boosting.catboost_pools import rows_of
from boostloss.catboost import CatBoostClassifier, CatBoostRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 4))
SIGNAL = X[:, 0] + np.sin(3.0 * X[:, 1]) + rng.normal(0.0, 0.3, 500)
TABLE = pd.DataFrame(X, columns=list("abcd")).assign(
    b=lambda t: t["b"].where(t["b"] > -1.0),  # missing values
    kind=pd.Categorical(np.where(X[:, 0] > 0.5, "up", "down")),
)


def target(loss):
    return (
        numbers(loss, SIGNAL) if loss.task == "regression" else np.where(SIGNAL > 1.2, "yes", "no")
    )


def raw_prediction(model, rows=X):
    return model.predict(rows, prediction_type="RawFormulaVal")


@every_boosted_loss
def test_clone_pickle_and_joblib(loss, tmp_path):
    model = drop_in(loss)
    assert clone(model).get_params() == model.get_params()
    assert clone(model).get_params()["loss_function"] is loss
    model.fit(X, target(loss))
    joblib.dump(model, tmp_path / "model.joblib")
    copies = (
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model.joblib"),
        model.copy(),
    )
    for twin in copies:
        assert twin.loss == loss
        np.testing.assert_array_equal(twin.predict(X), model.predict(X))
        np.testing.assert_array_equal(clone(twin).fit(X, target(loss)).predict(X), model.predict(X))


@pytest.mark.parametrize("name", ["loss_function", "objective"])
def test_grid_over_losses_in_a_pipeline(name):
    outliers = np.where(rng.random(500) < 0.2, 50.0, 0.0)
    pipeline = make_pipeline(StandardScaler(), CatBoostRegressor(**FAST | {"iterations": 40}))
    losses = [bl.SquaredError(), bl.Welsch(scale=2.0)]
    search = GridSearchCV(
        pipeline,
        {f"catboostregressor__{name}": losses},
        scoring="neg_median_absolute_error",
        cv=2,
        n_jobs=2,
    )
    search.fit(X, target(losses[0]) + outliers)
    assert search.best_estimator_[-1].loss == bl.Welsch(scale=2.0)
    assert -search.best_score_ < 1.0 < -search.cv_results_["mean_test_score"].min()


@every_boosted_loss
def test_shap_values_and_importances(loss):
    model = drop_in(loss).fit(X, target(loss))
    shap = model.get_feature_importance(Pool(X), type="ShapValues")
    np.testing.assert_allclose(shap.sum(axis=1), raw_prediction(model), rtol=1e-9, atol=1e-9)
    assert model.feature_importances_[:2].min() > model.feature_importances_[2:].max()


@pytest.mark.parametrize("form", ["cat_features", "Pool", "parameter"])
@pytest.mark.parametrize(("loss", "own"), [(bl.SquaredError(), "RMSE"), (bl.Logistic(), "Logloss")])
def test_categories_and_missing_values_as_in_the_parent(loss, own, form):
    kinds = {
        "RMSE": (CatBoostRegressor, catboost.CatBoostRegressor),
        "Logloss": (CatBoostClassifier, catboost.CatBoostClassifier),
    }[own]
    y = target(loss)
    params = FAST | {"leaf_estimation_iterations": 1, "leaf_estimation_backtracking": "No"}
    if form == "parameter":
        params["cat_features"] = ["kind"]
    ours, theirs = (
        kind(loss_function=f, **params) for kind, f in zip(kinds, (loss, own), strict=True)
    )
    start = None
    for model in (ours, theirs):
        if form == "Pool":
            model.fit(Pool(TABLE, y, cat_features=["kind"], baseline=start))
        else:
            options = {"cat_features": ["kind"]} if form == "cat_features" else {}
            model.fit(TABLE, y, baseline=start, **options)
        start = np.full(len(y), ours.get_scale_and_bias()[1])
    difference = raw_prediction(ours, TABLE) - raw_prediction(theirs, TABLE)
    np.testing.assert_allclose(difference, start, rtol=1e-9)
    assert ours.feature_importances_[-1] > 0.0


PLAIN = """
import sys
import catboost, numpy as np
folder, kind, suffix = sys.argv[1:]
model = getattr(catboost, kind)().load_model(f"{folder}/model.{suffix}", format=suffix)
X = np.load(f"{folder}/X.npy")
regression = kind == "CatBoostRegressor"
np.save(f"{folder}/out.npy", model.predict(X) if regression else model.predict_proba(X)[:, 1])
assert "boostloss" not in sys.modules
"""


@pytest.mark.parametrize("suffix", ["cbm", "json"])
@pytest.mark.parametrize(
    "loss", [bl.Barron(alpha=-2.0, scale=3.0), bl.Logistic(), bl.Focal()], ids=repr
)
def test_saved_model_is_complete(loss, suffix, tmp_path):
    model = drop_in(loss).fit(X, target(loss))
    model.save_model(tmp_path / f"model.{suffix}", format=suffix)
    np.save(tmp_path / "X.npy", X)
    parent = type(model).__name__
    subprocess.run([sys.executable, "-I", "-c", PLAIN, str(tmp_path), parent, suffix], check=True)
    raw = raw_prediction(model)
    expected = raw if loss.task == "regression" else expit(raw)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, rtol=1e-9)
    if loss == bl.Logistic():
        np.testing.assert_allclose(expected, model.predict_proba(X)[:, 1], rtol=1e-12)


@pytest.mark.parametrize("source", ["cbm", "json", "blob"])
@every_boosted_loss
def test_loaded_model_knows_its_loss(loss, source, tmp_path):
    y = target(loss)
    model = drop_in(loss).fit(X, y)
    loaded = type(model)()
    model.save_model(tmp_path / "model", format="json" if source == "json" else "cbm")
    if source == "blob":
        loaded.load_model(blob=(tmp_path / "model").read_bytes())
    else:
        loaded.load_model(tmp_path / "model", format=source)
    assert loaded.loss == loss
    np.testing.assert_allclose(raw_prediction(loaded), raw_prediction(model), rtol=1e-9)
    again = type(model)(**loaded.get_params() | FAST).fit(X, y)
    np.testing.assert_allclose(raw_prediction(again), raw_prediction(model), rtol=1e-9)


def test_loaded_model_of_another_loss_is_as_in_the_parent(tmp_path):
    catboost.CatBoostRegressor(loss_function="MAE", **FAST).fit(X, SIGNAL).save_model(
        tmp_path / "m"
    )
    assert CatBoostRegressor().load_model(tmp_path / "m").loss is None


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        (bl.Huber(1.0), np.where(X[:, 0] > 1.0, np.nan, X[:, 0]), "y_true must be finite, got nan"),
        (bl.Huber(1.0), np.where(X[:, 0] > 1.0, np.inf, X[:, 0]), "y_true must be finite, got inf"),
        (bl.Huber(1.0), X[:, :2], r"shape \(n_samples,\), got shape \(500, 2\)"),
        (
            bl.Huber(1.0),
            np.where(X[:, 0] > 0.0, "up", "down"),
            "y_true must hold integers, floats or booleans",
        ),
        (bl.Logistic(), np.full(500, "up"), "two classes"),
        (bl.Logistic(), X[:, 0], "Unknown label type: continuous"),
        (bl.Logistic(), np.where(X[:, 0] > 0.0, np.nan, 1.0), "contains NaN"),
    ],
    ids=str,
)
def test_bad_target(loss, y, message):
    with pytest.raises((TypeError, ValueError), match=message):
        drop_in(loss).fit(X, y)


def test_target_border_needs_a_string():
    with pytest.raises(ValueError, match="target_border must not be given with Logistic"):
        drop_in(bl.Logistic(), target_border=0.5).fit(X, SIGNAL)


def test_fit_again_on_other_labels():
    model = drop_in(bl.Logistic()).fit(X, target(bl.Logistic()))
    model.fit(X, SIGNAL > 0.0)
    assert model.classes_.tolist() == [False, True]
    assert model.score(X, SIGNAL > 0.0) > 0.8


def test_parts_of_a_pool_keep_the_memory_of_its_table():
    def part():
        return rows_of(Pool(pd.DataFrame(X.copy())), np.arange(len(X)))

    found = part()
    overwritten = [np.full(len(X), np.nan, kind) for kind in ("f4", "f8") for _ in range(100)]
    np.testing.assert_allclose(found.get_features(), X, rtol=1e-6)
    assert len(overwritten) == 200
