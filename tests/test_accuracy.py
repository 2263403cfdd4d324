"""Every formula against the textbook in mpmath (see `oracle`).

Under NUMBA_DISABLE_JIT=1 the same tests run the formulas on NumPy arrays.
"""

import math

import mpmath as mp
import numpy as np
import pytest
from oracle import truth

from boostloss.formulas.pinball import pinball
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, MAJORIZER, Computation, Rows, evaluate
from boostloss.losses.catalogue import (
    Barron,
    BiTemperedLogistic,
    Expectile,
    Focal,
    GeneralizedCrossEntropy,
    Huber,
    LogCosh,
    Logistic,
    Quantile,
    SquaredError,
    SymmetricCrossEntropy,
)

ALPHAS = (-1000.0, -2.0, -1e-9, 0.0, 1e-12, 1e-3, 0.5, 1.0, 1.5, 2.0 - 1e-9, 2.0, 3.0)
ALPHAS = (-math.inf, *ALPHAS, math.inf)
LOSSES = [
    SquaredError(),
    *[Huber(delta) for delta in (1.0, 0.375, 100.0)],
    *[LogCosh(scale) for scale in (1.0, 0.3, 100.0)],
    *[Quantile(quantile) for quantile in (0.5, 0.1, 0.999)],
    *[Barron(alpha, scale) for alpha in ALPHAS for scale in (1.0, 0.3)],
    *[Barron(alpha, 100.0) for alpha in (-math.inf, -2.0, 0.0, 1e-12, 1.0, 2.0 - 1e-9, 3.0)],
    Logistic(),
    *[Focal(gamma) for gamma in (0.0, 0.5, 1.0, 2.0, 5.0)],
    *[Focal(gamma, alpha=0.25) for gamma in (0.5, 2.0)],
    *[GeneralizedCrossEntropy(q) for q in (0.01, 0.5, 0.7, 0.99)],
    *[SymmetricCrossEntropy(alpha, beta) for alpha, beta in ((0.1, 1.0), (6.0, 0.1), (1.0, 0.0))],
    *[BiTemperedLogistic(*t) for t in ((0.7, 1.3), (0.2, 2.0), (1.0, 1.4), (1.0, 1.0), (0.0, 1.0))],
    *[Expectile(level) for level in (0.5, 0.1, 0.999)],
]
POWERS = LogCosh | Barron | Focal | GeneralizedCrossEntropy | BiTemperedLogistic
DENSE = np.linspace(0.5, 2.0, 13).tolist()
ORDERS = (-300, -155, -77, -30, -16, -12, -9, -8, -7, -5, -3, -2, -1, 3, 4, 6, 8, 9, 12, 16, 30, 77)
ERRORS = [0.0, *DENSE, *[10.0**k for k in (*ORDERS, 100, 150, 153, 154)]]
ERRORS += [0.03, 0.25, 3.0, 5.0, 10.0, 19.0, 27.0, 31.6, 37.0, 38.5, 150.0, 300.0, 355.0, 700.0]
SCORES = [0.0, *DENSE, *[10.0**k for k in (-300, -100, -16, -8, -4, -2, -1)]]
SCORES += [3.0, 5.0, 8.0, 18.0, 20.0, 30.0, 37.0, 40.0, 100.0, 140.0, 300.0, 350.0, 400.0, 700.0]

every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def points(loss, dtype):
    """Targets and raw predictions of which every error or margin is exact."""
    sizes = np.array(ERRORS if loss.task == "regression" else SCORES)
    sizes = np.unique(sizes[sizes < float(np.finfo(dtype).max)].astype(dtype))
    f = np.concatenate([-sizes, sizes])
    if loss.task == "regression":
        return np.zeros_like(f), f
    return np.repeat(np.array([0, 1], dtype), f.size), np.tile(f, 2)


def outputs(loss, y, f):
    """What the kernels return: loss, gradient, Hessian and majorizer."""

    def run(*wanted):
        return evaluate(Computation(loss.formula, wanted, loss.parameters), Rows(y, f), f.dtype)

    gradient, hessian = run(GRADIENT, HESSIAN)
    _, majorizer = run(GRADIENT, MAJORIZER)
    return {LOSS: run(LOSS)[0], GRADIENT: gradient, HESSIAN: hessian, MAJORIZER: majorizer}


def tolerance(loss, dtype, f, true):
    """The relative error that is allowed. The power of an extreme number loses digits by itself: the relative error of
    exp(z) is that of z times z."""
    plain, power, far, orders = (
        (1e-13, 1e-12, 1e100, 200.0) if dtype == np.float64 else (3e-6, 1e-5, 1e6, 10.0)
    )
    if not isinstance(loss, POWERS):
        return plain
    return power if abs(f) > far or (true and abs(mp.log(abs(true))) > orders) else plain


@every_dtype
@every_loss
def test_formula_is_the_textbook(loss, dtype):
    y, f = points(loss, dtype)
    largest = float(np.finfo(dtype).max)
    underflow = 1e-308 if dtype == np.float64 else 1.2e-38
    for output, values in outputs(loss, y, f).items():
        assert values.dtype == dtype
        for target, score, value in zip(y.tolist(), f.tolist(), values.tolist(), strict=True):
            oracle = truth(loss, target, score)
            true = oracle[output]
            if abs(true) > largest:
                continue
            assert math.isfinite(value), (output, target, score, value, float(true))
            reference = abs(oracle.hessian_scale if output == HESSIAN else true)
            allowed = underflow + tolerance(loss, dtype, score, true) * reference
            wrong = abs(mp.mpf(value) - true)
            assert wrong <= allowed, (output, target, score, value, float(true))


