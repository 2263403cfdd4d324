"""Dask: one import changed, and the workers train what one machine would train."""

import numpy as np
from dask import array as da
from dask.distributed import Client, LocalCluster
from sklearn.datasets import make_friedman1

import boostloss as bl
from boostloss.dask import DaskLGBMRegressor, DaskXGBRegressor
from boostloss.xgboost import XGBRegressor


def main() -> None:
    rng = np.random.default_rng(0)
    X, truth = make_friedman1(2000, noise=0.5, random_state=0)
    y = 100.0 + truth + np.where(rng.random(2000) < 0.1, 50.0 * rng.standard_cauchy(2000), 0.0)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster):
        rows, target = da.from_array(X, chunks=(500, 10)), da.from_array(y, chunks=500)
        model = DaskXGBRegressor(objective=bl.Cauchy(), n_estimators=50).fit(rows, target)
        found = model.predict(rows).compute()
        print("XGBoost learns:", np.median(np.abs(found - 100.0 - truth)) < 0.8)

        light = DaskLGBMRegressor(objective=bl.Cauchy(), n_estimators=50, verbose=-1)
        found = light.fit(rows, target).predict(rows).compute()
        print("LightGBM learns:", np.median(np.abs(found - 100.0 - truth)) < 0.8)

    model.get_booster().save_model("model.json")
    alone = XGBRegressor()
    alone.load_model("model.json")
    print("One machine reads it, loss and all:", alone.loss_ == bl.Cauchy())


if __name__ == "__main__":  # workers import this file
    main()
