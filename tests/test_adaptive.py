"""Adaptive losses, by themselves; `test_adaptive_boosting.py` has them in the libraries."""

import numpy as np
import pytest

import boostloss as bl
from boostloss.boosting.adaptation import Adaptation, held_out
from boostloss.boosting.objective import boosting_gradients, metric_name
from boostloss.losses.adaptive import MOST, Adaptive
from boostloss.losses.catalogue import from_string

LOSSES = [
    bl.Huber("adaptive"),
    bl.LogCosh("adaptive"),
    bl.Barron("adaptive", "adaptive"),
    bl.Barron("adaptive", 2.0),
    bl.Barron(1.5, "adaptive"),
    bl.Charbonnier("adaptive"),
    bl.Cauchy("adaptive"),
    bl.GemanMcClure("adaptive"),
    bl.Welsch("adaptive"),
]
each = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@each
def test_estimates_are_numbers_in_the_unit_of_the_residuals(loss, rng):
    error = rng.standard_normal(400)
    small, large = loss.fitted(error), loss.fitted(1000.0 * error)
    assert not isinstance(small, Adaptive)
    for name in loss.adaptive:
        factor = 1.0 if name == "alpha" else 1000.0
        assert getattr(large, name) == pytest.approx(factor * getattr(small, name))


def test_the_shape_is_that_of_clean_or_of_contaminated_residuals(rng):
    error = rng.standard_normal(1000)
    assert bl.Barron("adaptive", 1.0).fitted(error).alpha > 1.0
    assert bl.Barron("adaptive", 1.0).fitted(rng.laplace(size=1000)).alpha < 1.0
    error[:50] *= 100.0
    assert bl.Barron("adaptive", 1.0).fitted(error).alpha == 0.0


def test_beyond_the_square_the_scale_stays_in_sight_of_the_errors(rng):
    error = rng.standard_normal(400)
    assert 2.0 < bl.Barron(np.inf, "adaptive").fitted(error).scale < 4.0


def test_a_pattern_of_the_rows_does_not_mislead():
    pattern = bl.Huber("adaptive").fitted(np.tile([1.0, 100.0, 100.0, 100.0], 1000))
    assert pattern.delta == bl.Huber("adaptive").fitted([100.0]).delta


def test_few_residuals_are_not_enough_for_a_less_robust_shape(rng):
    many = rng.standard_normal(1000)
    assert (
        bl.Barron("adaptive", 1.0).fitted(many[:20]).alpha
        < bl.Barron("adaptive", 1.0).fitted(many).alpha
    )


def test_every_shape_keeps_the_same_weight_for_an_error_of_three_deviations(rng):
    error = rng.standard_normal(1000)
    sigma = np.median(np.abs(error)) / 0.6744897501960817
    for loss in LOSSES:
        fixed = loss.fitted(error)
        if loss.adaptive == ["alpha"] or getattr(fixed, "alpha", 0.0) >= 1.5:
            continue
        _, curvature = fixed.gradient_hessian([0.0, 0.0], [0.0, 3.0 * sigma], curvature="majorizer")
        expected = 2.0 / 11.0
        if isinstance(fixed, bl.LogCosh):  # tanh(5.5) is 1 to 3e-5
            expected = pytest.approx(expected, rel=1e-4)
        assert curvature[1] / curvature[0] == pytest.approx(expected)


@each
def test_weight_zero_is_absence(loss, rng):
    error, weight = rng.standard_normal(300), np.repeat([1.0, 0.0], [200, 100])
    error[200:] *= 1e6
    weighted, alone = loss.fitted(error, weight), loss.fitted(error[:200])
    assert weighted.parameters == pytest.approx(alone.parameters)


def test_many_residuals_of_weight_zero_leave_the_few_others(rng):
    error, weight = rng.standard_normal(5000), np.zeros(5000)
    weight[::50] = 2.0
    loss = bl.Barron("adaptive", "adaptive")
    assert loss.fitted(error, weight).parameters == pytest.approx(
        loss.fitted(error[::50]).parameters
    )


@pytest.mark.parametrize(
    ("error", "weight", "match"),
    [
        ([], None, "a row of positive weight"),
        ([1.0, 2.0], [0.0, 0.0], "a row of positive weight"),
        ([1.0, 2.0], [1.0], "sample_weight has 1 rows"),
        ([1.0, 2.0], [1.0, -1.0], "got -1.0 in row 1"),
        ([1.0, np.nan], None, "error must be finite, got nan"),
        ([np.inf, 2.0], None, "error must be finite, got inf"),
    ],
)
def test_residuals_that_decide_nothing_are_refused(error, weight, match):
    with pytest.raises(ValueError, match=match):
        bl.Cauchy("adaptive").fitted(error, weight)


@each
@pytest.mark.parametrize(
    "error", [np.zeros(200), np.repeat([0.0, 3.0], [150, 50]), [2.0], [-1.7e308], [1.7e308] * 4]
)
def test_tied_residuals_give_usable_numbers(loss, error):
    fixed = loss.fitted(error)
    assert np.isfinite(fixed.parameters[-1])
    assert fixed.parameters[-1] > 0.0


