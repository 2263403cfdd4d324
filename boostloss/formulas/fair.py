"""Fair's loss: scale^2 (x - log(1 + x)), x = |error| / scale.

Fair, "On the Robust Estimation of Econometric Models", Annals of Economic and Social Measurement 1974.
"""

from boostloss.ops import degree, log1p, where


def fair(y, f, scale):
    error = f - y
    x = abs(error) / scale
    # x - log(1 + x) cancels for a small x. With t = x / (2 + x), log(1 + x) = 2 artanh(t) and x - 2t = x t, which
    # leaves x t - 2 t^3 (1/3 + t^2/5 + t^4/7 + ...).
    near = x < 0.25
    small = where(near, x, 0.0)
    t = small / (2.0 + small)
    square = t * t
    series = 0.0 * square
    for n in range(degree(x, 9, 19), 1, -2):
        series = 1.0 / n + square * series
    # In units of x: what is near 0 has no square, and what is far off none either.
    ratio = t - 2.0 * square * series * (1.0 / (2.0 + small))
    loss = scale * abs(error) * where(near, ratio, 1.0 - log1p(x) / where(near, 1.0, x))
    weight = 1.0 / (1.0 + x)
    return loss, weight * error, weight * weight, weight
