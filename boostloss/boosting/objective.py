"""How the boosting libraries call a loss: the arguments and arrays of XGBoost's and LightGBM's objectives."""

import math
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.gradients import fill_gradients, row_share
from boostloss.boosting.several import check_outputs, several_gradients, takes_columns
from boostloss.boosting.start import check_start, is_constant
from boostloss.boosting.xgboost_columns import lent
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.classes import are_soft, both_labels
from boostloss.losses.columns import Columns
from boostloss.losses.f_beta import FBeta
from boostloss.losses.harmonizing import Harmonized
from boostloss.losses.validation import as_column, as_floats, as_matrix, on_gpu


def boosting_gradients(
    loss: Loss,
    y_true: ArrayLike,
    raw_prediction: ArrayLike,
    sample_weight: ArrayLike | None = None,
    dtype: DTypeLike = np.float32,
    factor: float = 1.0,
    check: bool = False,
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Gradient and curvature of every row as a booster is given them; labels and weights are not checked.

    They are those of `Loss.gradient_hessian` times `curvature_scale`, where the curvature is at least `least_share` of
    the largest one, the pinball loss of `Quantile` is smoothed and its curvature that of `boosting.quantiles`, and
    adaptive parameters are those that suit the rows held out, which get zeros.

    Parameters
    ----------
    loss : Loss
    y_true : array-like of shape (n_samples,), or (n_samples, 2)
        Of a binary loss also the probabilities of both labels.
    raw_prediction : array-like of shape (n_samples,)
    sample_weight : array-like of shape (n_samples,), optional
    dtype : dtype, default float32
        Of the result.
    factor : float, default 1.0
        Multiplied into both.
    check : bool, default False
        Whether to refuse those that are not finite, as `check_finite`.

    Returns
    -------
    gradient, hessian : ndarray of shape (n_samples,)
    """
    f = as_column(raw_prediction, "raw_prediction")
    weight = None if sample_weight is None else as_column(sample_weight, "sample_weight")
    if isinstance(loss, Harmonized):
        weight = loss.row_weight(y_true, f, weight)
    finite = False  # so far as is known
    if isinstance(loss, Adaptive):
        run = Adaptation(loss, temperature=0.0)
        gradient, hessian = run.gradients(y_true, f, weight, dtype, factor)
    elif are_soft(y_true):
        gradient, hessian = np.zeros(len(f), dtype), np.zeros(len(f), dtype)
        part = [np.empty_like(gradient), np.empty_like(hessian)]
        with np.errstate(all="ignore"):  # what is not finite, as of an infinite weight, is refused
            for label, share in both_labels(as_matrix(y_true, "y_true", 2), weight):
                fill_gradients(part, loss, label, f, share, factor)
                gradient += part[0]
                hessian += part[1]
    else:
        gradient, hessian = np.empty(len(f), dtype), np.empty(len(f), dtype)
        y = as_column(y_true, "y_true")
        finite = fill_gradients([gradient, hessian], loss, y, f, weight, factor)
    if check and not finite:
        check_finite(loss, f, gradient, hessian)
    return gradient, hessian


def call_objective(
    loss: Loss, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Answer ``(y_true, y_pred[, sample_weight])``, an estimator's call, or ``(y_pred, dataset)``, a native one."""
    y_true, y_pred, sample_weight = read_call(y_true, y_pred, sample_weight)
    if on_gpu(y_pred):
        from boostloss.boosting.device import device_gradients

        return device_gradients(loss, y_true, y_pred, sample_weight)
    y_pred = as_floats(y_pred, "y_pred")
    if takes_columns(loss) or (y_pred.ndim == 2 and y_pred.shape[1] > 1):
        check_outputs(loss, y_pred.shape)
        # The libraries leave out the axis of a single column.
        f = y_pred[:, None] if y_pred.ndim == 1 else y_pred
        if is_constant(f):
            check_start(loss, y_true, f[0], sample_weight)
        weight = None if sample_weight is None else as_column(sample_weight, "sample_weight")
        with np.errstate(all="ignore"):  # what is not finite is refused below
            gradient, hessian = several_gradients(loss, y_true, f, weight)
        check_finite(loss, f, gradient, hessian)
        return gradient.reshape(y_pred.shape), hessian.reshape(y_pred.shape)
    y_pred = y_pred.ravel()
    if is_constant(y_pred):
        check_start(loss, y_true, float(y_pred[0]), sample_weight)
    factor = row_share(loss)
    return boosting_gradients(loss, y_true, y_pred, sample_weight, factor=factor, check=True)


def check_finite(loss: Loss, raw: NDArray, gradient: NDArray, hessian: NDArray) -> None:
    """Refuse raw predictions whose derivatives are not finite, of which a booster would make trees of NaN.

    Those of another scale than the link's have such: counts, say, where their logarithms belong.
    """
    # In the arrays' own precision, which is the fastest: where a sum overflows, every number is looked at. No product:
    # the threads of BLAS would wait for it beside those of boosting.
    with np.errstate(all="ignore"):
        total = float(gradient.sum()) + float(hessian.sum())
    if math.isfinite(total):
        return
    finite = np.isfinite(gradient) & np.isfinite(hessian)
    if not finite.all():
        row = int(np.flatnonzero(~finite.reshape(len(raw), -1).all(axis=1))[0])
        raise not_finite(loss, row, raw[row])


def not_finite(loss: Loss, row: int | str, raw: Any) -> ValueError:
    """That raw predictions are of another scale than the link's."""
    return ValueError(
        f"raw predictions must be those of {loss!r}, on the scale of its link, with finite derivatives, got "
        f"{np.asarray(raw).tolist()!r} in row {row}; or its weight is too large."
    )


def read_call(
    y_true: Any, y_pred: Any, sample_weight: ArrayLike | None
) -> tuple[Any, Any, ArrayLike | None]:
    """Target, raw prediction and weight of an estimator's call, or of a native one of ``(y_pred, dataset)``.

    A dataset is a DMatrix or a LightGBM Dataset, in which no weights are None or empty.
    """
    if not hasattr(y_pred, "get_label"):
        return y_true, y_pred, sample_weight
    weight = lent(y_pred, "weight")
    return lent(y_pred, "label"), y_true, None if weight is None or len(weight) == 0 else weight


def require_loss(loss: Any) -> Loss:
    """The loss, if it is one."""
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss such as boostloss.Huber(), got {loss!r}.")
    return loss


def refuse_catboost(loss: Loss) -> NoReturn:
    """Say what CatBoost wants instead of a loss, which has the wrong signs for it."""
    raise TypeError(
        f"CatBoost takes boostloss.catboost.objective({loss!r}) as loss_function, not the loss itself; "
        "the estimators of boostloss.catboost take both."
    )


def metric_name(loss: Loss) -> str:
    """How the libraries report `Loss.mean_loss`."""
    if isinstance(loss, Columns):
        return loss.kind.__name__
    if isinstance(loss, Harmonized | FBeta):
        return type(loss.of_row).__name__
    return loss.judged_by if isinstance(loss, Adaptive) else type(loss).__name__
