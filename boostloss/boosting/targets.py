"""What every classifier does: labels to positions, weights of classes, and raw predictions back to probabilities."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples

from boostloss.boosting.estimators import rows_of_table
from boostloss.losses.base import Loss
from boostloss.losses.classes import are_soft, check_classes, require_margin
from boostloss.losses.validation import as_array, check_weight


def encode_labels(y: ArrayLike) -> tuple[NDArray, NDArray[np.float32]]:
    """The classes in order, and for every row the position of its own.

    Labels all 0 or all 1 are still of the classes 0 and 1; another single class is an error.
    """
    y = column_or_1d(y, warn=True)
    refuse_missing_labels(y)
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) == 1 and classes[0] in (0, 1):
        classes = np.array([0, 1], dtype=classes.dtype)
    if len(classes) < 2:
        raise ValueError(f"y must hold at least two classes, got {classes.tolist()}.")
    return classes, encode_as(classes, y)


def refuse_missing_labels(y: ArrayLike) -> None:
    assert_all_finite(column_or_1d(y), input_name="y")


def encode_as(classes: NDArray, y: ArrayLike, name: str = "y") -> NDArray[np.float32]:
    """The position of every label among the classes given to fit."""
    labels = column_or_1d(y)
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise ValueError(
            f"{name} must hold the classes {classes.tolist()} given to fit, "
            f"got {labels[unknown][:1].tolist()}."
        )
    return np.searchsorted(classes, labels).astype(np.float32)


def check_byte_order(of_sets: dict[str, Any] | None = None, **given: Any) -> None:
    """Refuse the other byte order, which XGBoost takes for this machine's, so that it trains on other numbers.

    What belongs to evaluation sets, by the names of the arguments, is a list with an array or a pair for each.
    """
    parts = [
        (f"{name}[{i}]", part)
        for name, sets in (of_sets or {}).items()
        for i, of_set in enumerate(() if sets is None else sets)
        for part in (of_set if isinstance(of_set, tuple | list) else (of_set,))
    ]
    for name, values in (*given.items(), *parts):
        # A series has one dtype under either name. Arrow's tables have none, since they have no other byte order.
        dtypes = getattr(values, "dtypes", getattr(values, "dtype", None))
        for dtype in dtypes if np.iterable(dtypes) else (dtypes,):
            if isinstance(dtype, np.dtype) and not dtype.isnative:
                raise ValueError(
                    f"{name} must be in this machine's byte order, which XGBoost takes for granted, got {dtype!r}: "
                    f"use astype({dtype.newbyteorder('=').name!r})."
                )


def in_double_precision(values: Any) -> Any:
    """An array of extended precision as float64, all else as it is."""
    extended = getattr(getattr(values, "dtype", None), "char", None) == np.dtype(np.longdouble).char
    return values.astype(np.float64) if extended else values


@dataclass(frozen=True)
class SoftObjective:
    """The objective of rows that have a probability for each class, which no library hands to an objective."""

    loss: Callable
    labels: NDArray

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self.loss(self.labels, y_pred, sample_weight)

    def __deepcopy__(self, memo: dict[int, Any]) -> "SoftObjective":
        return self  # LightGBM trains with a copy of the objective


def soft_labels(loss: Loss, y: Any) -> tuple[NDArray, NDArray[np.intp]] | None:
    """The probabilities of the classes, if that is what a target holds, and a class for each row.

    The class is the most probable one, except that every class has a row: XGBoost numbers the classes that it sees.
    """
    given = np.asarray(y)
    if not are_soft(given):
        return None
    labels = check_classes(given, None)
    n, k = labels.shape
    if k > 2:
        require_margin(loss)
    if n < k:
        raise ValueError(f"y must have a row for each of {k} classes, got {n} rows.")
    position = labels.argmax(axis=1)
    for j in np.flatnonzero(np.bincount(position, minlength=k) == 0):
        spare = np.bincount(position, minlength=k)[position] > 1
        position[np.argmax(np.where(spare, labels[:, j], -1.0))] = j
    return labels, position


def hard_rows(
    classes: NDArray, name: str, X: Any, y: ArrayLike, weight: Any = None, start: Any = None
) -> tuple[Any, Any, Any, Any]:
    """Rows to evaluate whose labels are hard: one for each class that a soft label gives a probability, its weight.

    The weighted mean of any metric over these rows is that over the soft labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        That the columns of soft labels stand for.
    name : str
        Of the parameter that holds the labels.
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
    weight, start : array-like of shape (n_samples,), optional
        The weights of the rows, and the raw predictions to begin with.

    Returns
    -------
    X, y, weight, start
        As they are where the labels are hard.
    """
    if not are_soft(y):
        return X, y, weight, start
    try:
        share = check_classes(y, len(classes))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    for what, given in (("X", X), ("the initial score", start)):
        if given is not None and _num_samples(given) != len(share):
            raise ValueError(
                f"{name}: {what} must have a row for each of {len(share)} labels, got {_num_samples(given)}."
            )
    row, position = share.nonzero()
    total = share[row, position]
    if weight is not None:
        total *= check_weight(weight, len(share))[row]
    start = None if start is None else np.asarray(start)[row]
    return rows_of_table(X, row), classes[position], total, start


def with_hard_rows(
    y: Any,
    soft: Any,
    sets: list[tuple[Any, Any]],
    options: dict[str, Any],
    weights: str,
    starts: str,
) -> tuple[list[tuple[Any, Any]], dict[str, Any]]:
    """The evaluation sets of a fit, in which soft labels have become weighted rows, and the options that go with them.

    Parameters
    ----------
    y : array-like
        The target of the fit.
    soft : tuple or None
        What `soft_labels` makes of it.
    sets : list of (X, y)
    options : dict
        Those of the fit.
    weights, starts : str
        The library's names for the weights and the initial scores of the sets.
    """
    if not any(are_soft(labels) for _, labels in sets):
        return sets, {}
    classes = np.arange(soft[0].shape[1]) if soft else encode_labels(y)[0]
    given = zip(
        *(of_sets(name, options.get(name), len(sets)) for name in (weights, starts)), strict=True
    )
    made = [
        hard_rows(classes, f"eval_set[{i}]", *pair, *others)
        for i, (pair, others) in enumerate(zip(sets, given, strict=True))
    ]
    extra = {weights: [weight for _, _, weight, _ in made]}
    if options.get(starts) is not None:
        extra[starts] = [start for _, _, _, start in made]
    return [(X, labels) for X, labels, _, _ in made], extra


def of_sets(name: str, given: Any, n: int) -> list[Any]:
    """What is given for each of n evaluation sets, in a list or in a dictionary by numbers; None where nothing is."""
    if given is None:
        return [None] * n
    if isinstance(given, dict):
        return [given.get(i) for i in range(n)]
    if len(given) != n:
        raise ValueError(f"{name} must hold one for each of {n} evaluation sets, got {len(given)}.")
    return list(given)


def refuse_class_weight(name: str, value: Any, neutral: Any = None) -> None:
    """Refuse the weight of a class beside soft labels, whose rows have no class."""
    if value not in (None, neutral):
        raise ValueError(
            f"{name} must not be given with soft labels, got {value!r}: weigh the rows."
        )


def check_positive_weight(scale_pos_weight: Any, n_classes: int = 2) -> None:
    """Refuse a factor for the rows of label 1 that cannot be one."""
    if n_classes > 2 and scale_pos_weight != 1.0:
        raise ValueError(
            f"scale_pos_weight is for two classes, got {scale_pos_weight!r} and {n_classes} classes: use weights."
        )
    if not 0.0 < scale_pos_weight < math.inf:
        raise ValueError(
            f"scale_pos_weight must be a positive finite number, got {scale_pos_weight!r}."
        )


def balancing_factors(y: NDArray, sample_weight: NDArray | None = None) -> NDArray[np.float64]:
    """The factors that make both classes weigh as much as the heavier one; 1 where a class has no weight."""
    totals = np.bincount(y.astype(np.intp), sample_weight, minlength=2)
    return totals.max() / totals if totals.all() else np.ones(2)


def weigh_classes(
    y: ArrayLike, sample_weight: ArrayLike | None, factors: ArrayLike
) -> ArrayLike | None:
    """The weights of the rows, each times the factor of its class.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        0 or 1.
    sample_weight : array-like of shape (n_samples,) or None
    factors : array-like of shape (2,)
        Of the classes 0 and 1.

    Returns
    -------
    ndarray of shape (n_samples,), or `sample_weight` as it is where both factors are 1
    """
    negative, positive = np.asarray(factors)
    if negative == positive == 1.0:
        return sample_weight
    factor = np.where(as_array(y, "y_true") == 1, positive, negative)
    return factor if sample_weight is None else factor * as_array(sample_weight, "sample_weight")


def probabilities(loss: Loss, raw_prediction: ArrayLike) -> NDArray[np.floating]:
    """The probabilities of the classes, in a last axis: the posterior, where a loss is not proper too."""
    found = loss.inverse_link(raw_prediction)
    return found if found.ndim == 2 else np.stack([1.0 - found, found], axis=-1)


def predicted_labels(classes: NDArray, probability: NDArray, threshold: float = 0.5) -> NDArray:
    """The most probable class; of two classes the second where its probability is above the threshold."""
    if len(classes) > 2:
        return classes[probability.argmax(axis=-1)]
    return classes[(probability[..., 1] > threshold).astype(np.intp)]
