"""Log-cosh: scale^2 log cosh(error / scale), squared error near 0 and absolute error far away.

Green, "Bayesian Reconstructions From Emission Tomography Data Using a Modified EM Algorithm", IEEE
Transactions on Medical Imaging 1990.
"""

from boostloss.ops import exp, expm1, log1p, where


def log_cosh(y, f, scale):
    error = f - y
    x = abs(error) * (1.0 / scale)
    # From exp(-x) - 1 alone: cosh x itself overflows. Below 1, log cosh x = log1p(2 sinh(x/2)^2) keeps the digits that
    # x - log 2 + log1p(exp(-2x)) cancels.
    m = expm1(-x)
    p = 1.0 + m
    near = x < 1.0
    sinh_square = 0.5 * m * m / where(near, p, 1.0)
    loss = (
        scale * scale * (where(near, 0.0, x) + log1p(where(near, sinh_square, 0.5 * m * (2.0 + m))))
    )
    tanh = -m * (1.0 + p) / (1.0 + p * p)
    gradient = scale * where(error < 0.0, -tanh, tanh)
    root = exp(-x)  # again, since 1 + m has lost its digits far away
    q = root * root
    hessian = 4.0 * q / ((1.0 + q) * (1.0 + q))
    tiny = x < 1e-9  # tanh(x) / x = 1 - x^2/3 rounds to 1; the least numbers have no half
    majorizer = where(tiny, 1.0, tanh / where(tiny, 1.0, x))
    return loss, gradient, hessian, majorizer
