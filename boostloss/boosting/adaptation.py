"""Which residuals an adaptive loss follows, and when it looks at them.

The residuals of rows that train shrink as trees overfit, and a scale that follows them collapses. So a few rows are
held out of training, always the same ones, and the parameters follow their residuals, which are those of new rows.
"""

import math
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.boosting.gradients import fill_gradients
from boostloss.boosting.moving import moving_error
from boostloss.kernels.rows import Rows, check_rows
from boostloss.losses.adaptive import MOST, Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.scale import broad_scale, robust_scale, spread_at
from boostloss.losses.smoothing import chosen_rows, sample
from boostloss.losses.validation import as_column

# The share of the rows that is held out, and how many at least; at most `MOST`. Two per cent cost next to nothing: with
# ten the mean absolute error of six tables was 0.8 % larger.
SHARE, FEWEST = 0.02, 50
NO_ROWS = np.empty(0, np.intp)
PACE = 5  # the first rounds each re-estimate, later ones when there are a fifth more

# The standard deviation of residuals is taken to be this share of the error of the rows that boosting moves at least.
# With the same normal noise in all rows that error is 0.67 standard deviations, and the bound far off. As far as it is
# not, a nearly convex start is wider still, by the second factor at most: with 1 exact targets keep others from being
# learned (`benchmarks/exact_targets.py`), with 8 wrong labels are followed where a part of the table stands apart
# (`benchmarks/graduation.py`).
MOVING_SCALE, MOVING_START = 0.5, 4.0

# A run stays nearly convex as long as the residuals shrink at more than half of their best pace, and the far ones do
# not fall behind the others by a tenth, both over 6 rounds: then those that are left can no longer be learned. Half as
# many rounds more lower the temperature by 1. `benchmarks/graduation.py` shows what that costs and buys.
WINDOW, SLOW, BEHIND, COOLING = 6, 0.5, 0.1, 0.5
# A small part of a table hardly moves the size of all residuals. So those beyond three standard deviations are looked
# at apart: a run stays nearly convex as long as they shrink at a tenth of the best pace of all. Wrong labels do not.
FAR, FAR_SLOW = 3.0, 0.1


def adaptation_of(
    loss: Loss, start_from: Any = None, temperature: float = 1.0
) -> "Adaptation | None":
    """The objective of one training run of an adaptive loss; None where nothing is adaptive.

    The run begins at the temperature, or at 0 if it goes on from a model.
    """
    if not isinstance(loss, Adaptive):
        return None
    return Adaptation(loss, temperature if start_from is None else 0.0)


