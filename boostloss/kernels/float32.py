"""A float32 for numba whose arithmetic with Python numbers stays float32.

Under numba ``0.5 * x`` is float64 when ``x`` is float32, which halves the rows in a vector register. NumPy and torch
let the array decide (NEP 50); so does this type: a kernel wraps its data in it, and a formula keeps its plain literals
and its float64 parameters.
"""

import operator

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, lower_cast, models, register_model

from boostloss.kernels.intrinsics import intrinsic


class Float32(types.Type):
    """A float32 that is data: literals and parameters adapt to it."""

    def __init__(self):
        super().__init__(name="boostloss.float32")


float32 = Float32()


@register_model(Float32)
class Float32Model(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.FloatType())


@lower_cast(types.Number, Float32)
def cast_number(context, builder, fromty, toty, value):
    return context.cast(builder, value, fromty, types.float32)


def register(op, result, emit):
    """Type and lower a binary operator of two Float32, or of one and a number."""

    @infer_global(op)
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            numbers = all(arg is float32 or isinstance(arg, types.Number) for arg in args)
            if len(args) == 2 and float32 in args and numbers:
                return signature(result, float32, float32)
            return None

    @lower_builtin(op, float32, float32)
    def lower(context, builder, sig, args):
        return emit(builder, *args)


register(operator.add, float32, lambda builder, a, b: builder.fadd(a, b))
register(operator.sub, float32, lambda builder, a, b: builder.fsub(a, b))
register(operator.mul, float32, lambda builder, a, b: builder.fmul(a, b))
register(operator.truediv, float32, lambda builder, a, b: builder.fdiv(a, b))
register(operator.lt, types.boolean, lambda builder, a, b: builder.fcmp_ordered("<", a, b))
register(operator.le, types.boolean, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))
register(operator.gt, types.boolean, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
register(operator.ge, types.boolean, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))
register(operator.eq, types.boolean, lambda builder, a, b: builder.fcmp_ordered("==", a, b))
register(operator.ne, types.boolean, lambda builder, a, b: builder.fcmp_unordered("!=", a, b))


@infer_global(operator.neg)
class Negative(AbstractTemplate):
    def generic(self, args, kws):
        return signature(float32, float32) if args == (float32,) else None


@lower_builtin(operator.neg, float32)
def negative(context, builder, sig, args):
    return builder.fsub(ir.FloatType()(-0.0), args[0])  # CUDA's compiler knows no `fneg`


def wrap(number, partner):
    """A number as data: Float32 if it and its partner are float32, else float64."""
    return np.result_type(number, partner).type(number)  # in CUDA's simulator, which runs Python


def convert(number, data):
    """A number in the precision of data."""
    return data.dtype.type(number)


def unwrap(data):
    """Data as the number that an array stores."""
    return data


@intrinsic
def as_data(typingctx, number, partner):
    """What `wrap` compiles to."""
    result = float32 if number == partner == types.float32 else types.float64

    def codegen(context, builder, sig, args):
        return context.cast(builder, args[0], number, result)

    return signature(result, number, partner), codegen


@intrinsic
def as_precise(typingctx, number, data):
    """What `convert` compiles to."""
    result = float32 if data is float32 else types.float64

    def codegen(context, builder, sig, args):
        return context.cast(builder, args[0], number, result)

    return signature(result, number, data), codegen


@intrinsic
def as_number(typingctx, data):
    """What `unwrap` compiles to."""
    result = types.float32 if data is float32 else types.float64

    def codegen(context, builder, sig, args):
        value = args[0]
        return value if data is float32 else context.cast(builder, value, sig.args[0], result)

    return signature(result, data), codegen
