"""Formulas over segments of rows, such as the pixels of each image: sums, and derivatives of functions of sums."""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.rows import (
    BLOCK,
    JIT_DISABLED,
    Rows,
    address,
    check_array,
    check_rows,
    weighed,
)
from boostloss.kernels.structs import WRITABLE
from boostloss.kernels.threads import RunInThreads, parallel_map, run_in_threads

SMALL = 1 << 15  # rows of all segments that are not worth a second thread


class Strided(NamedTuple):
    """An array, and the elements from one segment, or block of one, to the next."""

    array: NDArray
    by_segment: int
    by_block: int


def segment_sums(
    formula: Callable[..., Any],
    n_outputs: int,
    parameters: tuple[float, ...],
    rows: Rows,
    n_segments: int,
    run: RunInThreads = run_in_threads,
    column: NDArray | None = None,
) -> NDArray[np.float64]:
    """Weighted sums of the first outputs of a formula over segments of one length, in shape (n_segments, n_outputs).

    The next output is written into the column, weighted, if there is one.
    """
    numbers = Strided(np.array(parameters, np.float64), 0, 0)
    n = len(rows.raw_prediction) // n_segments if n_segments else 0
    n_blocks = max(1, -(-n // BLOCK))
    totals = np.zeros((n_segments, n_blocks, n_outputs))  # so that threads change nothing
    results = [Strided(totals, n_blocks * n_outputs, n_outputs)]
    if column is not None:
        results.append(Strided(column, n, BLOCK))
    layout, outputs = "sums" if column is None else "total", range(n_outputs + len(results) - 1)
    if not run_native(
        layout, formula, tuple(outputs), (n_segments, n), numbers, rows, results, run
    ):
        for segment, part in enumerate(segments(rows, n_segments)):
            values = evaluated(formula, parameters, part)
            totals[segment, 0] = [value.sum(dtype=np.float64) for value in values[:n_outputs]]
            if column is not None:
                column[segment * n : (segment + 1) * n] = values[n_outputs]
    return totals.sum(axis=1)


def fill_segments(
    formula: Callable[..., Any],
    parameters: NDArray[np.float64],
    rows: Rows,
    result: NDArray,
    run: RunInThreads = run_in_threads,
) -> None:
    """Write the first output of a formula, weighted, whose parameters are those of the segment: a row for each.

    The result may be the one array that is read, which is fast where it is targets and raw predictions.
    """
    y, f, weight = rows
    n_segments = len(parameters)
    n = len(f) // n_segments if n_segments else 0
    numbers, results = Strided(parameters, parameters.shape[1], 0), [Strided(result, n, BLOCK)]
    layout = "in place" if y is f is result and weight is None else "columns"
    if not run_native(layout, formula, (0,), (n_segments, n), numbers, rows, results, run):
        for segment, part in enumerate(segments(rows, n_segments)):
            (output,) = evaluated(formula, tuple(parameters[segment].tolist()), part)
            result[segment * n : (segment + 1) * n] = output


def run_native(
    layout: str,
    formula: Callable[..., Any],
    outputs: tuple[int, ...],
    shape: tuple[int, int],
    parameters: Strided,
    rows: Rows,
    results: list[Strided],
    run: RunInThreads,
) -> bool:
    """Run the native loop over blocks of segments, in several threads; false where there is no compiled code."""
    y, f, weight = rows
    kinds = check_rows(rows)
    for array, *_ in results:
        result_kind = check_array("result", array, array.shape, WRITABLE)
    variant = Variant(outputs, parameters.array.shape[-1], *kinds, result_kind, layout)
    loop = None if JIT_DISABLED else native_loop(formula, variant)
    if loop is None:
        return False
    n_segments, n = shape
    inputs = [Strided(x, n, BLOCK) for x in (y, f, y if weight is None else weight)]
    # The address of each array, and the bytes from one segment to the next, and from one block.
    memory = [
        (address(x), by_segment * x.itemsize, by_block * x.itemsize)
        for x, by_segment, by_block in (*inputs, parameters, *results)
    ]

    # An interrupt may leave helpers behind: the block, not only its caller, keeps alive what it has addresses of.
    def block(place: tuple[int, int], keep_alive: Any = (inputs, parameters, results)) -> None:
        segment, part = place
        count = min(BLOCK, n - part * BLOCK)
        at = [begin + segment * far + part * near for begin, far, near in memory]
        loop(count, *at[:3], 1.0, 0.0, *at[3:])

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
    return [np.asarray(value if weight is None else weighed(value, weight)) for value in values]
