"""Formulas over segments of rows, such as the pixels of each image: sums, and derivatives of functions of sums."""

import ctypes
from collections.abc import Callable
from itertools import product
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
    check_rows,
)
from boostloss.kernels.threads import RunInThreads, parallel_map, run_in_threads

SMALL = 1 << 15  # rows of all segments that are not worth a second thread


def segment_sums(
    formula: Callable[..., Any],
    n_outputs: int,
    parameters: tuple[float, ...],
    rows: Rows,
    n_segments: int,
    run: RunInThreads = run_in_threads,
) -> NDArray[np.float64]:
    """Weighted sums of the outputs of a formula over segments of one length, in shape (n_segments, n_outputs)."""
    numbers = np.tile(np.array(parameters, np.float64), (n_segments, 1))
    n = len(rows.raw_prediction) // n_segments if n_segments else 0
    n_blocks = max(1, -(-n // BLOCK))
    totals = np.zeros((n_segments, n_blocks, n_outputs))  # so that threads change nothing
    steps = n_blocks * n_outputs, n_outputs
    if not run_native("sums", formula, tuple(range(n_outputs)), numbers, rows, totals, steps, run):
        for segment, part in enumerate(segments(rows, n_segments)):
            outputs = evaluated(formula, parameters, part)
            totals[segment, 0] = [output.sum(dtype=np.float64) for output in outputs]
    return totals.sum(axis=1)


def fill_segments(
    formula: Callable[..., Any],
    parameters: NDArray[np.float64],
    rows: Rows,
    result: NDArray,
    run: RunInThreads = run_in_threads,
) -> None:
    """Write the first output of a formula, weighted, whose parameters are those of the segment: a row for each."""
    n_segments = len(parameters)
    n = len(rows.raw_prediction) // n_segments if n_segments else 0
    if not run_native("columns", formula, (0,), parameters, rows, result, (n, BLOCK), run):
        for segment, part in enumerate(segments(rows, n_segments)):
            (output,) = evaluated(formula, tuple(parameters[segment].tolist()), part)
            result[segment * n : (segment + 1) * n] = output


def run_native(
    layout: str,
    formula: Callable[..., Any],
    outputs: tuple[int, ...],
    parameters: NDArray[np.float64],
    rows: Rows,
    result: NDArray,
    steps: tuple[int, int],
    run: RunInThreads,
) -> bool:
    """Run the native loop over blocks of segments, in several threads; false where there is no compiled code.

    The steps are those from the results of a segment, and of a block in it, to the next.
    """
    y, f, weight = rows
    kinds = check_rows(rows)
    n_segments, n_parameters = parameters.shape
    result_kind = check_array("result", result, result.shape, WRITABLE)
    variant = Variant(outputs, n_parameters, *kinds, result_kind, layout)
    loop = None if JIT_DISABLED else native_loop(formula, variant)
    if loop is None:
        return False
    n = len(f) // n_segments if n_segments else 0
    arrays = [y, f, y if weight is None else weight]
    addresses = [address(array) for array in arrays]
    sizes = [array.itemsize for array in arrays]
    numbers, results = address(parameters), address(result)

    # An interrupt may leave helpers behind: the block, not only its caller, keeps alive what it has addresses of.
    def block(place: tuple[int, int], keep_alive: Any = (arrays, parameters, result)) -> None:
        segment, part = place
        start = segment * n + part * BLOCK
        at = [begin + start * size for begin, size in zip(addresses, sizes, strict=True)]
        own = numbers + segment * n_parameters * ctypes.sizeof(ctypes.c_double)
        to = results + (segment * steps[0] + part * steps[1]) * result.itemsize
        loop(min(BLOCK, n - part * BLOCK), *at, 1.0, 0.0, own, to)

    places = list(product(range(n_segments), range(-(-n // BLOCK))))
    if len(f) < SMALL:
        for place in places:
            block(place)
    else:
        parallel_map(block, places, run)
    return True


def segments(rows: Rows, n_segments: int) -> list[Rows]:
    """The rows of each segment."""
    parts = [[None] * n_segments if x is None else x.reshape(n_segments, -1) for x in rows]
    return [Rows(*part) for part in zip(*parts, strict=True)]


def evaluated(
    formula: Callable[..., Any], parameters: tuple[float, ...], rows: Rows
) -> list[NDArray]:
    """The weighted outputs without compiled code."""
    y, f, weight = rows
    with np.errstate(all="ignore"):
        values = formula(y, f, *parameters)
    return [np.asarray(value if weight is None else value * weight) for value in values]
