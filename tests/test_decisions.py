"""Decisions of least expected cost."""

import inspect

import numpy as np
import pytest
from drop_in import drop_in, each_library, fit
from friedman import LABELS, TEST, TRAIN, X
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

COST = np.array(
    [[0.0, 1.0, 2.0, 30.0], [3.0, 0.0, 1.0, 1.0], [1.0, 1.0, -1.0, 2.0], [9.0, 2.0, 1.0, 0.0]]
)
NAMES = np.array(["d", "a", "c", "b"])[np.unique(LABELS, return_inverse=True)[1]]
TWO = np.where(np.isin(NAMES, ["a", "b"]), "no", "yes")


@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal(1.0)], ids=repr)
@each_library
def test_the_cheapest_class_is_predicted(library, loss):
    model = fit(library, drop_in(library, loss), X[TRAIN], NAMES[TRAIN])
    p = model.predict_proba(X[TEST])
    by_hand = [min(range(4), key=lambda j: sum(row[i] * COST[i, j] for i in range(4))) for row in p]
    found = model.predict(X[TEST], cost=COST)
    assert found.tolist() == model.classes_[by_hand].tolist()
    assert found.tolist() != np.ravel(model.predict(X[TEST])).tolist()
    equal = model.predict(X[TEST], cost=1.0 - np.eye(4))
    assert equal.tolist() == np.ravel(model.predict(X[TEST])).tolist()
    assert model.predict(X[TEST], cost=np.array([COST] * 200)).tolist() == found.tolist()


@each_library
def test_rows_may_have_costs_of_their_own(library):
    model = fit(library, drop_in(library, bl.Logistic()), X[TRAIN], TWO[TRAIN])
    p = model.predict_proba(X[TEST])
    amount = np.random.default_rng(0).lognormal(size=200)
    cost = np.zeros((200, 2, 2))
    cost[:, 0, 1], cost[:, 1, 0] = 1.0, amount
    expected = np.where(p[:, 1] * amount > p[:, 0], "yes", "no")
    assert model.predict(X[TEST], cost=cost).tolist() == expected.tolist()


@each_library
def test_objectives_of_the_libraries_decide_by_cost_too(library):
    record = LIBRARIES[library]
    kind = record.estimator("binary", False)
    model = kind(**{record.rounds: 5} | record.settings)
    fit(library, model, X[TRAIN], TWO[TRAIN])
    p = model.predict_proba(X[TEST])[:, 1]
    found = model.predict(X[TEST], cost=[[0, 1], [4, 0]])
    assert found.tolist() == np.where(4 * p > 1 - p, "yes", "no").tolist()


@each_library
def test_other_arguments_and_pipelines(library):
    rounds = {"xgboost": {"iteration_range": (0, 2)}, "lightgbm": {"num_iteration": 2}}
    few = rounds.get(library, {"ntree_end": 2})
    model = fit(library, drop_in(library, bl.Logistic()), X[TRAIN], NAMES[TRAIN])
    p = model.predict_proba(X[TEST], **few)
    found = model.predict(X[TEST], cost=COST, **few)
    assert found.tolist() == model.classes_[(p @ COST).argmin(axis=1)].tolist()
    assert "cost" in inspect.signature(model.predict).parameters
    assert "cost : array-like" in inspect.getdoc(type(model).predict)
    pipe = make_pipeline(StandardScaler(), model).fit(X[TRAIN], NAMES[TRAIN])
    assert pipe.predict(X[TEST], cost=COST).shape == (200,)


def test_defaults_and_further_arguments_pass():
    model = fit("lightgbm", drop_in("lightgbm", bl.Logistic()), X[TRAIN], NAMES[TRAIN])
    expected = model.predict(X[TEST], cost=COST).tolist()
    assert model.predict(X[TEST], cost=COST, raw_score=False, num_threads=1).tolist() == expected
    model = fit("catboost", drop_in("catboost", bl.Logistic()), X[TRAIN], NAMES[TRAIN])
    expected = model.predict(X[TEST], cost=COST)
    assert model.predict(X[TEST], "Class", cost=COST).tolist() == expected.tolist()
    assert model.predict(X[TEST][0], cost=COST) == expected[0]


@each_library
def test_what_is_no_cost_is_refused(library):
    model = fit(library, drop_in(library, bl.Logistic()), X[TRAIN], NAMES[TRAIN])
    for cost, message in (
        (
            COST[:3],
            r"cost must have shape \(4, 4\) for 4 classes, or \(200, 4, 4\) .* got shape \(3, 4\)",
        ),
        (np.where(COST == 30.0, np.nan, COST), "cost must hold finite numbers, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(X[TEST], cost=cost)
    raw = LIBRARIES[library].raw_prediction
    with pytest.raises(ValueError, match=f"{next(iter(raw))} must not be given with cost"):
        model.predict(X[TEST], cost=COST, **raw)
    for wrong in ([np.nan, 1.0], [-3.0, 4.0], [0.9, 0.3]):
        with pytest.raises(ValueError, match="probabilities that sum to 1 in each row, got"):
            bl.expected_cost([wrong], [[0, 1], [1, 0]])
    with pytest.raises(TypeError, match="cost must hold integers, floats or booleans"):
        bl.expected_cost([[0.5, 0.5]], [["0", "1"], ["1", "0"]])
