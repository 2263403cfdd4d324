"""Probabilities of the tails of distributions, by quadrature, and their derivatives by a shape.

A tail is an integral of exp(-rise(t)) over t >= 0, in a variable in which the rise is convex and grows at least
linearly: the points of Gauss's rule lie where the rise is below `ENOUGH`. Squares of them are denser near 0, where
the integrand changes most. What is returned has been compared with mpmath over the parameters that
`tests/test_tails.py` names.
"""

from boostloss.formulas.negative_binomial import gamma_rise
from boostloss.formulas.student_t import constants_of_df
from boostloss.ops import (
    digamma,
    exp,
    expit,
    expm1,
    exprel,
    integral,
    lgamma,
    log,
    log1p,
    maximum,
    minimum,
    softplus,
    sqrt,
    where,
)

ENOUGH = 37.0  # of a rise: exp(-37) is below the rounding error of 1
LEAST_DF = 0.2  # of which the longest integral stays within exp(350), and whose error is below 1e-7
LOG_2 = 0.6931471805599453
FARTHEST = 100.0  # of a logarithm, before an asymptote takes the place of a function


def area(x):
    """The inverse of sinh, for x >= 0."""
    return log1p(x + x * x / (1.0 + sqrt(1.0 + x * x)))


def growth(t, slope):
    """cosh(v + t)^2 / cosh(v)^2 - 1, where tanh(v) is the slope."""
    e = expm1(t)
    inverse = 1.0 / (1.0 + e)
    sinh = 0.5 * e * (1.0 + inverse)
    return sinh * ((1.0 + slope * slope) * sinh + 2.0 * slope * (sinh + inverse))


def student_point(u, length, slope, half_df):
    risen = growth(length * u * u, slope)
    rise = log1p(risen)
    value = u * exp(-half_df * rise)
    return value, value * rise, value / (1.0 + risen)


def student_tail(z, df, constant):
    r"""The logarithm of the probability beyond \|z\|, and its derivative by df, in v with \|z\| = sqrt(df) sinh(v).

    There the density is cosh(v)^(-df), times exp(-constant), that of `formulas.student_t`, and sqrt(df).
    """
    df = maximum(df, LEAST_DF)
    square = z * z / df
    lifted = 2.0 * ENOUGH / df
    end = sqrt(square + (1.0 + square) * expm1(minimum(lifted, FARTHEST)))
    begin = sqrt(square)
    length = where(lifted > FARTHEST, 0.5 * lifted + LOG_2, area(end) - area(begin))
    flat = 1.0 / (1.0 + square)
    total, rises, flats = integral(student_point, length, sqrt(square * flat), 0.5 * df)
    log_cosh = 0.5 * log1p(square)
    value = 0.5 * log(df) - constant - df * log_cosh + log(2.0 * length * total)
    curved = 1.0 - flat * flats / total  # the mean of tanh(v)^2
    _, of_constant, _ = constants_of_df(df, log(df))
    by_df = 0.5 * (df + 1.0) / df * curved - log_cosh - 0.5 * rises / total - of_constant
    return value, by_df


def barron_point(u, length, slope, ratio, size, alpha):
    widened = growth(length * u * u, slope)
    lift = log1p(ratio * widened)
    return (u * exp(-0.5 * size * lift * exprel(0.5 * alpha * lift)) * sqrt(1.0 + widened),)


def barron_tail(x, alpha, log_z, fisher):
    r"""The logarithm of the probability beyond \|x\| of Barron's distribution, in v with \|x\| = sinh(v).

    What decides there is log(1 + x^2 / b) as in `formulas.barron`; ``size`` is b times its exponential to the power
    alpha / 2.
    """
    x, b = abs(x), maximum(2.0 - alpha, 2.0**-52)
    square = x * x
    log_u = log1p(square / b)
    size = b * exp(0.5 * alpha * log_u)
    # More, where the tail is a power of x = sinh(v), whose width in v takes from it.
    enough = ENOUGH * (1.0 + maximum(1.0 - alpha, 0.0))
    relative = alpha * enough / size
    tiny = relative < 1e-8
    lift = 2.0 * enough / size * where(tiny, 1.0, log1p(relative) / where(tiny, 1.0, relative))
    end = sqrt(square + (b + square) * expm1(lift))
    length = area(end) - area(x)
    whole = 1.0 + square
    (total,) = integral(barron_point, length, x / sqrt(whole), whole / (b + square), size, alpha)
    loss = 0.5 * b * log_u * exprel(0.5 * alpha * log_u)
    return 0.5 * log(whole) - loss - log_z + log(2.0 * length * total), 0.0 * x


