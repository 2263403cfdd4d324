"""The formulas of the catalogue against the textbook in mpmath (see `textbook`), and against independent libraries."""

import math

import mpmath as mp
import numpy as np
import pytest
from textbook import textbook

import boostloss as bl
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, MAJORIZER, Computation, Rows, evaluate
from boostloss.losses.counts import Mean
from boostloss.losses.shares import Share

ROBUST = [
    bl.AbsoluteError(),
    *[bl.SmoothL1(beta) for beta in (1.0, 0.375)],
    *[bl.PseudoHuber(delta) for delta in (1.0, 0.3, 100.0)],
    *[bl.Fair(scale) for scale in (1.0, 0.3, 100.0)],
    *[bl.Tukey(scale) for scale in (1.0, 0.3, 100.0)],
    *[bl.EpsilonInsensitive(epsilon) for epsilon in (1.0, 0.375)],
    *[bl.Asymmetric(base, 3.0) for base in (bl.Huber(1.0), bl.Welsch(2.0), bl.SquaredError())],
    bl.Asymmetric(bl.Fair(1.0), 0.25),
    bl.Asymmetric(bl.AbsoluteError(), 4.0),
    bl.Asymmetric(bl.EpsilonInsensitive(0.5), 4.0),
]
STEEP = [bl.Linex(1.0), bl.Linex(-0.25)]
COUNTS = [
    bl.Poisson(),
    bl.Gamma(),
    *[bl.Tweedie(power) for power in (1.0, 1.1, 1.5, 1.99)],
    *[bl.NegativeBinomial(dispersion) for dispersion in (1.0, 1e-6, 0.3, 1e6)],
]
SHARES = [bl.CrossEntropy(), bl.KLDivergence()]
MARGINS = [bl.Hinge(), bl.SquaredHinge(), bl.ModifiedHuber(), bl.Exponential()]
EVERY = ROBUST + STEEP + COUNTS + SHARES + MARGINS

ORDERS = (-300, -155, -77, -30, -16, -12, -9, -8, -7, -5, -3, -2, -1, 1, 2, 4, 8, 16, 30, 77, 150)
SIZES = [0.0, *np.linspace(0.25, 2.5, 19), *[10.0**k for k in ORDERS]]
SCORES = [0.0, *np.linspace(0.25, 2.5, 10), 1e-300, 1e-16, 1e-8, 1e-3, 0.1, 5.0, 12.0, 30.0, 60.0]

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
every_one = pytest.mark.parametrize("loss", EVERY, ids=repr)


def points(loss, dtype):
    sizes = SIZES if loss in ROBUST else SCORES
    targets = {Mean: [0.0, 1e-3, 0.5, 1.0, 7.0, 1e6], Share: [0.0, 1e-9, 0.25, 0.5, 1.0]}
    ys = next((y for kind, y in targets.items() if isinstance(loss, kind)), [0.0])
    ys = [0.0, 1.0] if loss.task == "binary" else ys
    ys = [y for y in ys if y > 0.0 or not isinstance(loss, bl.Gamma)]
    largest = 1e15 if dtype == np.float32 else 1e151  # whose square the format holds
    sizes = np.unique(np.array([s for s in sizes if s < largest], dtype))
    f = np.concatenate([-sizes, sizes])
    return np.repeat(np.array(ys, dtype), len(f)), np.tile(f, len(ys))


def reference(loss, output, y, f, jet):
    """What an error is measured by: the value, or the largest of the terms that the definition adds up."""
    if isinstance(loss, Mean):
        mean = mp.exp(f)
        power = loss.parameters[0] if not isinstance(loss, bl.NegativeBinomial) else 1
        pull, push = y * mean ** (1 - power), mean ** (2 - power)
        if isinstance(loss, bl.NegativeBinomial):
            rest = 1 / (1 + loss.dispersion * mean)
            pull, push = pull * rest, push * rest
        if output == LOSS:
            distance = abs(f) + (abs(mp.log(y)) if y else 0) + abs(mp.log(loss.parameters[0]))
            return max(pull, push, abs(jet.value)) * (1 + distance) + y * (1 + distance)
        return max(pull, push)
    if isinstance(loss, Share):
        against = abs(f) + 1
        return against if output == LOSS else mp.mpf(1) / (1 + mp.exp(-abs(f)))
    if output == HESSIAN and jet.second < 0:  # of a difference
        return max(abs(jet.second), abs(jet.first / (f - y)))
    if isinstance(loss, bl.Welsch | bl.Tukey | bl.Asymmetric) and output == HESSIAN:
        return max(abs(jet.second), abs(jet.first / (f - y)) if f != y else 0)
    return abs(jet[output])


def run(loss, y, f, *wanted):
    return evaluate(Computation(loss.formula, wanted, loss.parameters), Rows(y, f), f.dtype)


@every_dtype
@every_one
def test_formula_is_the_textbook(loss, dtype):
    y, f = points(loss, dtype)
    found = run(loss, y, f, LOSS)[0], *run(loss, y, f, GRADIENT, HESSIAN)
    allowed = 3e-13 if dtype == np.float64 else 2e-5 if isinstance(loss, Mean) else 4e-6
    tiny, largest = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    with mp.workdps(900 if loss in ROBUST + STEEP else 60):
        for target, score, *values in zip(y.tolist(), f.tolist(), *found, strict=True):
            jet = textbook(loss, target, score)
            for output, value in zip((LOSS, GRADIENT, HESSIAN), values, strict=True):
                true = jet[output]
                if abs(true) > largest:
                    continue
                assert math.isfinite(value), (output, target, score, value, float(true))
                bound = allowed * reference(loss, output, mp.mpf(target), mp.mpf(score), jet) + tiny
                error = abs(mp.mpf(float(value)) - true)
                assert error <= bound, (output, target, score, value, float(true))


@every_dtype
@every_one
def test_nan_in_nan_out(loss, dtype):
    y = np.array([np.nan, 1.0, np.nan, 1.0], dtype)
    f = np.array([1.0, np.nan, np.nan, 1.0], dtype)
    for wanted in ((LOSS,), (GRADIENT, HESSIAN), (GRADIENT, MAJORIZER)):
        for values in run(loss, y, f, *wanted):
            np.testing.assert_array_equal(np.isnan(values), [True, True, True, False])
