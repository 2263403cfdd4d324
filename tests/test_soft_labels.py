"""Soft labels, a probability for each class, in the estimators of XGBoost and LightGBM."""

import numpy as np
import pytest

import boostloss as bl
from tests.drop_in import drop_in, fit, raw_prediction
from tests.friedman import LABELS, STOP, TEST, TRAIN, X

HARD = np.unique(LABELS, return_inverse=True)[1]
SURE = np.eye(4)[HARD]
SOFT = 0.7 * SURE + 0.1 * np.roll(SURE, 1, axis=1) + 0.05
each_library = pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
each_loss = pytest.mark.parametrize(
    "loss", [bl.Logistic(), bl.Focal(1.0), bl.GeneralizedCrossEntropy(0.2)], ids=repr
)
pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")


@each_library
@each_loss
def test_labels_that_are_sure_are_hard_labels(library, loss):
    soft = fit(library, drop_in(library, loss), X[TRAIN], SURE[TRAIN])
    hard = fit(library, drop_in(library, loss), X[TRAIN], HARD[TRAIN])
    np.testing.assert_allclose(
        raw_prediction(library, soft, X), raw_prediction(library, hard, X), atol=1e-4
    )
    assert soft.classes_.tolist() == [0, 1, 2, 3]
    assert soft.predict(X[TEST]).shape == (200,)


@each_library
@each_loss
def test_probabilities_are_those_of_the_labels(library, loss):
    model = fit(library, drop_in(library, loss, rounds=60), X, SOFT)
    np.testing.assert_allclose(model.predict_proba(X).mean(axis=0), SOFT.mean(axis=0), atol=0.02)
    assert np.abs(model.predict_proba(X) - SOFT).mean() < 0.12
    assert model.predict_proba(X).max() < 0.95


@each_library
def test_rows_to_stop_by_have_hard_labels_and_weights_count(library):
    options = {"eval_set": [(X[STOP], HARD[STOP])]}
    model = drop_in(library, bl.Logistic(), rounds=300, stop=10)
    fit(library, model, X[TRAIN], SOFT[TRAIN], sample_weight=1.0 + HARD[TRAIN], **options)
    assert model.predict_proba(X[TEST]).shape == (200, 4)
    plain = fit(library, drop_in(library, bl.Logistic()), X, SOFT).predict_proba(X)
    heavy = fit(
        library, drop_in(library, bl.Logistic()), X, SOFT, sample_weight=1.0 + 9.0 * (HARD == 2)
    )
    assert heavy.predict_proba(X)[:, 2].mean() > plain[:, 2].mean() + 0.05


@each_library
def test_a_class_that_is_never_the_most_probable_is_one(library):
    soft = np.column_stack([0.8 * SURE + 0.03, np.full(len(X), 0.08)])
    model = fit(library, drop_in(library, bl.Logistic()), X, soft)
    assert model.predict_proba(X).shape == (900, 5)
    np.testing.assert_allclose(model.predict_proba(X)[:, 4].mean(), 0.08, atol=0.01)


@each_library
def test_what_is_no_probability_is_refused(library):
    for wrong, message in (
        (SOFT + 0.1, "sum to 1 in each row"),
        (np.where(SOFT > 0.5, 1.5, -0.1), "sum to 1 in each row"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(library, drop_in(library, bl.Logistic()), X, wrong)
    with pytest.raises(ValueError, match="a row for each of 4 classes, got 3 rows"):
        fit(library, drop_in(library, bl.Logistic()), X[:3], SOFT[:3])
    if library == "lightgbm":
        with pytest.raises(ValueError, match="class_weight must not be given with soft labels"):
            fit(library, drop_in(library, bl.Logistic(), class_weight="balanced"), X, SOFT)
