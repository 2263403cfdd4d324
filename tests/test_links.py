"""What is said and taken on the scale of predictions beside a loss with a link: scores, metrics and starts."""

import importlib

import catboost
import numpy as np
import pytest
import xgboost
from drop_in import drop_in, each_library, fit
from sklearn.metrics import mean_poisson_deviance, r2_score

import boostloss as bl

_rng = np.random.default_rng(0)
X = _rng.normal(size=(600, 4))
Y = _rng.poisson(np.exp(0.5 * X[:, 0] + 0.2)).astype(float)
WEIGHT = _rng.uniform(0.1, 3.0, 600)


@each_library
def test_score_is_of_predictions_and_weighs(library):
    y, weight = Y, WEIGHT
    model = fit(library, drop_in(library, bl.Poisson()), X, y)
    prediction = model.predict(X)
    assert model.score(X, y) == pytest.approx(r2_score(y, prediction))
    weighed = r2_score(y, prediction, sample_weight=weight)
    assert weighed != pytest.approx(r2_score(y, prediction), abs=1e-4)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(weighed)
    if library == "catboost":
        assert model.score(catboost.Pool(X, y)) == pytest.approx(r2_score(y, prediction))


@each_library
def test_a_loss_of_another_link_is_no_metric(library):
    y = Y
    name = "metric" if library == "lightgbm" else "eval_metric"
    for loss, other in ((bl.Poisson(), bl.SquaredError()), (bl.Huber(1.0), bl.Poisson())):
        made = importlib.import_module(f"boostloss.{library}").metric(other)
        for each in (other, made):
            options = {} if library == "lightgbm" else {name: each}
            model = drop_in(library, loss, **options)
            sets = {"eval_set": [(X, y)]} | ({"eval_metric": each} if not options else {})
            with pytest.raises(ValueError, match=f"{name} must not be .* which has another link"):
                fit(library, model, X, y, **sets)


@pytest.mark.parametrize("loss", [bl.Poisson(), bl.CrossEntropy()], ids=repr)
def test_base_score_of_xgboost_is_a_prediction(loss):
    y = Y
    y = y if loss.link_name == "log" else y / y.max()
    model = drop_in("xgboost", loss, rounds=1, learning_rate=1e-6, base_score=0.75).fit(X, y)
    np.testing.assert_allclose(model.predict(X), 0.75, rtol=1e-4)
    plain = model.get_booster().predict(xgboost.DMatrix(X))
    np.testing.assert_allclose(plain, 0.75, rtol=1e-4)
    assert model.get_params()["base_score"] == 0.75
    for wrong in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="base_score must be a number"):
            drop_in("xgboost", loss, base_score=wrong).fit(X, y)


def test_xgboost_evaluates_no_raw_predictions_beside_a_callable():
    model = drop_in("xgboost", bl.Poisson(), eval_metric=mean_poisson_deviance)
    y = Y
    (log,) = model.fit(X, y, eval_set=[(X, y)], verbose=False).evals_result().values()
    assert list(log) == ["mean_poisson_deviance"]
    reached = mean_poisson_deviance(y, model.predict(X))
    assert log["mean_poisson_deviance"][-1] == pytest.approx(reached, rel=1e-5)
