"""Amid, Warmuth, Anil & Koren, "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences", NeurIPS 2019.

With log_t(x) = (x^(1-t) - 1) / (1-t), two classes have p + r = 1 and log_t2(p) - log_t2(r) = margin, and the loss is
-log_t1(p) - (1 - p^(2-t1) - r^(2-t1)) / (2-t1). Its slope is -r q with q = (p^-t1 + r^-t1) / (p^-t2 + r^-t2). With x
the logit of p, by which r falls as p r, the second derivative is q (p - d log q / dx) r dx/dmargin.

``largest`` is the largest second derivative of any margin: by Taylor's theorem a parabola of that curvature lies above
the loss everywhere.
"""

from boostloss.ops import constant, degree, exp, exprel, log1p, where


def bi_tempered(y, f, t1, t2, largest):
    sign = 2.0 * y - 1.0
    margin = sign * f
    right = margin > 0.0
    x = tempered_logit(abs(margin), t2)
    e = exp(-x)
    softplus = log1p(e)
    more, less = 1.0 / (1.0 + e), e / (1.0 + e)  # the larger and the smaller of p and r
    log_more, log_less = -softplus, -softplus - x
    p, r = where(right, more, less), where(right, less, more)
    log_p, log_r = where(right, log_more, log_less), where(right, log_less, log_more)
    e1, e2 = exp(-t1 * x), exp(-t2 * x)
    ratio = exp((t2 - t1) * log_less) * (1.0 + e1) / (1.0 + e2)  # of the two sums of powers
    # The derivative of log(ratio) in x, which changes sign with the margin. It is 0 where t1 = t2.
    bend = t1 * (more - less * e1) / (1.0 + e1) - t2 * (more - less * e2) / (1.0 + e2)
    speed = exp(t2 * log_less - log_p) / (1.0 + e2)  # r times the derivative of x in the margin
    hessian = ratio * (p - where(right, bend, -bend)) * speed
    return value(r, log_p, log_r, 1.0 - t1), -sign * ratio * r, hessian, constant(largest, margin)


def value(r, log_p, log_r, u):
    """The loss with u = 1 - t1: r^(1+u) / (1+u), and (1-p^u)/u - (1-p^(1+u))/(1+u)."""
    z = log_p + tempered_log1p(r, u)
    difference = -z * exprel(u * z) / (1.0 + u)
    # It cancels where r is small. As the integral of x (1-x)^(u-1) from 0 to r it has a binomial series.
    small = r < 0.125
    x = where(small, r, 0.0)
    series = 0.0 * x
    for n in range(degree(x, 9, 18), 0, -1):
        series = 1.0 / (n + 1.0) + series * x * ((n - u) / n)
    return exp((1.0 + u) * log_r) / (1.0 + u) + where(small, series * x * x, difference)


def tempered_logit(size, t2):
    """The logit x of the probability whose margin is ``size``, not negative; t2 from 1 to 2.

    With s = t2 - 1 and l = log(1 + exp(-x)) it is x = log(1 + s size exp(-s l)) / s. The slope of the right side in x
    is below a quarter, so that Newton's method from the upper bound, at which l = 0, needs four steps; this formula
    once more leaves only its rounding.
    """
    s = t2 - 1.0
    x = tempered_log1p(size, s)
    # Written out: the compiler vectorises no loop in the loop over rows that is too long to unroll.
    x = newton_step(newton_step(newton_step(newton_step(x, size, s), size, s), size, s), size, s)
    return tempered_log1p(size * exp(-s * log1p(exp(-x))), s)


def newton_step(x, size, s):
    e = exp(-x)
    y = size * exp(-s * log1p(e))
    shares = (1.0 + e) * (1.0 + s * y)
    inverse_slope = shares / (shares - s * y * e)  # of 1 - r s y / (1 + s y)
    return x - (x - tempered_log1p(y, s)) * inverse_slope


def tempered_log1p(y, s):
    """log(1 + s y) / s, y where the product is too small to count, or for its own bits."""
    z = s * y
    return where(z < 1e-20, y, log1p(z) * (1.0 / where(s == 0.0, 1.0, s)))
