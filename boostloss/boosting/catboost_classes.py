"""Many classes in CatBoost's classifier."""

import inspect
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting import records, targets
from boostloss.boosting.catboost_lockstep import Lockstep, number_rows
from boostloss.boosting.catboost_merge import merge
from boostloss.boosting.catboost_several import adopt
from boostloss.boosting.catboost_training import automatic_learning_rate, refuse_target_border
from boostloss.losses.binary import Binary, Logistic
from boostloss.losses.classes import best_constant, check_labels

# What one training of CatBoost has, and several that exchange their scores have not.
OF_ONE_TRAINING = (
    *("baseline", "callbacks", "column_description", "custom_metric", "embedding_features"),
    *("eval_metric", "graph", "init_model", "od_pval", "od_type", "save_snapshot"),
    *("snapshot_file", "snapshot_interval", "text_features"),
)
# Statistics of categories count the rows of a class by the single border of targets that `number_rows` has made.
ONE_AGAINST_ALL = {
    name: ["Borders:TargetBorderType=Uniform", "Counter"]
    for name in ("simple_ctr", "combinations_ctr")
}
PATIENCE = ("early_stopping_rounds", "od_wait")
NOT_OF_A_TRAINING = (
    *("loss_function", "objective", "class_weights", "auto_class_weights", "class_names"),
    *("cat_features", "use_best_model", "thread_count", "classes_count", *PATIENCE),
    *("verbose", "logging_level", "verbose_eval", "silent", "metric_period"),
)


def labels_of(X: Any, y: Any) -> NDArray | None:
    """The labels that `fit` is given; None where CatBoost will say what is wrong with them."""
    given = X.get_label() if y is None and isinstance(X, catboost.Pool) else y
    return None if given is None else np.asarray(given)


def fit_classes(estimator: Any, loss: Binary, args: Any, options: dict[str, Any]) -> bool:
    """Fit a classifier to more than two classes; false where there are not so many.

    The logistic loss of many classes is CatBoost's own MultiClass, which trains it fastest. Any other loss takes a
    training for each class.
    """
    bound = inspect.signature(catboost.CatBoostClassifier.fit).bind(estimator, *args, **options)
    given = {name: value for name, value in bound.arguments.items() if name != "self"}
    labels = labels_of(given["X"], given.get("y"))
    if labels is None or labels.size != len(labels) or len(np.unique(labels)) <= 2:
        return False
    refuse_target_border(loss, estimator._init_params)
    targets.encode_labels(labels)  # or an error
    if loss == Logistic():
        params = without(estimator._init_params, ("objective", "loss_function"))
        model = catboost.CatBoostClassifier(loss_function="MultiClass", **params).fit(**given)
        adopt(estimator, model, records.record(loss))
        names = "evals_result", "best_score", "best_iteration"
        estimator.trainings_ = {name: getattr(model, f"get_{name}")() for name in names}
        return True
    fit_in_lockstep(estimator, loss, given)
    return True


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


def fit_in_lockstep(estimator: Any, loss: Binary, given: dict[str, Any]) -> None:
    """Fit a model for each class, and let their trees be the estimator's."""
    params = estimator._init_params
    both = params | given
    for name in OF_ONE_TRAINING:
        if both.get(name) is not None and both[name] is not False:
            raise ValueError(
                f"{name} must not be given with {loss!r} and more than two classes: each has a training of its own."
            )
    X, y, weight = table_of(given["X"], given.get("y"), given.get("sample_weight"))
    classes, position = targets.encode_labels(y)
    check_labels(loss, position, len(classes))
    label = position.astype(np.intp)
    weight = weighed(classes, label, weight, params)
    stop_X, stop_label, stop_weight = stop_rows(given.get("eval_set"), classes)
    start = best_constant(loss, position, weight, len(classes))
    patience = next((both[name] for name in PATIENCE if both.get(name) is not None), None)
    labels = np.concatenate([label, stop_label])
    run = Lockstep(loss, labels, start, len(label), stop_weight, patience)
    categories = both.get("cat_features")
    pools = numbered_pools(run, X, weight, stop_X, categories)
    models = run.run(pools, settings_of(params, categories is not None, pools[0][0]))
    for model, constant in zip(models, start, strict=True):
        model.set_scale_and_bias(1.0, float(constant))
    best = both.get("use_best_model") is not False and run.best_round >= 0
    kept = run.best_round + 1 if best else None
    merged = merge(models, "MultiClass", classes, categories is not None, kept)
    adopt(estimator, merged, records.record(loss))
    found = {"validation": {type(loss).__name__: run.history}} if run.history else {}
    estimator.trainings_ = {
        "trees_per_round": len(classes),
        "evals_result": found,
        "best_score": {rows: {type(loss).__name__: min(run.history)} for rows in found},
        "best_iteration": run.best_round if run.history else None,
    }


