"""Formulas over arrays of rows."""

import ctypes
import math
import operator
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.structs import READABLE, WRITABLE, address
from boostloss.kernels.threads import RunInThreads, parallel_map, run_in_threads
from boostloss.ops import maximum, where

LOSS, GRADIENT, HESSIAN, MAJORIZER = range(4)  # what a formula returns
JIT_DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
BLOCK = 1 << 17  # rows that a thread takes at a time; below two blocks one thread is faster

CHARACTERS = {np.dtype(np.float32): "f", np.dtype(np.float64): "d"}  # in the machine's byte order
# Of target, raw prediction and two results, where `fill_finite` may compute in float32.
NARROWING = [np.dtype(np.float32), np.dtype(np.float64), *2 * [np.dtype(np.float32)]]
Kinds = tuple[str, str, str | None]  # characters of the dtypes of rows


class Computation(NamedTuple):
    """What is computed of every row.

    Attributes
    ----------
    formula : callable
        Target, raw prediction and parameters to a tuple of numbers.
    outputs : tuple of one or two int
        The places of the wanted ones in it.
    parameters : tuple of float
    factor : float
        Multiplied into the outputs, as the weights of the rows are.
    floor : float
        The least value of the second output, a curvature, before it is multiplied.
    """

    formula: Callable[..., Any]
    outputs: tuple[int, ...]
    parameters: tuple[float, ...] = ()
    factor: float = 1.0
    floor: float = -math.inf


class Rows(NamedTuple):
    """Contiguous 1-d arrays of one length, each float32 or float64.

    They are computed in float32 if the first two are, and the parameters allow it; see `fill_finite` too.
    """

    y_true: NDArray
    raw_prediction: NDArray
    weight: NDArray | None = None

    def at(self, places: slice | NDArray[np.intp]) -> "Rows":
        """The rows at these places."""
        return Rows(*(None if each is None else each[places] for each in self))  # type: ignore[arg-type]


def evaluate(computation: Computation, rows: Rows, dtype: DTypeLike) -> list[NDArray]:
    """An array for each output."""
    results = [np.empty(len(rows.raw_prediction), dtype) for _ in computation.outputs]
    fill(results, computation, rows)
    return results


def fill(
    results: Sequence[NDArray],
    computation: Computation,
    rows: Rows,
    run: RunInThreads = run_in_threads,
) -> None:
    """Write the outputs into arrays that are there already: one for each, or one of shape (n, 2)."""
    layout = "columns" if results[0].ndim == 1 else "pairs"
    if not run_native(layout, results, computation, rows, run):
        columns = results if results[0].ndim == 1 else results[0].T
        for column, values in zip(columns, evaluate_numpy(computation, rows), strict=True):
            with np.errstate(over="ignore"):  # float32 holds no more than it does
                column[:] = values


