"""Several CatBoost models become one: the same predictions, from every kind of tree and in every file format."""

import catboost
import numpy as np
import pandas as pd
import pytest

from boostloss.boosting.catboost_merge import merge

RAW = "RawFormulaVal"
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd"))
X.loc[::7, "b"] = np.nan
X["town"] = rng.choice(["x", "y", "z", "w", "v", "u"], 400)
X["flag"] = rng.choice(["yes", "no"], 400)
y = X["a"].to_numpy() + (X["town"] == "x") + rng.normal(0, 0.1, 400)
SILENT = {"logging_level": "Silent", "allow_writing_files": False, "thread_count": 1, "depth": 3}


def model(level, rounds=10, columns=("a", "b", "c"), **params):
    settings = SILENT | {"loss_function": f"Quantile:alpha={level}", "iterations": rounds} | params
    categories = [name for name in columns if name in ("town", "flag")]
    return catboost.CatBoost(settings).fit(X[list(columns)], y, cat_features=categories)


def stacked(models, table):
    return np.column_stack([each.predict(table, prediction_type=RAW) for each in models])


@pytest.mark.parametrize(
    "kinds",
    [
        ["SymmetricTree", "SymmetricTree"],
        ["Lossguide", "Depthwise"],
        ["SymmetricTree", "Lossguide", "Depthwise"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("columns", [("a", "b", "c"), ("b", "town", "flag", "d")], ids=" ".join)
def test_predictions_are_those_of_the_models(kinds, columns, tmp_path):
    models = [
        model(0.1 + 0.3 * i, 8 + i, columns, grow_policy=kind) for i, kind in enumerate(kinds)
    ]
    table = X[list(columns)]
    expected = stacked(models, table)
    merged = merge(models)
    np.testing.assert_allclose(merged.predict(table), expected, rtol=1e-12, atol=1e-12)
    for file_format in ("cbm", "json"):
        merged.save_model(str(tmp_path / "model"), format=file_format)
        loaded = catboost.CatBoost().load_model(str(tmp_path / "model"), format=file_format)
        np.testing.assert_allclose(loaded.predict(table), expected, rtol=1e-12, atol=1e-12)
    assert merged.feature_names_ == list(columns)


def test_the_first_trees_are_those_of_the_first_rounds():
    models = [model(0.1), model(0.9)]
    merged = merge(models)
    early = np.column_stack([each.predict(X[list("abc")], ntree_end=4) for each in models])
    np.testing.assert_allclose(merged.predict(X[list("abc")], ntree_end=8), early, rtol=1e-12)


def test_no_trees_at_all():
    models = [model(0.1, columns=("a",)), model(0.9, columns=("a",))]
    biases = [each.get_scale_and_bias()[1] for each in models]
    np.testing.assert_allclose(merge(models, n_trees=0).predict(X[["a"]]), [biases] * 400)


def test_a_number_of_trees():
    models = [model(0.1, 12), model(0.9, 9)]
    merged = merge(models, n_trees=5)
    early = np.column_stack([each.predict(X[list("abc")], ntree_end=5) for each in models])
    np.testing.assert_allclose(merged.predict(X[list("abc")]), early, rtol=1e-12)


def test_what_cannot_be_merged_is_said():
    with pytest.raises(ValueError, match="same columns"):
        merge([model(0.1, columns=("a",)), model(0.9, columns=("c",))])
    scaled = model(0.5)
    scaled.set_scale_and_bias(2.0, 0.0)
    with pytest.raises(ValueError, match="scale must be 1"):
        merge([scaled, model(0.5)])
    other = catboost.CatBoost(SILENT | {"iterations": 20, "one_hot_max_size": 1})
    other.fit(X[["town"]], -y, cat_features=["town"])
    one = catboost.CatBoost(SILENT | {"iterations": 20, "one_hot_max_size": 1})
    one.fit(X[["town"]], y, cat_features=["town"])
    with pytest.raises(ValueError, match="same targets and rows"):
        merge([one, other])
