"""The losses of a label in {0, 1}; their mathematics is in `formulas`."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.focal import focal
from boostloss.formulas.logistic import logistic
from boostloss.kernels.rows import GRADIENT
from boostloss.losses import classes
from boostloss.losses.base import Curvature, Loss, Task
from boostloss.losses.validation import (
    as_column,
    as_floats,
    check_class_weights,
    check_number,
    has_columns,
    is_sequence,
)
from boostloss.ops import constant, exp, expit, log, log1p, maximum, softplus, where


class Binary(Loss):
    """A loss of the margin ``sign * raw_prediction``, sign = -1 for label 0 and 1 for label 1."""

    task: ClassVar[Task] = "binary"
    # Whether sigmoid and softmax of the best scores are the probabilities.
    proper: ClassVar[bool] = False
    # The curvature by which more than two classes are boosted, if it is not that of two. The margins of K classes begin
    # near -log(K - 1), where a loss that is bounded has no curvature and Newton's steps are many times too long.
    curvature_of_classes: ClassVar[Curvature | None] = None

    @property
    def of_margin(self) -> "Binary":
        """The loss without weights of classes, whose formula at label 1 is that of the margin of a class among K."""
        return self

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

    @property
    def n_classes(self) -> int | None:
        """How many classes the parameters are for; None if for any number."""
        return None

    def log_slope(self, margin: Any) -> Any:
        """The logarithm of how steeply the loss falls at a margin, without weights of classes."""
        slope = self.formula(constant(1.0, margin), margin, *self.of_margin.parameters)[GRADIENT]
        return log(maximum(-slope, 0.0))

    def smoothed(self, share: NDArray[np.floating]) -> NDArray[np.floating]:
        """The shares of all classes, in a last axis, that the loss makes of those of the labels."""
        return share

    def class_weights(self, k: int) -> NDArray[np.float64] | None:
        """What the loss of each of K classes is multiplied by; None if by nothing."""
        return None

    def fit_intercept(
        self,
        y_true: ArrayLike,
        sample_weight: ArrayLike | None = None,
        n_classes: int | None = None,
    ) -> Any:
        """The constant raw prediction of least weighted loss, or the scores of K classes.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels 0 and 1; or positions of classes, if their number is given; or a probability for each class, of
            which two have one raw prediction unless their number is given.
        sample_weight : array-like of shape (n_samples,), optional
        n_classes : int, optional

        Returns
        -------
        float, or ndarray of shape (n_classes,)

        Raises
        ------
        ValueError
            If there is no row of positive weight, or the target is not valid for the loss.
        """
        if n_classes is not None or (classes.are_soft(y_true) and np.shape(y_true)[1] > 2):
            return classes.best_scores(self, y_true, sample_weight, n_classes)
        if not classes.are_soft(y_true):
            return super().fit_intercept(y_true, sample_weight)
        labels, shares = zip(*classes.check_soft(y_true, sample_weight), strict=True)
        return super().fit_intercept(np.concatenate(labels), np.concatenate(shares))

    def inverse_link(self, raw_prediction: ArrayLike) -> NDArray[np.floating]:
        """The probability of label 1; of raw predictions of shape (n_samples, n_classes) that of every class."""
        if has_columns(raw_prediction, "raw_prediction"):
            return classes.posterior(self, raw_prediction)
        raw = as_floats(raw_prediction, "raw_prediction")
        # At an infinite score an improper loss has no slope: the probability is that of the largest one.
        return super().inverse_link(raw if self.proper else np.nan_to_num(raw, nan=np.nan))

    def _computed(self, outputs, y_true, raw_prediction, sample_weight, dtype=None):
        if has_columns(raw_prediction, "raw_prediction"):
            return classes.computed(self, outputs, y_true, raw_prediction, sample_weight, dtype)
        if not classes.are_soft(y_true):
            return super()._computed(outputs, y_true, raw_prediction, sample_weight, dtype)
        parts = [
            super(Binary, self)._computed(outputs, label, raw_prediction, share, dtype)
            for label, share in classes.check_soft(y_true, sample_weight)
        ]
        return [against + towards for against, towards in zip(*parts, strict=True)]

    def _checked_rows(self, y_true, raw_prediction, sample_weight):
        rows, dtype = super()._checked_rows(y_true, raw_prediction, sample_weight)
        y = rows.y_true
        _check_labels(y, (y == 0) | (y == 1) | np.isnan(y))
        return rows, dtype

    def _best_constant(self, y, weight):
        # All of one class: the best constant is infinite, and a probability this near to it does as well.
        positive = np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6)
        return float(self.link(self.smoothed(np.array([1.0 - positive, positive]))[1]))


@dataclass(frozen=True, repr=False)
class Logistic(Binary):
    """Logistic loss: log(1 + exp(-margin)), the negative log-likelihood of the label; of K classes the cross-entropy.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The share of every label that goes to all K labels alike, from 0 to below 1. Probabilities are then drawn to
        1 / K: they are those of smoothed labels.

    Raises
    ------
    TypeError, ValueError
        If the smoothing is not such a number.

    References
    ----------
    Cox, "The Regression Analysis of Binary Sequences", JRSS B 1958; Szegedy et al., "Rethinking the Inception
    Architecture for Computer Vision", CVPR 2016.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Logistic()
    >>> loss.loss([0, 1], [0.0, 2.0]).round(4)
    array([0.6931, 0.1269])
    >>> loss.inverse_link([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808])
    >>> loss.inverse_link([[0.0, 1.0, 2.0]]).round(4)  # the scores of three classes
    array([[0.09  , 0.2447, 0.6652]])
    """

    label_smoothing: float = 0.0
    proper: ClassVar[bool] = True
    floored = False  # as the libraries' own
    curvature: ClassVar[Curvature] = "exact"
    formula = logistic

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", "a number in [0, 1)", lambda x: 0.0 <= x < 1.0)

    def __repr__(self) -> str:
        return (
            f"Logistic(label_smoothing={self.label_smoothing!r})"
            if self.label_smoothing
            else "Logistic()"
        )

    @property
    def parameters(self) -> tuple[float, ...]:
        return (self.label_smoothing,)  # of the class where a pickle of version 0.1.0 has none

    @property
    def of_margin(self) -> "Binary":
        return Logistic()

    @property
    def largest_curvature(self) -> float:
        return 0.25

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        return logit(y_pred)

    def response(self, raw: Any) -> Any:
        return expit(raw)

    def smoothed(self, share: NDArray[np.floating]) -> NDArray[np.floating]:
        k = share.shape[-1]
        return share + self.label_smoothing * (1.0 / k - share)


class Improper(Binary):
    """A loss of the margin whose best score is no log-odds: the slopes of both labels tell the probability."""

    curvature: ClassVar[Curvature] = "exact"

    def log_weights(self) -> tuple[float, float]:
        """The logarithms of the weights of both labels."""
        return 0.0, 0.0

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        target = logit(y_pred)
        # The logit of the posterior grows with the score: bisection finds the score to the last bit.
        low, high = np.full_like(target, -800.0), np.full_like(target, 800.0)
        for _ in range(64):
            middle = 0.5 * (low + high)
            with np.errstate(divide="ignore"):  # where one label no longer pulls
                below = self._posterior_logit(middle) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(np.isfinite(target), 0.5 * (low + high), target)

    def response(self, raw: Any) -> Any:
        return expit(self._posterior_logit(raw))

    def _posterior_logit(self, raw: Any) -> Any:
        """The logit at which the expected slopes of both labels cancel: the score is optimal there."""
        negative, positive = self.log_weights()
        return self.log_slope(-raw) - self.log_slope(raw) + (negative - positive)


@dataclass(frozen=True)
class Focal(Improper):
    """Focal loss: balance * (1 - p)^gamma * -log p, p = sigmoid(margin): an easy row counts little.

    It is not proper: the sigmoid of its minimiser is not the probability. `inverse_link` recovers the probability.

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing, from 0, which gives the logistic loss, to 1e150.
    alpha : float or sequence of float, optional
        Balance: the weight of label 1 is alpha, that of label 0 is 1 - alpha; in (0, 1). Or a positive weight for each
        class. The default weighs all 1.

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
    alpha: float | tuple[float, ...] | None = None
    formula = focal

    def __post_init__(self) -> None:
        check_number(self, "gamma", "a number from 0 to 1e150", lambda x: 0.0 <= x <= 1e150)
        if is_sequence(self.alpha):
            object.__setattr__(self, "alpha", check_class_weights("alpha", self.alpha))
        elif self.alpha is not None:
            allowed = "a number in (0, 1), one for each class, or None"
            check_number(self, "alpha", allowed, lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        negative, positive = 1.0, 1.0
        if isinstance(self.alpha, float):
            negative, positive = 1.0 - self.alpha, self.alpha
        elif self.alpha is not None:
            negative, positive = self.class_weights(2)
        return self.gamma, negative, positive, _focal_curvature(self.gamma)

    @property
    def of_margin(self) -> "Binary":
        return Focal(self.gamma)

    @property
    def n_classes(self) -> int | None:
        if isinstance(self.alpha, float):
            return 2
        return None if self.alpha is None else len(self.alpha)

    def class_weights(self, k: int) -> Any:
        """`alpha`, if it holds a number for each class."""
        if self.alpha is None:
            return None
        if isinstance(self.alpha, float) or len(self.alpha) != k:
            raise ValueError(
                f"alpha must be None or hold a number for each of {k} classes, got {self.alpha!r}."
            )
        return np.array(self.alpha)

    @property
    def largest_curvature(self) -> float:
        _, negative, positive, largest = self.parameters
        return largest * min(negative, positive)

    def log_weights(self) -> tuple[float, float]:
        _, negative, positive, _ = self.parameters
        return math.log(negative), math.log(positive)

    def log_slope(self, margin):
        log_q = -softplus(margin)
        q = exp(log_q)
        ratio = where(q > 0.0, softplus(-margin) / where(q > 0.0, q, 1.0), 1.0)
        return (self.gamma + 1.0) * log_q + log1p(self.gamma * (1.0 - q) * ratio)


@lru_cache
def _focal_curvature(gamma: float) -> float:
    """The largest second derivative of the focal loss, which bounds its curvature everywhere."""
    # It peaks between the margin 0 of the logistic loss and about -log(gamma).
    return largest_bend(focal, -5.0 - math.log1p(gamma), gamma, 1.0, 1.0, 1.0)


def largest_bend(formula: Any, low: float, *parameters: float, high: float = 5.0) -> float:
    """The largest second derivative that a formula of the margin has between two margins."""
    margin = np.linspace(low, high, 40_001)
    peak = formula(np.ones(()), margin, *parameters)[2].max()
    return float(peak) * (1.0 + 1e-5)  # between two points of the grid it may be a little larger


def _check_labels(y, valid):
    if not valid.all():
        row = int(np.flatnonzero(~valid)[0])
        raise ValueError(f"y_true must be 0 or 1, got {y[row]} in row {row}.")


def logit(p: ArrayLike) -> NDArray[np.float64]:
    """The logit of a probability, infinite at 0 and 1."""
    p = as_floats(p, "y_pred").astype(np.float64)
    with np.errstate(divide="ignore"):  # infinite at 0 and 1
        return np.log(p) - np.log1p(-p)
