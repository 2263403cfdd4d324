"""log Z(alpha) against the integral of its definition, by another quadrature than the one that made its table."""

import math

import mpmath as mp
import numba
import numpy as np
import pytest
from test_barron_alpha import textbook

from boostloss.formulas.log_partition import PIECES, TABLE, log_partition
from boostloss.kernels.numba_ops import INLINE
from boostloss.kernels.rows import JIT_DISABLED
from tools.log_partition import DIGITS, row

ALPHAS = [
    0.0,
    1e-12,
    1e-6,
    1e-3,
    0.01,
    0.1,
    0.4,
    0.77,
    1.0,
    1.3,
    1.7,
    1.95,
    1.999,
    2.0 - 1e-6,
    2.0 - 1e-12,
]
ALPHAS += [2.0, 2.0 + 1e-9, 2.001, 2.1, 2.7, 4.0, 9.5, 30.0, 1e3, 1e6, math.inf]


def loss(x, alpha):
    if mp.isinf(alpha):
        return mp.expm1(x * x / 2)
    b = abs(alpha - 2)
    if b == 0:
        return x * x / 2
    log_u = mp.log1p(x * x / b)
    return b / alpha * mp.expm1(alpha / 2 * log_u) if alpha else log_u


def integral(f, alpha):
    """Over the line, of an even function, which bends at sqrt(b), near 1, and slowly far out."""
    bend = mp.sqrt(min(abs(mp.mpf(alpha) - 2), 0.25))
    points = [0, bend, *([mp.sqrt(bend), 0.5] if 0 < bend < 0.1 else []), 1, 2, 4, 10, 30]
    return 2 * mp.quad(
        f, sorted(set(points)) + ([mp.inf] if alpha < 1 else [300] if alpha < 2 else [])
    )


@pytest.mark.parametrize("alpha", ALPHAS)
def test_is_the_integral(alpha):
    found, slope = log_partition(alpha)
    with mp.workdps(25):
        a = mp.mpf(alpha)
        z = integral(lambda x: mp.exp(-loss(x, a)), alpha)
    assert abs(found - mp.log(z)) < 1e-14
    if mp.isinf(a):
        assert slope == 0.0
        return
    with mp.workdps(25):
        mean = integral(lambda x: mp.exp(-loss(x, a)) * textbook(x, alpha) if x else 0, alpha) / z
    assert slope == pytest.approx(float(-mean), rel=1e-11)


def test_known_values():
    known = {0.0: mp.log(mp.pi * mp.sqrt(2)), 1.0: mp.log(2 * mp.e * mp.besselk(1, 1))}
    known[2.0] = mp.log(2 * mp.pi) / 2
    for alpha, value in known.items():
        assert abs(log_partition(alpha)[0] - value) < 5e-15


def test_value_and_derivative_agree_between_the_pieces():
    alpha = np.concatenate([np.geomspace(1e-9, 1.9, 4000), 2.0 - np.geomspace(0.1, 1e-9, 4000)])
    alpha = np.concatenate([alpha, 4.0 - alpha, 4.0 + np.geomspace(1e-9, 1e6, 4000)])
    step = 1e-5 * np.minimum(abs(alpha - 2.0), alpha)
    value, slope = log_partition(alpha)
    ahead, behind = log_partition(alpha + step)[0], log_partition(alpha - step)[0]
    assert np.all(slope < 0.0)
    rounding = 1e-15 / step
    assert np.all(abs((ahead - behind) / (2.0 * step) - slope) < 3 * rounding + 1e-8 * abs(slope))
    order = np.argsort(alpha)
    assert np.all(np.diff(value[order]) <= 5e-16)


def test_every_kind_of_number():
    alphas = np.array([[0.0, 0.3, 1.0, 1.999], [2.0, 2.5, 1e3, np.inf]])
    table = np.array(log_partition(alphas))
    assert table.shape == (2, 2, 4)
    for place, alpha in np.ndenumerate(alphas):
        expected = pytest.approx(table[:, *place], rel=1e-15, abs=1e-300)
        assert np.array(log_partition(float(alpha))) == expected
        assert np.array(log_partition(np.array(alpha))) == expected
        with mp.workdps(30):
            assert np.array(log_partition(mp.mpf(alpha)), float) == pytest.approx(
                table[:, *place], rel=1e-13
            )
    single = np.array(log_partition(alphas.astype(np.float32)))
    np.testing.assert_allclose(single[0], table[0], rtol=1e-6)


def test_nan_in_nan_out():
    assert np.isnan(log_partition(math.nan)).all()
    assert np.isnan(log_partition(np.array([1.0, math.nan]))).tolist() == [[False, True]] * 2


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_compiled():
    formula = numba.extending.register_jitable(**INLINE)(log_partition)
    compiled = numba.njit(lambda alpha: formula(alpha))
    for alpha in (0.0, 0.3, 1.0, 1.999, 2.0, 2.5, 1e3, math.inf):
        assert compiled(alpha) == pytest.approx(log_partition(alpha), rel=1e-14)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tensors(dtype):
    torch = pytest.importorskip("torch")
    alphas = torch.tensor([0.0, 0.3, 1.0, 1.999, 2.5, 1e3, math.inf], dtype=getattr(torch, dtype))
    found = log_partition(alphas)
    expected = log_partition(alphas.numpy().astype(float))
    for ours, exact in zip(found, expected, strict=True):
        assert ours.dtype == alphas.dtype
        np.testing.assert_allclose(ours, exact, rtol=1e-14 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("piece", [0, PIECES - 1, 2 * PIECES - 1])
def test_the_table_is_what_its_tool_writes(piece):
    assert len(TABLE) == 2 * PIECES
    with mp.workdps(DIGITS):
        np.testing.assert_allclose(TABLE[piece], row(piece), rtol=1e-9)
