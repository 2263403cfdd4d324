"""Linex: (exp(a error) - a error - 1) / a^2, exponential on one side and linear on the other.

Varian, "A Bayesian Approach to Real Estate Assessment", 1975; Zellner, "Bayesian Estimation and Prediction Using
Asymmetric Loss Functions", JASA 1986.

No quadratic stays above an exponential. The majorizer (1 + exp(a error)) / 2 is as safe in another way. Of the rows of
a leaf let N be the sum of the weights and S that of the weighted exponentials. Their loss, moved by s, is least at
a s = log(N / S), and the step with this curvature is a s = 2 (N - S) / (N + S) = 2 tanh(log(N / S) / 2). It never
passes the best value of the leaf, so that it and every shorter step go downhill.
"""

from boostloss.ops import exp, expm1, exprel, where


def linex(y, f, a):
    x = a * (f - y)
    # exp(x) - 1 - x = x^2 / 2 (1 + x/3 (1 + x/4 (...))) near 0, where it cancels
    near = abs(x) < 0.25
    small = where(near, x, 0.0)
    series = 1.0 + 0.0 * small
    for n in range(14, 2, -1):
        series = 1.0 + small * series / n
    loss = where(near, 0.5 * x * x * series, expm1(x) - x) / (a * a)
    growth = exp(x)
    return loss, (f - y) * exprel(x), growth, 0.5 + 0.5 * growth
