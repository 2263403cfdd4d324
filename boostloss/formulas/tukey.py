"""Tukey's biweight: scale^2 / 6 (1 - (1 - x^2)^3) while x = |error| / scale <= 1, and scale^2 / 6 beyond.

Beaton & Tukey, "The Fitting of Power Series, Meaning Polynomials, Illustrated on Band-Spectroscopic Data",
Technometrics 1974. It is concave in error^2, so that gradient / error, Tukey's biweight, is the majorizer.
"""

from boostloss.ops import minimum


def tukey(y, f, scale):
    error = f - y
    x = minimum(abs(error) / scale, 1.0)
    square = x * x
    rest = (1.0 - x) * (1.0 + x)
    weight = rest * rest
    inside = scale * x
    loss = inside * inside * ((3.0 - 3.0 * square + square * square) / 6.0)
    # Beyond the scale the weight is 0, and the loss that of the scale.
    return loss, weight * error, rest * (1.0 - 5.0 * square), weight
