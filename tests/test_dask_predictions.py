"""Predictions of a table of which a part has no rows, which XGBoost alone gives a wrong shape."""

import numpy as np
import pandas as pd
import pytest

import boostloss as bl

pytest.importorskip("distributed")

from dask import dataframe as dd
from dask_clusters import KIND, LABEL, MARKS, XGB, X, Y, cluster, parts, train

from boostloss.dask import DaskXGBClassifier, DaskXGBRegressor

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
    ids=str,
)
def test_have_the_shape_of_the_rows_that_are_there(loss, y, two):
    regression = loss.task == "regression"
    kind = DaskXGBRegressor if regression else DaskXGBClassifier
    model = train(kind(objective=loss, **XGB), ROWS, parts(y))
    methods = {"raw": lambda rows: model.predict(rows, output_margin=True), "": model.predict}
    if not regression:
        methods["probabilities"] = model.predict_proba
    for name, predict in methods.items():
        expected = predict(ROWS.rechunk((len(X), 4))).compute()
        assert len(expected) == len(X)
        np.testing.assert_array_equal(predict(ROWS).compute(), expected, err_msg=name)
        found = predict(FRAME).compute()
        np.testing.assert_array_equal(np.asarray(found), expected, err_msg=f"{name} of a frame")
