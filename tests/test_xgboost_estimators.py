"""The estimators of boostloss.xgboost: what they add to the parents, and what they leave as it is."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from boosting import SIGNAL, TRAIN, VALID, WEIGHT, X, target
from cases import BINARY, REGRESSION, every_boosted_loss
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostloss as bl
from boostloss.xgboost import XGBClassifier, XGBRegressor

FAST = {"n_estimators": 8, "max_depth": 3, "n_jobs": 1}
rng = np.random.default_rng(1)


def drop_in(loss, **params):
    estimator = XGBRegressor if loss.task == "regression" else XGBClassifier
    return estimator(objective=loss, **FAST | params)


def raw_prediction(model, rows):
    return model.predict(rows, output_margin=True)


@pytest.mark.parametrize("weight", [None, WEIGHT[TRAIN]], ids=["unweighted", "weighted"])
@every_boosted_loss
def test_starts_from_the_best_constant(loss, weight):
    y = target(loss)[TRAIN]
    model = drop_in(loss, n_estimators=0).fit(X[TRAIN], y, sample_weight=weight)
    constant = loss.fit_intercept(y, weight)
    np.testing.assert_allclose(raw_prediction(model, X), constant, rtol=1e-5)


@every_boosted_loss
def test_stops_early_by_the_loss(loss):
    y = target(loss)
    model = drop_in(loss, n_estimators=300, learning_rate=0.5, early_stopping_rounds=4)
    sets = [(X[TRAIN], y[TRAIN]), (X[VALID], y[VALID])]
    weights = [None, WEIGHT[VALID]]
    model.fit(X[TRAIN], y[TRAIN], eval_set=sets, sample_weight_eval_set=weights, verbose=False)
    log = model.evals_result()["validation_1"]
    assert list(log) == [type(loss).__name__]
    (values,) = log.values()
    assert len(values) == model.best_iteration + 5 < 300
    raw = raw_prediction(model, X[VALID])
    assert model.best_score == min(values)
    # A float32 of about 100 is wrong by up to 4e-6.
    reached = loss.mean_loss(y[VALID], raw, WEIGHT[VALID])
    assert model.best_score == pytest.approx(reached, rel=1e-6, abs=1e-6)
    assert model.evals_result()["validation_0"][type(loss).__name__][-1] < values[-1]


def test_own_eval_metric_stands():
    loss, y = bl.Huber(1.0), target(bl.Huber(1.0))
    model = drop_in(loss, eval_metric=["rmse", "mae"])
    model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])], verbose=False)
    assert list(model.evals_result()["validation_0"]) == ["rmse", "mae"]
    assert model.get_params()["eval_metric"] == ["rmse", "mae"]


@pytest.mark.parametrize("loss", BINARY, ids=repr)
@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True], [0, 1]], ids=repr)
def test_probabilities_and_labels(loss, labels, tmp_path):
    y = np.array(labels)[target(loss).astype(int)]
    model = drop_in(loss, early_stopping_rounds=3)
    model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])], verbose=False)
    probability = model.predict_proba(X)
    np.testing.assert_array_equal(model.classes_, labels)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(probability[:, 1], loss.inverse_link(raw_prediction(model, X)))
    predicted = model.predict(X)
    assert predicted.dtype == y.dtype
    np.testing.assert_array_equal(predicted == labels[1], probability[:, 1] > 0.5)
    assert model.score(X[VALID], y[VALID]) > 0.8

    model.save_model(tmp_path / "model.json")
    loaded = XGBClassifier()
    loaded.load_model(tmp_path / "model.json")
    assert loaded.objective == loss
    np.testing.assert_array_equal(loaded.predict_proba(X), probability)
    np.testing.assert_array_equal(loaded.predict(X), predicted)


def test_one_class_of_zeros():
    model = drop_in(bl.Logistic()).fit(X, np.zeros(500, dtype=int))
    assert model.n_classes_ == 2
    np.testing.assert_array_equal(model.classes_, [0, 1])
    np.testing.assert_array_equal(model.predict(X), 0)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 0.0, atol=1e-5)


def test_a_new_objective_waits_for_the_next_fit():
    y = np.where(target(bl.Focal()) == 1, "yes", "no")
    model = drop_in(bl.Focal(gamma=3.0, alpha=0.1)).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(objective=bl.Logistic())
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert not np.allclose(model.fit(X, y).predict_proba(X), before, atol=0.05)

    model.set_params(objective="binary:logistic").fit(X, (y == "yes").astype(int))
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert model.get_booster().attr("boostloss") is None


def mixed_table():
    """A column of categories, and values missing in two others."""
    table = pd.DataFrame(X, columns=list("abcd"))
    table["c"] = pd.Categorical(np.array(["x", "y", "z"])[(3 * X[:, 2]).astype(int) % 3])
    return table.mask(np.random.default_rng(1).random(X.shape) < 0.1)


@pytest.mark.parametrize(
    ("loss", "parent"),
    [(bl.SquaredError(), xgb.XGBRegressor), (bl.Logistic(), xgb.XGBClassifier)],
    ids=repr,
)
def test_categories_missing_values_and_margins_as_in_the_parent(loss, parent):
    table, y, margin = mixed_table(), target(loss), rng.normal(size=500)
    params = FAST | {"enable_categorical": True, "base_score": 0.4, "subsample": 0.8}
    ours, theirs = drop_in(loss, **params), parent(**params)
    for model in (ours, theirs):
        model.fit(table, y, sample_weight=WEIGHT, base_margin=margin)
    np.testing.assert_allclose(
        ours.predict(table, base_margin=margin),
        theirs.predict(table, base_margin=margin),
        rtol=1e-5,
    )
    np.testing.assert_array_equal(ours.feature_names_in_, list("abcd"))
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, rtol=1e-4)


@every_boosted_loss
def test_contributions_sum_to_the_raw_prediction(loss):
    model = drop_in(loss).fit(X, target(loss))
    parts = model.get_booster().predict(xgb.DMatrix(X), pred_contribs=True)
    np.testing.assert_allclose(parts.sum(axis=1), raw_prediction(model, X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", [bl.Cauchy(1.0), bl.Focal()], ids=repr)
def test_continues_training(loss, tmp_path):
    y = target(loss)
    whole = drop_in(loss, n_estimators=16).fit(X, y)
    half = drop_in(loss).fit(X, y)
    half.save_model(tmp_path / "half.json")
    for earlier in (half, half.get_booster(), str(tmp_path / "half.json")):
        both = drop_in(loss, base_score=0.9).fit(X, y, xgb_model=earlier)
        np.testing.assert_allclose(raw_prediction(both, X), raw_prediction(whole, X), rtol=1e-5)


def test_search_pipeline_and_pickle():
    losses, y = [bl.SquaredError(), bl.Cauchy(scale=0.5)], target(bl.Cauchy(1.0))
    dirty = np.where(rng.random(500) < 0.1, 1e4, y)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), XGBRegressor(**FAST)),
        {"xgbregressor__objective": losses},
        scoring=lambda model, rows, labels: -np.median(np.abs(model.predict(rows) - labels)),
        cv=2,
        n_jobs=2,
    )
    search.fit(X, dirty)
    assert search.best_params_ == {"xgbregressor__objective": losses[1]}
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(copy.predict(X), search.predict(X))
    assert copy[-1].objective == losses[1]


def test_fits_in_threads():
    models = [drop_in(loss, early_stopping_rounds=3) for loss in REGRESSION]

    def fit(model):
        y = target(model.objective)
        model = clone(model)
        model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])], verbose=False)
        return model.predict(X)

    threads = Parallel(n_jobs=2, prefer="threads")(delayed(fit)(model) for model in models)
    for parallel, model in zip(threads, models, strict=True):
        np.testing.assert_array_equal(parallel, fit(model))


PLAIN = """
import sys, numpy as np, xgboost as xgb
rows = np.load("rows.npy")
for name in sys.argv[1:]:
    model = xgb.XGBClassifier() if name.startswith("binary") else xgb.XGBRegressor()
    model.load_model(f"{name}.json")
    binary = name.startswith("binary")
    np.save(f"{name}.npy", model.predict_proba(rows)[:, 1] if binary else model.predict(rows))
    native = xgb.Booster(model_file=f"{name}.json").predict(xgb.DMatrix(rows))
    np.testing.assert_array_equal(native, np.load(f"{name}.npy"))
