"""Fits to targets of which intervals are known: the libraries hand an objective one number for each row.

That number is a row of a table of intervals, as the bits of a float32, which the libraries keep as they are.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples

from boostloss.boosting.estimators import temporarily
from boostloss.losses.distributions import Distribution

FIRST = 0x00800000  # the bits of the smallest normal float32: those below are 0 where a processor flushes them
MOST = 0x7F800000 - FIRST  # rows, up to infinity


class Intervals:
    """The intervals of all rows of a fit, those of evaluation sets among them."""

    def __init__(self, loss: Distribution):
        self.loss = loss
        self.known: dict[int, tuple[Any, NDArray[np.float32]]] = {}  # what has been numbered
        self.ends = np.empty((2, 0))

    def numbered(self, y: Any) -> NDArray[np.float32]:
        """Targets as numbers of rows; for the same object the same array, by which XGBoost knows the training set."""
        if id(y) not in self.known:
            given = self.loss.check_target(y)
            given = given.T if given.ndim == 2 else np.stack([given, given])
            start, self.ends = self.ends.shape[1], np.concatenate([self.ends, given], axis=1)
            stop = self.ends.shape[1]
            if stop > MOST:
                raise ValueError(f"y must have at most {MOST} rows, got {stop}.")
            bits = np.arange(start + FIRST, stop + FIRST, dtype=np.int32)
            self.known[id(y)] = y, bits.view(np.float32)
        return self.known[id(y)][1]

    def of(self, numbers: NDArray) -> NDArray[np.float64]:
        """The intervals of rows, in shape (n, 2)."""
        return self.ends.take(np.asarray(numbers, np.float32).view(np.int32) - FIRST, axis=1).T


class Numbered:
    """What a distribution is while it is fitted to rows that are numbers of a table."""

    table: Intervals
    plain: Distribution  # the loss as it was given

    def targets(self, y_true: ArrayLike) -> NDArray[np.floating]:
        if np.ndim(y_true) == 2:
            return super().targets(y_true)  # type: ignore[misc]
        return self.table.of(np.asarray(y_true))


def numbered_loss(loss: Distribution, table: Intervals) -> Distribution:
    """A loss whose targets are the numbers of rows of a table."""
    kind = type(loss)
    made: Any = object.__new__(
        type(kind.__name__, (Numbered, kind), {"table": table, "plain": loss})
    )
    vars(made).update(vars(loss))
    return made


def without_numbers(loss: Any) -> Any:
    """The loss as it was given."""
    return loss.plain if isinstance(loss, Numbered) else loss


def of_same_targets(loss: Any, other: Any) -> Any:
    """Another loss, which is evaluated beside one that is fitted, as it reads the same targets."""
    if not isinstance(loss, Numbered):
        return other
    if other == loss.plain:
        return loss
    other.targets(loss.table.ends[:, :1].T)  # an error if it takes no intervals
    return numbered_loss(other, loss.table)


def takes_intervals(*names: str) -> Callable[..., Any]:
    """Let `fit` take targets of shape (n_samples, 2), where the objective is a distribution.

    Parameters
    ----------
    *names : str
        Of the options that hold targets: evaluation sets as pairs, or targets alone.
    """

    def decorator(fit: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(fit)
        def with_intervals(self: Any, X: Any, y: Any, *args: Any, **options: Any) -> Any:
            loss, given = self.objective, [y]
            if isinstance(loss, Distribution):
                for name in names:
                    replaced(name, options.get(name), given.append)
            if not isinstance(loss, Distribution) or not any(map(are_intervals, given)):
                return fit(self, X, y, *args, **options)
            table = Intervals(loss)
            if _num_samples(X) != len(y):
                raise ValueError(f"y must have a row for each of {_num_samples(X)}, got {len(y)}.")
            numbers = table.numbered(y)
            for name in names:
                options[name] = replaced(name, options.get(name), table.numbered)
            with temporarily(self, objective=numbered_loss(loss, table)):
                return fit(self, X, numbers, *args, **options)

        return with_intervals

    return decorator


def are_intervals(y: Any) -> bool:
    return y is not None and np.ndim(y) == 2 and np.shape(y)[1] == 2


def replaced(name: str, given: Any, change: Callable[[Any], Any]) -> Any:
    """Evaluation sets, or their targets alone, after a change of each target."""
    if given is None:
        return None
    if name == "eval_set":
        if isinstance(given, tuple):
            return given[0], change(given[1])
        return [(X, change(y)) for X, y in given]
    return tuple(map(change, given)) if isinstance(given, tuple) else change(given)
