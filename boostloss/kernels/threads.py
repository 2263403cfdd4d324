"""Work that several threads share, on a small pool of our own.

numba's pools are not used: its OpenMP layer spins against the pool inside XGBoost, and its workqueue layer aborts when
two Python threads use it at once. `concurrent.futures` is not used: its locks deadlock where a signal handler computes
or an interrupt comes while it submits, and it refuses all work once the main thread has ended.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from boostloss.kernels.openmp import region_of_caller, run_in_region

RunInThreads = Callable[[Callable[[], None]], None]

_lock = threading.RLock()
_helpers: list[threading.Thread] = []
_invitations: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what the helpers are called for


def run_in_threads(work: Callable[[], None], most: int = sys.maxsize) -> None:
    """Call a function in this thread and, at the same time, in helper threads: in at most so many, and in one at least.

    Helpers that are busy elsewhere are not waited for: `work` takes from what is left to do until nothing is. It must
    itself keep alive the memory that it writes to: after a second interrupt helpers may go on when this has returned.
    """
    n_threads = min(most, thread_count())
    borrowed = region_of_caller() if n_threads > 1 else None
    if borrowed is not None:
        region, n_lent = borrowed
        run_in_region(region, work, min(n_threads, n_lent))
        return
    n_helpers = n_threads - 1
    seats = [work] * n_helpers  # a list pops atomically
    reports: SimpleQueue[BaseException | None] = SimpleQueue()

    def join() -> None:
        try:
            task = seats.pop()
        except IndexError:  # too late, all is done
            return
        try:
            task()
        except BaseException as error:
            reports.put(error)
        else:
            reports.put(None)

    try:
        start_helpers(n_helpers)
        for _ in range(n_helpers):
            _invitations.put(join)
        # This thread works too: it need not wait for another to wake, or to find a core.
        work()
    finally:
        n_taken = n_helpers
        while seats:
            try:
                seats.pop()
            except IndexError:
                break
            n_taken -= 1
        errors = [reports.get() for _ in range(n_taken)]
    for error in errors:
        if error is not None:
            raise error


def parallel_map(
    task: Callable[[Any], Any],
    items: Sequence[Any],
    run: RunInThreads | None = None,
) -> list[Any]:
    """What a task returns for each item, of which every thread takes the next one; of as many threads as items."""
    results = [None] * len(items)
    places = iter(range(len(items)))

    def work() -> None:
        try:
            for place in places:
                results[place] = task(items[place])
        except BaseException:
            deque(places, maxlen=0)  # leave nothing to the other threads, which are waited for
            raise

    if run is None:
        run_in_threads(work, most=len(items))
    else:
        run(work)
    return results


def start_helpers(count: int) -> None:
    """Have so many helper threads, or those that the system grants."""
    with _lock:
        while len(_helpers) < count:
            thread = threading.Thread(
                target=serve, args=(_invitations,), name="boostloss", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # at the limit of the process, or at the end of the interpreter
                return
            _helpers.append(thread)


def serve(invitations: SimpleQueue[Callable[[], None]]) -> None:
    """What a helper does for as long as the process lives."""
    while True:
        invitations.get()()


def forget_helpers() -> None:
    """Begin anew in a forked child, which inherits no threads, and perhaps a lock that one of them held."""
    global _lock, _helpers, _invitations
    _lock, _helpers, _invitations = threading.RLock(), [], SimpleQueue()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_helpers)


def thread_count() -> int:
    """How many threads compute: as many as there are cores for this process, or ``NUMBA_NUM_THREADS``."""
    given = os.environ.get("NUMBA_NUM_THREADS")
    if given:
        if not given.strip().isdecimal() or int(given) < 1:
            raise ValueError(f"NUMBA_NUM_THREADS must be a whole number above 0, got {given!r}.")
        return int(given)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return available or 1
