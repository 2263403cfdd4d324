"""Formulas over rows in the memory of a GPU: numba makes kernels of the same functions as it makes the CPU's loops of.

Nothing imports this module, and with it numba's CUDA compiler, before arrays of a GPU are given.
"""

import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import cuda, float32, float64
from numpy.typing import DTypeLike, NDArray

from boostloss.kernels.loops import jitable, make_row
from boostloss.kernels.rows import CHARACTERS, GRADIENT, LOSS, Computation, Rows, known_to_fit

THREADS = 256  # of a block; with more, some formula would need more registers than a GPU has
FEWEST_BLOCKS, MOST_BLOCKS = 128, 4096  # numba warns of fewer; beyond, a thread takes several rows

to_device = cuda.to_device


def problem() -> str:
    """Why there is no GPU that numba can use; an empty text if there is one."""
    if cuda.is_available():
        return ""
    return " ".join(str(cuda.cuda_error() or "no NVVM, the compiler of its toolkit").split())


def view(values: Any) -> Any:
    """An array of any library, in the memory of the GPU, as one of numba's."""
    if type(values).__module__.partition(".")[0] == "torch":  # which does not say in what stream
        torch = sys.modules["torch"]
        torch.cuda.current_stream(values.device).synchronize()
    return cuda.as_cuda_array(values)


def host(values: Any, stream: Any = 0) -> NDArray[Any]:
    """A copy in the memory of the CPU."""
    array = view(values)
    if array.ndim == 1 and array.strides[0] < 0:  # which numba does not copy
        array = copied(array, array.dtype, stream)
    found = array.copy_to_host(stream=stream)
    if stream:
        stream.synchronize()
    return found


def like(values: Any, result: NDArray[Any]) -> Any:
    """An array of the CPU as one on the GPU, of the library of the values."""
    found = empty_like(values, result.shape, result.dtype)
    view(found).copy_to_device(np.ascontiguousarray(result))
    return found


