"""The estimators for Dask train what those of one machine train, wherever the rows lie."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from own_losses import exponential, overstock

import boostloss as bl
from boostloss import lightgbm as lgb_one
from boostloss import xgboost as xgb_one

pytest.importorskip("distributed")

from dask import array as da
from dask import dataframe as dd
from dask_clusters import (
    COUNTS,
    KIND,
    LABEL,
    LGB,
    MARKS,
    SIZES,
    WEIGHT,
    XGB,
    N,
    X,
    Y,
    cluster,
    parts,
    train,
)
from xgboost import dask as dxgb

from boostloss.boosting.workers import SharedObjective
from boostloss.boosting.xgboost_columns import Lent
from boostloss.dask import (
    DaskLGBMClassifier,
    DaskLGBMRegressor,
    DaskXGBClassifier,
    DaskXGBRegressor,
)
from boostloss.dask import target as all_rows

pytestmark = MARKS


@pytest.fixture(scope="module")
def four():
    with cluster(4) as client:
        yield client


LOSSES = [
    bl.Huber(2.0),
    bl.Huber(),
    bl.Quantile(0.9),
    overstock(),
    bl.Cauchy(),
    bl.Welsch(graduated=True),
    bl.EpsilonInsensitive(),
    bl.GHMR(2.0),
    bl.Expectile(0.9),
    bl.Quantile([0.1, 0.5, 0.9]),
    bl.Normal(),
    bl.GammaDistribution(),
    exponential(),
    bl.Poisson(),
]


CASES = [(loss, WEIGHT) for loss in LOSSES] + [(loss, None) for loss in LOSSES[:3]]


@pytest.mark.parametrize(("loss", "weight"), CASES, ids=str)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_four_workers_train_as_one_machine(library, loss, weight, four):
    y = COUNTS if isinstance(loss, bl.Poisson) else Y
    # Rows to stop by: else a distribution alone holds rows out, to judge its scales.
    if library == "xgboost":
        options = {"eval_set": [(X, y)], "verbose": False}
        one = xgb_one.XGBRegressor(objective=loss, **XGB)
        several = DaskXGBRegressor(objective=loss, **XGB)
    else:
        options = {"eval_X": X.copy(), "eval_y": y}
        one = lgb_one.LGBMRegressor(objective=loss, **LGB)
        several = DaskLGBMRegressor(objective=loss, **LGB)
    one.fit(X, y, sample_weight=weight, **options)
    weights = None if weight is None else parts(weight)
    train(several, parts(X), parts(y), sample_weight=weights)
    full = da.from_array(X, chunks=(500, 4))
    found = several.predict(full).compute()
    assert found.shape == one.predict(X).shape
    np.testing.assert_allclose(found, one.predict(X), rtol=2e-5)
    assert several.loss_ == loss
    if hasattr(one, "adaptation_"):
        for name, values in one.adaptation_.items():
            np.testing.assert_allclose(several.adaptation_[name], values, rtol=1e-6)


def test_rows_beyond_the_sample_that_smooths_are_those_of_one_machine(four):
    rng = np.random.default_rng(1)
    X = rng.integers(0, 8, (20_000, 3)).astype(float)
    y = X.sum(axis=1) + rng.exponential(2.0, 20_000)
    sizes = (9000, 500, 6500, 4000)
    for loss in (bl.Quantile(0.9), bl.Cauchy()):
        one = xgb_one.XGBRegressor(objective=loss, **XGB).fit(X, y)
        several = train(DaskXGBRegressor(objective=loss, **XGB), parts(X, sizes), parts(y, sizes))
        found = several.predict(parts(X, sizes)).compute()
        np.testing.assert_allclose(found, one.predict(X), rtol=2e-5)


FEW = [
    (bl.Huber(), Y, None),
    (bl.Quantile(0.3), Y, WEIGHT),
    (bl.Quantile([0.1, 0.5, 0.9]), Y, WEIGHT),
    (bl.Focal(2.0), LABEL, WEIGHT),
    (bl.Logistic(), KIND, None),
]


@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_fewer_workers_do_too(library, n_workers):
    kinds = {
        "xgboost": (
            (xgb_one.XGBRegressor, DaskXGBRegressor, XGB),
            (xgb_one.XGBClassifier, DaskXGBClassifier, XGB),
        ),
        "lightgbm": (
            (lgb_one.LGBMRegressor, DaskLGBMRegressor, LGB),
            (lgb_one.LGBMClassifier, DaskLGBMClassifier, LGB | {"min_child_weight": 1.0}),
        ),
    }[library]
    with cluster(n_workers):
        for loss, y, weight in FEW:
            kind, several, options = kinds[loss.task == "binary"]
            one = kind(objective=loss, **options).fit(X, y, sample_weight=weight)
            weights = None if weight is None else parts(weight)
            model = several(objective=loss, **options)
            train(model, parts(X), parts(y), sample_weight=weights)
            if library == "xgboost":
                local = kind()
                local.load_model(model.get_booster().save_raw("json"))
            else:
                local = model.to_local()
            assert type(local) is kind
            assert local.loss_ == loss
            predict = "predict" if loss.task == "regression" else "predict_proba"
            found, expected = (getattr(each, predict)(X) for each in (local, one))
            np.testing.assert_allclose(found, expected, rtol=2e-5, err_msg=repr(loss))


def test_xgboost_lends_labels_and_weights(four, monkeypatch):
    lent, compute = [], SharedObjective.__call__

    def look(self, y_true, y_pred, sample_weight):
        if len(y_true):
            lent.append([isinstance(x.base, Lent) for x in (y_true, sample_weight)])
        return compute(self, y_true, y_pred, sample_weight)

    monkeypatch.setattr(SharedObjective, "__call__", look)
    model = DaskXGBRegressor(objective=bl.Huber(2.0), **XGB)
    train(model, parts(X), parts(Y), sample_weight=parts(WEIGHT))
    assert lent[-1] == [True, True]


def test_a_worker_without_rows(four):
    data = parts(X, (0, 700, 0, 500)), parts(Y, (0, 700, 0, 500))  # at most two have some
    others = parts(X[:600], (150,) * 4), parts(Y[:600], (150,) * 4)
    loss = bl.Quantile(0.9)
    one = xgb_one.XGBRegressor(objective=loss, **XGB)
    one.fit(X, Y, eval_set=[(X[:600], Y[:600])], verbose=False)
    several = train(DaskXGBRegressor(objective=loss, **XGB), *data, eval_set=[others])
    (history,) = several.evals_result()["validation_0"].values()
    (expected,) = one.evals_result()["validation_0"].values()
    np.testing.assert_allclose(history, expected, rtol=1e-6)
    one = lgb_one.LGBMRegressor(objective=loss, **LGB).fit(X, Y)
    several = train(DaskLGBMRegressor(objective=loss, **LGB), *data)
    np.testing.assert_allclose(several.to_local().predict(X), one.predict(X), rtol=2e-5)


def test_xgboost_stops_early_by_all_rows(four):
    rng = np.random.default_rng(3)
    noisy, new, target = Y + 3.0 * rng.standard_normal(N), X[:500], Y[:500] + rng.standard_t(2, 500)
    sizes = (20, 380, 30, 70)
    weight = rng.uniform(0.1, 4.0, 500)
    options = {"n_estimators": 200, "learning_rate": 0.5, "early_stopping_rounds": 5}
    loss = bl.LogCosh(1.0)
    one = xgb_one.XGBRegressor(objective=loss, **options)
    sets = {"eval_set": [(new, target)], "sample_weight_eval_set": [weight]}
    one.fit(X, noisy, **sets, verbose=False)
    several = DaskXGBRegressor(objective=loss, **options)
    sets = {
        "eval_set": [(parts(new, sizes), parts(target, sizes))],
        "sample_weight_eval_set": [parts(weight, sizes)],
    }
    train(several, parts(X), parts(noisy), **sets)
    assert several.best_iteration == one.best_iteration < 100
    assert several.best_score == pytest.approx(one.best_score, rel=1e-9)


def test_of_many_rounds_only_the_first_is_kept(four):
    rng = np.random.default_rng(0)
    scores = rng.choice([5.0, 6.0, 7.0], N, p=[0.2, 0.6, 0.2])  # the median predicts most of them
    options = {"n_estimators": 40, "learning_rate": 1.0, "early_stopping_rounds": 10}
    model = DaskXGBRegressor(objective=bl.Quantile(0.5), **options)
    sets = {"eval_set": [(parts(X[::-1]), parts(scores))]}
    with pytest.warns(UserWarning, match="of which only the first is kept"):
        train(model, parts(X), parts(scores), **sets)
    assert model.best_iteration == 0


CLASSIFICATIONS = {
    "two": (bl.Focal(2.0), LABEL, {}),
    "many": (bl.Logistic(), KIND, {}),
    "harmonized": (bl.GHMC(), LABEL, {}),
    "weighed": (bl.Logistic(), LABEL, {"scale_pos_weight": 3.0}),
    "balanced": (bl.Logistic(), KIND, {"class_weight": "balanced"}),
    "unbalance": (bl.Logistic(), LABEL, {"is_unbalance": True}),
}


@pytest.mark.parametrize("case", CLASSIFICATIONS)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_probabilities_and_labels(library, case, four):
    loss, labels, given = CLASSIFICATIONS[case]
    if library == "xgboost" and {"class_weight", "is_unbalance"} & set(given):
        pytest.skip("parameters of LightGBM")
    y, weight = labels.copy(), WEIGHT + 0.1
    y[: SIZES[0]] = min(set(labels))  # a part, and perhaps a worker, does not have all classes
    if library == "xgboost":
        one = xgb_one.XGBClassifier(objective=loss, **XGB, **given)
        several = DaskXGBClassifier(objective=loss, **XGB, **given)
    else:
        small = LGB | {"min_child_weight": 1.0}
        one = lgb_one.LGBMClassifier(objective=loss, **small, **given)
        several = DaskLGBMClassifier(objective=loss, **small, **given)
    one.fit(X, y, sample_weight=weight)
    train(several, parts(X), parts(y), sample_weight=parts(weight))
    full = da.from_array(X, chunks=(500, 4))
    np.testing.assert_array_equal(several.classes_, one.classes_)
    found = several.predict_proba(full).compute()
    np.testing.assert_allclose(found, one.predict_proba(X), atol=2e-5)
    labels = several.predict(full).compute()
    assert (labels == one.predict(X)).mean() > 0.999
    assert several.loss_ == loss


def test_tables_and_series(four):
    table = dd.from_pandas(pd.DataFrame(X, columns=list("abcd")), npartitions=5)
    target = dd.from_pandas(pd.Series(COUNTS, name="count"), npartitions=5)
    weight = dd.from_pandas(pd.Series(WEIGHT), npartitions=5)
    loss = bl.Poisson()
    for one, several in (
        (xgb_one.XGBRegressor(objective=loss, **XGB), DaskXGBRegressor(objective=loss, **XGB)),
        (lgb_one.LGBMRegressor(objective=loss, **LGB), DaskLGBMRegressor(objective=loss, **LGB)),
    ):
        one.fit(X, COUNTS, sample_weight=WEIGHT)
        train(several, table, target, sample_weight=weight)
        found = np.asarray(several.predict(table).compute())
        np.testing.assert_allclose(found, one.predict(X), rtol=2e-5)
    kind = dd.from_pandas(pd.Series(KIND), npartitions=5)
    model = train(
        DaskXGBClassifier(objective=bl.Logistic(), **XGB), table, kind, sample_weight=weight
    )
    expected = xgb_one.XGBClassifier(objective=bl.Logistic(), **XGB).fit(
        X, KIND, sample_weight=WEIGHT
    )
    found = model.predict_proba(table).compute()
    np.testing.assert_allclose(found, expected.predict_proba(X), atol=2e-5)
    assert set(np.asarray(model.predict(table).compute())) <= set(KIND)


def test_start_that_is_given_and_base_margin(four):
    start = np.linspace(90.0, 110.0, N)
    one = lgb_one.LGBMRegressor(objective=bl.Quantile(0.4), **LGB).fit(X, Y, init_score=start)
    several = DaskLGBMRegressor(objective=bl.Quantile(0.4), **LGB)
    train(several, parts(X), parts(Y), init_score=parts(start))
    np.testing.assert_allclose(several.to_local().predict(X), one.predict(X), atol=1e-5)
    one = xgb_one.XGBRegressor(objective=bl.Quantile(0.4), **XGB).fit(X, Y, base_margin=start)
    several = DaskXGBRegressor(objective=bl.Quantile(0.4), **XGB)
    train(several, parts(X), parts(Y), base_margin=parts(start))
    plain = xgb_one.XGBRegressor()
    plain.load_model(several.get_booster().save_raw("json"))
    found = plain.predict(X, base_margin=start)
    np.testing.assert_allclose(found, one.predict(X, base_margin=start), rtol=1e-5)


def test_what_cannot_be_right_is_refused_before_training(four):
    data = parts(X), parts(Y)
    for kind in (DaskXGBClassifier, DaskLGBMClassifier):
        with pytest.raises(ValueError, match="cannot learn the threshold of FBeta"):
            train(kind(objective=bl.FBeta()), parts(X), parts(LABEL))
        with pytest.raises(ValueError, match="takes a binary loss, got Huber"):
            train(kind(objective=bl.Huber()), *data)
        soft = da.from_array(np.full((N, 2), 0.5), chunks=(300, 2))
        with pytest.raises(ValueError, match="y must have one column"):
            train(kind(objective=bl.Logistic()), parts(X, (300,) * 4), soft)
    for kind in (DaskXGBRegressor, DaskLGBMRegressor):
        with pytest.raises(ValueError, match="must be >= 0"):
            train(kind(objective=bl.Poisson()), parts(X), parts(Y - 200.0))
        with pytest.raises(TypeError, match="y must be a Dask array or series"):
            train(kind(objective=bl.Huber()), parts(X), Y)
        with pytest.raises(ValueError, match="weight"):
            train(kind(objective=bl.Huber()), *data, sample_weight=parts(-WEIGHT))
        with pytest.raises(ValueError, match="sample_weight must be cut as y"):
            train(kind(objective=bl.Huber()), *data, sample_weight=parts(WEIGHT, (600, 600)))
    with pytest.raises(ValueError, match="cannot stop early over several workers"):
        train(DaskLGBMRegressor(objective=bl.Huber(), early_stopping_round=3), *data)
    model = DaskLGBMRegressor(objective=bl.Huber())
    with pytest.raises(ValueError, match="cannot stop early over several workers"):
        train(model, *data, callbacks=[lgb.early_stopping(3)])
    with pytest.raises(ValueError, match="reg_sqrt must not be given"):
        train(DaskLGBMRegressor(objective=bl.Huber(), reg_sqrt=True), *data)


def test_a_name_as_objective_is_the_parents(four):
    data = parts(X, (600, 600)), parts(Y, (600, 600))
    ours = train(DaskXGBRegressor(objective="reg:absoluteerror", n_estimators=3), *data)
    parent = train(dxgb.DaskXGBRegressor(objective="reg:absoluteerror", n_estimators=3), *data)
    assert ours.loss_ is None
    np.testing.assert_allclose(ours.predict(data[0]), parent.predict(data[0]))
    model = DaskLGBMRegressor(objective="regression", n_estimators=3, verbose=-1)
    assert train(model, *data).loss_ is None
    assert np.isfinite(model.predict(data[0]).compute()).all()
    label = da.from_array((Y.mean() < Y).astype(int), chunks=600)
    model = train(DaskXGBClassifier(n_estimators=3), data[0], label)
    assert model.loss_ is None
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert set(model.predict(data[0]).compute()) == {0, 1}


@pytest.mark.parametrize("n", [0, 5])
def test_arrays_begin_where_a_number_may(n):
    """Those that have been sent need not, and XGBoost 3.4 refuses them."""
    memory = np.zeros(8 * n + 9, np.uint8)
    begin = 1 - memory.ctypes.data % 8  # of an odd address
    sent = memory[begin % 8 :][: 8 * n].view(np.float64)
    assert sent.ctypes.data % 8 == 1
    found = all_rows.aligned_part(sent)
    assert found.ctypes.data % 8 == 0
    np.testing.assert_array_equal(found, sent)
    kept = np.ones(3)
    assert all_rows.aligned_part(kept) is kept
