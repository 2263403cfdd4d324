"""What is said and taken on the scale of predictions beside a loss with a link: scores, metrics and starts."""

import importlib

import catboost
import lightgbm
import numpy as np
import pytest
import xgboost
from drop_in import drop_in, each_library, fit
from sklearn.metrics import mean_poisson_deviance, r2_score

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

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


OF_OTHERS = {  # objectives of the libraries, and their links
    "xgboost": {"count:poisson": "log", "reg:logistic": "logit", "reg:absoluteerror": "identity"},
    "lightgbm": {"poisson": "log", "cross_entropy": "logit", "regression": "identity"},
    "catboost": {"Poisson": "log", "CrossEntropy": "logit", "RMSE": "identity"},
}
SHARES = Y / Y.max()


@each_library
def test_training_goes_on_from_models_of_the_same_link_alone(library, tmp_path):
    name = LIBRARIES[library].continue_from
    own = [drop_in(library, text, own=True, rounds=2) for text in OF_OTHERS[library]]
    ours = [
        drop_in(library, loss, rounds=2)
        for loss in (bl.Poisson(), bl.CrossEntropy(), bl.Huber(1.0))
    ]
    links = [*OF_OTHERS[library].values(), "log", "logit", "identity"]
    if library == "catboost":  # its regressor takes no cross-entropy
        own, links = own[::2] + ours, links[::2][:2] + links[3:]
    else:
        own += ours
    assert len(own) == len(links)
    for place, (model, link) in enumerate(zip(own, links, strict=True)):
        fit(library, model, X, SHARES)
        path = tmp_path / f"{place}.json"
        model.save_model(path) if hasattr(model, "save_model") else model.booster_.save_model(path)
        for loss in (bl.Gamma(), bl.KLDivergence(), bl.Fair()):
            y = SHARES + 0.1 if isinstance(loss, bl.Gamma) else SHARES
            for before in (model, str(path)) if library != "catboost" else (model,):
                goes_on = drop_in(library, loss, rounds=2)
                if link == loss.link_name:
                    fit(library, goes_on, X, y, **{name: before})
                else:
                    with pytest.raises(
                        ValueError, match=f"{name} must be .* {link} link: give raw"
                    ):
                        fit(library, goes_on, X, y, **{name: before})


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Huber(), bl.Poisson()], ids=repr)
def test_catboost_goes_on_with_the_targets_and_weights_that_are_given(loss):
    first = fit("catboost", drop_in("catboost", loss, rounds=5), X, Y)
    weight = np.where(X[:, 0] > 0.0, 1.0, 1e-6)
    found = []
    for before in (first, first.copy()):  # CatBoost's own estimators go on with those of the first
        model = drop_in("catboost", loss, rounds=40, learning_rate=0.3)
        fit("catboost", model, X, Y + 50.0, sample_weight=weight, init_model=before)
        found.append(model.predict(X))
    np.testing.assert_array_equal(*found)
    assert abs(np.average(found[0] - Y - 50.0, weights=weight)) < 3.0


@each_library
def test_a_model_of_labels_is_a_model_of_their_logit(library):
    name = LIBRARIES[library].continue_from
    labels = drop_in(library, bl.Logistic(), rounds=2)
    fit(library, labels, X, (Y > 0).astype(int))
    for loss in (bl.Poisson(), bl.Huber(1.0)):
        with pytest.raises(ValueError, match=f"{name} must be .* the logit link: give raw"):
            fit(library, drop_in(library, loss, rounds=2), X, SHARES, **{name: labels})
    fit(library, drop_in(library, bl.CrossEntropy(), rounds=2), X, SHARES, **{name: labels})


def test_training_goes_on_from_models_that_say_nothing_of_their_link():
    table = xgboost.DMatrix(X, Y)
    before = xgboost.train({"base_score": 0.0}, table, 3, obj=bl.Poisson())
    drop_in("xgboost", bl.Poisson()).fit(X, Y, xgb_model=before)
    rounds = {"iterations": 2, "verbose": False, "allow_writing_files": False}
    parts = [catboost.CatBoostRegressor(**rounds).fit(X, Y * factor) for factor in (1.0, 2.0)]
    both = catboost.sum_models(parts)
    fit("catboost", drop_in("catboost", bl.Huber(1.0)), X, Y, init_model=both)


def test_links_of_ones_own_are_told_apart():
    @bl.loss(inverse_link=lambda raw: np.log1p(np.exp(raw)))
    def softplus_cost(target, prediction):
        return (target - prediction) ** 2

    @bl.loss(inverse_link=lambda raw: raw**3 + raw)
    def cubic_cost(target, prediction):
        return (target - prediction) ** 2

    before = drop_in("xgboost", softplus_cost()).fit(X, Y + 1.0)
    drop_in("xgboost", softplus_cost()).fit(X, Y + 1.0, xgb_model=before)
    with pytest.raises(
        ValueError, match=r"the raw predictions of cubic_cost\(\), got one of softplus_cost"
    ):
        drop_in("xgboost", cubic_cost()).fit(X, Y + 1.0, xgb_model=before)
    with pytest.raises(ValueError, match=r"the log link, got one with a link of its own"):
        drop_in("xgboost", bl.Poisson()).fit(X, Y + 1.0, xgb_model=before)


def test_training_goes_on_from_lightgbm_models_of_unknown_link():
    own = lightgbm.LGBMRegressor(objective=lambda y, f: (np.exp(f) - y, np.exp(f)), n_estimators=2)
    before = own.set_params(verbosity=-1).fit(X, Y)
    assert drop_in("lightgbm", bl.Poisson()).fit(X, Y, init_model=before).booster_.num_trees() == 10


@each_library
def test_starts_on_the_scale_of_predictions_that_overflow_are_refused(library):
    start = {"xgboost": "base_margin", "lightgbm": "init_score", "catboost": "baseline"}[library]
    for loss, raw in ((bl.Poisson(), 800.0), (bl.Linex(2.0), 1e3)):
        given = np.where(np.arange(len(X)) == 7, raw, 0.0)
        with pytest.raises(ValueError, match=r"raw predictions must be .* got .*in row 7"):
            fit(library, drop_in(library, loss), X, Y, **{start: given})
        assert np.isfinite(fit(library, drop_in(library, loss), X, Y).predict(X)).all()


def test_targets_whose_mean_xgboost_cannot_keep_are_refused():
    with pytest.raises(ValueError, match=r"y must have a mean from 1\.2e-38 to 3\.4e38"):
        drop_in("xgboost", bl.Gamma()).fit(X, 1e-41 * np.exp(X[:, 0]))
