"""Soft labels, a probability for each class, in CatBoost's classifier."""

import pickle

import catboost
import numpy as np
import pandas as pd
import pytest
from drop_in import drop_in, raw_prediction
from friedman import CLASSIFIERS, LABELS, STOP, TEST, TRAIN, WEIGHT, X

import boostloss as bl
from boostloss.boosting import catboost_lockstep as lockstep
from boostloss.boosting.several import several_gradients
from boostloss.catboost import CatBoostClassifier

HARD = np.unique(LABELS, return_inverse=True)[1]
SURE = np.eye(4)[HARD]
SOFT = 0.7 * SURE + 0.1 * np.roll(SURE, 1, axis=1) + 0.05
each_loss = pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
FOCAL = bl.Focal(1.0)


def raw(model):
    return raw_prediction("catboost", model, X)


def classifier(loss, rounds=15, **params):
    return drop_in("catboost", loss, rounds=rounds, learning_rate=0.2, **params)


@each_loss
def test_labels_that_are_sure_are_hard_labels(loss):
    options = {"sample_weight": WEIGHT[TRAIN], "use_best_model": False}
    soft = classifier(loss).fit(X[TRAIN], SURE[TRAIN], eval_set=(X[STOP], SURE[STOP]), **options)
    mixed = classifier(loss).fit(X[TRAIN], SURE[TRAIN], eval_set=(X[STOP], HARD[STOP]), **options)
    hard = classifier(loss)
    if loss == bl.Logistic():  # which is MultiClass: with trees of all classes
        hard = classifier(bl.Logistic(label_smoothing=1e-12))
    hard.fit(X[TRAIN], HARD[TRAIN], eval_set=(X[STOP], HARD[STOP]), **options)
    np.testing.assert_allclose(raw(soft), raw(hard), atol=1e-6)
    np.testing.assert_array_equal(raw(soft), raw(mixed))
    for other in (mixed, hard):
        (found,) = soft.evals_result_["validation"].values()
        (expected,) = other.evals_result_["validation"].values()
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert soft.classes_.tolist() == [0, 1, 2, 3]
    assert set(soft.predict(X).ravel()) <= {0, 1, 2, 3}


UPPER = np.isin(LABELS, ["b", "c"]) * 1
ONE = 0.8 * UPPER + 0.1 + 0.05 * (HARD % 2)  # the probability of the second of two classes
TWO = [bl.Logistic(), bl.Logistic(label_smoothing=0.1), FOCAL, bl.Focal(2.0, alpha=0.25)]


