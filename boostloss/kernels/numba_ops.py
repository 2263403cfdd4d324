"""The numba side of `boostloss.ops`: exp, log1p and their kin as code that LLVM turns into vector instructions.

numba calls libm for these, row by row. Here each is a range reduction, a polynomial and a rescaling by a power of two
on the bits of the number: no call, no branch.
"""

import numpy as np
from numba.core import types
from numba.extending import overload as numba_overload
from numba.extending import register_jitable

from boostloss import ops, special
from boostloss.kernels.float32 import (
    as_data,
    as_number,
    as_precise,
    convert,
    float32,
    unwrap,
    wrap,
)
from boostloss.kernels.intrinsics import add_all, prefer_widest_vectors, zeros_like
from boostloss.kernels.rows import weighed
from boostloss.kernels.series import (
    DOUBLE,
    DOUBLE_LN2_HIGH,
    DOUBLE_LN2_LOW,
    INLINE,
    SINGLE,
    SINGLE_LN2_HIGH,
    SINGLE_LN2_LOW,
    atan_double,
    atan_single,
    atanh_series_double,
    atanh_series_single,
    common,
    exponent,
    format_of,
    fused,
    log_series,
    of_llvm,
    reduce_double,
    reduce_single,
    reduction,
    select,
)


def overload(function):
    """numba's overload, inlined always."""
    return numba_overload(function, jit_options=INLINE)


@overload(wrap)
def compiled_wrap(number, partner):
    return lambda number, partner: as_data(number, partner)


@overload(convert)
def compiled_convert(number, data):
    return lambda number, data: as_precise(number, data)


@overload(unwrap)
def compiled_unwrap(data):
    return lambda data: as_number(data)


def product(weighted):
    """The product of a number of a row and a factor, or its weight, as `kernels.rows.weighed` has it."""
    by_weight = register_jitable(**INLINE)(weighed)

    @register_jitable(**INLINE)
    def times(value, factor):
        return by_weight(value, factor) if weighted else value * factor

    return times


@overload(ops.is_number)
def is_number(x):
    number = isinstance(x, types.Number)  # and not float32, which is data
    return lambda x: number


@overload(ops.where)
def where(condition, a, b):
    return lambda condition, a, b: select(condition, a, b)


@overload(ops.minimum)
def minimum(x, bound):
    return lambda x, bound: select(x > bound, bound, x)


@overload(ops.maximum)
def maximum(x, bound):
    return lambda x, bound: select(x < bound, bound, x)


@overload(ops.constant)
def constant(value, x):
    return lambda value, x: select(x == x, value, x)


@overload(ops.degree)
def degree(x, single, double):
    if x is float32:
        return lambda x, single, double: single
    return lambda x, single, double: double


@overload(ops.take)
def take(table, position):
    return lambda table, position: table[int(position)]


@overload(ops.integral)
def integral(function, *given):
    # Two arrays of a length that the compiler knows, or it would not vectorise the sum.
    points, weights = np.array(special.GAUSS).T.copy()
    n = len(points)

    def implementation(function, *given):
        prefer_widest_vectors()
        totals = zeros_like(function(points[0], *given))
        for i in range(n):
            totals = add_all(totals, function(points[i], *given), weights[i], points[i])
        return totals

    return implementation


@overload(ops.sqrt)
def sqrt(x):
    return lambda x: of_llvm("llvm.sqrt", x)


@overload(abs)
def absolute(x):
    return (lambda x: of_llvm("llvm.fabs", x)) if x is float32 else None


@overload(ops.sign)
def sign(x):
    return lambda x: select(x < 0.0, -1.0, select(x > 0.0, 1.0, x))


@overload(ops.clip)
def clip(x, low, high):
    return lambda x, low, high: ops.minimum(ops.maximum(x, low), high)


@overload(ops.exp)
def exp(x):
    fmt = format_of(x)
    reduce, low, high = reduction(x), fmt.exp_underflow, fmt.exp_overflow

    def implementation(x):
        half_power, p = reduce(select(x > high, high, x))
        return select(x < low, 0.0, (half_power * p + half_power) * 2.0)

    return implementation


@overload(ops.expm1)
def expm1(x):
    fmt = format_of(x)
    reduce, low, high = reduction(x), fmt.expm1_floor, fmt.exp_overflow

    def implementation(x):
        half_power, p = reduce(select(x > high, high, select(x < low, low, x)))
        return (half_power * p + (half_power - 0.5)) * 2.0

    return implementation


@overload(ops.exprel)
def exprel(x):
    def implementation(x):
        tiny = abs(x) < 1e-8
        z = select(tiny, 1.0, x)
        return select(tiny, 1.0 + 0.5 * x, ops.expm1(z) / z)

    return implementation


@overload(ops.log)
def log(x):
    fmt = format_of(x)
    series, largest = log_series(x), fmt.largest
    # Below the normal numbers the exponent is not in the bits: lift what is below 1.
    lift = 54.0 if fmt is DOUBLE else 24.0
    factor = 2.0**lift

    def implementation(x):
        small = x < 1.0
        y = select(small, x * factor, x)
        k, scale = exponent(y)
        result = series(select(small, k - lift, k), y * scale - 4.0)
        result = select(x > largest, x, select(x < 0.0, np.nan, result))
        return select(x == 0.0, -np.inf, result)

    return implementation


