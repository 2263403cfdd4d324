"""What tests of distributions have in common: exact derivatives, maximum likelihood, what trees have learned."""

import mpmath
import numpy as np
from drop_in import drop_in, fit, raw_prediction
from scipy.optimize import minimize


def exact(formula, targets, raw, place, parameters=(), order=1):
    """A derivative of the loss by one of the raw predictions of a row, from its value at many digits."""
    targets, given = (
        [mpmath.mpf(float(x)) for x in np.atleast_1d(each)] for each in (targets, raw)
    )

    def value(x):
        return formula(*targets, *given[:place], x, *given[place + 1 :], *parameters)[0]

    with mpmath.workdps(40):
        return float(mpmath.diff(value, given[place], order))


def assert_most_likely(loss, y, weight=None):
    """The constant is as likely as what a search from beside it finds."""
    n, best = len(y), loss.fit_intercept(y, weight)
    found = minimize(
        lambda x: loss.mean_loss(y, np.tile(x, (n, 1)), weight),
        best + np.resize([0.05, -0.05], len(best)),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000},
    )
    assert loss.mean_loss(y, np.tile(best, (n, 1)), weight) <= found.fun + 1e-11
    return best


def stopped_early(library, loss, X, y, train, stop, rounds):
    """A model that rows between have stopped."""
    model = drop_in(library, loss, rounds=rounds, stop=20, learning_rate=0.1, max_depth=3)
    sets = {"eval_set": [(X[stop], y[stop])]}
    if library == "lightgbm":
        sets = {"eval_X": (X[stop],), "eval_y": (y[stop],)}
    return fit(library, model, X[train], y[train], **sets)


def not_learned(library, model, X, y, raw, constant):
    """The likelihood that a model misses, over what a constant misses beside the true parameters ``raw``."""
    loss, found = model.loss_, raw_prediction(library, model, X)
    ours, best, least = (
        loss.mean_loss(y, each) for each in (found, raw, np.tile(constant, (len(y), 1)))
    )
    return (ours - best) / (least - best)
