"""CatBoost's own searches for parameters with a loss."""

import catboost
import numpy as np
import pytest
from catboost_models import FAST, SIGNAL, X, drop_in, raw_prediction, target

import boostloss as bl
from boostloss.catboost import metric, objective

RARE = target(bl.Logistic())
QUIET = {"cv": 2, "verbose": False, "plot": False}
GRID = {"depth": [2, 4]}


def scores(found):
    (name,) = (key for key in found["cv_results"] if key.startswith("test") and "mean" in key)
    return np.array(found["cv_results"][name])


@pytest.mark.parametrize("labels", [(0, 1), (1.0, 2.0), ("high", "usual"), (False, True)], ids=str)
@pytest.mark.parametrize("method", ["grid_search", "randomized_search"])
def test_two_classes(method, labels, capfd):
    model, y = drop_in(bl.Focal()), np.array(labels)[RARE]
    found = getattr(model, method)(GRID, X, y, **QUIET)
    assert model.get_params()["depth"] == found["params"]["depth"]
    assert model.classes_.tolist() == list(labels)
    expected = drop_in(bl.Focal(), **found["params"]).fit(X, y)
    np.testing.assert_array_equal(raw_prediction(model), raw_prediction(expected))
    assert scores(found)[-1] < 0.8 * scores(found)[0]


def test_it_is_that_of_the_plain_library(capfd):
    loss = bl.Logistic()
    start = np.full(len(X), loss.fit_intercept(RARE))
    plain = catboost.CatBoostClassifier(
        loss_function=objective(loss),
        eval_metric=metric(loss),
        **FAST | {"leaf_estimation_iterations": 10},
    )
    pool = catboost.Pool(X, RARE, baseline=start)
    expected = plain.grid_search(GRID, pool, refit=False, **QUIET)
    found = drop_in(loss).grid_search(GRID, X, RARE, refit=False, **QUIET)
    assert found["params"] == expected["params"]
    np.testing.assert_allclose(scores(found), scores(expected), rtol=1e-6)


def test_weights_and_names_of_classes(capfd):
    factor = np.sum(RARE == 0) / np.sum(RARE)
    weight = np.where(RARE, factor, 1.0)
    found = [
        scores(drop_in(bl.Focal(), **params).grid_search(GRID, table, y, refit=False, **QUIET))
        for params, table, y in (
            ({}, X, RARE),
            ({}, catboost.Pool(X, RARE, weight=weight), None),
            ({"class_weights": {0: 1.0, 1: factor}}, X, RARE),
            ({"scale_pos_weight": factor}, X, RARE),
            ({"auto_class_weights": "Balanced"}, X, RARE),
            (
                {"class_weights": [factor, 1.0], "class_names": ["b", "a"]},
                X,
                np.where(RARE, "b", "a"),
            ),
        )
    ]
    assert abs(found[0] - found[1]).min() > 0.01
    for other in found[2:]:
        np.testing.assert_allclose(other, found[1], rtol=1e-4)


def test_pools_stay_as_they_are(capfd):
    pool = catboost.Pool(X, RARE)
    model = drop_in(bl.Focal(), class_weights=[1.0, 3.0])
    model.grid_search(GRID, pool, **QUIET)
    assert set(pool.get_weight()) == {1.0}
    assert pool.get_baseline().shape[1] == 0
    with pytest.raises(catboost.CatBoostError, match="was fitted before"):
        model.grid_search(GRID, pool, **QUIET)
    texts = catboost.Pool(X, np.where(RARE, "b", "a"))
    with pytest.raises(ValueError, match="y must hold 0 and 1 in a Pool or a file"):
        drop_in(bl.Focal()).grid_search(GRID, texts, **QUIET)


def test_a_file(tmp_path, capfd):
    np.savetxt(tmp_path / "rows.tsv", np.column_stack([RARE, X]), "%.9g", "\t")
    found = drop_in(bl.Focal()).grid_search(GRID, str(tmp_path / "rows.tsv"), refit=False, **QUIET)
    expected = drop_in(bl.Focal()).grid_search(GRID, X, RARE, refit=False, **QUIET)
    np.testing.assert_allclose(scores(found), scores(expected), rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        (bl.Normal(), SIGNAL, r"one raw prediction a row, got Normal\(\)"),
        (bl.Quantile([0.1, 0.9]), SIGNAL, r"one raw prediction a row, got Quantile.*"),
        (bl.Focal(), np.digitize(SIGNAL, [0, 1]), r"two classes with Focal.*, got 3"),
        (bl.Logistic(), np.digitize(SIGNAL, [0, 1]), r"two classes with Logistic\(\), got 3"),
        (
            bl.Focal(),
            np.eye(2)[RARE] * 0.8 + 0.1,
            "labels with Focal.*, got probabilities of classes",
        ),
    ],
    ids=["distribution", "quantiles", "classes", "softmax", "soft labels"],
)
def test_what_has_several_trainings_is_refused(loss, y, message):
    with pytest.raises(ValueError, match=f"CatBoost's own searches.* take .*{message}: use"):
        drop_in(loss).grid_search(GRID, X, y, **QUIET)
    with pytest.raises(ValueError, match=f"CatBoost's own searches.* take .*{message}: use"):
        drop_in(loss).select_features(
            X, y, features_for_select="0-3", num_features_to_select=2, steps=1
        )
