"""Formulas over arrays of rows."""

import ctypes
import math
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.threads import parallel_map, run_in_threads
from boostloss.ops import maximum

LOSS, GRADIENT, HESSIAN, MAJORIZER = range(4)  # what a formula returns
JIT_DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
HEADER = object.__basicsize__  # what CPython puts before the fields of a struct, in bytes
BLOCK = 1 << 17  # rows that a thread takes at a time; below two blocks one thread is faster


def evaluate(
    formula: Callable[..., Any],
    outputs: tuple[int, ...],
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    factor: float,
    parameters: tuple[float, ...],
    dtype: DTypeLike,
    floor: float = -math.inf,
) -> list[NDArray]:
    """One array for each of the one or two wanted outputs, times the factor and the weight.

    The second output, a curvature, is at least `floor` before it is multiplied.

    The arrays are contiguous, 1-d, float32 or float64. Rows are computed in float32 if target and raw prediction both
    are.
    """
    results = [np.empty(len(f), dtype) for _ in outputs]
    fill(results, formula, outputs, y, f, weight, factor, parameters, floor)
    return results


def fill(
    results,
    formula,
    outputs,
    y,
    f,
    weight,
    factor,
    parameters,
    floor=-math.inf,
    in_threads=run_in_threads,
):
    """`evaluate` into arrays that are there already: one for each output, or one of shape (n, 2)."""
    pairs = results[0].ndim == 2
    if JIT_DISABLED:
        dtype = results[0].dtype
        values = evaluate_numpy(formula, outputs, y, f, weight, factor, parameters, dtype, floor)
        for column, rows in zip(results[0].T if pairs else results, values, strict=True):
            column[:] = rows
        return
    layout = "pairs" if pairs else "columns"
    run(layout, results, formula, outputs, y, f, weight, factor, parameters, floor, in_threads)


def add_up(formula, y, f, weight, parameters, gradient, in_threads=run_in_threads) -> float:
    """Weighted sum of the losses of rows in one dtype, whose gradients are written into an array on the way."""
    outputs = LOSS, GRADIENT
    if JIT_DISABLED:
        dtype = gradient.dtype
        loss, gradient[:] = evaluate_numpy(formula, outputs, y, f, weight, 1.0, parameters, dtype)
        return loss.sum(dtype=np.float64)
    totals = np.zeros(len(f) // BLOCK + 1)  # of each block, so that threads change nothing
    results = [totals, gradient]
    run("total", results, formula, outputs, y, f, weight, 1.0, parameters, -math.inf, in_threads)
    return totals.sum()


def run(layout, results, formula, outputs, y, f, weight, factor, parameters, floor, in_threads):
    """Run the native loop over blocks of rows, in several threads."""
    n = len(f)
    variant = Variant(
        outputs,
        len(parameters),
        y.dtype.char,
        f.dtype.char,
        None if weight is None else weight.dtype.char,
        results[-1].dtype.char,
        layout,
    )
    loop = native_loop(formula, variant)
    memory, values = stored(parameters)
    arrays = [y, f, y if weight is None else weight, *results]
    addresses = [address(array) for array in arrays]
    if n < 2 * BLOCK:
        loop(n, *addresses[:3], factor, floor, values, *addresses[3:])
        return

    steps = [BLOCK * array.strides[0] for array in arrays]
    if layout == "total":
        steps[3] = results[0].itemsize

    def block(place: int, keep_alive: Any = (memory, arrays)) -> None:
        at = [start + place * step for start, step in zip(addresses, steps, strict=True)]
        loop(min(BLOCK, n - place * BLOCK), *at[:3], factor, floor, values, *at[3:])

    parallel_map(block, range(-(-n // BLOCK)), in_threads)


def address(array: Any) -> int:
    """Where an array lies: the first field of its struct. `array.ctypes` takes four times as long."""
    return ctypes.c_void_p.from_address(id(array) + HEADER).value  # type: ignore[return-value]


@lru_cache(maxsize=256)
def stored(parameters: tuple[float, ...]) -> tuple[Any, int]:
    """Parameters in memory, and their address."""
    memory = (ctypes.c_double * len(parameters))(*parameters)
    return memory, ctypes.addressof(memory)


def evaluate_numpy(formula, outputs, y, f, weight, factor, parameters, dtype, floor=-math.inf):
    """`evaluate` without compiled code."""
    scale = factor if weight is None else factor * weight.astype(np.result_type(y, f))
    with np.errstate(all="ignore"):  # the arm of a `where` that is not taken may overflow
        values = formula(y, f, *parameters)
        wanted = [values[outputs[0]], *(maximum(values[output], floor) for output in outputs[1:])]
        return [np.asarray(value * scale, dtype) for value in wanted]
