"""Milliseconds per boosting round: a custom objective of ours beside the library's own squared error.

What training costs beside its rounds, the time of a single one, is taken off.
For CatBoost, which calls it once for every few rows, the least that an objective in Python can cost is there too.

    python -m benchmarks.overhead [--rows 1000000] [--columns 20] [--rounds 30] [--repeats 3] [--threads 2]
                                  [--leaf-steps 1] [--library catboost]
"""

import argparse
import os
import time
import warnings

import numpy as np

import boostloss as bl

LOSSES = [
    bl.SquaredError(),
    bl.Huber(1.0),
    bl.LogCosh(1.0),
    bl.Barron(alpha=0.0, scale=1.0),
    bl.Quantile(0.9),
]


class Nothing:
    """An objective of CatBoost that computes nothing."""

    no_jit = True

    def __init__(self):
        self.answers = np.random.default_rng(0).normal(size=(1000, 2))
        self.answers[:, 1] = -1.0

    def __deepcopy__(self, memo):
        return self

    def calc_ders_range(self, approxes, targets, weights):
        return self.answers[: len(approxes)]


def xgboost_runs(X, y, options):
    import xgboost as xgb

    data = xgb.QuantileDMatrix(X, y)
    parameters = {"max_depth": 6, "base_score": 0.0, "nthread": options.threads}
    yield "own", lambda rounds: xgb.train(parameters, data, rounds)
    for loss in LOSSES:
        yield repr(loss), lambda rounds, loss=loss: xgb.train(parameters, data, rounds, obj=loss)


def lightgbm_runs(X, y, options):
    import lightgbm as lgb

    data = lgb.Dataset(X, y).construct()
    parameters = {"verbosity": -1, "num_threads": options.threads}
    own = {**parameters, "objective": "regression"}
    yield "own", lambda rounds: lgb.train(own, data, rounds)
    for loss in LOSSES:
        custom = {**parameters, "objective": loss}
        yield repr(loss), lambda rounds, custom=custom: lgb.train(custom, data, rounds)


def catboost_runs(X, y, options):
    import catboost as cb

    data = cb.Pool(X, y)
    data.quantize()
    common = {"depth": 6, "learning_rate": 0.1, "eval_metric": "RMSE"}
    common |= {"verbose": False, "allow_writing_files": False, "metric_period": options.rounds}
    common |= {"leaf_estimation_iterations": options.leaf_steps, "thread_count": options.threads}
    own = {"own": "RMSE", "own Huber": "Huber:delta=1", "nothing, in Python": Nothing()}
    models = {name: (cb.CatBoostRegressor, own[name]) for name in own}
    models |= {repr(loss): (bl.catboost.CatBoostRegressor, loss) for loss in LOSSES}
    for name, (estimator, loss) in models.items():

        def run(rounds, estimator=estimator, loss=loss):
            return estimator(iterations=rounds, loss_function=loss, **common).fit(data)

        yield name, run


def seconds(run, rounds):
    start = time.perf_counter()
    run(rounds)
    return time.perf_counter() - start


LIBRARIES = {"xgboost": xgboost_runs, "lightgbm": lightgbm_runs, "catboost": catboost_runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--leaf-steps", type=int, default=1, help="of CatBoost")
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    X = rng.normal(size=(options.rows, options.columns)).astype(np.float32)
    y = (X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_t(2, size=options.rows)).astype(
        np.float32
    )
    warnings.simplefilter("ignore", UserWarning)  # the far start is on purpose: all start from 0
    print(
        f"{options.rows:,} rows, {options.columns} columns, {options.rounds} rounds, "
        f"{options.threads} threads; ms per round, median and least"
    )
    for library in options.library or LIBRARIES:
        runs = list(LIBRARIES[library](X, y, options))
        times = {name: [] for name, _ in runs}
        for _, run in runs:
            run(1)  # compiles
        for _ in range(options.repeats):  # interleaved, so that a slow moment hits all
            for name, run in runs:
                one, all_rounds = (seconds(run, rounds) for rounds in (1, options.rounds))
                times[name].append(1e3 * (all_rounds - one) / (options.rounds - 1))
        own = np.median(times["own"])
        print(f"\n{library}")
        for name, record in times.items():
            print(
                f"  {name:30s} {np.median(record):8.1f} {min(record):8.1f}"
                f"  {np.median(record) / own:5.2f} of own squared error"
            )


if __name__ == "__main__":
    main()
