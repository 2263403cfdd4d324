"""The loop over few rows that Python calls with NumPy's arrays, and that looks at them itself.

A call through ctypes takes longer than a loop over a thousand rows, and so does a look at four arrays in Python.
"""

from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import register_jitable

from boostloss.kernels.followed_rows import COUNT, EVERY, HEAD, LIMIT, ROW, SEEDS, place_in_group
from boostloss.kernels.intrinsics import (
    add_all,
    load_tuple,
    no_totals,
    pointer_at,
    prefer_widest_vectors,
)
from boostloss.kernels.native import DONE, FULL, NOT_FINITE, UNREADABLE, Variant
from boostloss.kernels.numba_ops import INLINE
from boostloss.kernels.structs import (
    DATA,
    DESCRIPTOR,
    DIMENSIONS,
    DIMENSIONS_COUNT,
    FLAGS,
    INT,
    READABLE,
    TYPE,
)

NUMBERS_FIRST = 2  # of the settings, before the parameters


def make_array_loop(row: Callable, variant: Variant) -> Callable:
    """The loop over the arguments of `kernels.native.Variant`'s layout "arrays".

    ``settings`` are a factor, a floor and the parameters; ``single`` is any array of float32, whose type targets and
    weights must have; ``followed`` is that of `FollowedRows`.

    It returns `DONE`, or `NOT_FINITE` where the sum of what it has written is infinite or NaN; `UNREADABLE` or `FULL`
    where it has done nothing.
    """
    n_settings = NUMBERS_FIRST + variant.n_parameters
    append = append_weighted if variant.weight else append_unweighted

    @register_jitable(**INLINE)
    def fields(arguments, place):
        return pointer_at(arguments[place], np.intp(0))

    @register_jitable(**INLINE)
    def length(array):
        return pointer_at(array[DIMENSIONS], np.intp(0))[0]

    @register_jitable(**INLINE)
    def readable(array, like, n):
        return (
            array[TYPE] == like[TYPE]
            and array[DESCRIPTOR] == like[DESCRIPTOR]
            and array[FLAGS] & READABLE == READABLE
            and array[DIMENSIONS_COUNT] & INT == 1
            and length(array) == n
        )

    def loop(arguments):
        prefer_widest_vectors()
        y, f, weight = fields(arguments, 0), fields(arguments, 1), fields(arguments, 2)
        pairs, settings, single = fields(arguments, 3), fields(arguments, 4), fields(arguments, 5)
        follow = fields(arguments, 6)
        n = length(pairs)
        if not (readable(y, single, n) and readable(f, pairs, n) and readable(weight, single, n)):
            return UNREADABLE
        numbers = load_tuple(pointer_at(settings[DATA], np.float64(0)), n_settings)
        factor, floor, p = numbers[0], numbers[1], numbers[NUMBERS_FIRST:]
        targets = carray(pointer_at(y[DATA], np.float32(0)), n)
        bits = carray(pointer_at(y[DATA], np.int32(0)), n)
        scores = carray(pointer_at(f[DATA], np.float64(0)), n)
        weights = carray(pointer_at(weight[DATA], np.float32(0)), n)
        out = carray(pointer_at(pairs[DATA], np.float64(0)), (n, 2))
        followed = carray(pointer_at(follow[DATA], np.float64(0)), length(follow))
        if followed[EVERY] > 0.0 and not append(
            followed, targets, scores, weights, seed_of_bits(bits)
        ):
            return FULL
        total = no_totals(np.float64(0.0), 1)
        for i in range(n):
            one, two = row(targets[i], scores[i], weights[i], factor, floor, p)
            out[i, 0], out[i, 1] = one, two
            total = add_all(total, (one + two,), None, np.float64(0.0))
        return DONE if np.isfinite(total[0]) else NOT_FINITE

    return loop


@register_jitable(**INLINE)
def has_room(followed, n):
    return HEAD + ROW * (np.intp(followed[COUNT]) + n) <= len(followed)


@register_jitable(**INLINE)
def write(followed, count, target, score, weight):
    begin = HEAD + ROW * count
    followed[begin], followed[begin + 1], followed[begin + 2] = target, score, weight


place = register_jitable(**INLINE)(place_in_group)


@register_jitable(**INLINE)
def seed_of_bits(bits):
    """As `followed_rows.seed_of`, of the bits of targets in single precision."""
    total = np.int64(0)
    for i in range(len(bits)):
        total += bits[i]
    return total % SEEDS


@register_jitable(**INLINE)
def append_unweighted(followed, targets, scores, weights, seed):
    """Append a row of each group to the array of `FollowedRows`; False if they may be too many."""
    if not has_room(followed, len(scores)):
        return False
    count, every = np.intp(followed[COUNT]), np.intp(followed[EVERY])
    for group in range((len(scores) + every - 1) // every):
        i = every * group + place(group, every, seed)
        if i < len(scores):
            write(followed, count, np.float64(targets[i]), scores[i], 1.0)
            count += 1
    followed[COUNT] = count
    return True


@register_jitable(**INLINE)
def append_weighted(followed, targets, scores, weights, seed):
    """Likewise of the rows whose weight is positive and below the limit."""
    if not has_room(followed, len(scores)):
        return False
    count, every, limit = np.intp(followed[COUNT]), np.intp(followed[EVERY]), followed[LIMIT]
    group, passed, chosen = np.intp(0), np.intp(0), np.intp(place(0, every, seed))
    for i in range(len(scores)):
        weight = np.float64(weights[i])
        if not 0.0 < weight < limit:
            continue
        if passed == chosen:
            write(followed, count, np.float64(targets[i]), scores[i], weight)
            count += 1
        passed += 1
        if passed == every:
            group, passed = group + 1, np.intp(0)
            chosen = np.intp(place(group, every, seed))
    followed[COUNT] = count
    return True


def entry_from_python(symbol: str, loop: str) -> ir.Module:
    """A module whose function `symbol` Python calls (METH_FASTCALL): it returns the value of the loop as an int."""
    module = ir.Module()
    whole, pointer = ir.IntType(types.intp.bitwidth), ir.IntType(8).as_pointer()
    parameters = [whole.as_pointer(), pointer.as_pointer(), whole.as_pointer()]
    called = ir.Function(module, ir.FunctionType(ir.IntType(32), parameters), loop)
    to_int = ir.Function(module, ir.FunctionType(pointer, [whole]), "PyLong_FromSsize_t")
    own = ir.FunctionType(pointer, [pointer, whole.as_pointer(), whole])
    function = ir.Function(module, own, symbol)
    builder = ir.IRBuilder(function.append_basic_block())
    value, raised = builder.alloca(whole), builder.alloca(pointer)
    builder.call(called, [value, raised, function.args[1]])
    builder.ret(builder.call(to_int, [builder.load(value)]))
    return module
