"""Losses of one's own that the tests share, as a user would write them."""

import math

import numpy as np
from scipy.special import log_ndtr

import boostloss as bl


@bl.loss
def overstock(error, over=3.0, cap=100.0):
    """Too much costs `over` times as much as too little, and neither more than `cap`."""
    return min(np.where(error > 0, over * error, -error), cap)


@bl.loss
def savage(margin, steepness=1.0):
    return 4 / (1 + np.exp(steepness * margin)) ** 2


@bl.loss(link="log")
def poisson(target, prediction):
    return prediction - target * np.log(prediction)


def sharply(x):
    return max(x, -x)


@bl.loss
def own_huber(error, delta=1.0):
    size = sharply(error)  # a helper, which is lifted too
    return np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))


@bl.loss
def own_log_cosh(error, scale=1.0):
    return scale**2 * np.log(np.cosh(error / scale))


@bl.loss
def own_barron(error, alpha=1.5, scale=1.0):
    square = (error / scale) ** 2
    if alpha == 0.0:
        return np.log1p(0.5 * square)
    b = abs(alpha - 2.0)
    return b / alpha * ((square / b + 1) ** (alpha / 2) - 1)


@bl.loss
def own_focal(margin, gamma=2.0):
    p = 1 / (1 + math.exp(-margin))
    return -((1 - p) ** gamma) * np.log(p)


@bl.loss
def power_loss(error, exponent=1.5):
    return abs(error) ** exponent


@bl.loss(inverse_link=lambda raw: np.log1p(np.exp(raw)))
def softplus_squares(target, prediction):
    return (prediction - target) ** 2


@bl.loss
def probit(margin):
    return -log_ndtr(margin)


OWN = [
    overstock(),
    savage(),
    poisson(),
    own_huber(),
    own_log_cosh(0.3),
    own_barron(),
    own_barron(alpha=0.0),
    own_focal(),
    power_loss(),
    softplus_squares(),
    probit(),
]


@bl.log_density(positive=True)
def exponential(target, log_mean):
    """A distribution of a single output."""
    return -target / np.exp(log_mean) - log_mean
