"""XGBoost: the loss in every slot, the metric, and the estimators."""

import warnings

import numpy as np
import pytest
import xgboost as xgb
from boosting import TRAIN, VALID, numbers
from cases import every_boosted_loss
from scipy.special import expit
from sklearn.base import clone

import boostloss as bl
from boostloss.xgboost import XGBClassifier, XGBRegressor, metric, objective

FAST = {"n_estimators": 8, "max_depth": 3, "n_jobs": 1}
PARAMS = {"max_depth": 3, "nthread": 1}

rng = np.random.default_rng(0)
X = rng.integers(0, 50, (500, 4)).astype(
    np.float32
)  # few values, so that every DMatrix has the same cuts
SIGNAL = X[:, 0] / 10 + np.sin(X[:, 1]) + rng.normal(0, 0.3, 500)
WEIGHT = rng.integers(1, 4, 500).astype(np.float32)


def target(loss):
    """Numbers far from XGBoost's start of 0.5, or a rare class."""
    return numbers(loss, SIGNAL) if loss.task == "regression" else (SIGNAL > 4.0).astype(float)


def drop_in(loss, **params):
    return (XGBRegressor if loss.task == "regression" else XGBClassifier)(
        objective=loss, **FAST | params
    )


def raw_prediction(model, rows):
    return model.predict(rows, output_margin=True)


def start_of(loss, weight=None):
    """The native parameters that start from the best constant."""
    constant = loss.fit_intercept(target(loss), weight)
    if loss.task == "regression":
        return {"base_score": constant}
    return {"objective": "binary:logistic", "base_score": float(expit(constant))}


class Batches(xgb.DataIter):
    def __init__(self, y, weight, folder):
        self.y, self.weight, self.position = y, weight, 0
        super().__init__(cache_prefix=str(folder / "cache"))

    def next(self, input_data):
        if self.position == len(self.y):
            return False
        rows = slice(self.position, self.position + 100)
        weight = None if self.weight is None else self.weight[rows]
        input_data(data=X[rows], label=self.y[rows], weight=weight)
        self.position += 100
        return True

    def reset(self):
        self.position = 0


# ------------------------------------------------------------------------------ objective


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@every_boosted_loss
def test_loss_is_an_objective_of_every_api(loss, weight, tmp_path):
    y, start = target(loss), start_of(loss, weight)
    matrices = {
        "DMatrix": xgb.DMatrix(X, y, weight=weight),
        "QuantileDMatrix": xgb.QuantileDMatrix(X, y, weight=weight),
        "external memory": xgb.DMatrix(Batches(y, weight, tmp_path)),
        "external quantiles": xgb.ExtMemQuantileDMatrix(Batches(y, weight, tmp_path), nthread=1),
    }
    raw = {
        name: xgb.train(PARAMS | start, matrix, 8, obj=loss).predict(
            xgb.DMatrix(X), output_margin=True
        )
        for name, matrix in matrices.items()
    }
    plain = xgb.XGBRegressor if loss.task == "regression" else xgb.XGBClassifier
    model = plain(objective=loss, base_score=start["base_score"], **FAST)
    raw["estimator"] = raw_prediction(model.fit(X, y, sample_weight=weight), X)
    raw["drop-in"] = raw_prediction(drop_in(loss).fit(X, y, sample_weight=weight), X)
    assert np.ptp(raw["DMatrix"]) > 0.05
    for name, prediction in raw.items():
        np.testing.assert_allclose(prediction, raw["DMatrix"], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("loss", "own"),
    [(bl.SquaredError(), "reg:squarederror"), (bl.Logistic(), "binary:logistic")],
    ids=repr,
)
def test_parity_with_the_own_objective(loss, own, weight):
    data = xgb.DMatrix(X, target(loss), weight=weight)
    params = PARAMS | start_of(loss, weight) | {"objective": own}
    ours, theirs = xgb.train(params, data, 30, obj=loss), xgb.train(params, data, 30)
    np.testing.assert_allclose(ours.predict(data), theirs.predict(data), rtol=1e-5)


