"""Formulas of a margin over rows that have a score for each of K classes."""

import ctypes
import operator
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.classes import class_derivatives
from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.rows import (
    BLOCK,
    CHARACTERS,
    GRADIENT,
    HESSIAN,
    JIT_DISABLED,
    LOSS,
    Computation,
    Rows,
    address,
    check_array,
    evaluate_numpy,
    in_memory,
    precise,
    weighed,
)
from boostloss.kernels.structs import WRITABLE
from boostloss.kernels.threads import RunInThreads, parallel_map, run_in_threads
from boostloss.ops import exp, log

MOST_SCORES = 1 << 14  # that the compiled loop holds at a time; more classes go without it


def fill_classes(
    results: Sequence[NDArray],
    computation: Computation,
    rows: Rows,
    curvature_factor: float = 1.0,
    run: RunInThreads = run_in_threads,
) -> None:
    """Write the losses of the rows, or gradients and curvatures of the scores, into arrays that are there already.

    Parameters
    ----------
    results : sequence of ndarray
        For the loss one of shape (n,); for derivatives two of shape (k, n), the classes one after another.
    computation : Computation
        Of the margin: `outputs` are the loss alone, or gradient and a curvature, whose floor is that of the margin.
    rows : Rows
        `y_true` of shape (n,) holds positions of classes, from 0, as floats, `raw_prediction` has shape (n, k).
    curvature_factor : float, default 1.0
        Multiplied into the curvatures of scores.
    run : callable
    """
    outputs = computation.outputs
    if outputs != (LOSS,) and len(outputs) != 2:  # the loop writes to both
        raise ValueError(f"outputs must be the loss, or a gradient and a curvature, got {outputs}.")
    if not run_native(results, computation, rows, curvature_factor, run):
        columns = class_columns(computation, rows, curvature_factor)
        for result, values in zip(results, columns, strict=True):
            with np.errstate(over="ignore"):  # float32 holds no more than it does
                result[:] = values


