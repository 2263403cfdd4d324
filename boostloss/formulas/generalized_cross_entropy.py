"""(1 - p^q) / q, p = sigmoid(margin): between cross-entropy, q = 0, and the absolute error of p, q = 1.

Zhang & Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", NeurIPS 2018.
``largest`` is the largest second derivative of any margin: the curvature of a quadratic that lies above the loss.
"""

from boostloss.ops import constant, exp, expm1, log1p, maximum, where


def generalized_cross_entropy(y, f, q, largest):
    sign = 2.0 * y - 1.0
    margin = sign * f
    e = exp(-abs(margin))
    cross_entropy = maximum(-margin, 0.0) + log1p(e)  # -log p
    right = margin > 0.0
    p = where(right, 1.0, e) / (1.0 + e)
    rest = where(right, e, 1.0) / (1.0 + e)
    pull = exp(-q * cross_entropy) * rest
    return (
        -expm1(-q * cross_entropy) / q,
        -sign * pull,
        pull * (p - q * rest),
        constant(largest, margin),
    )
