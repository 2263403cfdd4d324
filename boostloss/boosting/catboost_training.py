"""What CatBoost's estimators are made to train with."""

import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting import targets
from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.catboost_objective import (
    Metric,
    RoundObjective,
    follow_some_rows,
    hold_rows_out,
    metric_beside,
)
from boostloss.boosting.catboost_pools import copy_of, labels_of, numbers_of
from boostloss.boosting.estimators import given_loss
from boostloss.boosting.gradients import follows_residuals
from boostloss.boosting.metrics import check_readable, check_same_link, raw_predictions_of
from boostloss.boosting.objective import boosting_gradients, check_finite
from boostloss.boosting.several import takes_columns
from boostloss.boosting.start import is_far, user_level
from boostloss.kernels.rows import Rows
from boostloss.losses.base import Loss
from boostloss.losses.catalogue import Logistic, Quantile, SquaredError
from boostloss.losses.distributions import Distribution
from boostloss.losses.validation import as_column

# CatBoost leaves out the rows of a leaf in a block of a thousand whose weights sum to no more than float32's epsilon,
# 1.2e-7: as many as fall into one of 64 leaves, 16, reach that with this weight.
LEAST_WEIGHT = 1e-8
RAW_PREDICTION = "RawFormulaVal"  # CatBoost's name
BINARY_STEPS = 10  # CatBoost's own number for Logloss
SLOW_STEPS = 3  # 1 to 4 % better than CatBoost's 1 at small learning rates; at its automatic ones 0 to 5 % worse
# A tree asks all rows of a level the same question, so that a segment is learned more slowly than in other libraries: a
# graduated fit begins convex. Where a part of the table stands apart, Welsch's error falls by a third to a half, at no
# cost on the tables of `benchmarks/adaptive.py`; there it would cost the other libraries 1 %.
FIRST_TEMPERATURE = 2.0
ONE_STEP = (SquaredError, Quantile, Distribution)  # whose first step is exact, or measured best
# By what CatBoost chooses a learning rate, beside the number of rows and whether test targets differ
# (UpdateLearningRate in its catboost/libs/train_lib/options_helper.cpp).
DECIDING = (
    *("boost_from_average", "iterations", "l2_leaf_reg", "leaf_estimation_iterations"),
    *("leaf_estimation_method", "loss_function", "use_best_model"),
)


def leaf_steps(loss: Loss, params: dict[str, Any]) -> int:
    """How many Newton steps a leaf takes."""
    if loss.task == "binary":
        return BINARY_STEPS
    slow = not isinstance(loss.boosted_as, ONE_STEP)
    return SLOW_STEPS if "learning_rate" in params and slow else 1


def choose_learning_rate(
    params: dict[str, Any],
    given: dict[str, Any],
    native_loss: str,
    started: bool,
    pools: Sequence[Any],
) -> None:
    """Set the learning rate as CatBoost chooses it for its own loss, unless it is given.

    Parameters
    ----------
    params : dict
        Those of CatBoost's training, which are completed.
    given : dict
        Those of them that are the user's.
    native_loss : str
    started : bool
        Whether training starts from predictions of the user's.
    pools : sequence of catboost.Pool
        That of the training, and those of the evaluation.
    """
    if "learning_rate" in params or params.get("task_type") == "GPU":
        return
    own = params | {"loss_function": native_loss}
    if "leaf_estimation_iterations" not in given:
        own.pop("leaf_estimation_iterations", None)
    if started:
        own["boost_from_average"] = False
    params["learning_rate"] = automatic_learning_rate(own, *pools)


def automatic_learning_rate(params: dict[str, Any], pool: Any, *eval_sets: Any) -> float:
    """The learning rate that CatBoost chooses for a loss of its own on so many rows.

    Its formula may change with its version, so it is asked: by a single round on one feature of two values, which takes
    1 to 4 ms, and 80 to 190 for a million rows.

    Parameters
    ----------
    params : dict
        Those of CatBoost's training, `loss_function` the name of its loss.
    pool : catboost.Pool
    *eval_sets : catboost.Pool

    Returns
    -------
    float
        0.03 where CatBoost chooses none, since other parameters are given.
    """
    model = catboost.CatBoost(
        {name: params[name] for name in DECIDING if name in params}
        | {"depth": 1, "bootstrap_type": "No", "random_strength": 0, "has_time": True}
        | {"logging_level": "Silent", "allow_writing_files": False, "thread_count": 1}
    )
    tests = [_alternating(2, each.get_label()) for each in eval_sets]
    model.fit(_alternating(pool.num_row()), eval_set=tests or None, callbacks=[_OneRound()])
    return model.get_all_params()["learning_rate"]


