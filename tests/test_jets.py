"""Second-order jets: every rule against mpmath, and what becomes of them in a formula."""

import mpmath as mp
import numpy as np
import pytest
from own_losses import own_barron, own_focal, own_huber, own_log_cosh, power_loss

import boostloss as bl
from boostloss import ops
from boostloss.autodiff.jets import Jet, first, second, value, variable
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, Computation, Rows, evaluate

FUNCTIONS = {
    "sqrt": (ops.sqrt, [1e-8, 0.3, 7.0, 1e9]),
    "exp": (ops.exp, [-30.0, -0.2, 0.5, 40.0]),
    "expm1": (ops.expm1, [-3.0, -1e-5, 1e-3, 4.0]),
    "exprel": (ops.exprel, [-40.0, -2.0, -0.99, -1e-3, 1e-6, 0.4, 0.999, 1.001, 5.0, 30.0]),
    "log": (ops.log, [1e-5, 0.9, 30.0]),
    "log1p": (ops.log1p, [-0.9, 1e-6, 3.0]),
    "log1p_square": (ops.log1p_square, [-7.0, -0.3, 1e-4, 0.999, 1.001, 1e5]),
    "tanh": (ops.tanh, [-20.0, -0.5, 1e-4, 2.0, 15.0]),
    "expit": (ops.expit, [-40.0, -0.5, 1e-4, 2.0, 40.0]),
    "softplus": (ops.softplus, [-40.0, -0.5, 1e-4, 2.0, 40.0]),
    "arctan": (ops.arctan, [-20.0, -0.5, 1e-4, 2.0, 1e6]),
    "lgamma": (ops.lgamma, [1e-5, 0.7, 1.0, 2.0, 6.4, 7.9, 1e5]),
    "digamma": (ops.digamma, [1e-5, 0.7, 1.5, 7.9, 8.1, 1e5]),
    "log_ndtr": (ops.log_ndtr, [-1e4, -30.0, -2.0, -1e-3, 0.0, 0.4, 8.0, 30.0]),
    "power": (lambda x: ops.power(x, 2.5), [1e-3, 0.7, 9.0]),
    "negative power": (lambda x: x**-1.25, [1e-3, 0.7, 9.0]),
    "power of a number": (lambda x: 1.7**x, [-3.0, 0.1, 8.0]),
    "power of itself": (lambda x: x**x, [0.2, 1.0, 3.0]),
    "quotient": (lambda x: (1.0 + x * x) / (3.0 - x), [-4.0, 0.1, 2.9]),
    "quotient by a number": (lambda x: x * x / 7.0 - 2.0, [-4.0, 0.1]),
    "logaddexp": (lambda x: ops.logaddexp(x * x, 2.0 - x), [-4.0, 0.9, 3.0]),
    "abs": (lambda x: abs(x) * abs(1.0 - x), [-4.0, 0.3, 3.0]),
    "clip": (lambda x: ops.clip(x * x, 0.25, 4.0), [0.1, 1.0, 3.0]),
    "where": (lambda x: ops.where(x < 1.0, x * x, ops.exp(-x)), [0.5, 2.0]),
    "sign": (lambda x: ops.sign(x) * x * x, [-2.0, 3.0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_are_those_of_mpmath(name):
    function, points = FUNCTIONS[name]
    with mp.workdps(60):
        for x in points:
            exact = function(variable(mp.mpf(x)))
            assert mp.almosteq(value(exact), function(mp.mpf(x)), 1e-50)
            for order, member in ((1, first(exact) or 0), (2, second(exact) or 0)):
                assert mp.almosteq(member, mp.diff(function, mp.mpf(x), order), 1e-15, 1e-25), x
    found = function(variable(np.array(points)))
    for i, x in enumerate(points):
        with mp.workdps(60):
            exact = function(variable(mp.mpf(x)))
        for member, array in (
            (value(exact), value(found)),
            (first(exact), first(found)),
            (second(exact), second(found)),
        ):
            if member is not None:
                assert np.broadcast_to(array, len(points))[i] == pytest.approx(
                    float(member), rel=1e-13
                )


def test_an_arm_that_is_not_taken_does_no_harm():
    x = variable(np.array([0.0, -4.0, 2.0]))
    with np.errstate(all="ignore"):
        found = ops.where(value(x) > 0.0, ops.log(x), x * x)
    np.testing.assert_array_equal(found.value, [0.0, 16.0, np.log(2.0)])
    np.testing.assert_array_equal(found.first, [0.0, -8.0, 0.5])
    np.testing.assert_array_equal(found.second, [2.0, 2.0, -0.25])


def test_a_derivative_that_is_zero_by_structure_meets_no_infinity():
    x = variable(np.array([np.inf]))
    assert (3.0 * x + 1.0).second is None
    np.testing.assert_array_equal((3.0 * x).first, 3.0)


@pytest.mark.parametrize("scale", [1.0, -1.0, 0.5])
def test_corners_have_the_derivatives_of_the_right_side(scale):
    x = variable(np.array([-1.0, 0.0, 1.0])) * scale
    slopes = [-abs(scale), abs(scale), abs(scale)]
    np.testing.assert_array_equal(abs(x).first, slopes)
    np.testing.assert_array_equal(ops.maximum(x, -x).first, slopes)
    np.testing.assert_array_equal(ops.minimum(x, -x).first, [-s for s in slopes])
    np.testing.assert_array_equal((abs(x) * abs(x)).second, 2.0 * scale**2)
    # softplus by its parts has no corner at 0, and must not get one.
    parts = ops.maximum(x, 0.0) + ops.log1p(ops.exp(-abs(x)))
    np.testing.assert_allclose(parts.first, ops.softplus(x).first, rtol=1e-15)
    np.testing.assert_allclose(parts.second, ops.softplus(x).second, rtol=1e-15)


def test_powers_at_zero():
    x = variable(np.array([0.0, 0.0]))
    with np.errstate(all="ignore"):
        for p, slope, bend in (
            (2.0, 0, 2),
            (3.0, 0, 0),
            (1.0, 1, 0),
            (1.5, 0, np.inf),
            (0.0, 0, 0),
        ):
            for exponent in (p, np.full(2, p)):
                found = ops.power(x, exponent)
                np.testing.assert_array_equal(found.first, [slope] * 2)
                np.testing.assert_array_equal(found.second, [bend] * 2)


def test_jets_compare_by_their_values():
    x = Jet(2.0, 1.0)
    assert x > 1.0
    assert x >= 2.0
    assert x <= Jet(2.0)
    assert x < 3.0
    assert x == 2.0
    assert x != 1.0


HAND_WRITTEN = [
    (own_huber(2.0), bl.Huber(2.0)),
    (own_log_cosh(0.3), bl.LogCosh(0.3)),
    (own_barron(1.5, 2.0), bl.Barron(1.5, 2.0)),
    (own_barron(0.0, 2.0), bl.Barron(0.0, 2.0)),
    (own_focal(2.0), bl.Focal(2.0)),
    (own_focal(0.7), bl.Focal(0.7)),
]


@pytest.mark.parametrize(("own", "hand"), HAND_WRITTEN, ids=lambda x: repr(x))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_alone_give_the_formulas_that_were_written_by_hand(own, hand, dtype):
    x = np.concatenate([10.0 ** np.linspace(-4, 2.5, 40), [0.0]]).astype(dtype)
    f = np.concatenate([-x, x])
    y = np.ones_like(f) if hand.task == "binary" else np.zeros_like(f)
    rtol = 1e-12 if dtype == np.float64 else 2e-5
    for pair in ((LOSS, GRADIENT), (GRADIENT, HESSIAN)):
        columns = [
            evaluate(Computation(loss.formula, pair, loss.parameters), Rows(y, f), dtype)
            for loss in (own, hand)
        ]
        for output, found, expected in zip(pair, *columns, strict=True):
            if own.kind == "error" and isinstance(own, own_barron) and output == LOSS:
                np.testing.assert_allclose(
                    found, expected, rtol=rtol, atol=1e3 * np.finfo(dtype).eps
                )
                continue
            # Where a Hessian passes through 0 its terms cancel.
            atol = rtol * 0.1 if output == HESSIAN else 0.0
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def test_nan_in_nan_out():
    f = np.array([np.nan, 1.0, np.nan, 1.0])
    y = np.array([1.0, np.nan, np.nan, 1.0])
    for loss in (own_huber(), power_loss(1.0)):
        for column in (loss.loss(y, f), *loss.gradient_hessian(y, f)):
            np.testing.assert_array_equal(np.isnan(column), [True, True, True, False])