def fill_finite(
    results: Sequence[NDArray],
    computation: Computation,
    rows: Rows,
    narrow: Literal["errors", "scores"] | None = None,
) -> bool:
    """Write two outputs into an array for each; whether all that was written is finite.

    A round of a million rows of XGBoost takes 2 % less time than with a look at the arrays after it.

    Float32 results of float32 targets and float64 raw predictions, as LightGBM has them, may be computed in float32 by
    compiled code: `narrow` says whether of "errors", where a formula depends on the differences of both alone, or of
    raw predictions rounded, "scores". Formulas with an exponential take half the time.
    """
    totals = np.zeros(len(results[0]) // BLOCK + 1)
    narrows = narrow and known_to_fit(computation.parameters)
    kinds = [rows.y_true.dtype, rows.raw_prediction.dtype, *(result.dtype for result in results)]
    layout = f"checked {narrow}" if narrows and kinds == NARROWING else "checked"
    if run_native(layout, [totals, *results], computation, rows, run_in_threads):
        if np.isfinite(totals).all():
            return True
    else:
        fill(results, computation, rows)
    return all(np.isfinite(result).all() for result in results)  # the sum alone may be too large


def add_up(
    formula: Callable[..., Any],
    parameters: tuple[float, ...],
    rows: Rows,
    gradient: NDArray,
    run: RunInThreads = run_in_threads,
) -> float:
    """Weighted sum of the losses of rows in one dtype, whose gradients are written into an array on the way."""
    computation = Computation(formula, (LOSS, GRADIENT), parameters)
    totals = np.zeros(len(gradient) // BLOCK + 1)  # of each block, so that threads change nothing
    if run_native("total", [totals, gradient], computation, rows, run):
        return totals.sum()
    loss, gradient[:] = evaluate_numpy(computation, rows)
    return loss.astype(gradient.dtype).sum(dtype=np.float64)


def run_native(
    layout: str,
    results: Sequence[NDArray],
    computation: Computation,
    rows: Rows,
    run: RunInThreads,
) -> bool:
    """Run the native loop over blocks of rows, in several threads; false where there is no compiled code."""
    _, _, parameters, factor, floor = computation
    y, f, weight = rows = precise(rows, parameters)
    n = len(f)
    kinds = check_rows(rows)
    shape = (n, 2) if layout == "pairs" else (n,)
    has_totals = layout.startswith(("total", "checked"))  # of each block, in the first array
    for result in results[1:] if has_totals else results:
        result_kind = check_array("result", result, shape, WRITABLE)
    loop = loop_for(computation, kinds, result_kind, layout)
    if loop is None:
        return False
    memory, values = in_memory(parameters)
    arrays = [y, f, y if weight is None else weight, *results]
    addresses = [address(array) for array in arrays]
    if n < 2 * BLOCK:
        loop(n, *addresses[:3], factor, floor, values, *addresses[3:])
        return True

    steps = [BLOCK * array.strides[0] for array in arrays]
    if has_totals:
        steps[3] = results[0].itemsize

    # An interrupt may leave helpers behind: the block, not only its caller, keeps alive what it has addresses of.
    def block(place: int, keep_alive: Any = (memory, arrays)) -> None:
        at = [start + place * step for start, step in zip(addresses, steps, strict=True)]
        loop(min(BLOCK, n - place * BLOCK), *at[:3], factor, floor, values, *at[3:])

    parallel_map(block, range(-(-n // BLOCK)), run)
    return True


def loop_for(
    computation: Computation, kinds: Kinds, result_kind: str, layout: str
) -> Callable[..., Any] | None:
    """The compiled loop for rows and results of such dtypes; None where there is none."""
    if JIT_DISABLED:
        return None
    n_parameters = len(computation.parameters)
    variant = Variant(computation.outputs, n_parameters, *kinds, result_kind, layout)
    return native_loop(computation.formula, variant)


def fit_float32(parameters: tuple[float, ...]) -> bool:
    """Whether formulas may compute in float32: the squares of the parameters, and times weights, are in its range."""
    return all(p == 0.0 or p - p != 0.0 or 2.0**-50 <= abs(p) <= 2.0**50 for p in parameters)


known_to_fit = lru_cache(maxsize=256)(fit_float32)


def precise(rows: Rows, parameters: tuple[float, ...]) -> Rows:
    """The rows, in a precision that the parameters allow."""
    if known_to_fit(parameters):
        return rows
    return rows._replace(y_true=np.asarray(rows.y_true, np.float64))


def check_rows(rows: tuple[NDArray, NDArray, NDArray | None]) -> Kinds:
    """The characters of the dtypes of rows that a loop may read."""
    y, f, weight = rows
    shape = (len(f),)
    return (
        check_array("y_true", y, shape),
        check_array("raw_prediction", f, shape),
        None if weight is None else check_array("sample_weight", weight, shape),
    )


def check_array(name: str, array: NDArray, shape: tuple[int, ...], needed: int = READABLE) -> str:
    """The character of the dtype of an array, of which a loop will see the address only; an error if it would misread
    the array, or go beyond it."""
    kind = CHARACTERS.get(array.dtype) if type(array) is np.ndarray else None
    if kind is None or array.shape != shape or array.flags.num & needed != needed:
        raise refusal(name, array, shape)
    return kind


def readable(values: Any, ndim: int) -> bool:
    """Whether something is an array that a loop may read as it is."""
    return (
        type(values) is np.ndarray
        and values.ndim == ndim
        and values.dtype in CHARACTERS
        and values.flags.num & READABLE == READABLE
    )


def refusal(name: str, array: Any, shape: tuple[int, ...]) -> Exception:
    """What is wrong with an array."""
    if type(array) is not np.ndarray:  # of a subclass the data alone may not be all there is
        return TypeError(f"{name} must be an array, got {type(array).__name__}.")
    if array.dtype not in CHARACTERS:
        return TypeError(f"{name} must be of dtype float32 or float64, got {array.dtype.str!r}.")
    if array.shape != shape:
        return ValueError(f"{name} must have shape {shape}, got {array.shape}.")
    return ValueError(f"{name} must be contiguous and aligned, and writable if it is a result.")


@lru_cache(maxsize=256)
def in_memory(parameters: tuple[float, ...]) -> tuple[Any, int]:
    """Parameters in memory, and their address."""
    memory = (ctypes.c_double * len(parameters))(*parameters)
    return memory, ctypes.addressof(memory)


def compute_numpy(computation: Computation, rows: Rows, dtype: DTypeLike) -> list[NDArray]:
    """As `evaluate`, without compiled code: for few rows of a formula that may never be compiled."""
    shape = rows.raw_prediction.shape
    columns = evaluate_numpy(computation, rows)
    return [np.broadcast_to(np.asarray(column, dtype), shape) for column in columns]


def weighed(value: Any, weight: Any) -> Any:
    """The product, which is 0 for a row without weight though its value may be infinite."""
    return where(weight == 0.0, 0.0, value * weight)


def evaluate_numpy(computation: Computation, rows: Rows) -> list[NDArray]:
    """The outputs without compiled code."""
    formula, (first, *others), parameters, factor, floor = computation
    y, f, weight = precise(rows, parameters)
    scale = factor if weight is None else factor * weight.astype(np.result_type(y, f))
    with np.errstate(all="ignore"):  # the arm of a `where` that is not taken may overflow
        values = formula(y, f, *parameters)
        wanted = [values[first], *(maximum(values[output], floor) for output in others)]
        times = operator.mul if weight is None else weighed
        return [np.asarray(times(value, scale)) for value in wanted]
