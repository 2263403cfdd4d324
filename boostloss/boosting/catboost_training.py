"""What CatBoost's estimators are made to train on."""

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray


def ordered(classes: NDArray) -> list[Any]:
    """The classes in CatBoost's order: as numbers if they can be read as such."""
    names: list[Any] = classes.tolist()
    with suppress(ValueError):
        names.sort(key=float)
    return names


def with_baseline(pool: Any, intercept: float) -> Any:
    """A copy of the pool with a constant baseline, since the user may need the pool again."""
    return copy_of(pool).set_baseline(np.full(pool.num_row(), intercept))


def copy_of(pool: Any) -> Any:
    return pool.slice(np.arange(pool.num_row()))