def numbered_pools(
    run: Lockstep, X: Any, weight: Any, stop_X: Any, categories: Any
) -> list[tuple[Any, Any, NDArray]]:
    """For every class a pool to train, one to stop by or None, and the row that a target numbers.

    They are the same for all, except where categories have statistics of the class.
    """
    pools = []
    for j in range(1 if categories is None else run.k):
        apart = None if categories is None else run.labels[: run.n_train] == j
        n_stop = len(run.labels) - run.n_train
        codes, stop_codes, row_of = number_rows(apart, run.n_train, n_stop)
        pool = catboost.Pool(X, codes, cat_features=categories, weight=weight)
        stop = None if stop_X is None else catboost.Pool(stop_X, stop_codes, categories)
        pools.append((pool, stop, row_of))
    return pools * run.k if categories is None else pools


def settings_of(params: dict[str, Any], categories: bool, pool: Any) -> dict[str, Any]:
    """CatBoost's parameters for the training of one class."""
    own = without(params, NOT_OF_A_TRAINING)
    settings = (ONE_AGAINST_ALL if categories else {}) | own
    settings |= {"allow_writing_files": False, "boost_from_average": False, "thread_count": 1}
    settings |= {"leaf_estimation_backtracking": "No", "logging_level": "Silent"}
    settings["metric_period"] = 1  # or the scores are exchanged so seldom
    if "learning_rate" not in own:
        settings["learning_rate"] = automatic_learning_rate(
            own | {"loss_function": "MultiClass"}, pool
        )
    return settings


def table_of(X: Any, y: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Features, labels and weights, of a pool too, whose labels CatBoost does not let change."""
    if not isinstance(X, catboost.Pool):
        return X, y, weight
    if X.get_cat_feature_indices() or X.get_text_feature_indices() or X.is_quantized():
        raise ValueError(
            "X must be a table, not a Pool of categories or texts, for more than two classes and this loss: its labels "
            "give way to numbers of rows. Give cat_features beside it."
        )
    return X.get_features(), X.get_label(), np.asarray(X.get_weight())


def stop_rows(eval_set: Any, classes: NDArray) -> tuple[Any, NDArray, Any]:
    """The rows to stop by: features, positions of classes, and weights."""
    if eval_set is None:
        return None, np.empty(0, np.intp), None
    if isinstance(eval_set, list):
        if len(eval_set) != 1:
            raise ValueError(
                f"eval_set must be one, for more than two classes and this loss, got {len(eval_set)}."
            )
        (eval_set,) = eval_set
    X, y = (eval_set, None) if isinstance(eval_set, catboost.Pool) else eval_set
    X, y, weight = table_of(X, y, None)
    return X, targets.encode_as(classes, y, "eval_set").astype(np.intp), weight


def weighed(
    classes: NDArray, label: NDArray, weight: Any, params: dict[str, Any]
) -> NDArray | None:
    """The weights of the rows times those of the classes."""
    factors = params.get("class_weights")
    if isinstance(factors, dict):
        factors = [factors.get(each, 1.0) for each in classes.tolist()]
    if params.get("auto_class_weights") not in (None, "None"):
        totals = np.bincount(label, weight, len(classes))
        factors = totals.max() / totals
        if params["auto_class_weights"] == "SqrtBalanced":
            factors = np.sqrt(factors)
    if factors is None:
        return weight
    if len(factors) != len(classes):
        raise ValueError(f"class_weights must hold {len(classes)} numbers, got {factors!r}.")
    rows = np.asarray(factors, float)[label]
    return rows if weight is None else rows * np.asarray(weight)
