"""Labels of any type with the libraries' own objectives, so that these and ours share a grid."""

import pickle

import numpy as np
import pytest
import xgboost as xgb
from boosting import SIGNAL, X
from drop_in import drop_in, each_library, fit
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.xgboost import XGBClassifier

POSITIVE = SIGNAL > 1.0
LABELS = {
    "texts": np.array(["bad", "good"]),
    "objects": np.array(["bad", "good"], object),
    "signs": np.array([-1, 1]),
    "counts": np.array([1, 2]),
    "truths": np.array([False, True]),
    "numbers": np.array([0.0, 1.0]),
}
EVERY_LABEL = pytest.mark.parametrize("classes", LABELS.values(), ids=LABELS)
SETTINGS = {"n_estimators": 5, "max_depth": 2, "n_jobs": 1}


def own(library, **parameters):
    """The drop-in classifier with the objective that is the library's default for two classes."""
    model = drop_in(library, bl.Logistic(), **parameters)
    return model.set_params(
        **LIBRARIES[library].parameters(LIBRARIES[library].own_objectives["binary"][0])
    )


@each_library
@EVERY_LABEL
def test_own_objectives_take_any_two_labels(library, classes):
    y = classes[POSITIVE.astype(int)]
    model = fit(library, own(library), X, y)
    expected = fit(library, own(library), X, POSITIVE.astype(int))
    np.testing.assert_array_equal(model.classes_, classes)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), classes[expected.predict(X).astype(int)])
    assert model.score(X, y) == expected.score(X, POSITIVE.astype(int)) > 0.8
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(fit(library, clone(model), X, y).predict(X), model.predict(X))


@each_library
def test_own_objectives_and_ours_share_a_grid(library):
    y = LABELS["texts"][POSITIVE.astype(int)]
    objective, names = LIBRARIES[library].objective, LIBRARIES[library].own_objectives["binary"]
    grid = {objective: [*names, bl.Logistic(), bl.Focal()]}
    search = GridSearchCV(own(library), grid, cv=2, error_score="raise").fit(X, y)
    assert (search.cv_results_["mean_test_score"] > 0.7).all()
    assert set(search.predict(X)) == {"bad", "good"}


def test_xgboost_is_given_encoded_labels(tmp_path):
    classes = LABELS["texts"]
    y = classes[POSITIVE.astype(int)]
    model = XGBClassifier(**SETTINGS, early_stopping_rounds=3)
    model.fit(X, y, eval_set=[(X, y), (X[:200], y[:200])], verbose=False)
    plain = xgb.XGBClassifier(**SETTINGS, early_stopping_rounds=3)
    encoded = POSITIVE.astype(int)
    plain.fit(X, encoded, eval_set=[(X, encoded), (X[:200], encoded[:200])], verbose=False)
    assert model.evals_result() == plain.evals_result()
    np.testing.assert_array_equal(
        model.predict(X, output_margin=True), plain.predict(X, output_margin=True)
    )
    with pytest.raises(ValueError, match=r"eval_set\[0\] must hold the classes \['bad', 'good'\]"):
        model.fit(X, y, eval_set=[(X, encoded)], verbose=False)
    assert set(model.predict(X)) == set(classes)
    model.save_model(tmp_path / "model.json")
    loaded = XGBClassifier()
    loaded.load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.classes_.tolist() == classes.tolist()
    loaded.load_model(save(plain, tmp_path))
    assert loaded.classes_.tolist() == [0, 1]


def save(model, folder):
    model.save_model(folder / "plain.json")
    return folder / "plain.json"


def test_xgboost_forgets_the_labels_of_an_earlier_fit():
    y = LABELS["texts"][POSITIVE.astype(int)]
    first = XGBClassifier(**SETTINGS).fit(X, y)
    for objective in ("binary:logistic", bl.Logistic()):
        model = clone(first).set_params(objective=objective).fit(X, y)
        model.set_params(objective="binary:logistic").fit(
            X, POSITIVE, xgb_model=first.get_booster()
        )
        assert model.classes_.tolist() == [0, 1]
        assert set(model.predict(X)) == {0, 1}
        assert model.get_booster().attr("boostloss_classes") is None
    three = np.digitize(SIGNAL, [-1.0, 1.0])
    assert set(model.fit(X, three).predict(X)) == {0, 1, 2}
    with pytest.raises(ValueError, match=r"Expected: .0 1 2., got .'a' 'b' 'c'."):
        model.fit(X, np.array(list("abc"))[three])
    assert set(model.predict(X)) == {0, 1, 2}
    several = np.column_stack([POSITIVE, ~POSITIVE]).astype(int)
    parent = xgb.XGBClassifier(**SETTINGS).fit(X, several)
    ours = XGBClassifier(**SETTINGS).fit(X, several)
    np.testing.assert_array_equal(ours.predict(X), parent.predict(X))
