"""Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8 and its limits.

With x = error / scale, b = |alpha - 2| and L = log(1 + x^2 / b), equation 8 is b/alpha (exp(alpha L / 2) - 1): written
with exprel(z) = (exp(z) - 1)/z it passes through alpha = 0 smoothly, in value and in derivatives.
"""

from boostloss._ops import constant, exp, expm1, exprel, log1p_square, minimum, sqrt, where


def barron(y, f, alpha, scale):
    error = f - y
    precision = 1.0 / scale
    x = error * precision
    if alpha == 2.0:
        weight, bend, loss = constant(1.0, x), constant(1.0, x), 0.5 * x * x
    elif alpha - alpha != 0.0:  # infinite: exp(x^2 / 2) - 1, and Welsch's 1 - exp(-x^2 / 2)
        sign = where(alpha > 0.0, 1.0, -1.0)
        square = minimum(
            x * x, 3000.0
        )  # exp is 0 or infinite beyond, and infinity * 0 never arises
        weight = exp(sign * 0.5 * square)
        loss = sign * expm1(sign * 0.5 * square)
        bend = 1.0 + sign * square
    else:
        b = abs(alpha - 2.0)
        t = x / sqrt(b)
        log_u = log1p_square(t)
        square = t * t
        weight = exp((0.5 * alpha - 1.0) * log_u)
        loss = 0.5 * b * log_u * exprel(0.5 * alpha * log_u)
        ratio = where(square < 1.0, square, 1.0 / square)
        bend = 1.0 + (alpha - 2.0) * where(square < 1.0, ratio, 1.0) / (1.0 + ratio)
    curvature = weight * precision * precision
    # Beyond alpha = 2 no quadratic stays above the loss: the Hessian is the curvature there is.
    majorizer = curvature * where(alpha > 2.0, bend, 1.0)
    return loss, x * weight * precision, curvature * bend, majorizer
