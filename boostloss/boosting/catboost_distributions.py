"""Distributions in CatBoost's regressor: a training of each parameter, which exchange their raw predictions."""

from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.adaptation import held_out
from boostloss.boosting.catboost_lockstep import Lockstep, StopRows, number_ranks
from boostloss.boosting.catboost_objective import Metric, metric
from boostloss.boosting.catboost_pools import (
    first_number,
    len_of,
    numbers_of,
    refuse_beside_pool,
    rows_to_stop_by,
    some_rows,
    table_of,
)
from boostloss.boosting.catboost_records import but_the_loss
from boostloss.boosting.catboost_several import fit_columns
from boostloss.boosting.catboost_training import (
    RAW_PREDICTION,
    check_metrics,
    refuse_target_border,
)
from boostloss.boosting.catboost_trainings import (
    Merged,
    asked_of,
    fit_together,
    numbered_pools,
    only_set,
    patience_of,
    refuse_of_one_training,
    threads_of,
    without,
)
from boostloss.boosting.distribution_rounds import DistributionRounds
from boostloss.boosting.watched import warn_of_small_scales
from boostloss.losses.base import Loss
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution
from boostloss.losses.validation import check_weight

OWN = "RMSE"  # whose defaults the trainings have
STATED = "MultiRMSE"  # by which plain CatBoost predicts a number for each output


def fit_several(estimator: Any, loss: Any, given: dict[str, Any]) -> bool:
    """Fit a regressor to several raw predictions a row; false where the loss has one."""
    if isinstance(loss, Columns):
        fit_columns(estimator, loss, given)
    elif isinstance(loss, Distribution):
        fit_distribution(estimator, loss, given)
    else:
        return False
    return True


def fit_distribution(estimator: Any, loss: Distribution, given: dict[str, Any]) -> None:
    """Fit a model of each parameter, and let their trees be the estimator's.

    Parameters
    ----------
    estimator : CatBoostRegressor
    loss : Distribution
    given : dict
        The arguments of its `fit`.
    """
    given = {"X": None} | {name: x for name, x in given.items() if x is not None}
    params = but_the_loss(estimator)
    refuse_target_border(loss, params)
    check_metrics(loss, params)
    judge = Judge(loss if params.get("eval_metric") is None else params.pop("eval_metric"))
    refuse_of_one_training(params | without(given, ("X", "y")), {}, f"with {loss!r}")
    refuse_beside_pool(given)
    labels = given.get("y")
    if isinstance(given["X"], catboost.Pool) and labels is None:
        labels = numbers_of(given["X"])
    if labels is None:
        raise ValueError(f"y must be given with {loss!r}, unless X is a Pool.")
    y = loss.check_target(labels).astype(np.float64)
    if len_of(given["X"]) != len(y):
        raise ValueError(f"y must have a row for each of {len_of(given['X'])}, got {len(y)}.")
    judge.check(y)
    weight = given.get("sample_weight")
    if isinstance(given["X"], catboost.Pool):
        weight = given["X"].get_weight()
    weight = None if weight is None else check_weight(weight, len(y)).astype(np.float64)
    start = np.zeros(loss.n_outputs)
    if params.get("boost_from_average") is not False:
        start = loss.fit_intercept(y, weight)
    stop_set = only_set(given.get("eval_set"))
    rows: NDArray[np.intp] = np.arange(0)
    if stop_set is None and loss.spread:
        rows = held_out(len(y), weight)
    others = np.setdiff1d(np.arange(len(y)), rows)
    used = some_rows(given | {"y": y}, others) if len(rows) else given
    y_used, weight_used = y[others], None if weight is None else weight[others]

    asked = asked_of(catboost.CatBoostRegressor(loss_function=OWN, **params), given)
    train = table_of(used["X"], weight_used, "X")
    stop, stop_rows = stop_rows_of(stop_set, loss, patience_of(asked))
    rounds = DistributionRounds(loss, y_used, weight_used, start, judge)
    run = Lockstep(rounds, len(y_used), stop_rows, min(loss.n_outputs, threads_of(asked)))
    n_stop = 0 if stop_rows is None else len(stop_rows.y)
    numbers = number_ranks(middle(y_used), n_stop, first_number(stop))
    pools = numbered_pools([numbers], loss.n_outputs, train, stop, asked)
    fit_together(
        estimator, loss, run, pools, asked, None, Merged(STATED, judge.name, sign=judge.sign)
    )
    if len(rows):
        raw = estimator.predict(some_rows(given, rows)["X"], RAW_PREDICTION)
        warn_of_small_scales(loss, y[rows], raw, None if weight is None else weight[rows])


class Judge:
    """What a fit is stopped by.

    Parameters
    ----------
    given : Loss or object
        A loss of the same raw predictions, or a metric as CatBoost takes one.
    """

    def __init__(self, given: Any):
        self.metric = metric(given) if isinstance(given, Loss) else given
        self.name = type(self.metric).__name__
        self.sign = -1.0 if self.metric.is_max_optimal() else 1.0

    def check(self, y: NDArray) -> None:
        """Refuse a loss that does not take these targets."""
        if isinstance(self.metric, Metric):
            self.metric.loss.check_target(y)

    def __call__(self, y: NDArray, scores: NDArray, weight: NDArray | None) -> float:
        """What is to become small, of scores of shape (n_outputs, n_samples)."""
        found = self.metric.evaluate(tuple(scores), y, weight)
        return self.sign * self.metric.get_final_error(*found)


def stop_rows_of(
    given: Any, loss: Distribution, patience: int | None
) -> tuple[Any, StopRows | None]:
    """The rows to stop by: a table or a pool, and their targets."""
    if given is None:
        return None, None
    pool = isinstance(given, catboost.Pool)
    if not pool and not (isinstance(given, tuple) and len(given) == 2):
        raise ValueError(f"eval_set must be (X, y) or a Pool with {loss!r}, got {given!r}.")
    X, labels = (given, numbers_of(given)) if pool else given
    y = loss.check_target(np.asarray(labels)).astype(np.float64)
    if pool and y.ndim == 2:
        raise ValueError("eval_set must be (X, y), not a Pool, where y holds intervals.")
    weight = np.asarray(given.get_weight(), np.float64) if pool else None
    return rows_to_stop_by(X, y), StopRows(y, weight, patience)


def middle(y: NDArray) -> NDArray:
    """A number for each target, by which they are put in order: of an interval its middle, or the end that there is."""
    if y.ndim == 1:
        return y
    lower, upper = y.T
    lower, upper = np.where(np.isinf(lower), upper, lower), np.where(np.isinf(upper), lower, upper)
    return 0.5 * (lower + upper)
