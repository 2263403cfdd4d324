"""Textbook values of every loss in mpmath, and their derivatives.

Only the definition of each loss is written here, as it stands in the paper; a second-order jet differentiates it, and
enough digits make up for every cancellation.
"""

from functools import cache
from typing import NamedTuple

import mpmath as mp

from boostloss.losses.catalogue import (
    Barron,
    BiTemperedLogistic,
    Expectile,
    GeneralizedCrossEntropy,
    Huber,
    LogCosh,
    Logistic,
    Quantile,
    SquaredError,
    SymmetricCrossEntropy,
)


class Jet(NamedTuple):
    """A value with its first and second derivative."""

    value: mp.mpf
    first: mp.mpf
    second: mp.mpf

    def __add__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.first, self.second)
        return Jet(self.value + other.value, self.first + other.first, self.second + other.second)

    def __mul__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.value * other, self.first * other, self.second * other)
        a, b = self, other
        second = a.second * b.value + 2 * a.first * b.first + a.value * b.second
        return Jet(a.value * b.value, a.first * b.value + a.value * b.first, second)

    def __neg__(self):
        return self * -1

    def chain(self, value, first, second):
        """A function of this jet, by its value and derivatives there."""
        return Jet(value, first * self.first, first * self.second + second * self.first**2)

    def power(self, k):
        v = self.value
        return self.chain(v**k, k * v ** (k - 1), k * (k - 1) * v ** (k - 2))

    def exp(self):
        return self.chain(*[mp.exp(self.value)] * 3)

    def log(self):
        v = self.value
        return self.chain(mp.log(v), 1 / v, -1 / v**2)


def squared_error(e):
    return e * e * mp.mpf(0.5)


def huber(e, delta):
    if abs(e.value) <= delta:
        return e * e * mp.mpf(0.5)
    size = e if e.value > 0 else -e
    return (size + -delta / 2) * delta


def log_cosh(e, scale):
    x = e * (1 / scale)
    return ((x.exp() + (-x).exp()) * mp.mpf(0.5)).log() * scale**2


def pinball(e, quantile):
    if e.value == 0:  # the middle of the slopes on both sides
        return Jet(e.value, mp.mpf(0.5) - quantile, mp.mpf(0))
    return -e * quantile if e.value < 0 else e * (1 - quantile)


def barron(e, alpha, scale):
    x = e * (1 / scale)
    half = x * x * mp.mpf(0.5)
    if alpha == 2:
        return half
    if alpha == 0:
        return (half + 1).log()
    if mp.isinf(alpha):
        return half.exp() + -1 if alpha > 0 else -((-half).exp()) + 1
    b = abs(alpha - 2)
    return ((x * x * (1 / b) + 1).power(alpha / 2) + -1) * (b / alpha)


def logistic(margin):
    return ((-margin).exp() + 1).log()


def focal(margin, gamma, balance):
    q = (margin.exp() + 1).power(-1)
    return q.power(gamma) * logistic(margin) * balance


def generalized_cross_entropy(margin, q):
    p = ((-margin).exp() + 1).power(-1)
    return (-(p.power(q)) + 1) * (1 / q)


def symmetric_cross_entropy(margin, alpha, beta):
    rest = (margin.exp() + 1).power(-1)
    return logistic(margin) * alpha + rest * (4 * beta)


def log_t(x, t):
    return x.log() if t == 1 else (x.power(1 - t) + -1) * (1 / (1 - t))


def tempered_probability(margin, t):
    """Where log_t(p) - log_t(1 - p) is the margin; an implicit function, by the derivatives of its inverse."""
    if t == 1:
        return ((-margin).exp() + 1).power(-1), (margin.exp() + 1).power(-1)
    s, m = t - 1, abs(margin.value)
    x = mp.log1p(s * m) / s  # of the logit, which contracts to a quarter at worst
    for _ in range(2 * mp.mp.dps):
        x, last = mp.log1p(s * m * mp.exp(-s * mp.log1p(mp.exp(-x)))) / s, x
        if x == last:
            break
    x = x if margin.value >= 0 else -x
    p, r = 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))
    first = p**-t + r**-t
    second = t * (r ** (-t - 1) - p ** (-t - 1))
    jet = margin.chain(p, 1 / first, -second / first**3)
    return jet, Jet(r, -jet.first, -jet.second)


