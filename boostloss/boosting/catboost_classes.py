"""Many classes in CatBoost's classifier."""

from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting import targets
from boostloss.boosting.catboost_lockstep import Lockstep, StopRows, number_rows
from boostloss.boosting.catboost_objective import refuse_harmonized
from boostloss.boosting.catboost_pools import (
    first_number,
    labels_of,
    refuse_beside_pool,
    rows_to_stop_by,
    table_of,
)
from boostloss.boosting.catboost_records import but_the_loss
from boostloss.boosting.catboost_several import adopt
from boostloss.boosting.catboost_thresholds import fit_decided
from boostloss.boosting.catboost_training import (
    BINARY_STEPS,
    are_reversed,
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
from boostloss.boosting.class_rounds import rounds_of
from boostloss.losses.binary import Binary, Logistic
from boostloss.losses.classes import are_soft, best_constant, check_classes, check_labels
from boostloss.losses.f_beta import FBeta

OF_TWO, OF_MANY = "Logloss", "MultiClass"  # CatBoost's own losses


def fit_classes(estimator: Any, loss: Binary, given: dict[str, Any]) -> bool:
    """Fit a classifier to more than two classes; false where there are not so many.

    The logistic loss of many classes is CatBoost's own MultiClass, which trains it fastest. Any other loss, and soft
    labels, take a training for each class.
    """
    refuse_harmonized(loss)
    refuse_beside_pool(given)
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
    params = but_the_loss(estimator)
    if soft is not None:
        fit_in_lockstep(estimator, loss, params, given, np.arange(soft[0].shape[1]), *soft)
        return True
    classes, position = targets.encode_labels(labels)  # or an error
    if loss == Logistic():
        refuse_soft_rows(given.get("eval_set"))
        check_metrics(loss, params)
        model = catboost.CatBoostClassifier(loss_function=OF_MANY, **params).fit(**given)
        adopt(estimator, model, loss)
        names = "evals_result", "best_score", "best_iteration"
        estimator.trainings_ = {name: getattr(model, f"get_{name}")() for name in names}
        return True
    check_labels(loss, position, len(classes))
    fit_in_lockstep(estimator, loss, params, given, classes, position, position)
    return True


def fit_two(estimator: Any, loss: FBeta, given: dict[str, Any], labels: NDArray, soft: Any) -> None:
    """Fit a loss of two labels that learns a threshold."""
    params = but_the_loss(estimator)
    if soft is not None:
        fit_decided(estimator, loss, params, given, soft[0][:, 1], None)
        return
    classes, position = targets.encode_labels(labels)  # or an error
    check_labels(loss, position, len(classes))
    names = params.get("class_names")
    if names is not None and are_reversed(names, classes):
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
    """What CatBoost predicts from the raw predictions of some rows, or of one alone, by the posterior of the loss."""
    alone = len(estimator.classes_) > 2 and np.ndim(raw_prediction) == 1
    probability = targets.probabilities(loss, [raw_prediction] if alone else raw_prediction)
    if prediction_type == "Class":
        threshold = estimator.get_probability_threshold()
        label = targets.predicted_labels(estimator.classes_, probability, threshold)
        found = label if probability.shape[-1] == 2 else label[..., None]  # as CatBoost has it
    elif prediction_type == "Probability":
        found = probability
    else:
        with np.errstate(divide="ignore"):
            found = np.log(probability)
    return found[0] if alone else found


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
    stand_in = catboost.CatBoostClassifier(
        loss_function=own, **without(params, ("class_weights", "class_names"))
    )
    asked = asked_of(stand_in, given)
    train = table_of(given["X"], given.get("sample_weight"), "X")
    factors = class_factors(params, classes, label, train.weight)
    weight = weighed(label, train.weight, factors)
    start = np.zeros(n_scores)
    if params.get("boost_from_average") is not False:
        start = np.atleast_1d(best_constant(loss, y, weight, k))
    stop, stop_rows = stop_rows_of(given.get("eval_set"), classes, factors, patience_of(asked))
    at_once = min(n_scores, threads_of(asked))
    run = Lockstep(rounds_of(loss, y, start, at_once), len(y), stop_rows, at_once)
    n_stop = 0 if stop_rows is None else len(stop_rows.y)
    masks: list[Any] = [None]
    if "cat_features" in asked:  # whose statistics are of the class
        masks = [label == 1] if n_scores == 1 else [label == j for j in range(k)]
    numbers = [number_rows(len(label), n_stop, mask, first_number(stop)) for mask in masks]
    pools = numbered_pools(numbers, n_scores, train._replace(weight=weight), stop, asked)
    merged = Merged(own, type(loss).__name__, classes, "cat_features" in asked and k > 2)
    fit_together(estimator, loss, run, pools, asked, binary_steps(asked), merged)


def binary_steps(asked: dict[str, Any]) -> int | None:
    """How many steps a leaf of two classes takes."""
    two = asked["loss_function"] == OF_TWO and asked.get("leaf_estimation_method") != "Simple"
    return BINARY_STEPS if two else None


def stop_rows_of(
    eval_set: Any, classes: NDArray, factors: NDArray | None, patience: int | None
) -> tuple[Any, StopRows | None]:
    """The rows to stop by, a table or a pool, whose labels may be soft."""
    eval_set = only_set(eval_set)
    if eval_set is None:
        return None, None
    X, y = (eval_set, None) if isinstance(eval_set, catboost.Pool) else eval_set
    labels = labels_of(X, y)
    stop = rows_to_stop_by(X, labels)
    if are_soft(labels):
        if factors is not None:
            raise ValueError(
                "eval_set must hold labels that are not soft beside weights of classes."
            )
        position = check_classes(labels, len(classes))
    else:
        position = targets.encode_as(classes, labels, "eval_set")
    weight = np.asarray(X.get_weight(), np.float64) if isinstance(X, catboost.Pool) else None
    weight = weighed(position.astype(np.intp), weight, factors)
    return stop, StopRows(position.astype(np.float64), weight, patience)


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
    names = classes.tolist()
    only = {"classes_count": len(names), "class_names": names, "scale_pos_weight": 1.0}
    refuse_of_one_training(asked, only, where)
    balanced = asked.get("auto_class_weights") not in (None, "None")
    if balanced and asked.get("class_weights") is not None:
        raise ValueError("auto_class_weights must not be given with class_weights.")
    if soft and (balanced or asked.get("class_weights") is not None):
        name = "auto_class_weights" if balanced else "class_weights"
        raise ValueError(f"{name} must not be given with soft labels: use sample_weight.")
