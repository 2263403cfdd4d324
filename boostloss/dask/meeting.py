"""Sums over Dask's workers, for a library that has none to offer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from distributed import get_worker
from distributed.protocol import to_serialize
from distributed.utils import sync
from numpy.typing import NDArray

PATIENCE = 5.0  # seconds, after which one looks whether the others still live


class Meeting:
    """An actor, on one of the workers: those of a training bring arrays, and go with their sum."""

    def __init__(self) -> None:
        self.here = get_worker()
        self.turns: dict[int, Turn] = {}
        self.parties: dict[int, str] = {}
        self.error: Exception | None = None
        self.first_workers: set[str] | None = None

    async def total(
        self, n_parties: int, rank: int, address: str, number: int, values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The sum of what all parties bring to a turn, always in the order of their ranks.

        Raises
        ------
        ConnectionError
            If a party has failed, or its worker is lost.
        """
        if self.first_workers is None:
            self.first_workers = await self._workers()
        self.parties[rank] = address
        turn = self.turns.setdefault(number, Turn())
        turn.brought[rank] = values
        if len(turn.brought) == n_parties:
            turn.sum = np.sum([turn.brought[rank] for rank in sorted(turn.brought)], axis=0)
            self.turns = {number: turn}  # nobody is in an earlier one
            turn.over.set()
        while not turn.over.is_set() and self.error is None:
            try:
                await asyncio.wait_for(turn.over.wait(), PATIENCE)
            except TimeoutError:
                await self._look_around(n_parties)
        if turn.sum is None:
            raise ConnectionError(f"another worker of the training has failed: {self.error!r}")
        return turn.sum

    async def fail(self, error: Exception) -> None:
        """Let the others know of an error."""
        self.error = self.error or error
        for turn in self.turns.values():
            turn.over.set()

    async def _look_around(self, n_parties: int) -> None:
        lost = (self.first_workers or set()) - await self._workers()
        known = lost & set(self.parties.values())
        if known or (lost and len(self.parties) < n_parties):
            await self.fail(ConnectionError(f"lost the worker {sorted(known or lost)[0]}"))

    async def _workers(self) -> set[str]:
        return set(await self.here.scheduler.ncores())


class Turn:
    """One sum."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.brought: dict[int, NDArray] = {}
        self.sum: NDArray | None = None


@dataclass(frozen=True)
class Seat:
    """What a worker needs to take part in a meeting.

    Attributes
    ----------
    address : str
        Of the worker that is host to the meeting.
    key : str
        Of the actor there.
    """

    address: str
    key: str

    @classmethod
    def at(cls, meeting: Any) -> "Seat":
        """One at the meeting that the client has called."""
        return cls(meeting._address, meeting.key)

    def ask(self, function: str, *arguments: Any) -> Any:
        """Call a method of the meeting, from a task of a worker.

        That of `distributed.Actor` looks for a client first, and waits for ever where it finds that of another cluster.
        """
        worker = get_worker()

        async def answer() -> dict[str, Any]:
            given = [to_serialize(argument) for argument in arguments]
            return await worker.rpc(self.address).actor_execute(
                function=function, actor=self.key, args=given, kwargs={}
            )

        found = sync(worker.loop, answer)
        if found["status"] != "OK":
            raise found["exception"]
        return found["result"]

    def total(self, n_parties: int, rank: int) -> Callable[[NDArray], NDArray]:
        """The sum over the parties of the meeting, as one of them calls it, which has this rank."""
        turns = count(1)

        def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
            if n_parties == 1:
                return values
            address = get_worker().address
            return self.ask("total", n_parties, rank, address, next(turns), values)

        return total
