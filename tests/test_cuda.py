"""Objectives on a GPU: in numba's simulator and through CUDA's compiler anywhere, and on a GPU where there is one."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
import xgboost as xgb
from cases import EXAMPLES, STEEP, rows
from catboost import CatBoostRegressor as PlainCatBoostRegressor
from numba import cuda as numba_cuda
from numba import float32, float64, int64, typeof, types
from processes import REPOSITORY, run_python

import boostloss as bl
from boostloss.catboost import CatBoostRegressor, metric, objective
from boostloss.kernels import cuda
from boostloss.kernels.rows import GRADIENT, MAJORIZER
from boostloss.xgboost import XGBRegressor

gpu_only = pytest.mark.skipif(not numba_cuda.is_available(), reason="needs CUDA")


def test_the_simulator_computes_the_same():
    """It is chosen when numba is imported, hence a process of its own."""
    variables = {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(REPOSITORY)}
    command = "-m", "pytest", "tests/simulated_cuda.py", "-q", "-p", "no:cacheprovider"
    result = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout


def can_compile():
    """Whether CUDA's compiler is installed, be there a GPU or not."""
    try:
        numba_cuda.compile_ptx(lambda x: None, (float32[::1],), cc=(7, 5))
    except Exception:  # which one depends on what is missing
        return False
    return True


@pytest.fixture(scope="module")
def compiler():
    """CUDA's compiler, which asks a GPU only which one it is."""
    if not can_compile():
        pytest.skip("needs NVVM, of CUDA's toolkit")
    with pytest.MonkeyPatch.context() as patch:
        some_gpu = SimpleNamespace(compute_capability=(7, 5))
        patch.setattr("numba.cuda.dispatcher.get_current_device", lambda: some_gpu)
        yield


def compiled(kernel, *arguments):
    code, _ = numba_cuda.compile_ptx(kernel.py_func, arguments, cc=(7, 5))
    return code


FORMULAS = {loss.formula: loss for loss in EXAMPLES + STEEP if cuda.compiles(loss.formula)}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.__name__)
def test_kernels_compile(compiler, formula):
    parameters = typeof(cuda.numbers(FORMULAS[formula].parameters))
    numbers = float64, float64, parameters
    results = float32[::1], float32[::1]
    for data, weighted in ((float32, True), (float64, False)):
        rows = [data[::1]] * 3
        kernel = cuda.kernel_of_two(formula, (GRADIENT, MAJORIZER), weighted)
        code = compiled(kernel, *rows, *numbers, *results, int64[::1])
        assert ".extern .func" not in code, "all functions are there"
    kernel = cuda.kernel_of_total(formula, MAJORIZER, True)
    compiled(kernel, *[float32[::1]] * 3, *numbers, float32[::1], *results)


def test_kernels_that_copy_compile(compiler):
    for data in (float32, float64, types.int64, types.uint8, types.boolean):
        code = compiled(cuda.copy_all, types.Array(data, 1, "A"), float64[::1])
        assert "st.global.b64" in code or "st.global.f64" in code, "it writes doubles"
    code = compiled(cuda.take, float32[::1], int64[::1], float32[::1])
    assert "ld.global" in code


def test_float32_stays_float32(compiler):
    """A GPU for games computes 64 times slower in float64."""
    kernel = cuda.kernel_of_two(bl.LogCosh(1.0).formula, (GRADIENT, MAJORIZER), True)
    numbers = float64, float64, types.UniTuple(float64, 1)
    code = compiled(kernel, *[float32[::1]] * 3, *numbers, float32[::1], float32[::1], int64[::1])
    assert re.search(r"\bfma\.rn\.f32\b", code)
    assert not re.search(r"\b(add|sub|mul|fma|div|sqrt|setp)\.(\w+\.)*f64\b", code)


