"""Negative log-likelihoods of intervals, of distributions whose shape is a raw prediction.

As in `formulas.intervals`, whose theorems hold for each output. The derivatives by a shape come with the tails.
"""

from boostloss.formulas.gamma import gamma, log_constant, push_and_information
from boostloss.formulas.intervals import (
    LARGEST,
    NARROW,
    between,
    either_side,
    middle,
    standard_end,
    width,
)
from boostloss.formulas.negative_binomial import negative_binomial_likelihood
from boostloss.formulas.student_t import HALF_LOG_PI, free_student_t, information_of_df, log_pdf
from boostloss.formulas.tails import LEAST_DF, count_tail, gamma_tail, student_tail
from boostloss.ops import exp, expit, expm1, lgamma, log, log1p, maximum, sqrt, where

FARTHEST = 1e100  # in units of the scale
FARTHEST_LOGARITHM = 300.0  # so that the square of its exponential is finite


side_of_student = either_side(student_tail)
side_of_gamma = either_side(gamma_tail)


def free_student_t_interval(lower, upper, location, log_scale, log_df):
    inverse, df = exp(-log_scale), maximum(exp(log_df), LEAST_DF)
    a = standard_end(lower, location, inverse, FARTHEST)
    b = standard_end(upper, location, inverse, FARTHEST)
    narrow = b - a < NARROW
    constant = lgamma(0.5 * df) - lgamma(0.5 * df + 0.5) + HALF_LOG_PI + 0.5 * log(df)
    exact = free_student_t(middle(lower, upper, narrow), location, log_scale, log_df)
    value, by_location, by_scale, by_df, of_location, of_scale, of_df = exact
    log_p, at_a, at_b, by_shape = between(
        side_of_student, log_pdf, lower, upper, a, b, narrow, df, constant
    )
    slope, tilt = at_b - at_a, b * at_b - a * at_a
    bend = where(df > LEAST_DF, -df * by_shape, 0.0)
    return (
        where(narrow, value - log(width(lower, upper, narrow)), -log_p),
        where(narrow, by_location, slope * inverse),
        where(narrow, by_scale, tilt),
        where(narrow, by_df, bend),
        where(narrow, of_location, (df + 1.0) / df * inverse * inverse),
        where(narrow, of_scale, 2.0 + 2.0 * df / (df + 3.0) - tilt),
        where(narrow, of_df, information_of_df(df) + abs(bend)),
    )


def gamma_log_pdf(w, shape, constant):
    """Of w = log(y / mean)."""
    return -shape * (expm1(w) - w) - constant


def gamma_interval(lower, upper, log_mean, log_dispersion):
    shape, log_shape = exp(-log_dispersion), -log_dispersion
    low, high = log(lower), log(upper)
    a = standard_end(low, log_mean, 1.0, FARTHEST_LOGARITHM)
    b = standard_end(high, log_mean, 1.0, FARTHEST_LOGARITHM)
    narrow = (b - a) * maximum(sqrt(shape), 1.0) < NARROW
    exact = gamma(middle(lower, upper, narrow), log_mean, log_dispersion)
    value, by_mean, by_dispersion, of_mean, of_dispersion = exact
    constant = log_constant(shape, log_shape)
    log_p, at_a, at_b, by_shape = between(
        side_of_gamma, gamma_log_pdf, low, high, a, b, narrow, shape, constant
    )
    slope, bend = at_b - at_a, shape * by_shape
    push, fisher = push_and_information(shape, log_shape)
    return (
        where(narrow, value - log(width(lower, upper, narrow)), -log_p),
        where(narrow, by_mean, slope),
        where(narrow, by_dispersion, bend),
        where(narrow, of_mean, shape - 0.5 * slope),
        where(narrow, of_dispersion, push + fisher - 0.5 * bend),
    )


def negative_binomial_interval(lower, upper, log_mean, log_dispersion):
    """Of counts from ``lower`` to ``upper``, both among them.

    The information of the dispersion is bounded by that of a Gamma distribution's, of which counts would tell all if
    the means of rows were seen, times the square of the share of the variance that it makes.
    """
    same, bounded, first = lower == upper, upper <= LARGEST, lower > 0.0
    exact = negative_binomial_likelihood(where(same, lower, 1.0), log_mean, log_dispersion)
    value, by_mean, by_dispersion, of_mean, of_dispersion = exact
    r, v = exp(-log_dispersion), log_mean + log_dispersion
    below_low, low, by_v_low, by_r_low = count_tail(where(first, lower, 1.0), v, r)
    below_high, high, by_v_high, by_r_high = count_tail(where(bounded, upper, lower) + 1.0, v, r)
    # Of counts below, if both ends have their mode above, so that no difference is one of numbers near 1.
    side = where(below_high & bounded, -1.0, 1.0)
    low, by_v_low, by_r_low = on_side(side, below_low, low, by_v_low, by_r_low)
    high, by_v_high, by_r_high = on_side(side, below_high, high, by_v_high, by_r_high)
    above = side > 0.0
    whole = where(first, low, 0.0)
    large = where(above, whole, high)
    share = where(above, where(bounded, exp(high - whole), 0.0), where(first, exp(low - high), 0.0))
    rest = 1.0 - share
    known = where(first, 1.0, 0.0)
    by_v = where(above, known * by_v_low - share * by_v_high, by_v_high - share * by_v_low) / rest
    by_r = where(above, known * by_r_low - share * by_r_high, by_r_high - share * by_r_low) / rest
    slope, bend = -by_v, r * by_r - by_v
    part = expit(v)
    _, information = push_and_information(r, -log_dispersion)
    return (
        where(same, value, -(large + log1p(-share))),
        where(same, by_mean, slope),
        where(same, by_dispersion, bend),
        where(same, of_mean, r * part - 0.5 * slope),
        where(same, of_dispersion, part * part * information + abs(bend)),
    )


def on_side(side, below, value, by_v, by_r):
    """The logarithm of a probability and its derivatives, or of what it lacks of 1."""
    with_it = (side < 0.0) == below
    p = where(with_it, 0.5, exp(value))
    factor = where(with_it, 1.0, -p / (1.0 - p))
    return where(with_it, value, log1p(-p)), factor * by_v, factor * by_r
