"""From probabilities to decisions: the class whose expected cost is least."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.f_beta import FBeta
from boostloss.losses.validation import as_floats, as_matrix

TOLERANCE = 1e-3  # of a sum of probabilities, which may come from float16
# By which a library's predict, or its predict_proba, returns something else.
NO_LABELS = {"raw_score", "pred_leaf", "pred_contrib"}
NUMBERS = {*NO_LABELS, "output_margin"}  # with one of which `predict` returns no labels


def expected_cost(probability: ArrayLike, cost: ArrayLike) -> NDArray[np.float64]:
    """The expected cost of each decision: the sum over classes i of probability[i] * cost[i, j].

    The decision of least expected cost, ``expected_cost(...).argmin(axis=1)``, is what ``predict(X, cost=cost)`` of the
    classifiers returns. Models that are trained for the cost, by weights or by a loss, decide no better on the whole
    (`benchmarks/costs.py`), and their probabilities are not those of the labels.

    Parameters
    ----------
    probability : array-like of shape (n_samples, n_classes)
        Of the classes, as `predict_proba` returns them.
    cost : array-like of shape (n_classes, n_classes), or (n_samples, n_classes, n_classes)
        ``cost[i, j]`` is that of deciding for class j where class i is true, in any unit; a gain is negative. With
        three axes every row has costs of its own.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)

    Raises
    ------
    TypeError, ValueError
        If the probabilities do not sum to 1, or the costs are not such finite numbers.

    References
    ----------
    Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001, equation 1.

    Examples
    --------
    >>> import boostloss as bl
    >>> cost = [[0, 1], [50, 0]]  # a false alarm costs 1, a miss 50
    >>> bl.expected_cost([[0.9, 0.1], [0.99, 0.01]], cost)
    array([[5.  , 0.9 ],
           [0.5 , 0.99]])
    """
    p = as_matrix(probability, "probability").astype(np.float64, copy=False)
    n, k = p.shape
    valid = (p >= 0.0).all(axis=1) & (np.abs(p.sum(axis=1) - 1.0) <= TOLERANCE)
    if not valid.all():
        row = int(np.flatnonzero(~valid)[0])
        raise ValueError(
            f"probability must hold probabilities that sum to 1 in each row, got {p[row].tolist()} in row {row}."
        )
    costs = as_floats(cost, "cost").astype(np.float64, copy=False)
    if costs.shape not in ((k, k), (n, k, k)):
        raise ValueError(
            f"cost must have shape ({k}, {k}) for {k} classes, or ({n}, {k}, {k}) for costs of each of {n} rows, "
            f"got shape {costs.shape}."
        )
    if not np.isfinite(costs).all():
        raise ValueError(f"cost must hold finite numbers, got {costs[~np.isfinite(costs)][0]}.")
    return p @ costs if costs.ndim == 2 else np.einsum("ni,nij->nj", p, costs)


def threshold_of(classifier: Any) -> float:
    """The probability of the second class of two above which it is predicted."""
    loss = getattr(classifier, "loss_", None)
    return loss.threshold if isinstance(loss, FBeta) and loss.threshold is not None else 0.5


def by_cost(predict: Callable[..., Any]) -> Callable[..., Any]:
    """A classifier's `predict` that takes costs, too, and then decides as `expected_cost` says."""
    signature = inspect.signature(predict)
    given = list(signature.parameters.values())
    last = len(given) - (given[-1].kind is inspect.Parameter.VAR_KEYWORD)
    given.insert(last, inspect.Parameter("cost", inspect.Parameter.KEYWORD_ONLY, default=None))

    @wraps(predict)
    def decided(self: Any, *args: Any, cost: Any = None, **options: Any) -> Any:
        own = hasattr(self, "get_probability_threshold")  # by which CatBoost itself decides
        threshold = 0.5 if own else threshold_of(self)
        if cost is None and threshold == 0.5:
            return predict(self, *args, **options)
        _, X, *others = signature.bind(self, *args, **options).arguments.items()
        names = dict(others)
        if cost is None and any(names.get(name) for name in NUMBERS):
            return predict(self, *args, **options)
        if cost is None:
            cost = [[0.0, threshold], [1.0 - threshold, 0.0]]
        further = names.pop("kwargs", {})  # of LightGBM, whose predict_proba has them too
        allowed = inspect.signature(self.predict_proba).parameters.keys() - NO_LABELS
        for name in names.keys() - allowed:
            if names[name] != signature.parameters[name].default:
                raise ValueError(f"{name} must not be given with cost, got {names[name]!r}.")
            del names[name]
        probability = self.predict_proba(X[1], **names, **further)
        labels = self.classes_[expected_cost(np.atleast_2d(probability), cost).argmin(axis=1)]
        return labels if np.ndim(probability) == 2 else labels[0]  # of one row, in CatBoost

    decided.__signature__ = signature.replace(parameters=given)  # type: ignore[attr-defined]
    decided.__doc__ = f"""Labels, as the parent predicts them or, with a `cost`, those of least expected cost.

        Parameters
        ----------
        cost : array-like of shape (n_classes, n_classes), or (n_samples, n_classes, n_classes), optional
            ``cost[i, j]`` is that of deciding for ``classes_[j]`` where ``classes_[i]`` is true: see
            `boostloss.expected_cost`. The other arguments are then those of `predict_proba`.

        Without a cost:

        {inspect.getdoc(predict)}
        """
    return decided
