"""Many classes in CatBoost's classifier."""

import inspect
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting import records, targets
from boostloss.boosting.catboost_lockstep import Lockstep, StopRows, number_rows
from boostloss.boosting.catboost_merge import merge
from boostloss.boosting.catboost_objective import refuse_harmonized
from boostloss.boosting.catboost_pools import Table, table_of
from boostloss.boosting.catboost_several import adopt
from boostloss.boosting.catboost_thresholds import fit_decided
from boostloss.boosting.catboost_training import (
    BINARY_STEPS,
    automatic_learning_rate,
    refuse_target_border,
)
from boostloss.kernels.threads import thread_count
from boostloss.losses.binary import Binary, Logistic
from boostloss.losses.classes import are_soft, best_constant, check_classes, check_labels
from boostloss.losses.f_beta import FBeta

OF_TWO, OF_MANY = "Logloss", "MultiClass"  # CatBoost's own losses
# CatBoost's own: how many, and how long to wait where `od_type` alone asks to stop.
ROUNDS, PATIENCE = 1000, 20

# What one training of CatBoost has, and several that exchange their scores have not.
OF_ONE_TRAINING = (
    *("baseline", "callbacks", "column_description", "custom_loss", "custom_metric"),
    *("embedding_features", "eval_fraction", "eval_metric", "graph", "init_model", "od_pval"),
    *("output_borders", "plot", "plot_file", "save_snapshot", "snapshot_file"),
    *("snapshot_interval", "text_features"),
)
# Statistics of categories count the rows of a class by the single border of targets that `number_rows` has made.
STATISTICS = (
    *("simple_ctr", "combinations_ctr", "per_feature_ctr", "ctr_description"),
    *("ctr_target_border_count", "ctr_leaf_count_limit", "final_ctr_computation_mode"),
)
ONE_AGAINST_ALL = {
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
    *("classes_count", "od_wait", "verbose", "logging_level", "metric_period"),
)


def labels_of(X: Any, y: Any) -> Any:
    """The labels that `fit` is given; None where CatBoost will say what is wrong with them."""
    given = X.get_label() if y is None and isinstance(X, catboost.Pool) else y
    return None if given is None else np.asarray(given)


def fit_classes(estimator: Any, loss: Binary, args: Any, options: dict[str, Any]) -> bool:
    """Fit a classifier to more than two classes; false where there are not so many.

    The logistic loss of many classes is CatBoost's own MultiClass, which trains it fastest. Any other loss, and soft
    labels, take a training for each class.
    """
    refuse_harmonized(loss)
    bound = inspect.signature(catboost.CatBoostClassifier.fit).bind(estimator, *args, **options)
    given = {name: value for name, value in bound.arguments.items() if name != "self"}
    labels = labels_of(given["X"], given.get("y"))
    if labels is None:
        return False
    soft = targets.soft_labels(loss, labels)
    if isinstance(loss, FBeta):
        fit_two(estimator, loss, given, labels, soft)
        return True
    if soft is None and (labels.size != len(labels) or len(np.unique(labels)) <= 2):
        refuse_soft_rows(given.get("eval_set"))
        return False
    refuse_target_border(loss, estimator._init_params)
    params = without(estimator._init_params, ("objective", "loss_function"))
    if soft is not None:
        fit_in_lockstep(estimator, loss, params, given, np.arange(soft[0].shape[1]), *soft)
        return True
    classes, position = targets.encode_labels(labels)  # or an error
    if loss == Logistic():
        refuse_soft_rows(given.get("eval_set"))
        model = catboost.CatBoostClassifier(loss_function=OF_MANY, **params).fit(**given)
        adopt(estimator, model, records.record(loss))
        names = "evals_result", "best_score", "best_iteration"
        estimator.trainings_ = {name: getattr(model, f"get_{name}")() for name in names}
        return True
    check_labels(loss, position, len(classes))
    fit_in_lockstep(estimator, loss, params, given, classes, position, position)
    return True


def fit_two(estimator: Any, loss: FBeta, given: dict[str, Any], labels: NDArray, soft: Any) -> None:
    """Fit a loss of two labels that learns a threshold."""
    params = without(estimator._init_params, ("objective", "loss_function"))
    if soft is not None:
        fit_decided(estimator, loss, params, given, soft[0][:, 1], None)
        return
    classes, position = targets.encode_labels(labels)  # or an error
    check_labels(loss, position, len(classes))
    names = params.get("class_names")
    if names is not None and str(names[1]) == str(classes[0]):
        classes, position = classes[::-1], 1 - position
    label = position.astype(np.intp)
    X = given["X"]
    weight = X.get_weight() if isinstance(X, catboost.Pool) else given.get("sample_weight")
    factors = class_factors(params, classes, label, weight)
    if params.get("scale_pos_weight") is not None:
        factors = np.array([1.0, params["scale_pos_weight"]])
    fit_decided(estimator, loss, params, given, label, None if factors is None else factors[label])


