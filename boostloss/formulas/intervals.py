"""Negative log-likelihood of a target of which an interval is known: it may be open above, open below, or neither.

The loss is -log P(lower < y < upper), of a distribution by its location m and the logarithm s of its scale, and that of
the exact target where both ends are the same. With z = (end - m) / exp(s), f the standard density and P the
probability, its derivatives are (f(b) - f(a)) / (P exp(s)) and (b f(b) - a f(a)) / P. They are the expectations of
those of an exact target, given that it lies in the interval (Fisher's identity). Its Hessian is the expectation of that
of an exact target less the variance of the derivative: Louis, "Finding the Observed Information Matrix when Using the
EM Algorithm", JRSS B 1982. So the curvatures of an exact target, which are linear in its derivatives or bounded, give
safe ones here: the constants of `of_interval`.
"""

from boostloss.ops import clip, exp, log, log1p, where

LARGEST = 1.7976931348623157e308  # what is beyond is infinite
LOWEST = -LARGEST

# Of the logarithm of a tail over an interval, below which the density of its middle times its width is its probability:
# the relative error is of the order of the square over 24, and a difference would lose more digits.
NARROW = 1e-5


def unchanged(end):
    return end


def difference(lower, upper):
    return upper - lower


def log_ratio(lower, upper):
    return log1p((upper - lower) / lower)


def nothing(z):
    return 0.0 * z


# What brings ends to the scale of the location, its inverse, the width there, and the share of the location in the
# negative log-density of a target, which is that of its logarithm plus the logarithm.
LINEAR = unchanged, unchanged, difference, nothing
LOGARITHMIC = log, exp, log_ratio, unchanged


def of_interval(exact, tail, log_pdf, limit, curvatures, scale=LINEAR, more=nothing):
    """The formula of an interval, for a distribution of a location and the logarithm of a scale.

    Parameters
    ----------
    exact : callable
        The formula of an exact target.
    tail : callable
        Of z, whether what lies above z is meant, and the parameters: the logarithm of that probability, or of that
        below, and its derivative by a shape, if there is one.
    log_pdf : callable
        The logarithm of the standard density, of z and the parameters.
    limit : float
        Ends that are farther, in units of the scale, count as this far.
    curvatures : callable
        Of the parameters: c and d of the location, in units of the scale, and c and d of the logarithm of the scale,
        where a curvature is c - d times the derivative.
    scale : tuple of callable, optional
        `LINEAR`, or `LOGARITHMIC` where the location is that of a logarithm.
    more : callable, optional
        Of the standardised lower end: what is added to the curvature of the scale.
    """
    raw, *_ = scale
    within = middle_of(scale)

    def formula(lower, upper, location, log_scale, *parameters):
        inverse = exp(-log_scale)
        low, high = raw(lower), raw(upper)
        a = standard_end(low, location, inverse, limit)
        b = standard_end(high, location, inverse, limit)
        wide, log_p, at_a, at_b, _ = between(tail, log_pdf, low, high, a, b, *parameters)
        target, log_width = within(lower, upper, low, high, wide)
        value, by_location, by_scale, at_location, at_scale = exact(
            target, location, log_scale, *parameters
        )
        slope, tilt = at_b - at_a, b * at_b - a * at_a
        location_sum, location_part, scale_sum, scale_part = curvatures(*parameters)
        return (
            where(wide, -log_p, value - log_width),
            where(wide, slope * inverse, by_location),
            where(wide, tilt, by_scale),
            where(wide, (location_sum - location_part * slope) * inverse * inverse, at_location),
            where(wide, scale_sum - scale_part * tilt + more(a), at_scale),
        )

    return formula


def standard_end(end, location, inverse, limit):
    """An end of an interval in units of the scale from the location; infinity becomes the limit."""
    known = abs(end) <= LARGEST
    z = clip((where(known, end, 0.0) - location) * inverse, -limit, limit)
    return where(known, z, where(end > 0.0, limit + 0.0 * z, -limit))


def middle_of(scale):
    """The function that says which target stands for an interval that is not wide, and what to take from its loss."""
    _, back, gap, of_density = scale

    def within(lower, upper, low, high, wide):
        middle = where(wide, 0.0, 0.5 * (low + high))
        inner = where(wide, 0.0, upper - lower) > 0.0
        first, last = where(inner, lower, 1.0), where(inner, upper, 2.0)
        target = where(inner, back(middle), where(wide, 1.0, lower))
        return target, where(inner, log(gap(first, last)) + of_density(middle), 0.0)

    return within


def between(tail, log_pdf, low, high, a, b, *parameters):
    """Whether an interval is wide, the logarithm of its probability P, and the derivatives of that.

    Parameters
    ----------
    tail, log_pdf : callable
        As of `of_interval`.
    low, high : data
        Ends, which may be infinite.
    a, b : data
        The same in units of the scale, finite.

    Returns
    -------
    wide : data
        False where the density stands for P, also where its digits are lost: what follows is then of no use.
    log_p : data
    at_a, at_b : data
        The densities at the ends, over P.
    by_shape : data
        The derivative of log(P).
    """
    above = a + b > 0.0  # the tail in which the probability is no difference of numbers near 1
    large, large_slope = tail(where(above, a, b), above, *parameters)
    small, small_slope = tail(where(above, b, a), above, *parameters)
    open_end = abs(where(above, high, low)) > LARGEST
    wide = open_end | (large - small > NARROW)
    share = where(
        open_end, 0.0, exp(where(wide, small - large, -1.0))
    )  # of the smaller in the larger
    log_p = large + log1p(-share)
    at_a = where(low < LOWEST, 0.0, exp(log_pdf(a, *parameters) - log_p))
    at_b = where(high > LARGEST, 0.0, exp(log_pdf(b, *parameters) - log_p))
    return wide, log_p, at_a, at_b, (large_slope - share * small_slope) / (1.0 - share)


def shapeless(log_tail):
    """A tail without a shape."""

    def tail(z, above):
        return log_tail(z, above), 0.0 * z

    return tail


def either_side(outward):
    """The tail of one side of a distribution, from that which lies away from 0."""

    def tail(z, above, *parameters):
        value, slope = outward(z, *parameters)
        with_it = (z < 0.0) != above
        p = where(with_it, 0.5, exp(value))
        return where(with_it, value, log1p(-p)), where(with_it, slope, -slope * p / (1.0 - p))

    return tail
