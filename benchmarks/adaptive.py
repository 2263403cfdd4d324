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
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes, make_friedman1

import boostloss as bl
from benchmarks._common import Table, fit, own_objectives, real_tables, some_rows, two_noises
from boostloss.boosting.libraries import LIBRARIES

SHARES = [0.0, 0.05, 0.1, 0.2]
GRID = [bl.Barron(a, s) for a in (-2.0, 0.0, 1.0, 1.5) for s in (0.05, 0.15, 0.4, 1.0, 2.5)]
GRID += [bl.Barron(2.0, 1.0)]
ADAPTIVE = [
    bl.Barron("adaptive", "adaptive"),
    bl.Cauchy("adaptive"),
    bl.Welsch("adaptive"),
    bl.Huber("adaptive"),
    bl.LogCosh("adaptive"),
]
COMMON: dict[str, Any] = {"n_estimators": 1000, "learning_rate": 0.1, "random_state": 0}
ROWS = 9000  # at most, of a real table


def friedman(rng: np.random.Generator) -> Table:
    return make_friedman1(6000, noise=1.0, random_state=int(rng.integers(2**31)))


def available() -> dict[str, Callable[[np.random.Generator], Table]]:
    """The tables to fit; the real ones only where their files are."""
    real = {name: some_rows(make, ROWS) for name, make in real_tables().items()}
    made = {"friedman": friedman, "two noises": lambda rng: two_noises(rng, 6000, 0.05, 0.5)}
    return real | made | {"diabetes": lambda rng: load_diabetes(return_X_y=True)}


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
    settings = dict(COMMON)
    if isinstance(objective, str):
        settings |= LIBRARIES[library].mean_absolute_error
    if library == "xgboost":
        settings["max_depth"] = 6
    train, stop, (X, y) = parts
    error = fit(library, objective, train, stop, **settings).predict(X) - y
    return float(np.mean(np.abs(error))), float(np.sqrt(np.mean(error**2)))


def main() -> None:
    found = available()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--table", choices=list(found), action="append")
    parser.add_argument("--share", type=float, action="append")
    arguments = parser.parse_args()
    shares, chosen = arguments.share or SHARES, arguments.table or list(found)

    splits = {name: arguments.seeds * (4 if name == "diabetes" else 1) for name in chosen}
    head = [f"{share:.0%} wrong" for share in shares] + chosen + ["all"]
    print("Test MAE over that of the best fixed loss of the grid:\n")
    print(f"| library | objective | {' | '.join(head)} | clean: MAE, RMSE over squared error's |")
    print("|---" * (len(head) + 3) + "|")
    for library in arguments.library or LIBRARIES:
        candidates = [*GRID, *own_objectives(library), *ADAPTIVE]
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
