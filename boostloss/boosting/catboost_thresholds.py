"""`FBeta` in CatBoost's classifier, whose models have a threshold of their own, by which plain CatBoost decides too."""

from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.adaptation import held_out
from boostloss.boosting.catboost_pools import len_of, some_rows
from boostloss.boosting.catboost_several import adopt
from boostloss.boosting.watched import has_both
from boostloss.losses.f_beta import FBeta


def fit_decided(
    estimator: Any,
    loss: FBeta,
    params: dict[str, Any],
    given: dict[str, Any],
    label: NDArray,
    factor: NDArray | None,
) -> None:
    """Fit `Logistic` to all rows but those held out, and let these tell the threshold.

    Parameters
    ----------
    estimator : CatBoostClassifier
    loss : FBeta
    params : dict
        Its parameters, less the loss.
    given : dict
        The arguments of its fit.
    label : ndarray of shape (n_samples,)
        The probability of label 1.
    factor : ndarray of shape (n_samples,) or None
        By which the weight of each row is multiplied in training.
    """
    X = given["X"]
    pool = isinstance(X, catboost.Pool)
    weight = np.asarray(X.get_weight()) if pool else given.get("sample_weight")
    weight = np.ones(len_of(X)) if weight is None else np.asarray(weight, np.float64)
    weight = weight if factor is None else weight * factor
    rows = held_out(len(weight), weight)
    others = np.setdiff1d(np.arange(len(weight)), rows)
    if not has_both(label[others], weight[others]):  # CatBoost would not train
        rows, others = rows[:0], np.arange(len(weight))
    model = type(estimator)(loss_function=loss.of_row, **params).fit(**some_rows(given, others))
    learned = FBeta(loss.beta, 0.5)
    if has_both(label, weight):
        watched = some_rows(given, rows if len(rows) else others)
        raw = model.predict(watched["X"], prediction_type="RawFormulaVal")
        if watched.get("baseline") is not None:
            raw = raw + np.ravel(watched["baseline"])
        learned = loss.fitted(loss.inverse_link(raw), weight[rows] if len(rows) else weight)
    adopt(estimator, model, learned)
    vars(estimator)["loss_"] = learned
    names = "evals_result", "best_score", "best_iteration"
    estimator.trainings_ = {name: getattr(model, f"get_{name}")() for name in names}
    estimator.set_probability_threshold(learned.threshold)
