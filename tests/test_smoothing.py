"""The half-width of the smoothed pinball loss: positive, equivariant, and never so wide that boosting stops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import boostloss as bl
from boostloss.boosting.objective import boosting_gradients
from boostloss.losses.smoothing import SAMPLE, chosen_rows, half_width, sample

LEVELS = [0.01, 0.05, 0.1, 0.5, 0.9, 0.99]
errors = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))


@given(error=errors, level=st.sampled_from(LEVELS))
@settings(deadline=None, max_examples=200)
def test_positive_and_finite(error, level):
    assert 0.0 < half_width(error, None, level) < np.inf


@pytest.mark.parametrize("level", LEVELS)
def test_scales_with_the_residuals(level):
    error = np.random.default_rng(0).standard_t(3, size=500)
    width = half_width(error, None, level)
    assert half_width(1e6 * error, None, level) == pytest.approx(1e6 * width)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_mirrors_with_the_level(level):
    error = np.random.default_rng(1).gamma(2.0, size=501) - 2.0
    width = half_width(error, None, level)
    assert half_width(-error, None, 1 - level) == pytest.approx(width)


def test_equal_weights_change_nothing():
    rng = np.random.default_rng(2)
    error = rng.normal(size=300)
    width = half_width(error, None, 0.9)
    assert half_width(error, np.full(300, 2.5), 0.9) == pytest.approx(width)


def test_rows_of_no_weight_do_not_count():
    rng = np.random.default_rng(3)
    error = rng.normal(size=400)
    weight = (np.arange(400) % 2).astype(float)
    error[weight == 0] *= 100.0
    kept = half_width(error[weight > 0], None, 0.8)
    assert half_width(error, weight, 0.8) == pytest.approx(kept)


def test_a_sample_decides_of_many_rows():
    rng = np.random.default_rng(4)
    error, weight = rng.normal(size=20 * SAMPLE), rng.random(20 * SAMPLE)
    hessian = boosting_gradients(bl.Quantile(0.9), np.zeros_like(error), error, weight, np.float64)[
        1
    ]
    rows = chosen_rows(20 * SAMPLE, SAMPLE)
    width = half_width(error[rows], weight[rows], 0.9)
    expected = weight * np.minimum(1.0, width / np.abs(error))
    np.testing.assert_allclose(hessian, np.maximum(expected, 0.1 * weight))


@pytest.mark.parametrize("period", [2, 3, 20])
def test_the_sample_is_of_all_kinds_of_rows_however_they_alternate(period):
    kind = np.arange(20 * SAMPLE) % period
    for weight in (None, np.where(np.arange(20 * SAMPLE) < 5 * SAMPLE, 0.0, 1.0)):
        shares = np.bincount(kind[sample(20 * SAMPLE, weight)]) / SAMPLE
        np.testing.assert_allclose(shares, 1.0 / period, atol=0.02)


def test_the_sample_is_of_rows_that_count():
    rng = np.random.default_rng(4)
    error, weight = 1e-3 * rng.normal(size=3 * SAMPLE), np.zeros(3 * SAMPLE)
    weight[1::3] = 1.0  # none of every third row from the first on
    _, width = bl.Quantile(0.9).smoothed_parameters(np.zeros_like(error), error, weight)
    assert width == half_width(error[1::3], None, 0.9)


@pytest.mark.parametrize(
    ("error", "width"),
    [(np.zeros(9), 1e-30), (np.array([0.0, 0.0, 3.0]), 3.0 / 16.0), (np.empty(0), 1e-30)],
)
def test_degenerate_residuals(error, width):
    assert half_width(error, None, 0.5) == pytest.approx(width, abs=0.0)


@pytest.mark.parametrize("level", LEVELS)
def test_the_direction_still_points_to_the_quantile(level):
    """Descent along the smoothed gradient ends near the quantile, on the safe side."""
    y = np.random.default_rng(5).lognormal(size=4000)
    loss = bl.Quantile(level)
    f = np.full_like(y, np.median(y))
    for _ in range(2000):
        gradient, hessian = boosting_gradients(loss, y, f)
        f -= gradient.mean() / hessian.mean()
    thin = min(level, 1.0 - level)
    assert abs(np.mean(y <= f[0]) - level) <= 0.8 * thin + 2 / len(y)


def test_normal_residuals_have_the_width_of_their_efficiency():
    error = np.random.default_rng(0).normal(size=100_000)
    assert half_width(error, None, 0.5) == pytest.approx(0.674, rel=0.02)


def test_a_fit_learns_the_rows_beside_those_that_it_predicts_exactly():
    """The inner residuals alone must not decide on the width: no step is longer than ten times that."""
    pytest.importorskip("lightgbm")
    from boostloss.lightgbm import LGBMRegressor

    rng = np.random.default_rng(0)
    X = rng.uniform(size=(3000, 3))
    easy = X[:, 0] < 0.6
    y = np.where(easy, 1e-3 * rng.normal(size=3000), 5.0 + 4.0 * np.sin(6.0 * X[:, 2]))
    model = LGBMRegressor(objective=bl.Quantile(0.5), n_estimators=50, n_jobs=1, verbosity=-1)
    error = np.abs(model.fit(X, y).predict(X) - y)
    assert error[~easy].mean() < 0.1  # of a spread of 2.8


def test_infinite_rows_warn_of_nothing():
    y = [0.0, np.inf, 0.0, np.inf, 0.0, 0.0, 1.7e308, 0.0]
    weight = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    gradient, majorizer = bl.Quantile(0.9).gradient_hessian(y, np.zeros(8), weight)
    np.testing.assert_array_equal(gradient, -0.9 * np.array(weight))
    assert np.isfinite(majorizer).all()
