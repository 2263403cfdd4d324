"""Test error and fit time when a tenth of the training labels is wrong, one import changed.

Every library fits its own objectives through its own estimator and these losses through the
drop-in estimator of the same name, with the same parameters and rows. Cauchy noise falls on a tenth
of the labels that train and on a tenth of those that stop early; the test labels are clean. The
library's own objectives stop on the mean absolute error, kinder to squared error than its default.

    python -m benchmarks.contaminated [--seeds 5] [--library xgboost]
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import make_friedman1

import boostloss as bl
from benchmarks._common import Table, fit, housing, real_tables

# The price is in units of 100,000 dollars, and 0.3 is near the typical error of a good model.
SCALE = 0.3
OURS = [
    bl.Huber(delta=SCALE),
    bl.LogCosh(scale=SCALE),
    bl.Quantile(quantile=0.5),
    bl.Charbonnier(scale=SCALE),
    bl.Cauchy(scale=SCALE),
    bl.Cauchy(scale=1.0),
    bl.Welsch(scale=1.0),
    bl.Cauchy("adaptive"),
    bl.Barron("adaptive", "adaptive"),
]
OWN: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "xgboost": [
        ("reg:squarederror", {}),
        ("reg:absoluteerror", {}),
        ("reg:pseudohubererror", {}),
        ("reg:pseudohubererror", {"huber_slope": SCALE}),
    ],
    "lightgbm": [
        ("regression", {}),
        ("regression_l1", {}),
        ("huber", {}),
        ("huber", {"alpha": SCALE}),
    ],
    "catboost": [
        ("RMSE", {}),
        ("MAE", {}),
        ("Huber:delta=1.0", {}),
        (f"Huber:delta={SCALE}", {}),
    ],
}
ROUNDS: dict[str, Callable[[Any], int]] = {
    "xgboost": lambda model: model.best_iteration + 1,
    "lightgbm": lambda model: model.best_iteration_,
    "catboost": lambda model: model.tree_count_,
}
COMMON: dict[str, Any] = {"n_estimators": 600, "learning_rate": 0.1, "random_state": 0}


def data(seed: int) -> list[Table]:
    """Split the table in halves and quarters, and contaminate the labels of all but the test."""
    if "housing" in real_tables():
        X, y = housing()
    else:
        X, y = make_friedman1(20_000, noise=1.0, random_state=0)
        y = y / 5  # to the spread of the house prices
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    noisy = y + np.where(rng.random(len(y)) < 0.1, 5 * rng.standard_cauchy(len(y)), 0.0)
    train, valid, test = np.split(order, [len(y) // 2, 3 * len(y) // 4])
    return [(X[train], noisy[train]), (X[valid], noisy[valid]), (X[test], y[test])]


# What the libraries' own objectives stop on: a parameter, for LightGBM one of the fit.
MAE = {"xgboost": {"eval_metric": "mae"}, "lightgbm": {}, "catboost": {"eval_metric": "MAE"}}
MAE_OF_FIT = {"lightgbm": {"eval_metric": "l1"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--library", choices=list(OWN), action="append")
    arguments = parser.parse_args()

    print(
        "| library | objective | test MAE | ± | rounds | fit, s | CPU, s |\n|---|---|---|---|---|---|---|"
    )
    for library in arguments.library or OWN:
        for objective, options in [*OWN[library], *((loss, {}) for loss in OURS)]:
            own = isinstance(objective, str)
            settings = COMMON | options | (MAE[library] if own else {})
            fitting = MAE_OF_FIT.get(library) if own else None
            errors, rounds, wall, processor = [], [], [], []
            for seed in range(arguments.seeds):
                train, stop, (X, y) = data(seed)
                start, start_processor = time.perf_counter(), time.process_time()
                model = fit(library, objective, train, stop, fitting, threads=2, **settings)
                wall.append(time.perf_counter() - start)
                processor.append(time.process_time() - start_processor)
                rounds.append(ROUNDS[library](model))
                errors.append(np.mean(np.abs(model.predict(X) - y)))
            name = ", ".join(f"{x}" for x in [objective, *options.values()])
            spread = np.std(errors, ddof=1) / np.sqrt(len(errors)) if len(errors) > 1 else np.nan
            print(
                f"| {library}{' own' if own else ''} | `{name}` | {np.mean(errors):.4f} "
                f"| {spread:.4f} | {np.median(rounds):.0f} | {np.median(wall):.2f} | {np.median(processor):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
