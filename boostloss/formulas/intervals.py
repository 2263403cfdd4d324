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

# In units of the scale. Below it the density of the middle times the width is the probability: the relative error is
# width^2 / 24 times the second derivative of the density over itself, and differences would lose more digits.
NARROW = 1e-5


def unchanged(end):
    return end


def nothing(z):
    return 0.0 * z


def of_interval(
    exact, log_tail, log_pdf, limit, of_location, of_scale, raw=unchanged, more=nothing
):
    """The formula of an interval.

    Parameters
    ----------
    exact : callable
        The formula of an exact target.
    log_tail : callable
        Of z, and whether what lies above z is meant: the logarithm of that probability, or of that below.
    log_pdf : callable
        The logarithm of the standard density.
    limit : float
        Farther ends, in units of the scale, count as infinite or as this far.
    of_location, of_scale : tuple of float
        c and d, where a curvature is c - d times the derivative; in units of the scale.
    raw : callable, optional
        What brings ends to the scale of the location.
    more : callable, optional
        Of the standardised lower end: what is added to the curvature of the scale.
    """
    (location_sum, location_part), (scale_sum, scale_part) = of_location, of_scale
    # The density is one of the target: over an interval of logarithms it is even if that is narrow by itself, too.
    by_logarithm = 0.0 if raw is unchanged else 1.0

    def formula(lower, upper, location, log_scale):
        inverse = exp(-log_scale)
        low, high = raw(lower), raw(upper)
        a = standard_end(low, location, inverse, limit)
        b = standard_end(high, location, inverse, limit)
        narrow = (b - a < NARROW) & ((high - low) * by_logarithm < NARROW)
        middle = where(narrow, 0.5 * (lower + upper), 1.0)
        value, by_location, by_scale, at_location, at_scale = exact(middle, location, log_scale)
        width = where(lower < upper, where(narrow, upper - lower, 1.0), 1.0)
        above = a + b > 0.0  # the tail in which the probability is no difference of numbers near 1
        large = log_tail(where(above, a, b), above)
        small = log_tail(where(above, b, a), above)
        log_p = large + log1p(-exp(where(narrow, -1.0, small - large)))
        at_a, at_b = exp(log_pdf(a) - log_p), exp(log_pdf(b) - log_p)
        slope, tilt = at_b - at_a, b * at_b - a * at_a
        return (
            where(narrow, value - log(width), -log_p),
            where(narrow, by_location, slope * inverse),
            where(narrow, by_scale, tilt),
            where(narrow, at_location, (location_sum - location_part * slope) * inverse * inverse),
            where(narrow, at_scale, scale_sum - scale_part * tilt + more(a)),
        )

    return formula


def standard_end(end, location, inverse, limit):
    """An end of an interval in units of the scale from the location; infinity becomes the limit."""
    known = abs(end) <= LARGEST
    z = clip((where(known, end, 0.0) - location) * inverse, -limit, limit)
    return where(known, z, where(end > 0.0, limit + 0.0 * z, -limit))
