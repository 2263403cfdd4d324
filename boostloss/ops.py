"""The elementary functions that formulas are written with.

Each takes Python floats, NumPy arrays, torch tensors or mpmath numbers, and works in the library of its argument.
Under numba `kernels.numba_ops` replaces each with vectorisable code. ``where`` evaluates both of its values: make their
arguments safe first.
"""

import sys

import numpy as np


def _library(*args):
    """The module that computes on these arguments: torch, mpmath, or else NumPy."""
    for name, kind in (("torch", "Tensor"), ("mpmath", "mpf")):
        module = sys.modules.get(name)
        if module is not None and any(isinstance(x, getattr(module, kind)) for x in args):
            return module
    return np


def is_number(x):
    """Whether ``x`` is a single number, so that `if` may ask for its value."""
    return isinstance(x, float | int) or not hasattr(x, "dtype")


def where(condition, a, b):
    """``a`` where the condition holds, else ``b``."""
    if isinstance(condition, bool | np.bool_):
        return a if condition else b
    return _library(condition).where(condition, a, b)


def minimum(x, bound):
    """The smaller of data and a bound; a NaN in ``x`` stays."""
    return where(x > bound, bound, x)


def maximum(x, bound):
    """The larger of data and a bound; a NaN in ``x`` stays."""
    return where(x < bound, bound, x)


def constant(value, x):
    """The value in the shape of ``x``; NaN where ``x`` is NaN."""
    return where(x == x, value, x)


def take(table, position):
    """The columns of one row of a table for each position, which is rounded down."""
    if hasattr(position, "long"):  # a tensor
        rows = _library(position).tensor(table, dtype=position.dtype, device=position.device)
        return rows[position.long()].unbind(-1)
    if np.ndim(position) == 0:
        return table[int(position)]
    return np.moveaxis(np.asarray(table, position.dtype)[position.astype(np.intp)], -1, 0)


def degree(x, single, double):
    """The degree of a series that the precision of ``x`` takes."""
    return single if getattr(x, "dtype", np.dtype(float)).itemsize == 4 else double


def sqrt(x):
    """Square root."""
    return _library(x).sqrt(x)


def exp(x):
    """Exponential."""
    return _library(x).exp(x)


def expm1(x):
    """exp(x) - 1, exact for small ``x``."""
    return _library(x).expm1(x)


def exprel(x):
    """(exp(x) - 1) / x, which is 1 at 0."""
    tiny = abs(x) < 1e-8
    z = where(tiny, 1.0, x)
    return where(tiny, 1.0 + 0.5 * x, expm1(z) / z)


def log(x):
    """Natural logarithm."""
    return _library(x).log(x)


def log1p(x):
    """log(1 + x) of x > -1, exact for small ``x``."""
    return _library(x).log1p(x)


def log1p_square(x):
    """log(1 + x**2) without overflow."""
    size = abs(x)
    large = size > 1e9  # 1 + x**2 rounds to x**2 from here on, in float64 as in float32
    square = where(large, 1.0, size)
    return where(large, 2.0 * log(where(large, size, 1.0)), log1p(square * square))
