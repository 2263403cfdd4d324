"""Float32 gradients of float64 raw predictions, as LightGBM gives them, are computed in float32."""

import numpy as np
import pytest
from cases import EXAMPLES

import boostloss as bl
from boostloss.boosting.gradients import fill_gradients, fixed_step, narrowed
from boostloss.boosting.objective import call_objective
from boostloss.kernels.rows import BLOCK

NARROWED = [loss for loss in EXAMPLES if narrowed(loss)]
ERRORS = [loss for loss in NARROWED if narrowed(loss) == "errors"]


def rows_of(loss, offset, n=2000):
    """Targets in float32, raw predictions in float64, and weights."""
    rng = np.random.default_rng(0)
    weight = rng.random(n).astype(np.float32)
    f, error = (4.0 * rng.standard_t(2, (2, n))).clip(-30.0, 30.0)
    if loss.task == "binary":
        return (f + rng.standard_normal(n) > 0).astype(np.float32), f, weight
    return (offset + f - error).astype(np.float32), offset + f, weight


def test_of_which_losses():
    names = [{type(loss).__name__ for loss in losses} for losses in (EXAMPLES, NARROWED)]
    assert names[0] - names[1] == {
        "Poisson",
        "Gamma",
        "Tweedie",
        "NegativeBinomial",
        "CrossEntropy",
        "KLDivergence",
    }


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", NARROWED, ids=repr)
def test_digits(loss, weighted):
    y, f, weight = rows_of(loss, offset=1e6)  # whose neighbours in float32 are 1/16 away
    weight = weight if weighted else None
    found, precise = np.empty((2, len(y)), np.float32), np.empty((2, len(y)))
    assert fill_gradients(list(found), loss, y, f, weight) is True
    fill_gradients(list(precise), loss, y, f, weight)
    for some, all_digits in zip(found, precise, strict=True):
        np.testing.assert_allclose(some, all_digits, rtol=1e-5, atol=1e-6 * abs(all_digits).max())


@pytest.mark.parametrize("loss", ERRORS, ids=repr)
def test_the_error_alone_decides(loss):
    """Or a formula must not be given the difference of its arguments."""
    step = fixed_step(loss)
    if step is None:
        pytest.skip("is smoothed by the residuals, of which it is given the difference")
    error = np.linspace(-7.0, 7.0, 57)
    with np.errstate(all="ignore"):
        once = step.formula(np.zeros(57), error, *step.parameters)
        again = step.formula(np.full(57, 1024.0), 1024.0 + error, *step.parameters)
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n", [2, 4097, 2 * BLOCK + 1])
def test_blocks_and_threads_change_nothing(n):
    loss = bl.LogCosh(1.0)
    y, f, weight = rows_of(loss, 0.0, n)

    def derivatives(*rows):
        results = np.empty((2, len(rows[0])), np.float32)
        assert fill_gradients(list(results), loss, *rows)
        return results

    parts = [slice(0, n // 2), slice(n // 2, n)]
    joined = [derivatives(y[part], f[part], weight[part]) for part in parts]
    whole = derivatives(y, f, weight)
    np.testing.assert_array_equal(whole, np.concatenate(joined, axis=1))


def test_a_parameter_beyond_float32_is_computed_in_float64():
    y, f = np.zeros(3, np.float32), np.array([1e-30, 1e-25, 1.0])
    gradient, _ = call_objective(bl.Huber(1e-25), y, f)
    np.testing.assert_allclose(gradient, [1e-30, 1e-25, 1e-25], rtol=1e-6)


def test_a_difference_too_large_for_float32():
    """An objective is told of it, or its loss stays bounded."""
    y, f = np.zeros(2, np.float32), np.array([0.0, 1e39])
    with pytest.raises(ValueError, match="in row 1"):
        call_objective(bl.SquaredError(), y, f)
    gradient, hessian = call_objective(bl.Huber(1.0), y, f)
    np.testing.assert_allclose(gradient, [0.0, 1.0])
    np.testing.assert_allclose(hessian, [1.0, 0.1])


@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal(2.0)], ids=repr)
@pytest.mark.parametrize("n_classes", [2, 5])
def test_scores_are_rounded(loss, n_classes):
    rng = np.random.default_rng(0)
    scores = 3.0 * rng.standard_normal((500, n_classes))
    y = rng.integers(0, n_classes, 500).astype(np.float32)
    scores = scores[:, 0] if n_classes == 2 else np.asfortranarray(scores)
    found = call_objective(loss, y, scores)
    np.testing.assert_array_equal(found, call_objective(loss, y, scores.astype(np.float32)))
    if n_classes == 2:  # nothing else is
        assert loss.gradient_hessian(y, scores)[0].dtype == np.float64
