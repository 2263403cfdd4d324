"""The best constant of a million rows, for every location loss, beside sorting and partitioning the same rows.

Milliseconds, the best of several rounds; with --cpu the sum over all cores, which tells more on a busy machine.

    python -m benchmarks.intercept [--rows 1000000] [--rounds 5] [--data normal] [--cpu]
"""

import argparse
import math
import time

import numpy as np

import boostloss as bl

LOSSES = [
    bl.SquaredError(),
    bl.Huber(1.0),
    bl.Huber(delta=0.01),
    bl.LogCosh(1.0),
    bl.Quantile(),
    bl.Quantile(quantile=0.1),
    bl.Barron(alpha=1.5, scale=1.0),
    bl.Barron(alpha=0.5, scale=1.0),
    bl.Charbonnier(1.0),
    bl.Cauchy(1.0),
    bl.GemanMcClure(1.0),
    bl.Welsch(1.0),
    bl.Welsch(scale=0.01),
    bl.Welsch(scale=1e-7),
    bl.Barron(alpha=3.0, scale=1.0),
    bl.Barron(alpha=math.inf, scale=1.0),
]
DATA = {
    "normal": lambda rng, n: rng.normal(size=n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "skewed": lambda rng, n: rng.exponential(3.0, n) ** 2,
    "ties": lambda rng, n: np.round(rng.normal(0.0, 3.0, n)),
}


def milliseconds(run, rounds, clock):
    best = math.inf
    for _ in range(rounds + 1):  # the first compiles
        start = clock()
        run()
        best = min(best, clock() - start)
    return f"{1e3 * best:10.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", choices=DATA, default="normal")
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    rng = np.random.default_rng(0)
    y64 = DATA[options.data](rng, options.rows)
    weight = rng.random(options.rows)
    columns = [(y64.astype(t), w) for t in (np.float32, np.float64) for w in (None, weight)]
    print(f"{'':28}{'float32':>10}{'weighted':>10}{'float64':>10}{'weighted':>10}")

    def show(name, run):
        print(
            f"{name:28}",
            *(milliseconds(lambda c=c: run(*c), options.rounds, clock) for c in columns),
            sep="",
        )

    show("np.sort, np.argsort", lambda y, w: np.sort(y) if w is None else np.argsort(y))
    show("np.partition", lambda y, w: np.partition(y, len(y) // 2))
    for loss in LOSSES:
        show(repr(loss), loss.fit_intercept)


if __name__ == "__main__":
    main()
