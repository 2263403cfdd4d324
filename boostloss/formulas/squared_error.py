"""Squared error. Legendre, "Nouvelles méthodes", 1805; Gauss, "Theoria motus", 1809."""

from boostloss.ops import constant


def squared_error(y, f):
    error = f - y
    one = constant(1.0, error)
    return 0.5 * error * error, error, one, one
