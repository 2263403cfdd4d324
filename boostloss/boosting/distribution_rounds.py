"""Derivatives by one parameter of a distribution, at the others that a round began with."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.class_rounds import Rounds
from boostloss.boosting.objective import check_finite
from boostloss.boosting.several import fill_distribution, measure, steady
from boostloss.kernels.one_score import LEAST_CURVATURE
from boostloss.losses.distributions import Distribution

Judge = Callable[[NDArray, NDArray, NDArray | None], float]


class DistributionRounds(Rounds):
    """Those of the parameters of a distribution.

    All derivatives are computed when a round begins. Others are where a score has moved since: in the later steps of a
    leaf, and where CatBoost has several predictions of a row that trains.

    Parameters
    ----------
    loss : Distribution
    y : ndarray of shape (n_samples,) or (n_samples, 2)
        Of the rows to train: numbers, or intervals.
    weight : ndarray of shape (n_samples,) or None
    start : ndarray of shape (n_outputs,)
    judge : callable
        Of targets, scores of shape (n_outputs, n_samples) and weights: what is to become small.
    """

    def __init__(
        self, loss: Distribution, y: NDArray, weight: NDArray | None, start: NDArray, judge: Judge
    ):
        super().__init__(loss, start, 1)
        self.y, self.weight, self.judge = y, weight, judge
        self.scores = np.empty((self.k, len(y)))
        self.known = np.empty((self.k, len(y), 2))
        self.pair = np.empty_like(self.scores), np.empty_like(self.scores)  # to compute them in

    def mean_loss(self, y: NDArray, scores: NDArray, weight: NDArray | None) -> float:
        return self.judge(y, scores, weight)

    def begin(self, scores: NDArray) -> None:
        self.scores[:] = scores
        gradient, hessian = self.pair
        self.means, self.units = fill_distribution(
            gradient, hessian, self.loss, self.y, self.scores.T, self.weight
        )
        check_finite(self.loss, self.scores.T, gradient.T, hessian.T)
        np.stack(_floored(gradient, hessian), axis=2, out=self.known)

    def pairs(
        self, j: int, place: NDArray, codes: NDArray, scores: NDArray, weight: NDArray | None
    ) -> NDArray[np.float64]:
        rows = place.take(codes.astype(np.intp))
        own = scores + self.start[j]
        if (self.scores[j].take(rows) == own).all():
            return self.known[j].take(rows, axis=0)
        moved = self.scores.take(rows, axis=1)
        moved[j] = own
        gradient, hessian = np.empty_like(moved), np.empty_like(moved)
        weight = None if self.weight is None else self.weight[rows]
        self.loss.fill([gradient, hessian], self.y[rows], moved.T, weight)
        steady(hessian, self.means, weight)
        measure(gradient, hessian, self.units)
        return np.stack(_floored(gradient[j], hessian[j]), axis=1)


def _floored(gradient: NDArray, hessian: NDArray) -> tuple[NDArray, NDArray]:
    """CatBoost divides by a curvature, which may be too small to be a number other than 0."""
    return gradient, np.maximum(hessian, LEAST_CURVATURE, out=hessian)
