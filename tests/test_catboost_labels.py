"""CatBoost: labels under names of the user's, in searches and in files."""

import numpy as np
import pytest
from catboost_models import X, drop_in, raw_prediction, target

import boostloss as bl

RARE = target(bl.Logistic())


@pytest.mark.parametrize("labels", [int, float, bool, str])
@pytest.mark.parametrize("names", [[1, 0], [1.0, 0.0], ["1", "0"]], ids=str)
@pytest.mark.parametrize("params", [{}, {"auto_class_weights": "Balanced"}], ids=str)
@pytest.mark.parametrize("loss", [bl.Logistic(), bl.FBeta(2.0)], ids=repr)
def test_names_of_another_type_than_the_labels(loss, params, names, labels):
    model = drop_in(loss, class_names=names, **params).fit(X, RARE.astype(labels))
    expected = drop_in(loss, class_names=[1, 0], **params).fit(X, RARE)
    assert model.classes_.tolist() == names
    np.testing.assert_array_equal(raw_prediction(model), raw_prediction(expected))
    assert model.get_probability_threshold() == expected.get_probability_threshold()


@pytest.mark.parametrize("labels", [int, float])
def test_names_the_other_way_round_turn_the_scores(labels):
    model = drop_in(bl.Logistic(), class_names=[1, 0]).fit(X, RARE.astype(labels))
    usual = drop_in(bl.Logistic()).fit(X, RARE)
    np.testing.assert_allclose(raw_prediction(model), -raw_prediction(usual), rtol=1e-6)


def test_weights_of_classes_that_are_named_in_another_order():
    weights = {1: 3.0, 0: 1.0}  # by which CatBoost names the classes
    for loss in (bl.Logistic(), bl.FBeta(2.0)):
        model = drop_in(loss, class_weights=weights).fit(X, RARE.astype(float))
        named = drop_in(loss, class_names=[1.0, 0.0], class_weights=[3.0, 1.0])
        named.fit(X, RARE.astype(float))
        np.testing.assert_array_equal(raw_prediction(model), raw_prediction(named))
        assert model.get_probability_threshold() == named.get_probability_threshold()


def test_texts_are_not_compared_as_numbers():
    model = drop_in(bl.Logistic()).fit(X, np.where(RARE, "1", "01"))
    assert model.score(X, np.where(RARE, "1", "01")) > 0.8
    turned = drop_in(bl.Logistic(), class_names=["1", "01"]).fit(X, np.where(RARE, "1", "01"))
    np.testing.assert_allclose(
        turned.predict_proba(X)[:, 0], drop_in(bl.Logistic()).fit(X, RARE).predict_proba(X)[:, 1]
    )
