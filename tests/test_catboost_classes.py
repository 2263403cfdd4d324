"""Many classes in CatBoost: trainings that exchange their scores, and the one model that they make."""

import pickle
import signal

import catboost
import numpy as np
import pandas as pd
import pytest
from friedman import CLASSIFIERS, LABELS, STOP, TEST, TRAIN, WEIGHT, X
from processes import run_python

import boostloss as bl
from boostloss.boosting import catboost_lockstep as lockstep
from boostloss.catboost import CatBoostClassifier

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


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"grow_policy": "Lossguide", "bootstrap_type": "Bernoulli"},
        {"model_shrink_rate": 0.2, "leaf_estimation_iterations": 3},
        {"langevin": True, "boosting_type": "Plain"},
        {"boosting_type": "Ordered"},
    ],
    ids=repr,
)
def test_the_scores_that_are_exchanged_are_those_of_the_model(params, lockstep_runs):
    model = classifier(bl.Focal(2.0), **params).fit(
        X[TRAIN], LABELS[TRAIN], eval_set=(X[STOP], LABELS[STOP]), use_best_model=False
    )
    raw = model.predict(np.concatenate([X[TRAIN], X[STOP]]), prediction_type="RawFormulaVal")
    np.testing.assert_allclose(lockstep_runs[0].scores.T, raw, atol=1e-9)
    assert len(lockstep_runs[0].history) == 15


def test_numbers_are_quantized_once_and_as_asked(monkeypatch):
    def fitted(**params):
        return classifier(bl.Focal(2.0), 5, **params).fit(X, LABELS)

    asked = {"border_count": 5, "ignored_features": [1], "depth": 3}
    model, calls = fitted(**asked), []
    assert 1 not in model.get_borders() or not model.get_borders()[1]
    assert max(map(len, model.get_borders().values())) == 5
    monkeypatch.setattr(catboost.Pool, "quantize", lambda self, **params: calls.append(params))
    np.testing.assert_array_equal(fitted(**asked).predict_proba(X), model.predict_proba(X))
    assert calls == [{"border_count": 5, "ignored_features": [1], "random_seed": 0}]


def test_the_learning_rate_is_that_of_multiclass():
    for options in ({}, {"eval_set": (X[STOP], LABELS[STOP])}):
        own = catboost.CatBoostClassifier(
            loss_function="MultiClass", **SETTINGS | {"learning_rate": None}
        )
        rates = [
            model.fit(X[TRAIN], LABELS[TRAIN], **options).get_all_params()["learning_rate"]
            for model in (
                own.set_params(iterations=20),
                classifier(bl.Focal(1.0), 20, learning_rate=None),
            )
        ]
        assert rates[0] == pytest.approx(rates[1], rel=1e-9)


def test_other_names_of_parameters():
    one = classifier(bl.Focal(1.0), depth=3, l2_leaf_reg=2.0).fit(X, LABELS).predict_proba(X)
    settings = {name: value for name, value in SETTINGS.items() if name != "learning_rate"}
    other = CatBoostClassifier(
        objective=bl.Focal(1.0), n_estimators=15, eta=0.2, max_depth=3, reg_lambda=2.0, **settings
    )
    np.testing.assert_array_equal(other.fit(X, LABELS).predict_proba(X), one)


def test_it_starts_at_zero_if_so_asked(lockstep_runs):
    for asked in (True, False):
        classifier(bl.Focal(1.0), 1, boost_from_average=asked).fit(X, LABELS)
    assert [run.start.any() for run in lockstep_runs] == [True, False]


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
    least = classifier(loss, 500, best_model_min_trees=140, od_type="Iter", od_wait=20)
    least.fit(X[TRAIN], LABELS[TRAIN], eval_set=catboost.Pool(X[STOP], LABELS[STOP]))
    assert least.best_iteration_ == model.best_iteration_ < 200
    assert least.tree_count_ == 4 * 140


def test_it_repeats_and_does_not_depend_on_the_threads_that_compute():
    found = [
        classifier(bl.Focal(2.0), thread_count=n).fit(X, LABELS).predict_proba(X)
        for n in (1, 1, 3, 16)
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-9)
    np.testing.assert_array_equal(found[0], found[1])


def test_weights_of_rows_and_classes():
    loss = bl.Focal(1.0)
    plain = classifier(loss).fit(X, LABELS).predict_proba(X)
    weighted = classifier(loss).fit(X, LABELS, sample_weight=np.where(LABELS == "a", 9.0, 1.0))
    by_class = classifier(loss, class_weights={"a": 9.0}).fit(X, LABELS)
    np.testing.assert_allclose(weighted.predict_proba(X), by_class.predict_proba(X))
    assert weighted.predict_proba(X)[:, 0].mean() > plain[:, 0].mean() + 0.05
    balanced = classifier(loss, auto_class_weights="Balanced").fit(X, LABELS)
    assert balanced.predict_proba(X).shape == (900, 4)
    factors = np.array([1.0, 5.0, 1.0, 1.0])
    stop = classifier(loss, class_weights=factors.tolist())
    stop.fit(X[TRAIN], LABELS[TRAIN], eval_set=(X[STOP], LABELS[STOP]))
    raw = stop.predict(X[STOP], prediction_type="RawFormulaVal")
    expected = loss.mean_loss(POSITION[STOP], raw, factors[POSITION[STOP]])
    assert stop.best_score_["validation"]["Focal"] == pytest.approx(expected, rel=1e-6)


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


