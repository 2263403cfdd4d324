"""CatBoost: the parameters that a model file holds are those of the user."""

import catboost
import numpy as np
import pytest
from catboost_models import FAST, SIGNAL, X, drop_in, raw_prediction, target
from sklearn.base import clone

import boostloss as bl
from boostloss.catboost import CatBoostClassifier


@pytest.mark.parametrize(
    "loss",
    [bl.Huber(1.0), bl.Cauchy(), bl.Normal(), bl.Quantile([0.1, 0.9]), bl.Focal(), bl.FBeta(2.0)],
    ids=repr,
)
def test_loaded_model_has_no_parameters_but_the_users(loss, tmp_path):
    y = target(loss) if loss.task == "binary" else SIGNAL + 1000.0
    eval_set = (X[600:], y[600:])
    model = drop_in(loss, learning_rate=None, iterations=40)
    model.fit(X[:600], y[:600], eval_set=eval_set)
    model.save_model(tmp_path / "model")
    loaded = type(model)().load_model(tmp_path / "model")
    assert {**loaded.get_params(), "loss_function": loss} == model.get_params()
    again = clone(loaded).fit(X[:600], y[:600], eval_set=eval_set)
    np.testing.assert_allclose(raw_prediction(again), raw_prediction(model), rtol=1e-9)
    assert again.tree_count_ == model.tree_count_


def test_loaded_classifier_is_fitted_to_other_labels(tmp_path):
    y = target(bl.Focal())
    model = drop_in(bl.Focal()).fit(X, np.where(y, "high", "usual"))
    model.save_model(tmp_path / "model")
    plain = catboost.CatBoostClassifier().load_model(tmp_path / "model")
    np.testing.assert_array_equal(
        plain.predict(X), np.where(raw_prediction(model) < 0.0, "high", "usual")
    )
    loaded = clone(CatBoostClassifier().load_model(tmp_path / "model")).fit(X, y)
    assert loaded.classes_.tolist() == [0, 1]


def test_parameters_of_every_kind_are_saved(tmp_path):
    params = {"class_weights": {"usual": 1, "high": np.float32(3.0)}, "random_state": np.int64(3)}
    params |= {"monotone_constraints": np.array([1, 0, 0, 0]), "eval_metric": bl.Logistic()}
    y = np.where(target(bl.Focal()), "high", "usual")
    drop_in(bl.Focal(), **params).fit(X, y).save_model(tmp_path / "model")
    found = CatBoostClassifier().load_model(tmp_path / "model").get_params()
    expected = {"class_names": ["usual", "high"], "class_weights": [1.0, 3.0], "random_seed": 3}
    expected |= {"monotone_constraints": [1, 0, 0, 0], "loss_function": bl.Focal()}
    assert found == expected | FAST
    many = np.digitize(SIGNAL, [-0.5, 0.5])
    model = drop_in(bl.Focal(), class_weights=[1.0, 2.0, 3.0], early_stopping_rounds=5)
    model.fit(X, many, eval_set=(X, many)).save_model(tmp_path / "model")
    found = CatBoostClassifier().load_model(tmp_path / "model").get_params()
    expected = {"class_weights": [1.0, 2.0, 3.0], "od_wait": 5, "loss_function": bl.Focal()}
    assert found == expected | FAST
