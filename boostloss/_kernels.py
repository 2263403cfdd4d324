"""Formulas over arrays of rows."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from boostloss._native import Variant, native_loop
from boostloss._ops import maximum

LOSS, GRADIENT, HESSIAN, MAJORIZER, GUARDED = range(5)
GUARD = 0.1
BLOCK = 1 << 17  # rows that a thread takes at a time; below two blocks one thread is faster


def make_row(formula: Callable) -> Callable:
    """What a loop computes of one row: the four outputs of the formula, and its guarded Hessian.

    The guarded Hessian is the exact one, but at least a tenth of the majorizer: Newton's step where the loss is convex,
    a bounded one where it is not.
    """

    def row(y, f, parameters):
        loss, gradient, hessian, majorizer = formula(y, f, *parameters)
        return loss, gradient, hessian, majorizer, maximum(hessian, GUARD * majorizer)

    return row


def evaluate(
    formula: Callable[..., Any],
    outputs: tuple[int, ...],
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    factor: float,
    parameters: tuple[float, ...],
    dtype: DTypeLike,
) -> list[NDArray]:
    """One array for each of the one or two wanted outputs, times the factor and the weight.

    The arrays are contiguous, 1-d, float32 or float64. Rows are computed in float32 if target and raw prediction both
    are.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return evaluate_numpy(formula, outputs, y, f, weight, factor, parameters, dtype)
    results = [np.empty(len(f), dtype) for _ in outputs]
    arrays = [y, f, y if weight is None else weight, *results]
    variant = Variant(
        outputs,
        len(parameters),
        y.dtype.name,
        f.dtype.name,
        None if weight is None else weight.dtype.name,
        results[0].dtype.name,
    )
    loop = native_loop(formula, variant)
    numbers = np.array(parameters, dtype=np.float64)
    values = numbers.ctypes.data
    addresses = [(array.ctypes.data, array.itemsize) for array in arrays]

    def run(start: int, stop: int) -> None:
        at = [address + start * size for address, size in addresses]
        loop(stop - start, at[0], at[1], at[2], factor, values, *at[3:])

    n = len(f)
    if n < 2 * BLOCK:
        run(0, n)
    else:
        starts = range(0, n, BLOCK)
        stops = [min(start + BLOCK, n) for start in starts]
        for _ in thread_pool(os.getpid()).map(run, starts, stops):
            pass
    return results


def evaluate_numpy(formula, outputs, y, f, weight, factor, parameters, dtype):
    """`evaluate` without compiled code."""
    scale = factor if weight is None else factor * weight
    with np.errstate(all="ignore"):  # the arm of a `where` that is not taken may overflow
        row = make_row(formula)(y, f, parameters)
        return [np.asarray(row[output] * scale, dtype) for output in outputs]


@lru_cache(maxsize=1)
def thread_pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process; a forked child, which inherits none, gets its own.

    numba's pools are not used: its OpenMP layer spins against the pool inside XGBoost, and its workqueue layer aborts
    when two Python threads use it at once.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = int(os.environ.get("NUMBA_NUM_THREADS") or available or 1)
    return ThreadPoolExecutor(limit, thread_name_prefix="boostloss")