@pytest.mark.parametrize("params", [{"learning_rate": 0.2}, {"rounds": 100}], ids=repr)
@pytest.mark.parametrize("loss", TWO, ids=repr)
def test_sure_labels_of_two_classes_are_hard_labels(loss, params):
    sure = np.eye(2)[UPPER]
    options = {"sample_weight": WEIGHT[TRAIN], "use_best_model": False}
    soft, plain = drop_in("catboost", loss, **params), drop_in("catboost", loss, **params)
    soft.fit(X[TRAIN], sure[TRAIN], eval_set=(X[STOP], sure[STOP]), **options)
    plain.fit(X[TRAIN], UPPER[TRAIN], eval_set=(X[STOP], UPPER[STOP]), **options)
    np.testing.assert_allclose(raw(soft), raw(plain), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(soft.predict_proba(X), plain.predict_proba(X), atol=1e-4)
    (found,), (expected,) = (each.evals_result_["validation"].values() for each in (soft, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert soft.classes_.tolist() == [0, 1]
    assert soft.predict(X).shape == (900,)
    assert (soft.predict(X) == plain.predict(X)).mean() > 0.99


def test_soft_labels_of_two_classes(tmp_path):
    y = np.column_stack([1.0 - ONE, ONE])
    table = pd.DataFrame(X[:, :6]).assign(town=np.where(UPPER, "u", "v"))
    for loss in TWO:
        model = classifier(loss, 200).fit(
            X[TRAIN], y[TRAIN], eval_set=[(X[STOP], y[STOP])], early_stopping_rounds=10
        )
        (history,) = model.evals_result_["validation"].values()
        assert len(history) == model.best_iteration_ + 11 < 200
        label, share = np.repeat([0, 1], 200), np.concatenate([1.0 - ONE[STOP], ONE[STOP]])
        expected = loss.mean_loss(label, np.tile(raw(model)[STOP], 2), share)
        assert min(history) == pytest.approx(expected, rel=1e-6)
        if not getattr(loss, "label_smoothing", 0.0):
            assert np.abs(model.predict_proba(X)[:, 1] - ONE).mean() < 0.16
        model.save_model(tmp_path / "model")
        loaded = CatBoostClassifier().load_model(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
        known = classifier(loss, 30).fit(table, y, cat_features=["town"])
        assert np.abs(known.predict_proba(table)[:, 1] - ONE).mean() < 0.16
    with pytest.raises(ValueError, match="sum to 1 in each row"):
        classifier(FOCAL).fit(X, y + 0.1)
    with pytest.raises(ValueError, match=r"callbacks must not be given with .* and soft labels"):
        classifier(FOCAL).fit(X, y, callbacks=[1])


@each_loss
def test_a_leaf_is_a_newton_step_of_the_loss(loss):
    model = classifier(loss, 1, l2_leaf_reg=0.0, bootstrap_type="No", random_strength=0.0)
    model.fit(X, SOFT, sample_weight=WEIGHT)
    start = np.tile(loss.fit_intercept(SOFT, WEIGHT), (len(X), 1))
    gradient, curvature = several_gradients(loss, SOFT, start, WEIGHT, np.float64)
    moved = raw(model) - start
    for j in range(4):
        leaves, leaf = np.unique(moved[:, j].round(9), return_inverse=True)
        step = -0.2 * np.bincount(leaf, gradient[:, j]) / np.bincount(leaf, curvature[:, j])
        np.testing.assert_allclose(leaves, step, rtol=1e-5, atol=1e-8)
        assert len(leaves) > 4


@each_loss
def test_probabilities_are_those_of_the_labels(loss):
    model = classifier(loss, 80).fit(X, SOFT)
    probability = model.predict_proba(X)
    if loss.class_weights(4) is None and not getattr(loss, "label_smoothing", 0.0):
        np.testing.assert_allclose(probability.mean(axis=0), SOFT.mean(axis=0), atol=0.02)
    constant = np.abs(SOFT.mean(axis=0) - SOFT).mean()
    assert np.abs(probability - SOFT).mean() < 0.65 * constant
    assert probability.max() < 0.95


@pytest.mark.parametrize("loss", [bl.Logistic(), FOCAL], ids=repr)
def test_it_stops_by_soft_labels(loss):
    model = classifier(loss, 500)
    stop = catboost.Pool(X[STOP], HARD[STOP], weight=WEIGHT[STOP])
    for rows in ((X[STOP], SOFT[STOP]), [(X[STOP], SOFT[STOP])], stop):
        model.fit(X[TRAIN], SOFT[TRAIN], eval_set=rows, early_stopping_rounds=10)
        history = model.evals_result_["validation"][type(loss).__name__]
        assert len(history) == model.best_iteration_ + 11 < 500
        y, weight = (HARD, WEIGHT[STOP]) if rows is stop else (SOFT, None)
        expected = loss.mean_loss(y[STOP], raw(model)[STOP], weight)
        assert min(history) == pytest.approx(expected, rel=1e-6)


def test_it_is_saved_and_loaded(tmp_path):
    for loss in (bl.Logistic(), FOCAL):
        model = classifier(loss).fit(pd.DataFrame(X), pd.DataFrame(SOFT))
        probability = model.predict_proba(X)
        model.save_model(tmp_path / "model")
        loaded = CatBoostClassifier().load_model(tmp_path / "model")
        assert loaded.loss == loss
        for twin in (loaded, pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(twin.predict_proba(X), probability)
        if loss == bl.Logistic():
            plain = catboost.CatBoostClassifier().load_model(tmp_path / "model")
            np.testing.assert_allclose(plain.predict_proba(X), probability, rtol=1e-12)


def test_rows_that_weigh_more_count_more():
    plain = classifier(FOCAL).fit(X, SOFT).predict_proba(X)
    weighted = classifier(FOCAL).fit(X, SOFT, sample_weight=np.where(HARD == 2, 10.0, 1.0))
    assert weighted.predict_proba(X)[:, 2].mean() > plain[:, 2].mean() + 0.05
    alpha = classifier(bl.Focal(1.0, alpha=[1.0, 1.0, 10.0, 1.0])).fit(X, SOFT)
    assert alpha.predict(X).tolist().count([2]) > np.count_nonzero(plain.argmax(axis=1) == 2)


def test_categories_and_a_class_that_is_never_the_most_probable():
    table = pd.DataFrame(X[:, :2], columns=["a", "b"])
    table["town"] = np.random.default_rng(0).choice(list("uvwxyz"), len(X))
    sure = np.select([table["town"] < "w", table["town"] < "y"], [0, 1], 2)
    soft = np.column_stack([0.9 * np.eye(3)[sure], np.full(len(X), 0.1)])
    model = classifier(FOCAL, 60).fit(table[TRAIN], soft[TRAIN], cat_features=["town"])
    probability = model.predict_proba(table[TEST])
    assert (probability.argmax(axis=1) == sure[TEST]).mean() > 0.95
    np.testing.assert_allclose(probability[:, 3].mean(), 0.1, atol=0.02)


@pytest.mark.parametrize(
    ("y", "params", "message"),
    [
        (SOFT + 0.1, {}, "sum to 1 in each row"),
        (np.where(SOFT > 0.5, 1.5, -0.1), {}, "sum to 1 in each row"),
        (np.where(SOFT > 0.5, np.nan, SOFT), {}, "y_true must be finite|NaN|sum to 1"),
        (SOFT[:3], {}, "a row for each of 4 classes, got 3 rows"),
        (SOFT, {"class_weights": [1.0] * 4}, "class_weights must not be given with soft labels"),
        (SOFT, {"auto_class_weights": "Balanced"}, "auto_class_weights must not be given with sof"),
        (SOFT, {"class_names": list("abcd")}, r"class_names must be \[0, 1, 2, 3\]"),
        (SOFT, {"task_type": "GPU"}, "task_type must be 'CPU' with"),
    ],
)
@pytest.mark.parametrize("loss", [bl.Logistic(), FOCAL], ids=repr)
def test_what_cannot_be_trained_is_refused(loss, y, params, message, monkeypatch):
    monkeypatch.setattr(lockstep.Lockstep, "run", None)
    with pytest.raises(ValueError, match=message):
        classifier(loss, **params).fit(X[: len(y)], y)


def test_other_rows_to_stop_by_are_refused():
    for y, message in (
        (SOFT[STOP] + 0.1, "sum to 1 in each row"),
        (SOFT[STOP][:, :3], "4 columns|shape"),
        (HARD[STOP] + 4, "eval_set must hold the classes"),
    ):
        with pytest.raises(ValueError, match=message):
            classifier(FOCAL).fit(X[TRAIN], SOFT[TRAIN], eval_set=(X[STOP], y))
    for y, loss in ((HARD, bl.Logistic()), (HARD > 1, FOCAL)):
        stop = X[STOP], np.eye(1 + int(y.max()))[y[STOP].astype(int)]
        with pytest.raises(ValueError, match="eval_set must hold labels, not soft ones"):
            classifier(loss).fit(X[TRAIN], y[TRAIN], eval_set=stop)
    weighed = classifier(FOCAL, class_weights=[1.0, 2.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="not soft beside weights of classes"):
        weighed.fit(X[TRAIN], HARD[TRAIN], eval_set=(X[STOP], SOFT[STOP]))


def test_soft_rows_to_stop_by_beside_hard_labels():
    model = classifier(FOCAL).fit(X[TRAIN], HARD[TRAIN], eval_set=(X[STOP], SOFT[STOP]))
    (history,) = model.trainings_["evals_result"]["validation"].values()
    best = model.trainings_["best_iteration"]
    scores = raw(model)[STOP]
    assert history[best] == pytest.approx(FOCAL.mean_loss(SOFT[STOP], scores), rel=1e-6)
