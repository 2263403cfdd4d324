"""What the elementary functions of `numba_ops` are made of: bits of numbers, and series of reduced arguments.

The polynomials are Taylor series, long enough for the reduced range: |r| <= ln(2)/2 for exp,
|s| <= (sqrt(2) - 1)/(sqrt(2) + 1) for log.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.cpu import CPUContext
from numba.core.typing.templates import signature
from numba.extending import register_jitable

from boostloss.kernels.float32 import float32
from boostloss.kernels.intrinsics import intrinsic

# LLVM vectorises no loop that holds a call or a division that may raise, and fuses multiplication and addition. It
# must not reassociate: the rounding tricks below depend on the order of operations.
INLINE = {"forceinline": True, "error_model": "numpy", "fastmath": {"contract", "nsz"}}


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
        real = args[1].type
        if isinstance(context, CPUContext):
            function = builder.module.declare_intrinsic(name.literal_value, [real])
        else:  # CUDA's compiler does not know all of them, but has a library
            of_cuda = name.literal_value.replace("llvm.", "__nv_") + "f" * (real == ir.FloatType())
            kind = ir.FunctionType(real, [real])
            function = cgutils.get_or_insert_function(builder.module, kind, of_cuda)
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
