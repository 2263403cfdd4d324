"""The elementary functions that formulas are written with.

Each takes Python floats, NumPy arrays, torch tensors, mpmath numbers, jets (`autodiff.jets`) or symbols
(`autodiff.symbols`), and works in the library of its argument. Under numba `kernels.numba_ops` replaces each with
vectorisable code. ``where`` evaluates both of its values: make their arguments safe first, if the formula writes its
derivatives out; on jets it selects derivatives too, and an arm that is not taken does no harm.

The accuracies below are of the compiled functions, in units in the last place (ulp) of float64 and of float32 alike:
the largest error that `tests/test_ops.py` and `tests/test_ops_special.py` find over the range of the format. The other
libraries have their own. Results below the smallest normal number may be 0.
"""

import sys
from typing import Any

import numpy as np

from boostloss import special

inf, nan = float("inf"), float("nan")  # as texts of losses of one's own name them


class Operand:
    """What brings a library of its own: with the functions of this module."""

    library: Any
    rank: int  # which of two operands computes: jets of symbols compute with symbols


def _library(*args):
    """The module that computes on these arguments: that of an `Operand`, torch, mpmath, or else NumPy."""
    operands = [x for x in args if isinstance(x, Operand)]
    if operands:
        return max(operands, key=lambda x: x.rank).library
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
    return _library(condition, a, b).where(condition, a, b)


def minimum(x, bound):
    """The smaller of data and a bound; a NaN in ``x`` stays."""
    if isinstance(x, Operand) or isinstance(bound, Operand):
        return _library(x, bound).minimum(x, bound)
    return where(x > bound, bound, x)


def maximum(x, bound):
    """The larger of data and a bound; a NaN in ``x`` stays."""
    if isinstance(x, Operand) or isinstance(bound, Operand):
        return _library(x, bound).maximum(x, bound)
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


def integral(function, *given):
    """Integrals from 0 to 1 of the numbers that a function returns, by Gauss's quadrature with 40 points.

    Parameters
    ----------
    function : callable
        Of a point and of what is given; it returns a tuple.
    """
    tensor = next((x for x in given if hasattr(x, "new_tensor")), None)
    if tensor is not None:  # in one graph, not in 40
        table = tensor.new_tensor(special.GAUSS).reshape(-1, 2, *[1] * tensor.ndim)
        return tuple((table[:, 1] * value).sum(0) for value in function(table[:, 0], *given))
    terms = [[weight * value for value in function(x, *given)] for x, weight in special.GAUSS]
    return tuple(sum(column) for column in zip(*terms, strict=True))


def degree(x, single, double):
    """The degree of a series that the precision of ``x`` takes."""
    return single if getattr(x, "dtype", np.dtype(float)).itemsize == 4 else double


def sign(x):
    """-1, 0 or 1, by the sign of ``x``."""
    if isinstance(x, Operand):
        return x.library.sign(x)
    return where(x < 0.0, -1.0, where(x > 0.0, 1.0, x))


def clip(x, low, high):
    """``x``, but at least ``low`` and at most ``high``."""
    return minimum(maximum(x, low), high)


def sqrt(x):
    """Square root; correctly rounded."""
    return _library(x).sqrt(x)


def power(x, p):
    """``x`` to the power ``p``, 1 at p = 0 and NaN for a negative ``x`` unless ``p`` is an integer.

    3 ulp; |p| / 50 beyond |p| = 150.
    """
    if isinstance(x, Operand) or isinstance(p, Operand):
        return _library(x, p).power(x, p)
    return np.power(x, p) if _library(x, p) is np else x**p


def exp(x):
    """Exponential; 2 ulp."""
    return _library(x).exp(x)


def expm1(x):
    """exp(x) - 1, exact for small ``x``; 2 ulp."""
    return _library(x).expm1(x)


def exprel(x):
    """(exp(x) - 1) / x, which is 1 at 0; 3 ulp."""
    if isinstance(x, Operand):
        return x.library.exprel(x)
    tiny = abs(x) < 1e-8
    z = where(tiny, 1.0, x)
    return where(tiny, 1.0 + 0.5 * x, expm1(z) / z)


def log(x):
    """Natural logarithm; 3 ulp."""
    return _library(x).log(x)


def log1p(x):
    """log(1 + x), exact for small ``x``; 2 ulp."""
    return _library(x).log1p(x)


def log1p_square(x):
    """log(1 + x**2) without overflow; 2 ulp."""
    if isinstance(x, Operand):
        return x.library.log1p_square(x)
    size = abs(x)
    large = size > 1e9  # 1 + x**2 rounds to x**2 from here on, in float64 as in float32
    square = where(large, 1.0, size)
    return where(large, 2.0 * log(where(large, size, 1.0)), log1p(square * square))


def tanh(x):
    """Hyperbolic tangent; 3 ulp."""
    return _library(x).tanh(x)


def expit(x):
    """1 / (1 + exp(-x)), the sigmoid; 3 ulp."""
    if isinstance(x, Operand):
        return x.library.expit(x)
    e = exp(-abs(x))
    return where(x < 0.0, e, 1.0) / (1.0 + e)


def softplus(x):
    """log(1 + exp(x)) without overflow; 3 ulp."""
    if isinstance(x, Operand):
        return x.library.softplus(x)
    return maximum(x, 0.0) + log1p(exp(-abs(x)))


def logaddexp(a, b):
    """log(exp(a) + exp(b)) without overflow, of finite numbers; 3 ulp of the larger of its terms."""
    if isinstance(a, Operand) or isinstance(b, Operand):
        return _library(a, b).logaddexp(a, b)
    return maximum(a, b) + log1p(exp(-abs(a - b)))


def arctan(x):
    """Arctangent; 2 ulp."""
    library = _library(x)
    return library.arctan(x) if hasattr(library, "arctan") else library.atan(x)


def _special(name, x):
    library = _library(x)
    if isinstance(x, Operand):
        return getattr(library, name)(x)
    own = {"torch": special.TORCH, "mpmath": special.MPMATH}.get(library.__name__, {})
    if name in own:
        return own[name](library, x)
    return getattr(special, name)(np.float64(x) if isinstance(x, float | int) else x)


def lgamma(x):
    """log Gamma(x); 3 ulp of the larger of its size and 1, and 8 ulp beside its zeros. NaN below 0, always."""
    return _special("lgamma", x)


def digamma(x):
    """Derivative of `lgamma`; 6 ulp of the larger of its size and 1. NaN below 0."""
    return _special("digamma", x)


def trigamma(x):
    """Second derivative of `lgamma`; 4 ulp. NaN below 0."""
    return _special("trigamma", x)


def tetragamma(x):
    """Third derivative of `lgamma`; 7 ulp. NaN below 0."""
    return _special("tetragamma", x)


def log_ndtr(x):
    """log Phi(x), of the standard normal distribution function, without overflow; 4 ulp."""
    return _special("log_ndtr", x)


def inverse_mills(x):
    """phi(x) / Phi(x), the inverse Mills ratio: the derivative of `log_ndtr`; 5 ulp."""
    return _special("inverse_mills", x)


def normal_excess(x):
    """x + phi(x) / Phi(x), which does not cancel: how far a normal number below x lies below it on average; 5 ulp."""
    return _special("normal_excess", x)
