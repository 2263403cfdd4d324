"""What CatBoost takes in place of the name of a loss or of a metric.

It hands an objective blocks of at most 1000 rows, from several threads, in any order, several times a round, and says
neither which rows they are nor when a round begins. An objective that needs the residuals of certain rows, an adaptive
loss or a quantile, must therefore find these rows within a block.
"""

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.adaptation import Adaptation, held_out
from boostloss.boosting.gradients import (
    boosting_step,
    computation_of,
    fill_gradients,
    fixed_step,
)
from boostloss.boosting.metrics import mean_loss_of
from boostloss.boosting.objective import check_finite, metric_name, not_finite, require_loss
from boostloss.boosting.several import takes_columns
from boostloss.boosting.start import check_start, is_constant
from boostloss.kernels.few_rows import NotFinite, PairsOfFewRows
from boostloss.kernels.followed_rows import FollowedRows
from boostloss.kernels.rows import Rows
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.f_beta import FBeta
from boostloss.losses.harmonizing import Harmonized
from boostloss.losses.validation import as_column

# On how many rows at most the width of a quantile's smoothing is decided in every round.
FOLLOWED_ROWS = 2048
HELD_OUT_FACTOR = 2.0**-100  # of the weight of a row that is held out of training
LEAST_MARKED = 2e-15  # the least weight whose product with that is not 0 in single precision


def objective(loss: Loss) -> Any:
    """The object for ``loss_function`` of CatBoost's estimators, `catboost.train` and `catboost.cv`.

    CatBoost starts from 0, whatever the loss: give it a baseline, or use the estimators of this module.
    Its classifier predicts labels only when it is given ``class_names`` as well. With ``task_type="GPU"`` it needs
    numba's CUDA, and CatBoost goes on where that fails, with derivatives of NaN: see what it prints.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    object

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from catboost import Pool, train
    >>> from boostloss.catboost import metric, objective
    >>> X = np.arange(100.0)[:, None]
    >>> loss = bl.Huber(10.0)
    >>> params = {"loss_function": objective(loss), "eval_metric": metric(loss), "iterations": 5}
    >>> rows = Pool(X, X[:, 0], baseline=np.full(100, 49.5))
    >>> train(rows, params | {"allow_writing_files": False}, logging_level="Silent").tree_count_
    5
    """
    require_loss(loss)
    if isinstance(loss, Adaptive):
        raise ValueError(
            f"loss must have numbers as parameters, as in {loss.example!r}, got {loss!r}: CatBoost tells an objective "
            "nothing of rows and rounds. boostloss.catboost.CatBoostRegressor adapts it."
        )
    if takes_columns(loss):
        raise ValueError(
            f"loss must have one raw prediction a row, got {loss!r}: CatBoost asks an objective of several row by row. "
            "boostloss.catboost.CatBoostRegressor trains it."
        )
    if isinstance(loss, FBeta):
        raise loss.needs_estimator()
    return Objective(loss)


def metric(loss: Loss) -> Any:
    """The mean loss, for ``eval_metric`` of CatBoost's estimators, `catboost.train` and `catboost.cv`.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    object

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.catboost import metric
    >>> huber = metric(bl.Huber(2.0))
    >>> huber.get_final_error(*huber.evaluate((np.array([1.0, 2.0]),), np.zeros(2), None))
    1.25
    """
    return metric_beside(require_loss(loss))


def metric_beside(loss: Loss, raw_of: Loss | None = None) -> Any:
    """The metric of a loss, of raw predictions of its own or of another one."""
    # CatBoost reports a metric under the name of its class.
    return type(metric_name(loss), (Metric,), {})(loss, raw_of)


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


def computed(
    loss: Loss,
    pairs: PairsOfFewRows,
    targets: NDArray,
    approxes: NDArray,
    weights: NDArray | None,
    followed: FollowedRows | None = None,
) -> NDArray:
    """The derivatives of a block, of CatBoost's own memory if a kernel can read it as it is."""
    try:
        try:
            return pairs.compute(targets, approxes, weights, followed)
        except (TypeError, ValueError):
            return pairs.compute(*columns(targets, approxes, weights), followed)
    except NotFinite as found:
        raw = as_column(approxes, "approxes")[found.row]
        raise not_finite(loss, f"{found.row} of a block", raw) from None


