"""What Dask's workers train of a loss: from which start, and what the look at all targets costs.

Run: python -m benchmarks.dask_workers [--bins]

With --bins: how far predictions are from those of one machine where features have many values, of which several workers
make other bins, beside the same for the library's own squared error.
"""

import argparse
import time
import warnings

import lightgbm as lgb
import numpy as np
from dask import array as da
from dask.distributed import Client
from xgboost import dask as dxgb

import boostloss as bl
from boostloss import lightgbm as lgb_one
from boostloss import xgboost as xgb_one
from boostloss.dask import DaskLGBMRegressor, DaskXGBRegressor
from boostloss.dask.target import look_at

LOSS = bl.Huber(2.0)
SHIFT, ROUNDS = 100.0, 30
MANY, PARTS = 1_000_000, 16
SIZES, NEW = (8000, 2000, 6000, 4000), 5000  # rows of each of four workers, and rows to judge by


def table(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5))
    return X, SHIFT + 3.0 * X[:, 0] + rng.standard_t(3, n)


def cluster(n_workers: int) -> Client:
    return Client(
        n_workers=n_workers, threads_per_worker=1, processes=False, dashboard_address=":0"
    )


def bins() -> None:
    X, y = table(sum(SIZES) + NEW)
    new, truth, X, y = X[:NEW], y[:NEW], X[NEW:], y[NEW:]
    libraries = {  # whose name for squared error is the library's own
        "XGBoost": ("reg:squarederror", xgb_one.XGBRegressor, DaskXGBRegressor, {}),
        "LightGBM": ("regression", lgb_one.LGBMRegressor, DaskLGBMRegressor, {"verbose": -1}),
    }
    print("| | mean difference | MAE of one machine | of four workers |\n|---|---|---|---|")
    with cluster(4):
        rows, target = da.from_array(X, chunks=(SIZES, 5)), da.from_array(y, chunks=(SIZES,))
        for library, (own, one, several, options) in libraries.items():
            for objective in (own, bl.SquaredError(), LOSS, bl.Huber(), bl.Quantile(0.5)):
                given = {"objective": objective, "n_estimators": 100, "learning_rate": 0.1}
                here = one(**given, **options).fit(X, y).predict(new)
                model = several(**given, **options).fit(rows, target)
                there = model.predict(da.from_array(new)).compute()
                pairs = (here, there), (here, truth), (there, truth)
                figures = " | ".join(f"{np.abs(a - b).mean():.3f}" for a, b in pairs)
                print(f"| {library}, {objective} | {figures} |")


def workers() -> None:
    with cluster(2) as client:
        X, y = table(5000)
        rows, target = da.from_array(X, chunks=(800, 5)), da.from_array(y, chunks=800)
        print(f"| {ROUNDS} rounds of {LOSS!r}, targets about {SHIFT:g} | MAE |\n|---|---|")
        for name, kind, options in (
            ("xgboost.dask", dxgb.DaskXGBRegressor, {}),
            ("boostloss.dask, XGBoost", DaskXGBRegressor, {}),
            ("lightgbm", lgb.DaskLGBMRegressor, {"verbose": -1}),
            ("boostloss.dask, LightGBM", DaskLGBMRegressor, {"verbose": -1}),
        ):
            model = kind(objective=LOSS, n_estimators=ROUNDS, learning_rate=0.1, **options)
            found = model.fit(rows, target).predict(rows).compute()
            print(f"| {name} | {np.abs(found - y).mean():.2f} |")

        X, y = table(MANY)
        chunk = -(-MANY // PARTS)
        rows = client.persist(da.from_array(X, chunks=(chunk, 5)))
        target = client.persist(da.from_array(y, chunks=chunk))
        print(f"\n| {MANY:,} rows in {PARTS} parts | seconds |\n|---|---|")
        for loss in (bl.SquaredError(), LOSS, bl.Quantile(0.9), bl.Cauchy()):
            client.compute(look_at(loss, target, None)).result()  # compiles
            begin = time.perf_counter()
            client.compute(look_at(loss, target, None)).result()
            print(f"| look at the targets, {loss!r} | {time.perf_counter() - begin:.2f} |")
        for name, kind in (("xgboost.dask", dxgb.DaskXGBRegressor), ("ours", DaskXGBRegressor)):
            for loss in (LOSS, bl.Quantile(0.9)):
                begin = time.perf_counter()
                kind(objective=loss, n_estimators=ROUNDS).fit(rows, target)
                print(f"| fit, {loss!r}, {name} | {time.perf_counter() - begin:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bins", action="store_true", help="compare with one machine")
    warnings.simplefilter("ignore")
    bins() if parser.parse_args().bins else workers()


if __name__ == "__main__":
    main()
