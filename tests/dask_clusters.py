"""Clusters in threads of this process, and a table in parts of unequal sizes, for the tests of Dask."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from dask import array as da
from dask import dataframe as dd
from dask.distributed import Client
from xgboost import dask as dxgb

MARKS = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Parameter n_jobs will be ignored:UserWarning"),
    pytest.mark.filterwarnings("ignore:Sending large graph:UserWarning", "ignore::ResourceWarning"),
]

N = 1200
SIZES = (400, 0, 150, 250, 300, 100)
RNG = np.random.default_rng(0)
# Few values, all of them in every part: the libraries' bins of several workers are those of one.
X = RNG.integers(0, 8, (N, 4)).astype(float)
Y = X[:, 0] + 0.5 * X[:, 1] + 100.0 + RNG.standard_t(2, N)
COUNTS = RNG.poisson(1.0 + X[:, 0]).astype(float)
WEIGHT = RNG.uniform(0.5, 2.0, N)
WEIGHT[::7] = 0.0
KIND = np.array(["few", "more", "most"])[np.digitize(X[:, 0] + RNG.normal(0, 1, N), [2.0, 6.0])]
LABEL = np.where(KIND == "most", "yes", "no")
BOTH = {"n_estimators": 12}
XGB = BOTH | {"max_depth": 4}
# LightGBM judges the rows of a leaf by the Hessians, and on every worker otherwise.
LGB = BOTH | {"verbose": -1, "min_child_samples": 1, "min_child_weight": 20.0, "min_data_in_bin": 1}


def cluster(n):
    """A client of so many workers, in threads of this process."""
    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    return Client(n_workers=n, **options)


def parts(values, sizes=SIZES):
    chunks = (sizes, values.shape[1]) if values.ndim == 2 else (sizes,)
    return da.from_array(values, chunks=chunks)


def frame(values, sizes):
    """A frame or a series, cut as it is told."""
    make = pd.Series if values.ndim == 1 else pd.DataFrame
    ends = np.cumsum([0, *sizes])
    pieces = [make(values[a:b], index=np.arange(a, b)) for a, b in pairwise(ends)]
    return dd.concat([dd.from_pandas(piece, npartitions=1) for piece in pieces])


def train(estimator, *data, **options):
    """A fit on the cluster."""
    if isinstance(estimator, dxgb.DaskScikitLearnBase):
        options.setdefault("verbose", False)
    return estimator.fit(*data, **options)