def refuse_harmonized(loss: Loss) -> None:
    """Refuse a loss that needs all rows at once, before training."""
    if isinstance(loss, Harmonized):
        raise ValueError(
            f"{loss!r} needs all rows of a table at once, which CatBoost does not show to an objective: use the "
            "estimators of boostloss.xgboost or boostloss.lightgbm."
        )


class Objective(Slot):
    def __init__(self, loss: Loss, known_start: bool = False):
        super().__init__(loss)
        refuse_harmonized(loss)
        self.first_round: list[Any] | None = None if known_start else []

    @cached_property
    def pairs(self) -> PairsOfFewRows | None:
        """What computes every block, if no row decides on it."""
        step = fixed_step(self.loss)
        return None if step is None else PairsOfFewRows(computation_of(step, self.loss, -1.0))

    @cached_property
    def calc_ders_range_gpu(self) -> Any:
        """What CatBoost takes for a kernel of numba.cuda."""
        from boostloss.boosting.catboost_device import DeviceObjective

        return DeviceObjective(self.loss, known_start=self.first_round is None)

    def calc_ders_range(
        self, approxes: NDArray, targets: NDArray, weights: NDArray | None
    ) -> NDArray:
        """First and second derivative of minus the loss, for a block of at most 1000 rows."""
        try:
            seen = self.first_round  # which another thread may end meanwhile
            if seen is not None and len(approxes):
                y, f, weight = columns(targets, approxes, weights)
                self._watch_start(seen, f, y, weight)
            if self.pairs is not None:
                return computed(self.loss, self.pairs, targets, approxes, weights)
            y, f, weight = columns(targets, approxes, weights)
            pairs = np.empty((len(f), 2))
            fill_gradients([pairs], self.loss, y, f, weight, -1.0)
            check_finite(self.loss, f, *pairs.T)
            return pairs
        except BaseException as error:
            raise error from None  # CatBoost leaves earlier ones set, and cuts the text of them all

    def _watch_start(
        self, seen: list[Any], approxes: NDArray, targets: NDArray, weights: NDArray | None
    ) -> None:
        """Check the start when the first round is over: one block may hold the low targets only."""
        start = float(approxes[0])
        if is_constant(approxes) and (not seen or seen[0][0] == start):
            self.loss.check_target(targets)
            kept = np.ones_like(targets) if weights is None else weights.copy()
            seen.append((start, targets.copy(), kept))  # the memory is CatBoost's
            return
        self.first_round = None
        if not seen:
            return
        starts, *blocks = zip(*seen, strict=True)
        y, weight = map(np.concatenate, blocks)
        # Fewer are a last block of few rows, whose starts happen to be the same.
        if len(y) >= len(approxes):
            check_start(self.loss, y, starts[0], weight)


