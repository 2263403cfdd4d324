"""Hinge loss max(1 - margin, 0), smoothed by a uniform kernel of half-width ``smoothing``, and its smooth relatives.

Cortes & Vapnik, "Support-Vector Networks", Machine Learning 1995. The hinge is a pinball loss of the margin, and its
majorizer that of Hunter & Lange, "Quantile Regression via an MM Algorithm", JCGS 2000.

The squared hinge, and the modified Huber loss, which is linear below the margin -1, are those of Zhang, "Statistical
Behavior and Consistency of Classification Methods Based on Convex Risk Minimization", Annals of Statistics 2004. Their
second derivatives are at most 2, and a parabola with that curvature lies above them.
"""

from boostloss.ops import constant, maximum, minimum, where


def hinge(y, f, smoothing):
    sign = 2.0 * y - 1.0
    u = 1.0 - sign * f
    near = abs(u) < smoothing
    width = where(near, smoothing, 1.0)
    inside = where(near, u + smoothing, 0.0)
    loss = where(near, 0.25 * inside * (inside / width), maximum(u, 0.0))
    slope = where(near, 0.5 * (inside / width), where(u > 0.0, 1.0, where(u < 0.0, 0.0, 0.5 + u)))
    hessian = where(near, 0.5 / width, constant(0.0, u))
    return loss, -sign * slope, hessian, 0.5 / maximum(abs(u), smoothing)


def squared_hinge(y, f):
    sign = 2.0 * y - 1.0
    u = maximum(1.0 - sign * f, 0.0)
    return u * u, -2.0 * sign * u, where(u > 0.0, 2.0, 0.0 * u), constant(2.0, u)


def modified_huber(y, f):
    sign = 2.0 * y - 1.0
    u = maximum(1.0 - sign * f, 0.0)
    inside = minimum(u, 2.0)
    loss = inside * (2.0 * u - inside)
    hessian = where(u > 2.0, 0.0, where(u > 0.0, 2.0, 0.0 * u))
    return loss, -2.0 * sign * inside, hessian, constant(2.0, u)
