"""The kernels of a GPU in numba's simulator, which runs them in Python: a process of its own collects this file.

`test_cuda.py` starts it, since numba reads NUMBA_ENABLE_CUDASIM when it is imported.
"""

import numpy as np
import pytest
from cases import BINARY, EXAMPLES, REGRESSION, STEEP, rows
from numba import cuda as numba_cuda
from own_losses import overstock, own_huber, poisson, savage

import boostloss as bl
from boostloss.boosting.catboost_objective import Objective
from boostloss.boosting.xgboost_objective import Scaled
from boostloss.kernels import cuda

# The simulator's threads do not inherit numpy.errstate.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
SCALAR = [*EXAMPLES, *STEEP, overstock(), own_huber(0.7), poisson(), savage()]
OF_ALL_ROWS = [
    bl.Huber(),
    bl.Cauchy(),
    bl.Quantile([0.1, 0.5, 0.9]),
    bl.Normal(),
    bl.GHMC(),
    bl.GHMR(1.0),
]


class DeviceArray:
    """An array as another library has it, of which the interface says no more than that it is on a GPU."""

    __cuda_array_interface__ = None

    def __init__(self, array):
        self.simulated = type(numba_cuda.to_device(array[:0]))(array)  # no copy: strides stay
        self.shape = array.shape


@pytest.fixture(autouse=True)
def small_grid(monkeypatch):
    """Few threads, which are slow here, each of several rows."""
    monkeypatch.setattr(
        numba_cuda, "as_cuda_array", lambda x: getattr(x, "simulated", x), raising=False
    )
    monkeypatch.setattr(cuda, "THREADS", 4)
    monkeypatch.setattr(cuda, "FEWEST_BLOCKS", 2)
    monkeypatch.setattr(cuda, "MOST_BLOCKS", 3)
    cuda.kernel_of_total.cache_clear()
    yield
    cuda.kernel_of_total.cache_clear()


@pytest.fixture(autouse=True)
def no_silent_copy(monkeypatch, request):
    """What is copied from the GPU as a whole is counted."""
    copies = []
    host = cuda.host
    monkeypatch.setattr(cuda, "host", lambda *given: copies.append(given) or host(*given))
    return copies


def on_gpu(*arrays):
    return [None if array is None else DeviceArray(array) for array in arrays]


def check_same(found, expected):
    """The functions of the simulator are NumPy's, those of the CPU are compiled."""
    for one, other in zip(found, expected, strict=True):
        one = one.copy_to_host()
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        scale = np.abs(other).max(initial=1e-30)
        np.testing.assert_allclose(one, other, rtol=3e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", SCALAR, ids=repr)
def test_objective_is_that_of_the_cpu(loss, dtype):
    y, f = rows(loss, n=29, dtype=dtype)
    for weight in (None, np.linspace(0.0, 2.0, len(y)).astype(dtype)):
        found = loss(*on_gpu(y, f, weight))
        check_same(found, loss(y, f, weight))


@pytest.mark.parametrize("loss", OF_ALL_ROWS, ids=repr)
def test_other_objectives_are_copied(loss, no_silent_copy):
    rng = np.random.default_rng(0)
    y, f = rows(bl.Logistic() if loss.task == "binary" else bl.SquaredError(), n=50)
    weight = rng.random(50)
    if loss.n_outputs > 1:
        f = np.sort(np.stack([f + i for i in range(loss.n_outputs)], axis=1), axis=1)
    found = loss(*on_gpu(y, f, weight))
    assert len(no_silent_copy) == 3
    check_same(found, loss(y, f, weight))


def test_classes_and_soft_labels_are_copied():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    check_same(bl.Logistic()(*on_gpu(labels, scores)), bl.Logistic()(labels, scores))
    soft = rng.dirichlet([1.0, 1.0], 20)
    given = soft, scores[:, 0].copy()
    check_same(bl.Logistic()(*on_gpu(*given)), bl.Logistic()(*given))


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 11, 12, 13])
@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.8), bl.Barron(1e60, 1.0)], ids=repr)
def test_sizes_and_borders_of_blocks(loss, n):
    y, f = rows(bl.SquaredError(), n=n, dtype=np.float32)
    y[:1] = f[:1]  # a single row is no far start
    check_same(loss(*on_gpu(y, f)), loss(y, f))


def test_strides_and_dtypes():
    loss, (y, f) = bl.Huber(1.0), rows(bl.SquaredError(), n=40, dtype=np.float32)
    expected = loss(y[::2], f[::-2])
    check_same(loss(*on_gpu(y[::2], f[::-2])), expected)
    check_same(loss(*on_gpu(y[::2, None], f[::-2][:, None])), expected)
    check_same(loss(*on_gpu(y.astype(int), f)), loss(y.astype(int), f))
    check_same(bl.Logistic()(*on_gpu(y > 0, f)), bl.Logistic()(y > 0, f))
    with pytest.raises(TypeError, match="y_pred must hold integers, floats or booleans"):
        loss(*on_gpu(y, f.astype(complex)))
    with pytest.raises(ValueError, match="y_true has 39 rows, y_pred has 40"):
        loss(*on_gpu(y[1:], f))


def test_arrays_of_the_cpu_are_copied_to_the_raw_predictions():
    loss, (y, f) = bl.Huber(1.0), rows(bl.SquaredError(), n=10)
    found = loss(list(y), *on_gpu(f), list(np.abs(y)))
    check_same(found, loss(y, f, np.abs(y)))