class _OneRound:
    def after_iteration(self, info: Any) -> bool:
        return False


def _alternating(n: int, labels: Any = (0, 1)) -> Any:
    """Rows whose feature is 0 and 1 in turn, and so is their target unless the labels are all the same."""
    feature = np.arange(n, dtype=np.float32)[:, None] % 2
    return catboost.Pool(feature, feature[:, 0] * (len(np.unique(labels)) > 1))


def follows_rounds(loss: Loss, adaptation: Adaptation | None, params: dict[str, Any]) -> bool:
    """Whether the residuals of some rows decide on each round, of which CatBoost tells nothing on a GPU."""
    if params.get("task_type") == "GPU":
        from boostloss.boosting.catboost_device import check_device

        check_device(loss)
        return False
    return adaptation is not None or (
        follows_residuals(loss) and not params.get("save_snapshot", False)
    )


def follow(
    loss: Loss,
    adaptation: Adaptation | None,
    prepared: dict[str, Any],
    y: NDArray,
    weight: NDArray,
    intercept: float,
) -> None:
    """Let the residuals of some rows decide on each round.

    Parameters
    ----------
    loss : Loss
    adaptation : Adaptation or None
        Of an adaptive loss.
    prepared : dict
        What CatBoost trains from, which is changed.
    y, weight : ndarray of shape (n_samples,)
    intercept : float
    """
    if adaptation is not None and prepared["params"].get("save_snapshot", False):
        raise ValueError(
            f"save_snapshot must not be given with {loss!r}: what it has adapted to would be lost."
        )
    pool = prepared["train_pool"]
    start = np.full(len(y), intercept)
    if prepared["init_model"] is not None:
        start = prepared["init_model"].predict(pool, prediction_type=RAW_PREDICTION)
    elif pool.get_baseline().shape[1]:
        start = pool.get_baseline()[:, 0]
    if adaptation is None:
        followed = follow_some_rows(weight)
    else:
        weight, followed = hold_rows_out(weight)
        prepared["train_pool"] = copy_of(pool).set_weight(weight)
    places, callbacks = followed.rows(y, weight), prepared["params"].get("callbacks")
    rows = Rows(*(column[places].astype(np.float64) for column in (y, start, weight)))
    run = RoundObjective(loss, adaptation, followed, rows, callbacks)
    prepared["params"] = prepared["params"] | {"loss_function": run, "callbacks": run}


def loss_of_metric(given: Any, name: str) -> Loss | None:
    """The loss that is given as a metric, or None."""
    return given.loss if isinstance(given, Metric) else given_loss(given, name)


def read_own_scores(task: str, params: dict[str, Any]) -> None:
    """Let the metric of a loss read the scores of CatBoost's own objectives: of classes those of `Logistic`."""
    other = loss_of_metric(params.get("eval_metric"), "eval_metric")
    if other is not None:
        raw_of = raw_predictions_of(Logistic(), other) if task == "binary" else None
        params["eval_metric"] = metric_beside(other, raw_of)


def check_metrics(loss: Loss, params: dict[str, Any]) -> None:
    """Let the metrics of losses read raw predictions, and refuse CatBoost's own that would misread them."""
    for name in ("eval_metric", "custom_metric"):
        given = params.get(name)
        other = loss_of_metric(given, name)
        if other is not None:
            check_same_link(loss, other, name)
            params[name] = metric_beside(other, raw_predictions_of(loss, other))
        elif given and not hasattr(given, "evaluate"):
            check_readable(loss, given, name)


def check_baseline(loss: Loss, pool: Any, y: NDArray) -> None:
    """Refuse a baseline at which the derivatives of the loss are not finite, and warn of one that has been misread.

    CatBoost 1.2.10 saves a baseline with a quantised pool, but reads pairs of its float32 numbers as float64.
    """
    baseline = pool.get_baseline()
    if not baseline.shape[1]:
        return
    raw = np.ascontiguousarray(baseline[:, 0])
    check_finite(loss, raw, *boosting_gradients(loss, y, raw, dtype=np.float64))
    if not pool.is_quantized():
        return
    best = loss.fit_intercept(y)
    way = float(np.quantile(np.abs(raw - best), 0.75))  # of a half that is misread
    if is_far(loss, best + way, best, y):
        warnings.warn(
            f"The baseline of the quantised pool is far from {best:.6g}, the best constant of {loss!r}. CatBoost "
            "misreads one that was saved with the pool: save the pool without, and set it after reading, by "
            "Pool.set_baseline.",
            stacklevel=user_level(),
        )


