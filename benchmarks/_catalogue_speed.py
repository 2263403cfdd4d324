"""Gradient and curvature of every public loss, as a boosting round asks for them, beside the memory limit.

The losses are those of the guide, which has one of each class. An adaptive loss is measured with its defaults too, a
loss of a level with three of them, one of a margin with ten classes, and a distribution with intervals as targets. What
is timed is what boosting itself calls: kinks are smoothed, curvatures have a floor, and all is known to be finite. It
is of as many scores as rows are asked for, whatever the number of scores a row, and the memory limit reads and writes
as many. Adaptive losses alone write to new arrays.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._kernel_speed import CLASSES, Seconds, best, memory_limit
from boostloss.boosting.gradients import fill_gradients
from boostloss.boosting.objective import boosting_gradients
from boostloss.boosting.several import (
    class_computation,
    class_curvature,
    fill_columns,
    fill_distribution,
)
from boostloss.losses import classes
from boostloss.losses.adaptive import Adaptable, Adaptive
from boostloss.losses.binary import Binary
from boostloss.losses.columns import Columns, Levelled
from boostloss.losses.distributions import Distribution
from boostloss.losses.guide import ENTRIES
from boostloss.losses.harmonizing import Harmonized

LEVELS = [0.1, 0.5, 0.9]
BY_ROWS, BY_CLASSES = (f"{CLASSES} classes, by {order}" for order in ("rows", "classes"))
INTERVALS = "intervals"


def subjects() -> Iterator[tuple[bl.Loss, str]]:
    """Each loss with the form of its scores or targets, where that is not the plain one."""
    for item in ENTRIES:
        yield item.loss, ""
        if issubclass(item.kind, Adaptable):
            yield item.kind(), ""
        if issubclass(item.kind, Levelled):
            yield item.kind(LEVELS), ""
        if isinstance(item.loss, Binary) and classes.of_many_classes(item.loss):
            yield item.loss, BY_ROWS
            yield item.loss, BY_CLASSES
        if isinstance(item.loss, Distribution) and item.loss.interval_formula:
            yield item.loss, INTERVALS


def targets(loss: bl.Loss, labels: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Labels, shares, counts, amounts or numbers, as the loss takes them."""
    if loss.task == "binary":
        return rng.integers(labels, size=n)
    if loss.link_name == "logit":
        return rng.random(n)
    if isinstance(loss, Distribution) and loss.discrete:
        return rng.poisson(2.0, n)
    if loss.link_name == "log" or (isinstance(loss, Distribution) and loss.positive):
        return rng.gamma(2.0, size=n)
    return rng.standard_normal(n)


def arrays(loss: bl.Loss, form: str, rows: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and so many scores in all."""
    rng = np.random.default_rng(0)
    of_classes = form in (BY_ROWS, BY_CLASSES)
    k = CLASSES if of_classes else loss.n_outputs
    f = rng.standard_normal((rows // k, k), np.dtype(dtype))
    y = targets(loss, CLASSES if of_classes else 2, len(f), rng).astype(dtype)
    if isinstance(loss, Columns):
        f.sort(axis=1)
    if form == INTERVALS:
        y = np.stack([y, y + 1], axis=1)
    if form == BY_CLASSES:
        f = np.asfortranarray(f)
    return y, f if k > 1 or isinstance(loss, Distribution) else f[:, 0]


def round_of(
    loss: bl.Loss, y: np.ndarray, f: np.ndarray, results: list[np.ndarray]
) -> Callable[[], Any]:
    """What writes gradients and curvatures of a round into two arrays, which have a line for each score of a row."""
    if isinstance(loss, Adaptive):
        return partial(boosting_gradients, loss, y, f, dtype=f.dtype)
    if isinstance(loss, Harmonized):
        return lambda: fill_gradients(results, loss, y, f, loss.row_weight(y, f))
    if isinstance(loss, Columns):
        return partial(fill_columns, *results, loss, y, f, None)
    if isinstance(loss, Distribution):
        return partial(fill_distribution, *results, loss, y, f, None)
    if isinstance(loss, Binary) and f.ndim == 2:
        factor = class_curvature(CLASSES)
        return partial(classes.fill, results, loss, class_computation(loss), y, f, None, factor)
    return partial(fill_gradients, results, loss, y, f, None)


def round_seconds(loss: bl.Loss, form: str, rows: int, dtype: str, repeats: int) -> Seconds:
    """Of the memory limit, and of a round's gradients and curvatures."""
    first, second = np.random.default_rng(1).standard_normal((2, rows), np.dtype(dtype))
    y, f = arrays(loss, form, rows, dtype)
    results = [np.empty(f.T.shape, dtype) for _ in range(2)]
    both = memory_limit(first, second), round_of(loss, y, f, results)
    return dict(zip(("limit", "ours"), best([*both], repeats), strict=True))
