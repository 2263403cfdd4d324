"""The share of its training time that a drop-in estimator spends on estimating the parameters of an adaptive loss.

python -m benchmarks.adaptation_cost [--rows 4000 20000 100000] [--rounds 300]
"""

import argparse
import time

import numpy as np

import boostloss as bl
from benchmarks._common import regressor
from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.libraries import LIBRARIES

LOSSES = [bl.Barron("adaptive", "adaptive"), bl.Cauchy("adaptive")]


class Clock:
    """`Adaptation.begin_round`, timed."""

    def __init__(self):
        self.begin_round, self.seconds = Adaptation.begin_round, 0.0
        Adaptation.begin_round = lambda *arguments: self.timed(*arguments)

    def timed(self, *arguments):
        start = time.perf_counter()
        result = self.begin_round(*arguments)
        self.seconds += time.perf_counter() - start
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[4000, 20_000, 100_000])
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    clock, rng = Clock(), np.random.default_rng(0)
    print("| rows | library | loss | fit, s | estimating, % |\n|---|---|---|---|---|")
    for rows in options.rows:
        X = rng.normal(size=(rows, 10))
        y = X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_normal(rows)
        for library in LIBRARIES:
            for loss in LOSSES:
                regressor(library, loss, threads=2, n_estimators=2).fit(X[:500], y[:500])
                clock.seconds, start = 0.0, time.perf_counter()
                regressor(library, loss, threads=2, n_estimators=options.rounds).fit(X, y)
                wall = time.perf_counter() - start
                share = 100 * clock.seconds / wall
                print(f"| {rows} | {library} | `{loss}` | {wall:.2f} | {share:.2f} |", flush=True)


if __name__ == "__main__":
    main()