class Adaptation:
    """One training run of an adaptive loss: its objective, and the parameters of every round.

    A loss that redescends gives far rows next to no influence, also those that features would predict. So the run
    begins with a loss that is convex or nearly so, at a temperature above 0, until the far residuals no longer shrink.

    Parameters
    ----------
    loss : Adaptive
    temperature : float, default 1.0
        Of the first rounds: 0 where the run goes on from a model, and in a call of which nothing is kept.
    """

    def __init__(self, loss: Adaptive, temperature: float = 1.0):
        self.loss = loss
        self.temperature = self.first_temperature = temperature if loss.graduates else 0.0
        # Of each convex round the size of the residuals, and how far the far ones exceed the rest, as logarithms.
        self.progress: list[tuple[float, float]] = []
        # Of the last of them the residuals without their signs, the largest last.
        self.sizes: deque[NDArray] = deque(maxlen=WINDOW + 1)
        self.best_pace = 0.0
        self.fixed: Loss = loss.example  # of the current round, or until rows tell anything
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
        every = Rows(y, f, weight)
        check_rows(every)
        rows = held_out(len(y), weight) if self.follows else NO_ROWS
        watched = slice(None) if self.follows and not len(rows) else rows
        self.begin_round(every.at(watched), every)
        gradient, hessian = np.empty(len(f), dtype), np.empty(len(f), dtype)
        fill_gradients([gradient, hessian], self.fixed, y, f, weight, factor)
        gradient[rows] = hessian[rows] = 0.0
        return gradient, hessian

    @np.errstate(all="ignore")  # infinite raw predictions are refused, here or by their gradients
    def begin_round(self, watched: Rows, every: Rows) -> None:
        """Choose the loss of the next round by the residuals of the rows that are held out.

        Parameters
        ----------
        watched : Rows
            Those that are held out.
        every : Rows
            All of the table, or as many as the library shows.
        """
        error, weight = watched.raw_prediction.astype(np.float64) - watched.y_true, watched.weight
        has_rows = len(error) > 0 if weight is None else weight.any()
        if not self.follows:
            self.fixed = self.loss.example
        elif self.due and has_rows:
            finite = np.isfinite(error)
            if not finite.all():
                wrong = float(watched.raw_prediction[~finite][0])
                raise ValueError(f"raw predictions must be finite, got {wrong}.")
            least = MOVING_SCALE * moving_error_of(every)
            short = least / (robust_scale(error, weight) or math.inf)
            least *= min(short, MOVING_START) ** self.temperature
            factor = max(1.0, least / spread_at(error, weight, self.temperature))
            self.fixed = self.loss.fitted(factor * error, weight, self.temperature)
            self.next_estimate = len(self.rounds) + 1 + len(self.rounds) // PACE
        self.rounds.append(self.fixed)
        if self.temperature > 0.0 and has_rows:
            self.cool(error, weight)

    def cool(self, error: NDArray, weight: NDArray | None) -> None:
        """Choose the temperature of the next round."""
        if self.temperature == self.first_temperature:
            broad, robust = (
                math.log(max(scale(error, weight), 1e-300)) for scale in (broad_scale, robust_scale)
            )
            self.progress.append((broad, broad - robust))
            self.sizes.append(np.sort(np.abs(error)))
            if self.still_learns():
                return
        n_convex = len(self.progress)
        fallen = (len(self.rounds) - n_convex + 1) / (COOLING * n_convex)
        self.temperature = max(0.0, self.first_temperature - fallen)

    def still_learns(self) -> bool:
        """Whether all residuals, the far ones included, or the far ones alone have shrunk over the last rounds."""
        if len(self.progress) <= WINDOW:
            return True
        (earlier, earlier_tail), (size, tail) = self.progress[-1 - WINDOW], self.progress[-1]
        pace = earlier - size
        self.best_pace = max(self.best_pace, pace)
        if pace > SLOW * self.best_pace and tail - earlier_tail < BEHIND:
            return True
        return self.far_pace(math.exp(earlier - earlier_tail)) > FAR_SLOW * self.best_pace

    def far_pace(self, spread: float) -> float:
        """By how much the logarithm of the far residuals has fallen over the last rounds; 0 if there are none."""
        before, now = self.sizes[0], self.sizes[-1]
        n_near = int(np.searchsorted(before, FAR * spread, side="right"))
        if n_near == len(before):
            return 0.0
        return float(np.mean(np.log(before[n_near:] / np.maximum(now[n_near:], 1e-300))))

    @property
    def follows(self) -> bool:
        """Whether the next round needs rows that do not train."""
        return bool(self.loss.adaptive) or self.temperature > 0.0

    @property
    def due(self) -> bool:
        """Whether the next round re-estimates."""
        return self.temperature > 0.0 or len(self.rounds) >= self.next_estimate


def moving_error_of(rows: Rows) -> float:
    """That of `boosting.moving`, of some of the rows."""
    y, f, weight = rows.at(sample(len(rows.y_true), rows.weight))
    f = f.astype(np.float64)
    return moving_error(f - y, f, weight)


def held_out(n: int, weight: NDArray | None = None) -> NDArray[np.intp]:
    """The rows out of n that do not train, of positive weight; of fewer than 200 all train, and are followed."""
    positive = None if weight is None or weight.all() else np.flatnonzero(weight)
    n = n if positive is None else len(positive)
    size = 0 if n < 200 else min(max(int(SHARE * n), min(n // 20, FEWEST)), MOST)
    rows = chosen_rows(n, size)
    return rows if positive is None else positive[rows]
