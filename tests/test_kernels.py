"""Compiled loops: blocks and threads, forks and workers, and what is kept on disk between processes."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, delayed
from processes import run_python

import boostloss
from boostloss import (
    Barron,
    Focal,
    Huber,
    KLDivergence,
    LogCosh,
    NegativeBinomial,
    Quantile,
    kernels,
)
from boostloss.boosting.objective import boosting_gradients
from boostloss.formulas.huber import huber
from boostloss.kernels import native
from boostloss.kernels.few_rows import PairsOfFewRows
from boostloss.kernels.rows import (
    BLOCK,
    GRADIENT,
    JIT_DISABLED,
    MAJORIZER,
    Computation,
    Rows,
    add_up,
    evaluate,
    fill,
)

PACKAGE = Path(boostloss.__file__).parent
compiled_only = pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")

# Gradients of one loss in a fresh process, and what it took.
REPORT = """
import json, sys
import numpy as np
from boostloss import Huber
from boostloss.kernels import native
y, f = np.zeros(4), np.array([-3.0, -0.5, 0.5, 3.0])
gradient, hessian = Huber(1.0).gradient_hessian(y, f, curvature="majorizer")
print(json.dumps({
    "gradient": gradient.tolist(), "hessian": hessian.tolist(),
    "compilations": native.compilations, "numba": "numba" in sys.modules,
}))
"""


def report(folder):
    """From the package that is copied into a folder, where its object code is kept too."""
    return json.loads(run_python(REPORT, folder, package=folder, NUMBA_CACHE_DIR=str(folder)))


@pytest.fixture
def first_call(tmp_path, monkeypatch):
    """Gradients as of the first call in a process, and the compilations it took; the cache begins empty."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    def call():
        monkeypatch.setattr(native, "_functions", {})
        before = native.compilations
        gradient, _ = Huber(1.0).gradient_hessian(np.zeros(3), np.array([-3.0, 0.5, 3.0]))
        return gradient.tolist(), native.compilations - before

    return call


def many_rows(n=5 * BLOCK // 2 + 13, dtype=np.float32):
    rng = np.random.default_rng(0)
    return rng.normal(size=n).astype(dtype), rng.normal(size=n).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_are_the_whole(dtype, weighted):
    y, f = many_rows(dtype=dtype)
    weight = np.abs(y) if weighted else None
    loss = Barron(0.5, 2.0)
    whole = [loss.loss(y, f, weight), *loss.gradient_hessian(y, f, weight)]
    assert len(y) > 2 * BLOCK
    for start in range(0, len(y), BLOCK):
        rows = slice(start, start + BLOCK)
        part = None if weight is None else weight[rows]
        parts = [loss.loss(y[rows], f[rows], part), *loss.gradient_hessian(y[rows], f[rows], part)]
        for all_rows, some in zip(whole, parts, strict=True):
            np.testing.assert_array_equal(all_rows[rows], some)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [LogCosh(1.0), NegativeBinomial(0.1), KLDivergence()], ids=repr)
