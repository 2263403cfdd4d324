"""The best constant against brute force, and what must not change it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from boostloss import (
    Barron,
    Cauchy,
    Charbonnier,
    GemanMcClure,
    Huber,
    LogCosh,
    Quantile,
    SquaredError,
    Welsch,
)

CONVEX = [
    SquaredError(),
    Huber(1.0),
    Huber(0.01),
    LogCosh(1.0),
    LogCosh(0.02),
    Charbonnier(0.3),
    Barron(1.5, 1.0),
    Barron(2.0, 1.0),
    Barron(2.5, 1.0),
    Barron(3.0, 0.5),
]
CHECKED = [Quantile(), Quantile(0.1), Quantile(0.9)]
VALLEYS = [
    Barron(0.5, 0.2),
    Cauchy(1.0),
    Cauchy(0.05),
    GemanMcClure(0.3),
    Welsch(1.0),
    Welsch(0.01),
    Barron(-1000.0, 0.2),
    Barron(1e-9, 0.1),
]
STEEP = [Barron(math.inf, 1.0), Barron(math.inf, 0.05), Barron(50.0, 0.1), Barron(1000.0, 0.1)]
LOCATION = CONVEX + CHECKED + VALLEYS + STEEP


def scale_of(loss):
    return getattr(loss, "delta", getattr(loss, "scale", 1.0))


def rescaled(loss, factor):
    """The loss that is to factor * error what the loss is to the error, up to a factor."""
    if isinstance(loss, SquaredError | Quantile):
        return loss
    if isinstance(loss, Huber):
        return Huber(loss.delta * factor)
    return (
        LogCosh(loss.scale * factor)
        if isinstance(loss, LogCosh)
        else Barron(loss.alpha, loss.scale * factor)
    )


def data(kind, n, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "normal": lambda: rng.normal(1.0, 1.0, n),
        "wide": lambda: rng.uniform(-5.0, 5.0, n),
        "cauchy": lambda: rng.standard_cauchy(n),
        "skewed": lambda: rng.exponential(3.0, n) ** 2,
        "ties": lambda: np.round(rng.normal(0.0, 3.0, n)),
        "two": lambda: np.where(
            rng.random(n) < 0.6, rng.normal(0.0, 1.0, n), rng.normal(30.0, 0.5, n)
        ),
        "outliers": lambda: np.where(
            rng.random(n) < 0.05, 10.0 ** rng.uniform(1.0, 154.0, n), rng.normal(0.0, 1.0, n)
        ),
    }[kind]()


def brute_force(loss, y, weight):
    """The least mean loss over a grid and around every row, the best of them refined."""
    low, high = np.quantile(y, [0.01, 0.99])
    near = scale_of(loss) * np.array([-0.6, -0.3, 0.0, 0.3, 0.6])
    places = np.concatenate([np.linspace(low, high, 400), (y[:, None] + near).ravel()])
    rows = loss.loss(np.tile(y, len(places)), np.repeat(places, len(y)))
    total = rows.reshape(len(places), -1) @ weight
    step = 0.4 * scale_of(loss) + (high - low) / 1e3
    least = total.min() / weight.sum()
    for start in places[np.argsort(total)[:5]]:
        found = minimize_scalar(
            lambda c: mean_loss(loss, y, c, weight),
            bounds=(start - step, start + step),
            method="bounded",
            options={"xatol": 1e-12 * step},
        )
        least = min(least, found.fun)
    return least


def mean_loss(loss, y, constant, weight=None):
    return loss.mean_loss(y, np.full(len(y), constant), weight)


KINDS = ["normal", "wide", "cauchy", "skewed", "ties", "two"]


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", LOCATION, ids=repr)
def test_no_constant_is_better(loss, kind, weighted):
    for seed, n in enumerate([2, 3, 7, 40, 200]):
        y = data(kind, n, seed)
        weight = np.random.default_rng(seed).random(n) + 0.01 if weighted else np.ones(n)
        if loss in STEEP and np.ptp(y) / scale_of(loss) > 20.0:
            y = y / np.ptp(y) * 20.0 * scale_of(loss)  # where the loss of a row is finite
        best = loss.fit_intercept(y, weight if weighted else None)
        assert mean_loss(loss, y, best, weight) <= brute_force(loss, y, weight) * (1.0 + 1e-9), (
            n,
            best,
        )


@pytest.mark.parametrize("loss", LOCATION, ids=repr)
def test_weight_two_is_the_row_twice(loss):
    rng = np.random.default_rng(1)
    for kind, n in [("normal", 1), ("normal", 50), ("ties", 61), ("skewed", 31), ("cauchy", 200)]:
        y, times = data(kind, n, n), rng.integers(0, 4, n)
        times[0] = 3
        twice = np.repeat(y, times)
        apart = loss.fit_intercept(twice)
        weighed = loss.fit_intercept(y, times * 0.37)
        assert weighed == pytest.approx(apart, abs=1e-8 * scale_of(loss), rel=1e-9)


@pytest.mark.parametrize("loss", LOCATION, ids=repr)
def test_order_place_and_unit_do_not_matter(loss):
    rng = np.random.default_rng(2)
    for kind in KINDS[:4]:
        y = data(kind, 150, 3)
        best, within = loss.fit_intercept(y), 1e-7 * scale_of(loss)
        assert loss.fit_intercept(rng.permutation(y)) == pytest.approx(best, abs=within, rel=1e-9)
        assert loss.fit_intercept(y + 1e6) - 1e6 == pytest.approx(best, abs=1e-6 + within, rel=1e-9)
        wider = rescaled(loss, 1e-3).fit_intercept(y * 1e-3)
        assert wider == pytest.approx(best * 1e-3, abs=1e-3 * within, rel=1e-9)
        if loss not in CHECKED or loss.quantile == 0.5:
            assert loss.fit_intercept(-y) == pytest.approx(-best, abs=within, rel=1e-9)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    y=st.lists(st.integers(-40, 40).map(lambda k: k / 8.0), min_size=1, max_size=12),
    weight=st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0]), min_size=12, max_size=12),
    loss=st.sampled_from(LOCATION),
)
def test_no_row_is_better(y, weight, loss):
    y, weight = np.array(y), np.array(weight[: len(y)])
    weight[0] = 1.0
    best = loss.fit_intercept(y, weight)
    assert y[weight > 0].min() <= best <= y[weight > 0].max()
    near = scale_of(loss) * np.array([-0.5, -0.1, 0.0, 0.1, 0.5])
    kept = weight > 0
    y, weight = y[kept], weight[kept]
    least = mean_loss(loss, y, best, weight)
    for other in [*np.linspace(-5.0, 5.0, 41), *(best + near), *y]:
        assert least <= mean_loss(loss, y, other, weight) * (1.0 + 1e-9)


@pytest.mark.parametrize("loss", LOCATION, ids=repr)
def test_degenerate_rows(loss):
    assert loss.fit_intercept([3.7]) == 3.7
    assert loss.fit_intercept(np.full(1000, 0.1)) == pytest.approx(0.1, rel=1e-15)
    assert loss.fit_intercept([5.0, -1e9, 1e154], [1.0, 0.0, 0.0]) == 5.0
    low, high = sorted([loss.fit_intercept([-1.0, 1.0]), 0.0])
    assert -1.0 <= low <= high <= 1.0


@pytest.mark.parametrize(
    "loss", [x for x in LOCATION if x not in [SquaredError(), *STEEP]], ids=repr
)
def test_outliers_of_any_size(loss):
    y = data("outliers", 2000)
    best = loss.fit_intercept(y)
    assert math.isfinite(best)
    if getattr(loss, "alpha", 1.0) <= 1.0:
        assert -3.0 < best < 3.0


def test_the_smallest_weights():
    for loss in (SquaredError(), Barron(0.0, 1.0), Barron(3.0, 1.0)):
        assert loss.fit_intercept([0.0, 1e-16], [0.0, 1e-320]) == pytest.approx(1e-16, rel=1e-12)
        few = loss.fit_intercept([1.0, 2.0], [1e-310, 3e-310])
        assert few == pytest.approx(loss.fit_intercept([1.0, 2.0], [1.0, 3.0]), rel=1e-9)


@pytest.mark.parametrize("alpha", [3.0, 50.0, 1000.0, math.inf])
def test_steep_losses_never_overflow(alpha):
    y = np.array([0.0, 1.0, 2.0, 1e5])
    assert Barron(math.inf, 0.01).fit_intercept(y) == pytest.approx(5e4)
    for scale in (1e-3, 1.0, 1e9):
        assert 2.0 < Barron(alpha, scale).fit_intercept(y) <= 5e4 * (1.0 + 1e-9)
    assert Barron(alpha, 0.01).fit_intercept([-1e154, 0.0, 1e154]) == 0.0
    few = Barron(alpha, 2.0).fit_intercept([1e-38, *[0.0] * 8], [1e-30, *[0.0] * 7, 1.0])
    assert 0.0 <= few <= 1e-38
    # (c - 0)^(alpha - 1) twice = (1 - c)^(alpha - 1): powers alone are left of a tiny scale.
    ratio = 0.0 if alpha == math.inf else math.log(2.0) / (alpha - 1.0)
    best = Barron(alpha, 1e-7).fit_intercept([0.0, 0.0, 1.0])
    assert best == pytest.approx(1.0 / (1.0 + math.exp(ratio)), rel=1e-9)


@pytest.mark.parametrize("level", [0.1, 0.25, 0.5, 0.7, 0.9])
def test_quantile_is_exact(level):
    rng = np.random.default_rng(0)
    for n in (1, 2, 10, 99, 30_000, 70_000):
        for y in (
            rng.normal(size=n),
            np.round(rng.normal(size=n) * 4),
            np.sort(rng.normal(size=n)),
        ):
            expected = np.quantile(y, level, method="averaged_inverted_cdf")
            assert Quantile(level).fit_intercept(y) == pytest.approx(expected, rel=1e-15)
            weight = rng.random(n)
            expected = np.quantile(y, level, method="inverted_cdf", weights=weight)
            assert Quantile(level).fit_intercept(y, weight) == expected
    assert Quantile(0.5).fit_intercept([1.0, 2.0, 4.0, 9.0]) == 3.0


def test_quantile_where_the_sample_misleads():
    y = np.zeros(50_000)
    y[::7] = 5.0  # all that a sample of every seventh row sees
    y[1::7] = np.random.default_rng(0).normal(size=len(y[1::7]))
    for level in (0.05, 0.5, 0.84, 0.86, 0.99):
        expected = np.quantile(y, level, method="averaged_inverted_cdf")
        assert Quantile(level).fit_intercept(y) == expected


@pytest.mark.parametrize("loss", LOCATION, ids=repr)
def test_float32_and_a_large_offset(loss):
    y = data("normal", 5000).astype(np.float32)
    best = loss.fit_intercept(y)
    assert best == loss.fit_intercept(y.astype(np.float64))
    moved = loss.fit_intercept(y.astype(np.float64) + 1e9) - 1e9
    assert moved == pytest.approx(best, abs=2e-6)


def test_mean_of_float32_is_exact():
    y = (16_000_000.0 + np.arange(1_000_000) % 3).astype(np.float32)
    assert SquaredError().fit_intercept(y) == pytest.approx(16_000_000.999999, abs=1e-8)
    assert SquaredError().fit_intercept(y, np.full(10**6, 0.1, np.float32)) == pytest.approx(
        16_000_000.999999, abs=1e-7
    )


@pytest.mark.parametrize(
    "loss",
    [Huber(1.0), LogCosh(0.1), Cauchy(0.3), Welsch(0.05), Barron(3.0, 1.0), Quantile(0.3)],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["normal", "skewed", "cauchy"])
def test_many_rows_have_no_slope_left(loss, kind):
    y = data(kind, 300_000)
    weight = np.random.default_rng(1).random(len(y))
    best = loss.fit_intercept(y, weight)
    if isinstance(loss, Quantile):
        assert best == np.quantile(y, 0.3, method="inverted_cdf", weights=weight)
        return
    gradient, hessian = loss.gradient_hessian(y, np.full(len(y), best), weight, curvature="exact")
    assert abs(gradient.sum()) <= 1e-9 * scale_of(loss) * hessian.sum()


def test_many_rows_pull_a_steep_loss_equally_up_and_down():
    y = np.append(data("skewed", 100_000), -50.0)
    weight = np.random.default_rng(1).random(len(y))
    for loss in (Barron(2.5, 100.0), Barron(30.0, 30.0), Barron(math.inf, np.ptp(y) / 20.0)):
        gradient, _ = loss.gradient_hessian(
            y, np.full(len(y), loss.fit_intercept(y, weight)), weight
        )
        assert abs(gradient.sum()) <= 1e-9 * np.abs(gradient).sum()


@pytest.mark.parametrize(
    "loss",
    [
        SquaredError(),
        Huber(1.0),
        LogCosh(1.0),
        Barron(1.5, 1.0),
        Barron(3.0, 1.0),
        Barron(math.inf, 1.0),
    ],
    ids=repr,
)
def test_where_the_sample_misleads(loss):
    y = np.random.default_rng(0).normal(3.0, 1.0, 50_000)
    y[::4] = -1.0  # all that a sample of every fourth row sees
    gradient, _ = loss.gradient_hessian(y, np.full(len(y), loss.fit_intercept(y)))
    assert abs(gradient.sum()) <= 1e-9 * np.abs(gradient).sum()


@pytest.mark.parametrize("loss", LOCATION, ids=repr)
def test_rows_that_hardly_differ(loss):
    for y in ([0.0, 5e-324], [0.0, 1e-300, 2e-300], [1e9, 1e9 + 2e-7]):
        assert y[0] <= loss.fit_intercept(y) <= y[-1]


def test_a_crowd_at_the_edge_of_the_histogram():
    # The histogram reaches to a little over 8000 scales from the median.
    for place in (*np.arange(8180.0, 8200.0, 0.7), -8190.0, 1e5):
        y = np.append(np.linspace(-300.0, 300.0, 2001), np.full(20, place))
        assert Welsch(1.0).fit_intercept(y) == pytest.approx(place, abs=1e-3)


def test_the_deepest_of_many_valleys():
    # Twenty clusters a thousand scales apart, then a crowd in a place where no sample would look.
    rng = np.random.default_rng(5)
    y = rng.normal(100.0 * rng.integers(0, 20, 100_000), 3.0)
    y[:2000] = 1234.5 + rng.normal(0.0, 0.01, 2000)
    assert Welsch(0.1).fit_intercept(y) == pytest.approx(1234.5, abs=0.01)
    y[:2000] = 1e8 + rng.normal(0.0, 0.01, 2000)
    assert Welsch(0.1).fit_intercept(y) == pytest.approx(1e8, abs=0.01)
    assert Welsch(0.1).fit_intercept(y, np.where(y > 1e7, 0.0, 1.0)) < 2000.0
