"""Losses of a label that some rows have wrong: what a row far on the wrong side pulls is bounded, or falls again."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.bi_tempered import bi_tempered, tempered_logit
from boostloss.formulas.generalized_cross_entropy import generalized_cross_entropy
from boostloss.formulas.symmetric_cross_entropy import LOG_0, symmetric_cross_entropy
from boostloss.losses.base import Curvature
from boostloss.losses.binary import Improper, largest_bend, logit
from boostloss.losses.validation import check_number
from boostloss.ops import exp, expit, log, log1p, softplus, where


@dataclass(frozen=True)
class GeneralizedCrossEntropy(Improper):
    """Generalized cross-entropy: (1 - p^q) / q, p = sigmoid(margin): the less likely a label, the less it pulls.

    It serves any number of classes, as all losses of a margin do. Probabilities are those at which the scores are
    optimal: sigmoid((1 - q) score).

    Parameters
    ----------
    q : float, default 0.7
        Near 0 the logistic loss, near 1 the absolute error of p; in (0, 1).

    Raises
    ------
    TypeError, ValueError
        If q is not such a number.

    References
    ----------
    Zhang & Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", NeurIPS 2018.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.GeneralizedCrossEntropy(0.5)
    >>> loss.loss([1, 1], [0.0, -8.0]).round(4)  # log-loss would be 0.6931 and 8.0003
    array([0.5858, 1.9634])
    >>> loss.inverse_link([0.0, 2.0]).round(4)
    array([0.5   , 0.7311])
    """

    q: float = 0.7
    curvature_of_classes: ClassVar[Curvature | None] = "majorizer"
    formula = generalized_cross_entropy

    def __post_init__(self) -> None:
        check_number(self, "q", "a number in (0, 1)", lambda x: 0.0 < x < 1.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.q, self.largest_curvature

    @property
    def largest_curvature(self) -> float:
        return _generalized_curvature(self.q)

    def log_slope(self, margin: Any) -> Any:
        return -self.q * softplus(-margin) - softplus(margin)


@dataclass(frozen=True)
class SymmetricCrossEntropy(Improper):
    """Symmetric cross-entropy: alpha (-log p) + 4 beta (1 - p), p = sigmoid(margin).

    The second part, cross-entropy with label and probability exchanged, pulls little where a label is unlikely. It
    serves any number of classes, as all losses of a margin do. Probabilities are those at which the scores are optimal.

    Parameters
    ----------
    alpha : float, default 0.1
        Of the cross-entropy, from 1e-3 to 1e3.
    beta : float, default 1.0
        Of the reverse cross-entropy, in which -4 stands for the logarithm of 0; from 0 to 1e3.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Wang et al., "Symmetric Cross Entropy for Robust Learning With Noisy Labels", ICCV 2019.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.SymmetricCrossEntropy(alpha=0.1, beta=0.25).loss([1, 1], [0.0, -8.0]).round(4)
    array([0.5693, 1.7997])
    """

    alpha: float = 0.1
    beta: float = 1.0
    curvature_of_classes: ClassVar[Curvature | None] = "majorizer"
    formula = symmetric_cross_entropy

    def __post_init__(self) -> None:
        check_number(self, "alpha", "a number from 1e-3 to 1e3", lambda x: 1e-3 <= x <= 1e3)
        check_number(self, "beta", "a number from 0 to 1e3", lambda x: 0.0 <= x <= 1e3)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.alpha, self.beta, self.largest_curvature

    @property
    def largest_curvature(self) -> float:
        return _symmetric_curvature(self.alpha, self.beta)

    def log_slope(self, margin: Any) -> Any:
        return log(self.alpha - LOG_0 * self.beta * expit(margin)) - softplus(margin)


@dataclass(frozen=True)
class BiTemperedLogistic(Improper):
    """Bi-tempered logistic loss: log_t1(1/p) less (1 - p^(2-t1) - r^(2-t1)) / (2-t1), log_t2(p) - log_t2(r) = margin.

    Here p is the probability of the label, r = 1 - p, and log_t(x) = (x^(1-t) - 1) / (1-t). A t1 below 1 bounds the
    loss; a t2 above 1 gives p a heavy tail, so that rows near the boundary are forgiven. It is proper: `inverse_link`,
    the tempered sigmoid, is the probability.

    More than two classes are the pair of the true class and the rest, by the margin between them. That is not the
    tempered softmax of the paper, where each class has a tail of its own, and the probabilities are recovered as those
    for which the scores are optimal.

    Parameters
    ----------
    t1 : float, default 0.5
        Temperature of the loss, from 0 to 1.
    t2 : float, default 1.5
        Temperature of the probability, from 1 to 2. Both 1 give the logistic loss.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Amid, Warmuth, Anil & Koren, "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences", NeurIPS 2019.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.BiTemperedLogistic()
    >>> loss.loss([1, 1, 1], [-1e9, 0.0, 2.0]).round(4)
    array([2.    , 0.3905, 0.095 ])
    >>> loss.inverse_link([0.0, 2.0]).round(4)  # no sigmoid, which is 0.8808 at 2
    array([0.5 , 0.78])
    """

    t1: float = 0.5
    t2: float = 1.5
    formula = bi_tempered

    def __post_init__(self) -> None:
        check_number(self, "t1", "a number from 0 to 1", lambda x: 0.0 <= x <= 1.0)
        check_number(self, "t2", "a number from 1 to 2", lambda x: 1.0 <= x <= 2.0)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.t1, self.t2, self.largest_curvature

    @property
    def largest_curvature(self) -> float:
        return _bi_tempered_curvature(self.t1, self.t2)

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        s = self.t2 - 1.0
        x = logit(y_pred)
        if s == 0.0:
            return x
        size = np.abs(x)
        with np.errstate(over="ignore"):
            return np.sign(x) * np.exp(s * softplus(-size)) * np.expm1(s * size) / s

    def response(self, raw: Any) -> Any:
        return expit(self._tempered(raw))

    def log_slope(self, margin: Any) -> Any:
        x = self._tempered(margin)
        size = abs(x)
        log_less = -softplus(size)
        ratio = log1p(exp(-self.t1 * size)) - log1p(exp(-self.t2 * size))
        return -softplus(x) + (self.t2 - self.t1) * log_less + ratio

    def _tempered(self, raw):
        """The logit of the tempered sigmoid."""
        x = tempered_logit(abs(raw), self.t2)
        return where(raw < 0.0, -x, x)


@lru_cache
def _generalized_curvature(q: float) -> float:
    # It peaks where the margin is positive: at p = 1/2 for q = 0, at p = 0.79 for q = 1.
    return largest_bend(generalized_cross_entropy, -5.0, q, 1.0)


@lru_cache
def _symmetric_curvature(alpha: float, beta: float) -> float:
    return largest_bend(symmetric_cross_entropy, -5.0, alpha, beta, 1.0)


@lru_cache
def _bi_tempered_curvature(t1: float, t2: float) -> float:
    return largest_bend(bi_tempered, -20.0, t1, t2, 1.0, high=20.0)
