"""Negative log-likelihood of a Gamma distribution, by the logarithms m of its mean and s of its dispersion.

The value, the derivatives by m and s, and their curvatures. The shape is a = exp(-s), the variance exp(s + 2 m). With
t = log(y) - m the loss is log Gamma(a) - a log(a) + a + log(y) + a (exp(t) - 1 - t). Of m the curvature a (1 +
exp(t)) / 2 gives a leaf the step 2 tanh(log(r) / 2), r the mean of exp(t), where log(r) is the best one. Of s: the
derivative is G - p, with G = a (log(a) - psi(a)) and p = a (exp(t) - 1 - t), neither of them negative, and the Hessian
is the Fisher information less the derivative, F = a^2 psi'(a) - a. The curvature is (G + p) / 2 + F: for small
dispersions, where G = F = 1/2 and p = z^2 / 2, that of `formulas.normal`, of whose scale s is twice the logarithm.

The likelihood: Smyth, "Generalized Linear Models with Varying Dispersion", JRSS B 1989.
"""

from boostloss.ops import digamma, exp, expm1, lgamma, log, maximum, trigamma, where
from boostloss.special import stirling

HALF_LOG_2_PI = 0.9189385332046727
FAR = 100.0  # from where on Stirling's series takes the place of `lgamma`, of which little is left


def gamma(y, log_mean, log_dispersion):
    shape, raw = exp(-log_dispersion), log(y)
    t = raw - log_mean
    excess = expm1(t)
    log_shape = -log_dispersion
    pull = shape * (excess - t)
    push, fisher = push_and_information(shape, log_shape)
    return (
        log_constant(shape, log_shape) + raw + pull,
        -shape * excess,
        push - pull,
        shape * (1.0 + 0.5 * excess),
        0.5 * (push + pull) + fisher,
    )


def log_constant(shape, log_shape):
    """log Gamma(a) - a log(a) + a, whose terms cancel where the shape is large."""
    far = shape > FAR
    small, large = where(far, 1.0, shape), maximum(shape, FAR)
    near = lgamma(small) - small * (where(far, 0.0, log_shape) - 1.0)
    return where(far, HALF_LOG_2_PI - 0.5 * log_shape + stirling(large), near)


def push_and_information(shape, log_shape):
    """G and F, which for large shapes are differences of what is as large: there by Stirling's series."""
    far = shape > FAR
    small, large = where(far, 1.0, shape), maximum(shape, FAR)
    inverse = 1.0 / large
    square = inverse * inverse
    push = small * (where(far, 0.0, log_shape) - digamma(small))
    fisher = small * (small * trigamma(small) - 1.0)
    return (
        where(far, 0.5 + inverse * (1.0 / 12.0 - square / 120.0), push),
        where(far, 0.5 + inverse * (1.0 / 6.0 - square / 30.0), fisher),
    )
