"""Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 1964."""

from boostloss.ops import constant, maximum, minimum, where


def huber(y, f, delta):
    error = f - y
    size = abs(error)
    inside = minimum(size, delta)
    loss = inside * (size - 0.5 * inside)
    gradient = where(error < 0.0, -inside, inside)
    hessian = where(size > delta, 0.0, constant(1.0, size))
    majorizer = delta / maximum(size, delta)
    return loss, gradient, hessian, majorizer
