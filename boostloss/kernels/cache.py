"""Object code on disk: a file for each digest of all that decides it, in a folder that only this user can write to.

The files are code that a process will run. So the folder and every file in it must be this user's, and nobody else may
have the permission to write to them. The folders above are not checked: who can replace the folder cannot make one that
belongs to this user.
"""

import builtins
import dis
import functools
import hashlib
import importlib.util
import math
import operator
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite
import numpy as np

from boostloss import ops

# A name in one of these says what an object is, as long as their versions are the same.
KNOWN_MODULES: tuple[ModuleType, ...] = (ops, np, math, operator, builtins)
ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD"}  # the latter before Python 3.12
PLAIN = {type(None), type(...), bool, int, float, complex, str, bytes}
# Settings of numba that leave the code as it is; all others go into the digest.
HARMLESS_SETTINGS = {
    f"NUMBA_{name}" for name in ("CACHE_DIR", "DISABLE_JIT", "NUM_THREADS", "THREADING_LAYER")
}
LARGEST_FILE = 1 << 24  # bytes; object code takes some ten thousand


class NotDescribed(Exception):
    """Of an object whose part in the machine code no digest can tell."""


def digest(formula: Callable, *details: object) -> str | None:
    """A name for the object code of a formula, or None where it cannot be told from that of another formula."""
    try:
        made_of = description(formula, {}), details, environment(), source_digest()
    except NotDescribed:
        return None
    return hashlib.sha256(repr(made_of).encode("utf-8", "surrogatepass")).hexdigest()


def description(value: Any, seen: dict[int, tuple[int, Any]]) -> tuple:
    """Strings and tuples that differ wherever numba would compile different code for an object."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if kind in PLAIN:
        return name, repr(value)
    if known := known_name(value):
        return "known", known
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        content = hashlib.sha256(value.tobytes()).hexdigest()
        return name, value.dtype.str, value.shape, content
    if kind is frozenset:
        return name, *sorted(description(each, seen) for each in value)
    parts: tuple
    if kind is tuple:
        parts = value
    elif kind is functools.partial:
        parts = value.func, value.args, tuple(value.keywords.items())
    elif kind is FunctionType:
        if id(value) in seen:  # it calls itself
            return "seen", seen[id(value)][0]
        seen[id(value)] = len(seen), value
        keywords = tuple((value.__kwdefaults__ or {}).items())
        parts = value.__code__, value.__defaults__, keywords, tuple(names_in(value).items())
    elif kind is CodeType:
        lists = value.co_consts, value.co_names, value.co_varnames, value.co_freevars
        counts = value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount
        parts = value.co_code, value.co_flags, value.co_exceptiontable, *lists, *counts
    else:
        raise NotDescribed(value)
    return name, *(description(part, seen) for part in parts)


def known_name(value: Any) -> str | None:
    """The name of an object in a module whose version or whose source is part of the digest."""
    name, module = getattr(value, "__name__", None), getattr(value, "__module__", None)
    if not isinstance(name, str):
        return None
    own = isinstance(module, str) and f"{module}.".startswith("boostloss.kernels.")
    for place in (*KNOWN_MODULES, sys.modules[str(module)] if own else builtins):
        if getattr(place, name, None) is value:
            return f"{place.__name__}.{name}"
    return None


def names_in(function: Any) -> dict[str, Any]:
    """What a function, and functions defined in it, refer to: in closures, as globals, as attributes of modules."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # not yet assigned
            found[name] = cell.cell_contents
    codes = [function.__code__]
    for code in codes:
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        instructions = list(dis.get_instructions(code))
        for place, instruction in enumerate(instructions):
            name = instruction.argval
            # Other names are Python's own, whose version is part of the digest.
            if instruction.opname != "LOAD_GLOBAL" or name not in function.__globals__:
                continue
            value = function.__globals__[name]
            for following in instructions[place + 1 :]:
                if not isinstance(value, ModuleType) or following.opname not in ATTRIBUTE:
                    break
                name, value = f"{name}.{following.argval}", getattr(value, following.argval, None)
            found[name] = value
    return found


def environment() -> tuple:
    """The versions and settings that decide how a formula is compiled."""
    spec = importlib.util.find_spec("numba")  # which imports nothing
    version = (
        Path(spec.origin).with_name("_version.py").read_bytes() if spec and spec.origin else b""
    )
    settings = sorted(
        item
        for item in os.environ.items()
        if item[0].startswith("NUMBA_") and item[0] not in HARMLESS_SETTINGS
    )
    file = Path(".numba_config.yaml")  # where numba looks for settings too
    return (
        version,
        llvmlite.__version__,
        np.__version__,
        sys.version,
        sys.implementation.cache_tag,
        settings,
        file.read_bytes() if file.is_file() else b"",
    )


@functools.lru_cache(maxsize=1)
def source_digest() -> str:
    """A digest of the files that turn a formula into code."""
    folder = Path(__file__).parent
    language = [folder.parent / name for name in ("ops.py", "special.py")]
    paths = *language, *sorted(folder.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def load(name: str) -> bytes | None:
    """What was saved under a name, unless it is damaged or anybody else may have written it."""
    with suppress(OSError), private_folder() as folder:
        # Neither a link nor, waiting for who writes, a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(name, flags, dir_fd=folder), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and private(status) and status.st_size < LARGEST_FILE:
                stored = file.read(LARGEST_FILE)
                checksum, code = stored[:32], stored[32:]
                if hashlib.sha256(code).digest() == checksum:
                    return code
    return None


def save(name: str, code: bytes) -> None:
    """Keep code under a name where that is possible; else the next process compiles again."""
    with suppress(OSError), private_folder(create=True) as folder:
        temporary = f".{os.getpid()}-{os.urandom(8).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with open(os.open(temporary, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(hashlib.sha256(code).digest() + code)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise


@contextmanager
def private_folder(create: bool = False) -> Iterator[int]:
    """A descriptor of the folder; an OSError unless it is this user's alone."""
    path = cache_folder()
    if path is None or not hasattr(os, "geteuid"):  # a system whose permissions are of another kind
        raise FileNotFoundError("no folder for object code")
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not private(os.fstat(folder)):
            raise PermissionError(f"{path} belongs to another user, or others may write to it")
        yield folder
    finally:
        os.close(folder)


def private(status: os.stat_result) -> bool:
    """Whether a file or folder is this user's, and nobody else may write to it."""
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def cache_folder() -> Path | None:
    """Where object code is kept: NUMBA_CACHE_DIR if set, else the user's folder for caches, if there is one."""
    for variable in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        if folder := os.environ.get(variable):
            return Path(folder) / "boostloss"
    try:
        return Path.home() / ".cache" / "boostloss"
    except RuntimeError:  # no HOME, and no user of this number
        return None
