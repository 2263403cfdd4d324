"""The estimators of boostloss.lightgbm: start, metrics, labels, weights and errors."""

import inspect

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from boosting import SIGNAL, TRAIN, VALID, WEIGHT, X, target
from cases import BINARY, every_boosted_loss
from lightgbm_models import FAST, drop_in, raw_prediction
from sklearn.base import clone

import boostloss as bl
from boostloss.lightgbm import LGBMClassifier, LGBMRegressor

pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")

rng = np.random.default_rng(1)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@every_boosted_loss
def test_starts_from_the_best_constant(loss, weight):
    y = target(loss)
    constant = loss.fit_intercept(y, weight)
    stump = drop_in(loss, min_child_samples=500).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(raw_prediction(stump, X), constant, rtol=1e-12)
    data = lgb.Dataset(X, y, weight=weight, init_score=np.full(500, constant))
    native = lgb.train(FAST | {"objective": loss}, data).predict(X)
    model = drop_in(loss).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(raw_prediction(model, X), constant + native, rtol=1e-11)


@pytest.mark.parametrize(
    "settings",
    [
        {"boosting_type": "dart", "drop_rate": 0.5},
        {"linear_tree": True},
        {"data_sample_strategy": "goss"},
        {"subsample": 0.5, "subsample_freq": 1, "extra_trees": True},
        {"n_estimators": 1},
        {"min_child_samples": 500},
        {"min_child_samples": 500, "linear_tree": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Focal()], ids=repr)
def test_intercept_is_in_the_model_of_every_kind_of_boosting(loss, settings):
    y, rows = target(loss), np.where(rng.random(X.shape) < 0.05, np.nan, X)
    sets = [(rows[VALID], y[VALID])]
    model = drop_in(loss, **settings).fit(rows[TRAIN], y[TRAIN], eval_set=sets)
    last = model.evals_result_["valid_0"][type(loss).__name__][-1]
    raw = raw_prediction(model, rows[VALID])
    assert last == pytest.approx(loss.mean_loss(y[VALID], raw), rel=1e-5)
    np.testing.assert_array_equal(model.booster_.predict(rows[VALID], raw_score=True), raw)


def test_no_feature_to_split():
    y = target(bl.Huber(1.0))
    model = drop_in(bl.Huber(1.0)).fit(np.ones((500, 2)), y)
    np.testing.assert_allclose(model.predict(X[:, :2]), bl.Huber(1.0).fit_intercept(y), rtol=1e-12)


@every_boosted_loss
def test_stops_early_by_the_loss(loss):
    y = target(loss)
    model = drop_in(loss, n_estimators=500, learning_rate=0.5, early_stopping_round=4)
    model.fit(
        X[TRAIN],
        y[TRAIN],
        eval_set=[(X[TRAIN], y[TRAIN]), (X[VALID], y[VALID])],
        eval_sample_weight=[None, WEIGHT[VALID]],
        eval_names=["train", "valid"],
        eval_metric=None,
    )
    name, log = type(loss).__name__, model.evals_result_
    assert list(log) == ["train", "valid"]
    assert list(log["valid"]) == [name]
    values = log["valid"][name]
    assert len(values) < 500
    raw = raw_prediction(model, X[VALID])
    best = model.best_score_["valid"][name]
    assert best == min(values) == values[model.best_iteration_ - 1]
    assert best == pytest.approx(loss.mean_loss(y[VALID], raw, WEIGHT[VALID]), rel=1e-5)


def test_callback_stops_early_and_own_metrics_stand():
    y, loss = target(bl.Huber(1.0)), bl.Huber(1.0)
    options = {"eval_set": [(X[VALID], y[VALID])]}
    stop = lgb.early_stopping(5, verbose=False)
    model = drop_in(loss, n_estimators=500).fit(X[TRAIN], y[TRAIN], callbacks=[stop], **options)
    assert 0 < model.best_iteration_ < 500
    model = drop_in(loss).fit(X[TRAIN], y[TRAIN], eval_metric="l1", **options)
    assert list(model.evals_result_["valid_0"]) == ["l1", "Huber"]
    error = np.abs(model.predict(X[VALID]) - y[VALID]).mean()
    assert model.evals_result_["valid_0"]["l1"][-1] == pytest.approx(error, rel=1e-5)
    for given, expected in [("l1,rmse", ["l1", "rmse"]), (["l1"], ["l1"]), ("None", [])]:
        model = drop_in(loss, metric=given).fit(X[TRAIN], y[TRAIN], **options)
        assert list(model.evals_result_.get("valid_0", [])) == expected
        assert model.get_params()["metric"] == given


def test_metrics_of_probabilities_as_in_the_parent():
    y, names = target(bl.Logistic()), ["auc", "logloss", "error"]
    score = np.full(500, bl.Logistic().fit_intercept(y[TRAIN]))
    scores = {"init_score": score[TRAIN], "eval_init_score": [score[VALID]]}
    options = {"eval_set": [(X[VALID], y[VALID])], "eval_metric": names}
    options["eval_sample_weight"] = [WEIGHT[VALID]]
    ours = drop_in(bl.Logistic()).fit(X[TRAIN], y[TRAIN], **options)
    theirs = lgb.LGBMClassifier(**FAST).fit(X[TRAIN], y[TRAIN], **options, **scores)
    for name, values in theirs.evals_result_["valid_0"].items():
        np.testing.assert_allclose(ours.evals_result_["valid_0"][name], values, rtol=1e-5)
    focal = drop_in(bl.Focal(), metric="binary_logloss").fit(X[TRAIN], y[TRAIN], **options)
    probability = focal.predict_proba(X[VALID])[:, 1]
    expected = bl.Logistic().mean_loss(y[VALID], bl.Logistic().link(probability), WEIGHT[VALID])
    assert focal.evals_result_["valid_0"]["binary_logloss"][-1] == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"metric must be a callable or one of .* got 'l2'"):
        drop_in(bl.Focal(), metric="l2").fit(X, y)


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Logistic()], ids=repr)
def test_given_start_is_the_parents(loss):
    y = target(loss)
    score = np.full(500, loss.fit_intercept(y)) + 0.1 * X[:, 2]
    options = {"init_score": score[TRAIN], "eval_init_score": [score[VALID]]}
    options["eval_set"] = [(X[VALID], y[VALID])]
    model = drop_in(loss).fit(X[TRAIN], y[TRAIN], **options)
    raw = score[VALID] + raw_prediction(model, X[VALID])
    last = model.evals_result_["valid_0"][type(loss).__name__][-1]
    assert last == pytest.approx(loss.mean_loss(y[VALID], raw), rel=1e-5)


