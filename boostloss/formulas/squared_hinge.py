"""The smooth relatives of the hinge loss: its square, and the modified Huber loss, which is linear below the margin -1.

Zhang, "Statistical Behavior and Consistency of Classification Methods Based on Convex Risk Minimization", Annals of
Statistics 2004. Their second derivatives are at most 2, and a parabola with that curvature lies above them. The hinge
itself stands in `formulas.pinball`.
"""

from boostloss.ops import constant, maximum, minimum, where


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
