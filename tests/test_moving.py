"""What follows the residuals of most rows does not lose the others where features tell the most of them exactly."""

from functools import cache

import numpy as np
import pytest
from drop_in import drop_in, each_library, fit
from own_losses import power_loss

import boostloss as bl
from boostloss.boosting import adaptation, quantiles
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.moving import ROWS, moving_error

rng = np.random.default_rng(0)
N = 4000
X = rng.normal(size=(2 * N, 3))
OTHERS = 50.0 + 100.0 * X[:, 1] + 20.0 * rng.normal(size=2 * N)
SIZE = {"learning_rate": 0.15, "max_depth": 5}


def mostly_zeros(share):
    """As of shops that are closed, and sell nothing."""
    return np.where(X[:, 0] > np.quantile(X[:, 0], share), OTHERS, 0.0)


def predicted(library, loss, y, own=False):
    parameters = SIZE | ({"num_leaves": 31} if library == "lightgbm" else {})
    model = drop_in(library, loss, own, rounds=60, **parameters)
    return fit(library, model, X[:N], y[:N]).predict(X[N:])


@cache
def own_error(library, share):
    """The mean absolute error of the library's own absolute error."""
    y = mostly_zeros(share)
    own = LIBRARIES[library].own_objectives["regression"][1]
    return np.mean(np.abs(predicted(library, own, y, own=True) - y[N:]))


@each_library
@pytest.mark.parametrize("share", [0.65, 0.9, 0.97])
@pytest.mark.parametrize(
    "loss",
    [bl.Huber(), bl.LogCosh(), bl.Fair(), bl.Cauchy(), bl.AbsoluteError(), power_loss(1.0)],
    ids=repr,
)
def test_zeros_that_features_tell_keep_no_row_from_being_learned(library, loss, share):
    y = mostly_zeros(share)
    error = np.mean(np.abs(predicted(library, loss, y) - y[N:]))
    assert error < 1.25 * own_error(library, share)


@each_library
@pytest.mark.parametrize("loss", [bl.Quantile(0.9), bl.Quantile([0.1, 0.9])], ids=repr)
def test_a_quantile_of_mostly_zeros_is_nearer_than_zero(library, loss):
    y = mostly_zeros(0.9)
    f = predicted(library, loss, y)
    assert loss.mean_loss(y[N:], f) < 0.35 * loss.mean_loss(y[N:], np.zeros_like(f))


@each_library
@pytest.mark.parametrize("loss", [bl.Huber(), bl.AbsoluteError()], ids=repr)
def test_wrong_labels_are_not_followed(library, loss, monkeypatch):
    """Rows that no feature tells apart change nothing, however far they are off."""
    truth = 2.0 * X[:, 0] + np.sin(3.0 * X[:, 1])
    wrong = np.random.default_rng(1).random(2 * N) < 0.1
    noise = 0.3 * np.random.default_rng(2).normal(size=2 * N)
    y = truth + np.where(wrong, 1000.0, noise)
    found = predicted(library, loss, y)
    for module in (adaptation, quantiles):
        monkeypatch.setattr(module, "moving_error", lambda *rows: 0.0)
    np.testing.assert_array_equal(found, predicted(library, loss, y))
    assert np.mean(np.abs(found - truth[N:])) < 0.4


@pytest.mark.parametrize("n", [1, 2, 500, 8 * ROWS])
def test_of_equal_predictions_nothing_is_known(n):
    assert moving_error(np.arange(n) + 1.0, np.full(n, 3.0), None) == 0.0


def test_no_rows():
    assert moving_error(np.empty(0), np.empty(0), None) == 0.0


def test_with_the_same_noise_in_all_rows_it_is_the_median_error():
    error, f = np.random.default_rng(0).normal(size=(2, 20_000))
    assert moving_error(error, f, None) == pytest.approx(0.674, rel=0.1)
    error[::3] = 1e9  # which no feature tells
    assert moving_error(error, f, None) == pytest.approx(np.median(np.abs(error)), rel=0.2)


def test_rows_count_by_their_movement_and_weight():
    error, f = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.0, 0.0, 0.0, 7.0, -7.0])
    weight = np.array([1.0, 1.0, 1.0, 0.0, 1.0])
    assert moving_error(error, f, None) == 4.5  # both rows have moved as far
    assert moving_error(-error, f, weight) == 5.0


def test_what_is_not_finite_moves_nothing():
    f = np.array([0.0, 1.0, np.inf])
    with np.errstate(invalid="ignore"):
        assert moving_error(np.ones(3), f, None) == 0.0


@pytest.mark.parametrize(("library", "over_own"), [("xgboost", 0.8), ("lightgbm", 2.0)])
def test_a_nearly_convex_start_is_little_wider_than_the_rows_that_move(library, over_own):
    """A quarter of the rows stands apart, and a tenth of the labels is far off on both sides."""
    draw = np.random.default_rng(0)
    truth = np.where(X[:, 0] > 0.7, 50.0 + 10.0 * X[:, 1], 0.0)
    wrong = 100.0 * draw.standard_cauchy(2 * N) * (draw.random(2 * N) < 0.1)
    y = truth + 0.5 * draw.normal(size=2 * N) + wrong
    own = LIBRARIES[library].own_objectives["regression"][1]
    ours, theirs = predicted(library, bl.Cauchy(), y), predicted(library, own, y, own=True)
    assert np.mean(np.abs(ours - truth[N:])) < over_own * np.mean(np.abs(theirs - truth[N:]))
