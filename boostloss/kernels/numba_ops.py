"""The numba side of `boostloss.ops`: exp, log1p and their kin as code that LLVM turns into vector instructions.

numba calls libm for these, row by row. Here each is a range reduction, a polynomial and a rescaling by a power of two
on the bits of the number: no call, no branch. The polynomials are Taylor series, long enough for the reduced range:
|r| <= ln(2)/2 for exp, |s| <= (sqrt(2) - 1)/(sqrt(2) + 1) for log.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import signature
from numba.extending import intrinsic, register_jitable
from numba.extending import overload as numba_overload

from boostloss import ops
from boostloss.kernels.float32 import float32

# LLVM vectorises no loop that holds a call or a division that may raise, and fuses multiplication and addition. It
# must not reassociate: the rounding tricks below depend on the order of operations.
INLINE = {"forceinline": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


def overload(function):
    """numba's overload, inlined always."""
    return numba_overload(function, jit_options=INLINE)


class Format(NamedTuple):
    """What the functions need to know of a floating-point format."""

    integer: ir.IntType
    mantissa_bits: int
    bias: int
    exp_underflow: float
    exp_overflow: float
    expm1_floor: float  # expm1 is -1 below
    square_limit: float  # from here on 1 + x**2 rounds to x**2
    square_scale: float  # (x * square_scale)**2 neither overflows nor underflows above square_limit
    largest: float


DOUBLE = Format(
    ir.IntType(64), 52, 1023, -708.0, 709.8, -50.0, 2.0**27, 2.0**-512, float(np.finfo(np.float64).max),
)  # fmt: skip
SINGLE = Format(
    ir.IntType(32), 23, 127, -87.0, 88.8, -25.0, 2.0**13, 2.0**-64, float(np.finfo(np.float32).max),
)  # fmt: skip


# Adding 1.5 * 2**mantissa_bits rounds to an integer, which then stands in the low bits.
DOUBLE_SHIFTER, SINGLE_SHIFTER = 1.5 * 2.0**52, 1.5 * 2.0**23
# ln 2 in two parts, the first with so few digits that its product with an exponent is exact.
DOUBLE_LN2_HIGH, DOUBLE_LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
SINGLE_LN2_HIGH, SINGLE_LN2_LOW = 0.693359375, -2.1219444005469058e-4


def format_of(x):
    return SINGLE if x is float32 else DOUBLE


def common(*args):
    return float32 if float32 in args else types.float64


@intrinsic
def power_of_two(typingctx, shifted):
    """2**k from k + shifter, whose low bits hold k."""
    fmt = format_of(shifted)

    def codegen(context, builder, sig, args):
        bits = builder.bitcast(args[0], fmt.integer)
        biased = builder.add(bits, fmt.integer(fmt.bias))
        return builder.bitcast(builder.shl(biased, fmt.integer(fmt.mantissa_bits)), args[0].type)

    return signature(shifted, shifted), codegen


@intrinsic
def exponent(typingctx, x):
    """(k, 2**(2 - k)) with x * 2**-k in [sqrt(1/2), sqrt(2)), for x from 2**(3 - bias) on: 2**-k may not be normal."""
    fmt = format_of(x)
    width, bias = fmt.mantissa_bits, fmt.bias
    kind = np.float64 if width == 52 else np.float32
    root_half = int(kind(0.5**0.5).view(np.int64 if width == 52 else np.int32))

    def codegen(context, builder, sig, args):
        integer, real = fmt.integer, args[0].type
        bits = builder.bitcast(args[0], integer)
        # Adding 1 - sqrt(1/2) on the scale of the bits carries into the exponent from sqrt(2) on.
        biased = builder.lshr(
            builder.add(bits, integer((bias << width) - root_half)), integer(width)
        )
        # An integer below 2**width becomes a float by standing in the mantissa of 2**width: there is no vector
        # instruction for the conversion before AVX-512.
        held = builder.bitcast(builder.or_(biased, integer((bias + width) << width)), real)
        k = builder.fsub(held, real(2.0**width + bias))
        scale = builder.shl(builder.sub(integer(2 * bias + 2), biased), integer(width))
        return context.make_tuple(builder, sig.return_type, (k, builder.bitcast(scale, real)))

    return signature(types.UniTuple(x, 2), x), codegen


