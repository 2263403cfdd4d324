"""What intervals as targets cost beside exact ones, and how exact the probabilities of intervals are.

Nanoseconds a row for derivatives and curvatures of 200,000 rows on one thread, the best of seven passes: of exact
targets, and of intervals, of which a third is exact, a third open above and a third closed. The error is the largest of
the negative log-likelihood beside scipy's distribution functions, in absolute size, of rows whose probability is above
1e-6: below it scipy's own differences have few digits.

    python -m benchmarks.interval_kernels
"""

import os
import time

import numpy as np

from boostloss.losses.catalogue import DISTRIBUTIONS
from boostloss.losses.distributions import Distribution

ROWS, PASSES = 200_000, 7


def nanoseconds(loss: Distribution, y: np.ndarray, raw: np.ndarray) -> float:
    """The best pass, over the rows."""
    results = [np.empty((loss.n_outputs, ROWS)) for _ in range(2)]
    best = np.inf
    for _ in range(1 + PASSES):
        start = time.perf_counter()
        loss.fill(results, y, raw, None)
        best = min(best, time.perf_counter() - start)
    return 1e9 * best / ROWS


def intervals(loss: Distribution, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = rng.integers(0, 3, ROWS)
    width = rng.integers(1, 5, ROWS) if loss.discrete else rng.exponential(size=ROWS)
    upper = np.select([kind == 0, kind == 1], [y, np.inf], y + width)
    return np.stack([y, upper], axis=1)


def error(loss: Distribution, ends: np.ndarray, raw: np.ndarray) -> float:
    """The largest, of intervals that are not exact."""
    some = np.flatnonzero(ends[:, 0] < ends[:, 1])[:20_000]
    lower, upper = ends[some].T
    theirs = loss.distribution(raw[some])
    before = lower - 1.0 if loss.discrete else lower
    with np.errstate(all="ignore"):
        above = theirs.cdf(before) > 0.5
        p = np.where(
            above, theirs.sf(before) - theirs.sf(upper), theirs.cdf(upper) - theirs.cdf(before)
        )
        found = np.abs(loss.loss(ends[some], raw[some]) + np.log(p))
    return float(found[p > 1e-6].max())


def main() -> None:
    os.environ["NUMBA_NUM_THREADS"] = "1"
    print("| distribution | exact, ns a row | intervals | error |\n|---|---|---|---|")
    for kind in DISTRIBUTIONS:
        loss, rng = kind(), np.random.default_rng(0)
        raw = 0.5 * rng.normal(size=(ROWS, loss.n_outputs))
        raw[:, 0] += 1.0
        if loss.n_outputs == 3:
            raw[:, 2] += 1.0
        y = loss.distribution(raw).rvs(random_state=0).astype(float)
        ends = intervals(loss, y, rng)
        times = nanoseconds(loss, y, raw), nanoseconds(loss, ends, raw)
        print(f"| `{loss!r}` | {times[0]:.1f} | {times[1]:.0f} | {error(loss, ends, raw):.0e} |")


if __name__ == "__main__":
    main()
