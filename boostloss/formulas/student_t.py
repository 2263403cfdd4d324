"""Negative log-likelihood of Student's t distribution, by its location m and the logarithm s of its scale.

The value, the derivatives by m and s, and their curvatures. With z = (y - m) / exp(s) and df degrees of freedom, (df +
1) / 2 log(1 + z^2 / df) is concave in z^2 and so lies below its tangent: w z^2 / 2 and a constant, w = (df + 1) / (df +
z^2). Of that, the loss of a normal distribution whose rows weigh w, the curvatures are those of `formulas.normal`: w /
exp(2 s), and 1 + w z^2, to which the Fisher information is added, 2 df / (df + 3): Lange, Little & Taylor, "Robust
Statistical Modeling Using the t Distribution", JASA 1989. ``constant`` is what depends on df alone.
"""

from boostloss.formulas.gamma import FAR, HALF_LOG_2_PI
from boostloss.ops import digamma, exp, lgamma, log1p, maximum, trigamma, where
from boostloss.special import stirling

HALF_LOG_PI = 0.5723649429247001


def student_t(y, location, log_scale, df, constant):
    inverse = exp(-log_scale)
    z = (y - location) * inverse
    square = z * z
    weight = (df + 1.0) / (df + square)
    pull = weight * square
    return (
        0.5 * (df + 1.0) * log1p(square / df) + log_scale + constant,
        -weight * z * inverse,
        1.0 - pull,
        weight * inverse * inverse,
        1.0 + 2.0 * df / (df + 3.0) + pull,
    )


def free_student_t(y, location, log_scale, log_df):
    """That by the logarithm of the degrees of freedom too.

    The curvature of it is the Hessian, where it is positive, and the size of the gradient, as of the log-densities of
    one's own (`autodiff.densities`).
    """
    df = exp(log_df)
    constant, of_constant, bend_of_constant = constants_of_df(df, log_df)
    value, by_location, by_scale, of_location, of_scale = student_t(
        y, location, log_scale, df, constant
    )
    z = (y - location) * exp(-log_scale)
    square = z * z
    below = df + square
    share = square / (df * below)
    slope = 0.5 * (log1p(square / df) - (df + 1.0) * share) + of_constant
    steeper = share * (df + below) / (df * below)
    bend = 0.5 * ((df + 1.0) * steeper - 2.0 * share) + bend_of_constant
    by_df = df * slope
    of_df = maximum(by_df + df * df * bend, 0.0) + abs(by_df)
    return value, by_location, by_scale, by_df, of_location, of_scale, of_df


def constants_of_df(df, log_df):
    """What the loss has of df alone, log(Gamma(df / 2) / Gamma((df + 1) / 2)) + log(pi df) / 2, and its derivatives.

    Where df is large, its terms are written by Stirling's series, in which what cancels is left out.
    """
    far = df > FAR
    x = where(far, 1.0, 0.5 * df)
    near_value = lgamma(x) - lgamma(x + 0.5) + HALF_LOG_PI + 0.5 * log_df
    near_slope = 0.5 * (digamma(x) - digamma(x + 0.5) + 0.5 / x)
    near_bend = 0.25 * (trigamma(x) - trigamma(x + 0.5)) - 0.125 / (x * x)
    df = maximum(df, FAR)
    u, one = 1.0 / df, df + 1.0
    x = 0.5 * df
    w, v = 1.0 / (x * x), 1.0 / ((x + 0.5) * (x + 0.5))
    far_value = HALF_LOG_2_PI + (0.5 - x * log1p(u)) + stirling(x) - stirling(x + 0.5)
    first = (v - w) / 12.0 - (v * v - w * w) / 120.0
    second = (w / x - v / (x + 0.5)) / 6.0 - (w * w / x - v * v / (x + 0.5)) / 30.0
    far_slope = 0.5 * (1.0 / one - log1p(u) + first)
    far_bend = 0.5 * (u / (one * one)) + 0.25 * second
    return (
        where(far, far_value, near_value),
        where(far, far_slope, near_slope),
        where(far, far_bend, near_bend),
    )


def information_of_df(df):
    """The Fisher information of log(df): Lange, Little & Taylor, 1989, appendix B; 3.5 / df^2 in the limit."""
    far = df > FAR
    x = where(far, 1.0, df)
    difference = trigamma(0.5 * x) - trigamma(0.5 * x + 0.5)
    near = 0.25 * x * (x * difference - 2.0 * (x + 5.0) / ((x + 1.0) * (x + 3.0)))
    return where(far, 3.5 / (df * df), near)


def log_pdf(z, df, constant):
    return -0.5 * (df + 1.0) * log1p(z * z / df) - constant


def curvatures(df, constant):
    """Of the location and of the scale, for `formulas.intervals`: constants, and parts of the derivatives."""
    return (df + 1.0) / df, 0.0, 2.0 + 2.0 * df / (df + 3.0), 1.0
