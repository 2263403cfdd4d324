"""The start of boosting in the plain libraries, which is not the best constant of a custom objective."""

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary
from boostloss.losses.classes import are_soft, best_scores, check_classes
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution
from boostloss.losses.validation import check_weight
from boostloss.ops import expit

SAMPLE = 10_000  # rows are enough to tell whether a start is far off
ROUNDING = 1e-6  # of a constant target that the libraries keep in float32, and its prediction after some rounds
FAR_LIKELIHOOD = 0.5  # of a row: that of a normal distribution whose mean is one deviation off
FAR_LOGIT = 3.0  # between a probability of 0.05 and one of 0.5
# Packages whose frames lie between the user's code and a warning of ours.
NOT_THE_USER = {"boostloss"}.union(*(library.modules for library in LIBRARIES.values()))


def is_constant(raw_prediction: NDArray) -> bool:
    """Whether the raw predictions of all rows are the same, as before the first round."""
    last = raw_prediction[-1:]  # which tells almost always
    return bool(len(last) and (last == raw_prediction[0]).all() and (raw_prediction == last).all())


def check_start(
    loss: Loss, y_true: ArrayLike, start: float | NDArray, sample_weight: ArrayLike | None
) -> None:
    """Warn, in the first round of a plain library, of a start far from the best constant.

    Parameters
    ----------
    loss : Loss
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
    start : float or ndarray of shape (n_outputs,)
        The raw prediction of every row.
    sample_weight : array-like of shape (n_samples,) or None
    """
    several = isinstance(loss, Binary) and np.ndim(start) == 1
    soft = isinstance(loss, Binary) and are_soft(y_true)
    k = np.size(start) if several else 2
    y = check_classes(y_true, k) if several or soft else loss.check_target(y_true)
    rows = slice(None, None, max(1, len(y) // SAMPLE))
    weight = None if sample_weight is None else check_weight(sample_weight, len(y))[rows]
    if weight is not None and not weight.any():
        return
    if several:
        best: Any = best_scores(loss, y[rows], weight, k)
    else:
        best = loss.fit_intercept(y[rows], weight)
    if not is_far(loss, start, best, y[rows]):
        return
    # Without the start, which moves: Python shows a text once.
    text = constant_text(best)
    base_score = f"{text} (XGBoost)"
    if loss.task == "binary" and not several:
        base_score = f"{float(expit(np.float64(best))):.6g} (XGBoost with binary:logistic)"
    warnings.warn(
        f"Boosting starts far from {text}, the best constant of {loss!r}. Use the estimators of "
        "boostloss.xgboost, boostloss.lightgbm or boostloss.catboost, which start there, or set "
        f"base_score={base_score}, init_score={text} (LightGBM) or "
        f"baseline={text} (CatBoost).",
        UserWarning,
        stacklevel=user_level(),
    )


def constant_text(best: float | NDArray) -> str:
    """A raw prediction, or those of several outputs, with six digits."""
    if np.ndim(best):
        return f"[{', '.join(f'{x:.6g}' for x in np.asarray(best))}]"
    return f"{best:.6g}"


@np.errstate(all="ignore")  # a start that is not finite is far
def is_far(loss: Loss, start: Any, best: Any, y: NDArray) -> bool:
    """Whether the way to the best constant would take many rounds."""
    if loss.task == "binary" or loss.link_name == "logit":
        way = np.subtract(start, best)
        if np.ndim(way):
            way -= way.mean()  # a common shift of all scores changes nothing
        return bool(np.abs(way).max() > FAR_LOGIT)
    if isinstance(loss, Distribution):
        at_start, at_best = (loss.mean_loss(y, np.tile(x, (len(y), 1))) for x in (start, best))
        return not at_start - at_best <= FAR_LIKELIHOOD  # NaN is far
    if isinstance(loss, Columns):
        return any(is_far(*each, y) for each in zip(loss.columns, start, best, strict=True))
    raw = loss.link(y)
    raw = raw[np.isfinite(raw)]  # the logarithm of a count of 0 is not
    low, high = np.quantile(raw, [0.25, 0.75]) if len(raw) else (0.0, 1.0)
    spread = (high - low) or np.abs(raw - best).mean()  # outliers must not make all starts near
    return bool(abs(start - best) > max(spread, ROUNDING * abs(best)))


def user_level() -> int:
    """The `stacklevel`, for the caller, of the code that called the boosting library."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in NOT_THE_USER:
        level, frame = level + 1, frame.f_back
    return level
