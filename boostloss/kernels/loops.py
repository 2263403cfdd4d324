"""From a formula to object code: the only loops of the package, compiled by numba."""

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numba import carray, cfunc, from_dtype, njit, types
from numba.extending import register_jitable

from boostloss.kernels.array_loop import entry_from_python, make_array_loop
from boostloss.kernels.cache import known_name, names_in
from boostloss.kernels.class_loop import make_class_loop
from boostloss.kernels.class_overlap_loop import make_class_overlap_loop
from boostloss.kernels.float32 import convert, unwrap, wrap
from boostloss.kernels.intrinsics import (
    add_all,
    load_tuple,
    no_totals,
    prefer_widest_vectors,
    stack_array,
)
from boostloss.kernels.native import SHORT_RUN, Variant
from boostloss.kernels.numba_ops import INLINE, product
from boostloss.kernels.outputs_loop import make_outputs_loop
from boostloss.kernels.score_loop import make_score_loop
from boostloss.ops import maximum

LOOP = "boostloss_loop_of_numba"  # that another function of the same object code calls


@register_jitable(**INLINE)
def as_they_are(y, f):
    return y, f


@register_jitable(**INLINE)
def error_alone(y, f):
    """A target of 0 and its prediction: of the difference of large numbers float32 has every digit."""
    return np.float32(0.0), np.float32(f - y)


@register_jitable(**INLINE)
def rounded(y, f):
    return y, np.float32(f)


NARROWED = {"checked": as_they_are, "checked errors": error_alone, "checked scores": rounded}


