"""The pinball loss, smoothed by a uniform kernel of half-width ``smoothing`` (0: the pinball loss itself).

Koenker & Bassett, "Regression Quantiles", Econometrica 1978; the smoothing is that of Fernandes, Guerre & Horta,
"Smoothing Quantile Regressions", JBES 2021; the majorizer is that of Hunter & Lange, "Quantile Regression via an MM
Algorithm", JCGS 2000.
"""

from boostloss._ops import constant, maximum, where


def pinball(y, f, quantile, smoothing):
    error = f - y
    size = abs(error)
    inside = size < smoothing
    width = where(inside, smoothing, 1.0)
    # E|error - U|/2 for U uniform on (-smoothing, smoothing), plus the tilt (1/2 - quantile) error.
    slope = where(inside, error / width, where(error < 0.0, -1.0, where(error > 0.0, 1.0, error)))
    spread = where(inside, 0.5 * (width + size * (size / width)), size)
    tilt = 0.5 - quantile
    loss = where(
        inside, 0.5 * spread + tilt * error, where(error < 0.0, -quantile, 1.0 - quantile) * error
    )
    gradient = tilt + 0.5 * slope
    hessian = where(inside, 0.5 / width, constant(0.0, error))
    majorizer = 0.5 / maximum(size, smoothing)
    return loss, gradient, hessian, majorizer
