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


@intrinsic(prefer_literal=True)
def of_llvm(typingctx, name, x):
    """A function of one number that LLVM knows, simplifies and vectorises."""

    def codegen(context, builder, sig, args):
        function = builder.module.declare_intrinsic(name.literal_value, [args[1].type])
        return builder.call(function, args[1:])

    return (signature(x, name, x), codegen) if isinstance(name, types.StringLiteral) else None


@intrinsic
def fused(typingctx, a, b, c):
    """a * b + c, rounded once where the processor can: what a product loses is then exact."""
    result = common(a, b, c)

    def codegen(context, builder, sig, args):
        real = context.get_value_type(result)
        values = [
            context.cast(builder, *given, result) for given in zip(args, sig.args, strict=True)
        ]
        kind = ir.FunctionType(real, [real] * 3)
        function = builder.module.declare_intrinsic("llvm.fmuladd", [real], kind)
        return builder.call(function, values)

    return signature(result, a, b, c), codegen


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
    return k * DOUBLE_LN2_HIGH + ((s + s) + (atanh_series_double(s) + k * DOUBLE_LN2_LOW))


@register_jitable(**INLINE)
def log_series_single(k, f):
    """k ln 2 + log(1 + f/4) by the series of atanh(f / (8 + f))."""
    s = f / (8.0 + f)
    return k * SINGLE_LN2_HIGH + ((s + s) + (atanh_series_single(s) + k * SINGLE_LN2_LOW))


@register_jitable(**INLINE)
def atanh_series_double(s):
    """2 (atanh(s) - s)."""
    z = s * s
    p = 1.0 / 19.0 + z * (1.0 / 21.0)
    p = 1.0 / 17.0 + z * p
    p = 1.0 / 15.0 + z * p
    p = 1.0 / 13.0 + z * p
    p = 1.0 / 11.0 + z * p
    p = 1.0 / 9.0 + z * p
    p = 1.0 / 7.0 + z * p
    p = 0.2 + z * p
    p = 1.0 / 3.0 + z * p
    return (s + s) * z * p


@register_jitable(**INLINE)
def atanh_series_single(s):
    """2 (atanh(s) - s)."""
    z = s * s
    p = 1.0 / 7.0 + z * (1.0 / 9.0)
    p = 0.2 + z * p
    p = 1.0 / 3.0 + z * p
    return (s + s) * z * p


@register_jitable(**INLINE)
def atan_double(x):
    """Arctangent of |x| <= sqrt(2) - 1: the rational function of Moshier's Cephes library."""
    z = x * x
    p = -16.15753718733365 - 0.8750608600031904 * z
    p = -75.00855792314705 + z * p
    p = -122.88666844901361 + z * p
    p = -64.85021904942025 + z * p
    q = 24.858464901423062 + z
    q = 165.02700983169885 + z * q
    q = 432.88106049129027 + z * q
    q = 485.3903996359137 + z * q
    q = 194.5506571482614 + z * q
    return x + x * (z * p / q)


@register_jitable(**INLINE)
def atan_single(x):
    """Arctangent of |x| <= sqrt(2) - 1: the polynomial of Moshier's Cephes library."""
    z = x * x
    p = -0.138776856032 + z * 0.0805374449538
    p = 0.199777106478 + z * p
    p = -0.333329491539 + z * p
    return x + x * (z * p)


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