@pytest.mark.parametrize("first", [0, 7, -3, 10**6])
def test_a_pool_of_categories_to_stop_by(first, lockstep_runs):
    """Its labels may be numbers of rows to train."""
    y, loss = POSITION + first, bl.Focal(1.0)
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "side": np.where(X[:, 2] > 0.0, "x", "y")})
    pool = catboost.Pool(table[STOP], y[STOP], ["side"], weight=WEIGHT[STOP])
    model = classifier(loss, 40, early_stopping_rounds=5)
    model.fit(table[TRAIN], y[TRAIN], cat_features=["side"], eval_set=pool)
    raw = model.predict(table[STOP], prediction_type="RawFormulaVal")
    (run,) = lockstep_runs
    assert min(run.history) == run.history[model.best_iteration_]
    expected = loss.mean_loss(POSITION[STOP], raw, WEIGHT[STOP])
    assert min(run.history) == pytest.approx(expected, rel=1e-6)
    assert expected < run.history[0]


def test_a_pool_of_numbers():
    pool = catboost.Pool(X, LABELS, weight=WEIGHT)
    one = classifier(bl.Focal(1.0)).fit(pool).predict_proba(X)
    other = classifier(bl.Focal(1.0)).fit(X, LABELS, sample_weight=WEIGHT).predict_proba(X)
    np.testing.assert_allclose(one, other, rtol=1e-6)
    table = pd.DataFrame({"a": X[:, 0], "town": "x"})
    with pytest.raises(ValueError, match="X must be a table"):
        classifier(bl.Focal(1.0)).fit(catboost.Pool(table, LABELS, cat_features=["town"]))


class Failing(Exception):
    pass


@pytest.mark.parametrize("method", ["calc_ders_range", "evaluate", "after_iteration"])
def test_an_error_in_one_training_ends_all(method, monkeypatch):
    model, calls = classifier(bl.Focal(1.0), 5).fit(X, LABELS), []
    before, plain = model.predict_proba(X), getattr(lockstep.Training, method)

    def failing(self, *arguments):
        calls.append(self.j)
        if self.j == 2 and calls.count(2) == 3:
            raise Failing
        return plain(self, *arguments)

    monkeypatch.setattr(lockstep.Training, method, lockstep.told(failing))
    with pytest.raises(Failing):
        model.fit(X + 1.0, LABELS)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_a_training_that_ends_before_the_others_is_an_error(monkeypatch):
    plain = lockstep.Training.after_iteration
    monkeypatch.setattr(
        lockstep.Training, "after_iteration", lambda self, info: plain(self, info) and self.j != 1
    )
    with pytest.raises(RuntimeError, match="ended training 1 after 1 rounds"):
        classifier(bl.Focal(1.0)).fit(X, LABELS)


# Blocks of rows are many, and each that raised would take milliseconds.
INTERRUPTED = """
import os, signal, threading, time
from boostloss.catboost import CatBoostClassifier
import boostloss as bl
import numpy as np

X = np.random.default_rng(0).normal(size=(20_000, 5))
y = np.arange(20_000) % 5
settings = {"verbose": False, "allow_writing_files": False, "depth": 3}
model = CatBoostClassifier(loss_function=bl.Focal(1.0), iterations=3, **settings).fit(X, y)
before, threads = model.predict_proba(X), threading.active_count()
model._init_params["iterations"] = 1_000_000
sent = []

def interrupt():
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

threading.Timer(1.0, interrupt).start()
try:
    model.fit(X, y)
except KeyboardInterrupt:
    waited = time.perf_counter() - sent[0]
    print("KeyboardInterrupt", "soon" if waited < 1.0 else waited)
    print((model.predict_proba(X) == before).all())
for _ in range(100):
    if threading.active_count() <= threads:
        break
    time.sleep(0.05)
print(threading.active_count() - threads)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no signals on this system")
def test_an_interrupt_ends_all_soon_and_leaves_the_estimator(tmp_path):
    assert run_python(INTERRUPTED, tmp_path).split() == ["KeyboardInterrupt", "soon", "True", "0"]


@pytest.mark.parametrize(
    ("loss", "many"),
    [(bl.Logistic(), True), (bl.Focal(), True), (bl.FBeta(), False), ("Logloss", False)],
    ids=repr,
)
def test_tells_scikit_learn_whether_it_takes_many_classes(loss, many):
    tags = CatBoostClassifier(loss_function=loss).__sklearn_tags__()
    assert tags.classifier_tags.multi_class is many
