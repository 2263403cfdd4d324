"""Asymmetric squared error. Newey & Powell, "Asymmetric Least Squares Estimation and Testing", Econometrica 1987.

The second derivative is the factor of the side. The majorizer's is that of the ``heavier`` side everywhere, and no
smaller one will do: far on that side the loss grows as fast as a parabola of that curvature.
"""

from boostloss.ops import constant, where


def asymmetric_squares(y, f, expectile, heavier):
    error = f - y
    side = where(error < 0.0, expectile, 1.0 - expectile)
    gradient = side * error
    hessian = where(error == error, side, error)
    return 0.5 * gradient * error, gradient, hessian, constant(heavier, error)
