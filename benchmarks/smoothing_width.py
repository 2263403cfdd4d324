"""How wide to smooth the pinball loss: the constants of `boostloss.losses.smoothing` beside others.

Test pinball loss of `Quantile` with one constant changed, over that with the constants as they are: the geometric
mean over made-up tables of `benchmarks.quantile`, levels and splits, and the mean distance of the coverage from the
level. A figure above 1 says that the change would be worse.

    python -m benchmarks.smoothing_width [--seeds 2] [--library lightgbm] [--level 0.02 --level 0.9]
"""

import argparse

import numpy as np

import boostloss as bl
from benchmarks.quantile import available, score, split
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses import smoothing

CHANGES = [
    {},
    {"MEDIAN_SHARE": 0.4},
    {"MEDIAN_SHARE": 0.9},
    {"TAIL_SHARE": 3.5},
    {"TAIL_SHARE": 14.0},
    {"ADDED_COVERAGE": 0.2},
    {"ADDED_COVERAGE": 0.45},
    {"ADDED_COVERAGE": 0.95},
]
TABLES = ("diabetes", "friedman, skewed", "gamma")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--library", choices=list(LIBRARIES), default="lightgbm")
    parser.add_argument("--level", type=float, action="append")
    options = parser.parse_args()
    levels = options.level or [0.02, 0.1, 0.5, 0.9, 0.98]
    found = available()
    splits = [split(found[name], seed) for name in TABLES for seed in range(options.seeds)]
    before = {name: getattr(smoothing, name) for change in CHANGES for name in change}
    print(f"| changed | {' | '.join(f'{level:g}' for level in levels)} | all | coverage off by |")
    print("|---" * (len(levels) + 3) + "|")
    reference = None
    for change in CHANGES:
        for name, value in (before | change).items():
            setattr(smoothing, name, value)
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
        label = ", ".join(f"`{name} = {value:g}`" for name, value in change.items()) or "nothing"
        print(f"| {label} | {' | '.join(f'{x:.4f}' for x in ratios)} | {off:.4f} |", flush=True)


if __name__ == "__main__":
    main()
