"""The estimators of boostloss.lightgbm: saved models, scikit-learn, and what stays as in the parents."""

import pickle
import subprocess
import sys
import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from boosting import SIGNAL, TRAIN, VALID, WEIGHT, X, target
from cases import BINARY, REGRESSION, every_boosted_loss
from joblib import Parallel, delayed
from lightgbm_models import FAST, drop_in, raw_prediction
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostloss as bl
from boostloss.lightgbm import LGBMClassifier, LGBMRegressor

pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")

rng = np.random.default_rng(1)


def mixed_table():
    """A column of categories, and values missing in the others."""
    table = pd.DataFrame(X, columns=list("abcd"))
    table["c"] = pd.Categorical(np.array(["x", "y", "z"])[(3 * X[:, 2]).astype(int) % 3])
    return table.mask(np.random.default_rng(1).random(X.shape) < 0.1)


@pytest.mark.parametrize(
    ("loss", "parent"),
    [(bl.SquaredError(), lgb.LGBMRegressor), (bl.Logistic(), lgb.LGBMClassifier)],
    ids=repr,
)
def test_categories_and_missing_values_as_in_the_parent(loss, parent):
    table, y = mixed_table(), target(loss)
    constant = np.full(500, loss.fit_intercept(y, WEIGHT))
    ours = drop_in(loss).fit(table, y, sample_weight=WEIGHT)
    theirs = parent(**FAST).fit(table, y, sample_weight=WEIGHT, init_score=constant)
    expected = constant + raw_prediction(theirs, table)
    np.testing.assert_allclose(raw_prediction(ours, table), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ours.feature_names_in_, list("abcd"))
    np.testing.assert_array_equal(ours.feature_importances_, theirs.feature_importances_)
    np.testing.assert_array_equal(
        ours.predict(table, pred_leaf=True), theirs.predict(table, pred_leaf=True)
    )


@every_boosted_loss
def test_contributions_sum_to_the_raw_prediction(loss):
    model = drop_in(loss).fit(X, target(loss))
    parts = model.predict(X, pred_contrib=True)
    np.testing.assert_allclose(parts.sum(axis=1), raw_prediction(model, X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("loss", [bl.Cauchy(1.0), bl.Logistic(), bl.Focal()], ids=repr)
def test_continues_training(loss, tmp_path):
    y = target(loss)
    whole = raw_prediction(drop_in(loss, n_estimators=16).fit(X, y), X)
    half = drop_in(loss).fit(X, y)
    half.save_model(tmp_path / "half.txt")
    for earlier in (half, half.booster_, tmp_path / "half.txt"):
        both = drop_in(loss).fit(X, y, init_model=earlier)
        assert both.n_estimators_ == 16
        np.testing.assert_allclose(raw_prediction(both, X), whole, rtol=1e-6)
        both.save_model(tmp_path / "both.txt")
        assert type(both)().load_model(tmp_path / "both.txt").objective == loss


def test_search_pipeline_and_pickle():
    losses, y = [bl.SquaredError(), bl.Cauchy(scale=0.5)], target(bl.Cauchy(1.0))
    dirty = np.where(rng.random(500) < 0.1, 1e4, y)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LGBMRegressor(**FAST)),
        {"lgbmregressor__objective": losses},
        scoring="neg_median_absolute_error",
        cv=2,
        n_jobs=2,
    )
    search.fit(X, dirty)
    assert search.best_params_ == {"lgbmregressor__objective": losses[1]}
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(copy.predict(X), search.predict(X))
    assert copy[-1].objective_ == losses[1]


def test_fits_in_threads():
    models = [drop_in(loss, early_stopping_round=3) for loss in REGRESSION]

    def fit(model):
        y = target(model.objective)
        sets = [(X[VALID], y[VALID])]
        return clone(model).fit(X[TRAIN], y[TRAIN], eval_set=sets).predict(X)

    with warnings.catch_warnings():  # the filter of this module is not of its threads' making
        warnings.simplefilter("ignore")
        threads = Parallel(n_jobs=2, prefer="threads")(delayed(fit)(model) for model in models)
    for parallel, model in zip(threads, models, strict=True):
        np.testing.assert_array_equal(parallel, fit(model))


PLAIN = """
import sys, numpy as np, lightgbm as lgb
rows = np.load("rows.npy")
for name in sys.argv[1:]:
    booster = lgb.Booster(model_file=f"{name}.txt")
    booster.save_model(f"{name}.txt")
    np.save(f"{name}.npy", booster.predict(rows))
assert not any(name.startswith("boostloss") for name in sys.modules)
"""


def test_saved_model_is_complete(tmp_path):
    models = {f"{loss.task}{i}": drop_in(loss) for i, loss in enumerate(REGRESSION + BINARY)}
    for name, model in models.items():
        y = target(model.objective)
        if name.startswith("binary"):
            y = np.where(y == 1, "yes", "no: []")
        model.fit(X, y, sample_weight=WEIGHT)
        model.booster_.save_model(tmp_path / f"{name}.txt")
    np.save(tmp_path / "rows.npy", X)
    command = [sys.executable, "-c", PLAIN, *models]
    run = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert run.stdout + run.stderr == ""
    for name, model in models.items():
        loss, raw = model.objective, raw_prediction(model, X)
        plain = np.load(tmp_path / f"{name}.npy")
        expected = (
            model.predict(X) if loss.task == "regression" else bl.Logistic().inverse_link(raw)
        )
        np.testing.assert_allclose(plain, expected, rtol=1e-12, err_msg=repr(loss))
        loaded = type(model)().load_model(tmp_path / f"{name}.txt")  # and saved by plain LightGBM
        assert loaded.objective == loss
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_only_own_files_are_loaded(tmp_path):
    lgb.LGBMRegressor(**FAST).fit(X, SIGNAL).booster_.save_model(tmp_path / "plain.txt")
    with pytest.raises(ValueError, match="path must be a model saved by boostloss"):
        LGBMRegressor().load_model(tmp_path / "plain.txt")
    drop_in(bl.Logistic()).fit(X, SIGNAL > 0).save_model(tmp_path / "binary.txt")
    with pytest.raises(ValueError, match="takes a regression loss"):
        LGBMRegressor().load_model(tmp_path / "binary.txt")


@pytest.mark.parametrize(
    ("ours", "parent", "objective"),
    [
        (LGBMRegressor, lgb.LGBMRegressor, None),
        (LGBMRegressor, lgb.LGBMRegressor, "huber"),
        (LGBMClassifier, lgb.LGBMClassifier, None),
        (LGBMClassifier, lgb.LGBMClassifier, "multiclass"),
    ],
)
def test_string_objective_is_the_parent(ours, parent, objective):
    y = np.digitize(SIGNAL, [-1, 1]) if objective == "multiclass" else SIGNAL
    y = (SIGNAL > 1).astype(int) if objective is None else y
    models = [kind(objective=objective, early_stopping_round=3, **FAST) for kind in (ours, parent)]
    assert models[0].get_params() == models[1].get_params()
    for model in models:
        model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])])
    assert vars(models[0]).keys() == vars(models[1]).keys()
    assert models[0].get_params() == models[1].get_params()
    assert models[0].evals_result_ == models[1].evals_result_
    assert models[0].objective_ == models[1].objective_
    assert models[0].booster_.model_to_string() == models[1].booster_.model_to_string()
    for method in ("predict", "predict_proba", "decision_function"):
        if hasattr(models[1], method):
            np.testing.assert_array_equal(*[getattr(model, method)(X) for model in models])