assert not any(name.startswith("boostloss") for name in sys.modules)
"""


def test_saved_model_is_complete(tmp_path):
    models = {f"{loss.task}{i}": drop_in(loss) for i, loss in enumerate(REGRESSION + BINARY)}
    for name, model in models.items():
        model.fit(X, target(model.objective), sample_weight=WEIGHT)
        model.save_model(tmp_path / f"{name}.json")
    np.save(tmp_path / "rows.npy", X)
    subprocess.run([sys.executable, "-c", PLAIN, *models], cwd=tmp_path, check=True)
    for name, model in models.items():
        loss, raw = model.objective, raw_prediction(model, X)
        plain = np.load(tmp_path / f"{name}.npy")
        expected = (
            model.predict(X) if loss.task == "regression" else bl.Logistic().inverse_link(raw)
        )
        np.testing.assert_allclose(plain, expected, rtol=1e-6, err_msg=repr(loss))
        loaded = type(model)()
        loaded.load_model(tmp_path / f"{name}.json")
        assert loaded.objective == loss
        assert loaded.base_score is None
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("ours", "parent", "objective"),
    [
        (XGBRegressor, xgb.XGBRegressor, "reg:absoluteerror"),
        (XGBRegressor, xgb.XGBRegressor, "reg:squarederror"),
        (XGBClassifier, xgb.XGBClassifier, "binary:logistic"),
        (XGBClassifier, xgb.XGBClassifier, "multi:softprob"),
    ],
)
def test_string_objective_is_the_parent(ours, parent, objective, tmp_path):
    y = np.digitize(SIGNAL, [-1, 1]) if objective.startswith("multi") else SIGNAL
    y = (SIGNAL > 1).astype(int) if objective.startswith("binary") else y
    models = [kind(objective=objective, early_stopping_rounds=3, **FAST) for kind in (ours, parent)]
    assert models[0].get_params() == models[1].get_params()
    for model in models:
        model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])], verbose=False)
    assert vars(models[0]).keys() == vars(models[1]).keys()
    assert models[0].get_params() == models[1].get_params()
    assert models[0].evals_result() == models[1].evals_result()
    assert models[0].get_booster().save_raw() == models[1].get_booster().save_raw()
    for method in ("predict", "predict_proba", "score"):
        if hasattr(models[1], method):
            arguments = (X, y) if method == "score" else (X,)
            results = [getattr(model, method)(*arguments) for model in models]
            np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (XGBRegressor(objective=bl.Huber(1.0)), np.where(SIGNAL > 2, np.nan, SIGNAL), "NaN|finite"),
        (XGBRegressor(objective=bl.Huber(1.0)), np.column_stack([SIGNAL, SIGNAL]), "1d array"),
        (XGBRegressor(objective=bl.Logistic()), SIGNAL, "takes a regression loss"),
        (XGBClassifier(objective=bl.Huber(1.0)), SIGNAL > 0, "takes a binary loss"),
        (XGBClassifier(objective=bl.Focal()), SIGNAL, "continuous"),
        (XGBClassifier(objective=bl.Focal()), None, "1d array"),
        (XGBClassifier(), None, "Invalid classes"),  # XGBoost's own words
        (XGBClassifier(objective=bl.Focal()), np.full(500, "a"), "two classes"),
        (
            XGBClassifier(objective=bl.Focal(), scale_pos_weight=-1.0),
            SIGNAL > 0,
            "scale_pos_weight",
        ),
        (XGBRegressor(objective=bl.Huber(1.0), scale_pos_weight=2.0), SIGNAL, "scale_pos_weight"),
    ],
)
def test_what_a_loss_cannot_do_is_said_before_training(model, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "_Booster")


def test_unknown_label_in_an_evaluation_set():
    with pytest.raises(ValueError, match=r"eval_set\[0\] must hold the classes \['a', 'b'\]"):
        drop_in(bl.Logistic()).fit(
            X, np.where(SIGNAL > 0, "a", "b"), eval_set=[(X, np.where(SIGNAL > 0, "a", "c"))]
        )


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Logistic()], ids=repr)
def test_takes_keywords_by_position_as_the_parents_do(loss):
    y = target(loss)
    expected = drop_in(loss).fit(X, y, sample_weight=WEIGHT)
    with pytest.warns(FutureWarning, match="Pass `sample_weight` as keyword"):
        model = drop_in(loss).fit(X, y, WEIGHT)
    with pytest.warns(FutureWarning, match="Pass `output_margin` as keyword"):
        raw = model.predict(X, True)
    np.testing.assert_array_equal(raw, raw_prediction(expected, X))


@pytest.mark.parametrize(
    ("ours", "parent"), [(XGBRegressor, xgb.XGBRegressor), (XGBClassifier, xgb.XGBClassifier)]
)
def test_links_to_the_documentation_of_the_parent(ours, parent):
    assert ours(objective=bl.Huber(1.0))._get_doc_link() == parent()._get_doc_link() != ""
    assert parent()._get_doc_link() in ours(objective=bl.Huber(1.0))._repr_html_()


OF_SETS = ["sample_weight_eval_set[0]", "base_margin_eval_set[0]"]


@pytest.mark.parametrize("name", ["X", "y", "sample_weight", "eval_set[0]", *OF_SETS, "frame"])
def test_the_other_byte_order_is_refused(name):
    """XGBoost reads such numbers as if they were of this machine's order: 1 as 16,777,216."""
    given = {"X": X, "y": target(bl.Huber()), "sample_weight": np.ones(len(X))}
    swapped = {key: values.astype(">f8") for key, values in given.items()}
    if name == "frame":
        given["X"] = pd.DataFrame({f"c{i}": column for i, column in enumerate(swapped["X"].T)})
    elif name == "eval_set[0]":
        given["eval_set"] = [(X, swapped["y"])]
    elif name in OF_SETS:
        given |= {
            "eval_set": [(X, given["y"])],
            name.removesuffix("[0]"): [swapped["sample_weight"]],
        }
    else:
        given[name] = swapped[name]
    name = "X" if name == "frame" else name
    match = re.escape(name) + r" must be in this machine's byte order.* use astype\('float64'\)"
    with pytest.raises(ValueError, match=match):
        XGBRegressor(objective=bl.Huber(), n_estimators=2).fit(**given)


def test_weights_of_evaluation_sets_may_be_rows_of_an_array():
    y = target(bl.Huber())
    weights = np.ones((1, len(X)))
    weights[0, ::2] = 3.0
    scores = []
    for given in (weights, list(weights), [weights[0].tolist()]):
        model = XGBRegressor(objective=bl.Huber(1.0), n_estimators=2)
        model.fit(X, y, eval_set=[[X, y]], sample_weight_eval_set=given, verbose=False)
        scores.append(model.evals_result()["validation_0"])
    assert scores[0] == scores[1] == scores[2]
