"""The loops of the formulas as native functions: compiled once, kept on disk, loaded without numba ever after.

numba's own cache needs numba, and its compiler set up, in every process, and looks for changes in one source file only.
Here object code is a file named by a digest of all that it is made of, and a process that finds it needs LLVM's linker
alone.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import llvmlite.binding as llvm

from boostloss.kernels import cache

SYMBOL = "boostloss_loop"
UNREADABLE, DONE, FULL, NOT_FINITE = range(4)  # what a loop over arrays returns
SHORT_RUN = 4096  # rows, which take some microseconds
METH_FASTCALL = 0x0080  # of CPython's C API: a function takes an array of objects, and their number

_functions: dict[Any, Callable | None] = {}
_alive: list[Any] = []  # engines: the code lives as long as they do
compilations = 0  # in this process

_lock = threading.RLock()  # a signal handler may compute while its thread compiles
_compiling = False  # by the thread that holds the lock


class LinkError(Exception):
    """Of object code in which the loop is not found."""


class Variant(NamedTuple):
    """What distinguishes two loops of one formula."""

    outputs: tuple[int, ...]
    n_parameters: int
    y: str  # characters of dtypes
    f: str
    weight: str | None
    result: str
    # "columns": an array for each output; "in place": the one array that is read too; "pairs": one array; "sums": one
    # array of a total for each output; "total": one of totals of all outputs but the last, and an array for that;
    # "checked": a sum of all that is written, and an array for each output; "checked errors", "checked scores": so,
    # computed in float32 though f is float64, of their differences or of y and f rounded;
    # "classes": the numbers that say how many classes there are and where, and an array, or several, for each output;
    # "class gradients": those numbers, losses, and gradients for each class; "class overlap", "class overlap slopes":
    # those numbers, totals or costs of each class, and shares; "several outputs": a number that says where, and an
    # array of losses, or one of derivatives and one of curvatures; "score": places of rows, three arrays over all
    # rows, "pairs"; "arrays": the loop is a function of NumPy's arrays, as in `kernels.few_rows`.
    layout: str = "columns"
    n_targets: int = 1  # of a row
    n_scores: int = 1

    @property
    def n_results(self) -> int:
        if self.layout.startswith("class") or self.layout == "several outputs":
            return 1 + len(self.outputs)
        if self.layout == "score":
            return 5
        if self.layout == "total":
            return 2
        if self.layout.startswith("checked"):
            return 3
        return 1 if self.layout in ("pairs", "sums") else len(self.outputs)


def native_loop(formula: Callable, variant: Variant) -> Callable | None:
    """The native loop of a formula; it releases the GIL unless it is over in microseconds.

    None in a signal handler that interrupts a compilation: numba cannot begin another one amid the first. None as well
    where the main thread has ended, and numba, which must compile, cannot be imported any more (Python 3.12 and later).

    It takes the number of rows, the addresses of target, raw prediction and weight (any, if there is none), a factor,
    the floor of the second output, the address of the parameters, and those of the results. What a formula finds in
    globals, closures and defaults is constant, as numba has it: what was there at the first call in this process.
    """
    key = formula, variant
    if key not in _functions:
        hold_back_forks()
        global _compiling
        with _lock:
            if _compiling:
                return None
            _compiling = True
            try:
                if key not in _functions:
                    _functions[key] = compiled(formula, variant)
            except RuntimeError:
                if threading.main_thread().is_alive():
                    raise
                return None
            finally:
                _compiling = False
    return _functions[key]


def compiled(formula: Callable, variant: Variant) -> Callable | None:
    """The function, by object code that is kept on disk; by numba alone where llvmlite no longer has what that takes.

    None of arrays, which numba alone does not make a function of Python's own.

    A process's first call takes 15 ms of the processor with code from disk, and 1.2 s with numba and its own cache.
    """
    try:
        return link(object_code_of(formula, variant), variant)
    except (AttributeError, LinkError):
        if variant.layout == "arrays":
            return None
        from boostloss.kernels.loops import c_function

        function = c_function(formula, variant)
        _alive.append(function)
        return ctypes.CFUNCTYPE(None, *argument_types(variant.n_results))(function.address)


def argument_types(n_results: int) -> list[Any]:
    address, real = ctypes.c_void_p, ctypes.c_double
    return [ctypes.c_ssize_t, *[address] * 3, real, real, *[address] * (1 + n_results)]


@lru_cache(maxsize=1)
def hold_back_forks() -> None:
    """Let a fork wait until no thread compiles: a child would inherit the locks, numba's too, but not the thread."""
    # Such hooks run in reverse order. That of `logging`, whose lock the compiler needs, must be there before this one.
    import logging  # noqa: F401

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
        )


def object_code_of(formula: Callable, variant: Variant) -> bytes:
    """Object code from disk, or compiled and kept there."""
    key = cache.digest(formula, variant, host())
    code = None if key is None else cache.load(f"{key}.o")
    if code is not None:
        return code

    from boostloss.kernels.loops import object_code  # imports numba

    global compilations
    compilations += 1
    code = object_code(formula, variant, target_machine(), SYMBOL)
    if key is not None:
        cache.save(f"{key}.o", code)
    return code


@lru_cache(maxsize=1)
def host() -> tuple[str, str]:
    """Name and features of this processor, or those that numba is told to compile for."""
    name, features = os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES")
    return (
        name or llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten() if features is None else features,
    )


def target_machine() -> llvm.TargetMachine:
    """LLVM's view of this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = host()
    target = llvm.Target.from_default_triple()
    # As numba does: https://reviews.llvm.org/D47211, a JIT on x86 needs static relocation.
    reloc = "static" if target.name.startswith("x86") else "default"
    return target.create_target_machine(cpu=cpu, features=features, opt=3, reloc=reloc, jit=True)


def link(code: bytes, variant: Variant) -> Callable:
    """Object code as a function that takes numbers and addresses, or arrays."""
    if variant.layout == "arrays":
        to_int = ctypes.cast(ctypes.pythonapi.PyLong_FromSsize_t, ctypes.c_void_p)
        llvm.add_symbol("PyLong_FromSsize_t", to_int.value)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    loop = engine.get_function_address(SYMBOL)
    if not loop:
        raise LinkError(f"no {SYMBOL} in object code")
    if variant.layout == "arrays":
        return builtin_function(engine, loop)
    types = [ctypes.c_int, *[ctypes.c_void_p] * 2, *argument_types(variant.n_results)]
    # Threads that call for a few rows each would wait longer for the GIL than the loop takes.
    holding, releasing = ctypes.PYFUNCTYPE(*types)(loop), ctypes.CFUNCTYPE(*types)(loop)
    # numba's convention begins with the places of a return value, here always None, and of an exception, here none.
    places = (ctypes.c_void_p * 2)()
    returned = ctypes.addressof(places)
    raised = returned + ctypes.sizeof(ctypes.c_void_p)
    _alive.append((engine, places))

    def function(n: int, *arguments: Any) -> None:
        call = holding if n <= SHORT_RUN else releasing
        call(returned, raised, n, *arguments)

    return function


class MethodDefinition(ctypes.Structure):
    """`PyMethodDef` of CPython's C API."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


def builtin_function(engine: Any, address: int) -> Callable:
    """The function at an address as one that is written in C is, which is called in less time than through ctypes."""
    definition = MethodDefinition(SYMBOL.encode(), address, METH_FASTCALL, None)
    _alive.append((engine, definition))
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, *[ctypes.c_void_p] * 3)
    make = prototype(("PyCFunction_NewEx", ctypes.pythonapi))
    return make(ctypes.addressof(definition), None, None)
