"""Formulas of two raw predictions a row: the loss, two derivatives and their two curvatures."""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.rows import (
    BLOCK,
    JIT_DISABLED,
    WRITABLE,
    Rows,
    address,
    check_array,
    in_memory,
    precise,
)
from boostloss.kernels.threads import RunInThreads, parallel_map, run_in_threads


def fill_outputs(
    results: Sequence[NDArray],
    formula: Callable[..., Any],
    parameters: tuple[float, ...],
    rows: Rows,
    run: RunInThreads = run_in_threads,
) -> None:
    """Write the losses, or derivatives and curvatures, times the weight, into arrays that are there already.

    Parameters
    ----------
    results : sequence of ndarray
        For the loss one of shape (n,); else two of shape (2, n), for derivatives and curvatures.
    formula : callable
    parameters : tuple of float
    rows : Rows
        `raw_prediction` has shape (2, n).
    run : callable
    """
    y, f, weight = precise(rows, parameters)
    n = len(y)
    kinds = check_array("y_true", y, (n,)), check_array("raw_prediction", f, (2, n))
    weight_kind = None if weight is None else check_array("sample_weight", weight, (n,))
    for result in results:
        shape = (n,) if len(results) == 1 else (2, n)
        result_kind = check_array("result", result, shape, WRITABLE)
    outputs = tuple(range(len(results)))
    variant = Variant(outputs, len(parameters), *kinds, weight_kind, result_kind, "two outputs")
    loop = None if JIT_DISABLED else native_loop(formula, variant)
    if loop is None:
        with np.errstate(all="ignore"):
            values = formula(y, *f, *parameters)
        w = 1.0 if weight is None else weight
        wanted = [values[:1]] if len(results) == 1 else [values[1:3], values[3:]]
        for result, columns in zip(results, wanted, strict=True):
            for line, column in zip(result.reshape(len(columns), n), columns, strict=True):
                line[:] = column * w
        return
    memory, values = in_memory(parameters)
    sizes = (ctypes.c_ssize_t * 1)(n)
    arrays = [y, f, y if weight is None else weight, *results]
    addresses = [(address(array), array.itemsize) for array in arrays]

    # An interrupt may leave helpers behind: the block, not only its caller, keeps alive what it has addresses of.
    def block(start: int, keep_alive: Any = (memory, sizes, arrays)) -> None:
        at = [begin + start * size for begin, size in addresses]
        count = min(size, n - start)
        loop(count, *at[:3], 1.0, 0.0, values, ctypes.addressof(sizes), *at[3:])

    size = BLOCK if n >= 2 * BLOCK else max(n, 1)
    parallel_map(block, range(0, n, size), run)
