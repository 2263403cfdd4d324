"""Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8 and its limits.

With x = error / scale, b = |alpha - 2| and L = log(1 + x^2 / b), equation 8 is b/alpha (exp(alpha L / 2) - 1): written
with exprel(z) = (exp(z) - 1)/z it passes through alpha = 0 smoothly, in value and in derivatives.
"""

from boostloss._ops import constant, exp, expm1, exprel, log1p_square, maximum, minimum, sqrt, where


def barron(y, f, alpha, scale):
    error = f - y
    precision = 1.0 / scale
    x = error * precision
    # `root` is the square root of the IRLS weight gradient / error: weights of 1e-500 have gradients worth keeping.
    if alpha == 2.0:
        root, bend, loss = constant(1.0, x), constant(1.0, x), 0.5 * x * x
    elif alpha - alpha != 0.0:  # infinite: exp(x^2 / 2) - 1, and Welsch's 1 - exp(-x^2 / 2)
        sign = where(alpha > 0.0, 1.0, -1.0)
        square = minimum(x * x, 3000.0)  # exp is 0 or infinite there, and infinity * 0 never arises
        root = exp(sign * 0.25 * square)
        loss = sign * expm1(sign * 0.5 * square)
        bend = 1.0 + sign * square
    else:
        b = abs(alpha - 2.0)
        t = x / sqrt(b)
        log_u = log1p_square(t)
        root = exp((0.25 * alpha - 0.5) * log_u)
        # exprel(2 z) = exprel(z) (1 + z exprel(z) / 2), whose factors are finite where exp(2 z) is not.
        z = 0.25 * alpha * log_u
        relative = exprel(z)
        loss = 0.5 * b * log_u * relative * (1.0 + 0.5 * z * relative)
        # (1 + (alpha - 1) t^2) / (1 + t^2), both divided by the larger of t^2 and 1
        square = t * t
        share, inverse = minimum(square, 1.0), 1.0 / maximum(square, 1.0)
        bend = (inverse + (alpha - 1.0) * share) / (inverse + share)
    root = root * precision
    curvature = root * root
    # Beyond alpha = 2 no quadratic stays above the loss: the Hessian is the curvature there is.
    majorizer = curvature * where(alpha > 2.0, bend, 1.0)
    return loss, error * root * root, curvature * bend, majorizer
