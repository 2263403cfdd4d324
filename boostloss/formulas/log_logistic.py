"""Negative log-likelihood where log y has a logistic distribution, by its location m and the logarithm s of its scale.

The value, the derivatives by m and s, and their curvatures. With z = (log y - m) / exp(s), z + 2 log(1 + exp(-z)) is
concave in z^2, since tanh(z / 2) / z falls as z^2 grows, and so lies below its tangent: w z^2 / 2 and a constant, w =
tanh(z / 2) / z. Of that, the loss of a normal distribution whose rows weigh w, the curvatures are those of
`formulas.normal`: w / exp(2 s), and 1 + w z^2, to which the Fisher information is added, (3 + pi^2) / 9.

The likelihood: Kalbfleisch & Prentice, "The Statistical Analysis of Failure Time Data", 2nd edition 2002, section 2.2.
"""

from boostloss.ops import exp, log, softplus, tanh, where

FISHER = 1.4299560445654842
NEAR = 1e-4  # of z, where w is 1/2 to eight digits


def log_logistic(y, location, log_scale):
    raw, inverse = log(y), exp(-log_scale)
    z = (raw - location) * inverse
    slope = tanh(0.5 * z)
    near = abs(z) < NEAR
    weight = where(near, 0.5, slope / where(near, 1.0, z))
    pull = z * slope
    return (
        z + 2.0 * softplus(-z) + log_scale + raw,
        -slope * inverse,
        1.0 - pull,
        weight * inverse * inverse,
        1.0 + FISHER + pull,
    )


def log_tail(z, above):
    return -softplus(where(above, z, -z))


def log_pdf(z):
    return -z - 2.0 * softplus(-z)


def curvatures():
    """Of the location and of the scale, for `formulas.intervals`: constants, and parts of the derivatives."""
    return 0.5, 0.0, 2.0 + FISHER, 1.0