def bi_tempered(margin, t1, t2):
    p, r = tempered_probability(margin, t2)
    rest = (p.power(2 - t1) + r.power(2 - t1) + -1) * (1 / (2 - t1))
    return -log_t(p, t1) + rest


def asymmetric_squares(e, level):
    return squared_error(e) * (level if e.value < 0 else 1 - level)


def digits(x, exponential):
    """Enough to survive the cancellations at x."""
    orders = abs(mp.log10(abs(x))) if x else 0
    return max(mp.mp.dps, 60 + 2 * int(orders) + (int(min(abs(x), 800)) if exponential else 0))


class Truth(NamedTuple):
    loss: mp.mpf
    gradient: mp.mpf
    hessian: mp.mpf
    majorizer: mp.mpf
    hessian_scale: mp.mpf  # the largest of the terms that make up the Hessian


@cache
def truth(loss, y, f):
    """What the formula of a loss has to return for a target and a raw prediction, which are exact.

    The majorizers are gradient / error for location losses, (0 at most for a convex loss's square root, Hunter & Lange)
    tanh(m/2) / (2m) for logistic, the same times the slope in the cross-entropy for concave functions of it
    where it is less than their parameter, which for the others is the majorizer.
    """
    y, f = mp.mpf(y), mp.mpf(f)
    numbers = [mp.mpf(p) for p in loss.parameters]
    if loss.task == "binary":
        with mp.workdps(digits(f, exponential=True)):
            sign = 2 * y - 1
            margin = Jet(sign * f, sign, mp.mpf(0))
            weight = mp.tanh(abs(f) / 2) / (2 * abs(f)) if f else mp.mpf(0.25)  # of cross-entropy
            if isinstance(loss, Logistic):
                jet = logistic(margin)
                return Truth(*jet, weight, jet.second)
            p, q = 1 / (1 + mp.exp(-margin.value)), 1 / (1 + mp.exp(margin.value))
            if isinstance(loss, GeneralizedCrossEntropy):
                power, largest = numbers
                jet = generalized_cross_entropy(margin, power)
                return Truth(
                    *jet, min(p**power * weight, largest), p**power * q * max(p, power * q)
                )
            if isinstance(loss, SymmetricCrossEntropy):
                alpha, beta, largest = numbers
                jet = symmetric_cross_entropy(margin, alpha, beta)
                majorizer = min((alpha + 4 * beta * p) * weight, largest)
                return Truth(*jet, majorizer, p * q * (alpha + 4 * beta))
            if isinstance(loss, BiTemperedLogistic):
                t1, t2, largest = numbers
                jet = bi_tempered(margin, t1, t2)
                p, q = (x.value for x in tempered_probability(margin, t2))
                ratio = (p**-t1 + q**-t1) / (p**-t2 + q**-t2)
                scale = ratio * max(p, t2 * max(p, q)) / (p * (p**-t2 + q**-t2))
                return Truth(*jet, largest, scale)
            gamma, negative, positive, largest = numbers
            balance = positive if y else negative
            jet = focal(margin, gamma, balance)
            entropy = -mp.log(p)
            terms = gamma**2 * p * entropy, gamma * q * entropy, (2 * gamma + 1) * q
            return Truth(*jet, balance * largest, balance * q**gamma * p * max(terms))

    x = (f - y) / (numbers[-1] if isinstance(loss, LogCosh | Barron) else 1)
    exponential = isinstance(loss, LogCosh) or (isinstance(loss, Barron) and mp.isinf(loss.alpha))
    with mp.workdps(digits(x, exponential)):
        e = Jet(f - y, mp.mpf(1), mp.mpf(0))
        if isinstance(loss, Quantile):
            quantile, smoothing = numbers
            assert smoothing == 0
            jet = pinball(e, quantile)
            return Truth(*jet, 1 / (2 * abs(e.value)) if e.value else mp.inf, mp.mpf(0))
        if isinstance(loss, Expectile):
            level, heavier = numbers
            jet = asymmetric_squares(e, level)
            return Truth(*jet, heavier, jet.second)
        definition = {SquaredError: squared_error, Huber: huber, LogCosh: log_cosh}
        jet = definition.get(type(loss), barron)(e, *numbers)
        ratio = jet.first / e.value if e.value else jet.second
        if not isinstance(loss, Barron):
            return Truth(*jet, ratio, jet.second)
        scale = max(abs(ratio), abs(jet.second - ratio)) if loss.alpha < 1 else jet.second
        return Truth(*jet, jet.second if loss.alpha > 2 else ratio, scale)