def test_rows_of_a_part_alone(loss, dtype):
    """The last rows, for which no vector is filled, are computed as all others."""
    y, f = many_rows(1000, dtype)
    y = np.exp(-np.abs(y))
    if isinstance(loss, NegativeBinomial):
        y = np.floor(9.0 * y)
    whole = loss.loss(y, f)
    for n in range(1, 41):
        np.testing.assert_array_equal(loss.loss(y[-n:], f[-n:]), whole[-n:])
        np.testing.assert_array_equal(loss.loss(y[:n], f[:n]), whole[:n])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [0, 1, 1000, 5 * BLOCK // 2])
def test_pairs_are_the_columns(dtype, weighted, n):
    y, f = many_rows(n, np.float32)
    f = f.astype(np.float64)
    f.flags.writeable = False
    weight = np.abs(y) if weighted else None
    outputs, parameters = (GRADIENT, MAJORIZER), (0.7,)
    pairs = np.full((n, 2), np.nan, dtype)
    computation = Computation(huber, outputs, parameters, factor=-0.5, floor=0.1)
    fill([pairs], computation, Rows(y, f, weight))
    columns = evaluate(computation, Rows(y, f, weight), dtype)
    np.testing.assert_array_equal(pairs.T, columns)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [0, 1, 1000, 5 * BLOCK // 2])
def test_total_is_the_sum_of_the_losses(dtype, weighted, n):
    y, f = many_rows(n, dtype)
    weight = np.abs(y) if weighted else None
    loss = Huber(0.7)
    gradient = np.full(n, np.nan, dtype)
    total = add_up(huber, loss.parameters, Rows(y, f, weight), gradient)
    expected = loss.loss(y, f, weight).sum(dtype=np.float64)
    np.testing.assert_allclose(total, expected, rtol=20 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(gradient, loss.gradient_hessian(y, f, weight)[0])
    assert total == add_up(huber, loss.parameters, Rows(y, f, weight), gradient)


def test_weights_have_the_precision_of_the_rows():
    y, f = many_rows(100, np.float32)
    weight = np.abs(y)
    for dtype in (np.float32, np.float64):
        computation = Computation(huber, (GRADIENT,), (0.7,), factor=1.0 / 3.0)
        (found,) = evaluate(computation, Rows(y, f.astype(dtype), weight), np.float64)
        gradient = Huber(0.7).gradient_hessian(*(x.astype(np.float64) for x in (y, f)))[0]
        expected = gradient * weight.astype(np.float64) / 3.0
        np.testing.assert_allclose(found, expected, rtol=10 * np.finfo(dtype).eps)


def test_numpy_computes_the_same(monkeypatch):
    y, f = many_rows(1000)
    weight = np.abs(y)
    computation = Computation(huber, (GRADIENT, MAJORIZER), (0.7,), factor=-0.5, floor=0.1)
    rows = Rows(y, f.astype(np.float64), weight)

    def everything():
        fill([pairs := np.empty((len(f), 2), np.float32)], computation, rows)
        total = add_up(huber, (0.7,), Rows(y, f, weight), slope := np.empty_like(f))
        return [*evaluate(computation, rows, np.float32), *pairs.T, slope, np.full_like(f, total)]

    compiled = everything()
    monkeypatch.setattr(kernels.rows, "JIT_DISABLED", True)
    np.testing.assert_allclose(everything(), compiled, rtol=1e-5)


def test_numba_is_told_not_to_compile(tmp_path):
    code = """
    import numpy as np
    from boostloss import LogCosh
    from boostloss.kernels import native
    print(LogCosh(1.0).loss(np.zeros(2), np.array([0.0, 1.0])).round(6), native.compilations)
    """
    variables = {"NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert run_python(code, tmp_path, **variables) == "[0.       0.433781] 0\n"


@compiled_only
@pytest.mark.parametrize("missing", ["create_mcjit_compiler", "ObjectFileRef", "symbol"])
def test_numba_alone_compiles_too(missing, monkeypatch):
    import numba

    # It sets itself up with what is missing here, and where machine code is stored nothing has asked for it yet.
    numba.njit(lambda: 0)()
    y, f = many_rows(1000)
    computation = Computation(huber, (GRADIENT, MAJORIZER), (0.7,))
    expected = evaluate(computation, Rows(y, f), np.float32)
    expected_total = add_up(huber, (0.7,), Rows(y, f), gradient := np.empty_like(f))
    monkeypatch.setattr(native, "_functions", {})
    if missing == "symbol":
        code = native.object_code_of(huber, native.Variant((0,), 1, "f", "f", None, "f"))
        monkeypatch.setattr(native, "object_code_of", lambda *_: code)
        monkeypatch.setattr(native, "SYMBOL", "another")
    else:
        monkeypatch.delattr(native.llvm, missing)
    found = evaluate(computation, Rows(y, f), np.float32)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    total = add_up(huber, (0.7,), Rows(y, f), again := np.empty_like(f))
    assert total == pytest.approx(expected_total, rel=1e-6)
    np.testing.assert_allclose(again, gradient, rtol=1e-6)
    pairs = PairsOfFewRows(computation).compute(y, f.astype(np.float64), None)
    np.testing.assert_allclose(pairs, np.transpose(expected), rtol=1e-6, atol=1e-6)


def test_two_formulas_of_one_name_in_a_file():
    class First:
        def formula(y, f):
            return f - y, y, y, y

    class Second:
        def formula(y, f):
            return 2.0 * (f - y), y, y, y

    for formula, factor in ((First.formula, 1.0), (Second.formula, 2.0)):
        (found,) = evaluate(Computation(formula, (0,)), Rows(np.zeros(2), np.ones(2)), np.float64)
        np.testing.assert_array_equal(found, factor)


@compiled_only
@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_what_a_closure_holds_is_compiled_anew(factor):
    def formula(y, f):
        return factor * (f - y), y, y, y

    (found,) = evaluate(Computation(formula, (0,)), Rows(np.zeros(2), np.ones(2)), np.float64)
    np.testing.assert_array_equal(found, factor)


def test_many_threads_at_once():
    y, f = many_rows()
    losses = [Huber(1.0), LogCosh(2.0), Barron(0.0, 1.0), Quantile(0.9)] * 4
    expected = [boosting_gradients(loss, y, f) for loss in losses[:4]] * 4
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda loss: boosting_gradients(loss, y, f), losses))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_joblib(backend):
    y, f = many_rows()
    labels = (y > 0).astype(np.float32)
    expected = boosting_gradients(Focal(), labels, f)
    found = Parallel(n_jobs=2, backend=backend)(
        delayed(boosting_gradients)(Focal(), labels, f) for _ in range(3)
    )
    np.testing.assert_array_equal(found, [expected] * 3)


@compiled_only
def test_first_calls_of_many_threads_and_a_fork(tmp_path):
    code = """
    import os, warnings
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    from boostloss import Huber
    from boostloss.boosting.objective import boosting_gradients
    from boostloss.kernels import native
    y, f = np.zeros(500_000), np.linspace(-3, 3, 500_000)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: boosting_gradients(Huber(1.0), y, f), range(16)))
    assert all(np.array_equal(found[0], other) for other in found)
    print(native.compilations)
    if hasattr(os, "fork"):  # the helper threads have started, which a child does not inherit
        warnings.simplefilter("ignore", DeprecationWarning)  # forks with threads
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(boosting_gradients(Huber(1.0), y, f), found[0]) else 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    assert run_python(code, tmp_path, NUMBA_CACHE_DIR=str(tmp_path)) == "1\n"


@compiled_only
def test_a_process_compiles_only_what_has_been_edited(tmp_path):
    package = tmp_path / "boostloss"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    first = report(tmp_path)
    assert first["compilations"] == 1
    assert first["gradient"] == [-1.0, -0.5, 0.5, 1.0]
    assert first["hessian"] == pytest.approx([1.0 / 3.0, 1.0, 1.0, 1.0 / 3.0])
    again = first | {"compilations": 0, "numba": False}
    assert report(tmp_path) == again

    edits = {
        "formulas/huber.py": ("return loss, gradient,", "return loss, 2.0 * gradient,"),
        "kernels/loops.py": (
            "times(maximum(values[two], floor), w)",
            "times(maximum(values[two], floor), w + w)",
        ),
        "kernels/numba_ops.py": (
            "select(x < bound, bound, x)",
            "select(x < bound, bound, x + x)",
        ),
    }
    sources = {file: (package / file).read_text("utf-8") for file in edits}
    for file, (old, new) in edits.items():
        assert old in sources[file]
        (package / file).write_text(sources[file].replace(old, new), "utf-8")
    edited = report(tmp_path)
    assert edited["compilations"] == 1
    assert edited["gradient"] == [-2.0, -1.0, 1.0, 2.0]
    assert edited["hessian"][1] == 4.0

    for file, text in sources.items():
        (package / file).write_text(text, "utf-8")
    assert report(tmp_path) == again


@compiled_only
def test_damaged_code_is_not_run(first_call, tmp_path):
    gradient = [-1.0, 0.5, 1.0]
    assert first_call() == (gradient, 1)
    (file,) = (tmp_path / "boostloss").glob("*.o")
    code = file.read_bytes()
    for damaged in (code[:-1], code[:-1] + bytes([code[-1] ^ 1])):
        file.write_bytes(damaged)
        assert first_call() == (gradient, 1)
    assert first_call() == (gradient, 0)
    assert [path.name for path in (tmp_path / "boostloss").iterdir()] == [file.name]


@compiled_only
def test_nowhere_to_write(first_call, tmp_path):
    (tmp_path / "boostloss").write_text("a file where the folder should be")
    assert [first_call()[1], first_call()[1]] == [1, 1]
