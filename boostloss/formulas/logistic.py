"""Logistic loss of a label in {0, 1}.

Cox, "The Regression Analysis of Binary Sequences", JRSS B 1958.
"""

from boostloss._ops import exp, expm1, log1p, maximum, where


def logistic(y, f):
    sign = 2.0 * y - 1.0
    margin = sign * f
    size = abs(margin)
    p = exp(-size)
    loss = maximum(-margin, 0.0) + log1p(p)
    q = where(margin > 0.0, p, 1.0) / (1.0 + p)  # sigmoid(-margin)
    hessian = p / ((1.0 + p) * (1.0 + p))
    # tanh(m/2) / (2m): Jaakkola & Jordan, "Bayesian Parameter Estimation via Variational Methods", 2000.
    zero = size == 0.0
    majorizer = where(zero, 0.25, -0.5 * expm1(-size) / ((1.0 + p) * where(zero, 1.0, size)))
    return loss, -sign * q, hessian, majorizer
