"""Odd tables in the estimators for Dask, and the files that they leave: another byte order, parts without rows, models
that XGBoost's `TrainingCheckPoint` writes on the workers."""

import re

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.metrics import log_loss

import boostloss as bl
from boostloss import xgboost as one_machine

pytest.importorskip("distributed")

from dask import dataframe as dd
from dask_clusters import COUNTS, KIND, LABEL, LGB, MARKS, XGB, X, Y, cluster, frame, parts, train

from boostloss.dask import (
    DaskLGBMClassifier,
    DaskLGBMRegressor,
    DaskXGBClassifier,
    DaskXGBRegressor,
)

pytestmark = MARKS
ROWS, TARGET = parts(X, (600, 600)), parts(Y, (600, 600))
SWAPPED, OTHER = ROWS.astype(">f8"), TARGET.astype(">f8")
SWAPPED_FRAME = dd.from_pandas(pd.DataFrame(X.astype(">f8"), columns=list("abcd")), npartitions=2)
SOME_EMPTY = parts(X)  # of which the second part has no rows
FRAME_SOME_EMPTY = dd.from_map(
    lambda i: pd.DataFrame(np.asarray(SOME_EMPTY.blocks[i]), columns=list("abcd")),
    range(SOME_EMPTY.numblocks[0]),
)


@pytest.fixture(scope="module")
def two():
    with cluster(2) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("X", {"X": SWAPPED}),
        ("X", {"X": SWAPPED_FRAME}),
        ("y", {"y": OTHER}),
        ("y", {"X": SWAPPED_FRAME.astype(float), "y": SWAPPED_FRAME["a"]}),
        ("sample_weight", {"sample_weight": OTHER}),
        ("base_margin", {"base_margin": OTHER}),
        ("eval_set[0]", {"eval_set": [(ROWS, OTHER)]}),
        ("sample_weight_eval_set[0]", {"sample_weight_eval_set": [OTHER]}),
    ],
)
def test_another_byte_order_is_refused_by_the_fit_in_xgboost(name, given, two):
    given = {"X": ROWS, "y": TARGET, "eval_set": [(ROWS, TARGET)]} | given
    match = "^" + re.escape(f"{name} must be in this machine's byte order")
    with pytest.raises(ValueError, match=match):
        DaskXGBRegressor(objective=bl.Huber(), **XGB).fit(**given)


def test_another_byte_order_is_refused_by_predictions_in_xgboost(two):
    model = train(DaskXGBRegressor(objective=bl.Huber(), **XGB), ROWS, TARGET)
    for rows in (SWAPPED, SWAPPED_FRAME):
        for options in ({}, {"output_margin": True}):
            with pytest.raises(ValueError, match="X must be in this machine's byte order"):
                model.predict(rows, **options)
    with pytest.raises(ValueError, match="base_margin must be in this machine's byte order"):
        model.predict(ROWS, base_margin=OTHER)


def test_xgboost_reads_strided_numbers_of_extended_precision(two):
    rows = ROWS.map_blocks(lambda part: np.repeat(part.astype(np.longdouble), 2, axis=0)[::2])
    target = TARGET.map_blocks(lambda part: np.repeat(part.astype(np.longdouble), 2)[::2])
    usual, extended = (
        train(DaskXGBRegressor(objective=bl.Huber(), **XGB), X, y)
        for X, y in ((ROWS, TARGET), (rows, target))
    )
    expected = usual.predict(ROWS).compute()
    np.testing.assert_allclose(extended.predict(rows).compute(), expected, rtol=1e-6)


def test_another_byte_order_is_read_rightly_in_lightgbm(two):
    usual, other = (
        train(DaskLGBMRegressor(objective=bl.Huber(), **LGB), rows, target)
        for rows, target in ((ROWS, TARGET), (SWAPPED, OTHER))
    )
    expected = usual.predict(ROWS).compute()
    np.testing.assert_array_equal(other.predict(SWAPPED).compute(), expected)
    assert np.ptp(expected) > 1.0


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (bl.Huber(), Y),
        (bl.Quantile([0.1, 0.9]), Y),
        (bl.Normal(), Y),
        (bl.Focal(2.0), LABEL),
        (bl.Logistic(), KIND),
    ],
    ids=["Huber", "Quantile", "Normal", "Focal", "Logistic"],
)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.filterwarnings("ignore:Dask currently has limited support:UserWarning")  # for labels
def test_predictions_have_the_shape_of_the_rows_that_are_there(library, loss, y, two):
    regressor, classifier, options, margin = {
        "xgboost": (DaskXGBRegressor, DaskXGBClassifier, XGB, "output_margin"),
        "lightgbm": (DaskLGBMRegressor, DaskLGBMClassifier, LGB, "raw_score"),
    }[library]
    kind = regressor if loss.task == "regression" else classifier
    model = train(kind(objective=loss, **options), SOME_EMPTY, parts(y))
    methods = {"raw": lambda rows: model.predict(rows, **{margin: True}), "": model.predict}
    if kind is classifier:
        methods["probabilities"] = model.predict_proba
    for name, predict in methods.items():
        expected = predict(ROWS).compute()
        assert len(expected) == len(X)
        np.testing.assert_array_equal(predict(SOME_EMPTY).compute(), expected, err_msg=name)
        found = predict(FRAME_SOME_EMPTY).compute()
        np.testing.assert_array_equal(np.asarray(found), expected, err_msg=f"{name} of a frame")


