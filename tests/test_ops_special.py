"""The functions of Gamma and of the normal distribution, compiled, in NumPy and in torch, against mpmath."""

import math

import mpmath as mp
import numpy as np
import pytest
from ulps import error_in_ulps, run, spread

from boostloss.kernels.rows import JIT_DISABLED
from boostloss.ops import (
    digamma,
    inverse_mills,
    lgamma,
    log_ndtr,
    normal_excess,
    tetragamma,
    trigamma,
)

every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
NORMAL = log_ndtr, inverse_mills, normal_excess


def gammas(y, f):
    return lgamma(f), digamma(f), trigamma(f), tetragamma(f)


def normals(y, f):
    return log_ndtr(f), inverse_mills(f), normal_excess(f), f


@every_dtype
@pytest.mark.parametrize("compiled", [True, False])
def test_gammas_to_a_few_ulps(dtype, compiled):
    rng = np.random.default_rng(0)
    sizes = (1e-300, 1e300) if dtype == np.float64 else (1e-37, 1e36)
    x = np.concatenate([spread(*sizes, dtype), rng.uniform(0.01, 12.0, 600), [1, 2, 6.5, 8]])
    x = x.astype(dtype)
    values = run(gammas, x, compiled=compiled)
    assert values[0].dtype == dtype
    assert error_in_ulps(values[0], x, mp.loggamma, least=1.0) <= 3.0
    assert error_in_ulps(values[1], x, mp.digamma, least=1.0) <= 6.0
    assert error_in_ulps(values[2], x, lambda t: mp.psi(1, t)) <= 4.0
    assert error_in_ulps(values[3], x, lambda t: mp.psi(2, t)) <= 7.0
    # Beside its zeros, too, the logarithm keeps its digits.
    near = np.concatenate([z + rng.uniform(-0.3, 0.3, 200) for z in (1.0, 2.0)]).astype(dtype)
    assert error_in_ulps(run(gammas, near, compiled=compiled)[0], near, mp.loggamma) <= 8.0


def log_phi(x):
    return mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x))


def mills(x):
    return mp.npdf(x) / mp.ncdf(x)


@every_dtype
@pytest.mark.parametrize("compiled", [True, False])
def test_normal_distribution_to_a_few_ulps(dtype, compiled):
    rng = np.random.default_rng(0)
    x = np.concatenate([-(10.0 ** rng.uniform(-8, 9, 300)), rng.uniform(-12, 12, 600)])
    x = np.concatenate([x, rng.uniform(0, 37, 100), [-1e5, -1e4, -1e3, 0, 8]]).astype(dtype)
    values = run(normals, x, compiled=compiled)
    assert values[0].dtype == dtype
    more = 0.0 if compiled and not JIT_DISABLED else 3.0
    assert error_in_ulps(values[0], x, log_phi) <= 4.0 + more
    assert error_in_ulps(values[1], x, mills) <= 5.0 + more
    assert error_in_ulps(values[2], x, lambda t: t + mills(t)) <= 5.0 + more


@every_dtype
@pytest.mark.parametrize("compiled", [True, False])
def test_gammas_and_the_normal_distribution_at_the_ends(dtype, compiled):
    inf, nan = np.inf, np.nan
    x = np.array([0, inf, -0.5, -3.5, -inf, nan], dtype)
    for values, ends in zip(
        run(gammas, x, compiled=compiled),
        [[inf, inf], [-inf, inf], [inf, 0], [-inf, 0]],
        strict=True,
    ):
        np.testing.assert_array_equal(values, [*ends, nan, nan, nan, nan])
    x = np.array([-inf, inf, nan, -1e200 if dtype == np.float64 else -1e30], dtype)
    found = run(normals, x, compiled=compiled)
    np.testing.assert_array_equal(found[0], [-inf, 0, nan, -inf])
    np.testing.assert_array_equal(found[1], [inf, 0, nan, -x[3]])
    np.testing.assert_allclose(found[2], [0, inf, nan, -1 / x[3]], rtol=1e-6)


def test_gammas_and_the_normal_distribution_take_every_kind_of_number():
    functions = {lgamma: mp.loggamma, digamma: mp.digamma, trigamma: lambda x: mp.psi(1, x)}
    functions |= {tetragamma: lambda x: mp.psi(2, x), log_ndtr: log_phi, inverse_mills: mills}
    functions |= {normal_excess: lambda x: x + mills(x)}
    for operation, reference in functions.items():
        for x in (1e-9, 0.7, 5.0, 30.0, -0.7, -5.0, -1e4):
            if x < 0.0 and operation in list(functions)[:4]:
                assert all(math.isnan(operation(number)) for number in (x, mp.mpf(x)))
                continue
            with mp.workdps(60):
                true = float(reference(mp.mpf(x)))
            exact = operation(mp.mpf(x))
            assert isinstance(exact, mp.mpf)
            assert float(exact) == pytest.approx(true, rel=1e-15)
            assert float(operation(x)) == pytest.approx(true, rel=2e-15)
            np.testing.assert_allclose(operation(np.full(3, x)), true, rtol=2e-15)


@pytest.mark.torch
def test_gammas_and_the_normal_distribution_in_torch():
    torch = pytest.importorskip("torch")
    x = np.array([1e-3, 0.7, 1.0, 3.0, 40.0, -0.7, -1e4])
    for dtype in (torch.float64, torch.float32):
        rtol = 1e-12 if dtype == torch.float64 else 1e-4
        for operation in (lgamma, digamma, trigamma, tetragamma, *NORMAL):
            found = operation(torch.tensor(x, dtype=dtype))
            assert found.dtype == dtype
            atol = 0.0 if operation in NORMAL else 0.1 * rtol
            np.testing.assert_allclose(found.double(), operation(x), rtol, max(atol, 1e-45))
