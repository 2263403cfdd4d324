"""Half the unit deviance of the negative binomial distribution with variance mean + dispersion mean^2, with a log link.

Hilbe, "Negative Binomial Regression", 2nd edition 2011, chapter 8.

With p = dispersion mean / (1 + dispersion mean), A = y (1 - p) and B = p / dispersion the gradient is B - A. With the
curvature (A + B) / 2 a leaf whose rows have one prediction steps by 2 tanh(log(A / B) / 2), where the best step is
log(A / B), as in `formulas.tweedie`; and no row steps past its own best prediction.
"""

from boostloss.ops import expit, log, log1p, softplus, where


def negative_binomial(y, f, dispersion, log_dispersion):
    z = f + log_dispersion + 0.0 * y  # NaN for a NaN target
    p, rest = expit(z), expit(-z)
    pull, push = y * rest, p / dispersion
    number = y + 1.0 / dispersion
    positive = y > 0.0
    target = where(positive, y, 1.0)
    # (y + 1/a) (log(1 + a mean) - log(1 + a y)) - y (f - log y)
    best = where(positive, number * log1p(dispersion * target) - y * log(dispersion * target), 0.0)
    loss = number * softplus(z) - y * z - best
    return where(loss < 0.0, 0.0, loss), push - pull, number * (p * rest), 0.5 * (pull + push)
