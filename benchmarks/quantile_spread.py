"""Whether a single quantile should know how wide the noise of a row is: test pinball loss with and without.

The spread of a row is taken from the residuals of the rows with about its prediction: their mean size in 32 bins of as
many rows, smoothed over the neighbours and interpolated, over its median, to a power. It makes the kernel of the row
wider, as that of several levels in one model does (`boostloss.boosting.several.middle_spread`). The losses are over
those with one kernel for all rows (geometric mean over the levels 0.1, 0.5 and 0.9 and the splits), on the tables of
`benchmarks.quantile`, one of even noise and one of log-normal noise, which grows with the prediction.

    python -m benchmarks.quantile_spread [--library lightgbm] [--seeds 2] [--power 0.5 --power 1]
"""

import argparse
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._common import Table
from benchmarks.quantile import available, score, split
from benchmarks.quantile_start import even
from boostloss.boosting import objective
from boostloss.boosting.gradients import fill_gradients, quantile_step
from boostloss.losses.smoothing import sample

BINS = 32
LEAST_ROWS = 30  # of a bin
NEIGHBOURS = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0


def log_normal(rng: np.random.Generator) -> Table:
    X = rng.uniform(size=(9000, 8))
    location = 1.5 * np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + X[:, 3]
    return X, np.exp(location + 0.6 * rng.standard_normal(len(X)))


def spreads(f: np.ndarray, error: np.ndarray) -> np.ndarray | None:
    """That of every row over the median; None where predictions say nothing."""
    rows = sample(len(f), None)
    some, size = f[rows].astype(float), np.abs(error[rows].astype(float))
    bins = np.array_split(np.argsort(some, kind="stable"), min(BINS, len(some) // LEAST_ROWS + 1))
    if len(bins) < 4 or some.min() == some.max():
        return None
    means = np.array([size[each].mean() for each in bins])
    means = np.convolve(np.pad(means, 2, mode="edge"), NEIGHBOURS, mode="valid")
    spread = np.interp(f, [some[each].mean() for each in bins], means)
    middle = np.median(spread[rows])
    return np.maximum(spread / middle, 1e-3) if middle > 0.0 else None


def filler(power: float) -> Any:
    """What writes gradients in which each row has a kernel as wide as its spread to the power."""

    def fill(results, loss, y, f, weight, factor=1.0):
        spread = spreads(f, f - y) if power and isinstance(loss, bl.Quantile) else None
        if spread is None:
            fill_gradients(results, loss, y, f, weight, factor)
            return
        spread = spread**power
        step = quantile_step(loss, y, f, weight, spread)
        error = (f - y) / spread
        fill_gradients(results, loss, np.zeros_like(error), error, weight, factor, step)
        results[1] /= spread

    return fill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--library", choices=["xgboost", "lightgbm"], default="lightgbm")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--power", type=float, action="append")
    options = parser.parse_args()
    tables = available() | {"even": even(9000), "log-normal": log_normal}
    powers = [0.0, *(options.power or [0.5, 1.0])]
    print(f"| power | {' | '.join(tables)} | all |")
    print("|---" * (len(tables) + 2) + "|")
    logs: dict[float, list[np.ndarray]] = {power: [] for power in powers}
    for make in tables.values():
        splits = [split(make, seed) for seed in range(options.seeds)]
        for power, results in logs.items():
            objective.fill_gradients = filler(power)  # type: ignore[assignment]
            losses = [
                score(options.library, bl.Quantile(level), False, parts)[0]
                for parts in splits
                for level in (0.1, 0.5, 0.9)
            ]
            results.append(np.log(losses))
    for power in powers[1:]:
        ratios = (np.array(logs[power]) - np.array(logs[0.0])).mean(axis=1)
        figures = np.exp([*ratios, ratios.mean()])
        print(f"| {power:g} | {' | '.join(f'{x:.3f}' for x in figures)} |")


if __name__ == "__main__":
    main()
