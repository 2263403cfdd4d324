"""Test error of adaptive losses, which need no tuning, beside the best fixed Barron loss that a grid search could find.

For each library, table and share of wrong training labels an oracle that sees the test rows chooses the
best of 21 fixed losses: every alpha in -2, 0, 1, 1.5 with every scale in 0.05, 0.15, 0.4, 1, 2.5, and
squared error (alpha = 2). Figures are mean absolute errors on the clean test labels over its one,
geometric means over tables, shares and splits. Targets are divided by their robust standard deviation,
which is what the grid, and the default thresholds of the libraries' own Huber losses, are made for;
wrong labels are off by Cauchy noise, four standard deviations wide. 60 % of the rows train, 20 % stop
early, 20 % test; the small table of diabetes is split four times as often as the others. The libraries'
own objectives stop on the mean absolute error, as the adaptive losses do.

    python -m benchmarks.adaptive [--seeds 3] [--library xgboost] [--table housing] [--share 0.1]
"""

import argparse
import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes, make_friedman1

import boostloss as bl
from tests import tables

SHARES = [0.0, 0.05, 0.1, 0.2]
GRID = [bl.Barron(a, s) for a in (-2.0, 0.0, 1.0, 1.5) for s in (0.05, 0.15, 0.4, 1.0, 2.5)]
GRID += [bl.Barron(2.0)]
ADAPTIVE = [
    bl.Barron("adaptive", "adaptive"),
    bl.Cauchy("adaptive"),
    bl.Welsch("adaptive"),
    bl.Huber("adaptive"),
    bl.LogCosh("adaptive"),
]
OWN = {
    "xgboost": ["reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror"],
    "lightgbm": ["regression", "regression_l1", "huber"],
    "catboost": ["RMSE", "MAE", "Huber:delta=1.0"],
}
KIND: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "xgboost": (
        "XGBRegressor",
        "objective",
        {"n_jobs": 1, "early_stopping_rounds": 50, "max_depth": 6},
        {"eval_metric": "mae"},
    ),
    "lightgbm": (
        "LGBMRegressor",
        "objective",
        {"n_jobs": 1, "early_stopping_round": 50, "verbose": -1},
        {"metric": "l1"},
    ),
    "catboost": (
        "CatBoostRegressor",
        "loss_function",
        {
            "thread_count": 1,
            "early_stopping_rounds": 50,
            "verbose": False,
            "allow_writing_files": False,
        },
        {"eval_metric": "MAE"},
    ),
}
COMMON = {"n_estimators": 1000, "learning_rate": 0.1, "random_state": 0}
ROWS = 9000  # at most, of a real table

Table = tuple[np.ndarray, np.ndarray]


def friedman(rng: np.random.Generator) -> Table:
    return make_friedman1(6000, noise=1.0, random_state=int(rng.integers(2**31)))


def two_noises(rng: np.random.Generator) -> Table:
    """Noise that is ten times as wide where a feature is large."""
    X = rng.uniform(size=(6000, 6))
    scale = np.where(X[:, 3] < 0.45, 0.05, 0.5)
    y = 2 * X[:, 0] * X[:, 1] + np.sin(6 * X[:, 2]) + scale * rng.standard_normal(len(X))
    return X, y


def housing(rng: np.random.Generator) -> Table:
    X, y = tables.california_housing()
    X = X.assign(ocean_proximity=X["ocean_proximity"].cat.codes).to_numpy(float)
    rows = rng.permutation(len(y))[:ROWS]
    return X[rows], y[rows]


def wine(rng: np.random.Generator) -> Table:
    X, y = tables.winequality_white()
    return X.to_numpy(float), y


def age(rng: np.random.Generator) -> Table:
    """The age of the people in the table of incomes."""
    X, _ = tables.adult()
    X = X.iloc[rng.permutation(len(X))[:ROWS]]
    y = X.pop("x0").to_numpy(float)
    codes = {name: X[name].cat.codes for name in X.select_dtypes("category")}
    return X.assign(**codes).drop(columns="x2").to_numpy(float), y


