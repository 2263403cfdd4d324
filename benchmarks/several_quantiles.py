"""Several quantiles from one model, beside each library's own: pinball loss, coverage, crossing and time.

XGBoost's own is `reg:quantileerror` with a list of levels, CatBoost's is `MultiQuantile`, and LightGBM's is one model
for each level. The tables, splits, rates, depths and the early stopping are those of `benchmarks.quantile`; every side
stops by the mean pinball loss, the models of one level by their own.

    python -m benchmarks.several_quantiles [--seeds 3] [--library xgboost] [--table housing] [--one-width]

`--one-width` smooths all rows alike, whatever the distance of their quantiles.
"""

import argparse
import time
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._common import fit
from benchmarks.quantile import COMMON, available, split
from boostloss.boosting import several
from boostloss.boosting.libraries import LIBRARIES

LEVELS = (0.05, 0.5, 0.95)
LOSS = bl.Quantile(LEVELS)


def own(library: str, train: Any, stop: Any) -> list[Any]:
    """The library's own models, of all levels or of one each."""
    if library == "xgboost":
        return [fit(library, "reg:quantileerror", train, stop, quantile_alpha=LEVELS, **COMMON)]
    if library == "catboost":
        name = f"MultiQuantile:alpha={','.join(map(str, LEVELS))}"
        return [fit(library, name, train, stop, **COMMON)]
    return [fit(library, "quantile", train, stop, alpha=level, **COMMON) for level in LEVELS]


def scores(predicted: np.ndarray, y: np.ndarray) -> list[float]:
    """Pinball loss, coverage of the outer interval, and the share of rows whose quantiles cross."""
    inside = (predicted[:, 0] <= y) & (y <= predicted[:, -1])
    crossed = (np.diff(predicted, axis=1) < 0.0).any(axis=1)
    return [LOSS.mean_loss(y, predicted), float(inside.mean()), float(crossed.mean())]


def compared(library: str, parts: list) -> list[list[float]]:
    """Of the own objective, and of ours: the scores on the test rows, and the seconds of a fit."""
    train, stop, (X, y) = parts
    results = []
    for fitted in (own, lambda *rows: [fit(*rows[:1], LOSS, *rows[1:], **COMMON)]):
        begin = time.perf_counter()
        models = fitted(library, train, stop)
        seconds = time.perf_counter() - begin
        predicted = np.column_stack([model.predict(X) for model in models])
        results.append([*scores(predicted, y), seconds])
    return results


def main() -> None:
    found = available()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--library", action="append", choices=list(LIBRARIES))
    parser.add_argument("--table", action="append", choices=list(found))
    parser.add_argument("--one-width", action="store_true")
    options = parser.parse_args()
    if options.one_width:
        several.middle_spread = lambda *rows: None
    print(
        "| library | table | pinball: own | ours / own | 90 % covers: own | ours | rows crossed: own | ours | "
        "time: ours / own |"
    )
    print("|---" * 9 + "|")
    for library in options.library or LIBRARIES:
        every = []
        for table in options.table or found:
            splits = [split(found[table], seed) for seed in range(options.seeds)]
            results = np.array([compared(library, parts) for parts in splits])
            own_ones, ours = results.mean(axis=0)
            ratio, slower = ours[0] / own_ones[0], ours[3] / own_ones[3]
            every.append(
                [np.log(ratio), own_ones[1], ours[1], own_ones[2], ours[2], np.log(slower)]
            )
            cells = f"{own_ones[0]:.4g} | {ratio:.3f}"
            print(row(library, table, cells, *every[-1][1:]), flush=True)
        mean = np.mean(every, axis=0)
        print(row(library, "all", f"| **{np.exp(mean[0]):.3f}**", *mean[1:]), flush=True)


def row(library: str, table: str, pinball: str, *values: float) -> str:
    covers_own, covers, crossed_own, crossed, slower = values
    return (
        f"| {LIBRARIES[library].title} | {table} | {pinball} | {covers_own:.3f} | {covers:.3f} | "
        f"{crossed_own:.3f} | {crossed:.3f} | {np.exp(slower):.2f} |"
    )


if __name__ == "__main__":
    main()
