"""What CatBoost chooses for its own losses and not for a custom one, and what the drop-in makes of it."""

import catboost
import numpy as np
import pytest
from catboost_models import WRITE_NOTHING

import boostloss as bl
from boostloss.catboost import CatBoostClassifier, CatBoostRegressor

SETTINGS = {"iterations": 6, "depth": 2, "thread_count": 1} | WRITE_NOTHING
PAIRS = [
    (catboost.CatBoostRegressor, CatBoostRegressor, bl.Huber(1.0), "RMSE"),
    (catboost.CatBoostClassifier, CatBoostClassifier, bl.Focal(), "Logloss"),
]
EVERY_PAIR = pytest.mark.parametrize(
    ("parent", "ours", "loss", "own"), PAIRS, ids=["regression", "binary"]
)


class OneRound:
    """Stops at once, so that a fit may be of many rounds."""

    def after_iteration(self, info):
        return False


def rows(n, own):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, X[:, 0] if own == "RMSE" else np.where(X[:, 0] > 0.5, "good", "bad")


def rates(pair, n, options=None, **params):
    """The learning rates of the parent and of ours."""
    parent, ours, loss, own = pair
    X, y = rows(n, own)
    options = {"callbacks": [OneRound()]} | (options(X, y) if options else {})
    models = [
        kind(**SETTINGS | {"iterations": 300} | params, loss_function=given).fit(X, y, **options)
        for kind, given in ((parent, own), (ours, loss))
    ]
    return [model.get_all_params()["learning_rate"] for model in models]


@pytest.mark.parametrize("pair", PAIRS, ids=["regression", "binary"])
def test_the_learning_rate_is_what_catboost_chooses(pair):
    found = [rates(pair, n) for n in (60, 1000, 20_000)]
    assert all(parent == ours for parent, ours in found)
    assert len({ours for _, ours in found}) == 3
    for options in (
        lambda X, y: {"eval_set": (X[:50], y[:50])},
        lambda X, y: {"eval_set": (X[:1], y[:1])},  # of a single target, which does not count
        lambda X, y: {"eval_set": (X[:50], y[:50]), "use_best_model": False},
        lambda X, y: {"baseline": np.linspace(0.0, 1.0, len(y))},
    ):
        parent, ours = rates(pair, 200, options)
        assert parent == ours
    for params in (
        {"iterations": 900},
        {"learning_rate": 0.2},
        {"l2_leaf_reg": 2.0},
        {"leaf_estimation_iterations": 2},
        {"leaf_estimation_method": "Gradient"},
    ):
        parent, ours = rates(pair, 200, **params)
        assert parent == ours
    assert rates(pair, 200)[1] not in (0.03, rates(pair, 200, iterations=900)[1])


def test_a_fit_goes_on_at_the_rate_at_which_catboost_goes_on():
    X, y = rows(200, "RMSE")
    before = CatBoostRegressor(loss_function="RMSE", **SETTINGS).fit(X, y)
    parent, ours = rates(PAIRS[0], 200, lambda X, y: {"init_model": before})
    assert parent == ours != rates(PAIRS[0], 200)[1]


@EVERY_PAIR
def test_the_other_defaults_are_those_of_catboost(parent, ours, loss, own):
    """But for those that the documentation of the estimators names."""
    X, y = rows(200, own)
    names = {
        "loss_function",
        "eval_metric",
        "boost_from_average",
        "leaf_estimation_backtracking",
        "leaf_estimation_iterations",
    }
    for iterations in (6, 201):
        for options in ({}, {"eval_set": (X, y)}):
            first, second = (
                kind(**SETTINGS | {"iterations": iterations}, loss_function=given)
                .fit(X, y, **options, callbacks=[OneRound()])
                .get_all_params()
                for kind, given in ((parent, own), (ours, loss))
            )
            lost = {
                name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
            }
            assert lost <= names
            assert second["boost_from_average"] is False
            assert second["leaf_estimation_backtracking"] == "No"
            steps = {"RMSE": 1, "Logloss": 10}[own]
            assert second["leaf_estimation_iterations"] == steps
            assert first["leaf_estimation_iterations"] == (1 if iterations < 200 else steps)
    for name, value in [("boost_from_average", True), ("leaf_estimation_backtracking", "Armijo")]:
        with pytest.raises(catboost.CatBoostError):
            ours(**SETTINGS | {name: value}, loss_function=loss).fit(X, y)


def test_integers_next_to_the_largest_are_not_negative():
    """CatBoost's labels are float32, and 2^31 - 1 is 2^31 then: as an integer again it was -2^31."""
    y = np.zeros(14, np.int32)
    y[-1] = 2**31 - 1
    model = CatBoostRegressor(loss_function=bl.Huber(1.0), **SETTINGS)
    model.fit(np.arange(14.0)[:, None], y)
    assert model.get_scale_and_bias()[1] == pytest.approx(1 / 13, rel=1e-6)


def test_targets_of_another_precision_train_the_same_model():
    """CatBoost shows labels of extended precision as float32, beside those that it shows as they were given."""
    X = np.arange(8.0)[:, None]
    y = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -9.0, -8.228490486709298])
    found = [
        CatBoostRegressor(loss_function=bl.Quantile(0.1), **SETTINGS).fit(X, targets).predict(X)
        for targets in (y, y.astype(np.longdouble))
    ]
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Cauchy(), bl.Logistic()], ids=repr)
def test_catboost_itself_splits_off_rows_to_stop_by(loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    y = X[:, 0] if loss.task == "regression" else (X[:, 0] > 0.5).astype(int)
    ours = CatBoostRegressor if loss.task == "regression" else CatBoostClassifier
    weight = rng.integers(1, 4, 500)
    model = ours(loss_function=loss, eval_fraction=0.2, early_stopping_rounds=3, **SETTINGS)
    model.fit(X, y, sample_weight=weight)
    assert list(model.evals_result_) == ["learn", "validation"]
    start = np.full(500, loss.fit_intercept(y, weight))
    raw = model.predict(X, "RawFormulaVal")
    assert loss.mean_loss(y, raw, weight) < 0.95 * loss.mean_loss(y, start, weight)
