"""The losses: parameters, task, link, intercept; their mathematics is in `formulas`."""

import ast
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss._intercept import argmin_constant, steep_constant, weighted_quantile
from boostloss._kernels import GRADIENT, MAJORIZER, evaluate
from boostloss._smoothing import half_width
from boostloss.formulas.barron import barron
from boostloss.formulas.focal import focal
from boostloss.formulas.huber import huber
from boostloss.formulas.log_cosh import log_cosh
from boostloss.formulas.logistic import logistic
from boostloss.formulas.pinball import pinball
from boostloss.formulas.squared_error import squared_error
from boostloss.loss import Curvature, Loss, as_column


def _number(loss: Loss, name: str, allowed: str, valid) -> None:
    """Make a parameter a float, or say what it may be."""
    value = getattr(loss, name)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be {allowed}, got {value!r}.") from None
    if not valid(number):
        raise ValueError(f"{name} must be {allowed}, got {value!r}.")
    object.__setattr__(loss, name, number)


def _positive(loss: Loss, name: str) -> None:
    _number(loss, name, "a positive finite number", lambda x: 0.0 < x < math.inf)


class Regression(Loss):
    """A loss of the error ``raw_prediction - y_true``."""

    task = "regression"


@dataclass(frozen=True)
class SquaredError(Regression):
    """Squared error: error^2 / 2. Its best constant is the mean."""

    formula = squared_error

    def _best_constant(self, y, weight):
        return float(np.average(y.astype(np.float64, copy=False), weights=weight))


@dataclass(frozen=True)
class Huber(Regression):
    """Huber's loss: error^2 / 2 while |error| <= delta, delta (|error| - delta/2) beyond.

    Parameters
    ----------
    delta : float, default 1.0
        Where squared error ends and absolute error begins, in the unit of the target; positive.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 1964.
    """

    delta: float = 1.0
    formula = huber

    def __post_init__(self):
        _positive(self, "delta")


@dataclass(frozen=True)
class LogCosh(Regression):
    """Log-cosh: scale^2 log cosh(error / scale), a Huber loss with all derivatives.

    Parameters
    ----------
    scale : float, default 1.0
        Errors well below it count squared, errors well above it absolute; positive.
    """

    scale: float = 1.0
    formula = log_cosh

    def __post_init__(self):
        _positive(self, "scale")


@dataclass(frozen=True)
class Quantile(Regression):
    """The pinball loss: quantile * -error if error < 0, else (1 - quantile) * error; its minimiser is the quantile.

    `direction` smooths the kink over the residuals near it and takes the curvature of Hunter & Lange's quadratic;
    `loss`, and the gradient of `gradient_hessian`, are those of the pinball loss itself.

    Parameters
    ----------
    quantile : float, default 0.5
        The level, in (0, 1); 0.5 gives half the absolute error.

    References
    ----------
    Koenker & Bassett, "Regression Quantiles", Econometrica 1978.
    """

    quantile: float = 0.5
    formula = pinball

    def __post_init__(self):
        _number(self, "quantile", "a number in (0, 1)", lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self):
        return self.quantile, 0.0

    def gradient_hessian(self, y_true, raw_prediction, sample_weight=None, curvature=None):
        rows = self._rows(y_true, raw_prediction, sample_weight)
        wanted = self._curvature(curvature)
        y, f, weight, dtype = rows
        gradient, hessian = evaluate(
            self._formula, (GRADIENT, wanted), y, f, weight, 1.0, self.parameters, dtype
        )
        if wanted == MAJORIZER:  # without smoothing it is infinite at an error of 0
            parameters, _ = self._step(y, f, weight)
            (hessian,) = evaluate(self._formula, (MAJORIZER,), y, f, weight, 1.0, parameters, dtype)
        return gradient, hessian

    def _best_constant(self, y, weight):
        return weighted_quantile(y, weight, self.quantile)

    def _step(self, y, f, weight):
        smoothing = half_width(y, f, weight, self.quantile)
        return (self.quantile, smoothing), 2.0 * smoothing