def run_native(
    results: Sequence[NDArray],
    computation: Computation,
    rows: Rows,
    curvature_factor: float,
    run: RunInThreads,
) -> bool:
    """Run the native loop over blocks of rows, in several threads; false where there is no compiled code."""
    formula, outputs, parameters, factor, floor = computation
    y, f, weight = precise(rows, parameters)
    n, k = f.shape
    kinds = check_array("y_true", y, (n,)), CHARACTERS[f.dtype]
    weight_kind = None if weight is None else check_array("sample_weight", weight, (n,))
    for result in results:
        shape = (n,) if outputs == (LOSS,) else (k, n)
        result_kind = check_array("result", result, shape, WRITABLE)
    parameters = (*parameters, curvature_factor)
    variant = Variant(outputs, len(parameters), *kinds, weight_kind, result_kind, "classes")
    loop = (
        None
        if JIT_DISABLED or k > MOST_SCORES or any(x % f.itemsize for x in f.strides)
        else native_loop(formula, variant)
    )
    if loop is None:
        return False
    memory, values = in_memory(parameters)
    steps = (k, *(stride // f.itemsize for stride in f.strides), n, 1)
    sizes = (ctypes.c_ssize_t * 5)(*steps)
    arrays = [y, f, y if weight is None else weight, *results]
    addresses = [address(array) for array in arrays]
    strides = [
        *(array.strides[0] for array in arrays[:3]),
        *[result.itemsize for result in results],
    ]

    # An interrupt may leave helpers behind: the block, not only its caller, keeps alive what it has addresses of.
    def block(start: int, keep_alive: Any = (memory, sizes, arrays)) -> None:
        at = [begin + start * stride for begin, stride in zip(addresses, strides, strict=True)]
        count = min(size, n - start)
        loop(count, *at[:3], factor, floor, values, ctypes.addressof(sizes), *at[3:])

    size = max(1024, BLOCK // k)
    if n < 2 * size:
        size = n
        block(0)
    else:
        parallel_map(block, range(0, n, size), run)
    return True


def fill_class_gradients(
    losses: NDArray,
    gradients: NDArray | None,
    formula: Callable[..., Any],
    parameters: tuple[float, ...],
    y: NDArray,
    f: NDArray,
    run: RunInThreads = run_in_threads,
) -> None:
    """Write the losses of the rows, and the gradients of their scores, into arrays that are there already.

    Parameters
    ----------
    losses : ndarray of shape (groups, n)
    gradients : ndarray of shape (groups, n, k), or None
        Any view. None where they are not wanted.
    formula : callable
        Of the margin.
    parameters : tuple of float
    y : ndarray of shape (groups, n)
        Positions of classes, from 0, as floats.
    f : ndarray of shape (groups, n, k)
        Any view, in the dtype of the results.
    run : callable
    """
    groups, n, k = f.shape
    y = precise(Rows(y, f), parameters).y_true
    kinds = check_array("y_true", y, (groups, n)), CHARACTERS[f.dtype]
    check_array("losses", losses, (groups, n), WRITABLE)
    memory, values = in_memory((*parameters, 1.0))
    outputs = LOSS, GRADIENT
    variant = Variant(outputs, len(memory), *kinds, None, kinds[1], "class gradients")
    loop = None if JIT_DISABLED or k > MOST_SCORES else native_loop(formula, variant)
    if loop is None:
        for group in range(groups):
            rows = Rows(y[group], f[group])
            (losses[group],) = class_columns(Computation(formula, (LOSS,), parameters), rows)
            if gradients is not None:
                slopes = Computation(formula, (GRADIENT, HESSIAN), parameters)
                gradients[group] = class_columns(slopes, rows)[0].T
        return
    _, row_step, class_step = (stride // f.itemsize for stride in f.strides)
    by_row = by_class = 0
    if gradients is not None:
        _, by_row, by_class = (stride // f.itemsize for stride in gradients.strides)
    sizes = (ctypes.c_ssize_t * 5)(k, row_step, class_step, by_class, by_row)
    arrays = y, f, losses, f if gradients is None else gradients
    addresses = [(address(x), x.strides[0], x.strides[1]) for x in arrays]

    def block(place: tuple[int, int], keep_alive: Any = (memory, sizes, arrays)) -> None:
        group, start = place
        count = min(size, n - start)
        label, score, loss, gradient = (
            begin + group * far + start * near for begin, far, near in addresses
        )
        shape = ctypes.addressof(sizes)
        loop(count, label, score, label, 1.0, 0.0, values, shape, loss, gradient)

    size = max(1024, BLOCK // k)
    places = list(product(range(groups), range(0, n, size)))
    if groups * n < 2 * size:
        for place in places:
            block(place)
    else:
        parallel_map(block, places, run)


def class_columns(
    computation: Computation, rows: Rows, curvature_factor: float = 1.0
) -> list[NDArray]:
    """The results without compiled code."""
    formula, outputs, parameters, factor, floor = computation
    y, f, weight = precise(rows, parameters)
    dtype = np.result_type(y, f)
    scores = np.asarray(f.T, dtype)
    true = y == np.arange(len(scores))[:, None]
    with np.errstate(all="ignore"):
        # Finite: the scores of all others may be infinite, and have shares all the same.
        others = np.where(true, np.finfo(dtype).min, scores)
        top = others.max(axis=0)
        powers = exp(others - top)
        total = powers.sum(axis=0)
        own = np.where(true.any(axis=0), np.where(true, scores, 0.0).sum(axis=0), np.nan)
        margin = own - top - log(total)
        target = np.where(np.isnan(margin), margin, dtype.type(1.0))
        plain = Computation(formula, outputs, parameters, 1.0, floor)
        found = evaluate_numpy(plain, Rows(target, margin))
        scale = factor if weight is None else factor * weight.astype(dtype)
        times = operator.mul if weight is None else weighed
        if outputs == (LOSS,):
            return [times(found[0], scale)]
        gradient, curvature = class_derivatives(true, powers / total, *found)
        return [times(gradient, scale), times(curvature_factor * curvature, scale)]
