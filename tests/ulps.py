"""How far an operation is from mpmath, in units in the last place."""

import mpmath as mp
import numpy as np

from boostloss.kernels.rows import (
    GRADIENT,
    HESSIAN,
    LOSS,
    MAJORIZER,
    Computation,
    Rows,
    evaluate,
    evaluate_numpy,
)


def run(formula, x, y=None, compiled=True):
    """The four outputs of a formula at x: operations in their place are compiled as formulas are."""
    y = np.zeros_like(x) if y is None else y
    computations = [Computation(formula, pair) for pair in ((LOSS, GRADIENT), (HESSIAN, MAJORIZER))]
    if not compiled:
        return [v for each in computations for v in evaluate_numpy(each, Rows(y, x))]
    return [v for each in computations for v in evaluate(each, Rows(y, x), x.dtype)]


def spread(smallest, largest, dtype, n=300, seed=0):
    """Numbers of every size between two, and their neighbourhood of 1."""
    rng = np.random.default_rng(seed)
    orders = rng.uniform(np.log(smallest), np.log(largest), n)
    near = np.concatenate(
        [1.0 + rng.uniform(-0.5, 1.0, n // 3), 1.0 + 10.0 ** -rng.uniform(1, 16, 30)]
    )
    near = near[(near > smallest) & (near < largest)]
    return np.concatenate([np.exp(orders), near]).astype(dtype)


def error_in_ulps(values, x, reference, least=0.0):
    """The largest error, in units in the last place of the truth, or of the least size that counts."""
    smallest = float(np.finfo(values.dtype).tiny)
    worst = 0.0
    with mp.workdps(60):
        for value, at in zip(values, x, strict=True):
            true = reference(mp.mpf(float(at)))
            with np.errstate(over="ignore"):
                rounded = values.dtype.type(float(true))
            if not np.isfinite(rounded) or abs(rounded) < smallest:
                continue
            ulp = mp.mpf(float(np.spacing(max(abs(rounded), values.dtype.type(least)))))
            worst = max(worst, float(abs(mp.mpf(float(value)) - true) / ulp))
    return worst