def empty_like(values: Any, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
    """A new array of the library of the values, or of numba where it is another one than CuPy or torch."""
    library = type(values).__module__.partition(".")[0]
    if library == "torch":
        torch = sys.modules["torch"]
        return torch.empty(shape, dtype=getattr(torch, np.dtype(dtype).name), device=values.device)
    if library == "cupy":
        return sys.modules["cupy"].empty(shape, dtype)
    return cuda.device_array(shape, dtype)


def column(values: Any, name: str) -> Any:
    """A contiguous column of float32 or float64: the values themselves, or a copy of them."""
    array = view(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (n_samples,), got shape {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold integers, floats or booleans, got dtype {array.dtype}.")
    if array.dtype in CHARACTERS and array.is_c_contiguous():
        return array
    return copied(array, array.dtype if array.dtype in CHARACTERS else np.dtype(np.float64))


def copied(array: Any, dtype: np.dtype, stream: Any = 0) -> Any:
    """A column, contiguous and in another precision."""
    result = cuda.device_array(array.shape, dtype, stream=stream)
    launch(copy_all, len(result), stream, array, result)
    return result


def taken(array: Any, places: NDArray[np.intp], stream: Any = 0) -> NDArray[np.floating]:
    """Some elements of a column, in the memory of the CPU."""
    result = cuda.device_array(len(places), array.dtype, stream=stream)
    launch(
        take,
        len(places),
        stream,
        array,
        cuda.to_device(np.ascontiguousarray(places), stream),
        result,
    )
    return host(result, stream)


def fill(results: list[Any], computation: Computation, rows: Rows) -> int:
    """Write the two outputs into arrays, and find the first row where one of them is not finite.

    Parameters
    ----------
    results : list of two device arrays
    computation : Computation
    rows : Rows
        Of device arrays.

    Returns
    -------
    int
        The number of rows if all are.
    """
    formula, outputs, parameters, factor, floor = computation
    y, f, weight = precise(rows, parameters, 0)
    first_bad = cuda.to_device(np.array([len(f)]))
    kernel = kernel_of_two(formula, outputs, weight is not None)
    given = y, f, y if weight is None else weight, float(factor), float(floor), numbers(parameters)
    launch(kernel, len(f), 0, *given, *results, first_bad)
    return int(first_bad.copy_to_host()[0])


def add_up(
    results: list[Any], total: Any, computation: Computation, rows: Rows, stream: Any
) -> None:
    """Write minus the gradient and the curvature into arrays, and add minus the sum of the losses to a number.

    All are times the weight and the factor. An array without elements is not wanted.

    Parameters
    ----------
    results : list of two device arrays
    total : device array of shape (1,) or (0,)
    computation : Computation
    rows : Rows
        Of device arrays.
    stream : numba.cuda stream
    """
    formula, (_, curvature), parameters, factor, floor = computation
    y, f, weight = precise(rows, parameters, stream)
    kernel = kernel_of_total(formula, curvature, weight is not None)
    given = y, f, y if weight is None else weight, float(factor), float(floor), numbers(parameters)
    launch(kernel, len(f), stream, *given, total, *results)


def launch(kernel: Any, n: int, stream: Any, *arguments: Any) -> None:
    """Run a kernel over n rows."""
    if n:
        blocks = min(max(-(-n // THREADS), FEWEST_BLOCKS), MOST_BLOCKS)
        kernel[blocks, THREADS, stream](*arguments)


def precise(rows: Rows, parameters: tuple[float, ...], stream: Any) -> Rows:
    """As that of `kernels.rows`."""
    if known_to_fit(parameters):
        return rows
    return rows._replace(y_true=copied(rows.y_true, np.dtype(np.float64), stream))


def numbers(parameters: tuple[float, ...]) -> tuple[float, ...]:
    """Parameters, of one type."""
    return tuple(map(float, parameters))


def compiles(formula: Callable) -> bool:
    """Whether CUDA's compiler takes a formula; that in numba itself misreads a function of any number of arguments."""
    kind = inspect.Parameter.VAR_POSITIONAL
    return all(each.kind is not kind for each in inspect.signature(formula).parameters.values())


@cuda.jit
def copy_all(source, result):
    for i in range(cuda.grid(1), result.size, cuda.gridsize(1)):
        result[i] = source[i]


@cuda.jit
def take(source, places, result):
    for i in range(cuda.grid(1), result.size, cuda.gridsize(1)):
        result[i] = source[places[i]]


@lru_cache(maxsize=256)
def kernel_of_two(formula: Callable, outputs: tuple[int, ...], weighted: bool) -> Any:
    """The kernel of `fill`."""
    row = make_row(jitable(formula), outputs, weighted)

    def kernel(y, f, weight, factor, floor, p, first, second, first_bad):
        for i in range(cuda.grid(1), f.size, cuda.gridsize(1)):
            first[i], second[i] = row(y[i], f[i], weight[i], factor, floor, p)
            # As they are stored, which may be in less precision.
            if first[i] - first[i] != 0.0 or second[i] - second[i] != 0.0:
                cuda.atomic.min(first_bad, 0, i)

    return cuda.jit(kernel)


@lru_cache(maxsize=256)
def kernel_of_total(formula: Callable, curvature: int, weighted: bool) -> Any:
    """The kernel of `add_up`."""
    formula = jitable(formula)
    row = make_row(formula, (GRADIENT, curvature), weighted)
    row_of_loss = make_row(formula, (LOSS,), weighted)

    def kernel(y, f, weight, factor, floor, p, total, first, second):
        losses = 0.0
        for i in range(cuda.grid(1), f.size, cuda.gridsize(1)):
            if total.size:
                losses -= row_of_loss(y[i], f[i], weight[i], factor, floor, p)[0]
            gradient, hessian = row(y[i], f[i], weight[i], factor, floor, p)
            if first.size:
                first[i] = -gradient
            if second.size:
                second[i] = hessian
        if total.size:
            of_block = cuda.shared.array(THREADS, float64)
            place, size = cuda.threadIdx.x, THREADS // 2
            of_block[place] = losses
            cuda.syncthreads()
            while size:
                if place < size:
                    of_block[place] += of_block[place + size]
                cuda.syncthreads()
                size //= 2
            if place == 0:
                cuda.atomic.add(total, 0, float32(of_block[0]))

    return cuda.jit(kernel)
