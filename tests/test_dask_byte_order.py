"""Numbers of the other byte order, which XGBoost's workers read as others, and LightGBM's as they are."""

import re

import numpy as np
import pandas as pd
import pytest

import boostloss as bl

pytest.importorskip("distributed")

from dask import dataframe as dd
from dask_clusters import LGB, MARKS, XGB, X, Y, cluster, parts, train

from boostloss.dask import DaskLGBMRegressor, DaskXGBRegressor

pytestmark = MARKS
SWAPPED = parts(X.astype(">f8"), (600, 600))
ROWS, TARGET = parts(X, (600, 600)), parts(Y, (600, 600))
OTHER = TARGET.astype(">f8")
FRAME = dd.from_pandas(pd.DataFrame(X.astype(">f8"), columns=list("abcd")), npartitions=2)


@pytest.fixture(scope="module")
def two():
    with cluster(2) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("X", {"X": SWAPPED}),
        ("X", {"X": FRAME}),
        ("y", {"y": OTHER}),
        ("y", {"X": FRAME.astype(float), "y": FRAME["a"]}),
        ("sample_weight", {"sample_weight": OTHER}),
        ("base_margin", {"base_margin": OTHER}),
        ("eval_set[0]", {"eval_set": [(ROWS, OTHER)]}),
        ("sample_weight_eval_set[0]", {"sample_weight_eval_set": [OTHER]}),
    ],
)
def test_is_refused_by_the_fit(name, given, two):
    given = {"X": ROWS, "y": TARGET, "eval_set": [(ROWS, TARGET)]} | given
    match = "^" + re.escape(f"{name} must be in this machine's byte order")
    with pytest.raises(ValueError, match=match):
        DaskXGBRegressor(objective=bl.Huber(), **XGB).fit(**given)


def test_is_refused_by_predictions(two):
    model = train(DaskXGBRegressor(objective=bl.Huber(), **XGB), ROWS, TARGET)
    for rows in (SWAPPED, FRAME):
        for options in ({}, {"output_margin": True}):
            with pytest.raises(ValueError, match="X must be in this machine's byte order"):
                model.predict(rows, **options)
    with pytest.raises(ValueError, match="base_margin must be in this machine's byte order"):
        model.predict(ROWS, base_margin=OTHER)


def test_is_read_rightly_in_lightgbm(two):
    usual, other = (
        train(DaskLGBMRegressor(objective=bl.Huber(), **LGB), rows, target)
        for rows, target in ((ROWS, TARGET), (SWAPPED, OTHER))
    )
    expected = usual.predict(ROWS).compute()
    np.testing.assert_array_equal(other.predict(SWAPPED).compute(), expected)
    assert np.ptp(expected) > 1.0
