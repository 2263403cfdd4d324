"""The losses of a label in {0, 1}; their mathematics is in `formulas`."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.focal import focal
from boostloss.formulas.logistic import logistic
from boostloss.losses.base import Curvature, Loss, Task
from boostloss.losses.validation import as_column, as_floats, check_number
from boostloss.ops import exp, expit, log1p, softplus, where


class Binary(Loss):
    """A loss of the margin ``sign * raw_prediction``, sign = -1 for label 0 and 1 for label 1."""

    task: ClassVar[Task] = "binary"

    def check_target(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """The labels as a 1-d float array.

        Raises
        ------
        ValueError
            If one of them is neither 0 nor 1.
        """
        y = as_column(y_true, "y_true")
        _check_labels(y, (y == 0) | (y == 1))
        return y

    def _checked_rows(self, y_true, raw_prediction, sample_weight):
        rows, dtype = super()._checked_rows(y_true, raw_prediction, sample_weight)
        y = rows.y_true
        _check_labels(y, (y == 0) | (y == 1) | np.isnan(y))
        return rows, dtype

    def _best_constant(self, y, weight):
        # All of one class: the best constant is infinite, and a probability this near to it does as well.
        probability = np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6)
        return float(self.link(probability))


@dataclass(frozen=True)
class Logistic(Binary):
    """Logistic loss: log(1 + exp(-margin)), the negative log-likelihood of the label.

    References
    ----------
    Cox, "The Regression Analysis of Binary Sequences", JRSS B 1958.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Logistic()
    >>> loss.loss([0, 1], [0.0, 2.0]).round(4)
    array([0.6931, 0.1269])
    >>> loss.inverse_link([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808])
    """

    curvature: ClassVar[Curvature] = "exact"
    formula = logistic

    @property
    def largest_curvature(self) -> float:
        return 0.25

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        return _logit(y_pred)

    def response(self, raw: Any) -> Any:
        return expit(raw)


@dataclass(frozen=True)
class Focal(Binary):
    """Focal loss: balance * (1 - p)^gamma * -log p, p = sigmoid(margin): an easy row counts little.

    It is not proper: the sigmoid of its minimiser is not the probability. `inverse_link` recovers the probability.

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing, from 0, which gives the logistic loss, to 1e150.
    alpha : float, optional
        Balance: the weight of label 1 is alpha, that of label 0 is 1 - alpha; in (0, 1). The default weighs both 1.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017; Charoenphakdee et al., "On Focal Loss for
    Class-Posterior Probability Estimation: A Theoretical Perspective", CVPR 2021.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Focal(gamma=1.0)
    >>> loss.loss([1, 1], [0.0, 3.0]).round(4)
    array([0.3466, 0.0023])
    >>> loss.inverse_link([0.0, 2.0]).round(4)  # no sigmoid, which is 0.8808 at 2
    array([0.5   , 0.9732])
    """

    gamma: float = 2.0
    alpha: float | None = None
    curvature: ClassVar[Curvature] = "exact"
    formula = focal

    def __post_init__(self) -> None:
        check_number(self, "gamma", "a number from 0 to 1e150", lambda x: 0.0 <= x <= 1e150)
        if self.alpha is not None:
            check_number(self, "alpha", "a number in (0, 1) or None", lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        negative, positive = (1.0, 1.0) if self.alpha is None else (1.0 - self.alpha, self.alpha)
        return self.gamma, negative, positive, _focal_curvature(self.gamma)

    @property
    def largest_curvature(self) -> float:
        _, negative, positive, largest = self.parameters
        return largest * min(negative, positive)

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        target = _logit(y_pred)
        # The logit of the posterior grows with the score: bisection finds the score to the last bit.
        low, high = np.full_like(target, -800.0), np.full_like(target, 800.0)
        for _ in range(64):
            middle = 0.5 * (low + high)
            below = self._posterior_logit(middle) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(np.isfinite(target), 0.5 * (low + high), target)

    def response(self, raw: Any) -> Any:
        return expit(self._posterior_logit(raw))

    def _posterior_logit(self, raw):
        """The logit at which the expected slopes of both labels cancel: the score is optimal there."""
        _, negative, positive, _ = self.parameters
        return self._log_slope(-raw) - self._log_slope(raw) + math.log(negative / positive)

    def _log_slope(self, margin):
        log_q = -softplus(margin)
        q = exp(log_q)
        ratio = where(q > 0.0, softplus(-margin) / where(q > 0.0, q, 1.0), 1.0)
        return (self.gamma + 1.0) * log_q + log1p(self.gamma * (1.0 - q) * ratio)


@lru_cache
def _focal_curvature(gamma: float) -> float:
    """The largest second derivative of the focal loss, which bounds its curvature everywhere."""
    # It peaks between the margin 0 of the logistic loss and about -log(gamma).
    margin = np.linspace(-5.0 - math.log1p(gamma), 5.0, 10_001)
    peak = focal(np.ones(()), margin, gamma, 1.0, 1.0, 1.0)[2].max()
    return float(peak) * (1.0 + 1e-5)  # between two points of the grid it may be a little larger


def _check_labels(y, valid):
    if not valid.all():
        row = int(np.flatnonzero(~valid)[0])
        raise ValueError(f"y_true must be 0 or 1, got {y[row]} in row {row}.")


def _logit(p):
    p = as_floats(p, "y_pred").astype(np.float64)
    with np.errstate(divide="ignore"):  # infinite at 0 and 1
        return np.log(p) - np.log1p(-p)