CHECKPOINTS = [
    pytest.param(loss, y, id=type(loss).__name__)
    for loss, y in [
        (bl.Huber(), Y),
        (bl.Poisson(), COUNTS),
        (bl.Focal(2.0), LABEL),
        (bl.Logistic(), KIND),
    ]
]


@pytest.mark.parametrize(("loss", "y"), CHECKPOINTS)
def test_checkpoints_load_on_one_machine_as_the_model_of_their_round(loss, y, two, tmp_path):
    regression = loss.task == "regression"
    kind = DaskXGBRegressor if regression else DaskXGBClassifier
    saving = xgb.callback.TrainingCheckPoint(tmp_path, name="model", interval=4)
    model = train(kind(objective=loss, callbacks=[saving], **XGB), SOME_EMPTY, parts(y))
    loaded = one_machine.XGBRegressor() if regression else one_machine.XGBClassifier()
    loaded.load_model(tmp_path / "model_4.ubj")
    assert loaded.loss_ == loss
    rounds = loaded.get_booster().num_boosted_rounds()
    assert 0 < rounds < model.get_booster().num_boosted_rounds()
    options = {"iteration_range": (0, rounds)}
    if regression:
        staged = model.predict(SOME_EMPTY, **options).compute()
        np.testing.assert_allclose(loaded.predict(X), staged, rtol=1e-5)
    else:
        staged = model.predict_proba(SOME_EMPTY, **options).compute()
        np.testing.assert_allclose(loaded.predict_proba(X), staged, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(loaded.classes_, np.unique(y))
    assert not any("linkless" in name for name in model.get_booster().attributes())


def test_the_metric_of_a_proper_loss_beside_one_that_is_not(two):
    model = DaskXGBClassifier(objective=bl.Focal(2.0), eval_metric=bl.Logistic(), **XGB)
    label = parts(LABEL, (600, 600))
    train(model, ROWS, label, eval_set=[(ROWS, label)])
    found = model.evals_result()["validation_0"]["Logistic"][-1]
    probability = model.predict_proba(ROWS).compute()[:, 1]
    assert found == pytest.approx(log_loss(LABEL, probability.astype(float)), abs=2e-6)


def test_what_is_no_objective_and_no_metric(two):
    for kind, parameters, options in (
        (DaskXGBRegressor, {"eval_metric": bl.Huber(1.0)}, {}),
        (DaskLGBMRegressor, {"metric": bl.Huber(1.0)}, {}),
        (DaskLGBMRegressor, {}, {"eval_metric": bl.Huber(1.0)}),
    ):
        with pytest.raises(ValueError, match=r"Huber\(delta=1.0\) must not be a metric beside"):
            train(kind(**parameters), ROWS, TARGET, **options)
        with pytest.raises(
            TypeError, match=r"must be an instance such as Huber\(\), got the class"
        ):
            train(kind(objective=bl.Huber), ROWS, TARGET)


@pytest.mark.parametrize("kind", [DaskXGBRegressor, DaskLGBMRegressor])
def test_what_is_cut_otherwise_than_the_target_is_refused(kind, two):
    """Workers would go by targets of other rows, or end in errors of the libraries that name nothing."""
    sizes, other = (400, 300, 500), (300, 400, 500)
    y = parts(Y, sizes)
    match = "X must be cut as y, of which part 0 has 400 rows, got one of 300"
    for rows in (parts(X, other), frame(X, other)):
        with pytest.raises(ValueError, match=match):
            train(kind(objective=bl.Huber()), rows, y)
    with pytest.raises(ValueError, match="X must be cut as y, into 3 parts, got 2"):
        train(kind(objective=bl.Huber()), parts(X, (600, 600)), y)
    start = "base_margin" if kind is DaskXGBRegressor else "init_score"
    with pytest.raises(ValueError, match=f"{start} must be cut as y"):
        train(kind(objective=bl.Huber()), parts(X, sizes), y, **{start: parts(Y, other)})


def test_an_evaluation_set_that_is_cut_otherwise_than_its_target_is_refused_in_lightgbm(two):
    """XGBoost has an error of its own; here the figures would be of other rows."""
    sizes, other = (400, 300, 500), (300, 400, 500)
    for rows in (parts(X, other), frame(X, other)):
        with pytest.raises(ValueError, match=r"eval_set\[0\] must be cut as its target, of which"):
            train(
                DaskLGBMRegressor(objective=bl.Huber(), **LGB),
                parts(X, sizes),
                parts(Y, sizes),
                eval_set=[(rows, parts(Y, sizes))],
            )
