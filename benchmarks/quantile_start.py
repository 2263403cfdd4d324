"""How fast a quantile comes in: the test pinball loss after some rounds, and how far the coverage is off.

Each library's own quantile objective beside `Quantile`, whose rounds are in part least squares: for the share that
predictions further apart would take away of the errors (`boostloss.boosting.quantiles`). Shown are the share in use,
and constants in its place, of which 0 is Hunter & Lange's curvature alone. Pinball losses are over the own objective's
after as many rounds (geometric mean over tables, splits and levels); coverage is that of one level, or of the interval
between the outer ones of several. "Stopped" is where 50 rounds bring nothing on the rows that stop. The tables are
those of `benchmarks.quantile` and one of even noise, and with `--large` that alone, with 45,000 rows that train.

    python -m benchmarks.quantile_start [--library lightgbm] [--seeds 1] [--rate 0.1] [--several] [--large]

`--several` fits 0.05, 0.5 and 0.95 in one model instead of 0.05, 0.1, 0.5 and 0.9 in one each.
"""

import argparse
from typing import Any

import numpy as np
from sklearn.datasets import make_friedman1

import boostloss as bl
from benchmarks._common import Table, regressor, watched
from benchmarks.quantile import COMMON, available, split
from benchmarks.several_quantiles import LEVELS
from boostloss.boosting import quantiles
from boostloss.boosting.libraries import LIBRARIES

ROUNDS = (10, 30, 100, 300)
PATIENCE = 50
IN_USE = quantiles.least_squares
SHARES = {"0": 0.0, "1/4": 0.25, "1": 1.0, "in use": None}


def even(n: int) -> Any:
    """Friedman's function, with normal noise of one width."""

    def made(rng: np.random.Generator) -> Table:
        return make_friedman1(n, noise=1.0, random_state=int(rng.integers(2**31)))

    return made


def with_share(share: float | None) -> Any:
    """`least_squares`, or the same with a constant share."""
    return IN_USE if share is None else lambda *rows: IN_USE(*rows)._replace(share=share)


def stopped(history: Any) -> int:
    """The rounds that are kept where so many without an improvement end the fit."""
    best = 0
    for i, value in enumerate(history):
        if value < history[best]:
            best = i
        elif i - best >= PATIENCE:
            break
    return best + 1


def models(library: str, level: Any, parts: list[Table], own: bool, rate: float) -> list[Any]:
    """Fitted ones with the rounds that each keeps: one, or LightGBM's own of each level."""
    names = LIBRARIES[library]
    kind = "quantile" if np.ndim(level) == 0 else "quantiles"
    (text,) = names.own_objectives[kind]
    objectives: list[Any] = [bl.Quantile(level)]
    if own:
        apart = level if kind == "quantiles" and names.level_by_level else [level]
        objectives = [
            text.format(quantile=list(each) if np.ndim(each) else each, listed=listed(each))
            for each in apart
        ]
    found = []
    for objective in objectives:
        parameters = COMMON | {"n_estimators": 400, "learning_rate": rate}
        if library == "catboost":
            parameters["use_best_model"] = False  # all rounds are compared
        model = regressor(library, objective, **parameters)
        watched(library, model, *parts[:2])
        *_, metrics = names.metric_history(model).values()
        *_, history = metrics.values()
        found.append((model, stopped(history)))
    return found


def listed(level: Any) -> str:
    return ",".join(map(str, np.atleast_1d(level)))


def scores(library: str, level: Any, parts: list[Table], own: bool, rate: float) -> np.ndarray:
    """Pinball loss, and distance of the coverage from what it should be, after every number of rounds."""
    X, y = parts[2]
    loss, results = bl.Quantile(level), []
    fitted = models(library, level, parts, own, rate)
    share = level if np.ndim(level) == 0 else level[-1] - level[0]
    for count in (*ROUNDS, None):
        each = [
            model.predict(X, **LIBRARIES[library].first_rounds(model, count or kept))
            for model, kept in fitted
        ]
        f = np.column_stack(each) if np.ndim(level) else each[0]
        within = (f[:, 0] <= y) & (y <= f[:, -1]) if np.ndim(level) else y <= f
        results.append([loss.mean_loss(y, f), abs(within.mean() - share)])
    return np.array(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", choices=list(LIBRARIES), default="lightgbm")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--several", action="store_true")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    levels: list[Any] = [LEVELS] if options.several else [0.05, 0.1, 0.5, 0.9]
    tables = {"even": even(90_000)} if options.large else available() | {"even": even(9000)}
    found: dict[str, list[np.ndarray]] = {name: [] for name in ("own", *SHARES)}
    for make in tables.values():
        for seed in range(options.seeds):
            parts = split(make, seed)
            for level in levels:
                for name, results in found.items():
                    quantiles.least_squares = with_share(SHARES.get(name))
                    one = scores(options.library, level, parts, name == "own", options.rate)
                    results.append(one)
    columns = [*map(str, ROUNDS), "stopped"]
    print(f"| share | {' | '.join(columns)} | coverage off by: {' | '.join(columns)} |")
    print("|---" * 11 + "|")
    own = np.array(found["own"])
    for name, results in found.items():
        each = np.array(results)
        ratios = np.exp(np.log(each[:, :, 0] / own[:, :, 0]).mean(axis=0))
        off = each[:, :, 1].mean(axis=0)
        print(f"| {name} | {' | '.join(f'{x:.3f}' for x in (*ratios, *off))} |")


if __name__ == "__main__":
    main()
