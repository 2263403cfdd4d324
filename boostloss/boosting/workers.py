"""A loss whose rows lie on several workers: what a round decides from the table, it decides from all of it.

Most losses ask nothing of other rows. Those that do look at a few thousand of them, or at sums. Here the workers bring
the very rows together that one machine would look at, wherever they lie, so that all train the same model as it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.adaptation import adaptation_of, held_out
from boostloss.boosting.gradients import (
    Step,
    boosting_step,
    fill_gradients,
    fixed_step,
    row_share,
)
from boostloss.boosting.objective import check_finite
from boostloss.boosting.several import several_gradients, takes_columns
from boostloss.kernels.rows import Rows, check_rows
from boostloss.losses.base import Loss, total_weight
from boostloss.losses.harmonizing import Harmonized
from boostloss.losses.smoothing import sample
from boostloss.losses.validation import as_column

Total = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # the sum of what all workers give
Pool = tuple[NDArray, NDArray, NDArray | None]  # targets, raw predictions and weights


@dataclass(frozen=True)
class Table:
    """Where the rows of a table are, which is cut into parts.

    Attributes
    ----------
    first : ndarray of shape (n_parts,)
        The number in the table of the first row of each part.
    sample, watched : ndarray of int
        The rows that smooth kinks, and those whose residuals an adaptive loss follows.
    held_out : bool
        Whether the latter do not train.
    weighted : bool
        Whether rows have weights.
    """

    first: NDArray[np.intp]
    sample: NDArray[np.intp]
    watched: NDArray[np.intp]
    held_out: bool
    weighted: bool

    @classmethod
    def of(cls, sizes: NDArray[np.intp], weight: NDArray | None) -> "Table":
        """That of parts of these sizes."""
        n = int(sizes.sum())
        weight = None if weight is None else weight.astype(np.float32)  # as the libraries keep it
        every, held = np.arange(n), held_out(n, weight)
        watched = held if len(held) else every
        first = np.cumsum(sizes) - sizes
        return cls(first, every[sample(n, weight)], watched, bool(len(held)), weight is not None)

    def own_rows(self, part: NDArray) -> NDArray[np.intp]:
        """The numbers in the table of rows, by the number of the part of each, which begins where it changes."""
        part = part.astype(np.intp)
        begins = np.flatnonzero(np.diff(part, prepend=-1))
        lengths = np.diff(begins, append=len(part))
        return np.arange(len(part)) + np.repeat(self.first[part[begins]] - begins, lengths)


class Shared:
    """The rows of one worker among those of all.

    Parameters
    ----------
    table : Table
    total : callable
        Sums an array over all workers, which call it equally often.
    part : ndarray of shape (n_own,)
        The number of the part of each row of the worker, as it has them.
    """

    def __init__(self, table: Table, total: Total, part: NDArray):
        self.table, self.total, self.part = table, total, part
        own = table.own_rows(part)
        self.sample = places(own, table.sample)
        self.watched = places(own, table.watched)

    def pooled(
        self,
        of_table: NDArray[np.intp],
        own: tuple[NDArray, NDArray],
        y: NDArray,
        f: NDArray,
        weight: NDArray | None,
    ) -> Pool:
        """These rows of the table, in its order, on every worker: targets, raw predictions and weights."""
        there, place = own
        f = f[:, None] if f.ndim == 1 else f
        brought = np.zeros((len(of_table), 2 + f.shape[1]))
        brought[place, 0] = y[there]
        brought[place, 1] = 1.0 if weight is None else weight[there]
        brought[place, 2:] = f[there]
        brought = self.total(brought)
        raw = (brought[:, 2:] if f.shape[1] > 1 else brought[:, 2]).astype(f.dtype)
        weights = brought[:, 1].astype(np.float32) if self.table.weighted else None
        return brought[:, 0].astype(y.dtype), raw, weights

    def sampled(self, y: NDArray, f: NDArray, weight: NDArray | None) -> Pool:
        """The rows that smooth kinks."""
        return self.pooled(self.table.sample, self.sample, y, f, weight)

    def step(self, loss: Loss, y: NDArray, f: NDArray, weight: NDArray | None) -> Step:
        """What the next round computes of a loss of one raw prediction."""
        return fixed_step(loss) or boosting_step(loss, *self.sampled(y, f, weight))


def places(own: NDArray[np.intp], wanted: NDArray[np.intp]) -> tuple[NDArray, NDArray]:
    """Which rows of a worker are among those wanted, and as which of them."""
    order = np.argsort(wanted)
    found = np.searchsorted(wanted, own, sorter=order)
    found = order[np.minimum(found, len(wanted) - 1)]
    there = np.flatnonzero(wanted[found] == own)
    return there, found[there]


class SharedObjective:
    """The objective of one training over several workers, on one of them.

    Parameters
    ----------
    loss : Loss
    n_outputs : int
        Raw predictions a row, or classes.
    shared : Shared
    start_from : object
        The model from which training goes on, or None.
    """

    def __init__(self, loss: Loss, n_outputs: int, shared: Shared, start_from: Any = None):
        self.loss, self.n_outputs, self.shared = loss, n_outputs, shared
        self.run = adaptation_of(loss, start_from)

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedObjective":
        return self  # LightGBM trains with a copy of the objective

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        y = as_column(y_true, "y_true")
        weight = None if sample_weight is None else as_column(sample_weight, "sample_weight")
        # Of a worker without rows XGBoost may give a table without columns.
        if self.n_outputs > 1 or takes_columns(self.loss):
            f = np.reshape(y_pred, (len(y), self.n_outputs))
            gradient, hessian = several_gradients(self.loss, y, f, weight, shared=self.shared)
            found = (gradient, hessian) if self.n_outputs > 1 else (gradient[:, 0], hessian[:, 0])
        else:
            f = as_column(np.reshape(y_pred, len(y)), "y_pred")
            found = self._of_one_output(y, f, weight)
        check_finite(self.loss, f, *found)
        return found

    def _of_one_output(self, y, f, weight):
        loss, factor, held = self.loss, row_share(self.loss), np.empty(0, np.intp)
        check_rows(Rows(y, f, weight))
        if self.run is not None:
            held = self._begin_round(self.run, y, f, weight)
            loss, factor = self.run.fixed, 1.0
        if isinstance(loss, Harmonized):
            weight = loss.row_weight(y, f, weight, self.shared.total)
        results = np.empty(len(f), np.float32), np.empty(len(f), np.float32)
        fill_gradients(
            list(results), loss, y, f, weight, factor, self.shared.step(loss, y, f, weight)
        )
        for result in results:
            result[held] = 0.0
        return results

    def _begin_round(self, run, y, f, weight) -> NDArray[np.intp]:
        """Let an adaptive loss see the residuals that it follows; the rows of this worker that do not train."""
        shared, held = self.shared, np.empty(0, np.intp)
        watched = sampled = Rows(np.empty(0), np.empty(0))
        if run.follows:
            held = shared.watched[0] if shared.table.held_out else held
            if run.due:
                pool = shared.pooled(shared.table.watched, shared.watched, y, f, weight)
                watched, sampled = Rows(*pool), Rows(*shared.sampled(y, f, weight))
        run.begin_round(watched, sampled)
        return held


def shared_mean(mean_loss: Callable[..., float], total: Total) -> Callable[..., float]:
    """The mean loss over the rows of all workers, of which one may have none."""

    def shared(y_true: Any, raw_prediction: Any, sample_weight: Any = None) -> float:
        n = len(np.asarray(y_true))
        weight = 0.0
        if n and (sample_weight is None or np.any(sample_weight)):
            weight = total_weight(n, sample_weight)
        mean = mean_loss(y_true, raw_prediction, sample_weight) if weight else 0.0
        summed, weight = total(np.array([weight * mean, weight]))
        return float(summed / weight)

    return shared
