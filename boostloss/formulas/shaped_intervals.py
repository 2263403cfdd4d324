"""Negative log-likelihoods of intervals, of distributions whose shape is a raw prediction.

As in `formulas.intervals`, whose theorems hold for each output. The derivatives by a shape come with the tails.
"""

from boostloss.formulas.gamma import gamma, log_constant, push_and_information
from boostloss.formulas.intervals import (
    LARGEST,
    LINEAR,
    LOGARITHMIC,
    NARROW,
    between,
    either_side,
    middle_of,
    standard_end,
)
from boostloss.formulas.negative_binomial import negative_binomial_likelihood
from boostloss.formulas.student_t import constants_of_df, free_student_t, information_of_df, log_pdf
from boostloss.formulas.tails import LEAST_DF, count_tail, gamma_tail, student_tail
from boostloss.ops import exp, expit, expm1, log, log1p, maximum, where

FARTHEST = 1e100  # in units of the scale
FARTHEST_LOGARITHM = 300.0  # so that the square of its exponential is finite

side_of_student, side_of_gamma = either_side(student_tail), either_side(gamma_tail)
within, within_logarithm = middle_of(LINEAR), middle_of(LOGARITHMIC)


def free_student_t_interval(lower, upper, location, log_scale, log_df):
    inverse, df = exp(-log_scale), maximum(exp(log_df), LEAST_DF)
    a = standard_end(lower, location, inverse, FARTHEST)
    b = standard_end(upper, location, inverse, FARTHEST)
    constant, _, _ = constants_of_df(df, log(df))
    wide, log_p, at_a, at_b, by_shape = between(
        side_of_student, log_pdf, lower, upper, a, b, df, constant
    )
    target, log_width = within(lower, upper, lower, upper, wide)
    exact = free_student_t(target, location, log_scale, log_df)
    value, by_location, by_scale, by_df, of_location, of_scale, of_df = exact
    slope, tilt = at_b - at_a, b * at_b - a * at_a
    bend = where(df > LEAST_DF, -df * by_shape, 0.0)
    return (
        where(wide, -log_p, value - log_width),
        where(wide, slope * inverse, by_location),
        where(wide, tilt, by_scale),
        where(wide, bend, by_df),
        where(wide, (df + 1.0) / df * inverse * inverse, of_location),
        where(wide, 2.0 + 2.0 * df / (df + 3.0) - tilt, of_scale),
        where(wide, information_of_df(df) + abs(bend), of_df),
    )


def gamma_log_pdf(w, shape, constant):
    """Of w = log(y / mean)."""
    return -shape * (expm1(w) - w) - constant


def gamma_interval(lower, upper, log_mean, log_dispersion):
    shape, log_shape = exp(-log_dispersion), -log_dispersion
    low, high = log(lower), log(upper)
    a = standard_end(low, log_mean, 1.0, FARTHEST_LOGARITHM)
    b = standard_end(high, log_mean, 1.0, FARTHEST_LOGARITHM)
    constant = log_constant(shape, log_shape)
    wide, log_p, at_a, at_b, by_shape = between(
        side_of_gamma, gamma_log_pdf, low, high, a, b, shape, constant
    )
    target, log_width = within_logarithm(lower, upper, low, high, wide)
    exact = gamma(target, log_mean, log_dispersion)
    value, by_mean, by_dispersion, of_mean, of_dispersion = exact
    slope, bend = at_b - at_a, shape * by_shape
    push, fisher = push_and_information(shape, log_shape)
    # Bounds of what the exact ones expect, for rounded slopes.
    half, least = 0.5 * shape, 0.5 * push + fisher
    return (
        where(wide, -log_p, value - log_width),
        where(wide, slope, by_mean),
        where(wide, bend, by_dispersion),
        where(wide, maximum(shape - 0.5 * slope, half), of_mean),
        where(wide, maximum(push + fisher - 0.5 * bend, least), of_dispersion),
    )


def negative_binomial_interval(lower, upper, log_mean, log_dispersion):
    """Of counts from ``lower`` to ``upper``, both among them.

    The information of the dispersion is bounded by that of a Gamma distribution's, of which counts would tell all if
    the means of rows were seen, times the square of the share of the variance that it makes.
    """
    bounded, first = upper <= LARGEST, lower > 0.0
    r, v = exp(-log_dispersion), log_mean + log_dispersion
    below_low, low, by_v_low, by_r_low = count_tail(where(first, lower, 1.0), v, r)
    last = where(bounded, upper, lower)
    below_high, high, by_v_high, by_r_high = count_tail(last + 1.0, v, r)
    # Of counts below, if both ends have their mode above, so that no difference is one of numbers near 1.
    side = where(below_high & bounded, -1.0, 1.0)
    low, by_v_low, by_r_low = on_side(side, below_low, low, by_v_low, by_r_low)
    high, by_v_high, by_r_high = on_side(side, below_high, high, by_v_high, by_r_high)
    above = side > 0.0
    whole = where(first, low, 0.0)
    large, small = where(above, whole, high), where(above, high, low)
    # Whether the smaller of both is nothing.
    alone = (above & (upper > LARGEST)) | ((side < 0.0) & (lower <= 0.0))
    wide = (lower < upper) & (alone | (large - small > NARROW))
    share = where(alone, 0.0, exp(where(wide, small - large, -1.0)))
    by_v_low, by_r_low = where(first, by_v_low, 0.0), where(first, by_r_low, 0.0)
    by_v = slope_of_difference(above, share, by_v_low, by_v_high)
    by_r = slope_of_difference(above, share, by_r_low, by_r_high)
    exact = negative_binomial_likelihood(
        where(wide, 1.0, 0.5 * (lower + last)), log_mean, log_dispersion
    )
    value, by_mean, by_dispersion, of_mean, of_dispersion = exact
    slope, bend = -by_v, r * by_r - by_v
    part = expit(v)
    _, information = push_and_information(r, -log_dispersion)
    push = r * part
    return (
        where(wide, -(large + log1p(-share)), value - log(1.0 + where(wide, 0.0, last - lower))),
        where(wide, slope, by_mean),
        where(wide, bend, by_dispersion),
        where(wide, maximum(push - 0.5 * slope, 0.5 * push), of_mean),
        where(wide, part * part * information + abs(bend), of_dispersion),
    )


def slope_of_difference(above, share, by_low, by_high):
    """The derivative of the logarithm of a difference, of those of its terms, of which the smaller is a share."""
    small = where(share > 0.0, where(above, by_high, by_low), 0.0)
    return (where(above, by_low, by_high) - share * small) / (1.0 - share)


def on_side(side, below, value, by_v, by_r):
    """The logarithm of a probability and its derivatives, or of what it lacks of 1."""
    with_it = (side < 0.0) == below
    p = where(with_it, 0.5, exp(value))
    factor = where(with_it, 1.0, -p / (1.0 - p))
    return where(with_it, value, log1p(-p)), factor * by_v, factor * by_r
