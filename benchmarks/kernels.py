"""Gradient and Hessian of 4 million rows: our kernels, NumPy, and the memory limit, in one run.

The memory limit is a compiled loop that reads two arrays and writes two, over the same blocks and threads. Both write
to arrays that are there already, and are interleaved; times are the best of several rounds. With 10 classes it is for
4 million scores, of which each is read once, and gradient and curvature are written; NumPy is the softmax as a user
would write it, or our formula on whole arrays. XGBoost gives scores row by row, LightGBM class by class.

    python -m benchmarks.kernels [--rows 4000000] [--rounds 9]
"""

import argparse
import time

import numpy as np

import boostloss as bl
from boostloss.boosting.several import class_computation, class_curvature
from boostloss.kernels.classes import class_columns, fill_classes
from boostloss.kernels.rows import BLOCK, GRADIENT, Computation, Rows, evaluate_numpy, fill
from boostloss.kernels.threads import parallel_map, thread_count
from boostloss.losses.base import CURVATURES

CLASSES = 10


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


def best(functions, rounds):
    """Best time of each function in milliseconds, interleaved."""
    times = [[] for _ in functions]
    for _ in range(rounds + 1):  # the first round compiles
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            record.append(time.perf_counter() - start)
    return [1e3 * min(record[1:]) for record in times]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    losses = [
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
    for dtype in (np.float32, np.float64):
        y = rng.normal(size=options.rows).astype(dtype)
        f = rng.normal(size=options.rows).astype(dtype)
        labels = (y > 0).astype(dtype)
        limit = memory_limit(y, f)
        scores = f[: options.rows // CLASSES * CLASSES].reshape(-1, CLASSES)
        position = rng.integers(CLASSES, size=len(scores)).astype(dtype)
        print(f"\n{options.rows:,} rows, {np.dtype(dtype).name}, {thread_count()} threads")
        print(
            f"{'loss':32s} {'limit ms':>9s} {'ours ms':>9s} {'ratio':>6s} {'NumPy ms':>9s} {'speed-up':>9s}"
        )
        for loss in losses:
            target = labels if loss.task == "binary" else y
            least, kernel = best([limit, ours(loss, target, f)], options.rounds)
            # By itself: its temporaries would make the others wait for fresh memory.
            (whole_array,) = best([numpy_gradient_hessian(loss, target, f)], options.rounds)
            report(repr(loss), least, kernel, whole_array)
        for loss in (bl.Logistic(), bl.Focal(gamma=2.0)):
            for order, f_ in (("rows", scores), ("classes", np.asfortranarray(scores))):
                compiled, written = of_classes(loss, position, f_)
                least, kernel = best([limit, compiled], options.rounds)
                (whole_array,) = best([written], options.rounds)
                name = f"{type(loss).__name__}, {CLASSES} classes, by {order}"
                report(name, least, kernel, whole_array)


def report(name, least, kernel, whole_array):
    print(
        f"{name:32s} {least:9.2f} {kernel:9.2f} {kernel / least:6.2f} {whole_array:9.1f}"
        f" {whole_array / kernel:9.1f}"
    )


if __name__ == "__main__":
    main()
