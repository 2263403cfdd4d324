"""The pinball loss, smoothed by a uniform kernel of half-width ``smoothing`` (0: the pinball loss itself).

Koenker & Bassett, "Regression Quantiles", Econometrica 1978; the smoothing is that of Fernandes, Guerre & Horta,
"Smoothing Quantile Regressions", JBES 2021; the majorizer is that of Hunter & Lange, "Quantile Regression via an MM
Algorithm", JCGS 2000.
"""

from boostloss.ops import constant, maximum, where


def pinball(y, f, quantile, smoothing):
    error = f - y
    size = abs(error)
    inside = size < smoothing
    width = where(inside, smoothing, 1.0)
    tilt = 0.5 - quantile
    # The slope of the pinball loss; halfway between its sides at 0, and NaN for NaN.
    side = where(error < 0.0, -quantile, where(error > 0.0, 1.0 - quantile, error + tilt))
    gradient = where(inside, tilt + 0.5 * (error / width), side)
    # E|error - U|/2 for U uniform on (-smoothing, smoothing), plus the tilt (1/2 - quantile) error.
    loss = where(inside, 0.25 * (width + size * (size / width)) + tilt * error, side * error)
    hessian = where(inside, 0.5 / width, constant(0.0, error))
    majorizer = 0.5 / maximum(size, smoothing)
    return loss, gradient, hessian, majorizer


def boosted_pinball(y, f, quantile, smoothing, below, above, share, middle, reach, aim, least):
    """The smoothed pinball loss with the gradient and the curvature that `boostloss.boosting.quantiles` derives.

    The curvature is the majorizer's, or the ``least`` one; beyond the kernel it is multiplied by ``below`` where the
    prediction is too low, and by ``above`` where it is too high. A ``share`` of both is of least squares.
    """
    loss, gradient, hessian, majorizer = pinball(y, f, quantile, smoothing)
    error = f - y
    factor = where(abs(error) < smoothing, 1.0, where(error < 0.0, below, above))
    curvature = factor * maximum(majorizer, least)
    square = 0.5 / maximum(abs(error - middle), reach)
    rest = 1.0 - share
    gradient = rest * gradient + share * (square * (error - aim))
    return loss, gradient, hessian, rest * curvature + share * square


def absolute(y, f, smoothing):
    """The absolute error: twice the pinball loss of the median."""
    loss, gradient, hessian, majorizer = pinball(y, f, 0.5, smoothing)
    return 2.0 * loss, 2.0 * gradient, 2.0 * hessian, 2.0 * majorizer


def ramp(u, smoothing):
    """max(u, 0), the pinball loss of u at the level 0, whose smoothed value would cancel there near u = -smoothing."""
    near = abs(u) < smoothing
    width = where(near, smoothing, 1.0)
    inside = where(near, u + smoothing, 0.0)
    loss = where(near, 0.25 * inside * (inside / width), maximum(u, 0.0))
    # Halfway between its sides at 0, and NaN for NaN.
    slope = where(near, 0.5 * (inside / width), where(u > 0.0, 1.0, where(u < 0.0, 0.0, 0.5 + u)))
    hessian = where(near, 0.5 / width, constant(0.0, u))
    majorizer = 0.5 / maximum(abs(u), smoothing)
    return loss, slope, hessian, majorizer


def hinge(y, f, smoothing):
    """max(1 - margin, 0): Cortes & Vapnik, "Support-Vector Networks", Machine Learning 1995."""
    sign = 2.0 * y - 1.0
    loss, slope, hessian, majorizer = ramp(1.0 - sign * f, smoothing)
    return loss, -sign * slope, hessian, majorizer


def epsilon_insensitive(y, f, epsilon, smoothing):
    """max(u, 0) with u = |error| - epsilon; the half-width of the smoothing is at most epsilon.

    Vapnik, "The Nature of Statistical Learning Theory", 1995.

    The majorizer: a parabola that touches a rising branch must not cut the flat one, which takes a curvature of
    1 / (2 u), nor the other rising one, which takes 1 / |error|. One that touches the flat branch must not cut the
    nearer of the others: 1 / (-2 u).
    """
    error = f - y
    size = abs(error)
    u = size - epsilon
    loss, slope, hessian, safe = ramp(u, smoothing)
    majorizer = where(u > 0.0, maximum(safe, 1.0 / where(u > 0.0, size, 1.0)), safe)
    return loss, where(error < 0.0, -slope, slope), hessian, majorizer
