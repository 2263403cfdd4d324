"""Tables with a part that a robust loss could take for outliers: what it costs and buys to begin nearly convex.

Test mean absolute errors of the libraries' squared and absolute error, and of adaptive losses that are robust "at
once" and that begin nearly convex, as the estimators do. Five tables have structure far from most rows: a quarter of
them and a twentieth at another level, amounts that are mostly zero, two modes, and prices with a heavy right tail. Two
have skewed noise. "Wrong" is the share of the labels that train and that stop early which are off by Cauchy noise.
With ``--fixed`` instead: losses with numbers, ``graduated=True`` or not, there and on tables without such a part.

    python -m benchmarks.graduation [--seeds 2] [--library xgboost] [--fixed]
"""

import argparse
from functools import partial
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._common import Table
from benchmarks.adaptive import available, score, split
from boostloss.boosting.libraries import LIBRARIES

ROWS = 4000
LOSSES = [bl.Cauchy("adaptive"), bl.Welsch("adaptive"), bl.Barron("adaptive", "adaptive")]


def table(name: str, rng: np.random.Generator) -> Table:
    X, noise = rng.normal(size=(ROWS, 8)), rng.standard_normal(ROWS)
    curve = X[:, 1] + np.sin(2.0 * X[:, 2])
    if name == "a quarter":
        return X, np.where(X[:, 0] > 0.7, 50.0 + 10.0 * X[:, 1], 0.0) + 0.5 * noise
    if name == "a twentieth":
        return X, curve + np.where(X[:, 0] > 1.645, 20.0 + 5.0 * X[:, 3], 0.0) + 0.5 * noise
    if name == "amounts":
        positive = rng.random(ROWS) < 1.0 / (1.0 + np.exp(1.5 - 3.0 * X[:, 0] - X[:, 1]))
        return X, np.where(positive, np.exp(3.0 + 0.6 * X[:, 2] + 0.3 * noise), 0.0)
    if name == "two modes":
        return X, np.where(X[:, 0] + 0.5 * X[:, 1] > 0.0, 10.0, -10.0) + 2.0 * X[:, 2] + noise
    if name == "prices":
        level = 0.8 * X[:, 0] + 0.5 * X[:, 1] * X[:, 2] + 0.4 * np.sin(2.0 * X[:, 3])
        return X, 1e5 * np.exp(level + 0.3 * noise)
    skewed = np.exp(noise) if name == "log-normal noise" else rng.exponential(2.0, ROWS)
    return X, 2.0 * (curve + X[:, 3] * X[:, 4]) + skewed


TABLES = ["a quarter", "a twentieth", "amounts", "two modes", "prices"]
TABLES += ["log-normal noise", "exponential noise"]
# For the scales of these tables, which are in units of their targets.
FIXED = [bl.Cauchy(0.3), bl.Welsch(1.0), bl.GemanMcClure(0.6)]
FIXED_TABLES = ["a quarter", "a twentieth", "wine", "housing", "friedman"]


def mean_error(library: str, objective: Any, parts: list[list[Table]]) -> float:
    """Over the splits."""
    return float(np.mean([score(library, objective, each)[0] for each in parts]))


def compare_fixed(libraries: list[str], seeds: int) -> None:
    """What ``graduated=True`` does to losses with numbers."""
    makes = available() | {name: partial(table, name) for name in TABLES}
    print("Test MAE of a fit that begins nearly convex over that of one that is robust at once:\n")
    head = " | ".join(f"`{loss!r}`" for loss in FIXED)
    print(f"| library | table | wrong | {head} |\n|---{'|---' * (2 + len(FIXED))}|")
    for library in libraries:
        for share in (0.0, 0.1):
            for name in FIXED_TABLES:
                parts = [split(makes[name], share, seed) for seed in range(seeds)]
                ratios = [
                    mean_error(library, loss.with_parameters(graduated=True), parts)
                    / mean_error(library, loss, parts)
                    for loss in FIXED
                ]
                figures = " | ".join(f"{ratio:.3f}" for ratio in ratios)
                print(f"| {library} | {name} | {share:.0%} | {figures} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--fixed", action="store_true")
    options = parser.parse_args()
    if options.fixed:
        compare_fixed(options.library or list(LIBRARIES), options.seeds)
        return
    names = [f"{loss!r}".split("(")[0] for loss in LOSSES]
    head = [
        "squared",
        "absolute",
        *(f"{name}{kind}" for name in names for kind in (" at once", "")),
    ]
    print("Test MAE over the smaller one of squared and absolute error:\n")
    print(f"| library | table | wrong | {' | '.join(head)} |\n|---{'|---' * (2 + len(head))}|")
    for library in options.library or LIBRARIES:
        own = LIBRARIES[library].own_objectives["regression"][:2]
        for share in (0.0, 0.1):
            for name in TABLES:
                parts = [
                    split(lambda rng, name=name: table(name, rng), share, seed)
                    for seed in range(options.seeds)
                ]
                errors = [mean_error(library, objective, parts) for objective in own]
                for loss in LOSSES:
                    for graduated in (False, True):
                        same = loss.with_parameters(graduated=graduated)
                        errors.append(mean_error(library, same, parts))
                figures = " | ".join(f"{error / min(errors[:2]):.2f}" for error in errors)
                print(f"| {library} | {name} | {share:.0%} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