@pytest.mark.parametrize("loss", BINARY, ids=repr)
@pytest.mark.parametrize("labels", [["no: []", "yes"], [-1, 1], [False, True], [0, 1]], ids=repr)
def test_probabilities_and_labels(loss, labels, tmp_path):
    y = np.array(labels)[target(loss).astype(int)]
    model = drop_in(loss, early_stopping_round=3)
    sets = {"eval_X": X[VALID], "eval_y": y[VALID]}
    if "eval_y" not in inspect.signature(model.fit).parameters:  # before LightGBM 4.7
        sets = {"eval_set": [(X[VALID], y[VALID])]}
    model.fit(X[TRAIN], y[TRAIN], **sets)
    probability = model.predict_proba(X)
    np.testing.assert_array_equal(model.classes_, labels)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(probability[:, 1], loss.inverse_link(raw_prediction(model, X)))
    predicted = model.predict(X)
    assert predicted.dtype == y.dtype
    np.testing.assert_array_equal(predicted == labels[1], probability[:, 1] > 0.5)
    np.testing.assert_array_equal(predicted == labels[1], model.decision_function(X) > 0)
    assert model.score(X[VALID], y[VALID]) > 0.75

    model.save_model(tmp_path / "model.txt")
    loaded = LGBMClassifier().load_model(tmp_path / "model.txt")
    assert loaded.objective == loaded.objective_ == loss
    np.testing.assert_array_equal(loaded.predict_proba(X), probability)
    np.testing.assert_array_equal(loaded.predict(X), predicted)


