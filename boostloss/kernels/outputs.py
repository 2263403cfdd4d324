"""Formulas of several raw predictions a row: the loss, its derivatives and their curvatures."""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.rows import (
    BLOCK,
    JIT_DISABLED,
    Rows,
    address,
    check_array,
    in_memory,
    precise,
    weighed,
)
from boostloss.kernels.structs import WRITABLE
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
        One of shape (n,) for the loss; two of shape (k, n), for derivatives and curvatures; or one of each, for loss
        and derivatives.
    formula : callable
        Of the targets of a row, its k raw predictions and the parameters.
    parameters : tuple of float
    rows : Rows
        `raw_prediction` has shape (k, n), with k up to 3; `y_true` has shape (n,), or (2, n) of two targets a row.
    run : callable
    """
    y, f, weight = precise(rows, parameters)
    k, n = f.shape
    lines = np.atleast_2d(y)
    kinds = check_array("y_true", lines, (len(lines), n)), check_array("raw_prediction", f, (k, n))
    weight_kind = None if weight is None else check_array("sample_weight", weight, (n,))
    for result in results:
        shape = (n,) if result.ndim == 1 else (k, n)
        result_kind = check_array("result", result, shape, WRITABLE)
    first = 0 if results[0].ndim == 1 else 1
    outputs, sides = tuple(range(first, first + len(results))), (len(lines), k)
    variant = Variant(
        outputs, len(parameters), *kinds, weight_kind, result_kind, "several outputs", *sides
    )
    loop = None if JIT_DISABLED else native_loop(formula, variant)
    if loop is None:
        with np.errstate(all="ignore"):
            values = formula(*lines, *f, *parameters)
            kinds_of = values[:1], values[1 : 1 + k], values[1 + k :]
            for result, columns in zip(results, (kinds_of[i] for i in outputs), strict=True):
                for line, column in zip(result.reshape(len(columns), n), columns, strict=True):
                    line[:] = column if weight is None else weighed(column, weight)
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
