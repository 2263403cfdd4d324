"""The loops of the formulas as native functions: compiled once, kept on disk, loaded without numba ever after.

numba's own cache takes 0.2 s in every process to set up its compiler before it loads a function, and looks for changes
in one source file only. Here object code is a file named by a digest of all that it is made of, and a process that
finds it needs LLVM's linker alone.
"""

import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

SYMBOL = "boostloss_loop"
FEW = 4096  # rows take some microseconds
PACKAGE = Path(__file__).parents[1]
SOURCES = (
    "ops.py",
    *(f"kernels/{name}.py" for name in ("native", "loops", "numba_ops", "float32")),
)

_lock = threading.Lock()
_functions: dict[Any, Callable] = {}
_engines: list[Any] = []  # the code lives as long as its engine
compilations = 0  # in this process


class Variant(NamedTuple):
    """What distinguishes two loops of one formula."""

    outputs: tuple[int, ...]
    n_parameters: int
    y: str  # characters of dtypes
    f: str
    weight: str | None
    result: str
    layout: str = "columns"  # an array for each output; or one of "pairs"; or the "total" of the first, and an array

    @property
    def n_results(self) -> int:
        return 1 if self.layout == "pairs" else len(self.outputs)


def native_loop(formula: Callable, variant: Variant) -> Callable:
    """The native loop of a formula; it releases the GIL unless it is over in microseconds.

    It takes the number of rows, the addresses of target, raw prediction and weight (any, if there is none), a factor,
    the floor of the second output, the address of the parameters, and those of the results.
    """
    key = formula, variant
    if key not in _functions:
        with _lock:
            if key not in _functions:
                _functions[key] = link(stored_code(formula, variant), variant.n_results)
    return _functions[key]


def stored_code(formula: Callable, variant: Variant) -> bytes:
    """Object code from disk, where it follows its own checksum, or compiled and written there."""
    file = kept_file(formula, variant)
    try:
        stored = file.read_bytes() if file else b""
    except OSError:
        stored = b""
    checksum, code = stored[:32], stored[32:]
    if code and hashlib.sha256(code).digest() == checksum:
        return code

    from boostloss.kernels.loops import object_code  # imports numba

    global compilations
    compilations += 1
    code = object_code(formula, variant, target_machine(), SYMBOL)
    if file is None:
        return code
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
            temporary.write(hashlib.sha256(code).digest() + code)
        os.replace(temporary.name, file)
    except OSError:  # nowhere to write: the next process compiles again
        pass
    return code


def kept_file(formula: Callable, variant: Variant) -> Path | None:
    """Where the object code is kept, or None where no source tells all of it: of a closure, or typed at a prompt."""
    if formula.__closure__:
        return None
    try:
        return cache_folder() / f"{formula.__name__}-{digest(formula, variant)}.o"
    except (AttributeError, OSError):
        return None


def digest(formula: Callable, variant: Variant) -> str:
    """A digest of all that the object code of a loop depends on."""
    paths = [
        Path(str(sys.modules[formula.__module__].__file__)),
        *(PACKAGE / name for name in SOURCES),
    ]
    # A release of numba goes with one of llvmlite.
    place = formula.__qualname__, formula.__code__.co_firstlineno
    made_of = (place, variant, host(), llvmlite.__version__, sys.version_info[:2])
    return hashlib.sha256(
        repr(made_of).encode() + b"".join(path.read_bytes() for path in paths)
    ).hexdigest()


def cache_folder() -> Path:
    """Where object code is kept: NUMBA_CACHE_DIR if set, else the user's folder for caches."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(folder) / "boostloss"
    variable, default = "XDG_CACHE_HOME", Path.home() / ".cache"
    if sys.platform == "win32":
        variable, default = "LOCALAPPDATA", Path.home() / "AppData" / "Local"
    return Path(os.environ.get(variable) or default) / "boostloss"


@lru_cache(maxsize=1)
def host() -> tuple[str, str]:
    """Name and features of this processor."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def target_machine() -> llvm.TargetMachine:
    """LLVM's view of this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = host()
    target = llvm.Target.from_default_triple()
    # As numba does: https://reviews.llvm.org/D47211, a JIT on x86 needs static relocation.
    reloc = "static" if target.name.startswith("x86") else "default"
    return target.create_target_machine(cpu=cpu, features=features, opt=3, reloc=reloc, jit=True)


def link(code: bytes, n_results: int) -> Callable:
    """Object code as a function that takes numbers and addresses."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address, real = ctypes.c_void_p, ctypes.c_double
    types = [ctypes.c_int, address, address, ctypes.c_ssize_t, *[address] * 3, real, real]
    types += [address] * (1 + n_results)
    loop = engine.get_function_address(SYMBOL)
    # Threads that call for a few rows each would wait longer for the GIL than the loop takes.
    holding, releasing = ctypes.PYFUNCTYPE(*types)(loop), ctypes.CFUNCTYPE(*types)(loop)
    # numba's convention begins with the places of a return value, here always None, and of an exception, here none.
    places = (ctypes.c_void_p * 2)()
    returned = ctypes.addressof(places)
    raised = returned + ctypes.sizeof(ctypes.c_void_p)
    _engines.append((engine, places))

    def function(n: int, *arguments: Any) -> None:
        call = holding if n <= FEW else releasing
        call(returned, raised, n, *arguments)

    return function
