"""Several raw predictions a row in CatBoost: a training for each, which exchange theirs after every round.

CatBoost's own interface for several raw predictions calls Python once a row. Its interface for one calls it once for
some hundred rows, but tells neither which rows nor which round. Here every training runs in a thread of its own on
targets that number the rows. Its metric, which CatBoost hands all rows after each round, collects the raw predictions,
and its callback waits for the other trainings. `benchmarks/classes.py` has the time (``--time --loss``).
"""

from collections.abc import Sequence
from functools import wraps
from typing import Any, NamedTuple

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.class_rounds import Rounds
from boostloss.boosting.meeting import Meeting, Stopped

MOST_ROWS = 2**24  # whole numbers below are exact in the float32 that a pool makes of its targets


class StopRows(NamedTuple):
    """Targets and weights of the rows to stop by, and for how many rounds their loss may fail to fall."""

    y: NDArray
    weight: NDArray | None
    patience: int | None


class Numbers(NamedTuple):
    """Targets that number the rows to train, others for those to stop by, and the row that a target numbers.

    The former are whole numbers from `first` to the size of `place`. The first of the latter, or of those of the user,
    is none of these: CatBoost hands a metric the rows to stop by in their order.
    """

    codes: NDArray[np.float32]
    stop_codes: NDArray[np.float32]
    place: NDArray[np.int32]
    first: int = 0


class Lockstep:
    """The trainings of one fit.

    Parameters
    ----------
    rounds : Rounds
        Of the rows to train.
    n_train : int
        How many they are.
    stop_rows : StopRows or None
    at_once : int
        How many trainings compute at the same time.
    """

    def __init__(
        self, rounds: Rounds, n_train: int, stop_rows: StopRows | None = None, at_once: int = 1
    ):
        self.rounds, self.n_train, self.stop_rows = rounds, n_train, stop_rows
        self.start = rounds.start
        n = n_train + (0 if stop_rows is None else len(stop_rows.y))
        self.scores = np.repeat(self.start[:, None], n, axis=1)
        self.meeting = Meeting(len(self.start), at_once, self.next_round)
        self.history: list[float] = []
        self.best_round, self.stop = -1, False
        self.rounds.begin(self.scores[:, : self.n_train])

    def next_round(self) -> None:
        """Decide by the loss of the rows to stop by whether to go on, and begin the next round."""
        if self.stop_rows is not None:
            y, weight, patience = self.stop_rows
            self.history.append(self.rounds.mean_loss(y, self.scores[:, self.n_train :], weight))
            last = len(self.history) - 1
            if self.best_round < 0 or self.history[-1] < self.history[self.best_round]:
                self.best_round = last
            self.stop = patience is not None and last - self.best_round >= patience
        if not self.stop:
            self.rounds.begin(self.scores[:, : self.n_train])

    def run(self, pools: Sequence[tuple[Any, Any, Numbers]], params: dict[str, Any]) -> list[Any]:
        """The models of all raw predictions.

        Parameters
        ----------
        pools : sequence of (Pool, Pool or None, Numbers)
            For each: to train, to stop by, and how the targets number rows.
        params : dict
            CatBoost's.
        """
        return self.meeting.run(lambda j: Training(self, j, *pools[j]).train(params))