def refuse_soft_rows(eval_set: Any) -> None:
    """Refuse rows to stop by of soft labels where a training of CatBoost's own has hard ones."""
    sets = eval_set if isinstance(eval_set, list) else [eval_set]
    if any(isinstance(each, tuple) and are_soft(each[1]) for each in sets):
        raise ValueError(
            "eval_set must hold labels, not soft ones, where y does, with two classes or Logistic()."
        )


def response(estimator: Any, loss: Any, raw_prediction: Any, prediction_type: str) -> Any:
    """What CatBoost predicts from raw predictions, by the posterior of the loss."""
    probability = targets.probabilities(loss, raw_prediction)
    if prediction_type == "Class":
        threshold = estimator.get_probability_threshold()
        label = targets.predicted_labels(estimator.classes_, probability, threshold)
        return label if probability.shape[-1] == 2 else label[..., None]  # as CatBoost has it
    if prediction_type == "Probability":
        return probability
    with np.errstate(divide="ignore"):
        return np.log(probability)


def without(params: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


def fit_in_lockstep(
    estimator: Any,
    loss: Binary,
    params: dict[str, Any],
    given: dict[str, Any],
    classes: NDArray,
    y: NDArray,
    position: NDArray,
) -> None:
    """Fit a model for each class, and let their trees be the estimator's.

    Parameters
    ----------
    estimator : CatBoostClassifier
    loss : Binary
    params : dict
        Its parameters, less the loss.
    given : dict
        The arguments of its fit.
    classes : ndarray of shape (n_classes,)
    y : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Positions of classes, or a probability for each class.
    position : ndarray of shape (n_samples,)
        The class that is counted where categories have statistics of classes.
    """
    k, label, soft = len(classes), position.astype(np.intp), y.ndim == 2
    n_scores, own = (1, OF_TWO) if k == 2 else (k, OF_MANY)
    refuse(loss, params | {n: v for n, v in given.items() if v is not None}, classes, soft)
    asked = catboost.CatBoostClassifier(
        loss_function=own, **without(params, ("class_weights", "class_names"))
    )._get_canonized_params()
    for name in ("cat_features", "early_stopping_rounds", "use_best_model"):
        if given.get(name) is not None:
            asked["od_wait" if name == "early_stopping_rounds" else name] = given[name]
    train = table_of(given["X"], given.get("sample_weight"), "X")
    factors = class_factors(params, classes, label, train.weight)
    weight = weighed(label, train.weight, factors)
    start = np.zeros(n_scores)
    if params.get("boost_from_average") is not False:
        start = np.atleast_1d(best_constant(loss, y, weight, k))
    patience = asked.get("od_wait", PATIENCE if "od_type" in asked else None)
    stop, stop_rows = stop_rows_of(given.get("eval_set"), classes, factors, patience)
    n_threads = asked.get("thread_count", -1)
    n_threads = thread_count() if n_threads < 1 else n_threads
    run = Lockstep(loss, y, start, stop_rows, min(n_scores, n_threads))
    pools = numbered_pools(run, label, train._replace(weight=weight), stop, asked)
    models = run.run(pools, settings_of(asked, pools[0][:2], max(1, n_threads // n_scores)))
    kept = None
    if asked.get("use_best_model") is not False and run.best_round >= 0:
        kept = max(run.best_round + 1, asked.get("best_model_min_trees", 1))
    merged = merge(models, own, classes, "cat_features" in asked and k > 2, kept)
    adopt(estimator, merged, records.record(loss))
    found = {"validation": {type(loss).__name__: run.history}} if run.history else {}
    estimator.trainings_ = {
        "trees_per_round": n_scores,
        "evals_result": found,
        "best_score": {rows: {type(loss).__name__: min(run.history)} for rows in found},
        "best_iteration": run.best_round if run.history else None,
    }


def numbered_pools(
    run: Lockstep, label: NDArray, train: Table, stop: Table | None, asked: dict[str, Any]
) -> list[tuple[Any, Any, NDArray]]:
    """For every class a pool to train, one to stop by or None, and the row that a target numbers.

    They are the same for all, except where categories have statistics of the class.
    """
    k, n = len(run.start), len(label)
    categories = asked.get("cat_features")
    pools = []
    for j in range(1 if categories is None else k):
        apart = None if categories is None else label == (j if k > 1 else 1)
        codes, stop_codes, place = number_rows(apart, n, run.scores.shape[1] - n)
        pool = train.pool(codes, categories)
        if categories is None:  # once for all: it takes as long as several trees
            pool.quantize(**{name: asked[name] for name in QUANTIZATION if name in asked})
        pools.append((pool, None if stop is None else stop.pool(stop_codes, categories), place))
    return pools * k if categories is None else pools


def settings_of(asked: dict[str, Any], pools: tuple[Any, Any], n_threads: int) -> dict[str, Any]:
    """CatBoost's parameters for the training of one class."""
    settings = {"iterations": ROUNDS} | without(asked, NOT_OF_A_TRAINING)
    if "cat_features" in asked:
        settings |= ONE_AGAINST_ALL
    settings |= {"allow_writing_files": False, "boost_from_average": False}
    settings |= {"leaf_estimation_backtracking": "No", "logging_level": "Silent"}
    settings["thread_count"] = n_threads
    settings["metric_period"] = 1  # or the scores are exchanged so seldom
    if "learning_rate" not in settings:
        given = without(asked, ("boost_from_average",))
        settings["learning_rate"] = automatic_learning_rate(
            given, *(pool for pool in pools if pool is not None)
        )
    if asked["loss_function"] == OF_TWO and asked.get("leaf_estimation_method") != "Simple":
        settings.setdefault("leaf_estimation_iterations", BINARY_STEPS)
    return settings


def stop_rows_of(
    eval_set: Any, classes: NDArray, factors: NDArray | None, patience: int | None
) -> tuple[Table | None, StopRows | None]:
    """The rows to stop by, whose labels may be soft."""
    if eval_set is None or (isinstance(eval_set, list) and not eval_set):
        return None, None
    if isinstance(eval_set, list):
        if len(eval_set) != 1:
            raise ValueError(
                f"eval_set must be one, for soft labels or more than two classes, got {len(eval_set)}."
            )
        (eval_set,) = eval_set
    X, y = (eval_set, None) if isinstance(eval_set, catboost.Pool) else eval_set
    labels, table = labels_of(X, y), table_of(X, None, "eval_set")
    if are_soft(labels):
        if factors is not None:
            raise ValueError(
                "eval_set must hold labels that are not soft beside weights of classes."
            )
        position = check_classes(labels, len(classes))
    else:
        position = targets.encode_as(classes, labels, "eval_set")
    weight = weighed(position.astype(np.intp), table.weight, factors)
    return table, StopRows(position.astype(np.float64), weight, patience)


def weighed(label: NDArray, weight: Any, factors: NDArray | None) -> NDArray | None:
    """The weights of the rows times those of the classes."""
    if factors is None:
        return weight
    return factors[label] if weight is None else factors[label] * np.asarray(weight)


def class_factors(
    params: dict[str, Any], classes: NDArray, label: NDArray, weight: Any
) -> NDArray[np.float64] | None:
    """The weights of the classes, if they are given."""
    factors, balance = params.get("class_weights"), params.get("auto_class_weights")
    if balance not in (None, "None"):
        totals = np.bincount(label, weight, len(classes))
        factors = totals.max() / np.where(totals > 0.0, totals, totals.max())
        return np.sqrt(factors) if balance == "SqrtBalanced" else factors
    if factors is None:
        return None
    if isinstance(factors, dict):
        unknown = factors.keys() - set(classes.tolist())
        if unknown:
            raise ValueError(
                f"class_weights must be of the classes {classes.tolist()}, got {sorted(unknown, key=str)[0]!r}."
            )
        factors = [factors.get(each, 1.0) for each in classes.tolist()]
    if len(factors) != len(classes):
        raise ValueError(f"class_weights must hold {len(classes)} numbers, got {factors!r}.")
    return np.asarray(factors, np.float64)


def refuse(loss: Binary, asked: dict[str, Any], classes: NDArray, soft: bool) -> None:
    """Refuse what several trainings cannot do."""
    where = f"with {loss!r} and {'soft labels' if soft else 'more than two classes'}"
    for name in OF_ONE_TRAINING:
        if asked.get(name) is not None and asked[name] is not False:
            raise ValueError(
                f"{name} must not be given {where}: CatBoost is given numbers of rows as labels."
            )
    names = classes.tolist()
    only: dict[str, Any] = {
        "task_type": "CPU",
        "od_type": "Iter",
        "classes_count": len(names),
        "class_names": names,
        "scale_pos_weight": 1.0,
    }
    for name, allowed in only.items():
        value = asked.get(name)
        if value is not None and np.asarray(value).tolist() != allowed:
            raise ValueError(f"{name} must be {allowed!r} {where}, got {value!r}.")
    balanced = asked.get("auto_class_weights") not in (None, "None")
    if balanced and asked.get("class_weights") is not None:
        raise ValueError("auto_class_weights must not be given with class_weights.")
    if soft and (balanced or asked.get("class_weights") is not None):
        name = "auto_class_weights" if balanced else "class_weights"
        raise ValueError(f"{name} must not be given with soft labels: use sample_weight.")
    for name in STATISTICS:
        if asked.get("cat_features") is not None and asked.get(name) is not None:
            raise ValueError(
                f"{name} must not be given with cat_features {where}: their statistics count one class "
                "against all others."
            )
