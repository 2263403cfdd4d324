"""Pseudo-Huber loss: delta^2 (sqrt(1 + (error/delta)^2) - 1), squared error near 0 and absolute error far away.

Hartley & Zisserman, "Multiple View Geometry in Computer Vision", 2nd edition 2003, appendix A6.8.
"""

from boostloss.ops import maximum, minimum, sqrt


def pseudo_huber(y, f, delta):
    error = f - y
    x = abs(error) / delta
    # sqrt(1 + x^2) from the smaller of x and 1 over the larger: the square of x would overflow.
    larger = maximum(x, 1.0)
    ratio = minimum(x, 1.0) / larger
    root = sqrt(1.0 + ratio * ratio)
    weight = 1.0 / (larger * root)
    # delta^2 (r - 1) = error^2 / (r + 1), for r = sqrt(1 + x^2)
    loss = abs(error) * (abs(error) / (1.0 + larger * root))
    return loss, weight * error, weight * weight * weight, weight
