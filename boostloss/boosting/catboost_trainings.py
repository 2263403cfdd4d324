"""What several trainings of CatBoost are given that exchange their raw predictions, and what becomes of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from boostloss.boosting.catboost_lockstep import Lockstep, Numbers
from boostloss.boosting.catboost_merge import merge
from boostloss.boosting.catboost_pools import Table
from boostloss.boosting.catboost_several import adopt
from boostloss.boosting.catboost_training import automatic_learning_rate
from boostloss.boosting.libraries import CATBOOST
from boostloss.boosting.review import review_rounds
from boostloss.kernels.threads import thread_count

# CatBoost's own: how many, and how long to wait where `od_type` alone asks to stop.
ROUNDS, PATIENCE = 1000, 20

# What one training of CatBoost has, and several that exchange their scores have not.
OF_ONE_TRAINING = (
    *("baseline", "callbacks", "column_description", "custom_loss", "custom_metric"),
    *("embedding_features", "eval_fraction", "eval_metric", "graph", "init_model", "od_pval"),
    *("output_borders", "plot", "plot_file", "save_snapshot", "snapshot_file"),
    *("snapshot_interval", "text_features"),
)
# Statistics of categories count the rows above the single border of targets that number rows.
STATISTICS = (
    *("simple_ctr", "combinations_ctr", "per_feature_ctr", "ctr_description"),
    *("ctr_target_border_count", "ctr_leaf_count_limit", "final_ctr_computation_mode"),
)
IN_THE_MIDDLE = {
    name: ["Borders:TargetBorderType=Uniform", "Counter"]
    for name in ("simple_ctr", "combinations_ctr")
}
QUANTIZATION = (
    *("border_count", "feature_border_type", "ignored_features", "input_borders", "nan_mode"),
    *("per_float_feature_quantization", "random_seed", "sparse_features_conflict_fraction"),
    *("dev_efb_max_buckets", "used_ram_limit"),
)
NOT_OF_A_TRAINING = (
    *("loss_function", "class_weights", "auto_class_weights", "class_names", "cat_features"),
    *("boost_from_average", "use_best_model", "best_model_min_trees", "thread_count"),
    *("classes_count", "od_type", "od_wait", "verbose", "logging_level", "metric_period"),
)


class Merged(NamedTuple):
    """How the models become one, as `merge` takes it, and what they are judged by."""

    stated: str
    metric: str
    classes: Any = None
    one_against_all: bool = False
    sign: float = 1.0  # of a metric that is to become large it is -1


def without(params: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


def refuse_of_one_training(asked: dict[str, Any], only: dict[str, Any], where: str) -> None:
    """Refuse what several trainings cannot do.

    Parameters
    ----------
    asked : dict
        The parameters, and the arguments of `fit` that are not None.
    only : dict
        Parameters that may have one value alone.
    where : str
        What asks for several trainings.
    """
    for name in OF_ONE_TRAINING:
        if asked.get(name) is not None and asked[name] is not False:
            raise ValueError(
                f"{name} must not be given {where}: CatBoost is given numbers of rows as labels."
            )
    only = {"task_type": "CPU", "od_type": "Iter"} | only
    for name, allowed in only.items():
        value = asked.get(name)
        if value is not None and np.asarray(value).tolist() != allowed:
            raise ValueError(f"{name} must be {allowed!r} {where}, got {value!r}.")
    for name in STATISTICS:
        if asked.get("cat_features") is not None and asked.get(name) is not None:
            raise ValueError(
                f"{name} must not be given with cat_features {where}: their statistics count the rows above one "
                "border of the target, or of one class against all others."
            )


def asked_of(estimator: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters that CatBoost makes of those of an estimator and of the arguments of its `fit`."""
    asked = dict(estimator._get_canonized_params())
    for name in ("cat_features", "early_stopping_rounds", "use_best_model"):
        if given.get(name) is not None:
            asked["od_wait" if name == "early_stopping_rounds" else name] = given[name]
    return asked


