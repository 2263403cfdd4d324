"""Asymmetric squared error. Newey & Powell, "Asymmetric Least Squares Estimation and Testing", Econometrica 1987."""

from boostloss.ops import constant, where


def asymmetric_squares(y, f, expectile, heavier):
    error = f - y
    side = where(error < 0.0, expectile, 1.0 - expectile)
    gradient = side * error
    hessian = where(error == error, side, error)
    # No smaller curvature will do: far on the heavier side the loss grows as fast as that.
    return 0.5 * gradient * error, gradient, hessian, constant(heavier, error)
