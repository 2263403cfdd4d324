"""Half the unit deviance of the negative binomial distribution with variance mean + dispersion mean^2, with a log link.

Hilbe, "Negative Binomial Regression", 2nd edition 2011, chapter 8.

With p = dispersion mean / (1 + dispersion mean), A = y (1 - p) and B = p / dispersion the gradient is B - A. With the
curvature (A + B) / 2 a leaf whose rows have one prediction steps by 2 tanh(log(A / B) / 2), where the best step is
log(A / B), as in `formulas.tweedie`; and no row steps past its own best prediction.
"""

from boostloss.formulas.gamma import FAR
from boostloss.ops import (
    digamma,
    exp,
    expit,
    lgamma,
    log,
    log1p,
    maximum,
    softplus,
    trigamma,
    where,
)
from boostloss.special import stirling


def negative_binomial(y, f, dispersion, log_dispersion):
    z = f + log_dispersion + 0.0 * y  # NaN for a NaN target
    p, rest = expit(z), expit(-z)
    pull, push = y * rest, p / dispersion
    number = y + 1.0 / dispersion
    positive = y > 0.0
    target = where(positive, y, 1.0)
    # (y + 1/a) (log(1 + a mean) - log(1 + a y)) - y (f - log y), where z = log(a mean) and softplus(z) - z is
    # softplus(-z), which is a number at an infinite z as well.
    # A factor is 0, not the term: compiled, sums round alike in vectors and row by row.
    best = where(positive, number, 0.0) * log1p(dispersion * target) - y * log(dispersion * target)
    loss = softplus(z) / dispersion + y * softplus(where(positive, -z, 0.0)) - best
    return where(loss < 0.0, 0.0, loss), push - pull, number * (p * rest), 0.5 * (pull + push)


def negative_binomial_likelihood(y, log_mean, log_dispersion):
    """Negative log-likelihood by both parameters: value, derivatives and curvatures.

    With k = 1 / dispersion the derivative by log(k) is k (psi(k) - psi(y + k) + log(1 + mean / k) + (y - mean) / (k +
    mean)). The curvature of the dispersion is the Hessian, where it is positive, and the size of the gradient, as of
    the log-densities of one's own (`autodiff.densities`).
    """
    mean, k = exp(log_mean), exp(-log_dispersion)
    z = log_mean + log_dispersion
    p, rest = expit(z), expit(-z)  # of mean / (k + mean), and of what is left
    pull, push = y * rest, k * p
    error = (y - mean) * (rest / k)  # rest / k is 1 / (k + mean)
    rise, slope_of_rise, bend_of_rise = gamma_rise(k, y)
    slope = k * (softplus(z) + error - slope_of_rise)
    bend = slope - k * (k * bend_of_rise + p + error * rest)
    return (
        (k + y) * softplus(z) - y * log_mean - rise + lgamma(y + 1.0),
        push - pull,
        -slope,
        0.5 * (pull + push),
        maximum(bend, 0.0) + abs(slope),
    )


def gamma_rise(k, y):
    """log(Gamma(k + y) / Gamma(k)) - y log(k), and the derivatives by k of the first term.

    By Stirling's series where k is large: the logarithms of Gamma have nothing left of their difference there.
    """
    far = k > FAR
    small, large = where(far, 1.0, k), maximum(k, FAR)
    near = lgamma(small + y) - lgamma(small) - y * log(small)
    near_slope, near_bend = (
        digamma(small + y) - digamma(small),
        trigamma(small + y) - trigamma(small),
    )
    sum, ratio = large + y, log1p(y / large)
    rest = stirling(sum) - stirling(large)
    a, b = 1.0 / large, 1.0 / sum
    step = b - a
    far_slope = ratio - step * (0.5 + (a + b) / 12.0)
    far_bend = step * (1.0 + 0.5 * (a + b) + (a * a + a * b + b * b) / 6.0)
    return (
        where(far, (sum - 0.5) * ratio - y + rest, near),
        where(far, far_slope, near_slope),
        where(far, far_bend, near_bend),
    )
