"""Rows that examples of `tests/test_fuzz.py` have shown to be taken for what they are not."""

import numpy as np
import pandas as pd
import pytest

import boostloss as bl
from boostloss.catboost import objective as catboost_objective
from boostloss.kernels.classes import fill_classes
from boostloss.kernels.rows import MAJORIZER, Computation, Rows

F = np.array([[1.0, 0.3, -2.0], [0.0, 1.0, 2.0], [0.3, 0.3, 0.1]])


@pytest.mark.parametrize(
    "loss", [bl.SquaredError(), bl.Poisson(), bl.Logistic(), bl.Hinge()], ids=repr
)
def test_links_read_what_losses_read(loss):
    for function in (loss.link, loss.inverse_link):
        expected = function(np.array([0.25, np.nan, 1.0]))
        for given in (
            np.ma.masked_equal([0.25, 7.0, 1.0], 7.0),
            [0.25, None, 1.0],
            pd.Series([0.25, None, 1.0], dtype="Float64"),
        ):
            np.testing.assert_array_equal(function(given), expected)
        small = function(np.array([0, 1], np.int8))
        np.testing.assert_array_equal(small, function([0.0, 1.0]))
        assert small.dtype == np.float64


def test_rows_of_several_lengths_are_refused_by_name():
    ragged = [[1.0], [2.0, 3.0]]
    for loss in (bl.Huber(1.0), bl.Logistic(), bl.Normal()):
        for name in ("y_true", "raw_prediction", "sample_weight"):
            rows = {"y_true": [0, 1], "raw_prediction": np.zeros((2, loss.n_outputs))}
            with pytest.raises(ValueError, match=f"{name} must be an array of numbers"):
                loss.loss(**rows | {name: ragged})


@pytest.mark.parametrize("weight", [1.1e150, 1e308])
def test_weights_whose_sum_would_be_infinite_are_refused(weight):
    y, heavy = [0.0, 1.0], [weight, weight]
    for loss in (bl.SquaredError(), bl.Logistic(), bl.Normal()):
        raw = np.zeros((2, loss.n_outputs))
        for call in (
            lambda loss=loss: loss.fit_intercept(y, heavy),
            lambda loss=loss, raw=raw: loss.mean_loss(y, raw, heavy),
        ):
            with pytest.raises(ValueError, match=r"sample_weight must be .* 1e150 at most, got"):
                call()
    assert bl.SquaredError().fit_intercept(y, [1e150, 1e150]) == 0.5


def test_an_infinite_loss_without_weight_is_not_in_the_mean():
    y, f = np.ones(2, np.float32), np.array([0.0, 300.0], np.float32)
    assert np.isposinf(bl.Poisson().loss(y, f)[1])
    assert bl.Poisson().mean_loss(y, f, [2.0, 0.0]) == bl.Poisson().mean_loss(y[:1], f[:1])
    assert np.isnan(bl.Poisson().mean_loss([1.0, np.nan], [0.0, 0.0], [1.0, 1.0]))


def test_a_column_of_labels_is_no_probability():
    y = np.array([0.0, 2.0, 1.0])
    for loss in (bl.Focal(), bl.Logistic(0.1), bl.GeneralizedCrossEntropy()):
        np.testing.assert_array_equal(loss(y[:, None], F), loss(y, F))


def test_the_curvature_of_the_hinge_of_several_classes():
    y, loss = np.array([0.0, 1.0, 2.0]), bl.Hinge()
    gradient, hessian = loss.gradient_hessian(y, F)
    np.testing.assert_array_equal(hessian, loss.boosted_as.gradient_hessian(y, F)[1])
    assert (hessian > 0.01).all()
    np.testing.assert_array_equal(gradient, loss.gradient_hessian(y, F, curvature="exact")[0])


def test_the_kernel_of_classes_refuses_a_curvature_alone():
    computation = Computation(bl.Logistic.formula, (MAJORIZER,), (0.0,))
    with pytest.raises(ValueError, match="a gradient and a curvature"):
        fill_classes([np.empty((3, 3))], computation, Rows(np.zeros(3), F))


def test_masked_raw_predictions_are_missing():
    for loss, y in ((bl.Huber(1.0), np.zeros(3)), (bl.Logistic(), np.zeros(3))):
        with pytest.raises(ValueError, match="got nan in row 1"):
            loss(y, np.ma.masked_equal([0.0, 7.0, 1.0], 7.0))


def test_raw_predictions_that_are_not_finite_are_refused():
    y, f = np.arange(4.0), np.array([0.0, np.inf, -np.inf, 1.0])
    for loss in (bl.Quantile(0.5), bl.Huber(1.0), bl.SquaredError()):
        with pytest.raises(ValueError, match=r"raw predictions must be those of .* in row|finite"):
            loss(y, np.where(np.isinf(f), np.nan, f))
    with pytest.raises(ValueError, match="raw predictions must be those of"):
        bl.Quantile(0.5)(y, f)


def test_infinite_weights_of_a_smoothed_objective_are_refused():
    with pytest.raises(
        ValueError, match="sample_weight must be finite and >= 0, got weights whose"
    ):
        bl.Quantile(0.9)(np.zeros(5), np.r_[np.zeros(4), 1.0], [0.0, 0.0, 1.0, 1.0, np.inf])


def test_no_rows():
    @bl.log_density
    def own(target, location, log_scale):
        z = (target - location) / np.exp(log_scale)
        return -0.5 * z * z - log_scale - 0.5 * np.log(2.0 * np.pi)

    none = np.empty(0)
    for loss in (bl.Normal(), bl.Weibull(), own()):
        for found in (loss(none, np.empty((0, 2))), loss.gradient_hessian(none, np.empty((0, 2)))):
            assert [x.shape for x in found] == [(0, 2), (0, 2)]
        p = loss.distribution(np.empty((0, 2)))
        assert p.cdf(0.0).shape == p.ppf(0.5).shape == p.mean().shape == (0,)
    assert catboost_objective(bl.Huber(1.0)).calc_ders_range(none, none, None).shape == (0, 2)


def test_the_warning_of_a_far_start_of_a_heavy_tailed_loss():
    loss = bl.BiTemperedLogistic(0.5, 1.5)
    assert loss.fit_intercept(np.zeros(3)) < -1000.0  # whose exponential is infinite
    with pytest.warns(UserWarning, match=r"base_score=0 \(XGBoost"):
        loss(np.zeros(3), np.zeros(3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_target_of_0_has_no_pull_however_far_the_prediction(dtype):
    y, f = np.zeros(2, dtype), np.array([-178.0, -1e4], dtype)
    for found in bl.Tweedie(1.9).gradient_hessian(y, f):
        assert (found >= 0.0).all()
        assert (found < 1e-6).all()


def test_the_constant_of_linex_does_not_see_rows_without_weight():
    assert bl.Linex(1.0).fit_intercept([0.0, 2.0, -1e5], [1.0, 1.0, 0.0]) == pytest.approx(
        bl.Linex(1.0).fit_intercept([0.0, 2.0])
    )