def patience_of(asked: dict[str, Any]) -> int | None:
    return asked.get("od_wait", PATIENCE if "od_type" in asked else None)


def threads_of(asked: dict[str, Any]) -> int:
    n_threads = asked.get("thread_count", -1)
    return thread_count() if n_threads < 1 else n_threads


def only_set(eval_set: Any) -> Any:
    """The rows to stop by, or None; an error where they are several sets."""
    if isinstance(eval_set, list):
        if len(eval_set) > 1:
            raise ValueError(
                "eval_set must be one, for a distribution, soft labels or more than two classes, got "
                f"{len(eval_set)}."
            )
        return eval_set[0] if eval_set else None
    return eval_set


def fit_together(
    estimator: Any,
    loss: Any,
    run: Lockstep,
    pools: list[tuple[Any, Any, Numbers]],
    asked: dict[str, Any],
    steps: int | None,
    merged: Merged,
) -> None:
    """Train a model of each raw prediction, and let their trees be the estimator's.

    Parameters
    ----------
    estimator : CatBoost
    loss : Loss
    run : Lockstep
    pools : list of (Pool, Pool or None, Numbers)
        Of each, as `numbered_pools` makes them.
    asked : dict
        As `asked_of` makes it.
    steps : int or None
        How many Newton steps a leaf takes, unless it is given.
    merged : Merged
    """
    k = len(run.start)
    settings = settings_of(asked, pools[0][:2], max(1, threads_of(asked) // k), steps)
    models = run.run(pools, settings)
    kept = None
    if asked.get("use_best_model") is not False and run.best_round >= 0:
        kept = max(run.best_round + 1, asked.get("best_model_min_trees", 1))
    model = merge(models, merged.stated, merged.classes, merged.one_against_all, kept)
    adopt(estimator, model, loss)
    history = [merged.sign * value for value in run.history]
    rows = ("validation",) if history else ()
    estimator.trainings_ = {
        "trees_per_round": k,
        "evals_result": {name: {merged.metric: history} for name in rows},
        "best_score": {name: {merged.metric: history[run.best_round]} for name in rows},
        "best_iteration": run.best_round if history else None,
    }
    review_rounds(CATBOOST, loss, estimator)


def numbered_pools(
    numbers: Sequence[Numbers], n_scores: int, train: Table, stop: Any, asked: dict[str, Any]
) -> list[tuple[Any, Any, Numbers]]:
    """For every raw prediction a pool to train, one to stop by or None, and how the targets number rows.

    Parameters
    ----------
    numbers : sequence of Numbers
        Of each raw prediction, or one of them all.
    n_scores : int
    train : Table
    stop : Table, Pool or None
    asked : dict
    """
    categories = asked.get("cat_features")
    pools = []
    for each in numbers:
        pool = train.pool(each.codes, categories)
        if categories is None:  # once for all: it takes as long as several trees
            pool.quantize(**{name: asked[name] for name in QUANTIZATION if name in asked})
        of_stop = stop.pool(each.stop_codes, categories) if isinstance(stop, Table) else stop
        pools.append((pool, of_stop, each))
    return pools * n_scores if len(pools) == 1 else pools


def settings_of(
    asked: dict[str, Any], pools: tuple[Any, Any], n_threads: int, steps: int | None
) -> dict[str, Any]:
    """CatBoost's parameters for the training of one raw prediction."""
    settings = {"iterations": ROUNDS} | without(asked, NOT_OF_A_TRAINING)
    if "cat_features" in asked:
        settings |= IN_THE_MIDDLE
    settings |= {"allow_writing_files": False, "boost_from_average": False}
    settings |= {"leaf_estimation_backtracking": "No", "logging_level": "Silent"}
    settings["thread_count"] = n_threads
    settings["metric_period"] = 1  # or the scores are exchanged so seldom
    if "learning_rate" not in settings:
        given = without(asked, ("boost_from_average",))
        settings["learning_rate"] = automatic_learning_rate(
            given, *(pool for pool in pools if pool is not None)
        )
    if steps is not None:
        settings.setdefault("leaf_estimation_iterations", steps)
    return settings