def test_a_factor_for_the_rows_of_label_1():
    y, f = rows(bl.Logistic(), n=10)
    scaled = Scaled(bl.Logistic(), 4.0)
    for weight in (None, np.linspace(0.0, 1.0, 10)):
        check_same(scaled(*on_gpu(y, f, weight)), scaled(y, f, weight))


def test_what_decides_for_all_rows_is_a_sample():
    """20000 rows in the simulator would take minutes: the places alone are compared."""
    from boostloss.boosting.device import deciding
    from boostloss.kernels.rows import Rows
    from boostloss.losses.smoothing import sample

    y, f = rows(bl.SquaredError(), n=20_000, dtype=np.float32)
    weight = np.linspace(-1.0, 1.0, len(y)).clip(0.0)
    given = [numba_cuda.to_device(array) for array in (y, f, weight)]
    places = sample(len(y), weight)
    for found, array in zip(deciding(Rows(*given)), (y, f, weight), strict=True):
        np.testing.assert_array_equal(found, array[places])
    found_y, _, none = deciding(Rows(*given[:2]))
    np.testing.assert_array_equal(found_y, y[sample(len(y), None)])
    assert none is None


def test_raw_predictions_of_another_scale_are_refused():
    y = np.ones(9)
    f = np.linspace(0.0, 1000.0, 9)
    with pytest.raises(ValueError, match=r"finite derivatives, got 125.0 in row 1"):
        bl.Poisson()(*on_gpu(y, f))
    with pytest.raises(ValueError, match="finite derivatives, got nan in row 3"):
        bl.Huber(1.0)(*on_gpu(y, np.where(np.arange(9) == 3, np.nan, f)))


def test_a_far_start_warns():
    y = np.linspace(1000.0, 1001.0, 9)
    with pytest.warns(UserWarning, match="Boosting starts far from 1000.5"):
        bl.Huber(1.0)(*on_gpu(y, np.full(9, 0.5)))


def test_values_and_derivatives_come_back_to_the_gpu():
    loss, (y, f) = bl.LogCosh(1.0), rows(bl.SquaredError(), n=10, dtype=np.float32)
    weight = np.abs(y)
    check_same([loss.loss(*on_gpu(y, f, weight))], [loss.loss(y, f, weight)])
    found = loss.gradient_hessian(*on_gpu(y, f, weight), curvature="exact")
    check_same(found, loss.gradient_hessian(y, f, weight, "exact"))
    assert loss.mean_loss(*on_gpu(y, f, weight)) == loss.mean_loss(y, f, weight)
    assert loss.fit_intercept(*on_gpu(y, weight)) == loss.fit_intercept(y, weight)


def gpu_derivatives(objective, y, f, weight, *sizes):
    """As CatBoost asks for them: sizes of the value and of both derivatives."""
    results = [np.zeros(size, np.float32) for size in sizes]
    given = [numba_cuda.to_device(x.astype(np.float32)) for x in (f, y, weight)]
    given += [numba_cuda.to_device(x) for x in results]
    stream = numba_cuda.stream()
    objective.calc_ders_range_gpu[-(-len(f) // 1024), 1024, stream](0, *given)
    return [x.copy_to_host() for x in given[3:]]


@pytest.mark.parametrize("loss", REGRESSION + BINARY, ids=repr)
def test_catboost_is_given_what_it_is_given_on_the_cpu(loss):
    y, f = rows(loss, n=29, dtype=np.float32)
    weight = np.linspace(0.1, 2.0, len(y)).astype(np.float32)
    objective = Objective(loss, known_start=True)
    expected = objective.calc_ders_range(f.astype(np.float64), y, weight)
    value, first, second = gpu_derivatives(objective, y, f, weight, 1, 29, 29)
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(first, expected[:, 0], rtol=3e-5, atol=1e-6 * scale[0])
    np.testing.assert_allclose(-second, expected[:, 1], rtol=3e-5, atol=1e-6 * scale[1])
    for sizes in ((0, 29, 29), (1, 0, 0), (0, 29, 0)):
        wanted = [
            x if size else x[:0] for x, size in zip((value, first, second), sizes, strict=True)
        ]
        found = gpu_derivatives(objective, y, f, weight, *sizes)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    # The value falls as the derivative says.
    nudge = 1e-2
    low, high = (
        gpu_derivatives(objective, y[:1], f[:1] + x, weight[:1], 1, 0, 0)[0][0]
        for x in (-nudge, nudge)
    )
    if objective.pairs is None:  # the kernel of a smoothed loss follows the row
        return
    assert (high - low) / (2.0 * nudge) == pytest.approx(first[0], rel=2e-2, abs=2e-3)


def test_catboost_gets_nothing_it_could_train_with_if_anything_fails():
    objective = Objective(bl.Quantile(0.3), known_start=True)
    weight = np.full(29, np.inf, np.float32)
    results = [numba_cuda.to_device(np.zeros(size, np.float32)) for size in (1, 29, 29)]
    given = [numba_cuda.to_device(x) for x in (weight, weight, weight)]
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        objective.calc_ders_range_gpu[1, 1024, 0](0, *given, *results)
    assert all(np.isnan(result.copy_to_host()).all() for result in results)


def test_catboost_warns_of_a_far_start_once():
    objective = Objective(bl.Huber(1.0))
    y, f, weight = np.full(9, 1000.0), np.zeros(9), np.ones(9)
    with pytest.warns(UserWarning, match="Boosting starts far from 1000"):
        gpu_derivatives(objective, y, f, weight, 1, 9, 9)
    gpu_derivatives(objective, y, f, weight, 1, 9, 9)
