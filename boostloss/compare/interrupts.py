"""Ctrl-C at any moment: one line and exit code 130, and what is finished is told and written first."""

import contextlib
import math
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from types import FrameType, TracebackType
from typing import Any

INTERRUPTED = 130  # exit code, as in a shell
NOTHING = "Interrupted: nothing was finished."
# What asks a program to end, as far as the system has it; the last one comes from a terminal that is closed.
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
ONCE = 1.0  # seconds in which more signals count as one, so that none interrupts the tidying up


class Interrupts(contextlib.ContextDecorator):
    """Turn signals into KeyboardInterrupt, and one that nobody has caught into a line and an exit code.

    Attributes
    ----------
    wait : bool
        Set it where nothing may be interrupted, as while files are written: signals are only noted.
    """

    def __init__(self) -> None:
        self.wait = False
        self._last = -math.inf
        self._before: list[dict[int, Any]] = []

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self._last > -math.inf

    def check(self) -> None:
        """Raise what a library may have swallowed, or have made an error of its own."""
        if self.requested:
            raise KeyboardInterrupt

    def __enter__(self) -> "Interrupts":
        if not self._before:
            self.wait, self._last = False, -math.inf
        # What is ignored, as under nohup, stays so.
        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        self._before.append({number: signal.signal(number, self._note) for number in heard})
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        last, self._last = self._last, time.monotonic()
        if not self.wait and self._last - last > ONCE:
            raise KeyboardInterrupt

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        told, self.wait = self.wait, True
        for number, before in self._before.pop().items():
            signal.signal(number, before)
        if not told and (isinstance(error, KeyboardInterrupt) or (error and self.requested)):
            with contextlib.suppress(OSError):
                print(NOTHING, file=sys.stderr)
            raise SystemExit(INTERRUPTED) from None


@contextlib.contextmanager
def deaf_children() -> Iterator[None]:
    """Processes that start within do not hear Ctrl-C, which a terminal sends to them, too: the command ends them.

    One that is still importing would show a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # where a terminal has other ways
        yield
        return
    resource_tracker.ensure_running()  # lets its thread hear again where it starts (before Python 3.14)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


interrupts = Interrupts()
