"""The losses that the tests run over, and rows for them."""

import math

import numpy as np
import pytest

from boostloss import LOSSES, Barron, Cauchy, Focal, Huber, LogCosh, Quantile

_DEFAULTS = [getattr(kind(), "example", kind()) for kind in LOSSES]  # 1 for what is adaptive
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
]
STEEP = [Barron(3.0, 2.0), Barron(math.inf, 4.0)]  # no quadratic lies above these
every_boosted_loss = pytest.mark.parametrize("loss", REGRESSION + BINARY, ids=repr)
every_loss = pytest.mark.parametrize("loss", EXAMPLES + STEEP, ids=repr)


def rows(loss, n=200, seed=0, dtype=np.float64):
    """Targets and raw predictions: errors of all sizes and both signs, or labels and scores."""
    rng = np.random.default_rng(seed)
    f = rng.normal(scale=3.0, size=n).astype(dtype)
    if loss.task == "binary":
        return rng.integers(0, 2, n).astype(dtype), f
    return rng.normal(size=n).astype(dtype), f


def all_outputs(loss, y, f, weight=None):
    """Loss, gradient, Hessian and majorizer."""
    gradient, exact = loss.gradient_hessian(y, f, weight, curvature="exact")
    _, majorizer = loss.gradient_hessian(y, f, weight, curvature="majorizer")
    return [loss.loss(y, f, weight), gradient, exact, majorizer]