@dataclass(frozen=True)
class Barron(Regression):
    """Barron's general robust loss: b/alpha ((1 + (error/scale)^2 / b)^(alpha/2) - 1) with b = |alpha - 2|.

    Its limits are squared error (alpha = 2), Charbonnier or pseudo-Huber (1), Cauchy (0), Geman-McClure (-2) and Welsch
    (-inf). Below 1 it is not convex, and an error far beyond the scale loses its influence.

    Parameters
    ----------
    alpha : float, default 1.0
        Shape; any number, and both infinities. Smaller is more robust.
    scale : float, default 1.0
        The error at which the loss leaves the squared error; positive.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8.
    """

    alpha: float = 1.0
    scale: float = 1.0
    formula = barron

    def __post_init__(self):
        _number(self, "alpha", "a number, inf or -inf", lambda x: not math.isnan(x))
        _positive(self, "scale")

    @property
    def parameters(self):
        return self.alpha, self.scale

    @property
    def unit(self) -> float:
        return self.scale**2

    def _best_constant(self, y, weight):
        if self.alpha > 2.0:
            return steep_constant(self.alpha, self.scale, y, weight)
        return argmin_constant(self, y, weight, scale=self.scale if self.alpha < 1.0 else 0.0)


@dataclass(frozen=True)
class Charbonnier(Barron):
    """Charbonnier or pseudo-Huber loss: sqrt((error/scale)^2 + 1) - 1, Barron's at alpha = 1."""

    alpha: float = field(default=1.0, init=False, repr=False)


@dataclass(frozen=True)
class Cauchy(Barron):
    """Cauchy or Lorentzian loss: log((error/scale)^2 / 2 + 1), Barron's at alpha = 0."""

    alpha: float = field(default=0.0, init=False, repr=False)


@dataclass(frozen=True)
class GemanMcClure(Barron):
    """Geman-McClure loss: 2 (error/scale)^2 / ((error/scale)^2 + 4), Barron's at alpha = -2."""

    alpha: float = field(default=-2.0, init=False, repr=False)


@dataclass(frozen=True)
class Welsch(Barron):
    """Welsch or Leclerc loss: 1 - exp(-(error/scale)^2 / 2), Barron's at alpha = -inf."""

    alpha: float = field(default=-math.inf, init=False, repr=False)


class Binary(Loss):
    """A loss of the margin ``sign * raw_prediction``, sign = -1 for label 0 and 1 for label 1."""

    task = "binary"

    def check_target(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """The labels as a 1-d float array.

        Raises
        ------
        ValueError
            If one of them is neither 0 nor 1.
        """
        y = as_column(y_true, "y_true")
        valid = (y == 0) | (y == 1)
        if not valid.all():
            row = int(np.flatnonzero(~valid)[0])
            raise ValueError(f"y_true must be 0 or 1, got {y[row]} in row {row}.")
        return y

    def _best_constant(self, y, weight):
        # All of one class: the best constant is infinite, and a probability this near to it does as well.
        probability = np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6)
        return float(self.link(probability))

    def _far(self, start, best, y):
        return abs(start - best) > 3.0


@dataclass(frozen=True)
class Logistic(Binary):
    """Logistic loss: log(1 + exp(-margin)), the negative log-likelihood of the label."""

    curvature: ClassVar[Curvature] = "exact"
    formula = logistic

    def link(self, y_pred):
        return _logit(y_pred)

    def inverse_link(self, raw_prediction):
        return _sigmoid(np.asarray(raw_prediction))


