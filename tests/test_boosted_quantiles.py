"""How a quantile comes in from a constant: curvature of the smoothed pinball loss, and its share of least squares."""

from statistics import NormalDist

import numpy as np
import pytest
from drop_in import drop_in, fit
from friedman import TEST, TRAIN, X, y

import boostloss as bl
from boostloss.boosting import quantiles, several
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.objective import boosting_gradients
from boostloss.boosting.quantiles import LeastSquares, boosted_parameters, curvature_factors
from boostloss.boosting.several import several_gradients
from boostloss.formulas.pinball import boosted_pinball
from boostloss.kernels.rows import GRADIENT, MAJORIZER, Computation, Rows, compute_numpy
from boostloss.losses.smoothing import half_width

RNG = np.random.default_rng(0)
N = 4000
SIGNAL, NOISE = RNG.normal(size=(2, N))
Y = 3.0 * SIGNAL + NOISE
LEVELS = [0.05, 0.1, 0.5, 0.9]


def predictions(level, learned):
    """Those that know a share of the signal, at the quantile of what is left."""
    f = 3.0 * learned * SIGNAL
    return f + np.quantile(Y - f, level)


def squares(parameters):
    """Share, middle, reach and aim of least squares, among the parameters of the formula."""
    return LeastSquares(*parameters[4:])


@pytest.mark.parametrize("level", LEVELS)
def test_constants_hurry_without_least_squares(level):
    parameters = boosted_parameters(bl.Quantile(level), Y, predictions(level, 0.0), None)
    assert parameters[2:4] == curvature_factors(level, 1.0)
    assert squares(parameters).share == 0.0