def gamma_point(u, length, sign, shape, peak):
    t = sign * (length * u * u)
    rise = shape * (peak * expm1(t) - t)
    value = u * exp(-rise)
    return value, value * rise


def gamma_tail(w, shape, constant):
    """The logarithm of the probability beyond w, away from 0, and its derivative by the shape, w = log(y / mean).

    ``constant`` is that of `formulas.gamma.log_constant`.
    """
    sign = where(w < 0.0, -1.0, 1.0)
    excess = expm1(w)
    pull = excess - w
    far = pull + ENOUGH / shape
    root = far + sqrt(2.0 * far)
    # exp(w) - 1 - w is below both w^2 / 2 and -w where w < 0: it reaches `far` before w = -root; and so above 0.
    end = where(w < 0.0, root, log1p(root))
    slope = maximum(shape * abs(excess), 1e-300)
    # Far out the difference has no digits, and the rise is a straight line.
    straight, bent = ENOUGH / slope, end - abs(w)
    length = where(bent > 1e-9 * end, minimum(straight, bent), straight)
    total, rises = integral(gamma_point, length, sign, shape, excess + 1.0)
    value = log(2.0 * length * total) - shape * pull - constant
    return value, log(shape) - digamma(shape) - pull - rises / (shape * total)


def beta_point(u, length, sign, share, line, bent, sum):
    t = length * u * u
    softer = log1p(share * expm1(sign * t))
    value = u * exp(-line * t - sum * softer)
    return value, value * (softer + bent * t)


def count_tail(k, v, r):
    """The logarithm of the probability of counts below k or of the others, whichever has no mode, and its derivatives.

    A negative binomial distribution's counts of k or more have the probability I_p(k, r), with p = exp(v) / (1 +
    exp(v)): the integral up to v of exp(k x) / (1 + exp(x))^(k + r), over the function Beta.

    Returns
    -------
    below : data
        Whether the probability is that of counts below k.
    value, by_v, by_r : data
        Of its logarithm.
    """
    part, rest = expit(v), expit(-v)
    sum = k + r
    below = sum * part > k
    # log(1 + exp(x)) grows over t by log(1 + share (exp(sign t) - 1)), plus t if it is taken from the other side, as
    # it must be where its argument is large; and the rise is a line and k + r times the former.
    beyond = below & (part >= 0.5)
    sign = where(beyond, -1.0, where(below, 1.0, -1.0))
    share, bent = where(beyond, rest, part), where(beyond, 1.0, 0.0)
    line = where(beyond, r, where(below, -k, k))
    slope, bend = abs(sum * part - k), sum * part * rest
    length = 2.0 * ENOUGH / (slope + sqrt(slope * slope + 2.0 * ENOUGH * bend))
    for _ in range(4):  # Newton's steps to where the rise is enough: it is convex
        grown = expm1(sign * length)
        rise = line * length + sum * log1p(share * grown)
        steep = line + sign * sum * share * (1.0 + grown) / (1.0 + share * grown)
        length = length + (ENOUGH - rise) / maximum(steep, 1e-300)
    total, softer = integral(beta_point, length, sign, share, line, bent, sum)
    soft = softplus(v)
    log_r = log(r)
    rises, by_r, _ = gamma_rise(r, k)
    density = k * (v + log_r) - sum * soft + rises - lgamma(k)
    mills = log(2.0 * length * total)
    by_v = where(below, -1.0, 1.0) * exp(-mills)
    return below, density + mills, by_v, by_r - soft - softer / total
