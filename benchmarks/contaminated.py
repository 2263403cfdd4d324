"""Test error and fit time when a tenth of the training labels is wrong, one import changed.

Every library fits its own objectives through its own estimator and these losses through the
drop-in estimator of the same name, with the same parameters and rows. Cauchy noise falls on a tenth
of the labels that train and on a tenth of those that stop early; the test labels are clean. The
library's own objectives stop on the mean absolute error, kinder to squared error than its default.

    python -m benchmarks.contaminated [--seeds 5] [--library xgboost]
"""

import argparse
import time
from typing import Any

import numpy as np
from sklearn.datasets import make_friedman1

import boostloss as bl
from benchmarks._common import Table, fit, housing, own_objectives, real_tables
from boostloss.boosting.libraries import LIBRARIES

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
COMMON: dict[str, Any] = {"n_estimators": 600, "learning_rate": 0.1, "random_state": 0}


def data(seed: int) -> list[Table]:
    """Split the table in halves and quarters, and contaminate the labels of all but the test."""
    if "housing" in real_tables():
        X, y = housing()
    else:
        X, y = make_friedman1(20_000, noise=1.0, random_state=0)
        y = y / 5  # to the spread of the house prices
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    noisy = y + np.where(rng.random(len(y)) < 0.1, 5 * rng.standard_cauchy(len(y)), 0.0)
    train, valid, test = np.split(order, [len(y) // 2, 3 * len(y) // 4])
    return [(X[train], noisy[train]), (X[valid], noisy[valid]), (X[test], y[test])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    arguments = parser.parse_args()

    print(
        "| library | objective | test MAE | ± | rounds | fit, s | CPU, s |\n|---|---|---|---|---|---|---|"
    )
    for library in arguments.library or LIBRARIES:
        names = LIBRARIES[library]
        tuned = [own_objectives(library, huber) for huber in (None, SCALE)]
        for objective in [*dict.fromkeys(tuned[0] + tuned[1]), *OURS]:
            own = isinstance(objective, str)
            settings = COMMON | (names.mean_absolute_error if own else {})
            errors, rounds, wall, processor = [], [], [], []
            for seed in range(arguments.seeds):
                train, stop, (X, y) = data(seed)
                start, start_processor = time.perf_counter(), time.process_time()
                model = fit(library, objective, train, stop, threads=2, **settings)
                wall.append(time.perf_counter() - start)
                processor.append(time.process_time() - start_processor)
                rounds.append(names.kept_rounds(model))
                errors.append(np.mean(np.abs(model.predict(X) - y)))
            spread = np.std(errors, ddof=1) / np.sqrt(len(errors)) if len(errors) > 1 else np.nan
            print(
                f"| {library}{' own' if own else ''} | `{objective}` | {np.mean(errors):.4f} "
                f"| {spread:.4f} | {np.median(rounds):.0f} | {np.median(wall):.2f} | {np.median(processor):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
