"""Gradients and curvatures of every loss, links, and independent implementations."""

import math

import numpy as np
import pytest
from cases import BOUNDED, EXAMPLES, LOCATION, STEEP, all_outputs, every_loss, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn._loss import loss as sklearn_loss

from boostloss import (
    Asymmetric,
    Cauchy,
    Charbonnier,
    Focal,
    Hinge,
    Huber,
    Linex,
    Logistic,
    ModifiedHuber,
    Quantile,
    SquaredError,
    SquaredHinge,
)
from boostloss.boosting.gradients import boosting_step, curvature_scale
from boostloss.boosting.objective import boosting_gradients
from boostloss.kernels.rows import GRADIENT, LOSS, MAJORIZER, Computation, Rows, evaluate
from boostloss.losses.counts import Mean


@every_loss
def test_gradient_is_the_slope(loss):
    y, f = rows(loss)
    f = np.where(np.abs(f - y) < 1e-3, y + 1e-3, f)  # away from the quantile's kink
    h = 1e-6
    slope = (loss.loss(y, f + h) - loss.loss(y, f - h)) / (2 * h)
    gradient, _ = loss.gradient_hessian(y, f)
    np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=1e-7 * np.abs(gradient).max())


@every_loss
def test_exact_curvature_is_the_slope_of_the_gradient(loss):
    y, f = rows(loss)
    kink = getattr(loss, "delta", 0.0)
    f = np.where(np.abs(np.abs(f - y) - kink) < 1e-3, y + kink + 1e-3, f)
    h = 1e-6
    above, below = loss.gradient_hessian(y, f + h)[0], loss.gradient_hessian(y, f - h)[0]
    slope = (above - below) / (2 * h)
    _, hessian = loss.gradient_hessian(y, f, curvature="exact")
    np.testing.assert_allclose(hessian, slope, rtol=1e-6, atol=1e-7 * np.abs(hessian).max() + 1e-9)


SYMMETRIC = [x for x in EXAMPLES if not isinstance(x, Asymmetric | Linex) and x.link_name != "log"]


@pytest.mark.parametrize("loss", SYMMETRIC + STEEP, ids=repr)
def test_symmetric_where_it_should_be(loss):
    y, f = rows(loss)
    mirror = Quantile(1.0 - loss.quantile) if isinstance(loss, Quantile) else loss
    target, score, swapped = np.zeros_like(f), f, np.zeros_like(f)
    if loss.task == "binary" or loss.link_name == "logit":
        target, swapped = y, 1.0 - y
        if isinstance(loss, Focal) and loss.alpha is not None:
            mirror = Focal(loss.gamma, 1.0 - loss.alpha)
    left, right = all_outputs(loss, target, score), all_outputs(mirror, swapped, -score)
    np.testing.assert_allclose(left[0], right[0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(left[1], -right[1], rtol=1e-12, atol=1e-15)
    for i in (2, 3):
        np.testing.assert_allclose(left[i], right[i], rtol=1e-12)


@pytest.mark.parametrize("loss", BOUNDED, ids=repr)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    start=st.floats(-50.0, 50.0) | st.floats(-1.0, 1.0),
    label=st.integers(0, 1),
    smoothing=st.floats(1e-3, 10.0),
)
def test_majorizer_lies_above_the_loss(loss, start, label, smoothing):
    """The quadratic that touches at the start, with the curvature of the majorizer, is nowhere below the loss."""
    offsets = np.concatenate([[0.0], np.geomspace(1e-6, 200.0, 100)])
    f = start + np.concatenate([offsets, -offsets, [-2.0 * start]])
    y = np.full_like(f, float(label if loss.task == "binary" else 0))
    parameters = loss.parameters
    if loss.kinked or loss.boosted_as is not loss:  # the last parameter is the width of a kernel
        smoothing = min(smoothing, 0.5 * getattr(loss, "epsilon", math.inf))
        parameters = (*parameters[:-1], smoothing)

    def output(*which):
        return evaluate(Computation(loss.formula, which, parameters), Rows(y, f), np.float64)

    (values,) = output(LOSS)
    value, (gradient, curvature) = values[0], [column[0] for column in output(GRADIENT, MAJORIZER)]
    step = f - start
    quadratic = value + gradient * step + 0.5 * curvature * step * step
    slack = 1e-10 * (abs(value) + np.abs(gradient * step) + curvature * step * step)
    assert (quadratic + slack >= values).all()


@pytest.mark.parametrize("loss", BOUNDED, ids=repr)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e154, 1e154), min_size=1, max_size=20), st.integers(0, 1))
def test_finite_in_finite_out(loss, raw, label):
    f = np.array(raw)
    y = np.full_like(f, label if loss.task == "binary" else 0)
    value, gradient, exact, majorizer = all_outputs(loss, y, f)
    for output in (gradient, exact, majorizer):
        assert np.isfinite(output).all()
    assert (np.isfinite(value) | (np.abs(f) > 1e153)).all()  # with a scale, the square overflows
    assert (value >= 0.0).all()
    assert (majorizer >= 0.0).all()
    if loss in LOCATION:
        assert (np.sign(f) * gradient >= 0.0).all() or isinstance(loss, Quantile)


