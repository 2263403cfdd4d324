"""The derivative of Barron's loss in its shape against the textbook in mpmath."""

import math

import mpmath as mp
import numba
import numpy as np
import pytest
from test_accuracy import ERRORS

from boostloss.formulas.barron import barron_alpha
from boostloss.kernels.numba_ops import INLINE
from boostloss.kernels.rows import JIT_DISABLED

ALPHAS = (-1000.0, -30.0, -2.0, -0.5, -1e-9, 0.0, 1e-12, 1e-3, 0.1, 0.5, 1.0, 1.5, 1.9, 2.0 - 1e-4)
ALPHAS += (2.0 - 1e-9, 2.0, 2.0 + 1e-9, 2.01, 3.0, 10.0, 1000.0)
SIZES = [*ERRORS, *np.geomspace(0.02, 1e3, 40).tolist()]


def textbook(error, alpha):
    """Equation 8 differentiated in alpha, which stands in b too; at 2, infinite, that of the number below 2."""
    if alpha == 2.0:
        alpha = 2.0 - 2.0**-52
    e, a = mp.mpf(error), mp.mpf(alpha)
    with mp.workdps(90 + 6 * int(abs(math.log10(error)))):
        b, side = abs(a - 2), mp.sign(a - 2)
        u = 1 + e * e / b
        log_u = mp.log(u)
        if alpha == 0.0:
            ratio, slope = log_u / 2, log_u**2 / 8  # of (u^(alpha/2) - 1) / alpha
        else:
            power = u ** (a / 2)
            ratio = (power - 1) / a
            slope = (power * log_u / 2 - ratio) / a
        return side * ratio + b * slope - side * u ** (a / 2 - 1) * e * e / (2 * b)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_is_the_textbook(alpha):
    sizes = np.unique(SIZES)[1:]
    with np.errstate(all="ignore"):
        found = barron_alpha(0.0, np.concatenate([sizes, -sizes]), alpha, 1.0)
    np.testing.assert_array_equal(found[: sizes.size], found[sizes.size :])
    for error, value in zip(sizes.tolist(), found.tolist(), strict=False):
        true = textbook(error, alpha)
        if true > np.finfo(float).max:
            assert value == math.inf
        else:
            assert abs(value - true) <= 1e-308 + 1e-13 * true, (error, value, float(true))


def test_the_textbook_differentiates():
    def loss(alpha):
        x = mp.mpf(1.7)
        b = abs(alpha - 2)
        return b / alpha * ((1 + x * x / b) ** (alpha / 2) - 1)

    for alpha in (-3.0, 0.5, 1.7, 2.5):
        with mp.workdps(40):
            assert mp.almosteq(textbook(1.7, alpha), mp.diff(loss, mp.mpf(alpha)), 1e-15)


def test_scale_and_target():
    e = np.array([-3.0, 0.2, 0.7, 40.0])
    expected = barron_alpha(0.0, e, 0.7, 1.0)
    np.testing.assert_allclose(barron_alpha(8.0, 8.0 + 4.0 * e, 0.7, 4.0), expected, rtol=1e-14)


def test_one_formula_for_every_kind_of_number():
    alphas = np.array([-2.0, 0.0, 1.0, 2.0, 3.0, np.inf, -np.inf])
    errors = np.array([0.0, 1e-3, 0.5, 3.0, 7.0])
    with np.errstate(all="ignore"):
        table = barron_alpha(0.0, errors[:, None], alphas, 1.0)
    assert np.isfinite(table).all()
    np.testing.assert_array_equal(table[:, -2:], 0.0)
    np.testing.assert_array_equal(table[0], 0.0)
    for row, error in zip(table, errors.tolist(), strict=True):
        for value, alpha in zip(row.tolist(), alphas.tolist(), strict=True):
            with np.errstate(all="ignore"), mp.workdps(30):
                number = barron_alpha(0.0, error, alpha, 1.0)
                exact = barron_alpha(mp.mpf(0), mp.mpf(error), mp.mpf(alpha), mp.mpf(1))
            assert number == pytest.approx(value, rel=1e-14)
            assert float(exact) == pytest.approx(value, rel=1e-14)


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_compiled(dtype):
    from boostloss.kernels.float32 import unwrap, wrap

    formula = numba.extending.register_jitable(**INLINE)(barron_alpha)

    @numba.njit(**INLINE)
    def loop(error, alpha, result):
        for i in range(error.size):
            e = wrap(error[i], error[i])
            result[i] = unwrap(formula(0.0 * e, e, alpha, 1.0))

    sizes = np.geomspace(1e-3, 1e9, 200).astype(dtype)
    found = np.empty_like(sizes)
    for alpha in (-2.0, 0.0, 1.0, 1.5, 2.0, 3.0):
        loop(sizes, alpha, found)
        with np.errstate(all="ignore"):
            expected = barron_alpha(0.0, sizes.astype(float), alpha, 1.0)
        np.testing.assert_allclose(found, expected, rtol=1e-13 if dtype == np.float64 else 1e-5)


def test_nan_in_nan_out():
    assert math.isnan(barron_alpha(0.0, math.nan, 1.0, 1.0))
    assert math.isnan(barron_alpha(math.nan, 0.0, 0.0, 1.0))
