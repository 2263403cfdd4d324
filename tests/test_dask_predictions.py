"""Predictions of a table of which a part has no rows, to which the libraries alone give a wrong shape."""

import numpy as np
import pandas as pd
import pytest

import boostloss as bl

pytest.importorskip("distributed")

from dask import dataframe as dd
from dask_clusters import KIND, LABEL, LGB, MARKS, XGB, X, Y, cluster, parts, train

from boostloss.dask import (
    DaskLGBMClassifier,
    DaskLGBMRegressor,
    DaskXGBClassifier,
    DaskXGBRegressor,
)

pytestmark = MARKS
NAMES = list("abcd")
ROWS = parts(X)  # of which the second part has none
FRAME = dd.from_map(
    lambda i: pd.DataFrame(np.asarray(ROWS.blocks[i]), columns=NAMES), range(ROWS.numblocks[0])
)


@pytest.fixture(scope="module")
def two():
    with cluster(2) as client:
        yield client


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
def test_have_the_shape_of_the_rows_that_are_there(library, loss, y, two):
    regressor, classifier, options, margin = {
        "xgboost": (DaskXGBRegressor, DaskXGBClassifier, XGB, "output_margin"),
        "lightgbm": (DaskLGBMRegressor, DaskLGBMClassifier, LGB, "raw_score"),
    }[library]
    kind = regressor if loss.task == "regression" else classifier
    model = train(kind(objective=loss, **options), ROWS, parts(y))
    methods = {"raw": lambda rows: model.predict(rows, **{margin: True}), "": model.predict}
    if kind is classifier:
        methods["probabilities"] = model.predict_proba
    for name, predict in methods.items():
        expected = predict(ROWS.rechunk((len(X), 4))).compute()
        assert len(expected) == len(X)
        np.testing.assert_array_equal(predict(ROWS).compute(), expected, err_msg=name)
        found = predict(FRAME).compute()
        np.testing.assert_array_equal(np.asarray(found), expected, err_msg=f"{name} of a frame")
