"""Test error and fit time when a tenth of the training labels is wrong, one import changed.

Every library fits its own objectives through its own estimator and these losses through the
drop-in estimator of the same name, with the same parameters and rows. Cauchy noise falls on a tenth
of the labels that train and on a tenth of those that stop early; the test labels are clean. The
library's own objectives stop on the mean absolute error, kinder to squared error than its default.

    python -m benchmarks.contaminated [--seeds 5] [--library xgboost]
"""

import argparse
import importlib
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import boostloss as bl
from tests import tables

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
OWN: dict[str, list[dict[str, Any]]] = {
    "xgboost": [
        {"objective": "reg:squarederror"},
        {"objective": "reg:absoluteerror"},
        {"objective": "reg:pseudohubererror"},
        {"objective": "reg:pseudohubererror", "huber_slope": SCALE},
    ],
    "lightgbm": [
        {"objective": "regression"},
        {"objective": "regression_l1"},
        {"objective": "huber"},
        {"objective": "huber", "alpha": SCALE},
    ],
    "catboost": [
        {"loss_function": "RMSE"},
        {"loss_function": "MAE"},
        {"loss_function": "Huber:delta=1.0"},
        {"loss_function": f"Huber:delta={SCALE}"},
    ],
}
ESTIMATOR = {
    "xgboost": "XGBRegressor",
    "lightgbm": "LGBMRegressor",
    "catboost": "CatBoostRegressor",
}
ROUNDS: dict[str, Callable[[Any], int]] = {
    "xgboost": lambda model: model.best_iteration + 1,
    "lightgbm": lambda model: model.best_iteration_,
    "catboost": lambda model: model.tree_count_,
}
COMMON = {"n_estimators": 600, "learning_rate": 0.1, "random_state": 0}


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Split the table in halves and quarters, and contaminate the labels of all but the test."""
    if (tables.folder() / "california_housing.csv.gz").exists():
        table, y = tables.california_housing()
        X = table.assign(ocean_proximity=table["ocean_proximity"].cat.codes).to_numpy(float)
    else:
        from sklearn.datasets import make_friedman1

        X, y = make_friedman1(20_000, noise=1.0, random_state=0)
        y = y / 5  # to the spread of the house prices
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    noisy = y + np.where(rng.random(len(y)) < 0.1, 5 * rng.standard_cauchy(len(y)), 0.0)
    train, valid, test = np.split(order, [len(y) // 2, 3 * len(y) // 4])
    return X[train], noisy[train], X[valid], noisy[valid], X[test], y[test]


def fit(library: str, parameters: dict[str, Any], own: bool, parts: tuple[np.ndarray, ...]) -> Any:
    """Fit one estimator with early stopping, as a user of the library would write it."""
    module = importlib.import_module(library if own else f"boostloss.{library}")
    kind = getattr(module, ESTIMATOR[library])
    X, y, X_valid, y_valid, *_ = parts
    fitting: dict[str, Any] = {"eval_set": [(X_valid, y_valid)]}
    if library == "xgboost":
        parameters = {**parameters, "early_stopping_rounds": 50, "n_jobs": 2}
        parameters |= {"eval_metric": "mae"} if own else {}
        fitting["verbose"] = False
    elif library == "lightgbm":
        parameters = {**parameters, "n_jobs": 2, "verbose": -1, "early_stopping_round": 50}
        fitting |= {"eval_metric": "l1"} if own else {}
    else:
        parameters = {**parameters, "thread_count": 2, "verbose": False}
        parameters |= {"eval_metric": "MAE"} if own else {}
        parameters |= {"allow_writing_files": False, "early_stopping_rounds": 50}
    return kind(**COMMON, **parameters).fit(X, y, **fitting)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--library", choices=list(OWN), action="append")
    arguments = parser.parse_args()
    warnings.filterwarnings(
        "ignore", message="The argument 'eval_set' is deprecated"
    )  # LightGBM 4.7

    print(
        "| library | objective | test MAE | ± | rounds | fit, s | CPU, s |\n|---|---|---|---|---|---|---|"
    )
    for library in arguments.library or OWN:
        key = next(iter(OWN[library][0]))
        runs = [(setting, True) for setting in OWN[library]]
        runs += [({key: loss}, False) for loss in OURS]
        for parameters, own in runs:
            errors, rounds, wall, processor = [], [], [], []
            for seed in range(arguments.seeds):
                parts = data(seed)
                start, start_processor = time.perf_counter(), time.process_time()
                model = fit(library, parameters, own, parts)
                wall.append(time.perf_counter() - start)
                processor.append(time.process_time() - start_processor)
                rounds.append(ROUNDS[library](model))
                errors.append(np.mean(np.abs(model.predict(parts[4]) - parts[5])))
            name = ", ".join(f"{x}" for x in parameters.values())
            spread = np.std(errors, ddof=1) / np.sqrt(len(errors)) if len(errors) > 1 else np.nan
            print(
                f"| {library}{' own' if own else ''} | `{name}` | {np.mean(errors):.4f} "
                f"| {spread:.4f} | {np.median(rounds):.0f} | {np.median(wall):.2f} | {np.median(processor):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