@intrinsic
def select(typingctx, condition, a, b):
    result = common(a, b)

    def codegen(context, builder, sig, args):
        left = context.cast(builder, args[1], sig.args[1], result)
        right = context.cast(builder, args[2], sig.args[2], result)
        return builder.select(args[0], left, right)

    return signature(result, condition, a, b), codegen


@intrinsic
def square_root(typingctx, x):
    def codegen(context, builder, sig, args):
        root = builder.module.declare_intrinsic("llvm.sqrt", [args[0].type])
        return builder.call(root, args)

    return signature(x, x), codegen


@register_jitable(**INLINE)
def reduce_double(x):
    """2**(k-1) and expm1(x - k ln 2), k the integer nearest to x / ln 2."""
    shifted = x * 1.4426950408889634 + DOUBLE_SHIFTER
    k = shifted - DOUBLE_SHIFTER
    r = (x - k * DOUBLE_LN2_HIGH) - k * DOUBLE_LN2_LOW
    p = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    p = 1.0 / 39916800.0 + r * p
    p = 1.0 / 3628800.0 + r * p
    p = 1.0 / 362880.0 + r * p
    p = 1.0 / 40320.0 + r * p
    p = 1.0 / 5040.0 + r * p
    p = 1.0 / 720.0 + r * p
    p = 1.0 / 120.0 + r * p
    p = 1.0 / 24.0 + r * p
    p = 1.0 / 6.0 + r * p
    p = 0.5 + r * p
    return power_of_two(shifted - 1.0), r + r * r * p


@register_jitable(**INLINE)
def reduce_single(x):
    """2**(k-1) and expm1(x - k ln 2), k the integer nearest to x / ln 2."""
    shifted = x * 1.4426950408889634 + SINGLE_SHIFTER
    k = shifted - SINGLE_SHIFTER
    r = (x - k * SINGLE_LN2_HIGH) - k * SINGLE_LN2_LOW
    p = 1.0 / 720.0 + r * (1.0 / 5040.0)
    p = 1.0 / 120.0 + r * p
    p = 1.0 / 24.0 + r * p
    p = 1.0 / 6.0 + r * p
    p = 0.5 + r * p
    return power_of_two(shifted - 1.0), r + r * r * p


@register_jitable(**INLINE)
def log_series_double(k, f):
    """k ln 2 + log(1 + f/4) by the series of atanh(f / (8 + f))."""
    s = f / (8.0 + f)
    z = s * s
    p = 1.0 / 17.0 + z * (1.0 / 19.0)
    p = 1.0 / 15.0 + z * p
    p = 1.0 / 13.0 + z * p
    p = 1.0 / 11.0 + z * p
    p = 1.0 / 9.0 + z * p
    p = 1.0 / 7.0 + z * p
    p = 0.2 + z * p
    p = 1.0 / 3.0 + z * p
    s = s + s
    return k * DOUBLE_LN2_HIGH + (s + (s * z * p + k * DOUBLE_LN2_LOW))


@register_jitable(**INLINE)
def log_series_single(k, f):
    """k ln 2 + log(1 + f/4) by the series of atanh(f / (8 + f))."""
    s = f / (8.0 + f)
    z = s * s
    p = 1.0 / 7.0 + z * (1.0 / 9.0)
    p = 0.2 + z * p
    p = 1.0 / 3.0 + z * p
    s = s + s
    return k * SINGLE_LN2_HIGH + (s + (s * z * p + k * SINGLE_LN2_LOW))


def reduction(x):
    return reduce_single if x is float32 else reduce_double


def log_series(x):
    return log_series_single if x is float32 else log_series_double


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


@overload(ops.sqrt)
def sqrt(x):
    return lambda x: square_root(x)


@overload(abs)
def absolute(x):
    return (lambda x: select(x < 0.0, -x, x)) if x is float32 else None


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
        return select(x > largest, x, series(k, (u * scale - 4.0) + lost * scale))

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
