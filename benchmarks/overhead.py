"""Milliseconds per boosting round: a custom objective of ours beside the library's own squared error.

python benchmarks/overhead.py [--rows 1000000] [--columns 20] [--rounds 30] [--repeats 3]
"""

import argparse
import time
import warnings

import numpy as np

import boostloss as bl

LOSSES = [bl.SquaredError(), bl.Huber(), bl.LogCosh(), bl.Barron(alpha=0.0), bl.Quantile(0.9)]


def xgboost_runs(X, y, rounds):
    import xgboost as xgb

    data = xgb.QuantileDMatrix(X, y)
    parameters = {"max_depth": 6, "base_score": 0.0}
    yield "own", lambda: xgb.train(parameters, data, rounds)
    for loss in LOSSES:
        yield repr(loss), lambda loss=loss: xgb.train(parameters, data, rounds, obj=loss)


def lightgbm_runs(X, y, rounds):
    import lightgbm as lgb

    data = lgb.Dataset(X, y).construct()
    parameters = {"verbosity": -1}
    own = {**parameters, "objective": "regression"}
    yield "own", lambda: lgb.train(own, data, rounds)
    for loss in LOSSES:
        custom = {**parameters, "objective": loss}
        yield repr(loss), lambda custom=custom: lgb.train(custom, data, rounds)


def catboost_runs(X, y, rounds):
    import catboost as cb

    data = cb.Pool(X, y)
    data.quantize()
    common = {"iterations": rounds, "depth": 6, "learning_rate": 0.1, "eval_metric": "RMSE"}
    common |= {"verbose": False, "allow_writing_files": False, "metric_period": rounds}
    yield "own", lambda: cb.CatBoost({**common, "loss_function": "RMSE"}).fit(data)
    for loss in LOSSES:
        custom = {**common, "loss_function": bl.catboost.objective(loss)}
        custom["leaf_estimation_iterations"] = 1
        yield repr(loss), lambda custom=custom: cb.CatBoost(custom).fit(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    X = rng.normal(size=(options.rows, options.columns)).astype(np.float32)
    y = (X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_t(2, size=options.rows)).astype(
        np.float32
    )
    warnings.simplefilter("ignore", UserWarning)  # the far start is on purpose: all start from 0
    print(
        f"{options.rows:,} rows, {options.columns} columns, {options.rounds} rounds; median ms per round"
    )
    for library in (xgboost_runs, lightgbm_runs, catboost_runs):
        runs = list(library(X, y, options.rounds))
        times = {name: [] for name, _ in runs}
        for _ in range(options.repeats):  # interleaved, so that a slow moment hits all
            for name, run in runs:
                start = time.perf_counter()
                run()
                times[name].append(1e3 * (time.perf_counter() - start) / options.rounds)
        own = np.median(times["own"])
        print(f"\n{library.__name__.removesuffix('_runs')}")
        for name, record in times.items():
            print(
                f"  {name:30s} {np.median(record):8.1f}  {np.median(record) / own:5.2f} of own squared error"
            )


if __name__ == "__main__":
    main()
