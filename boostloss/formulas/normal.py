"""Negative log-likelihood of a normal distribution, by its mean m and the logarithm s of its standard deviation.

The value, the derivatives by m and s, and their curvatures. That of m is exact. Of s: with r the mean of z^2 over the
rows of a leaf, z = (y - m) / exp(s), moving s by d leaves a loss of r exp(-2 d) / 2 + d, which is least at d = log(r) /
2. The curvature 1 + z^2 gives the step (r - 1) / (r + 1) = tanh(log(r) / 2), which is of the same sign and never
longer; its expectation is the Fisher information, 2. That is added once more, so that scales move half as fast as
means: the residuals of the first rounds are wide because the means are not learned yet (`benchmarks/distributions.py`).

The likelihood and its information: Aitkin, "Modelling Variance Heterogeneity in Normal Regression Using GLIM", JRSS C
1987.
"""

from boostloss.ops import exp, log, log_ndtr, where

HALF_LOG_2_PI = 0.9189385332046727


def normal(y, mean, log_scale):
    inverse = exp(-log_scale)
    z = (y - mean) * inverse
    square = z * z
    return (
        0.5 * square + log_scale + HALF_LOG_2_PI,
        -z * inverse,
        1.0 - square,
        inverse * inverse,
        3.0 + square,
    )


def log_normal(y, mean, log_scale):
    """That of a number whose logarithm has a normal distribution."""
    raw = log(y)
    value, by_mean, by_scale, of_mean, of_scale = normal(raw, mean, log_scale)
    return value + raw, by_mean, by_scale, of_mean, of_scale


def log_tail(z, above):
    return log_ndtr(where(above, -z, z))


def log_pdf(z):
    return -0.5 * z * z - HALF_LOG_2_PI


def curvatures():
    """Of the location and of the scale, for `formulas.intervals`: constants, and parts of the derivatives."""
    return 1.0, 0.0, 4.0, 1.0