@overload(ops.log1p)
def log1p(x):
    series, largest = log_series(x), format_of(x).largest

    def implementation(x):
        u = 1.0 + x
        k, scale = exponent(u)
        lost = x - (u - 1.0)  # what the rounding of u dropped
        result = series(k, (u * scale - 4.0) + lost * scale)
        result = select(u > 0.0, result, select(u == 0.0, -np.inf, np.nan))
        return select(x > largest, x, result)

    return implementation


@overload(ops.log1p_square)
def log1p_square(x):
    fmt = format_of(x)
    series, limit, factor = log_series(x), fmt.square_limit, fmt.square_scale
    shift = -2.0 * np.log2(factor)

    def implementation(x):
        large = abs(x) > limit
        y = select(large, x * factor, x)
        square = y * y
        u = select(large, square, 1.0 + square)
        lost = select(large, 0.0, square - (u - 1.0))
        k, scale = exponent(u)
        return series(select(large, k + shift, k), (u * scale - 4.0) + lost * scale)

    return implementation


@overload(ops.power)
def power(x, p):
    single = common(x, p) is float32
    fmt, reduce = (SINGLE, reduce_single) if single else (DOUBLE, reduce_double)
    ln2_high, ln2_low = (
        (SINGLE_LN2_HIGH, SINGLE_LN2_LOW) if single else (DOUBLE_LN2_HIGH, DOUBLE_LN2_LOW)
    )
    series = atanh_series_single if single else atanh_series_double
    smallest, largest = 4.0 * 2.0**-fmt.bias, fmt.largest
    lowest, highest = fmt.exp_underflow, fmt.exp_overflow
    lift = 54.0 if fmt is DOUBLE else 24.0
    factor = 2.0**lift

    def implementation(x, p):
        x, p = select(True, x, p), select(True, p, x)
        size = abs(x)
        small = size < smallest
        y = select(small, size * factor, size)
        k, scale = exponent(y)
        k = select(small, k - lift, k)
        # log(size) = high + low: s = f / d is divided to twice the digits, by fused steps and a rough 1 / d.
        f = y * scale - 4.0
        d = 8.0 + f
        s = f / d
        rest = fused(-s, d, f) - s * (f - (d - 8.0))
        tail = 2.0 * (rest * (0.125 - f * (0.015625 - f * 0.001953125)))
        tail = tail + series(s) + k * ln2_low
        s = s + s
        head = k * ln2_high
        total = head + s
        lost = s - (total - head)
        high = total + tail
        low = lost + (tail - (high - total))
        t = p * high
        correction = fused(p, high, -t) + p * low
        over, under = t > highest, t < lowest
        half_power, e = reduce(select(over, highest, select(under, 0.0, t)))
        correction = select(over, 0.0, correction)
        result = (half_power * (e + (correction + correction * e)) + half_power) * 2.0
        result = select(under, 0.0, result)
        result = select(size == 0.0, select(p > 0.0, 0.0, np.inf), result)
        result = select(size > largest, select(p > 0.0, np.inf, 0.0), result)
        odd = of_llvm("llvm.floor", p * 0.5) * 2.0 != p
        result = select(
            x < 0.0,
            select(of_llvm("llvm.floor", p) == p, select(odd, -result, result), np.nan),
            result,
        )
        return select(p == 0.0, 1.0, select(x == x, result, x))

    return implementation


@overload(ops.arctan)
def arctan(x):
    series = atan_single if x is float32 else atan_double

    def implementation(x):
        size = abs(x)
        far, near = size > 2.414213562373095, size < 0.4142135623730950
        above = select(far, -1.0, select(near, size, size - 1.0))
        below = select(far, size, select(near, 1.0, size + 1.0))
        base = select(far, 1.5707963267948966, select(near, 0.0, 0.7853981633974483))
        rest = select(far, 6.123233995736766e-17, select(near, 0.0, 3.061616997868383e-17))
        result = base + (series(above / below) + rest)
        return select(x < 0.0, -result, result)

    return implementation


@overload(ops.tanh)
def tanh(x):
    def implementation(x):
        m = ops.expm1(-2.0 * abs(x))
        size = -m / (2.0 + m)
        return select(x < 0.0, -size, size)

    return implementation


@overload(ops.expit)
def expit(x):
    def implementation(x):
        e = ops.exp(-abs(x))
        return select(x < 0.0, e, 1.0) / (1.0 + e)

    return implementation


@overload(ops.softplus)
def softplus(x):
    return lambda x: ops.maximum(x, 0.0) + ops.log1p(ops.exp(-abs(x)))


@overload(ops.logaddexp)
def logaddexp(a, b):
    return lambda a, b: ops.maximum(a, b) + ops.log1p(ops.exp(-abs(a - b)))


for _function in special.HELPERS:
    register_jitable(**INLINE)(_function)


def compiled_as(function):
    """An overload by code that is written in `ops`."""
    return lambda x: function


for _name in special.NAMES:
    overload(getattr(ops, _name))(compiled_as(getattr(special, _name)))
