"""Threads of OpenMP that another package has started: they would spin on the cores that threads of ours wait for."""

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Any

_forked = (
    False  # into this process, which has none of the threads that its libraries still count on
)
_body = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def parallel_region(library: ctypes.CDLL) -> Any:
    """What runs a parallel region in the threads of the OpenMP that a library is linked to; GNU's on Linux has it."""
    try:
        region: Any = library.GOMP_parallel
    except AttributeError:
        return None
    region.argtypes = [_body, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    region.restype = None
    return region


def run_in_region(region: Any, work: Callable[[], None], n_threads: int) -> None:
    """Call in this thread and in others of the region's.

    No thread is left behind by an interrupt: it is raised when all have ended. `work` takes from what is left to do
    until nothing is, as for `run_in_threads`.
    """
    errors = []

    def guarded(_: None) -> None:
        try:
            work()
        except BaseException as error:  # ctypes would print it, and go on
            errors.append(error)

    region(_body(guarded), None, n_threads, 0)
    if errors:
        raise errors[0]
    work()  # where an interrupt came before `guarded` had begun, which ctypes prints


def region_of_caller() -> tuple[Any, int] | None:
    """That of LightGBM where it has called, directly or not, and how many threads it runs in; None elsewhere.

    Its threads spin for milliseconds after each loop of theirs, which is when it calls its objective: of a million rows
    the derivatives take up to a third less time in these threads. With XGBoost's they take as long as with our own.
    """
    if _forked or "lightgbm" not in sys.modules or not hasattr(sys, "_getframe"):
        return None
    frame: Any = sys._getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("lightgbm."):
            return lightgbm_region()
        frame = frame.f_back
    return None


def lightgbm_region() -> tuple[Any, int] | None:
    """LightGBM's, unless it has but one thread, as with ``num_threads=1``: no other one spins then."""
    try:
        library: Any = sys.modules["lightgbm"].basic._LIB
        n_threads = library.OMP_NUM_THREADS()
    except AttributeError:
        return None
    region = parallel_region(library)
    return None if region is None or n_threads < 2 else (region, n_threads)


def remember_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=remember_fork)
