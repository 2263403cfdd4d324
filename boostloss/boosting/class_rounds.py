"""Derivatives by one of several scores, at those of the others that a round began with."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.objective import boosting_gradients
from boostloss.boosting.several import class_computation, class_curvature
from boostloss.kernels.one_score import Held, log_sums_without, score_pairs
from boostloss.kernels.threads import parallel_map, run_in_threads
from boostloss.losses.binary import Binary

BLOCK = 1 << 15  # scores that stay in the cache, 256 KiB


class Rounds:
    """What the trainings of one score each know of the scores of the others.

    Parameters
    ----------
    loss : Loss
    start : ndarray of shape (n_scores,)
        The scores to begin with.
    n_threads : int
        How many prepare a round.
    """

    def __init__(self, loss: Any, start: NDArray, n_threads: int):
        self.loss, self.start, self.k = loss, start, len(start)
        self.threads = partial(run_in_threads, most=n_threads)

    def mean_loss(self, y: NDArray, scores: NDArray, weight: NDArray | None) -> float:
        """The weighted mean of the loss, of labels or soft labels, at scores of shape (k, n_samples)."""
        return self.loss.mean_loss(y, scores.T, weight)

    def begin(self, scores: NDArray) -> None:
        """Let a round begin at these scores, of shape (k, n_samples)."""
        size = max(256, BLOCK // self.k)

        def hold(first: int) -> None:
            rows = slice(first, first + size)
            self.hold(scores[:, rows].copy(), rows)

        parallel_map(hold, range(0, scores.shape[1], size), self.threads)

    def hold(self, scores: NDArray, rows: slice) -> None:
        """Keep what a round needs of the scores of some rows, which may be changed."""
        raise NotImplementedError

    def pairs(
        self, j: int, place: NDArray, codes: NDArray, scores: NDArray, weight: NDArray | None
    ) -> NDArray[np.float64]:
        """Gradient and curvature by the j-th score, of shape (n_rows, 2).

        Parameters
        ----------
        j : int
        place : ndarray of int32
            The row by its code.
        codes : ndarray of float32
        scores : ndarray of float64
            The j-th of the rows, less its start.
        weight : ndarray of float64 or None
        """
        raise NotImplementedError


class ClassRounds(Rounds):
    """Those of more than two classes."""

    def __init__(self, loss: Binary, start: NDArray, n_threads: int):
        super().__init__(loss, start, n_threads)
        self.computation, self.factor = class_computation(loss), class_curvature(self.k)
        self.balance = loss.class_weights(self.k)

    def of_one_score(
        self, j: int, held: Held, codes: NDArray, scores: NDArray, weight: NDArray | None
    ) -> NDArray[np.float64]:
        """As `pairs`, where every row has one label."""
        start = float(self.start[j])
        return score_pairs(self.computation, self.factor, held, j, start, codes, scores, weight)


class LabelRounds(ClassRounds):
    """Those of labels, and of a cross-entropy's soft labels, which change its gradient by a constant.

    Parameters
    ----------
    loss, start, n_threads
    y : ndarray of shape (n_samples,) or (n_samples, n_classes)
    """

    def __init__(self, loss: Binary, start: NDArray, n_threads: int, y: NDArray):
        super().__init__(loss, start, n_threads)
        label = y if y.ndim == 1 else y.argmax(axis=1)
        self.label = label.astype(np.int32)
        self.away: NDArray | None = None
        smoothing: float = getattr(loss, "label_smoothing", 0.0)
        if loss.proper and (y.ndim == 2 or smoothing):  # as in `fill_cross_entropy`
            hard = np.eye(self.k)[self.label]
            away = hard - loss.smoothed(hard if y.ndim == 1 else y)
            self.away = np.ascontiguousarray(self.computation.factor * away.T)
        self.own, self.rest = np.empty(len(y)), np.empty((self.k, len(y)))

    def hold(self, scores: NDArray, rows: slice) -> None:
        true = self.label[rows], np.arange(scores.shape[1])
        self.own[rows] = scores[true]
        scores[true] = -np.inf
        self.rest[:, rows] = log_sums_without(scores)

    def pairs(
        self, j: int, place: NDArray, codes: NDArray, scores: NDArray, weight: NDArray | None
    ) -> NDArray[np.float64]:
        if self.balance is not None:
            balance = self.balance[self.label[place[codes.astype(np.intp)]]]
            weight = balance if weight is None else balance * weight
        held = Held(place, self.label, self.own, self.rest[j])
        pairs = self.of_one_score(j, held, codes, scores, weight)
        if self.away is not None:
            away = self.away[j, place[codes.astype(np.intp)]]
            pairs[:, 0] += away if weight is None else weight * away
        return pairs


class SoftLabelRounds(ClassRounds):
    """Those of soft labels, whose loss is a sum over labels.

    Parameters
    ----------
    loss, start, n_threads
    y : ndarray of shape (n_samples, n_classes)
    """

    def __init__(self, loss: Binary, start: NDArray, n_threads: int, y: NDArray):
        super().__init__(loss, start, n_threads)
        share = y.T.astype(np.float64)
        self.share = share if self.balance is None else share * self.balance[:, None]
        self.scores = np.empty(share.shape)

    def hold(self, scores: NDArray, rows: slice) -> None:
        self.scores[:, rows] = scores

    def pairs(
        self, j: int, place: NDArray, codes: NDArray, scores: NDArray, weight: NDArray | None
    ) -> NDArray[np.float64]:
        rows = place[codes.astype(np.intp)]
        own, share = self.scores[:, rows], self.share[:, rows]
        others = own.copy()
        others[j] = -np.inf
        # A row for each label and row.
        label = np.repeat(np.arange(self.k, dtype=np.int32), len(rows))
        number = np.arange(len(label), dtype=np.int32)
        held = Held(number, label, own.ravel(), log_sums_without(others).ravel())
        share = share if weight is None else share * weight
        several = np.tile(scores, self.k)
        pairs = self.of_one_score(j, held, number.astype(np.float32), several, share.ravel())
        return pairs.reshape(self.k, len(rows), 2).sum(axis=0)


class TwoClassRounds(Rounds):
    """Those of soft labels of two classes, which have a single score."""

    def __init__(self, loss: Binary, start: NDArray, n_threads: int, y: NDArray):
        super().__init__(loss, start, n_threads)
        self.y = y

    def hold(self, scores: NDArray, rows: slice) -> None:
        """There are no other scores."""

    def pairs(
        self, j: int, place: NDArray, codes: NDArray, scores: NDArray, weight: NDArray | None
    ) -> NDArray[np.float64]:
        y = self.y[place[codes.astype(np.intp)]]
        found = boosting_gradients(self.loss, y, scores + self.start[0], weight, np.float64)
        return np.stack(found, axis=1)


def rounds_of(loss: Binary, y: NDArray, start: NDArray, n_threads: int) -> Rounds:
    """The rounds of labels, positions of classes, or of a probability for each class."""
    if len(start) == 1:
        return TwoClassRounds(loss, start, n_threads, y)
    soft = y.ndim == 2 and not loss.proper
    return (SoftLabelRounds if soft else LabelRounds)(loss, start, n_threads, y)
