"""Each operation that formulas are written with, compiled and in NumPy, against mpmath."""

import mpmath as mp
import numpy as np
import pytest
from ulps import error_in_ulps, run, spread

from boostloss.ops import (
    arctan,
    clip,
    constant,
    exp,
    expit,
    expm1,
    exprel,
    log,
    log1p,
    log1p_square,
    logaddexp,
    maximum,
    minimum,
    power,
    sign,
    softplus,
    sqrt,
    tanh,
    where,
)

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


# Operations in the place of a formula's four outputs, which is how they are compiled.
def exponentials(y, f):
    return exp(f), expm1(f), exprel(f), sqrt(f)


def logarithms(y, f):
    return log(f), log1p(f), log1p_square(f), abs(f)


def choices(y, f):
    return where(f > y, f, 0.1), minimum(f, 0.1), maximum(f, 0.1), constant(0.1, f)


def sigmoids(y, f):
    return tanh(f), expit(f), softplus(f), arctan(f)


def powers(y, f):
    return power(f, y), power(f, 1.5), logaddexp(f, y), sign(clip(f, -y, y))


def log1p_of_square(x):
    return mp.log1p(x * x)


def mean_slope(x):
    return mp.expm1(x) / x if x else mp.mpf(1)


@every_dtype
def test_exponentials_to_a_few_ulps(dtype):
    largest = 700.0 if dtype == np.float64 else 87.0
    x = spread(1e-300 if dtype == np.float64 else 1e-37, largest, dtype)
    x = np.concatenate([-x, x])
    values = run(exponentials, x)
    assert error_in_ulps(values[0], x, mp.exp) <= 2.0
    assert error_in_ulps(values[1], x, mp.expm1) <= 2.0
    assert error_in_ulps(values[2], x, mean_slope) <= 3.0
    positive = x > 0.0
    assert error_in_ulps(values[3][positive], x[positive], mp.sqrt) <= 0.5


@every_dtype
def test_logarithms_to_a_few_ulps(dtype):
    information = np.finfo(dtype)
    x = spread(float(information.tiny), float(information.max), dtype)
    values = run(logarithms, x)
    assert error_in_ulps(values[0], x, mp.log) <= 3.0
    assert error_in_ulps(values[1], x, mp.log1p) <= 2.0
    assert error_in_ulps(values[2], x, log1p_of_square) <= 2.0
    np.testing.assert_array_equal(run(logarithms, -x)[2:], values[2:])
    x = -spread(1e-30, 1.0 - 1e-6, dtype)
    assert error_in_ulps(run(logarithms, x)[1], x, mp.log1p) <= 2.0


@every_dtype
def test_sigmoids_to_a_few_ulps(dtype):
    largest = 700.0 if dtype == np.float64 else 87.0
    x = spread(1e-300 if dtype == np.float64 else 1e-37, largest, dtype)
    x = np.concatenate([-x, x])
    references = mp.tanh, lambda t: 1 / (1 + mp.exp(-t)), lambda t: mp.log1p(mp.exp(t)), mp.atan
    for values, reference in zip(run(sigmoids, x), references, strict=True):
        assert error_in_ulps(values, x, reference) <= 3.0
    values = run(sigmoids, np.array([np.inf, -np.inf, np.nan], dtype))
    expected = [[1, -1], [1, 0], [np.inf, 0], [np.pi / 2, -np.pi / 2]]
    for found, ends in zip(values, expected, strict=True):
        np.testing.assert_allclose(found, [*ends, np.nan], rtol=1e-6)


@every_dtype
@pytest.mark.parametrize("p", [1.0, 0.3, -0.5, 2.5, 17.0, -33.25, 1000.0])
def test_powers_to_a_few_ulps(dtype, p):
    orders = (300 if dtype == np.float64 else 36) / max(abs(p), 1.0)
    x = (10.0 ** np.random.default_rng(0).uniform(-orders, orders, 400)).astype(dtype)
    values = run(powers, x, np.full_like(x, p))[0]
    exponent = mp.mpf(float(dtype(p)))
    assert error_in_ulps(values, x, lambda t: t**exponent) <= max(3.0, abs(p) / 50.0)


@every_dtype
def test_powers_of_any_number(dtype):
    x = np.array([0, 0, 0, np.inf, np.inf, -2, -2, -2, 3, np.nan, 1e-310, -1.5], dtype)
    p = np.array([2, -1, 0, 0.5, -1, 3, 2, 0.5, 0, 1, 0.5, -3], dtype)
    with np.errstate(all="ignore"):
        expected = np.power(x, p)
    if dtype == np.float32:
        expected[10] = 0.0  # of a float32 too small to be normal
    np.testing.assert_allclose(run(powers, x, p)[0], expected, rtol=1e-6)


