"""From a formula to a compiled loop over rows: the only loops of the package."""

import hashlib
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numba
import numpy as np
from numba.extending import register_jitable

from boostloss import _float32, _numba_ops, _ops
from boostloss._float32 import unwrap, wrap

LOSS, GRADIENT, HESSIAN, MAJORIZER = range(4)  # what a formula returns
BLOCK = 1 << 17  # rows that a thread takes at a time; below two blocks one thread is faster

# No reassociation: the rounding tricks of `_numba_ops` and the summation of exact terms depend on the order.
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


@lru_cache(maxsize=None)
def compiled(formula: Callable, *outputs: int) -> Callable:
    """The loop that fills one array for each of the wanted outputs of a formula.

    numba keeps machine code on disk under the values of the closure. The digest of the sources is one of them, since
    numba itself looks only at this file: after an edit of a formula nothing stale is loaded.
    """
    digest = source_digest(formula)
    formula = register_jitable(forceinline=True)(formula)

    if len(outputs) == 1:
        (only,) = outputs

        def kernel(y, f, weight, factor, parameters, first):
            digest  # noqa: B018
            for i in range(f.size):
                values = formula(wrap(y[i], f[i]), wrap(f[i], y[i]), *parameters)
                w = factor if weight is None else factor * weight[i]
                first[i] = unwrap(values[only] * w)
    else:
        one, two = outputs

        def kernel(y, f, weight, factor, parameters, first, second):
            digest  # noqa: B018
            for i in range(f.size):
                values = formula(wrap(y[i], f[i]), wrap(f[i], y[i]), *parameters)
                w = factor if weight is None else factor * weight[i]
                first[i] = unwrap(values[one] * w)
                second[i] = unwrap(values[two] * w)

    try:
        return numba.njit(cache=True, **OPTIONS)(kernel)
    except RuntimeError:  # no folder to write a cache to
        return numba.njit(**OPTIONS)(kernel)


def source_digest(formula: Callable) -> str:
    """A digest of all the source that the machine code of a formula is made of."""
    modules = (sys.modules[formula.__module__], _ops, _numba_ops, _float32)
    sources = b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
    return hashlib.sha256(sources).hexdigest()


def evaluate(formula, outputs, y, f, weight, factor, parameters, dtype):
    """Arrays of the wanted outputs, each times factor and weight; contiguous 1-d arrays in, `dtype` out."""
    kernel = compiled(formula, *outputs)
    n = len(f)
    results = [np.empty(n, dtype) for _ in outputs]
    if n < 2 * BLOCK:
        kernel(y, f, weight, factor, parameters, *results)
        return results

    def run(rows):
        block_weight = None if weight is None else weight[rows]
        kernel(y[rows], f[rows], block_weight, factor, parameters, *(r[rows] for r in results))

    run(slice(0, 1))  # compile once, not in every thread
    blocks = [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]
    for _ in thread_pool(os.getpid()).map(run, blocks):
        pass
    return results


@lru_cache(maxsize=1)
def thread_pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process; a forked child, which inherits none, gets its own.

    numba's own pools are not used: its OpenMP layer spins against the pool inside XGBoost, and its workqueue layer
    aborts when two Python threads use it at once.
    """
    return ThreadPoolExecutor(numba.config.NUMBA_NUM_THREADS, thread_name_prefix="boostloss")