@dataclass(frozen=True)
class Focal(Binary):
    """Focal loss: balance * (1 - p)^gamma * -log p, p = sigmoid(margin): an easy row counts little.

    It is not proper: the sigmoid of its minimiser is not the probability. `inverse_link` recovers the probability.

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing; 0 gives the logistic loss; not negative.
    alpha : float, optional
        Balance: the weight of label 1 is alpha, that of label 0 is 1 - alpha; in (0, 1). The default weighs both 1.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017; Charoenphakdee et al., "On Focal Loss for
    Class-Posterior Probability Estimation: A Theoretical Perspective", CVPR 2021.
    """

    gamma: float = 2.0
    alpha: float | None = None
    curvature: ClassVar[Curvature] = "guarded"
    formula = focal

    def __post_init__(self):
        _number(self, "gamma", "a finite number >= 0", lambda x: 0.0 <= x < math.inf)
        if self.alpha is not None:
            _number(self, "alpha", "a number in (0, 1) or None", lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self):
        negative, positive = (1.0, 1.0) if self.alpha is None else (1.0 - self.alpha, self.alpha)
        return self.gamma, negative, positive, _focal_curvature(self.gamma)

    def link(self, y_pred):
        target = _logit(y_pred)
        # The logit of the posterior grows with the score: bisection finds the score to the last bit.
        low, high = np.full_like(target, -800.0), np.full_like(target, 800.0)
        for _ in range(64):
            middle = 0.5 * (low + high)
            below = self._posterior_logit(middle) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * (low + high)

    def inverse_link(self, raw_prediction):
        raw = np.asarray(raw_prediction)
        return _sigmoid(self._posterior_logit(raw)).astype(raw.dtype, copy=False)

    def _posterior_logit(self, raw):
        """The logit at which the expected slopes of both labels cancel: the score is optimal there."""
        _, negative, positive, _ = self.parameters
        return self._log_slope(-raw) - self._log_slope(raw) + math.log(negative / positive)

    def _log_slope(self, margin):
        log_q = -np.logaddexp(0.0, margin)
        q = np.exp(log_q)
        cross_entropy = np.logaddexp(0.0, -margin)
        ratio = np.where(q > 0.0, cross_entropy / np.where(q > 0.0, q, 1.0), 1.0)
        return (self.gamma + 1.0) * log_q + np.log1p(self.gamma * (1.0 - q) * ratio)


@lru_cache
def _focal_curvature(gamma: float) -> float:
    """The largest second derivative of the focal loss, which bounds its curvature everywhere."""
    # It peaks between the margin 0 of the logistic loss and about -log(gamma).
    margin = np.linspace(-5.0 - math.log1p(gamma), 5.0, 10_001)
    peak = focal(np.ones(()), margin, gamma, 1.0, 1.0, 1.0)[2].max()
    return float(peak) * (1.0 + 1e-5)  # between two points of the grid it may be a little larger


def _logit(p):
    p = np.asarray(p, dtype=np.float64)
    with np.errstate(divide="ignore"):  # infinite at 0 and 1
        return np.log(p) - np.log1p(-p)


def _sigmoid(x):
    p = np.exp(-np.abs(x))
    return np.where(x < 0.0, p, 1.0) / (1.0 + p)


LOSSES: tuple[type[Loss], ...] = (
    SquaredError,
    Huber,
    LogCosh,
    Quantile,
    Barron,
    Charbonnier,
    Cauchy,
    GemanMcClure,
    Welsch,
    Logistic,
    Focal,
)


def from_string(text: str) -> Loss:
    """The loss that a text such as ``"Barron(alpha=-inf, scale=2.0)"`` describes; the inverse of ``repr``.

    Parameters
    ----------
    text : str
        A name, or a call with numbers as arguments; inf is a number here.

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        If the text names no loss, or a parameter is unknown or not a number.
    """
    names = {loss.__name__: loss for loss in LOSSES}
    try:
        node: Any = ast.parse(text.strip(), mode="eval").body
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        loss = names[call.func.id]  # type: ignore[attr-defined]
        arguments = [_literal(argument) for argument in call.args]
        keywords = {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords}
    except (SyntaxError, KeyError, AttributeError, ValueError):
        raise ValueError(
            f"a loss is written like 'Huber(delta=2.0)', by one of the names {', '.join(names)}; got {text!r}."
        ) from None
    try:
        return loss(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{text!r}: {error}") from None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_literal(node.operand)
    if isinstance(node, ast.Name) and node.id == "inf":
        return math.inf
    return ast.literal_eval(node)
