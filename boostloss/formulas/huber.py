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


def smooth_l1(y, f, beta):
    """Huber's loss over its threshold, whose slopes are -1 and 1: Girshick, "Fast R-CNN", ICCV 2015, equation 3."""
    loss, gradient, hessian, majorizer = huber(y, f, beta)
    precision = 1.0 / beta
    return loss * precision, gradient * precision, hessian * precision, majorizer * precision
