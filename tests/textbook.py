"""Textbook values of the losses of the catalogue that `oracle` does not hold, as functions of the raw prediction.

Each gives a jet, and the largest of the terms that cancel in the loss, in its gradient and in its Hessian.
"""

import mpmath as mp
from oracle import Jet, barron, huber, squared_error

import boostloss as bl


def log_of(y):
    return mp.log(y) if y else mp.mpf(0)


def pseudo_huber(y, f, delta):
    return barron(f + -y, 1, delta) * delta**2


def fair(y, f, scale):
    x = size(f + -y) * (1 / scale)
    return (x + -(x + 1).log()) * scale**2


def size(e):
    return -e if e.value < 0 else e


def tukey(y, f, scale):
    x = (f + -y) * (1 / scale)
    if abs(x.value) > 1:
        return Jet(scale**2 / 6, mp.mpf(0), mp.mpf(0))
    rest = -(x * x) + 1
    return (-(rest * rest * rest) + 1) * (scale**2 / 6)


def epsilon_insensitive(y, f, epsilon, _):
    u = size(f + -y) + -epsilon
    return middle(u, mp.mpf(0.5)) if u.value == 0 else positive_part(u)


def middle(u, share):
    """At a corner: the middle of the slopes of both sides."""
    return Jet(mp.mpf(0), share * u.first, mp.mpf(0))


def positive_part(u):
    return u if u.value > 0 else Jet(mp.mpf(0), mp.mpf(0), mp.mpf(0))


def linex(y, f, a):
    x = (f + -y) * a
    return (x.exp() + -x + -1) * (1 / a**2)


def asymmetric(loss, y, f):
    base, ratio = loss.base, mp.mpf(loss.ratio)
    value = TEXTBOOK[type(base)](y, f, *[mp.mpf(p) for p in base.parameters])
    return value * (ratio if f.value < y else 1)


def tweedie(y, f, power):
    mean = f.exp()
    if power == 1:
        return mean + -(f * y) + (y * log_of(y) - y)
    if power == 2:
        return (-f).exp() * y + f + (-mp.log(y) - 1)
    constant = y ** (2 - power) / ((1 - power) * (2 - power)) if y else mp.mpf(0)
    return (
        (f * (1 - power)).exp() * (-y / (1 - power))
        + (f * (2 - power)).exp() * (1 / (2 - power))
        + constant
    )


def negative_binomial(y, f, dispersion, _):
    mean = f.exp()
    number = y + 1 / dispersion
    return (
        (mean * dispersion + 1).log() * number
        + -(f * y)
        + (y * log_of(y) - number * mp.log(1 + dispersion * y))
    )


def cross_entropy(y, f, *_):
    return (f.exp() + 1).log() + -(f * y)


def kl_divergence(y, f):
    entropy = -y * log_of(y) - (1 - y) * log_of(1 - y)
    return cross_entropy(y, f) + -entropy


def margin(y, f):
    return f * (2 * y - 1)


def hinge(y, f, _):
    u = -margin(y, f) + 1
    return middle(u, mp.mpf(0.5)) if u.value == 0 else positive_part(u)


def squared_hinge(y, f):
    u = positive_part(-margin(y, f) + 1)
    return u * u


def modified_huber(y, f):
    m = margin(y, f)
    return squared_hinge(y, f) if m.value >= -1 else m * -4


def exponential(y, f):
    return (-margin(y, f)).exp()


def absolute(y, f, _):
    e = f + -y
    return middle(e, mp.mpf(0)) if e.value == 0 else size(e)


TEXTBOOK = {
    bl.SquaredError: lambda y, f: squared_error(f + -y),
    bl.Huber: lambda y, f, delta: huber(f + -y, delta),
    bl.Welsch: lambda y, f, alpha, scale: barron(f + -y, alpha, scale),
    bl.AbsoluteError: absolute,
    bl.SmoothL1: lambda y, f, beta: huber(f + -y, beta) * (1 / beta),
    bl.PseudoHuber: pseudo_huber,
    bl.Fair: fair,
    bl.Tukey: tukey,
    bl.EpsilonInsensitive: epsilon_insensitive,
    bl.Linex: linex,
    bl.Poisson: tweedie,
    bl.Gamma: tweedie,
    bl.Tweedie: tweedie,
    bl.NegativeBinomial: negative_binomial,
    bl.CrossEntropy: cross_entropy,
    bl.KLDivergence: kl_divergence,
    bl.Hinge: hinge,
    bl.SquaredHinge: squared_hinge,
    bl.ModifiedHuber: modified_huber,
    bl.Exponential: exponential,
}


def textbook(loss, y, f):
    """Loss, gradient and Hessian at a target and a raw prediction, which are exact."""
    y, f = mp.mpf(y), Jet(mp.mpf(f), mp.mpf(1), mp.mpf(0))
    if isinstance(loss, bl.Asymmetric):
        return asymmetric(loss, y, f)
    return TEXTBOOK[type(loss)](y, f, *[mp.mpf(p) for p in loss.parameters])