@pytest.mark.parametrize(("dtype", "unit"), [(np.float32, 1e-30), (np.float64, 1e-310)])
def test_tiny_weights(dtype, unit):
    error, weight = np.array([0.1, -0.3, 0.2]), np.array([0.0, unit, 2.0 * unit], dtype)
    found = bl.Barron().fitted(error, weight)
    assert found.alpha == bl.Barron().fitted(error, [0.0, 1.0, 2.0]).alpha
    assert found.scale == pytest.approx(bl.Barron().fitted(error, [0.0, 1.0, 2.0]).scale, rel=1e-6)


@each
def test_rows_are_judged_by_the_parameters_that_suit_them(loss, rng):
    y, f = rng.standard_normal((2, 300))
    fixed = loss.fitted(f - y)
    np.testing.assert_array_equal(loss.loss(y, f), fixed.loss(y, f))
    for curvature in ("exact", "majorizer"):
        for ours, theirs in zip(
            loss.gradient_hessian(y, f, curvature=curvature),
            fixed.gradient_hessian(y, f, curvature=curvature),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)
    assert loss.fit_intercept(y) == loss.fitted(y - np.median(y)).fit_intercept(y)


@each
def test_rounds_are_compared_by_the_absolute_error(loss, rng):
    y, f, weight = rng.random((3, 50))
    assert metric_name(loss) == "MAE"
    # which is of two sides, and so not the mean absolute error
    assert metric_name(bl.Asymmetric(bl.Huber(), 3.0)) == "AsymmetricMAE"
    assert loss.mean_loss(y, f) == pytest.approx(np.abs(y - f).mean())
    assert loss.mean_loss(y, f, weight) == pytest.approx(np.average(np.abs(y - f), weights=weight))


@each
@pytest.mark.parametrize("weighted", [False, True])
def test_the_rows_that_decide_do_not_pull(loss, weighted, rng):
    y, f = rng.standard_normal((2, 5000)).astype(np.float32)
    weight = rng.integers(0, 3, 5000).astype(np.float32) if weighted else None
    rows = held_out(5000, weight)
    assert 60 <= len(rows) <= 100
    assert weight is None or weight[rows].all()
    fixed = loss.fitted((f - y)[rows], None if weight is None else weight[rows])
    gradient, hessian = loss(y, f, weight)
    expected = boosting_gradients(fixed, y, f, weight)
    others = np.setdiff1d(np.arange(5000), rows)
    assert not gradient[rows].any()
    assert not hessian[rows].any()
    np.testing.assert_allclose(gradient[others], expected[0][others], rtol=1e-5)
    np.testing.assert_allclose(hessian[others], expected[1][others], rtol=1e-5)


@pytest.mark.parametrize(
    ("n", "size"), [(199, 0), (200, 10), (1000, 50), (10_000, 200), (10**6, MOST)]
)
def test_few_rows_are_held_out(n, size):
    rows = held_out(n)
    assert len(np.unique(rows)) == size
    np.testing.assert_array_equal(rows, held_out(n))


def test_a_small_table_decides_all_together(rng):
    y, f = rng.standard_normal((2, 60))
    gradient, _ = bl.Cauchy("adaptive")(y, f)
    np.testing.assert_allclose(gradient, bl.Cauchy("adaptive").fitted(f - y)(y, f)[0], rtol=1e-6)


def test_a_run_remembers_every_round_and_estimates_less_often(rng):
    run = Adaptation(bl.Barron("adaptive", "adaptive"), temperature=0.0)
    y = rng.standard_normal(2000)
    for _ in range(60):
        run(y, 0.99 * y)
        y = 0.99 * y
    assert set(run.history) == {"alpha", "scale"}
    scale = run.history["scale"]
    assert len(scale) == 60
    changes = 1 + np.flatnonzero(np.diff(scale))  # every round, then each time a fifth has passed
    np.testing.assert_array_equal(
        changes, [1, 2, 3, 4, 5, 7, 9, 11, 14, 17, 21, 26, 32, 39, 47, 57]
    )
    assert (np.diff(scale) <= 0.0).all()
    assert Adaptation(bl.Cauchy("adaptive")).history["scale"].size == 0


@pytest.mark.parametrize(
    "make", [bl.Huber, bl.LogCosh, bl.Barron, lambda x: bl.Barron(scale=x), bl.Cauchy]
)
def test_another_word_is_refused(make):
    with pytest.raises(TypeError, match="or 'adaptive', got 'automatic'"):
        make("automatic")


@each
def test_texts_describe_adaptive_losses_too(loss):
    assert from_string(repr(loss)) == loss


def test_a_quantile_has_nothing_to_adapt():
    with pytest.raises(TypeError, match="quantile must be"):
        bl.Quantile("adaptive")
