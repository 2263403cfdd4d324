"""CatBoost's own searches for parameters, `grid_search` and `randomized_search`, with a loss."""

from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.catboost_pools import copy_of, kinds_of, labels_of, numbers_of
from boostloss.boosting.catboost_training import class_targets, number_targets
from boostloss.boosting.estimators import temporarily
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary

OF_CLASSES = "class_names", "class_weights", "auto_class_weights"


def search(estimator: Any, tune: Any, given: dict[str, Any]) -> Any:
    """Search as CatBoost does, by labels 0 and 1 of two classes: where they have names it refuses its own folds.

    Parameters
    ----------
    estimator : CatBoost
    tune : callable
        The parent's search.
    given : dict
        Its arguments.
    """
    loss, refit = estimator.loss, given["refit"]
    if isinstance(loss, Adaptive):
        raise ValueError(
            f"CatBoost's own searches cannot adapt {loss!r}: use those of scikit-learn, such as GridSearchCV."
        )
    # CatBoost refuses to fit again what is fitted, in its own words.
    if not isinstance(loss, Binary) or (refit and estimator.is_fitted()):
        return tune(**given)
    pool = pool_of_numbers(estimator, loss, given["X"], given["y"])
    with temporarily(estimator, _targets=targets_of_numbers):
        found = tune(**given | {"X": pool, "y": None, "refit": False})
    if refit:
        estimator.set_params(**found["params"])
        estimator.fit(given["X"], given["y"], silent=True)
    return found


def pool_of_numbers(estimator: Any, loss: Loss, X: Any, y: Any) -> Any:
    """A pool whose labels are 0 and 1, and whose weights are those of the classes."""
    params = estimator._get_canonized_params()
    table = y is not None
    pool = X if isinstance(X, catboost.Pool) else catboost.Pool(X, y, **kinds_of(params))
    label, weight = class_targets(loss, pool, labels_of(pool, None), dict(params))
    if table:
        return catboost.Pool(X, label, weight=weight, **kinds_of(params))
    if not np.array_equal(numbers_of(pool), label):
        raise ValueError(
            "y must hold 0 and 1 in a Pool or a file, in this order, for CatBoost's own searches: give X and y, or use "
            "searches of scikit-learn, such as GridSearchCV."
        )
    return copy_of(pool).set_weight(weight)


def targets_of_numbers(
    loss: Loss, pool: Any, labels: Any, params: dict[str, Any]
) -> tuple[NDArray, NDArray]:
    """The targets and weights of such a pool; `params` loses what the classes have had."""
    for name in OF_CLASSES:
        params.pop(name, None)
    return number_targets(loss, pool, numbers_of(pool), params)
