"""Negative log-likelihood of a Weibull distribution, by the logarithm m of its scale and the logarithm s of 1 / shape.

The logarithm of the target has a smallest-extreme-value distribution: with z = (log y - m) / exp(s) the loss is
exp(z) - z + s + log(y). The value, the derivatives by m and s, and their curvatures. Of m: with r the mean of exp(z)
over the rows of a leaf, moving m by d exp(s) leaves a loss of r exp(-d) + d, which is least at d = log(r); the curvature
(1 + exp(z)) / 2, over exp(2 s), gives the step 2 tanh(log(r) / 2), which is of the same sign and never longer. Of s:
the derivative is 1 - z (exp(z) - 1), and what is taken from 1 is never negative, as z^2 is in `formulas.normal`; the
curvature is made as there, by 1 and that, and the Fisher information, pi^2 / 6 + (1 - gamma)^2, gamma being Euler's.
"""

import math

from boostloss.formulas.intervals import of_interval
from boostloss.ops import exp, expm1, log, where

EULER_GAMMA = 0.5772156649015329
FISHER = math.pi * math.pi / 6.0 + (1.0 - EULER_GAMMA) ** 2


def weibull(y, log_scale, log_inverse_shape):
    raw, inverse = log(y), exp(-log_inverse_shape)
    z = (raw - log_scale) * inverse
    excess = expm1(z)
    pull = z * excess
    return (
        excess + 1.0 - z + log_inverse_shape + raw,
        -excess * inverse,
        1.0 - pull,
        (1.0 + 0.5 * excess) * inverse * inverse,
        1.0 + FISHER + pull,
    )


def log_cdf(z):
    """log(1 - exp(-exp(z))), which is z far below 0."""
    far = z < -40.0
    return where(far, z, log(-expm1(-exp(where(far, 0.0, z)))))


def log_sf(z):
    return -exp(z)


def log_pdf(z):
    return z - exp(z)


# exp(700) is near the largest number.
weibull_interval = of_interval(
    weibull, log_cdf, log_sf, log_pdf, 700.0, (1.0, 0.5), (2.0 + FISHER, 1.0), log
)
