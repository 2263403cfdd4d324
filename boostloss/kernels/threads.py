"""Work that threads share.

numba's pools are not used: its OpenMP layer spins against the pool inside XGBoost, and its workqueue layer aborts when
two Python threads use it at once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any


def in_all_threads(work: Callable[[], None], most: int = sys.maxsize) -> None:
    """Call in this thread and in those of a pool at once, in at most so many."""
    others = min(most, thread_count()) - 1
    helpers = [thread_pool(os.getpid()).submit(work) for _ in range(others)]
    # This thread works too: it need not wait for another to wake, or to find a core.
    try:
        work()
    finally:
        for helper in helpers:
            if not helper.cancel():
                helper.result()


def share(
    task: Callable[[Any], Any],
    items: Sequence[Any],
    at_once: Callable[[Callable[[], None]], None] = in_all_threads,
) -> list[Any]:
    """What a task returns for each item, of which every thread takes the next one."""
    results = [None] * len(items)
    places = iter(range(len(items)))

    def work() -> None:
        for place in places:
            results[place] = task(items[place])

    at_once(work)
    return results


@lru_cache(maxsize=1)
def thread_pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process; a forked child, which inherits none, gets its own."""
    return ThreadPoolExecutor(thread_count(), thread_name_prefix="boostloss")


def thread_count() -> int:
    """How many threads compute: as many as there are cores for this process, or ``NUMBA_NUM_THREADS``."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return int(os.environ.get("NUMBA_NUM_THREADS") or available or 1)
