"""Which residuals an adaptive loss follows, and when it looks at them.

The residuals of rows that train shrink as trees overfit, and a scale that follows them collapses. So a few rows are
held out of training, always the same ones, and the parameters follow their residuals, which are those of new rows.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.boosting.gradients import fill_gradients
from boostloss.kernels.rows import Rows, check_rows
from boostloss.losses.adaptive import MOST, Adaptive, chosen_rows
from boostloss.losses.base import Loss
from boostloss.losses.validation import as_column

# The share of the rows that is held out, and how many at least; at most `MOST`. Two per cent cost next to nothing: with
# ten the mean absolute error of six tables was 0.8 % larger.
SHARE, FEWEST = 0.02, 50
PACE = 5  # the first rounds each re-estimate, later ones when there are a fifth more


def adaptation_of(loss: Loss) -> "Adaptation | None":
    """The objective of one training run of an adaptive loss, or None where nothing is adaptive."""
    return Adaptation(loss) if isinstance(loss, Adaptive) else None


class Adaptation:
    """One training run of an adaptive loss: its objective, and the parameters of every round."""

    def __init__(self, loss: Adaptive):
        self.loss = loss
        self.fixed: Loss = loss  # of the current round
        self.rounds: list[Loss] = []
        self.next_estimate = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> "Adaptation":
        return self  # LightGBM trains with a copy of the objective

    @property
    def history(self) -> dict[str, NDArray[np.float64]]:
        """For every adaptive parameter its value in each round."""
        return {
            name: np.array([getattr(fixed, name) for fixed in self.rounds])
            for name in self.loss.adaptive
        }

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """The objective of XGBoost's and LightGBM's estimators."""
        return self.gradients(y_true, y_pred, sample_weight)

    def gradients(
        self,
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None = None,
        dtype: DTypeLike = np.float32,
        factor: float = 1.0,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """As `boosting_gradients`, of the next round; the rows that are held out get zeros."""
        y, f = as_column(y_true, "y_true"), as_column(raw_prediction, "raw_prediction")
        weight = None if sample_weight is None else as_column(sample_weight, "sample_weight")
        check_rows(Rows(y, f, weight))
        rows = held_out(len(y), weight)
        watched = rows if len(rows) else slice(None)
        error = f[watched].astype(np.float64) - y[watched]
        self.begin_round(error, None if weight is None else weight[watched])
        gradient, hessian = np.empty(len(f), dtype), np.empty(len(f), dtype)
        fill_gradients([gradient, hessian], self.fixed, y, f, weight, factor)
        gradient[rows] = hessian[rows] = 0.0
        return gradient, hessian

    def begin_round(self, error: NDArray, weight: NDArray | None) -> None:
        """Choose the loss of the next round by the residuals of the rows that are held out."""
        if self.due:
            self.fixed = self.loss.fitted(error, weight)
            self.next_estimate = len(self.rounds) + 1 + len(self.rounds) // PACE
        self.rounds.append(self.fixed)

    @property
    def due(self) -> bool:
        """Whether the next round re-estimates."""
        return len(self.rounds) >= self.next_estimate


def held_out(n: int, weight: NDArray | None = None) -> NDArray[np.intp]:
    """The rows out of n that do not train, of positive weight; of fewer than 200 all train, and are followed."""
    positive = None if weight is None or weight.all() else np.flatnonzero(weight)
    n = n if positive is None else len(positive)
    size = 0 if n < 200 else min(max(int(SHARE * n), min(n // 20, FEWEST)), MOST)
    rows = chosen_rows(n, size)
    return rows if positive is None else positive[rows]
