"""Parts and copies of CatBoost's pools, which the user may need again as they are."""

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.ignored import HALF, Part
from boostloss.losses.adaptive import chosen_rows


def copy_of(pool: Any) -> Any:
    return pool.slice(np.arange(pool.num_row()))


def with_baseline(pool: Any, intercept: float) -> Any:
    """A copy of the pool with a constant baseline."""
    return copy_of(pool).set_baseline(np.full(pool.num_row(), intercept))


class PoolPart(Part):
    """Some rows of a pool, whose labels cannot be replaced: for residuals they stand above a baseline."""

    def to_learn(self, residual: NDArray) -> dict[str, Any]:
        return {"X": self.X.set_baseline(self.y - residual).set_weight(self.counts)}


def pool_parts(pool: Any, intercept: float) -> list[Part]:
    """Two random parts of a pool, less an intercept in its baseline."""
    parts: list[Part] = []
    half = min(HALF, pool.num_row() // 2)
    rows = np.random.default_rng(0).permutation(chosen_rows(pool.num_row(), 2 * half))
    with suppress(Exception):  # what is said of a fit must not make it fail
        for some in (rows[:half], rows[half:]):
            X = pool.slice(np.sort(some))
            baseline, weight = X.get_baseline(), np.sign(np.asarray(X.get_weight()))
            start = baseline[:, 0] - intercept if baseline.shape[1] else None
            X.set_baseline(np.zeros(half))
            parts.append(PoolPart(X, np.asarray(X.get_label()), weight, start))
    return parts
