"""A loss of a margin over K classes: scores of shape (n_samples, n_classes), as in `formulas.classes`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.formulas.classes import class_odds
from boostloss.kernels.classes import fill_classes
from boostloss.kernels.rows import GRADIENT, LOSS, Computation, Rows
from boostloss.losses.validation import as_column, as_matrix, check_weight, has_columns
from boostloss.ops import softplus

# Beside the largest one: lower ones would leave log-odds, which are differences of such numbers, no digits.
LEAST_SCORE = -1e15
# Of a class in the best constant: the score of one without a row would be infinite.
LEAST_PROBABILITY = 1e-6


def computed(
    loss: Any,
    outputs: tuple[int, ...],
    y_true: ArrayLike,
    raw_prediction: ArrayLike,
    sample_weight: ArrayLike | None,
    dtype: DTypeLike | None = None,
) -> list[NDArray[np.floating]]:
    """The losses of the rows, or the gradients and curvatures of their scores."""
    f = as_matrix(raw_prediction, "raw_prediction")
    y = check_classes(y_true, f.shape[1], missing=True)
    if len(y) != len(f):
        raise ValueError(f"y_true has {len(y)} rows, raw_prediction has {len(f)}.")
    weight = None if sample_weight is None else check_weight(sample_weight, len(y))
    dtype = dtype or np.result_type(y, f)
    shape = (len(f),) if outputs == (LOSS,) else f.T.shape
    results = [np.empty(shape, dtype) for _ in outputs]
    require_margin(loss)
    fill(results, loss, Computation(loss.formula, outputs, loss.of_margin.parameters), y, f, weight)
    return [result.T for result in results]


def fill(
    results: list[NDArray],
    loss: Any,
    computation: Computation,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    curvature_factor: float = 1.0,
) -> None:
    """Write what is computed of the margins of a loss into arrays of shape (n,), for values, or (k, n)."""
    if loss.proper and (y.ndim == 2 or loss.label_smoothing):
        fill_cross_entropy(results, loss, computation, y, f, weight, curvature_factor)
        return
    balance = loss.class_weights(f.shape[1])
    if y.ndim == 1:
        if balance is not None:
            known = np.where(np.isnan(y), 0, y).astype(np.intp)
            weight = balance[known] if weight is None else weight * balance[known]
        fill_classes(results, computation, Rows(y, f, weight), curvature_factor)
        return
    # The loss of a soft label is a sum over labels.
    for result in results:
        result[...] = 0.0
    parts = [np.empty_like(result) for result in results]
    for j in np.flatnonzero(y.any(axis=0)):
        share = np.ascontiguousarray(y[:, j]) * (1.0 if balance is None else balance[j])
        rows = Rows(np.full(len(f), j, y.dtype), f, share if weight is None else weight * share)
        fill_classes(parts, computation, rows, curvature_factor)
        for result, part in zip(results, parts, strict=True):
            result += part


def fill_cross_entropy(
    results: list[NDArray],
    loss: Any,
    computation: Computation,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    curvature_factor: float,
) -> None:
    """As `fill`, of shares of labels: of a cross-entropy the scores' part alone depends on them, which is linear."""
    label = y if y.ndim == 1 else y.argmax(axis=1).astype(y.dtype)
    fill_classes(results, computation, Rows(label, f, weight), curvature_factor)
    hard = (label[:, None] == np.arange(f.shape[1])).astype(np.result_type(y, f))
    hard[np.isnan(label)] = np.nan
    away = hard - loss.smoothed(hard if y.ndim == 1 else y)
    scale = computation.factor if weight is None else computation.factor * weight[:, None]
    with np.errstate(all="ignore"):  # of infinite scores
        more = scale * away
        more = (more * f).sum(axis=1) if computation.outputs == (LOSS,) else more.T
        results[0] += more if weight is None else np.where(weight == 0.0, 0.0, more)


def of_many_classes(loss: Any) -> bool:
    """Whether it is a loss of a margin; one of target and prediction says nothing of more than two labels."""
    return getattr(loss, "kind", "margin") == "margin"


def require_margin(loss: Any) -> None:
    """Refuse a loss of two labels."""
    if not of_many_classes(loss):
        raise ValueError(
            f"{loss!r} is a loss of two labels: more classes need a loss that is a function of `margin`."
        )


def are_soft(y_true: ArrayLike) -> bool:
    """Whether it holds soft labels: a probability for each class, in columns."""
    return has_columns(y_true, "y_true")


def check_soft(y_true: ArrayLike, sample_weight: ArrayLike | None) -> list[tuple[NDArray, NDArray]]:
    """`both_labels` of soft labels and weights that are valid."""
    y = check_classes(y_true, 2)
    weight = None if sample_weight is None else check_weight(sample_weight, len(y))
    return list(both_labels(y, weight))


def both_labels(y: NDArray, weight: NDArray | None) -> Iterator[tuple[NDArray, NDArray]]:
    """Label 0 and then label 1 for every row, with its weight times the label's probability: soft labels of one score.

    The loss of a row, its gradient and its curvature are the sums over both.
    """
    for label in (0, 1):
        share = np.ascontiguousarray(y[:, label])
        yield np.full(len(y), label, y.dtype), share if weight is None else share * weight