@every_dtype
def test_sums_of_exponentials_and_signs(dtype):
    x = np.array([-500.0, -2.0, 0.0, 0.5, 3.0, 1e30, np.nan], dtype)
    y = np.full_like(x, 1.0)
    _, _, sums, signs = run(powers, x, y)
    expected = [*np.logaddexp(x[:-1], y[:-1]), np.nan]
    np.testing.assert_allclose(sums, expected, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(signs, [-1, -1, 0, 1, 1, 1, np.nan])


@every_dtype
def test_logarithm_beyond_its_domain(dtype):
    x = np.array([-1.0, -1.5, -np.inf], dtype)
    np.testing.assert_array_equal(run(logarithms, x)[1], [-np.inf, np.nan, np.nan])


@every_dtype
def test_special_values(dtype):
    information = np.finfo(dtype)
    least, largest = float(information.smallest_subnormal), float(information.max)
    log_largest = float(np.log(largest))
    x = np.array([0.0, least, -least, np.inf, -np.inf, np.nan, 1.01 * log_largest, -745.2], dtype)
    exp_, expm1_, exprel_, sqrt_ = run(exponentials, x)
    np.testing.assert_array_equal(exp_, [1, 1, 1, np.inf, 0, np.nan, np.inf, 0])
    expected = [0, least, -least, np.inf, -1, np.nan, np.inf, -1]
    np.testing.assert_allclose(expm1_, expected, rtol=0, atol=least)
    np.testing.assert_array_equal(exprel_[[0, 1, 2, 4, 5]], [1, 1, 1, 0, np.nan])
    np.testing.assert_array_equal(sqrt_[[0, 2, 3, 4, 5]], [0, np.nan, np.inf, np.nan, np.nan])

    x = np.array([0.0, -0.0, -1.0, np.inf, -np.inf, np.nan, least, largest], dtype)
    log_, log1p_, log1p_square_, abs_ = run(logarithms, x)
    expected = [-np.inf, -np.inf, np.nan, np.inf, np.nan, np.nan, np.log(least), log_largest]
    np.testing.assert_allclose(log_, expected, rtol=4 * information.eps)
    expected = [0, 0, np.inf, np.nan, least, log_largest]
    np.testing.assert_allclose(
        log1p_[[0, 1, 3, 5, 6, 7]], expected, rtol=4 * information.eps, atol=least
    )
    expected = [0, 0, np.nan, 0, 2 * log_largest]
    np.testing.assert_allclose(log1p_square_[[0, 1, 5, 6, 7]], expected, rtol=4 * information.eps)
    np.testing.assert_array_equal(abs_, np.abs(x))


@every_dtype
def test_exp_is_gradual_down_to_the_normal_numbers(dtype):
    tiny = float(np.finfo(dtype).tiny)
    x = np.linspace(1.01 * np.log(tiny), 0.98 * np.log(tiny), 500).astype(dtype)
    values = run(exponentials, x)[0].astype(float)
    true = np.exp(x.astype(float))
    # Where the result, or half of it, would be subnormal, it may be 0.
    lost = values == 0.0
    assert (true[lost] < 1.6 * tiny).all()
    np.testing.assert_allclose(values[~lost], true[~lost], rtol=4 * np.finfo(dtype).eps)


@every_dtype
def test_choices(dtype):
    x = np.array([-1.0, 0.0, 0.05, 0.2, np.inf, -np.inf, np.nan], dtype)
    y = np.array([-2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], dtype)
    bound = dtype(0.1)
    chosen, low, high, constants = run(choices, x, y)
    np.testing.assert_array_equal(chosen, np.where(x > y, x, bound))
    np.testing.assert_array_equal(low, [-1, 0, dtype(0.05), bound, bound, -np.inf, np.nan])
    np.testing.assert_array_equal(high, [bound, bound, bound, dtype(0.2), np.inf, bound, np.nan])
    np.testing.assert_array_equal(constants, [*[bound] * 6, np.nan])


def test_operations_take_every_kind_of_number():
    functions = {exp: mp.exp, expm1: mp.expm1, exprel: mean_slope, sqrt: mp.sqrt}
    functions |= {log: mp.log, log1p: mp.log1p, log1p_square: log1p_of_square}
    functions |= {tanh: mp.tanh, arctan: mp.atan, softplus: lambda x: mp.log1p(mp.exp(x))}
    functions |= {expit: lambda x: 1 / (1 + mp.exp(-x))}
    functions |= {lambda x: power(x, 1.5): lambda x: x**1.5}
    functions |= {lambda x: logaddexp(x, 0.0): lambda x: mp.log(mp.exp(x) + 1)}
    for operation, reference in functions.items():
        for x in (1e-9, 0.7, 3e9 if operation in (log, log1p_square) else 30.0):
            true = reference(mp.mpf(x))
            with mp.workdps(30):
                exact = operation(mp.mpf(x))
            assert isinstance(exact, mp.mpf)
            assert float(exact) == pytest.approx(float(true), rel=1e-15)
            assert float(operation(x)) == pytest.approx(float(true), rel=1e-15)
            np.testing.assert_allclose(operation(np.full(3, x)), float(true), rtol=1e-15)
            single = operation(np.full(3, x, np.float32))
            assert single.dtype == np.float32
            np.testing.assert_allclose(single, float(true), rtol=1e-6)
    for operation in (minimum, maximum):
        assert operation(mp.mpf(2), 3.0) == (2 if operation is minimum else 3)
        assert operation(2.0, 3.0) == (2 if operation is minimum else 3)
    assert where(True, 1.0, 2.0) == 1.0
    assert constant(4.0, mp.mpf(1)) == 4.0