class RoundObjective(Slot):
    """The objective and the callback of one run, in which the residuals of some rows decide on the next round.

    Parameters
    ----------
    loss : Loss
    adaptation : Adaptation or None
        Of an adaptive loss.
    followed : FollowedRows
        The rows of a block that decide.
    rows : Rows
        These at the start.
    callbacks : object
        The callbacks of the user, or None.
    """

    def __init__(
        self,
        loss: Loss,
        adaptation: Adaptation | None,
        followed: FollowedRows,
        rows: Rows,
        callbacks: Any,
    ):
        super().__init__(loss)
        self.adaptation, self.followed, self.callbacks = adaptation, followed, callbacks
        self.size = len(rows.y_true)
        self.begin_round(rows)

    @property
    def due(self) -> bool:
        """Whether the residuals of this round are needed: for a new estimate, or for the width of a smoothing."""
        estimates = self.adaptation is None or self.adaptation.due
        return estimates or fixed_step(self.fixed) is None

    def begin_round(self, rows: Rows) -> None:
        """Let the next round begin."""
        self.fixed: Any = self.loss
        if self.adaptation is not None:
            self.adaptation.begin_round(rows, rows)
            self.fixed = self.adaptation.fixed
        step = boosting_step(self.fixed, *rows)
        self.pairs = PairsOfFewRows(computation_of(step, self.fixed, -1.0))

    def calc_ders_range(
        self, approxes: NDArray, targets: NDArray, weights: NDArray | None
    ) -> NDArray:
        """As that of `Objective`."""
        followed = self.followed if self.due else None
        return computed(self.fixed, self.pairs, targets, approxes, weights, followed)

    def after_iteration(self, info: Any) -> bool:
        """Begin the next round; whether to go on is for the callbacks of the user."""
        # The blocks come in any order, and those of a row several times: for the trees and for each leaf step, and with
        # ordered boosting some rows more often than others. As many as there are, at equal distances in the order of
        # their errors, can be compared with those of other rounds.
        rows = self.followed.take()
        k = len(rows.y_true)
        self.begin_round(rows.at(np.arange(self.size if k else 0) * k // self.size))
        return self.callbacks is None or self.callbacks.after_iteration(info)


def follow_some_rows(weight: NDArray) -> FollowedRows:
    """Some of the rows of positive weight, which every block is searched for."""
    return FollowedRows(every=max(1, -(-int(np.count_nonzero(weight)) // FOLLOWED_ROWS)))


def hold_rows_out(weight: NDArray) -> tuple[NDArray, FollowedRows]:
    """Weights that keep some rows out of training, and how to find these rows within a block.

    A held-out row is marked by its weight, the one thing of a row that CatBoost passes on and that need not matter:
    2^-100 times its own is too light to move any leaf, and lighter than every other weight. There is no other way to
    tell an objective which rows a block holds, so without the mark no loss could adapt in CatBoost. Weights that
    differ by 2^50 among themselves, which no sample has, would hide it and are refused.
    """
    rows = held_out(len(weight), weight)
    limit = math.sqrt(HELD_OUT_FACTOR) * weight.max() if len(rows) else math.inf
    least = weight.min(where=weight > 0.0, initial=math.inf)
    if len(rows) and least < limit:
        raise ValueError(
            "sample_weight must not differ by a factor of 2^50 (about 1e15) with an adaptive loss in CatBoost, got "
            f"weights from {least:g} to {weight.max():g}; a weight of 0 leaves a row out."
        )
    if len(rows) and weight[rows].min() < LEAST_MARKED:
        raise ValueError(
            f"sample_weight must be 0 or at least {LEAST_MARKED:g} with an adaptive loss in CatBoost, got "
            f"{weight[rows].min():g}."
        )
    marked = weight.copy()
    marked[rows] *= HELD_OUT_FACTOR
    return marked, FollowedRows(limit=limit)


class Metric(Slot):
    def __init__(self, loss: Loss, raw_of: Loss | None):
        super().__init__(loss)
        self.raw_of = raw_of

    def __reduce__(self) -> tuple[Any, ...]:
        return metric_beside, (self.loss, self.raw_of)

    def is_max_optimal(self) -> bool:
        return False

    def evaluate(
        self, approxes: tuple[NDArray, ...], target: NDArray, weight: NDArray | None
    ) -> tuple[float, float]:
        """The sums of the weighted losses and of the weights."""
        several = len(approxes) > 1 or takes_columns(self.loss)
        raw_prediction = np.column_stack(approxes) if several else approxes[0]
        total = float(len(target) if weight is None else weight.sum(dtype=np.float64))
        if total == 0.0:
            return 0.0, 0.0
        return total * mean_loss_of(self.loss, self.raw_of, target, raw_prediction, weight), total

    def get_final_error(self, error: float, weight: float) -> float:
        return error / weight if weight > 0.0 else 0.0