def labels_to_train(loss: Loss, pool: Any, of_table: Any) -> Any:
    """The labels of a pool that was made of a table with these labels, or of any other where they are None.

    The user may have read a pool from a file: its texts are numbers then. Numbers of a table are taken from the table:
    CatBoost keeps float32 and shows them in the type that was given, so that integers of 2^31 - 1 are -2^31, or as
    float32 where it does not know the type. In a pool of the user's, and in the part of a table that `eval_fraction`
    leaves, they are what CatBoost shows.
    """
    if of_table is None:
        return numbers_of(pool) if loss.task == "regression" else labels_of(pool, None)
    labels = np.asarray(pool.get_label())
    of_numbers = loss.task == "regression" and labels.dtype.kind in "iuf"
    return as_column(of_table, "y") if of_numbers else labels


def number_targets(
    loss: Loss, pool: Any, labels: Any, params: dict[str, Any]
) -> tuple[NDArray, NDArray]:
    """The targets and weights of a pool."""
    if takes_columns(loss):
        raise searches_take("a loss of one raw prediction a row", repr(loss))
    refuse_target_border(loss, params)
    return loss.check_target(labels), checked_weights(np.asarray(pool.get_weight()))


def searches_take(what: str, got: str) -> ValueError:
    """What to say of a training that is CatBoost's own, which several trainings cannot stand for."""
    return ValueError(
        f"CatBoost's own searches, for parameters and for features, take {what}, got {got}: use those of "
        "scikit-learn, such as GridSearchCV."
    )


def checked_weights(weight: NDArray) -> NDArray:
    """The weights, unless their sums in leaves would be too small for CatBoost."""
    if 0.0 < weight.max(initial=0.0) < np.float32(LEAST_WEIGHT):
        raise ValueError(
            f"sample_weight, times the weights of classes, must reach {LEAST_WEIGHT:g} in CatBoost, which takes the "
            f"sum of a leaf for 0 where it is below 1.2e-7, got at most {weight.max():g}: multiply all by one number."
        )
    return weight


def refuse_target_border(loss: Loss, params: dict[str, Any]) -> None:
    """Refuse what changes the target after the loss has seen it."""
    if "target_border" in params:
        what = "two classes" if loss.task == "binary" else "the target as it is meant"
        raise ValueError(f"target_border must not be given with {loss!r}: give it {what}.")


def class_targets(
    loss: Loss, pool: Any, labels: Any, params: dict[str, Any]
) -> tuple[NDArray, Any]:
    """The targets 0 and 1, and the weights times those of the classes; `params` gets the classes' names."""
    refuse_target_border(loss, params)
    if np.ndim(labels) > 1:
        raise searches_take(f"labels with {loss!r}", "probabilities of classes")
    found, y = targets.encode_labels(labels)
    if len(found) > 2:
        raise searches_take(f"two classes with {loss!r}", str(len(found)))
    # Without the names CatBoost takes the labels of an unknown loss for numbers.
    names = params.setdefault("class_names", _ordered(found))
    if are_reversed(names, found):
        y = 1 - y
    weight = np.asarray(pool.get_weight())
    factors = params.get("class_weights", (1.0, 1.0))
    if "auto_class_weights" in params:
        factors = targets.balancing_factors(y, weight)
        if params["auto_class_weights"] == "SqrtBalanced":
            factors = np.sqrt(factors)
    return y, checked_weights(np.asarray(targets.weigh_classes(y, weight, factors)))


def are_reversed(names: Sequence[Any], classes: NDArray) -> bool:
    """Whether the second of two names is that of the first class: as CatBoost has it, 0 names the label 0.0 too."""
    name, label = names[1], classes[0]
    if not (isinstance(name, str) and isinstance(label, str)):
        with suppress(ValueError):
            return float(name) == float(label)
    return str(name) == str(label)


def _ordered(classes: NDArray) -> list[Any]:
    """The classes in CatBoost's order: as numbers if they can be read as such."""
    names: list[Any] = classes.tolist()
    with suppress(ValueError):
        names.sort(key=float)
    return names
