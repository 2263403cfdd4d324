"""How wide to smooth the pinball loss, and how far a step may go: the constants of a boosted quantile beside others.

Test pinball loss of `Quantile` with one constant changed, over that with the constants as they are: the geometric
mean over made-up tables of `benchmarks.quantile`, levels and splits, and the mean distance of the coverage from the
level. A figure above 1 says that the change would be worse. With --wrong a share of the labels that train and stop has
Cauchy noise, four standard deviations wide; with --segment a fifth of the rows, which one feature tells from the rest,
lies so many standard deviations higher, and --rounds ends training before it would stop.

    python -m benchmarks.smoothing_width [--seeds 2] [--library lightgbm] [--level 0.02 --level 0.9]
                                         [--wrong 0.2] [--segment 10] [--rounds 60]
"""

import argparse
from typing import Any
from unittest import mock

import numpy as np

import boostloss as bl
from benchmarks.quantile import COMMON, available, score, split
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses import smoothing

CHANGES: list[tuple[Any, str, float]] = [
    (smoothing, "MEDIAN_SHARE", smoothing.MEDIAN_SHARE),  # nothing is changed
    (smoothing, "MEDIAN_SHARE", 0.3),
    (smoothing, "MEDIAN_SHARE", 0.7),
    (smoothing, "TAIL_SHARE", 3.5),
    (smoothing, "TAIL_SHARE", 14.0),
    (smoothing, "ADDED_COVERAGE", 0.2),
    (smoothing, "ADDED_COVERAGE", 0.45),
    (smoothing, "ADDED_COVERAGE", 0.95),
    (bl.Quantile, "least_share", 0.05),
    (bl.Quantile, "least_share", 0.3),
    (bl.Quantile, "least_share", 0.6),
]
TABLES = ("diabetes", "friedman, skewed", "gamma")
Parts = list[tuple[np.ndarray, np.ndarray]]


def spoiled(parts: Parts, seed: int, wrong: float, segment: float) -> Parts:
    """The rows that train, stop and test, with a fifth of all apart, and some wrong labels of the first two."""
    rng = np.random.default_rng(seed)
    spread = float(np.std(parts[0][1]))
    border = np.quantile(parts[0][0][:, 2], 0.8)
    changed = []
    for place, (X, y) in enumerate(parts):
        apart = y + segment * spread * (X[:, 2] > border)
        share = 0.0 if place == 2 else wrong
        noise = 4.0 * spread * rng.standard_cauchy(len(y))
        changed.append((X, apart + np.where(rng.random(len(y)) < share, noise, 0.0)))
    return changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--library", choices=list(LIBRARIES), default="lightgbm")
    parser.add_argument("--level", type=float, action="append")
    parser.add_argument("--wrong", type=float, default=0.0)
    parser.add_argument("--segment", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=COMMON["n_estimators"], help="at most")
    options = parser.parse_args()
    levels = options.level or [0.02, 0.1, 0.5, 0.9, 0.98]
    found = available()
    splits = [
        spoiled(split(found[name], seed), seed, options.wrong, options.segment)
        for name in TABLES
        for seed in range(options.seeds)
    ]
    COMMON["n_estimators"] = options.rounds
    print(f"| changed | {' | '.join(f'{level:g}' for level in levels)} | all | coverage off by |")
    print("|---" * (len(levels) + 3) + "|")
    reference = None
    for owner, name, value in CHANGES:
        before = getattr(owner, name)
        with mock.patch.object(owner, name, value):
            scores = np.array(
                [
                    [score(options.library, bl.Quantile(level), False, parts) for parts in splits]
                    for level in levels
                ]
            )
        logs = np.log(scores[:, :, 0])
        reference = logs if reference is None else reference
        ratios = np.exp((logs - reference).mean(axis=1)).tolist()
        ratios.append(float(np.exp((logs - reference).mean())))
        off = np.abs(scores[:, :, 1] - np.array(levels)[:, None]).mean()
        label = "nothing" if value == before else f"`{name} = {value:g}`"
        print(f"| {label} | {' | '.join(f'{x:.4f}' for x in ratios)} | {off:.4f} |", flush=True)


if __name__ == "__main__":
    main()
