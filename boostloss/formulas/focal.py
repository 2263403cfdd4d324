"""Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017: q^gamma (-log p), p = sigmoid(margin), q = 1 - p."""

from boostloss._ops import exp, log1p, maximum, where


def focal(y, f, gamma, negative, positive, bound):
    sign = 2.0 * y - 1.0
    margin = sign * f
    e = exp(-abs(margin))
    softplus = log1p(e)
    cross_entropy = maximum(-margin, 0.0) + softplus  # -log p
    right = margin > 0.0
    p = where(right, 1.0, e) / (1.0 + e)
    q = where(right, e, 1.0) / (1.0 + e)
    # q^gamma from log q: no digit is lost where q underflows to 0 before its logarithm does.
    balance = (negative + (positive - negative) * y) * exp(-gamma * (maximum(margin, 0.0) + softplus))
    slope = gamma * p * cross_entropy + q
    bend = gamma * cross_entropy * (gamma * p - q) + (2.0 * gamma + 1.0) * q
    majorizer = balance * 0.0 + bound
    return balance * cross_entropy, -sign * balance * slope, balance * p * bend, majorizer
