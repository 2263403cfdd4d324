"""Classes in CatBoost: a training of one raw prediction for each, which exchange theirs after every round.

CatBoost's own interface for several raw predictions calls Python once a row. Its interface for one calls it once for
some hundred rows, but tells neither which rows nor which round. Here every training runs in a thread of its own on
targets that number the rows. Its metric, which CatBoost hands all rows after each round, collects the raw predictions,
and its callback waits for the other trainings. `benchmarks/classes.py` has the time (``--time --loss``).
"""

import sys
import threading
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.several import class_computation, class_curvature
from boostloss.kernels.classes import fill_classes
from boostloss.kernels.rows import Rows
from boostloss.losses.binary import Binary

# At the usual 5 ms a thread waits for the interpreter while another one takes it again and again.
SWITCH_INTERVAL = 1e-4
MOST_ROWS = 2**24  # whole numbers below are exact in the float32 that a pool makes of its targets
OTHER, TRUE = 2.0, 0.0  # places among the three scores that a block has


class Stopped(Exception):
    """Another training has failed or was interrupted."""


class Meeting:
    """A barrier whose parties may leave."""

    def __init__(self, parties: int):
        self.condition = threading.Condition(threading.RLock())
        self.parties, self.waiting, self.round, self.broken = parties, 0, 0, False

    def wait(self, action: Callable[[], None] | None = None) -> None:
        """Wait for all; the last one runs the action."""
        with self.condition:
            self.check()
            self.waiting += 1
            if self.waiting == self.parties:
                if action is not None:
                    action()
                self.waiting, self.round = 0, self.round + 1
                self.condition.notify_all()
                return
            current = self.round
            while self.round == current and not self.broken:
                self.condition.wait()
            self.check()

    def check(self) -> None:
        if self.broken:
            raise Stopped

    def abort(self) -> None:
        with self.condition:
            self.broken = True
            self.condition.notify_all()


class Lockstep:
    """The trainings of one fit.

    Parameters
    ----------
    loss : Binary
    labels : ndarray of shape (n,)
        Positions of classes: of the rows to train, and of those to stop by after them.
    start : ndarray of shape (n_classes,)
        The scores to begin with.
    n_train : int
    stop_weight : ndarray or None
        Of the rows to stop by.
    patience : int or None
        For how many rounds the loss of these rows may fail to fall.
    """

    def __init__(
        self,
        loss: Binary,
        labels: NDArray,
        start: NDArray,
        n_train: int,
        stop_weight: NDArray | None = None,
        patience: int | None = None,
    ):
        self.loss, self.labels, self.start, self.n_train = loss, labels, start, n_train
        self.stop_weight, self.patience = stop_weight, patience
        self.k = len(start)
        self.scores = np.repeat(start[:, None], len(labels), axis=1)
        self.computation = class_computation(loss)
        self.smoothing = getattr(loss, "label_smoothing", 0.0)
        balance = loss.class_weights(self.k)
        self.balance = None if balance is None else balance[labels]
        self.meeting = Meeting(self.k)
        self.history: list[float] = []
        self.best_round, self.stop = -1, False
        self.errors: list[BaseException] = []
        self.ended: set[int] = set()
        # What a round sees of the scores, which change when the first training has ended it.
        self.others, self.true = np.empty((self.k, n_train)), np.empty(n_train)
        self.prepare(0, n_train)

    def prepare(self, first: int, last: int) -> None:
        """Of some rows the true class's score, and for every score the log-sum-exp of all but it and the true one's."""
        scores, label = self.scores[:, first:last].copy(), self.labels[first:last]
        self.true[first:last] = scores[label, np.arange(last - first)]
        scores[label, np.arange(last - first)] = -np.inf
        top = scores.max(axis=0)
        power = np.exp(scores - top)
        rest = np.zeros_like(power)  # sums from both sides: a difference would cancel
        np.cumsum(power[:-1], axis=0, out=rest[1:])
        rest[:-1] += np.cumsum(power[:0:-1], axis=0)[::-1]
        with np.errstate(divide="ignore"):
            self.others[:, first:last] = top + np.log(rest)

    def derivatives(
        self, j: int, approx: NDArray, rows: NDArray, weight: NDArray | None
    ) -> NDArray:
        """First and second derivative of minus the loss by the j-th score, of a block of rows.

        Those are three classes: this one, the others together, and the true one if it is another.
        """
        true = self.labels[rows] == j
        scores = np.empty((3, len(rows)))
        scores[0] = approx + self.start[j]
        np.take(self.others[j], rows, out=scores[1])
        scores[2] = np.where(true, -np.inf, self.true[rows])
        if self.balance is not None:
            weight = self.balance[rows] * (1.0 if weight is None else weight)
        results = [np.empty((3, len(rows))) for _ in range(2)]
        target = np.where(true, TRUE, OTHER)
        fill_classes(
            results, self.computation, Rows(target, scores.T, weight), class_curvature(self.k)
        )
        gradient, hessian = results[0][0], results[1][0]
        if self.smoothing:  # takes its share from the true score, and gives it to all
            away = self.smoothing * (true - 1.0 / self.k)
            gradient += away if weight is None else weight * away
        return np.column_stack([-gradient, -hessian])

    def decide(self) -> None:
        """Whether to go on, by the loss of the rows to stop by."""
        if len(self.labels) == self.n_train:
            return
        rows = slice(self.n_train, None)
        y, f = self.labels[rows].astype(float), self.scores[:, rows].T
        self.history.append(self.loss.mean_loss(y, f, self.stop_weight))
        last = len(self.history) - 1
        if self.best_round < 0 or self.history[-1] < self.history[self.best_round]:
            self.best_round = last
        self.stop = self.patience is not None and last - self.best_round >= self.patience

    def run(self, pools: Sequence[tuple[Any, Any, NDArray]], params: dict[str, Any]) -> list[Any]:
        """The models of all classes.

        Parameters
        ----------
        pools : sequence of (Pool, Pool or None, ndarray)
            For every class: to train, to stop by, and the row that a target numbers.
        params : dict
            CatBoost's.
        """
        models: list[Any] = [None] * self.k
        threads = [
            threading.Thread(target=self._train, args=(j, models, *pools[j], params), daemon=True)
            for j in range(self.k)
        ]
        interval = sys.getswitchinterval()
        try:
            sys.setswitchinterval(min(interval, SWITCH_INTERVAL))
            for thread in threads:
                thread.start()
            self.wait_for(threads)
        except BaseException:  # an interrupt reaches the main thread only
            self.meeting.abort()
            self.wait_for(threads)
            raise
        finally:
            sys.setswitchinterval(interval)
        if self.errors:
            raise self.errors[0]
        return models

    def wait_for(self, threads: list[threading.Thread]) -> None:
        """Wait until no training runs: an interrupted `Thread.join` takes a thread that runs for one that has ended."""
        with self.meeting.condition:
            while any(
                thread.ident is not None and j not in self.ended for j, thread in enumerate(threads)
            ):
                self.meeting.condition.wait()

    def _train(
        self, j: int, models: list[Any], pool: Any, stop: Any, row_of: NDArray, params: Any
    ) -> None:
        try:
            own = Training(self, j, row_of)
            model = catboost.CatBoost(params | {"loss_function": own, "eval_metric": own})
            models[j] = model.fit(pool, eval_set=stop, callbacks=[own], use_best_model=False)
        except BaseException as error:
            self.fail(error)
        finally:
            with self.meeting.condition:
                self.ended.add(j)
                self.meeting.condition.notify_all()

    def fail(self, error: BaseException) -> None:
        """Stop all trainings; the first error is the one to raise."""
        with self.meeting.condition:
            if not self.meeting.broken:
                self.errors.append(error)
        self.meeting.abort()


