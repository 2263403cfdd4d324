"""Many classes in CatBoost: trainings that exchange their scores, and the one model that they make."""

import pickle

import catboost
import numpy as np
import pandas as pd
import pytest

import boostloss as bl
from boostloss.boosting import catboost_lockstep as lockstep
from boostloss.boosting.several import several_gradients
from boostloss.catboost import CatBoostClassifier
from tests.friedman import CLASSIFIERS, LABELS, STOP, TEST, TRAIN, WEIGHT, X
from tests.processes import run_python

IMPROPER = [loss for loss in CLASSIFIERS if loss != bl.Logistic()]
POSITION = np.unique(LABELS, return_inverse=True)[1]
SETTINGS = {"verbose": False, "allow_writing_files": False, "learning_rate": 0.2, "random_seed": 0}


def classifier(loss, rounds=15, **params):
    return CatBoostClassifier(
        loss_function=loss, iterations=rounds, **SETTINGS | {"depth": 4} | params
    )


@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_classes_are_learned_and_kept(loss, tmp_path):
    model = classifier(loss, 40).fit(X[TRAIN], LABELS[TRAIN])
    probability = model.predict_proba(X[TEST])
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-9)
    label = np.array(list("abcd"))[probability.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X[TEST]), label[:, None])  # CatBoost's own shape
    assert model.score(X[TEST], LABELS[TEST]) > 0.6
    assert model.classes_.tolist() == list("abcd")
    for file_format in ("cbm", "json"):
        path = str(tmp_path / f"model.{file_format}")
        model.save_model(path, format=file_format)
        loaded = CatBoostClassifier().load_model(path, format=file_format)
        assert loaded.loss == loss
        np.testing.assert_allclose(loaded.predict_proba(X[TEST]), probability, rtol=1e-12)
        plain = catboost.CatBoostClassifier().load_model(path, format=file_format)
        raw = plain.predict(X[TEST], prediction_type="RawFormulaVal")
        np.testing.assert_allclose(loss.inverse_link(raw), probability, rtol=1e-12)
        assert plain.classes_.tolist() == list("abcd")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X[TEST]), probability)


def test_softmax_is_catboosts_own():
    ours = classifier(bl.Logistic()).fit(X[TRAIN], LABELS[TRAIN], eval_set=(X[STOP], LABELS[STOP]))
    own = catboost.CatBoostClassifier(
        loss_function="MultiClass", iterations=15, **SETTINGS | {"depth": 4}
    )
    own.fit(X[TRAIN], LABELS[TRAIN], eval_set=(X[STOP], LABELS[STOP]))
    np.testing.assert_array_equal(ours.predict_proba(X), own.predict_proba(X))
    assert ours.best_score_ == own.best_score_