def make_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop over the rows that leaves the results in the layout of the variant; arrays are bare pointers."""
    weighted, n_parameters = variant.weight is not None, variant.n_parameters
    n_sums, two = len(variant.outputs) - (variant.layout == "total"), variant.outputs[-1]
    row, times = make_row(formula, variant.outputs, weighted), product(weighted)
    narrowed = NARROWED.get(variant.layout, as_they_are)

    def loop(n, y, f, weight, factor, floor, parameters, first):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight, first = carray(y, n), carray(f, n), carray(weight, n), carray(first, n)
        for i in range(n):
            first[i], _ = row(y[i], f[i], weight[i], factor, floor, p)

    def loop_in_place(n, y, f, weight, factor, floor, parameters, first):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        first = carray(first, n)
        held = carray(stack_array(SHORT_RUN, first.dtype.type(0)), SHORT_RUN)
        for start in range(0, n, SHORT_RUN):
            rows = first[start : start + SHORT_RUN]
            for i in range(len(rows)):
                held[i] = rows[i]
            for i in range(len(rows)):  # would not be vectorised if it wrote where it reads
                rows[i], _ = row(held[i], held[i], held[i], factor, floor, p)

    def loop_of_two(n, y, f, weight, factor, floor, parameters, first, second):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight = carray(y, n), carray(f, n), carray(weight, n)
        first, second = carray(first, n), carray(second, n)
        for i in range(n):
            first[i], second[i] = row(y[i], f[i], weight[i], factor, floor, p)

    def loop_checked(n, y, f, weight, factor, floor, parameters, total, first, second):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight = carray(y, n), carray(f, n), carray(weight, n)
        first, second, total = carray(first, n), carray(second, n), carray(total, 1)
        for start in range(0, n, SHORT_RUN):
            rows = slice(start, start + SHORT_RUN)
            a, b, w, g, h = y[rows], f[rows], weight[rows], first[rows], second[rows]
            target, score = narrowed(a[0], b[0])
            sums = no_totals(wrap(target, score), 2)
            for i in range(len(a)):
                target, score = narrowed(a[i], b[i])
                one, two = row(target, score, w[i], factor, floor, p)
                one, two = g.dtype.type(one), h.dtype.type(two)
                g[i], h[i] = one, two
                sums = add_all(sums, (one, two), None, wrap(target, score))
            total[0] += sums[0] + sums[1]

    def loop_of_pairs(n, y, f, weight, factor, floor, parameters, pairs):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight, pairs = carray(y, n), carray(f, n), carray(weight, n), carray(pairs, (n, 2))
        for i in range(n):
            pairs[i, 0], pairs[i, 1] = row(y[i], f[i], weight[i], factor, floor, p)

    def loop_of_total(n, y, f, weight, factor, floor, parameters, first, second):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight = carray(y, n), carray(f, n), carray(weight, n)
        first, second = carray(first, n_sums), carray(second, n)
        for start in range(0, n, SHORT_RUN):
            rows = slice(start, start + SHORT_RUN)
            a, b, w, last = y[rows], f[rows], weight[rows], second[rows]
            totals = no_totals(
                wrap(a[0], b[0]), n_sums
            )  # of the rows' own precision, the faster one
            for i in range(len(a)):
                target, prediction = wrap(a[i], b[i]), wrap(b[i], a[i])
                values = formula(target, prediction, *p)
                by = convert(w[i], prediction) if weighted else None
                totals = add_all(totals, values, by, prediction)
                last[i] = unwrap(values[two] if by is None else times(values[two], by))
            for k in range(n_sums):
                first[k] += totals[k]

    def loop_of_sums(n, y, f, weight, factor, floor, parameters, first):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight = carray(y, n), carray(f, n), carray(weight, n)
        first = carray(first, n_sums)
        for start in range(0, n, SHORT_RUN):
            rows = slice(start, start + SHORT_RUN)
            a, b, w = y[rows], f[rows], weight[rows]
            totals = no_totals(wrap(a[0], b[0]), n_sums)
            for i in range(len(a)):
                target, prediction = wrap(a[i], b[i]), wrap(b[i], a[i])
                by = convert(w[i], prediction) if weighted else None
                totals = add_all(totals, formula(target, prediction, *p), by, prediction)
            for k in range(n_sums):
                first[k] += totals[k]

    if variant.layout == "sums":
        return loop_of_sums
    if variant.layout in ("classes", "class gradients"):
        return make_class_loop(formula, variant)
    if variant.layout.startswith("class overlap"):
        return make_class_overlap_loop(formula, variant)
    if variant.layout == "several outputs":
        return make_outputs_loop(formula, variant)
    if variant.layout == "score":
        return make_score_loop(formula, variant)
    if variant.layout == "arrays":
        return make_array_loop(row, variant)
    if variant.layout == "in place":
        return loop_in_place
    if variant.layout == "total":
        return loop_of_total
    if variant.layout in NARROWED:
        return loop_checked
    if variant.layout == "pairs":
        return loop_of_pairs
    return loop_of_two if len(variant.outputs) == 2 else loop


def make_row(formula: Callable, outputs: tuple[int, ...], weighted: bool) -> Callable:
    """What is computed of a row, on the CPU and on a GPU: the first and the last of the outputs."""
    one, two = outputs[0], outputs[-1]
    times = product(weighted)

    @register_jitable(**INLINE)
    def row(y, f, weight, factor, floor, p):
        target, prediction = wrap(y, f), wrap(f, y)
        values = formula(target, prediction, *p)
        w = factor * convert(weight, prediction) if weighted else factor
        return unwrap(times(values[one], w)), unwrap(times(maximum(values[two], floor), w))

    return row


def jitable(formula: Callable) -> Callable:
    """The formula for numba, with the functions that it calls."""
    if isinstance(formula, partial):
        return bound(formula)
    for called in names_in(formula).values():
        if isinstance(called, FunctionType) and not known_name(called) and called is not formula:
            jitable(called)
    return register_jitable(**INLINE)(formula)


def bound(formula: partial) -> Callable:
    """A partial formula as a function: its keywords as defaults, its first arguments in a closure."""
    function, first = formula.func, formula.args
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    values = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    values |= {name: value for name, value in formula.keywords.items() if name in names}
    copy = FunctionType(code, function.__globals__, closure=function.__closure__)
    copy.__defaults__ = tuple(values[name] for name in names[len(names) - len(values) :])
    copy.__kwdefaults__ = (function.__kwdefaults__ or {}) | {
        name: value for name, value in formula.keywords.items() if name not in names
    }
    function = jitable(copy)
    return register_jitable(**INLINE)(lambda *arguments: function(*first, *arguments))


def signature_of(variant: Variant) -> Any:
    """The types of what a loop takes."""
    if variant.layout == "arrays":
        return types.intp(types.CPointer(types.intp))

    def pointer(dtype):
        return types.CPointer(from_dtype(np.dtype(dtype)))

    parameters, result = pointer("float64"), pointer(variant.result)
    arrays = [pointer(dtype) for dtype in (variant.y, variant.f, variant.weight or variant.y)]
    arguments = [types.intp, *arrays, types.float64, types.float64, parameters]
    arguments += [result] * variant.n_results
    if variant.layout == "total" or variant.layout.startswith("class overlap"):
        arguments[-2] = pointer("float64")  # whatever the rows are
    if variant.layout in NARROWED:
        arguments[-3] = pointer("float64")
    if variant.layout.startswith("class") or variant.layout == "several outputs":
        arguments[-variant.n_results] = pointer("intp")
    if variant.layout == "score":
        real, whole = pointer("float64"), pointer("int32")
        arguments[-variant.n_results :] = [whole, whole, real, real, real]
    return types.void(*arguments)


def c_function(formula: Callable, variant: Variant) -> Any:
    """The loop as numba itself hands out C functions, for this process only."""
    return cfunc(signature_of(variant), **INLINE)(make_loop(jitable(formula), variant))


def object_code(
    formula: Callable, variant: Variant, machine: llvm.TargetMachine, symbol: str
) -> bytes:
    """Object code in which `symbol` is the loop, in numba's calling convention: two pointers come first, to the
    places of a return value, which is None, and of an exception, which is never raised. With arrays it is a function
    that Python calls."""
    loop = njit(nogil=True, **INLINE)(make_loop(jitable(formula), variant))
    loop.compile(signature_of(variant))
    (compiled,) = loop.overloads.values()

    module = llvm.parse_assembly(compiled.library.get_llvm_str())
    for function in module.functions:
        if function.name == compiled.fndesc.mangled_name:
            function.name = LOOP if variant.layout == "arrays" else symbol
        elif not function.is_declaration:
            function.linkage = (
                "internal"  # the entry points from Python, which go with what they refer to
            )
    if variant.layout == "arrays":
        module.link_in(llvm.parse_assembly(str(entry_from_python(symbol, LOOP))))
    builder = llvm.create_pass_builder(machine, llvm.PipelineTuningOptions(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return machine.emit_object(module)
