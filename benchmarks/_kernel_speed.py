"""Gradient and Hessian of some rows: our kernels, NumPy, the memory limit, and other packages, in one run.

The memory limit is a compiled loop that reads two arrays and writes two, over the same blocks and threads. Both write
to arrays that are there already, and are interleaved; times are the best of several rounds. With 10 classes it is for
as many scores, of which each is read once, and gradient and curvature are written; NumPy is the softmax as a user
would write it, or our formula on whole arrays. XGBoost gives scores row by row, LightGBM class by class.
"""

import importlib
import importlib.util
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import boostloss as bl
from boostloss.boosting.several import class_computation, class_curvature
from boostloss.kernels.classes import class_columns, fill_classes
from boostloss.kernels.rows import BLOCK, GRADIENT, Computation, Rows, evaluate_numpy, fill
from boostloss.kernels.threads import parallel_map
from boostloss.losses.base import CURVATURES

CLASSES = 10
LOSSES = [
    bl.SquaredError(),
    bl.Huber(1.0),
    bl.LogCosh(1.0),
    bl.Quantile(0.9),
    bl.Barron(alpha=0.0, scale=1.0),
    bl.Barron(alpha=1.5, scale=1.0),
    bl.Welsch(1.0),
    bl.Logistic(),
    bl.Focal(gamma=2.0),
]
OF_CLASSES = [bl.Logistic(), bl.Focal(gamma=2.0)]
NUMPY_ROWS = 10_000_000  # at most, for NumPy's temporary arrays
Seconds = dict[str, float]


def copy(y, f, first, second):
    """Read, read, write, write."""
    for i in range(y.size):
        first[i] = y[i]
        second[i] = f[i]


def memory_limit(y, f):
    import numba

    compiled = numba.njit(nogil=True)(copy)
    first, second = np.empty_like(y), np.empty_like(f)

    def run(start):
        rows = slice(start, start + BLOCK)
        compiled(y[rows], f[rows], first[rows], second[rows])

    return lambda: parallel_map(run, range(0, len(y), BLOCK))


def gradient_curvature(loss):
    return Computation(loss.formula, (GRADIENT, CURVATURES[loss.curvature]), loss.parameters)


def numpy_gradient_hessian(loss, y, f):
    """What a user would write, where it is short; else our formula on whole arrays."""

    def huber():
        error = f - y
        size = np.abs(error)
        return np.clip(error, -loss.delta, loss.delta), loss.delta / np.maximum(size, loss.delta)

    def log_cosh():
        x = (f - y) / loss.scale
        tanh = np.tanh(x)
        return loss.scale * tanh, np.where(x == 0, 1, tanh / np.where(x == 0, 1, x))

    def logistic():
        p = 1 / (1 + np.exp(-f))
        return p - y, p * (1 - p)

    def formula():
        return evaluate_numpy(gradient_curvature(loss), Rows(y, f))

    return {"Huber": huber, "LogCosh": log_cosh, "Logistic": logistic}.get(
        type(loss).__name__, formula
    )


def ours(loss, y, f):
    results = [np.empty_like(f) for _ in range(2)]
    return lambda: fill(results, gradient_curvature(loss), Rows(y, f))


