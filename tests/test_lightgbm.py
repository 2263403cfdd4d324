"""LightGBM: the loss in every slot of the plain library, and the metric."""

import warnings

import lightgbm as lgb
import numpy as np
import pytest
from boosting import TRAIN, VALID, WEIGHT, X, target
from cases import every_boosted_loss
from lightgbm_models import SETTINGS

import boostloss as bl
from boostloss.lightgbm import metric, objective

pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")

NATIVE = SETTINGS | {"num_threads": 1, "metric": "None"}
rng = np.random.default_rng(1)


def plain(loss, **params):
    kind = lgb.LGBMRegressor if loss.task == "regression" else lgb.LGBMClassifier
    return kind(objective=loss, n_estimators=8, n_jobs=1, **SETTINGS | params)


def start(loss, y, weight=None):
    """The best constant of some rows, for each of them."""
    return np.full(len(y), loss.fit_intercept(target(loss), weight))


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@every_boosted_loss
def test_loss_is_an_objective_of_every_api(loss, weight):
    y = target(loss)
    init_score = start(loss, y, weight)
    data = lgb.Dataset(X, y, weight=weight, init_score=init_score)
    booster = lgb.train(NATIVE | {"objective": objective(loss)}, data, 8)
    model = plain(loss).fit(X, y, sample_weight=weight, init_score=init_score)
    native = booster.predict(X)
    np.testing.assert_array_equal(model.predict(X, raw_score=True), native)
    share = 0.98 if isinstance(loss, bl.Tukey) else 0.9  # to whom most rows are far off
    before = loss.mean_loss(y, init_score, weight)
    assert loss.mean_loss(y, init_score + native, weight) < share * before


def test_weights_reach_the_objective():
    y, twice = target(bl.Huber(1.0)), np.repeat(np.arange(500), WEIGHT.astype(int))
    settings = {"min_child_samples": 1, "min_child_weight": 20.0}
    weighted = plain(bl.Huber(1.0), **settings).fit(X, y, WEIGHT, start(bl.Huber(1.0), y))
    repeated = plain(bl.Huber(1.0), **settings).fit(
        X[twice], y[twice], init_score=start(bl.Huber(1.0), twice)
    )
    error = weighted.predict(X) - repeated.predict(X)
    assert np.abs(error).mean() < 0.05  # the cuts between values differ a little
    assert np.ptp(weighted.predict(X)) > 1.0


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("loss", "own"), [(bl.SquaredError(), "regression"), (bl.Logistic(), "binary")], ids=repr
)
def test_parity_with_the_own_objective(loss, own, weight):
    y = target(loss)

    def fit(objective):
        data = lgb.Dataset(X, y, weight=weight, init_score=start(loss, y, weight))
        return lgb.train(NATIVE | {"objective": objective}, data, 30).predict(X, raw_score=True)

    np.testing.assert_allclose(fit(loss), fit(own), rtol=1e-4, atol=1e-5)


def test_cross_validation_stops_early():
    loss = bl.Huber(1.0)
    data = lgb.Dataset(X, target(loss), weight=WEIGHT, init_score=start(loss, X))
    log = lgb.cv(
        NATIVE | {"objective": loss, "early_stopping_round": 5},
        data,
        500,
        stratified=False,
        feval=metric(loss),
    )
    mean = log["valid Huber-mean"]
    assert len(mean) < 500
    assert np.argmin(mean) == len(mean) - 1
    assert mean[-1] < 0.5 * mean[0]


def test_far_start_warns_once():
    loss = bl.Huber(1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        plain(loss).fit(X, target(loss))
    (warning,) = caught
    assert "boostloss.lightgbm" in str(warning.message)
    assert f"init_score={loss.fit_intercept(target(loss)):.6g}" in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize("weight", [None, WEIGHT[VALID]], ids=["unweighted", "weighted"])
@every_boosted_loss
def test_metric_is_the_mean_loss_in_both_apis(loss, weight):
    y = target(loss)
    scores = start(loss, y)
    train = lgb.Dataset(X[TRAIN], y[TRAIN], init_score=scores[TRAIN])
    valid = train.create_valid(X[VALID], y[VALID], weight=weight, init_score=scores[VALID])
    log = {}
    booster = lgb.train(
        NATIVE | {"objective": loss},
        train,
        8,
        valid_sets=[valid],
        feval=metric(loss),
        callbacks=[lgb.record_evaluation(log)],
    )
    name = type(loss).__name__
    expected = loss.mean_loss(y[VALID], scores[VALID] + booster.predict(X[VALID]), weight)
    assert log["valid_0"][name][-1] == pytest.approx(expected, rel=1e-5)

    model = plain(loss, metric="None").fit(
        X[TRAIN],
        y[TRAIN],
        init_score=scores[TRAIN],
        eval_set=[(X[VALID], y[VALID])],
        eval_sample_weight=[weight],
        eval_init_score=[scores[VALID]],
        eval_metric=metric(loss),
    )
    assert model.evals_result_["valid_0"] == log["valid_0"]


def test_metric_stops_early_in_the_plain_estimator():
    loss, y = bl.Focal(), target(bl.Focal())
    model = plain(loss, metric="None", learning_rate=0.5).set_params(n_estimators=500)
    model.fit(
        X[TRAIN],
        y[TRAIN],
        eval_set=[(X[VALID], y[VALID])],
        eval_metric=metric(loss),
        callbacks=[lgb.early_stopping(5, verbose=False)],
    )
    values = model.evals_result_["valid_0"]["Focal"]
    assert np.argmin(values) + 1 == model.best_iteration_ == len(values) - 5
    assert values[model.best_iteration_ - 1] < values[0]


@pytest.mark.parametrize("make", [metric, objective])
def test_only_a_loss_is_taken(make):
    with pytest.raises(TypeError, match="loss must be a Loss"):
        make("huber")
