"""A row of weight 0 counts for exactly 0, though its loss or a derivative be infinite or no number."""

import numpy as np
import pytest
from cases import EXAMPLES, STEEP, all_outputs
from cases import rows as ordinary_rows
from fuzzing import own_margin, own_normal, own_squares

import boostloss as bl
from boostloss.kernels import classes, outputs, rows
from boostloss.kernels.rows import add_up

EVERY = [*EXAMPLES, *STEEP, own_squares(), own_margin(), bl.GHMC(), bl.GHMR(1.0)]
EVERY += [bl.Huber("adaptive")]
DISTRIBUTIONS = [bl.Normal(), bl.LogNormal(), bl.Laplace(), bl.StudentT(), bl.FreeStudentT()]
DISTRIBUTIONS += [bl.BarronLikelihood(), bl.LogLogistic(), bl.Weibull(), bl.GammaDistribution()]
DISTRIBUTIONS += [bl.NegativeBinomialDistribution(), own_normal()]
CLASSES = [bl.Logistic(), bl.Logistic(0.1), bl.Focal(), bl.Focal(1.0, alpha=[1.0, 2.0, 3.0])]
CLASSES += [bl.Hinge(), bl.Exponential(), bl.BiTemperedLogistic(), bl.GeneralizedCrossEntropy()]
FAR = np.array([1e308, -1e308, np.inf, -np.inf])
WEIGHT = np.array([1.0, 0.0, 2.0, 0.0, 0.0, 0.0])
NOTHING = WEIGHT == 0.0
each_dtype = pytest.mark.parametrize(
    "dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)]
)


@pytest.fixture(params=["compiled", "numpy"])
def computed(request, monkeypatch):
    if request.param == "numpy":
        for module in (rows, classes, outputs):
            monkeypatch.setattr(module, "JIT_DISABLED", True)


def assert_nothing_counts(call, f):
    """Raw predictions that are far off, where there is no weight, change nothing, and give 0 there."""
    far = f.copy()
    with np.errstate(over="ignore"):  # of float32
        far[NOTHING] = np.reshape(FAR, (4,) + (1,) * (f.ndim - 1))
    for found, expected in zip(call(far), call(f), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(found[NOTHING], 0.0)


@pytest.mark.usefixtures("computed")
@each_dtype
@pytest.mark.parametrize("loss", EVERY, ids=repr)
def test_one_output(loss, dtype):
    y, f = ordinary_rows(loss, 6, dtype=dtype)
    weight = WEIGHT.astype(dtype)
    if loss == bl.Huber("adaptive"):  # whose residuals must be finite
        loss = loss.fitted(f - y, weight)
    assert_nothing_counts(lambda f: all_outputs(loss, y, f, weight), f)
    assert_nothing_counts(lambda f: [np.full(6, loss.mean_loss(y, f, weight)) * weight], f)


@pytest.mark.usefixtures("computed")
@each_dtype
@pytest.mark.parametrize("loss", DISTRIBUTIONS, ids=repr)
def test_distributions(loss, dtype):
    y = np.array([1.0, 2.0, 1.0, 3.0, 2.0, 1.0], dtype)
    f = np.full((6, loss.n_outputs), 0.25, dtype)
    weight = WEIGHT.astype(dtype)

    def call(f):
        return [loss.loss(y, f, weight), *loss.gradient_hessian(y, f, weight)]

    assert_nothing_counts(call, f)
    if loss != own_normal() and (dtype == np.float32 or loss == bl.Normal()):  # each is compiled
        y = np.stack([y, y + 1.0], axis=1)
        assert_nothing_counts(call, f)


@pytest.mark.usefixtures("computed")
@each_dtype
@pytest.mark.parametrize("loss", CLASSES, ids=repr)
def test_classes(loss, dtype):
    label = np.array([0, 1, 2, 0, 1, 2], dtype)
    soft = np.eye(3, dtype=dtype)[[0, 1, 2, 0, 1, 2]] * dtype(0.75) + dtype(0.25) / 3
    f = np.linspace(-2.0, 2.0, 18).reshape(6, 3).astype(dtype)
    weight = WEIGHT.astype(dtype)
    for targets in (label, soft):

        def call(f, y=targets):
            return [loss.loss(y, f, weight), *loss.gradient_hessian(y, f, weight)]

        assert_nothing_counts(call, f)
        lines = f.copy()
        lines[NOTHING, 0] = -np.inf  # one score alone
        np.testing.assert_array_equal(call(lines)[1][NOTHING], 0.0)


def test_soft_labels_of_one_output():
    """A label without a share has no part in the loss."""
    y, f = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([800.0, -800.0])
    for loss in (bl.Exponential(), bl.Logistic(), bl.Focal()):
        found = [loss.loss(y, -f), *loss.gradient_hessian(y, -f)]
        expected = [loss.loss(y[:, 1], -f), *loss.gradient_hessian(y[:, 1], -f)]
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(bl.Exponential().loss(y, f), [np.inf, np.inf])


def test_a_sum():
    """As torch's modules have it on a processor."""
    y, f = np.ones(6), np.where(NOTHING, 800.0, 0.25)
    gradient = np.empty(6)
    loss, kept = bl.Poisson(), ~NOTHING
    total = add_up(loss.formula, loss.parameters, rows.Rows(y, f, WEIGHT), gradient)
    assert total == loss.loss(y[kept], f[kept], WEIGHT[kept]).sum()
    np.testing.assert_array_equal(gradient[NOTHING], 0.0)