def test_focal_curvature_bounds_every_gamma():
    margin = np.linspace(-40.0, 40.0, 20_001)
    for gamma in (0.0, 0.01, 0.3, 1.0, 2.0, 4.0, 10.0, 30.0, 100.0):
        loss = Focal(gamma)
        _, exact = loss.gradient_hessian(np.ones_like(margin), margin, curvature="exact")
        _, bound = loss.gradient_hessian(np.ones_like(margin), margin, curvature="majorizer")
        assert (exact <= bound).all()
        assert exact.max() > 0.999 * bound[0]


@every_loss
def test_boosting_keeps_a_tenth_of_the_largest_curvature(loss):
    """However far off a row is, and where the exact curvature is negative."""
    if loss.task == "binary":
        f = np.linspace(-30.0, 30.0, 601)
        y = np.ones_like(f)
    else:
        f = np.concatenate([np.linspace(-9.0, 9.0, 181), [-1e3, 1e3]])
        y = np.zeros_like(f)
    _, hessian = boosting_gradients(loss, y, f, dtype=np.float64)
    if isinstance(loss, Mean):
        y = y + 1.0
        _, hessian = boosting_gradients(loss, y, f, dtype=np.float64)
    if not loss.floored:
        expected = loss.gradient_hessian(y, f)[1] * curvature_scale(loss)
        np.testing.assert_allclose(hessian, expected, rtol=1e-14)
    elif loss in LOCATION:
        assert hessian.min() >= loss.least_share * hessian.max() * (1.0 - 1e-12)
    else:
        assert hessian.min() > 0.0


def test_unknown_curvature():
    with pytest.raises(ValueError, match=r"curvature must be one of .*'exact'.*, got 'newton'"):
        Huber(1.0).gradient_hessian([0.0], [1.0], curvature="newton")


@every_loss
def test_direction_is_the_default_in_float32(loss):
    y, f = rows(loss)
    gradient, hessian = boosting_gradients(loss, y, f)
    assert gradient.dtype == hessian.dtype == np.float32
    assert gradient.flags.c_contiguous
    assert hessian.flags.c_contiguous
    assert (hessian > 0.0).all() or loss.curvature == "exact" or loss in STEEP
    if loss.boosted_as is loss and not loss.kinked:
        expected = loss.gradient_hessian(y, f)
        np.testing.assert_allclose(gradient, curvature_scale(loss) * expected[0], rtol=1e-6)
        floor = boosting_step(loss, y, f, None).floor
        bounded = np.maximum(expected[1], floor)
        np.testing.assert_allclose(hessian, curvature_scale(loss) * bounded, rtol=1e-6)
    # The unit is the largest curvature, so that a booster's parameters mean what they mean for squared error.
    if loss in LOCATION and loss in BOUNDED:
        assert hessian.max() <= 1.0 + 1e-6


# Links


@pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
def test_link_and_inverse(loss):
    prediction = np.linspace(-5.0, 5.0, 21)
    if loss.link_name == "log":
        prediction = np.geomspace(1e-3, 1e3, 21)
    if loss.task == "binary" or loss.link_name == "logit":
        prediction = np.array([1e-9, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1 - 1e-9])
    raw = loss.link(prediction)
    assert (np.diff(raw) > 0.0).all()
    # Scores that are shares of an interval, those of the hinges, have no more digits than 1.
    slack = isinstance(loss, Hinge | SquaredHinge | ModifiedHuber) * np.array([1e-15, 1e-7])
    np.testing.assert_allclose(loss.inverse_link(raw), prediction, rtol=1e-12, atol=slack[0])
    single = raw.astype(np.float32)
    assert loss.inverse_link(single).dtype == np.float32
    np.testing.assert_allclose(loss.inverse_link(single), prediction, rtol=1e-5, atol=slack[1])
    assert loss.inverse_link(float(raw[0])) == pytest.approx(prediction[0])


@pytest.mark.parametrize("loss", [Logistic(), Focal(0.0), Focal(), Focal(5.0, 0.25)], ids=repr)
def test_probabilities_of_extreme_scores(loss):
    raw = np.array([-1e300, -1e4, -700.0, -40.0, 40.0, 700.0, 1e4, 1e300])
    p = loss.inverse_link(raw)
    assert (np.diff(p) >= 0.0).all()
    assert (p[:3] < 1e-200).all()
    np.testing.assert_array_equal(p[5:], 1.0)
    assert np.isnan(loss.inverse_link(np.array([math.nan]))).all()
    np.testing.assert_array_equal(loss.inverse_link([0, 2]), loss.inverse_link([0.0, 2.0]))


