"""What CatBoost takes in place of the name of a loss or of a metric."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.adaptation import Adaptation, adaptation_of
from boostloss.boosting.estimators import check_loss
from boostloss.boosting.gradients import boosting_step, fill_gradients
from boostloss.boosting.objective import metric_name
from boostloss.boosting.start import check_start
from boostloss.losses.base import Loss
from boostloss.losses.validation import as_column


def objective(loss: Loss) -> Any:
    """The object for ``loss_function`` of CatBoost's estimators, `catboost.train` and `catboost.cv`.

    CatBoost starts from 0, whatever the loss: give it a baseline, or use the estimators of this module.
    Its classifier predicts labels only when it is given ``class_names`` as well.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    object
    """
    if adaptation_of(check_loss(loss)) is not None:
        raise ValueError(
            f"loss must have numbers as parameters, got {loss!r}: CatBoost tells an objective nothing of rows "
            "and rounds. boostloss.catboost.CatBoostRegressor adapts it."
        )
    return Objective(loss)


def metric(loss: Loss) -> Any:
    """The mean loss, for ``eval_metric`` of CatBoost's estimators, `catboost.train` and `catboost.cv`.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    object
    """
    # CatBoost reports a metric under the name of its class.
    return type(metric_name(check_loss(loss)), (Metric,), {})(loss)


class Slot:
    """What CatBoost takes in place of a name."""

    no_jit = True  # or CatBoost compiles the methods, and warns that it can not

    def __init__(self, loss: Loss):
        self.loss = loss

    def __deepcopy__(self, memo: dict[int, Any]) -> "Slot":
        return self  # scikit-learn's clone wants CatBoost's copies to be the same object


def columns(
    targets: NDArray, approxes: NDArray, weights: NDArray | None
) -> tuple[NDArray, NDArray, NDArray | None]:
    """CatBoost's views of its own memory, copied where a kernel cannot read them as they are."""
    weight = None if weights is None else as_column(weights, "weights")
    return as_column(targets, "targets"), as_column(approxes, "approxes"), weight


class Objective(Slot):
    def __init__(self, loss: Loss, known_start: bool = False):
        super().__init__(loss)
        self.first_round: list[Any] | None = None if known_start else []

    def calc_ders_range(
        self, approxes: NDArray, targets: NDArray, weights: NDArray | None
    ) -> NDArray:
        """First and second derivative of minus the loss, for a block of at most 1000 rows."""
        y, f, weight = columns(targets, approxes, weights)
        if self.first_round is not None:
            self._watch_start(f, y, weight)
        pairs = np.empty((len(f), 2))
        fill_gradients([pairs], self.loss, y, f, weight, -1.0)
        return pairs

    def _watch_start(self, approxes: NDArray, targets: NDArray, weights: NDArray | None) -> None:
        """Check the start when the first round is over: one block may hold the low targets only."""
        assert self.first_round is not None
        if (approxes == approxes[0]).all():
            self.loss.check_target(targets)
            rows = approxes, targets, np.ones_like(targets) if weights is None else weights
            self.first_round.append(np.array(rows, np.float32))  # the memory is CatBoost's
        elif self.first_round:
            start, y, weight = np.concatenate(self.first_round, axis=1)
            self.first_round = None
            check_start(self.loss, y, float(start[0]), weight)
        else:
            self.first_round = None


class RoundObjective(Slot):
    """The objective and the callback of one run, in which the residuals of some rows decide on each round.

    CatBoost says neither which rows a block holds nor when a round begins. So the rows are chosen within a block, by
    their weights or places, and the residuals of a round decide on the next one.
    """

    def __init__(
        self,
        loss: Loss,
        adaptation: Adaptation | None,
        chosen: Callable[[NDArray], Any],
        error: NDArray,
        weight: NDArray,
        callbacks: Any,
    ):
        super().__init__(loss)
        self.adaptation, self.chosen, self.callbacks = adaptation, chosen, callbacks
        self.size = len(error)
        self.seen: list[NDArray] = []
        self.round(error, weight)

    @property
    def due(self) -> bool:
        """Whether the residuals of this round are needed."""
        return self.adaptation is None or self.adaptation.due

    def round(self, error: NDArray, weight: NDArray) -> None:
        """Let the next round begin."""
        self.fixed: Any = self.loss
        if self.adaptation is not None:
            self.adaptation.begin_round(error, weight)
            self.fixed = self.adaptation.fixed
        self.step = boosting_step(self.fixed, np.zeros_like(error), error, weight)

    def calc_ders_range(
        self, approxes: NDArray, targets: NDArray, weights: NDArray | None
    ) -> NDArray:
        """As that of `Objective`."""
        y, f, weight = columns(targets, approxes, weights)
        if self.due:
            given = np.ones_like(y) if weight is None else weight
            rows = self.chosen(given)
            self.seen.append(np.stack([f[rows] - y[rows], given[rows]]))
        pairs = np.empty((len(f), 2))
        fill_gradients([pairs], self.fixed, y, f, weight, -1.0, self.step)
        return pairs

    def after_iteration(self, info: Any) -> bool:
        """Begin the next round; whether to go on is for the callbacks of the user."""
        error, weight = np.concatenate([np.empty((2, 0)), *self.seen], axis=1)
        # The blocks come in any order, and those of a row several times: for the trees and for each leaf step.
        order = np.lexsort((weight, error))[:: max(1, len(error) // self.size)]
        self.round(error[order], weight[order])
        self.seen.clear()
        return self.callbacks is None or self.callbacks.after_iteration(info)


class Metric(Slot):
    def __reduce__(self) -> tuple[Any, ...]:
        return metric, (self.loss,)

    def is_max_optimal(self) -> bool:
        return False

    def evaluate(
        self, approxes: tuple[NDArray], target: NDArray, weight: NDArray | None
    ) -> tuple[float, float]:
        """The sums of the weighted losses and of the weights."""
        (raw_prediction,) = approxes
        total = float(len(target) if weight is None else weight.sum(dtype=np.float64))
        if total == 0.0:
            return 0.0, 0.0
        return total * self.loss.mean_loss(target, raw_prediction, weight), total

    def get_final_error(self, error: float, weight: float) -> float:
        return error / weight if weight > 0.0 else 0.0
