"""alpha (-log p) + beta 4 (1 - p), p = sigmoid(margin): cross-entropy, and reverse cross-entropy with -4 for log 0.

Wang et al., "Symmetric Cross Entropy for Robust Learning With Noisy Labels", ICCV 2019, equations 5 and 6, A = -4.

It is a concave function h(L) = alpha L + 4 beta (1 - exp(-L)) of the cross-entropy L. So h'(L) = alpha + 4 beta p times
the majorizer of L is one of h(L), and ``largest`` is one too, as in `generalized_cross_entropy`.
"""

from boostloss.ops import exp, exprel, log1p, maximum, minimum, where

LOG_0 = -4.0  # the paper's A


def symmetric_cross_entropy(y, f, alpha, beta, largest):
    sign = 2.0 * y - 1.0
    margin = sign * f
    size = abs(margin)
    e = exp(-size)
    right = margin > 0.0
    p = where(right, 1.0, e) / (1.0 + e)
    rest = where(right, e, 1.0) / (1.0 + e)
    reverse = -LOG_0 * beta
    share = alpha + reverse * p
    return (
        alpha * (maximum(-margin, 0.0) + log1p(e)) + reverse * rest,
        -sign * rest * share,
        p * rest * (alpha + reverse * (p - rest)),
        minimum(share * (0.5 * exprel(-size) / (1.0 + e)), largest),
    )