def check_classes(y_true: ArrayLike, k: int | None, missing: bool = False) -> NDArray[np.floating]:
    """Positions of K classes as a column of floats, or a probability for each class as a matrix."""
    if are_soft(y_true):
        y = as_matrix(y_true, "y_true", k)
        sums = y.sum(axis=1, dtype=np.float64)
        wrong = ~((y >= 0.0).all(axis=1) & (np.abs(sums - 1.0) <= 1e-5))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"y_true must hold probabilities that sum to 1 in each row, got {y[row].tolist()} in row {row}."
            )
        return y
    y = as_column(y_true, "y_true")
    valid = (y >= 0) & (y == np.floor(y)) & (y < (np.inf if k is None else k))
    if missing:
        valid |= np.isnan(y)
    if not valid.all():
        row = int(np.flatnonzero(~valid)[0])
        allowed = "" if k is None else f" below {k}"
        raise ValueError(
            f"y_true must be the position of a class, a whole number from 0{allowed}, got {y[row]} in row {row}."
        )
    return y


def check_labels(loss: Any, y: ArrayLike, k: int) -> NDArray[np.floating]:
    """The target of a classifier: labels 0 and 1, or one of them, as the loss takes them; positions of more classes."""
    if k <= 2:
        return loss.check_target(y)
    require_margin(loss)
    return check_classes(y, k)


def class_totals(y: NDArray, weight: NDArray | None, k: int) -> NDArray[np.float64]:
    """The weight of every class."""
    if y.ndim == 2:
        ones = np.ones(len(y)) if weight is None else weight.astype(np.float64)
        return ones @ np.ascontiguousarray(y, np.float64)  # sums round alike, however y lies
    return np.bincount(y.astype(np.intp), weight, minlength=k).astype(np.float64)


def best_constant(loss: Any, y: ArrayLike, weight: Any, k: int) -> Any:
    """The start of boosting: a number, or one for each of several outputs, or of k classes, where k > 2."""
    best = loss.fit_intercept(y, weight) if k <= 2 else loss.fit_intercept(y, weight, k)
    return np.squeeze(best)[()]


def best_scores(
    loss: Any, y_true: ArrayLike, sample_weight: ArrayLike | None, k: int | None
) -> NDArray[np.float64]:
    """The constant scores of least weighted loss, whose mean is 0."""
    y = check_classes(y_true, k)
    weight = None if sample_weight is None else check_weight(sample_weight, len(y))
    k = y.shape[1] if y.ndim == 2 else k
    totals = class_totals(y, weight, int(k or 0))
    if not totals.any():
        raise ValueError("fit_intercept needs a row of positive weight, all weights are zero.")
    share = np.maximum(loss.smoothed(totals / totals.sum()), LEAST_PROBABILITY)
    return scores_of(loss, share / share.sum())


def scores_of(loss: Any, probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores of least expected loss, whose mean is 0, where the classes have these probabilities."""
    from scipy.optimize import minimize

    k = len(probability)
    labels = np.arange(float(k))
    if loss.proper:
        scores = np.log(probability)
        return scores - scores.mean()

    def expected(scores: NDArray) -> tuple[float, NDArray]:
        f = np.broadcast_to(scores, (k, k))
        (value,) = computed(loss, (LOSS,), labels, f, probability)
        slope, _ = computed(loss, (GRADIENT, loss.curvature_output()), labels, f, probability)
        return float(value.sum()), slope.sum(axis=0)

    start = np.log(probability)
    scores = minimize(expected, start, jac=True, method="BFGS", options={"gtol": 1e-10}).x
    return scores - scores.mean()


def posterior(loss: Any, raw_prediction: ArrayLike) -> NDArray[np.floating]:
    """The probabilities of the classes at which these scores are optimal."""
    require_margin(loss)
    raw = as_matrix(raw_prediction, "raw_prediction")
    with np.errstate(all="ignore"):
        f = np.nan_to_num(raw.astype(np.float64), nan=np.nan)
        f = np.maximum(f - f.max(axis=1, keepdims=True), LEAST_SCORE)
        odds = f if loss.proper else class_odds(f, *_rest_and_slope(loss, f))
        top = odds.max(axis=1, keepdims=True)
        # No slope pulls against these classes, or at any of them: the largest score decides.
        sure = np.isinf(top)
        free = np.where(odds == top, f, -np.inf)
        likeliest = free == free.max(axis=1, keepdims=True)
        share = np.where(sure, likeliest, np.exp(odds - np.where(sure, 0.0, top)))
        probability = share / share.sum(axis=1, keepdims=True)
    return probability.astype(np.result_type(raw, np.float32), copy=False)


def _rest_and_slope(loss: Any, f: NDArray) -> tuple[NDArray, NDArray]:
    """For every class the logarithms of the probability of the others, and of its loss's slope in the margin."""
    n, k = f.shape
    margin = np.empty_like(f)
    for j in range(k):
        others = np.delete(f, j, axis=1)
        top = others.max(axis=1)
        margin[:, j] = f[:, j] - top - np.log(np.exp(others - top[:, None]).sum(axis=1))
    log_slope = loss.log_slope(margin.ravel()).reshape(n, k)
    # Where a bounded loss pulls no more at a class that is far behind, nothing tells its probability: it counts as 0,
    # and not as 1 like that of a class that is far ahead.
    log_slope = np.where(np.isneginf(log_slope) & (margin < 0.0), np.inf, log_slope)
    balance = loss.class_weights(k)
    return -softplus(margin), log_slope if balance is None else log_slope + np.log(balance)
