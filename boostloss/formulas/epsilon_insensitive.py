"""max(|error| - epsilon, 0), smoothed at both corners by a uniform kernel of half-width ``smoothing`` <= epsilon.

Vapnik, "The Nature of Statistical Learning Theory", 1995.

The majorizer, with u = |error| - epsilon. A parabola that touches a rising branch must not cut the flat one, which
takes a curvature of 1 / (2 u), nor the other rising one, which takes 1 / |error|. One that touches the flat branch must
not cut the nearer of the others: 1 / (-2 u).
"""

from boostloss.ops import maximum, where


def epsilon_insensitive(y, f, epsilon, smoothing):
    error = f - y
    size = abs(error)
    u = size - epsilon
    near = abs(u) < smoothing
    width = where(near, smoothing, 1.0)
    inside = where(near, u + smoothing, 0.0)
    loss = where(near, 0.25 * inside * (inside / width), maximum(u, 0.0))
    slope = where(near, 0.5 * (inside / width), where(u > 0.0, 1.0, where(u < 0.0, 0.0, 0.5 + u)))
    hessian = where(near, 0.5 / width, 0.0 * (u - u))
    safe = 0.5 / maximum(abs(u), smoothing)
    majorizer = where(u > 0.0, maximum(safe, 1.0 / where(u > 0.0, size, 1.0)), safe)
    return loss, where(error < 0.0, -slope, slope), hessian, majorizer
