"""alpha (-log p) + beta 4 (1 - p), p = sigmoid(margin): cross-entropy, and reverse cross-entropy with -4 for log 0.

Wang et al., "Symmetric Cross Entropy for Robust Learning With Noisy Labels", ICCV 2019, equations 5 and 6, A = -4.
``largest`` is the largest second derivative of any margin: the curvature of a quadratic that lies above the loss.
"""

from boostloss.ops import constant, exp, log1p, maximum, where

LOG_0 = -4.0  # the paper's A


def symmetric_cross_entropy(y, f, alpha, beta, largest):
    sign = 2.0 * y - 1.0
    margin = sign * f
    e = exp(-abs(margin))
    right = margin > 0.0
    p = where(right, 1.0, e) / (1.0 + e)
    rest = where(right, e, 1.0) / (1.0 + e)
    reverse = -LOG_0 * beta
    return (
        alpha * (maximum(-margin, 0.0) + log1p(e)) + reverse * rest,
        -sign * rest * (alpha + reverse * p),
        p * rest * (alpha + reverse * (p - rest)),
        constant(largest, margin),
    )