@pytest.mark.parametrize(
    "settings",
    [
        {"scale_pos_weight": 5.0},
        {"is_unbalance": True},
        {"class_weight": "balanced"},
        {"class_weight": {"a": 3.0, "b": 1.0}},
    ],
    ids=str,
)
@pytest.mark.parametrize("rare", [0, 1])
def test_class_weights_as_in_the_parent(settings, rare):
    loss, names = bl.Logistic(), np.array(["a", "b"])
    y = names[np.where(SIGNAL > 1.0, rare, 1 - rare)]
    options = {"sample_weight": WEIGHT, "init_score": np.full(500, 0.3)}
    ours = drop_in(loss, **settings).fit(X, y, **options)
    theirs = lgb.LGBMClassifier(**FAST, **settings).fit(X, y, **options)
    expected = raw_prediction(theirs, X)
    np.testing.assert_allclose(raw_prediction(ours, X), expected, rtol=1e-4, atol=1e-5)

    ratio = np.mean(y != "b") / np.mean(y == "b")
    factor = settings.get("scale_pos_weight", ratio)
    factor = 1 / 3 if isinstance(settings.get("class_weight"), dict) else factor
    stump = drop_in(loss, min_child_samples=500, **settings).fit(X, y, sample_weight=WEIGHT)
    constant = loss.fit_intercept(y == "b", WEIGHT * np.where(y == "b", factor, 1.0))
    np.testing.assert_allclose(raw_prediction(stump, X), constant, rtol=1e-6, atol=1e-9)


def test_fits_again_with_another_objective():
    y = target(bl.Focal())
    model = drop_in(bl.Focal()).fit(X, y)
    for objective in (bl.Logistic(), "binary"):
        model.set_params(objective=objective).fit(X, y)
        expected = clone(model).fit(X, y).predict_proba(X)
        np.testing.assert_array_equal(model.predict_proba(X), expected)
        assert model.objective_ == objective


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (drop_in(bl.Huber(1.0)), np.where(SIGNAL > 2, np.nan, SIGNAL), "must be finite, got nan"),
        (drop_in(bl.Huber(1.0)), np.column_stack([SIGNAL, SIGNAL]), "shape"),
        (drop_in(bl.Huber(1.0), boosting_type="rf"), SIGNAL, "boosting_type"),
        (LGBMRegressor(objective=bl.Logistic()), SIGNAL, "takes a regression loss"),
        (LGBMClassifier(objective=bl.Huber(1.0)), SIGNAL > 0, "takes a binary loss"),
        (drop_in(bl.Focal()), SIGNAL, "continuous"),
        (drop_in(bl.Focal(), scale_pos_weight=-1.0), SIGNAL > 0, "scale_pos_weight"),
        (drop_in(bl.Focal(), scale_pos_weight=2, is_unbalance=True), SIGNAL > 0, "exclude"),
    ],
)
def test_what_a_loss_cannot_do_is_said_before_training(model, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not model.__sklearn_is_fitted__()


def test_evaluation_targets_are_checked():
    y = target(bl.Huber(1.0))
    with pytest.raises(ValueError, match="must be finite"):
        drop_in(bl.Huber(1.0)).fit(X, y, eval_set=[(X, np.where(y > 100, np.inf, y))])


@pytest.mark.filterwarnings("ignore:Converting column-vector")  # LightGBM's, of one class
@pytest.mark.parametrize("label", [0, 3, "only"])
def test_a_single_class_is_as_good_as_sure(label):
    y = np.full(len(X), label)
    model = LGBMClassifier(objective=bl.Logistic(), n_estimators=3, verbose=-1).fit(X, y)
    assert model.classes_.tolist() == [label]
    assert set(model.predict(X)) == {label}
    np.testing.assert_allclose(model.predict_proba(X)[:, 0], 1.0, atol=1e-5)
    assert "\nobjective=binary" in model.booster_.model_to_string()


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_labels_that_are_missing(missing):
    labels = np.where(SIGNAL > 0.0, 1.0, missing)
    with pytest.raises(ValueError, match="Input y contains"):
        LGBMClassifier(objective=bl.Focal(), verbose=-1).fit(X, labels)


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Focal()], ids=repr)
def test_predictions_take_all_arguments_by_position(loss):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = drop_in(loss).fit(frame, (X[:, 0] > 0.0).astype(int))
    by_position = False, 0, None, False, False, True  # the last is validate_features
    np.testing.assert_array_equal(model.predict(frame, *by_position), model.predict(frame))
    for function in (model.predict, getattr(model, "predict_proba", model.predict)):
        with pytest.raises(lgb.basic.LightGBMError, match="Expected 'a' at position 0"):
            function(frame[list("dcba")], *by_position)
        with pytest.raises(TypeError, match="argument"):
            function(frame, *by_position, None)