def test_kernels_of_the_cpu_compile_after_those_of_a_gpu(compiler, tmp_path):
    """They failed with numba before 0.67, which takes the code of one kind of processor for that of the other."""
    code = """
    import warnings
    from types import SimpleNamespace
    from numba import cuda as numba_cuda, float32, float64, int64, types
    import boostloss as bl
    from boostloss.kernels import cuda
    from boostloss.kernels.rows import GRADIENT, MAJORIZER
    warnings.simplefilter("ignore")  # of a CUDA that is too new, or an old numba
    numba_cuda.dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(7, 5))
    print(bl.Huber(1.0).gradient_hessian([0.0], [2.0])[0])
    kernel = cuda.kernel_of_two(bl.Huber(1.0).formula, (GRADIENT, MAJORIZER), True)
    numbers = float64, float64, types.UniTuple(float64, 1)
    for data in (float32, float64):
        rows = data[::1], data[::1], data[::1], *numbers, float32[::1], float32[::1], int64[::1]
        numba_cuda.compile_ptx(kernel.py_func, rows, cc=(7, 5))
    print(bl.Fair(1.0).gradient_hessian([0.0], [1.0])[0])
    """
    printed = run_python(code, tmp_path, NUMBA_CACHE_DIR=str(tmp_path))
    assert printed.split() == ["[1.]", "[0.5]"]


def test_numba_cuda_is_not_imported_without_a_gpu(tmp_path):
    code = """
    import sys
    import numpy as np
    import boostloss as bl
    from boostloss.catboost import CatBoostRegressor
    from boostloss.xgboost import XGBRegressor
    X = np.arange(100.0)[:, None]
    XGBRegressor(objective=bl.Huber(1.0), n_estimators=2).fit(X, X[:, 0])
    CatBoostRegressor(
        loss_function=bl.Huber(1.0), iterations=2, verbose=False, allow_writing_files=False
    ).fit(X, X[:, 0])
    print(*{"numba.cuda", "cupy", "torch"} & set(sys.modules))
    """
    assert run_python(code, tmp_path).strip() == ""


def table(loss, n=2000):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5)).astype(np.float32)
    y = X[:, 0] + np.abs(X[:, 1]) + 0.3 * rng.standard_t(3, n)
    y = (y > 0.5) if loss.task == "binary" else y
    return X, y.astype(np.float32), rng.random(n).astype(np.float32)


def start(loss, y):
    return {
        "base_score": float(np.float32(loss.fit_intercept(y))),
        "objective": "reg:squarederror",
    }


def trained_by_rounds(loss, params, X, y, weight, rounds=15):
    """As in docs/gpu.md: the raw predictions of all rows are kept, and every tree is added to them."""
    data = xgb.QuantileDMatrix(X, y, weight=weight)
    booster = xgb.Booster(params, [data])
    raw = 0.0 * y + params["base_score"]
    for i in range(rounds):
        gradient, hessian = loss(y, raw, weight)
        booster.boost(data, i, grad=gradient, hess=hessian)
        raw = booster.inplace_predict(
            X, iteration_range=(i, i + 1), predict_type="margin", base_margin=raw
        )
    return booster, raw


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.8), bl.Logistic()], ids=repr)
def test_training_by_rounds_is_that_of_xgboost(loss):
    X, y, weight = table(loss)
    params = start(loss, y)
    booster, raw = trained_by_rounds(loss, params, X, y, weight)
    data = xgb.QuantileDMatrix(X, y, weight=weight)
    whole = xgb.train(params, data, 15, obj=loss)
    np.testing.assert_array_equal(booster.predict(data), whole.predict(data))
    np.testing.assert_array_equal(raw, whole.predict(data))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            bl.Huber(),
            r"must be 'CPU' with Huber\(delta='adaptive'\), got 'GPU'.*Huber\(delta=1.0\)",
        ),
        (bl.Asymmetric(bl.Welsch(2.0), 5.0), "must be 'CPU' with Asymmetric.*cannot be compiled"),
        (bl.Normal(), r"must be 'CPU' with Normal\(\), got 'GPU'"),
    ],
)
def test_catboost_refuses_what_cannot_train_on_a_gpu(loss, message):
    X, y, _ = table(loss)
    with pytest.raises(ValueError, match=message):
        CatBoostRegressor(loss_function=loss, task_type="GPU").fit(X, y)