@pytest.mark.parametrize("learned", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("level", LEVELS)
def test_least_squares_have_what_predictions_further_apart_would_take_away(level, learned):
    f = predictions(level, learned)
    parameters = boosted_parameters(bl.Quantile(level), Y, f, None)
    share, middle, reach, aim = squares(parameters)
    signal, noise = (3.0 * (1.0 - learned)) ** 2, 1.0
    assert share == pytest.approx(signal / (signal + noise), abs=0.06)
    assert middle == pytest.approx(np.mean(f - Y), abs=0.1)
    assert reach == pytest.approx(np.quantile(np.abs(f - Y - np.mean(f - Y)), 0.9), rel=0.03)
    # As far beyond its target as the quantile of the noise is beyond 0.
    assert aim == pytest.approx(np.quantile(NOISE, level), abs=0.15)
    assert parameters[2:4] == curvature_factors(level, share**0.5)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("learned", [1.0, 1.3])
def test_the_majorizer_alone_is_left_where_nothing_is_missing(level, learned):
    parameters = boosted_parameters(bl.Quantile(level), Y, predictions(level, learned), None)
    assert squares(parameters).share < 1e-3
    assert min(parameters[2:4]) > 0.9


@pytest.mark.parametrize("level", [0.05, 0.1, 0.9])
def test_least_squares_have_no_say_where_noise_varies_and_predictions_are_right(level):
    mean = 5.0 + SIGNAL
    # What is left of the targets is more where predictions are higher.
    width = 0.4 * np.abs(mean if level < 0.5 else 10.0 - mean)
    labels, f = mean + width * NOISE, mean + width * NormalDist().inv_cdf(level)
    assert np.corrcoef(labels - f, f)[0, 1] > 0.2
    assert squares(boosted_parameters(bl.Quantile(level), labels, f, None)).share < 5e-3


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("wrong", [0.1, 0.4])
def test_wrong_labels_leave_least_squares_no_say(level, wrong):
    far = np.random.default_rng(1).choice([-1e4, 1e4], N)
    labels = np.where(np.arange(N) < wrong * N, far, Y)
    f = predictions(level, 0.1)
    assert squares(boosted_parameters(bl.Quantile(level), labels, f, None)).share < 0.02 / wrong


@pytest.mark.parametrize("level", LEVELS)
def test_residuals_alone_have_no_least_squares(level):
    error = predictions(level, 0.3) - Y
    width = half_width(error, None, level)
    expected = level, width, 1.0, 1.0, 0.0, 0.0, width, 0.0
    assert boosted_parameters(bl.Quantile(level), np.zeros(N), error, None) == expected
    gradient, hessian = boosting_gradients(bl.Quantile(level), np.zeros(N), error, dtype=np.float64)
    np.testing.assert_allclose(hessian, np.maximum(0.1, width / np.maximum(width, np.abs(error))))
    far = np.abs(error) > width
    assert far.any()
    np.testing.assert_allclose(
        gradient[far], 2.0 * width * np.where(error[far] < 0.0, -level, 1.0 - level)
    )


@pytest.mark.parametrize("level", LEVELS)
def test_least_squares_alone_step_to_the_aim(level):
    f = predictions(level, 0.2)
    parameters = boosted_parameters(bl.Quantile(level), Y, f, None)
    _, middle, reach, aim = squares(parameters)
    alone = (*parameters[:4], 1.0, middle, reach, aim, 0.1)
    computation = Computation(boosted_pinball, (GRADIENT, MAJORIZER), alone)
    gradient, curvature = compute_numpy(computation, Rows(Y, f), np.float64)
    np.testing.assert_allclose(f - gradient / curvature, Y + aim)
    far = np.abs(f - Y - middle) > reach
    assert 0.05 < far.mean() < 0.15
    np.testing.assert_allclose(curvature[~far], 0.5 / reach)
    assert (curvature[far] < 0.5 / reach).all()


@pytest.mark.parametrize("level", [0.1, 0.7])
def test_a_row_beyond_the_kernel_comes_in_whole_from_a_constant(level):
    f = np.full(N, np.quantile(Y, level))
    gradient, hessian = boosting_gradients(bl.Quantile(level), Y, f, dtype=np.float64)
    _, width, *_ = boosted_parameters(bl.Quantile(level), Y, f, None)
    error = f - Y
    thin = (error < 0.0) if level < 0.5 else (error > 0.0)
    far = thin & (np.abs(error) > width) & (np.abs(error) < 9.0 * width)
    assert far.sum() > 100
    np.testing.assert_allclose((gradient / hessian)[far], error[far], rtol=1e-6)


@pytest.mark.parametrize("learned", [0.0, 0.4])
def test_it_knows_neither_unit_nor_origin_nor_sign(learned):
    f = predictions(0.1, learned) - 0.3
    found = boosted_parameters(bl.Quantile(0.1), Y, f, None)
    _, width, below, above, share, middle, reach, aim = found
    other = boosted_parameters(bl.Quantile(0.1), 1e3 * Y + 5e3, 1e3 * f + 5e3, None)
    lengths = 1e3 * middle, 1e3 * reach, 1e3 * aim
    assert other == pytest.approx((0.1, 1e3 * width, below, above, share, *lengths))
    mirrored = boosted_parameters(bl.Quantile(0.9), -Y, -f, None)
    assert mirrored == pytest.approx((0.9, width, above, below, share, -middle, reach, -aim))
    for unit in (1e-250, 1e150):  # whose squares are 0 and infinite
        _, _, *factors, share, _, _, _ = boosted_parameters(
            bl.Quantile(0.1), unit * Y, unit * f, None
        )
        assert [*factors, share] == pytest.approx([below, above, found[4]])


def test_rows_of_no_weight_do_not_count():
    weight = (np.arange(N) % 2).astype(float)
    f, y = predictions(0.1, 0.4), np.where(weight > 0.0, Y, 1e6)
    some = weight > 0.0
    expected = boosted_parameters(bl.Quantile(0.1), Y[some], f[some], None)
    assert boosted_parameters(bl.Quantile(0.1), y, f, weight) == pytest.approx(expected)


def test_spreads_that_are_all_the_same_are_a_unit():
    f = predictions(0.1, 0.4) - 0.3
    found = boosted_parameters(bl.Quantile(0.1), Y, f, None)
    _, width, below, above, share, *lengths = found
    other = boosted_parameters(bl.Quantile(0.1), Y, f, None, np.full(N, 4.0))
    lengths = [length / 4.0 for length in lengths]
    assert other == pytest.approx((0.1, width / 4.0, below, above, share, *lengths))


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("quantile", [0.1, [0.05, 0.5, 0.95]])
def test_thirty_rounds_come_far(library, quantile, monkeypatch):
    loss = bl.Quantile(quantile)

    def left():
        model = fit(
            library, drop_in(library, loss, rounds=30, learning_rate=0.1), X[TRAIN], y[TRAIN]
        )
        return loss.mean_loss(y[TEST], model.predict(X[TEST]))

    ours = left()
    monkeypatch.setattr(
        quantiles, "least_squares", lambda *rows: LeastSquares(0.0, 0.0, rows[-1], 0.0)
    )
    assert ours < 0.95 * left()  # with the majorizer's curvature
    if quantile == 0.1:
        (own,) = LIBRARIES[library].own_objectives["quantile"]
        model = drop_in(library, own.format(quantile=quantile), True, 30, learning_rate=0.1)
        model = fit(library, model, X[TRAIN], y[TRAIN])
        assert ours < 1.01 * loss.mean_loss(y[TEST], model.predict(X[TEST]))


@pytest.mark.parametrize("level", [0.05, 0.95])
@pytest.mark.parametrize("n", [60, 100, 300])
def test_xgboost_splits_a_small_table(n, level):
    """It would not if the rows beyond the kernel counted for less in the least Hessian of a leaf."""
    loss = bl.Quantile(level)
    model = drop_in("xgboost", loss, rounds=60, learning_rate=0.1).fit(X[:n], y[:n])
    constant = np.full(y[TEST].shape, loss.fit_intercept(y[:n]))
    assert loss.mean_loss(y[TEST], model.predict(X[TEST])) < 0.9 * loss.mean_loss(y[TEST], constant)


@pytest.mark.parametrize("level", LEVELS)
def test_a_row_counts_for_one_at_most(level):
    for learned in (0.0, 0.3, 1.0):
        hessian = bl.Quantile(level)(Y, predictions(level, learned))[1]
        thin = min(level, 1.0 - level)
        assert thin * (1.0 - 1e-6) <= hessian.max() <= 0.5 + 1e-6


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])  # CatBoost refuses such a target
@pytest.mark.parametrize("constant", [7.0, 0.1, -123.456])
@pytest.mark.parametrize("level", [0.05, 0.3, [0.1, 0.9]], ids=str)
def test_a_constant_target_is_predicted(library, constant, level):
    model = fit(library, drop_in(library, bl.Quantile(level)), X[:200], np.full(200, constant))
    np.testing.assert_allclose(model.predict(X[:50]), constant, rtol=1e-6)


