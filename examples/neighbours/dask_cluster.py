"""Dask: a loss trains on the partitions of every worker; the constant to start from is given once."""

import lightgbm as lgb
import numpy as np
from dask import array as da
from dask.distributed import Client, LocalCluster
from sklearn.datasets import make_friedman1
from xgboost import dask as xgb

import boostloss as bl

LOSS = bl.Huber(delta=2.0)


def main() -> None:
    rng = np.random.default_rng(0)
    X, truth = make_friedman1(2000, noise=0.5, random_state=0)
    y = truth + np.where(rng.random(2000) < 0.1, 50.0 * rng.standard_cauchy(2000), 0.0)
    start = LOSS.fit_intercept(y)  # of all rows, or of a sample where they are too many
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        rows, target = da.from_array(X, chunks=(500, 10)), da.from_array(y, chunks=500)
        data = xgb.DaskQuantileDMatrix(client, rows, target)
        parameters = {"base_score": start, "tree_method": "hist"}
        trained = xgb.train(client, parameters, data, 50, obj=LOSS)
        found = xgb.predict(client, trained, rows).compute()
        print("XGBoost learns:", np.median(np.abs(found - truth)) < 0.8)

        model = lgb.DaskLGBMRegressor(client=client, objective=LOSS, n_estimators=50, verbose=-1)
        model.fit(rows, target, init_score=da.full(2000, start, chunks=500))
        found = start + model.predict(rows).compute()
        print("LightGBM learns:", np.median(np.abs(found - truth)) < 0.8)


if __name__ == "__main__":  # workers import this file
    main()
