"""Test pinball loss and coverage of `Quantile`, beside each library's own quantile objective.

Every library fits its own objective through its own estimator and `Quantile` through the drop-in
estimator of the same name: the same rows, rate, depth and early stopping on the pinball loss. Half of
the rows train, a sixth stops early, a third tests; the figures are means over several splits, and the
coverage is the share of test targets at or below the prediction. Two tables of the six are
real, where they are found; "two noises", whose noise is a thousand times larger on one side of a feature than
on the other, is there because one kernel width for all rows serves it badly.

    python -m benchmarks.quantile [--seeds 3] [--library xgboost] [--table housing] [--level 0.9]
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes, make_friedman1

import boostloss as bl
from benchmarks._common import Table, fit, real_tables, some_rows, two_noises
from boostloss.boosting.libraries import LIBRARIES

COMMON: dict[str, Any] = {
    "n_estimators": 1000,
    "learning_rate": 0.1,
    "max_depth": 6,
    "random_state": 0,
}
ROWS = 12_000  # at most, of a real table


def skewed(rng: np.random.Generator) -> Table:
    """Friedman's function, with noise three times as wide above as below."""
    X, y = make_friedman1(9000, random_state=int(rng.integers(2**31)))
    noise = rng.standard_normal(len(y))
    return X, y + np.where(noise > 0, 3 * noise, noise)


def gamma(rng: np.random.Generator) -> Table:
    """Gamma noise, whose scale grows with two of the features."""
    X = rng.uniform(size=(9000, 8))
    scale = 0.3 + 2 * X[:, 3] * X[:, 4]
    y = 4 * np.sin(3 * X[:, 0]) + 3 * X[:, 1] * X[:, 2] + scale * rng.gamma(1.5, size=len(X))
    return X, y


def available() -> dict[str, Callable[[np.random.Generator], Table]]:
    """The tables to fit; the real ones only where their files are."""
    made = {
        "diabetes": lambda rng: load_diabetes(return_X_y=True),
        "friedman, skewed": skewed,
        "gamma": gamma,
        "two noises": lambda rng: two_noises(rng, 9000, 0.001, 1.0),
    }
    real = {name: some_rows(make, ROWS) for name, make in real_tables().items() if name != "age"}
    return made | real


def split(make: Callable, seed: int) -> list[Table]:
    rng = np.random.default_rng(seed)
    X, y = make(rng)
    order = rng.permutation(len(y))
    cuts = [len(y) // 2, 2 * len(y) // 3]
    return [(X[rows], y[rows]) for rows in np.split(order, cuts)]


def score(library: str, loss: bl.Quantile, own: bool, parts: list) -> tuple[float, float]:
    """Pinball loss and coverage on the test rows."""
    (text,) = LIBRARIES[library].own_objectives["quantile"]
    objective = text.format(quantile=loss.quantile) if own else loss
    train, stop, (X, y) = parts
    predicted = fit(library, objective, train, stop, **COMMON).predict(X)
    return loss.mean_loss(y, predicted), float(np.mean(y <= predicted))


def main() -> None:
    found = available()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--table", choices=list(found), action="append")
    parser.add_argument("--level", type=float, action="append")
    arguments = parser.parse_args()
    libraries = arguments.library or list(LIBRARIES)
    levels = arguments.level or [0.1, 0.5, 0.9]

    print("| table | level | library | own pinball | ours | own coverage | ours |")
    print("|---|---|---|---|---|---|---|")
    ratios: dict[tuple[str, str], list[float]] = {}
    misses: dict[str, list[np.ndarray]] = {library: [] for library in libraries}
    chosen = arguments.table or list(found)
    for table in chosen:
        splits = [split(found[table], seed) for seed in range(arguments.seeds)]
        for level in levels:
            loss = bl.Quantile(level)
            for library in libraries:
                scores = np.array(
                    [[score(library, loss, own, s) for own in (True, False)] for s in splits]
                )
                pinball, coverage = scores[:, :, 0], scores[:, :, 1]
                logs = np.log(pinball[:, 1] / pinball[:, 0])
                ratios.setdefault((library, table), []).extend(logs)
                misses[library].extend(np.abs(coverage - level))
                (own, ours), (own_share, our_share) = pinball.mean(0), coverage.mean(0)
                print(
                    f"| {table} | {level:g} | {library} | {own:.4g} | {ours:.4g} "
                    f"| {own_share:.3f} | {our_share:.3f} |",
                    flush=True,
                )

    print("\nPinball loss, ours / own (geometric mean over levels and splits):\n")
    print(f"| library | {' | '.join(chosen)} | all | own coverage error | ours |")
    print("|---" * (len(chosen) + 4) + "|")
    for library in libraries:
        each = [np.mean(ratios[library, table]) for table in chosen]
        figures = np.exp([*each, np.mean(each)])
        own_miss, our_miss = np.mean(misses[library], axis=0)
        print(
            f"| {library} | {' | '.join(f'{x:.3f}' for x in figures)} "
            f"| {own_miss:.3f} | {our_miss:.3f} |"
        )


if __name__ == "__main__":
    main()
