"""Logistic loss of a label in {0, 1}, or of a probability of label 1 in between.

With m the margin of a label, log(1 + exp(-m)) is log(2 cosh(m/2)) - m/2. The logarithm is concave in m^2, and a line
bends nothing, so that tanh(m/2) / (2 m), the slope of the logarithm over m, is the majorizer's curvature, for soft
labels too (Jaakkola & Jordan, "Bayesian Parameter Estimation via Variational Methods", Statistics and Computing 2000).

Smoothing takes a share of every label and gives it to both labels alike (Szegedy et al., "Rethinking the Inception
Architecture for Computer Vision", CVPR 2016, section 7).

Cox, "The Regression Analysis of Binary Sequences", JRSS B 1958.
"""

from boostloss.ops import exp, expm1, log, log1p, where


def logistic(y, f, smoothing):
    y = y + smoothing * (0.5 - y)
    size = abs(f + 0.0 * y)  # NaN for a NaN label
    p = exp(-size)
    right = f > 0.0
    against = where(right, 1.0 - y, y)  # the share of the label that the sign of f denies
    loss = where(against == 0.0, against, against * size) + log1p(p)  # no infinity times 0
    slope = (against - (1.0 - against) * p) / (1.0 + p)
    gradient = where(right, slope, -slope)
    hessian = p / ((1.0 + p) * (1.0 + p))
    # tanh(m/2) / (2 m)
    tiny = size < 1e-9  # it rounds to its limit; the least numbers have no half
    majorizer = where(tiny, 0.25, -0.5 * expm1(-size) / ((1.0 + p) * where(tiny, 1.0, size)))
    return loss, gradient, hessian, majorizer


def kl_divergence(y, f):
    """The cross-entropy of a share less its entropy: Kullback & Leibler, "On Information and Sufficiency", 1951."""
    loss, gradient, hessian, majorizer = logistic(y, f, 0.0)
    inner = (y > 0.0) & (y < 1.0)
    p = where(inner, y, 0.5)
    # Factors are 0, not terms: compiled, sums round alike in vectors and row by row.
    share, rest = where(inner, y, 0.0), where(inner, 1.0 - y, 0.0)
    divergence = loss + (share * log(p) + rest * log1p(-p))
    return where(divergence < 0.0, 0.0, divergence), gradient, hessian, majorizer