def test_scale_pos_weight_as_of_the_parent():
    y, params = target(bl.Logistic()), FAST | {"scale_pos_weight": 5.0, "base_score": 0.3}
    ours = XGBClassifier(objective=bl.Logistic(), **params).fit(X, y, sample_weight=WEIGHT)
    theirs = xgb.XGBClassifier(**params).fit(X, y, sample_weight=WEIGHT)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4)
    native = xgb.train(
        PARAMS | {"objective": "binary:logistic", "base_score": 0.3},
        xgb.DMatrix(X, y, weight=WEIGHT),
        8,
        obj=objective(bl.Logistic(), scale_pos_weight=5.0),
    )
    np.testing.assert_allclose(
        native.predict(xgb.DMatrix(X)), ours.predict_proba(X)[:, 1], rtol=1e-4
    )


def test_scale_pos_weight_moves_the_intercept():
    y = target(bl.Focal())
    start = drop_in(bl.Focal(), scale_pos_weight=3.0, n_estimators=0).fit(X, y)
    constant = bl.Focal().fit_intercept(y, np.where(y == 1, 3.0, 1.0))
    np.testing.assert_allclose(raw_prediction(start, X), constant, rtol=1e-5)


def test_cross_validation():
    loss = bl.Huber(1.0)
    params = PARAMS | start_of(loss) | {"disable_default_eval_metric": True}
    data = xgb.DMatrix(X, target(loss), weight=WEIGHT)
    table = xgb.cv(
        params, data, 50, obj=loss, custom_metric=metric(loss), early_stopping_rounds=3, seed=0
    )
    assert list(table) == [
        "train-Huber-mean",
        "train-Huber-std",
        "test-Huber-mean",
        "test-Huber-std",
    ]
    assert table["test-Huber-mean"].idxmin() == len(table) - 1
    assert table["test-Huber-mean"].iloc[-1] < 0.5 * table["test-Huber-mean"].iloc[0]


def test_plain_estimators_refuse_what_a_loss_cannot_do():
    three = np.digitize(SIGNAL, [2, 4])
    with pytest.raises(ValueError, match=r"must be 0 or 1, got 2\.0"):
        xgb.train(PARAMS, xgb.DMatrix(X, three), 3, obj=bl.Focal())
    with pytest.raises(ValueError, match="one prediction per row"):
        xgb.XGBRegressor(objective=bl.Huber(1.0), **FAST).fit(X, np.column_stack([SIGNAL, SIGNAL]))
    with pytest.raises(TypeError, match="must be a Loss"):
        objective("Huber")


