"""Tails of distributions by quadrature, beside mpmath's special functions."""

import mpmath
import numpy as np
import pytest

from boostloss import ops
from boostloss.formulas.gamma import log_constant
from boostloss.formulas.log_partition import log_partition
from boostloss.formulas.student_t import HALF_LOG_PI
from boostloss.formulas.tails import LEAST_DF, barron_tail, count_tail, gamma_tail, student_tail

DIGITS = (
    1e-11  # of the logarithm of a probability, or of its derivative, where the shape is not extreme
)


def close(found, expected, error):
    """Within an error of numbers below 1, and a relative one of larger ones."""
    expected = float(expected)
    return float(np.ravel(found)[0]) == pytest.approx(expected, rel=error, abs=error)


def slope(function, x):
    with mpmath.workdps(30):
        return mpmath.diff(function, mpmath.mpf(x))


@pytest.mark.parametrize("df", [LEAST_DF, 0.5, 1.0, 4.0, 30.0, 1e4])
def test_student(df):
    # The constant has no more digits at 1e4 degrees of freedom.
    error = DIGITS if 1.0 <= df <= 30.0 else 2e-7
    constant = ops.lgamma(0.5 * df) - ops.lgamma(0.5 * df + 0.5) + HALF_LOG_PI + 0.5 * np.log(df)
    for z in (0.0, 1e-3, 0.3, 1.0, 3.0, 30.0, 1e4):

        def expected(df, z=z):
            share = df / (df + mpmath.mpf(z) ** 2)
            return mpmath.log(mpmath.betainc(df / 2, 0.5, 0, share, regularized=True) / 2)

        value, by_df = student_tail(np.array([-z]), np.array([df]), constant)
        assert close(value, expected(mpmath.mpf(df)), error)
        assert close(by_df, slope(expected, df), error)


@pytest.mark.parametrize("shape", [0.05, 0.3, 1.0, 5.0, 100.0, 1e4])
def test_gamma(shape):
    error = DIGITS if shape >= 0.3 else 1e-7
    for w in (-6.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0):

        def expected(a, w=w):
            x = a * mpmath.exp(w)
            ends = (0, x) if w < 0.0 else (x, mpmath.inf)
            return mpmath.log(mpmath.gammainc(a, *ends, regularized=True))

        constant = log_constant(np.array([shape]), np.log([shape]))
        value, by_shape = gamma_tail(np.array([w]), np.array([shape]), constant)
        assert close(value, expected(mpmath.mpf(shape)), error)
        assert close(by_shape, slope(expected, shape), error)


@pytest.mark.parametrize("r", [0.05, 0.5, 3.0, 100.0, 1e4])
@pytest.mark.parametrize("k", [1.0, 4.0, 200.0])
def test_counts(r, k):
    error = DIGITS if r >= 0.5 else 1e-8
    for distance in (-4.0, -0.5, -0.01, 0.01, 0.5, 4.0):
        v = np.log(k / r) + distance

        def expected(v, r, below=distance > 0.0):
            p = 1 / (1 + mpmath.exp(-v))
            if below:
                return mpmath.log(mpmath.betainc(r, k, 0, 1 - p, regularized=True))
            return mpmath.log(mpmath.betainc(k, r, 0, p, regularized=True))

        below, value, by_v, by_r = count_tail(*(np.array([x]) for x in (k, v, r)))
        assert below == (distance > 0.0)
        assert close(value, expected(mpmath.mpf(v), mpmath.mpf(r)), error)
        assert close(by_v, slope(lambda x: expected(x, mpmath.mpf(r)), v), error)
        assert close(by_r, slope(lambda x, v=v: expected(mpmath.mpf(v), x), r), error)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.5, 1.0, 1.5, 1.99, 2.0])
def test_barron(alpha):
    error = DIGITS if alpha >= 0.5 else 2e-9
    log_z = float(log_partition(alpha)[0])
    a, b = mpmath.mpf(alpha), max(2 - mpmath.mpf(alpha), mpmath.mpf(2) ** -52)

    def rho(x):
        return mpmath.log1p(x**2 / 2) if alpha == 0.0 else b / a * ((1 + x**2 / b) ** (a / 2) - 1)

    for x in (0.0, 1e-3, 0.3, 1.0, 3.0, 30.0):
        begin = mpmath.asinh(x)
        steps = [begin + t for t in (0, 0.05, 0.2, 0.6, 1, 2, 3, 5, 10, 20, 80)]
        mass = mpmath.quad(
            lambda v, x=x: mpmath.exp(rho(mpmath.mpf(x)) - rho(mpmath.sinh(v))) * mpmath.cosh(v),
            steps,
        )
        value, _ = barron_tail(np.array([x]), alpha, log_z, 0.0)
        assert close(value, mpmath.log(mass) - rho(mpmath.mpf(x)) - log_z, error)


def test_cauchy_is_barron_at_0_and_student_at_1():
    x = np.array([0.0, 0.5, 3.0, 1e3, 1e6])
    expected = np.log(np.arctan2(1.0, x) / np.pi)
    np.testing.assert_allclose(student_tail(x, 1.0, np.log(np.pi))[0], expected, rtol=1e-11)
    log_z = float(log_partition(0.0)[0])
    scaled = np.sqrt(2.0) * x
    np.testing.assert_allclose(barron_tail(scaled, 0.0, log_z, 0.0)[0], expected, rtol=2e-9)