def told(method: Any) -> Any:
    """Let the other trainings know of an error; CatBoost passes on no more than its text."""

    @wraps(method)
    def guarded(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except BaseException as error:
            self.run.meeting.fail(error)
            raise

    return guarded


class Training:
    """One of the trainings: its objective, metric and callback."""

    no_jit = True

    def __init__(self, run: Lockstep, j: int, pool: Any, stop_pool: Any, numbers: Numbers):
        self.run, self.j, self.pool, self.stop_pool = run, j, pool, stop_pool
        self.place, self.first = numbers.place, numbers.first
        self.ended = False

    def __deepcopy__(self, memo: Any) -> "Training":
        return self

    def train(self, params: dict[str, Any]) -> Any:
        """The model, with the start as its bias."""
        model = catboost.CatBoost(params | {"loss_function": self, "eval_metric": self})
        model.fit(self.pool, eval_set=self.stop_pool, callbacks=[self], use_best_model=False)
        if not self.run.stop and model.tree_count_ < params["iterations"]:
            raise RuntimeError(  # or the others would wait for it
                f"CatBoost ended training {self.j} after {model.tree_count_} rounds."
            )
        model.set_scale_and_bias(1.0, float(self.run.start[self.j]))
        return model

    @told
    def calc_ders_range(self, approxes: NDArray, targets: NDArray, weights: Any) -> NDArray:
        if self.run.meeting.broken:
            return self._end(len(approxes))
        weight = None if weights is None else weights.astype(np.float64)  # as soft labels have
        pairs = self.run.rounds.pairs(self.j, self.place, targets, approxes, weight)
        return np.negative(pairs, out=pairs)

    def _end(self, n: int) -> NDArray:
        """End the training by an error in one block of rows, of which CatBoost makes a text in milliseconds.

        It goes through the blocks that are left, often hundreds, all the same.
        """
        if not self.ended:
            self.ended = True
            raise Stopped
        return np.full((n, 2), -1.0)

    def is_max_optimal(self) -> bool:
        return False

    @told
    def evaluate(self, approxes: Any, target: NDArray, weight: Any) -> tuple[float, float]:
        rows: Any = slice(self.run.n_train, None)  # those to stop by, in their order
        if self.first <= target[0] < len(self.place):
            rows = self.place[np.asarray(target).astype(np.intp)]
        self.run.scores[self.j, rows] = approxes[0] + self.run.start[self.j]
        return 0.0, 1.0

    def get_final_error(self, error: float, weight: float) -> float:
        return 0.0

    @told
    def after_iteration(self, info: Any) -> bool:
        self.run.meeting.meet()
        return not self.run.stop


def number_rows(
    n: int, n_stop: int, apart: NDArray | None = None, avoided: float | None = None
) -> Numbers:
    """Targets that number rows.

    Parameters
    ----------
    n, n_stop : int
    apart : ndarray of bool, of shape (n,), optional
        The rows whose targets lie above the middle between the least and the greatest: statistics of categories whose
        single border of the target is this middle ("TargetBorderType=Uniform") count these rows.
    avoided : float, optional
        The first target of the rows to stop by, where it is the user's.
    """
    codes, size = np.arange(n), n
    if apart is not None:
        half = int(max(np.count_nonzero(apart), np.count_nonzero(~apart))) + 1
        size = 2 * half + 1
        codes[~apart] = np.arange(np.count_nonzero(~apart))
        codes[apart] = 2 * half - np.arange(np.count_nonzero(apart))
    return numbered(codes, size, n_stop, avoided)


def number_ranks(y: NDArray, n_stop: int, avoided: float | None = None) -> Numbers:
    """Targets that number rows in the order of a number of each, so that these statistics count the upper half.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    n_stop : int
    avoided : float, optional
        As of `number_rows`.
    """
    codes = np.empty(len(y), np.intp)
    codes[np.argsort(y, kind="stable")] = np.arange(len(y))
    return numbered(codes, len(y), n_stop, avoided)


def numbered(codes: NDArray, size: int, n_stop: int, avoided: float | None) -> Numbers:
    """The numbers of some codes below a size, all above what is avoided if it is among them."""
    first = int(avoided) + 1 if avoided is not None and 0.0 <= avoided < size else 0
    codes, size = first + codes, first + size
    if size + n_stop > MOST_ROWS:
        raise ValueError(f"y has too many rows: CatBoost tells {MOST_ROWS} numbers apart.")
    place = np.zeros(size, np.int32)
    place[codes] = np.arange(len(codes))
    stop_codes = size + np.arange(n_stop)
    return Numbers(codes.astype(np.float32), stop_codes.astype(np.float32), place, first)
