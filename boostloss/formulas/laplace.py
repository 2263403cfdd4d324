"""Negative log-likelihood of a Laplace distribution, by its median m and the logarithm s of its scale b.

The value, the derivatives by m and s, and their curvatures. That of m is the Fisher information, 1 / b^2: a leaf moves
by b at most. Of s: with r the mean of |z| over the rows of a leaf, z = (y - m) / b, moving s by d leaves a loss of r
exp(-d) + d, which is least at d = log(r). The curvature (1 + |z|) / 2 gives the step 2 tanh(log(r) / 2), which is of
the same sign and never longer; its expectation is the Fisher information, 1, which is added as in `formulas.normal`.

Kotz, Kozubowski & Podgorski, "The Laplace Distribution and Generalizations", 2001.
"""

from boostloss.ops import exp, log1p, minimum, sign, where

LOG_2 = 0.6931471805599453


def laplace(y, median, log_scale):
    inverse = exp(-log_scale)
    z = (y - median) * inverse
    size = abs(z)
    return (
        size + log_scale + LOG_2,
        -sign(z) * inverse,
        1.0 - size,
        inverse * inverse,
        1.5 + 0.5 * size,
    )


def log_tail(z, above):
    z = where(above, -z, z)
    half = exp(-abs(z))
    return where(z < 0.0, minimum(z, 0.0) - LOG_2, log1p(-0.5 * half))


def log_pdf(z):
    return -LOG_2 - abs(z)


def curvatures():
    """Of the location and of the scale, for `formulas.intervals`: constants, and parts of the derivatives."""
    return 1.0, 0.0, 2.0, 0.5
