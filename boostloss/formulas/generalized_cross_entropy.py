"""(1 - p^q) / q, p = sigmoid(margin): between cross-entropy, q = 0, and the absolute error of p, q = 1.

Zhang & Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", NeurIPS 2018.

It is h(L) = (1 - exp(-q L)) / q of the cross-entropy L = -log p. A concave h lies below its tangents, so that h'(L),
here p^q, times the curvature of a quadratic that lies above L is that of one that lies above h(L). Of L it is
tanh(m/2) / (2m) at the margin m: Jaakkola & Jordan, "Bayesian Parameter Estimation via Variational Methods", 2000.
``largest``, the largest second derivative of any margin, is such a curvature too, and smaller where p is large.
"""

from boostloss.ops import exp, expm1, exprel, log1p, maximum, minimum, where


def generalized_cross_entropy(y, f, q, largest):
    sign = 2.0 * y - 1.0
    margin = sign * f
    size = abs(margin)
    e = exp(-size)
    cross_entropy = maximum(-margin, 0.0) + log1p(e)  # -log p
    right = margin > 0.0
    p = where(right, 1.0, e) / (1.0 + e)
    rest = where(right, e, 1.0) / (1.0 + e)
    share = exp(-q * cross_entropy)  # p^q
    pull = share * rest
    return (
        -expm1(-q * cross_entropy) / q,
        -sign * pull,
        pull * (p - q * rest),
        minimum(share * (0.5 * exprel(-size) / (1.0 + e)), largest),
    )