def available() -> dict[str, Callable[[np.random.Generator], Table]]:
    """The tables to fit; the real ones only where their files are."""
    real = {
        "housing": (housing, "california_housing.csv.gz"),
        "wine": (wine, "winequality-white.csv"),
        "age": (age, "adult-train.csv.gz"),
    }
    found = {name: make for name, (make, file) in real.items() if (tables.folder() / file).exists()}
    made = {"friedman": friedman, "two noises": two_noises}
    return found | made | {"diabetes": lambda rng: load_diabetes(return_X_y=True)}


def split(make: Callable, share: float, seed: int) -> list[Table]:
    """Rows that train, that stop early, and that test; the labels of the last are clean."""
    rng = np.random.default_rng(seed)
    X, y = make(rng)
    low, high = np.quantile(y, [0.25, 0.75])
    y = (y - np.median(y)) / ((high - low) / 1.349)
    wrong = rng.random(len(y)) < share
    noisy = y + np.where(wrong, 4 * y.std() * rng.standard_cauchy(len(y)), 0.0)
    order = rng.permutation(len(y))
    train, stop, test = np.split(order, [int(0.6 * len(y)), int(0.8 * len(y))])
    return [(X[train], noisy[train]), (X[stop], noisy[stop]), (X[test], y[test])]


def score(library: str, objective: Any, parts: list[Table]) -> tuple[float, float]:
    """Mean absolute and root mean squared error on the test rows."""
    own = isinstance(objective, str)
    module = importlib.import_module(library if own else f"boostloss.{library}")
    kind, name, options, metric = KIND[library]
    settings = COMMON | options | (metric if own else {})
    model = getattr(module, kind)(**{name: objective}, **settings)
    train, stop, (X, y) = parts
    quiet = {"verbose": False} if library == "xgboost" else {}
    error = model.fit(*train, eval_set=[stop], **quiet).predict(X) - y
    return float(np.mean(np.abs(error))), float(np.sqrt(np.mean(error**2)))


def main() -> None:
    warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
    found = available()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--library", choices=list(KIND), action="append")
    parser.add_argument("--table", choices=list(found), action="append")
    parser.add_argument("--share", type=float, action="append")
    arguments = parser.parse_args()
    shares, chosen = arguments.share or SHARES, arguments.table or list(found)

    splits = {name: arguments.seeds * (4 if name == "diabetes" else 1) for name in chosen}
    head = [f"{share:.0%} wrong" for share in shares] + chosen + ["all"]
    print("Test MAE over that of the best fixed loss of the grid:\n")
    print(f"| library | objective | {' | '.join(head)} | clean: MAE, RMSE over squared error's |")
    print("|---" * (len(head) + 3) + "|")
    for library in arguments.library or list(KIND):
        candidates = [*GRID, *OWN[library], *ADAPTIVE]
        errors = np.array(  # (share, table, candidate, MAE or RMSE), means over the splits
            [
                [
                    np.mean(
                        [
                            [score(library, candidate, parts) for candidate in candidates]
                            for parts in (split(found[t], share, s) for s in range(splits[t]))
                        ],
                        axis=0,
                    )
                    for t in chosen
                ]
                for share in shares
            ]
        )
        logs = np.log(errors)
        behind = logs[..., 0] - logs[..., : len(GRID), 0].min(axis=2, keepdims=True)
        squared = logs - logs[:, :, [len(GRID)]]
        for k, candidate in enumerate(candidates[len(GRID) :], len(GRID)):
            each = [*behind[..., k].mean(1), *behind[..., k].mean(0), behind[..., k].mean()]
            figures = " | ".join(f"{np.exp(x):.3f}" for x in each)
            clean = ", ".join(f"{np.exp(x):.3f}" for x in squared[0, :, k].mean(0))
            own = " own" if isinstance(candidate, str) else ""
            print(f"| {library}{own} | `{candidate}` | {figures} | {clean} |", flush=True)


if __name__ == "__main__":
    main()