@pytest.mark.skipif(numba_cuda.is_available(), reason="about machines without CUDA")
def test_catboost_says_that_there_is_no_gpu():
    X, y, _ = table(bl.Huber(1.0))
    with pytest.raises(ValueError, match=r"task_type must be 'CPU' here, got 'GPU'.*no CUDA"):
        CatBoostRegressor(loss_function=bl.Huber(1.0), task_type="GPU").fit(X, y)


def libraries():
    """Functions from an array of the CPU to one of the GPU."""
    found = {"numba": numba_cuda.to_device}
    if find_spec("cupy"):
        import cupy

        found["cupy"] = cupy.asarray
    if find_spec("torch"):
        import torch

        found["torch"] = lambda array: torch.as_tensor(array, device="cuda")
    return found


@gpu_only
@pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
def test_a_gpu_computes_the_same(loss):
    for dtype in (np.float32, np.float64):
        y, f = rows(loss, n=100_000, dtype=dtype)
        weight = np.linspace(0.0, 2.0, len(y)).astype(dtype)
        expected = loss(y, f, weight)
        for to_gpu in libraries().values():
            given = [to_gpu(array) for array in (y, f, weight)]
            found = loss(*given)
            for one, other in zip(found, expected, strict=True):
                assert type(one) is type(given[1])
                scale = np.abs(other).max()
                np.testing.assert_allclose(cuda.host(one), other, rtol=2e-5, atol=1e-6 * scale)


@gpu_only
@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.8), bl.Logistic()], ids=repr)
def test_xgboost_trains_on_a_gpu_by_rounds(loss):
    cupy = pytest.importorskip("cupy")
    X, y, weight = table(loss)
    params = start(loss, y)
    expected, _ = trained_by_rounds(loss, params, X, y, weight)
    given = map(cupy.asarray, (X, y, weight))
    booster, raw = trained_by_rounds(loss, params | {"device": "cuda"}, *given)
    data = xgb.DMatrix(X)
    difference = booster.predict(data) - expected.predict(data)
    assert np.abs(difference).mean() < 0.05 * np.abs(expected.predict(data)).mean()
    np.testing.assert_allclose(cupy.asnumpy(raw), booster.predict(data), atol=1e-4)


@gpu_only
@pytest.mark.parametrize("loss", [bl.Huber(), bl.Huber(1.0), bl.Quantile([0.1, 0.9])], ids=repr)
def test_estimators_of_xgboost_train_on_a_gpu(loss):
    X, y, weight = table(bl.Huber(1.0))
    scores = [
        XGBRegressor(objective=loss, n_estimators=30, device=device)
        .fit(X, y, sample_weight=weight)
        .score(X, y)
        for device in ("cpu", "cuda")
    ]
    assert scores[1] == pytest.approx(scores[0], abs=0.03)


@gpu_only
@pytest.mark.parametrize(
    "loss", [bl.SquaredError(), bl.Huber(1.0), bl.Poisson(), bl.Quantile(0.8)], ids=repr
)
def test_catboost_trains_on_a_gpu(loss):
    X, y, weight = table(loss)
    options = {"iterations": 50, "learning_rate": 0.2, "verbose": False}
    options |= {"allow_writing_files": False, "boosting_type": "Plain"}
    losses = [
        loss.mean_loss(
            y,
            CatBoostRegressor(loss_function=loss, task_type=task_type, **options)
            .fit(X, y, sample_weight=weight)
            .predict(X, "RawFormulaVal"),
        )
        for task_type in ("CPU", "GPU")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


@gpu_only
def test_plain_catboost_trains_on_a_gpu():
    loss = bl.Huber(1.0)
    X, y, _ = table(loss)
    model = PlainCatBoostRegressor(
        loss_function=objective(loss),
        eval_metric=metric(loss),
        task_type="GPU",
        iterations=50,
        learning_rate=0.2,
        verbose=False,
        allow_writing_files=False,
    ).fit(X, y)
    assert loss.mean_loss(y, model.predict(X)) < 0.3 * loss.mean_loss(y, np.zeros(len(y)))