@pytest.mark.parametrize("fit", [xgb.XGBRegressor, XGBRegressor], ids=["plain", "drop-in"])
def test_far_start_warns_once_and_in_the_plain_estimator_only(fit):
    loss = bl.Huber(1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        fit(objective=loss, **FAST).fit(X, target(loss))
    assert len(caught) == (1 if fit is xgb.XGBRegressor else 0)
    for warning in caught:
        assert "boostloss.xgboost" in str(warning.message)
        assert f"base_score={loss.fit_intercept(target(loss)):.6g}" in str(warning.message)
        assert warning.filename == __file__


def test_the_base_score_that_the_warning_names_starts_from_the_best_constant():
    loss, y = bl.Focal(alpha=0.9), (SIGNAL > 6).astype(float)
    with pytest.warns(UserWarning, match="best constant") as caught:
        xgb.XGBClassifier(objective=loss, **FAST).fit(X, y)
    base_score = float(str(caught[0].message).partition("base_score=")[2].partition(" ")[0])
    model = xgb.XGBClassifier(objective=loss, base_score=base_score, n_estimators=0).fit(X, y)
    np.testing.assert_allclose(raw_prediction(model, X), loss.fit_intercept(y), rtol=1e-4)


# --------------------------------------------------------------------------------- metric


@pytest.mark.parametrize("weight", [None, WEIGHT[VALID]], ids=["unweighted", "weighted"])
@every_boosted_loss
def test_metric_is_the_mean_loss_in_both_apis(loss, weight):
    y, start = target(loss), start_of(loss)
    train = xgb.DMatrix(X[TRAIN], y[TRAIN])
    valid = xgb.DMatrix(X[VALID], y[VALID], weight=weight)
    native: dict = {}
    booster = xgb.train(
        PARAMS | start,
        train,
        8,
        obj=loss,
        custom_metric=metric(loss),
        evals=[(valid, "validation_0")],
        evals_result=native,
        verbose_eval=False,
    )
    name = type(loss).__name__
    raw = booster.predict(valid, output_margin=True)
    expected = loss.mean_loss(y[VALID], raw, weight)
    assert native["validation_0"][name][-1] == pytest.approx(expected, abs=1e-6)

    plain = xgb.XGBRegressor if loss.task == "regression" else xgb.XGBClassifier
    model = plain(objective=loss, eval_metric=metric(loss), base_score=start["base_score"], **FAST)
    model = clone(model).fit(
        X[TRAIN],
        y[TRAIN],
        eval_set=[(X[VALID], y[VALID])],
        sample_weight_eval_set=[weight],
        verbose=False,
    )
    assert model.evals_result()["validation_0"][name][-1] == pytest.approx(expected, abs=1e-6)


TINY = bl.Huber(delta=1e-3)  # the loss of a target in units of 1e-3 is of the order of 1e-7


def fit_tiny(model):
    y = 1e-3 * SIGNAL
    model.set_params(n_estimators=500, learning_rate=0.3, early_stopping_rounds=5)
    model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])], verbose=False)
    exact = [
        TINY.mean_loss(y[VALID], model.predict(X[VALID], iteration_range=(0, i + 1)))
        for i in range(model.best_iteration + 6)
    ]
    return model, exact


def test_six_decimals_warn_in_the_plain_estimator():
    model = xgb.XGBRegressor(objective=TINY, eval_metric=metric(TINY), base_score=2.5e-3, **FAST)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        fit_tiny(model)
    (warning,) = caught
    assert "six decimals" in str(warning.message)
    assert warning.filename == __file__


def test_factor_brings_the_decimals_back():
    scaled = metric(TINY, factor=1e10)
    model = xgb.XGBRegressor(objective=TINY, eval_metric=scaled, base_score=2.5e-3, **FAST)
    model, exact = fit_tiny(model)
    log = model.evals_result()["validation_0"]["Huber*1e+10"]
    np.testing.assert_allclose(log, 1e10 * np.array(exact), rtol=1e-5)
    assert 0 < model.best_iteration == np.argmin(exact)


def test_drop_in_keeps_all_decimals():
    model, exact = fit_tiny(XGBRegressor(objective=TINY, **FAST))
    assert list(model.evals_result()["validation_0"]) == ["Huber"]
    np.testing.assert_allclose(model.evals_result()["validation_0"]["Huber"], exact, rtol=1e-5)
    assert 0 < model.best_iteration == np.argmin(exact)
    assert model.best_score == min(model.evals_result()["validation_0"]["Huber"])


def test_callbacks_of_the_user_see_all_decimals():
    stop = xgb.callback.EarlyStopping(rounds=5, save_best=True)
    y, model = 1e-3 * SIGNAL, XGBRegressor(objective=TINY, callbacks=[stop], **FAST)
    model.set_params(n_estimators=500, learning_rate=0.3)
    model.fit(X[TRAIN], y[TRAIN], eval_set=[(X[VALID], y[VALID])], verbose=False)
    log = model.evals_result()["validation_0"]["Huber"]
    assert 0 < model.best_iteration == np.argmin(log) == len(log) - 6
    assert model.get_booster().num_boosted_rounds() == model.best_iteration + 1
