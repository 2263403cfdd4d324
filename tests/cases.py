"""The losses that the tests run over, and rows for them."""

import math

import numpy as np
import pytest

from boostloss import (
    LOSSES,
    Asymmetric,
    Barron,
    Cauchy,
    EpsilonInsensitive,
    Exponential,
    Focal,
    Gamma,
    Huber,
    Linex,
    LogCosh,
    NegativeBinomial,
    Quantile,
    SquaredError,
    Tweedie,
    Welsch,
)
from boostloss.losses.counts import Mean


def default(kind):
    """The loss with its defaults, and 1 for what is adaptive."""
    loss = kind(Huber(1.0), 3.0) if kind is Asymmetric else kind()
    return getattr(loss, "example", loss)


_DEFAULTS = [default(kind) for kind in LOSSES]
# In every library: all but the extremes.
REGRESSION = [loss for loss in _DEFAULTS if loss.task == "regression"] + [Quantile(0.9)]
BINARY = [loss for loss in _DEFAULTS if loss.task == "binary"] + [Focal(gamma=1.0, alpha=0.25)]
EXAMPLES = [
    *REGRESSION,
    *BINARY,
    Huber(2.5),
    LogCosh(0.2),
    Barron(-math.inf, 3.0),
    Barron(-3.5, 0.5),
    Barron(0.5, 1.0),
    Barron(1.5, 10.0),
    Barron(2.0, 0.5),
    Cauchy(0.3),
    Focal(0.0),
    Focal(0.5, 0.75),
    Focal(5.0, 0.25),
    Asymmetric(SquaredError(), 0.25),
    Asymmetric(Welsch(2.0), 5.0),
    Asymmetric(EpsilonInsensitive(0.5), 5.0),
    Tweedie(1.9),
    NegativeBinomial(0.1),
]
STEEP = [
    Barron(3.0, 2.0),
    Barron(math.inf, 4.0),
]  # no quadratic lies above these, nor above those that are not in BOUNDED
BOUNDED = [loss for loss in EXAMPLES if not isinstance(loss, Exponential | Linex | Mean)]
LOCATION = [loss for loss in EXAMPLES if loss.task == "regression" and loss.link_name == "identity"]
every_boosted_loss = pytest.mark.parametrize("loss", REGRESSION + BINARY, ids=repr)
every_loss = pytest.mark.parametrize("loss", EXAMPLES + STEEP, ids=repr)


def rows(loss, n=200, seed=0, dtype=np.float64):
    """Targets and raw predictions: errors of all sizes and both signs, or labels, shares, amounts and scores."""
    rng = np.random.default_rng(seed)
    f = rng.normal(scale=3.0, size=n).astype(dtype)
    if loss.task == "binary":
        return rng.integers(0, 2, n).astype(dtype), f
    if loss.link_name == "logit":
        return rng.random(n).astype(dtype), f
    if loss.link_name == "log":
        y = rng.gamma(2.0, size=n) * (isinstance(loss, Gamma) | (rng.random(n) < 0.7))
        return y.astype(dtype), 0.5 * f
    return rng.normal(size=n).astype(dtype), f


def all_outputs(loss, y, f, weight=None):
    """Loss, gradient, Hessian and majorizer."""
    gradient, exact = loss.gradient_hessian(y, f, weight, curvature="exact")
    _, majorizer = loss.gradient_hessian(y, f, weight, curvature="majorizer")
    return [loss.loss(y, f, weight), gradient, exact, majorizer]