@every_dtype
@every_loss
def test_nan_in_nan_out(loss, dtype):
    y = np.array([np.nan, 1.0, np.nan, 1.0], dtype)
    f = np.array([1.0, np.nan, np.nan, 1.0], dtype)
    for values in outputs(loss, y, f).values():
        np.testing.assert_array_equal(np.isnan(values), [True, True, True, False])


@pytest.mark.parametrize("loss", [x for x in LOSSES if isinstance(x, Logistic | Focal)], ids=repr)
def test_scores_to_the_end_of_the_range(loss):
    f = np.array([1e3, 1e9, 1e154, 1e300, 1.7e308])
    right, wrong = outputs(loss, np.ones(5), f), outputs(loss, np.ones(5), -f)
    slope = loss.parameters[2] if isinstance(loss, Focal) else 1.0  # the weight of label 1
    np.testing.assert_array_equal(right[LOSS], 0.0)
    np.testing.assert_array_equal(right[GRADIENT], 0.0)
    np.testing.assert_allclose(wrong[LOSS], slope * f, rtol=1e-15)
    np.testing.assert_allclose(wrong[GRADIENT], -slope, rtol=1e-15)
    for values in (right, wrong):
        np.testing.assert_array_equal(values[HESSIAN], 0.0)
        assert np.isfinite(values[MAJORIZER]).all()


@pytest.mark.parametrize("q", [0.01, 0.7, 0.99])
def test_a_label_that_is_impossible_pulls_no_more(q):
    f = -np.array([1e5, 1e9, 1e154, 1e300, 1.7e308])
    found = outputs(GeneralizedCrossEntropy(q), np.ones(5), f)
    np.testing.assert_allclose(found[LOSS], 1.0 / q, rtol=1e-12)
    np.testing.assert_array_equal(found[GRADIENT], 0.0)
    symmetric = outputs(SymmetricCrossEntropy(0.5, 0.25), np.ones(5), f)
    np.testing.assert_allclose(symmetric[LOSS], 1.0 - 0.5 * f, rtol=1e-15)
    np.testing.assert_allclose(symmetric[GRADIENT], -0.5, rtol=1e-15)


@every_loss
def test_one_formula_for_every_kind_of_number(loss):
    target = 1.0 if loss.task == "binary" else 0.0
    for f in (-1.5, 1e-6, 0.3, 1.0, 1.7, 25.0):
        oracle = truth(loss, target, f)
        with np.errstate(all="ignore"):
            number = loss.formula(target, f, *loss.parameters)
            array = loss.formula(np.full(2, target), np.full(2, f), *loss.parameters)
        with mp.workdps(40), np.errstate(all="ignore"):
            exact = loss.formula(mp.mpf(target), mp.mpf(f), *loss.parameters)
        for output in (LOSS, GRADIENT, HESSIAN, MAJORIZER):
            true = oracle[output]
            if abs(true) > 1e308:
                continue
            reference = abs(oracle.hessian_scale if output == HESSIAN else true)
            allowed = 1e-308 + tolerance(loss, np.float64, f, true) * reference
            for value in (number[output], *array[output], exact[output]):
                assert abs(mp.mpf(value) - true) <= allowed, (output, f, value)


@every_dtype
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_smoothed_pinball_is_the_convolution(quantile, dtype):
    width = 0.75
    error = np.array([0.0, 1e-6, 0.1, 0.3, 0.74, 0.76, 3.0, 1e6])
    error = np.concatenate([-error, error]).astype(dtype)
    found = [
        evaluate(
            Computation(pinball, outputs, (quantile, width)),
            Rows(np.zeros_like(error), error),
            dtype,
        )
        for outputs in ((LOSS,), (GRADIENT, HESSIAN), (GRADIENT, MAJORIZER))
    ]
    for i, e in enumerate(error.tolist()):
        ends = sorted({-width, width, min(max(e, -width), width)})

        def mean(function, e=e, ends=ends):
            return mp.quad(lambda u: function(e - u), ends) / (2 * width)

        loss = mean(lambda x: (1 - quantile) * x if x > 0 else -quantile * x)
        gradient = mean(lambda x: 1 - quantile if x > 0 else -quantile)
        rtol = 1e-13 if dtype == np.float64 else 1e-6
        assert found[0][0][i] == pytest.approx(float(loss), rel=rtol)
        assert found[1][0][i] == pytest.approx(float(gradient), rel=rtol, abs=rtol / 2)
        assert found[1][1][i] == (pytest.approx(0.5 / width) if abs(e) < width else 0.0)
        assert found[2][1][i] == pytest.approx(0.5 / max(abs(e), width))


@every_loss
def test_the_oracle_differentiates(loss):
    # Its jets are what the other tests rest on: mpmath's own numerical derivative says the same.
    definition = truth.__wrapped__  # at the digits that the derivative asks for
    for y, f in ((0.0, 0.31), (0.0, -1.7), (1.0, 2.9)):
        oracle = truth(loss, y, f)
        with mp.workdps(40):
            derivatives = [
                mp.diff(lambda x, y=y: definition(loss, y, x).loss, mp.mpf(f), n) for n in (1, 2)
            ]
        assert mp.almosteq(oracle.gradient, derivatives[0], 1e-12, 1e-12)
        assert mp.almosteq(oracle.hessian, derivatives[1], 1e-12, 1e-12)