@pytest.mark.parametrize("alpha", [None, 0.25, 0.9])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.8, 0.999])
def test_focal_posterior_is_where_the_expected_loss_is_least(gamma, alpha, p):
    loss = Focal(gamma, alpha)

    def expected(f):
        one, zero = loss.loss([1.0, 0.0], [f, f])
        return p * one + (1.0 - p) * zero

    best = minimize_scalar(expected, bounds=(-30.0, 30.0), options={"xatol": 1e-9}).x
    assert loss.inverse_link(best) == pytest.approx(p, rel=1e-4)
    assert float(loss.link(p)) == pytest.approx(best, abs=1e-4)


def test_focal_without_focus_is_logistic():
    y, f = rows(Logistic())
    ours, logistic = all_outputs(Focal(0.0), y, f), all_outputs(Logistic(), y, f)
    for i in (0, 1, 2):
        np.testing.assert_allclose(ours[i], logistic[i], rtol=1e-14)
    np.testing.assert_allclose(Focal(0.0).inverse_link(f), Logistic().inverse_link(f), rtol=1e-14)
    balanced = all_outputs(Focal(0.0, 0.25), y, f, np.where(y == 1, 4.0, 4.0 / 3.0))
    np.testing.assert_allclose(balanced[1], logistic[1], rtol=1e-14)


# Independent implementations


def test_scipy_has_the_same_location_losses():
    y, f = rows(Huber(1.0))
    np.testing.assert_allclose(Huber(1.3).loss(y, f), special.huber(1.3, f - y), rtol=1e-14)
    pseudo = special.pseudo_huber(1.0, (f - y) / 0.7)
    np.testing.assert_allclose(Charbonnier(0.7).loss(y, f), pseudo, rtol=1e-12)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.95])
def test_sklearn_has_the_same_pinball_loss(quantile):
    loss, theirs = Quantile(quantile), sklearn_loss.PinballLoss(quantile=quantile)
    y, f = rows(loss)
    expected = metrics.mean_pinball_loss(y, f, alpha=quantile)
    assert loss.mean_loss(y, f) == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(loss.loss(y, f), theirs.loss(y, f), rtol=1e-13)
    np.testing.assert_allclose(loss.gradient_hessian(y, f)[0], theirs.gradient(y, f), rtol=1e-13)


def test_sklearn_has_the_same_huber_loss():
    theirs = sklearn_loss.HuberLoss(delta=0.8)
    y, f = rows(Huber(1.0))
    np.testing.assert_allclose(Huber(0.8).loss(y, f), theirs.loss(y, f), rtol=1e-13)
    gradient, _ = Huber(0.8).gradient_hessian(y, f)
    np.testing.assert_allclose(gradient, theirs.gradient(y, f), rtol=1e-13)


def test_sklearn_has_the_same_logistic_loss():
    loss, theirs = Logistic(), sklearn_loss.HalfBinomialLoss()
    y, f = rows(loss)
    expected = metrics.log_loss(y, special.expit(f))
    assert loss.mean_loss(y, f) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(loss.loss(y, f), theirs.loss(y, f), rtol=1e-12)
    for ours, right in zip(loss.gradient_hessian(y, f), theirs.gradient_hessian(y, f), strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-12)
    np.testing.assert_allclose(loss.inverse_link(f), special.expit(f), rtol=1e-14)
    p = special.expit(f)
    np.testing.assert_allclose(loss.link(p), special.logit(p), rtol=1e-11, atol=1e-14)


def test_statsmodels_has_the_same_norms():
    norms = pytest.importorskip("statsmodels.robust.norms")
    y, f = rows(Huber(1.0))
    z = f - y
    scale = 1.7
    pairs = [  # our loss times the unit, their norm
        (SquaredError(), norms.LeastSquares()),
        (Huber(scale), norms.HuberT(t=scale)),
        (Cauchy(scale), norms.StudentT(c=scale, df=2)),
    ]
    for loss, norm in pairs:
        value, gradient, exact, majorizer = (
            curvature_scale(loss) * x for x in all_outputs(loss, y, f)
        )
        np.testing.assert_allclose(value, norm.rho(z), rtol=1e-11)
        np.testing.assert_allclose(gradient, norm.psi(z), rtol=1e-12)
        np.testing.assert_allclose(exact, norm.psi_deriv(z), rtol=1e-11)
        np.testing.assert_allclose(majorizer, norm.weights(z), rtol=1e-12)