@pytest.mark.parametrize("loss", IMPROPER, ids=repr)
def test_derivatives_are_those_of_the_loss(loss):
    rng = np.random.default_rng(0)
    scores, weight = rng.normal(size=(50, 4)), rng.uniform(0.5, 2.0, 50)
    label = rng.integers(0, 4, 50)
    run = lockstep.Lockstep(loss, label, np.zeros(4), 50)
    run.scores[:] = scores.T
    run.prepare(0, 20)
    run.prepare(20, 50)
    expected = several_gradients(loss, label.astype(float), scores, weight, np.float64)
    for j in range(4):
        rows = rng.permutation(50)[:30]
        found = run.derivatives(j, scores[rows, j], rows, weight[rows])
        np.testing.assert_allclose(-found[:, 0], expected[0][rows, j], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(-found[:, 1], expected[1][rows, j], rtol=1e-9, atol=1e-12)


def test_the_scores_that_are_exchanged_are_those_of_the_model(monkeypatch):
    runs = []
    original = lockstep.Lockstep.run

    def kept(self, *arguments):
        runs.append(self)
        return original(self, *arguments)

    monkeypatch.setattr(lockstep.Lockstep, "run", kept)
    model = classifier(bl.Focal(2.0)).fit(
        X[TRAIN], LABELS[TRAIN], eval_set=(X[STOP], LABELS[STOP]), use_best_model=False
    )
    raw = model.predict(np.concatenate([X[TRAIN], X[STOP]]), prediction_type="RawFormulaVal")
    np.testing.assert_allclose(runs[0].scores.T, raw, atol=1e-9)
    assert len(runs[0].history) == 15


def test_early_stopping_is_joint():
    loss = bl.Focal(1.0)
    model = classifier(loss, 500).fit(
        X[TRAIN], LABELS[TRAIN], eval_set=(X[STOP], LABELS[STOP]), early_stopping_rounds=10
    )
    values = model.evals_result_["validation"]["Focal"]
    assert len(values) == model.best_iteration_ + 11 < 500
    assert model.best_score_["validation"]["Focal"] == min(values)
    assert model.tree_count_ == 4 * (model.best_iteration_ + 1)
    raw = model.predict(X[STOP], prediction_type="RawFormulaVal")
    assert loss.mean_loss(POSITION[STOP], raw) == pytest.approx(min(values), rel=1e-6)


def test_it_repeats_and_does_not_depend_on_the_threads_that_compute():
    one, other = (classifier(bl.Focal(2.0)).fit(X, LABELS).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_weights_of_rows_and_classes():
    loss = bl.Focal(1.0)
    plain = classifier(loss).fit(X, LABELS).predict_proba(X)
    weighted = classifier(loss).fit(X, LABELS, sample_weight=np.where(LABELS == "a", 9.0, 1.0))
    by_class = classifier(loss, class_weights={"a": 9.0}).fit(X, LABELS)
    np.testing.assert_allclose(weighted.predict_proba(X), by_class.predict_proba(X))
    assert weighted.predict_proba(X)[:, 0].mean() > plain[:, 0].mean() + 0.05
    balanced = classifier(loss, auto_class_weights="Balanced").fit(X, LABELS)
    assert balanced.predict_proba(X).shape == (900, 4)
    with pytest.raises(ValueError, match="class_weights must hold 4 numbers"):
        classifier(loss, class_weights=[1.0, 2.0]).fit(X, LABELS)


@pytest.mark.parametrize(
    "labels", [POSITION + 3, POSITION.astype(float), LABELS], ids=["int", "float", "text"]
)
def test_labels_of_all_kinds(labels):
    model = classifier(bl.Focal(2.0), 5).fit(X, labels)
    assert model.classes_.tolist() == np.unique(labels).tolist()
    assert set(model.predict(X).ravel().tolist()) <= set(np.unique(labels).tolist())


def test_categories():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(X[:, :2], columns=["a", "b"])
    town = rng.choice(list("uvwxyz"), len(X))
    table["town"] = town
    label = np.where(town < "w", "left", np.where(town < "y", "middle", "right"))
    for options in ({}, {"one_hot_max_size": 2}):
        model = classifier(bl.Focal(1.0), 30, **options).fit(
            table[:600], label[:600], cat_features=["town"]
        )
        assert model.score(table[600:], label[600:]) > 0.95


def test_a_pool_of_numbers():
    pool = catboost.Pool(X, LABELS, weight=WEIGHT)
    one = classifier(bl.Focal(1.0)).fit(pool).predict_proba(X)
    other = classifier(bl.Focal(1.0)).fit(X, LABELS, sample_weight=WEIGHT).predict_proba(X)
    np.testing.assert_allclose(one, other, rtol=1e-6)
    table = pd.DataFrame({"a": X[:, 0], "town": "x"})
    with pytest.raises(ValueError, match="X must be a table"):
        classifier(bl.Focal(1.0)).fit(catboost.Pool(table, LABELS, cat_features=["town"]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("init_model", "x"),
        ("baseline", np.zeros((900, 4))),
        ("callbacks", [1]),
        ("save_snapshot", True),
    ],
)
def test_what_belongs_to_one_training_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must not be given"):
        classifier(bl.Focal(1.0)).fit(X, LABELS, **{name: value})


def test_unknown_labels_to_stop_by():
    with pytest.raises(ValueError, match="eval_set must hold the classes"):
        classifier(bl.Focal(1.0)).fit(X, LABELS, eval_set=(X, np.full(900, "q")))


def test_an_error_in_one_training_ends_all(monkeypatch):
    original = lockstep.Lockstep.derivatives

    def failing(self, j, *arguments):
        if j == 2 and self.meeting.round > 3:
            raise RuntimeError("the third has failed")
        return original(self, j, *arguments)

    monkeypatch.setattr(lockstep.Lockstep, "derivatives", failing)
    model = classifier(bl.Focal(1.0), 10_000)
    with pytest.raises(RuntimeError, match="the third has failed"):
        model.fit(X, LABELS)
    assert not model.is_fitted()


INTERRUPTED = """
import os, signal, threading
from boostloss.catboost import CatBoostClassifier
import boostloss as bl
import numpy as np

X = np.random.default_rng(0).normal(size=(500, 3))
y = np.arange(500) % 3
settings = {"verbose": False, "allow_writing_files": False, "depth": 3}
CatBoostClassifier(loss_function=bl.Focal(1.0), iterations=3, **settings).fit(X, y)
model = CatBoostClassifier(loss_function=bl.Focal(1.0), iterations=1_000_000, **settings)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("KeyboardInterrupt", model.is_fitted())
"""


def test_an_interrupt_ends_all_and_leaves_the_estimator(tmp_path):
    assert run_python(INTERRUPTED, tmp_path).split() == ["KeyboardInterrupt", "False"]
