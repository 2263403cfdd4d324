"""Trainings that run in threads of their own and meet after every round."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# At the usual 5 ms a thread waits for the interpreter while another one takes it again and again.
SWITCH_INTERVAL = 1e-4
# Meetings of several fits may overlap: the first to begin knows the usual interval, which the last to end brings back.
switching, running, usual = threading.Lock(), 0, 0.0


@contextmanager
def switched_often() -> Iterator[None]:
    """Let threads take turns at the shorter interval."""
    global running, usual
    with switching:
        if not running:
            usual = sys.getswitchinterval()
            sys.setswitchinterval(min(usual, SWITCH_INTERVAL))
        running += 1
    try:
        yield
    finally:
        with switching:
            running -= 1
            if not running:
                sys.setswitchinterval(usual)


class Stopped(Exception):
    """Another training has failed or was interrupted."""


class Meeting:
    """Trainings of equally many rounds, of which so many compute at the same time.

    Parameters
    ----------
    parties : int
        The number of trainings.
    at_once : int
        How many compute while the others wait for their turn.
    action : callable
        What is done between two rounds, by the last training to end the first of them.
    """

    def __init__(self, parties: int, at_once: int, action: Callable[[], None]):
        self.parties, self.at_once, self.action = parties, at_once, action
        self.condition = threading.Condition(threading.RLock())
        self.computing = self.waiting = self.round = 0
        self.broken = False
        self.errors: list[BaseException] = []
        self.ended: set[int] = set()

    def run(self, train: Callable[[int], Any]) -> list[Any]:
        """What the trainings return, each of which is given its number; the first error of any is raised."""
        results: list[Any] = [None] * self.parties

        def work(j: int) -> None:
            try:
                self._begin()
                results[j] = train(j)
            except BaseException as error:
                self.fail(error)
            with self.condition:
                self.computing -= 1
                self.ended.add(j)
                self.condition.notify_all()

        threads = [
            threading.Thread(target=work, args=(j,), daemon=True) for j in range(self.parties)
        ]
        with switched_often():
            try:
                for thread in threads:
                    thread.start()
                self._wait_for_the_end(threads)
            except BaseException:  # an interrupt reaches the main thread only
                self._stop()
                self._wait_for_the_end(threads)
                raise
        if self.errors:
            raise self.errors[0]
        return results

    def meet(self) -> None:
        """End a round of a training, and begin the next one when all have ended it and it is its turn."""
        with self.condition:
            self._check()
            current = self.round
            self.computing -= 1
            self.waiting += 1
            if self.waiting == self.parties:
                self.action()
                self.waiting, self.round = 0, self.round + 1
            self.condition.notify_all()
            self._wait_until(lambda: self.round > current)
            self._begin()

    def fail(self, error: BaseException) -> None:
        """Stop all trainings; the first error is the one to raise."""
        with self.condition:
            if not self.broken:
                self.errors.append(error)
            self._stop()

    def _begin(self) -> None:
        with self.condition:
            self._wait_until(lambda: self.computing < self.at_once)
            self.computing += 1

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        self._check()
        while not ready():
            self.condition.wait()
            self._check()

    def _check(self) -> None:
        if self.broken:
            raise Stopped

    def _stop(self) -> None:
        with self.condition:
            self.broken = True
            self.condition.notify_all()

    def _wait_for_the_end(self, threads: list[threading.Thread]) -> None:
        """Wait until no training runs: an interrupted `Thread.join` takes a thread that runs for one that has ended."""
        with self.condition:
            while any(
                thread.ident is not None and j not in self.ended for j, thread in enumerate(threads)
            ):
                self.condition.wait()