def told(method: Any) -> Any:
    """Let the other trainings know of an error; CatBoost passes on no more than its text."""

    @wraps(method)
    def guarded(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except BaseException as error:
            self.run.fail(error)
            raise

    return guarded


class Training:
    """Objective, metric and callback of one of the trainings."""

    no_jit = True

    def __init__(self, run: Lockstep, j: int, row_of: NDArray):
        self.run, self.j, self.row_of = run, j, row_of

    def __deepcopy__(self, memo: Any) -> "Training":
        return self

    @told
    def calc_ders_range(self, approxes: NDArray, targets: NDArray, weights: Any) -> NDArray:
        self.run.meeting.check()
        weight = None if weights is None else np.array(weights, np.float64)
        return self.run.derivatives(self.j, approxes, self.row_of[targets.astype(np.intp)], weight)

    def is_max_optimal(self) -> bool:
        return False

    @told
    def evaluate(self, approxes: Any, target: NDArray, weight: Any) -> tuple[float, float]:
        rows = self.row_of[np.asarray(target).astype(np.intp)]
        self.run.scores[self.j, rows] = approxes[0] + self.run.start[self.j]
        return 0.0, 1.0

    def get_final_error(self, error: float, weight: float) -> float:
        return 0.0

    @told
    def after_iteration(self, info: Any) -> bool:
        run = self.run
        run.meeting.wait(run.decide)
        if run.stop:
            return False
        edges = np.linspace(0, run.n_train, run.k + 1).astype(int)
        run.prepare(edges[self.j], edges[self.j + 1])
        run.meeting.wait()
        return True


def number_rows(apart: NDArray | None, n: int, n_stop: int) -> tuple[NDArray, NDArray, NDArray]:
    """Targets that number the rows to train, those to stop by, and the row that a target numbers.

    Those of the rows `apart`, a mask, lie above the middle between the least and the greatest of the first: statistics
    of categories whose single border of the target is this middle ("TargetBorderType=Uniform") count these rows.
    """
    codes, size = np.arange(n), n
    if apart is not None:
        half = int(max(np.count_nonzero(apart), np.count_nonzero(~apart))) + 1
        size = 2 * half + 1
        codes[~apart] = np.arange(np.count_nonzero(~apart))
        codes[apart] = 2 * half - np.arange(np.count_nonzero(apart))
    if size + n_stop > MOST_ROWS:
        raise ValueError(f"y has too many rows: CatBoost tells {MOST_ROWS} numbers apart.")
    stop_codes = size + np.arange(n_stop)
    row_of = np.zeros(size + n_stop, np.intp)
    row_of[codes] = np.arange(n)
    row_of[stop_codes] = n + np.arange(n_stop)
    return codes.astype(np.float32), stop_codes.astype(np.float32), row_of
