"""Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8 and its limits.

With x = error / scale, b = |alpha - 2| and L = log(1 + x^2 / b), equation 8 is b/alpha (exp(alpha L / 2) - 1): written
with exprel(z) = (exp(z) - 1)/z it passes through alpha = 0 smoothly, in value and in derivatives.

The slope is error times w = (1 + x^2 / b)^(alpha/2 - 1) / scale^2, and the second derivative w (1 + (alpha - 1) t^2) /
(1 + t^2) with t^2 = x^2 / b. Up to alpha = 2 the loss is concave in the square of the error, and w the curvature of its
majorizer. Beyond it the loss grows faster than every parabola: the second derivative, positive there, stands for it.
"""

from boostloss.ops import (
    constant,
    degree,
    exp,
    expm1,
    exprel,
    is_number,
    log1p_square,
    maximum,
    minimum,
    sqrt,
    where,
)


def barron(y, f, alpha, scale):
    error = f - y
    precision = 1.0 / scale
    x = error * precision
    # `root` is the square root of the IRLS weight gradient / error: weights of 1e-500 have gradients worth keeping.
    if is_number(alpha) and alpha == 2.0:
        root, bend, loss = constant(1.0, x), constant(1.0, x), 0.5 * x * x
    elif is_number(alpha) and alpha - alpha != 0.0:
        root, bend, loss = exponential(x, alpha)
    else:
        given = alpha
        alpha = maximum(minimum(alpha, 1e22), -1e22)
        b = maximum(abs(alpha - 2.0), 2.0**-52)
        t = x * (1.0 / sqrt(b))
        log_u = log1p_square(t)
        square = t * t
        share, inverse = minimum(square, 1.0), 1.0 / maximum(square, 1.0)
        if is_number(given) and given == 0.0:  # without a logarithm
            root = 1.0 / (maximum(abs(t), 1.0) * sqrt(inverse + share))
        else:
            root = exp((0.25 * alpha - 0.5) * log_u)
        # exprel(2 z) = exprel(z) (1 + z exprel(z) / 2), whose factors are finite where exp(2 z) is not.
        z = 0.25 * alpha * log_u
        relative = exprel(z)
        loss = 0.5 * b * log_u * relative * (1.0 + 0.5 * z * relative)
        # (1 + (alpha - 1) t^2) / (1 + t^2), both divided by the larger of t^2 and 1
        bend = (inverse + (alpha - 1.0) * share) / (inverse + share)
        if not is_number(given):
            # An array or a tensor may hold 2 and infinities: there the formula only rounds to its limits.
            far = abs(given) > 1e22
            limit, limit_bend, limit_loss = exponential(where(far, x, 0.0), given)
            root, bend = where(far, limit, root), where(far, limit_bend, bend)
            loss = where(far, limit_loss, where(given == 2.0, 0.5 * x * x, loss))
    root = root * precision
    curvature = root * root
    tame = is_number(alpha) and alpha <= 2.0
    majorizer = curvature if tame else curvature * where(alpha > 2.0, bend, 1.0)
    return loss, error * root * root, curvature * bend, majorizer


def barron_likelihood(y, location, log_scale, alpha, log_z, fisher):
    """Negative log-likelihood of Barron's distribution by its location and the logarithm of its scale.

    The value, the derivatives and their curvatures. ``log_z`` is log Z(alpha), and ``fisher`` the information of the
    scale. Up to alpha = 2 the loss is concave in the square of the error, as in `formulas.student_t`, and the
    curvatures are made likewise.
    """
    loss, gradient, _, weight = barron(y, location, alpha, exp(log_scale))
    pull = (location - y) * gradient
    return loss + log_scale + log_z, gradient, 1.0 - pull, weight, 1.0 + fisher + pull


def log_pdf(x, alpha, log_z, fisher):
    return -barron(0.0, x, alpha, 1.0)[0] - log_z


def curvatures(alpha, log_z, fisher):
    """Of the location and of the scale, for `formulas.intervals`: constants, and parts of the derivatives."""
    return 1.0, 0.0, 2.0 + fisher, 1.0


def exponential(x, alpha):
    """What `barron` makes of the two infinities: exp(x^2 / 2) - 1, and Welsch's 1 - exp(-x^2 / 2)."""
    sign = where(alpha > 0.0, 1.0, -1.0)
    square = minimum(x * x, 3000.0)  # exp is 0 or infinite there, and infinity * 0 never arises
    return exp(sign * 0.25 * square), 1.0 + sign * square, sign * expm1(sign * 0.5 * square)


def barron_alpha(y, f, alpha, scale):
    """The derivative of the loss in alpha, which may be an array or a tensor too.

    With L as above and z = alpha L / 2 it is b L^3 / 4 times exp[0, z, z, z - L], a divided difference of exp: it is
    positive, of order error^6, and has no seam at alpha = 0. At alpha = 2, where it is infinite, it is that of
    |alpha - 2| = 2^-52; at an infinite alpha it is 0.
    """
    infinite = abs(alpha) > 1e30  # which float32 holds too
    a = where(infinite, 1.0, alpha)
    b = maximum(abs(a - 2.0), 2.0**-52)
    log_u = log1p_square((f - y) / scale / sqrt(b))
    z = 0.5 * a * log_u
    w = where(a > 2.0, 0.5, -0.5) * b * log_u  # z - L

    # first = exp[0, v], second = exp[0, v, v] and third = exp[0, z, z, w] by Horner's rule on the series of exp
    near, low = abs(z) < 1.0, log_u < 1.0
    v = where(near, z, -log_u)
    small = abs(v) < 1.0
    short, shift = where(small, v, 0.0), where(low, w, 0.0)
    third = second = first = 0.0 * short
    for n in range(degree(log_u, 15, 25), 1, -1):
        step = 1.0 / n
        third = (second + shift * third) * step
        second = (first + short * second) * step
        first = 1.0 + short * first * step
    v = where(small, -1.0, v)
    relative = expm1(v) / v
    first, second = where(small, first, relative), where(small, second, (exp(v) - relative) / v)

    # The nodes apart: exp[0, z, z, w] = (exp[0, z, z] - exp[0, z, w]) / (z - w) and, where z is far from 0,
    # (exp[0, w] - exp[z, w] + z exp[z, z, w]) / z^2. No sum below loses more than a digit.
    other = exprel(w)
    length = where(low, 1.0, log_u)
    third = where(low, third, (second - (first - other) / length) / length)
    ratio = log_u / where(near, 1.0, z)
    # The square of `root` alone would overflow where its product with a small b does not.
    root = exp(0.5 * z)
    slope = 0.25 * b * ratio * (z * (first - second) - first) * root
    apart = 0.25 * b * log_u * ratio * ratio * other + slope * (log_u * root) * ratio
    result = where(near, 0.25 * b * log_u * log_u * log_u * third, apart)
    return where(infinite, 0.0, result)


def barron_shape(alpha, x):
    """The loss of scaled errors, and its derivatives in the error and in the shape: both are data."""
    loss, gradient, _, _ = barron(0.0, x, alpha, 1.0)
    return loss, gradient, barron_alpha(0.0, x, alpha, 1.0)
