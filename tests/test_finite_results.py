"""Kernels that say whether all that they have written is finite."""

import numpy as np
import pytest

import boostloss as bl
from boostloss.boosting.objective import call_objective
from boostloss.formulas.huber import huber
from boostloss.kernels import rows as kernel_rows
from boostloss.kernels.rows import BLOCK, GRADIENT, MAJORIZER, Computation, Rows, fill, fill_finite

COMPUTATION = Computation(huber, (GRADIENT, MAJORIZER), (1.0,))
ROWS = [0, 1, 4096, 4097, 2 * BLOCK - 1, 2 * BLOCK, 5 * BLOCK // 2]


def rows_of(n, dtype, weighted, seed=0):
    rng = np.random.default_rng(seed)
    y, f, weight = rng.standard_normal((3, n)).astype(dtype)
    return Rows(y, f, abs(weight) if weighted else None)


@pytest.fixture(params=["compiled", "numpy"])
def either_way(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(kernel_rows, "JIT_DISABLED", True)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("result_dtype", [np.float32, np.float64])
def test_the_numbers_are_those_of_fill(n, weighted, dtype, result_dtype, either_way):
    rows = rows_of(n, dtype, weighted)
    expected, found = np.full((2, 2, n), np.nan, result_dtype)
    fill(list(expected), COMPUTATION, rows)
    assert fill_finite(list(found), COMPUTATION, rows) is True
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", ROWS[1:])
def test_one_row_that_is_not_finite_is_seen(n, bad, either_way):
    for place in {0, n // 2, n - 1}:
        rows = rows_of(n, np.float32, weighted=False)
        rows.y_true[place] = bad
        # The gradient of an infinite residual is bounded, its curvature 0: a square's are not.
        squared = Computation(bl.SquaredError().formula, (GRADIENT, MAJORIZER))
        assert fill_finite(list(np.empty((2, n), np.float32)), squared, rows) is False, place


def test_what_a_narrower_result_cannot_hold_is_not_finite(either_way):
    rows = Rows(np.zeros(10), np.full(10, 1e39))
    squared = Computation(bl.SquaredError().formula, (GRADIENT, MAJORIZER))
    assert fill_finite(list(np.empty((2, 10))), squared, rows) is True
    assert fill_finite(list(np.empty((2, 10), np.float32)), squared, rows) is False


def test_a_sum_that_is_too_large_is_no_reason(either_way):
    rows = Rows(np.zeros(100, np.float32), np.full(100, 2e38, np.float32))
    squared = Computation(bl.SquaredError().formula, (GRADIENT, MAJORIZER))
    assert fill_finite(list(np.empty((2, 100), np.float32)), squared, rows) is True


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [10, 3 * BLOCK])
def test_an_objective_names_the_row(n, dtype):
    f = np.zeros(n, dtype)
    f[n - 2] = np.inf
    with pytest.raises(ValueError, match=rf"got inf in row {n - 2}"):
        call_objective(bl.SquaredError(), np.zeros(n, np.float32), f)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_an_infinite_weight_beside_soft_labels_is_refused(share):
    y = np.array([[0.25, 0.75], [1.0 - share, share]])
    with pytest.raises(ValueError, match=r"in row 1; or its weight is too large"):
        call_objective(bl.Logistic(), y, np.array([0.0, 1.0]), np.array([1.0, np.inf]))
