"""Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017: q^gamma (-log p), p = sigmoid(margin), q = 1 - p.

With c = -log p, whose slope in the margin is -q, and p's, which is p q, the slope is -q^gamma (gamma p c + q), and the
second derivative q^gamma (gamma p c (gamma p - q) + (2 gamma + 1) p q).

``largest`` is the largest second derivative of any margin: by Taylor's theorem a parabola of that curvature lies above
the loss everywhere.
"""

from boostloss.ops import constant, exp, log1p, maximum, where


def focal(y, f, gamma, negative, positive, largest):
    sign = 2.0 * y - 1.0
    margin = sign * f
    e = exp(-abs(margin))
    softplus = log1p(e)
    cross_entropy = maximum(-margin, 0.0) + softplus  # -log p
    right = margin > 0.0
    p = where(right, 1.0, e) / (1.0 + e)
    q = where(right, e, 1.0) / (1.0 + e)
    # q^gamma from log q: no digit is lost where q underflows to 0 before its logarithm does.
    focus = exp(-gamma * (maximum(margin, 0.0) + softplus))
    weight = negative + (positive - negative) * y
    entropy = p * cross_entropy
    slope = gamma * entropy + q
    bend = gamma * entropy * (gamma * p - q) + (2.0 * gamma + 1.0) * p * q
    return (
        weight * focus * cross_entropy,
        -sign * weight * focus * slope,
        weight * focus * bend,
        weight * constant(largest, margin),
    )