def test_a_weight_of_two_is_the_row_twice():
    loss, rows = bl.Quantile([0.1, 0.9]), np.repeat(np.arange(50), 1 + np.arange(50) % 2)
    f = np.column_stack([SIGNAL[:50] - 1.0, SIGNAL[:50] + np.abs(NOISE[:50])])
    weighted = several_gradients(loss, Y[:50], f, 1.0 + np.arange(50) % 2, np.float64)
    repeated = several_gradients(loss, Y[rows], f[rows], None, np.float64)
    for each, twice in zip(weighted, repeated, strict=True):
        total = np.zeros((50, 2))
        np.add.at(total, rows, twice)
        np.testing.assert_allclose(each, total, rtol=1e-12)


@pytest.mark.parametrize("loss", [bl.Quantile([0.1, 0.9]), bl.Expectile([0.2, 0.7])], ids=repr)
def test_blocks_of_rows_change_nothing(loss, monkeypatch):
    f = np.column_stack([SIGNAL - 1.0, SIGNAL + np.abs(NOISE)])
    weight = 1.0 + np.arange(len(f)) % 3
    expected = several_gradients(loss, Y, f, weight, np.float64)
    monkeypatch.setattr(several, "BLOCK", 17)
    for found, whole in zip(
        several_gradients(loss, Y, f, weight, np.float64), expected, strict=True
    ):
        np.testing.assert_array_equal(found, whole)


def test_what_is_missing_leaves_the_other_rows_alone():
    loss = bl.Quantile([0.1, 0.9])
    f = np.column_stack([SIGNAL - 1.0, SIGNAL + 1.0])
    f[3] = np.nan
    gradient, _ = several_gradients(loss, Y, f, None, np.float64)
    assert np.isfinite(np.delete(gradient, 3, axis=0)).all()