def of_classes(loss, y, f):
    """The kernel, and NumPy, for a matrix of scores."""
    k = f.shape[1]
    rows, computation = Rows(y, f), class_computation(loss)
    results = [np.empty(f.T.shape, f.dtype) for _ in range(2)]

    def softmax():
        p = np.exp(f - f.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p - (y[:, None] == np.arange(k)), p * (1 - p) * k / (k - 1)

    def formula():
        return class_columns(computation, rows, class_curvature(k))

    def kernel():
        fill_classes(results, computation, rows, class_curvature(k))

    return kernel, softmax if loss == bl.Logistic() else formula


def best(functions: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Least seconds of each function, interleaved; the first round compiles."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats + 1):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            record.append(time.perf_counter() - start)
    return [min(record[1:]) for record in times]


def with_threads(threads: int, measure: Callable[[], Seconds]) -> Seconds:
    """What is measured while the kernels run in so many threads."""
    given = os.environ.get("NUMBA_NUM_THREADS")
    os.environ["NUMBA_NUM_THREADS"] = str(threads)
    try:
        return measure()
    finally:
        del os.environ["NUMBA_NUM_THREADS"]
        if given is not None:
            os.environ["NUMBA_NUM_THREADS"] = given


def bytes_needed(rows: int, dtype: str) -> int:
    """Memory of `kernel_seconds`: eight arrays, with some to spare; NumPy has temporary ones."""
    arrays = 30 if rows <= NUMPY_ROWS else 10
    return arrays * rows * np.dtype(dtype).itemsize


def kernel_seconds(loss: bl.Loss, order: str, rows: int, dtype: str, repeats: int) -> Seconds:
    """Of the memory limit, of our kernel and of NumPy, if the rows are not too many; with an order, of 10 classes."""
    rng = np.random.default_rng(0)
    y, f = (rng.standard_normal(rows, np.dtype(dtype)) for _ in range(2))
    limit = memory_limit(y, f)
    if order:
        scores = f[: rows // CLASSES * CLASSES].reshape(-1, CLASSES)
        position = rng.integers(CLASSES, size=len(scores)).astype(dtype)
        scores = scores if order == "rows" else np.asfortranarray(scores)
        compiled, written = of_classes(loss, position, scores)
    else:
        target = (y > 0).astype(dtype) if loss.task == "binary" else y
        compiled, written = ours(loss, target, f), numpy_gradient_hessian(loss, target, f)
    found = dict(zip(("limit", "ours"), best([limit, compiled], repeats), strict=True))
    if rows <= NUMPY_ROWS:  # by itself: its temporaries would make the others wait for fresh memory
        (found["numpy"],) = best([written], min(repeats, 3))
    return found


class Labels:
    """The dataset of an objective's call, which copies its labels as XGBoost's does."""

    def __init__(self, y: np.ndarray):
        self.y = y

    def get_label(self) -> np.ndarray:
        return self.y.copy()

    def get_weight(self) -> None:
        return None


def _bokbokbok(loss: bl.Loss) -> Callable[..., Any] | None:
    if isinstance(loss, bl.LogCosh):
        return importlib.import_module("bokbokbok.loss_functions.regression").LogCoshLoss()
    if isinstance(loss, bl.Focal):
        module = importlib.import_module("bokbokbok.loss_functions.classification")
        return module.WeightedFocalLoss(alpha=1.0, gamma=2.0)
    return None


def _boost_loss(loss: bl.Loss) -> Callable[..., Any] | None:
    module = importlib.import_module("boost_loss.regression.regression")
    theirs = {bl.LogCosh: module.LogCoshLoss, bl.Huber: module.HuberLoss}.get(type(loss))
    if theirs is None:
        return None
    objective = theirs()
    return lambda f, data: objective(data.get_label(), f)


def _jaxboost(loss: bl.Loss) -> Callable[..., Any] | None:
    module = importlib.import_module("jaxboost")
    names = {bl.SquaredError: "mse", bl.Huber: "huber", bl.LogCosh: "log_cosh"}
    names |= {bl.Logistic: "binary_crossentropy", bl.Focal: "focal_loss"}
    name = names.get(type(loss))
    return None if name is None else getattr(module, name).xgb_objective


PACKAGES = {"bokbokbok": _bokbokbok, "boost-loss": _boost_loss, "jaxboost": _jaxboost}


def is_installed(package: str) -> bool:
    modules = [package.replace("-", "_"), *(["torch"] if package == "gbnet" else [])]
    return all(map(importlib.util.find_spec, modules))


def installed() -> list[str]:
    return [name for name in PACKAGES if is_installed(name)]


def call_seconds(package: str, loss: bl.Loss, rows: int, repeats: int) -> Seconds:
    """Of a call of the objective as XGBoost makes it, and of the other package's; nothing where it has none."""
    theirs = PACKAGES[package](loss)
    if theirs is None:
        return {}
    rng = np.random.default_rng(0)
    y, f = (rng.standard_normal(rows, np.float32) for _ in range(2))
    data = Labels((y > 0).astype(np.float32) if loss.task == "binary" else y)
    with np.errstate(all="ignore"):
        times = best([lambda: loss(f, data), lambda: theirs(f, data)], repeats)
    return dict(zip(("ours", "theirs"), times, strict=True))
