"""Which error of several workers the user gets to see: the first, and not that the others have lost their peer."""

import asyncio
import pickle
import threading
from collections.abc import Awaitable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any

import cloudpickle
from distributed import Client, Future, get_worker

from boostloss.dask.meeting import PATIENCE


@contextmanager
def reported(training: str) -> Iterator[None]:
    """Let the client know of an error of this worker, under the name of the training."""
    try:
        yield
    except Exception as error:
        get_worker().log_event(training, cloudpickle.dumps(error))
        raise


@contextmanager
def nothing_stranded(client: Client) -> Iterator[None]:
    """Cancel the tasks that may run on one worker alone, and that is lost: Dask would wait for it for ever.

    Who waits for such a task gets a `CancelledError`.
    """
    workers, before, over = set(client.ncores()), set(client.futures), threading.Event()

    def watch() -> None:
        while not over.wait(PATIENCE):
            with suppress(Exception):  # of a cluster that is gone: who waits for it is told by Dask
                client.sync(cancel_stranded, client, workers, before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


async def unless_stranded(client: Client, training: Awaitable[Any]) -> Any:
    """What a training gives; tasks are cancelled as by `nothing_stranded`."""
    workers, before = set(await client.ncores()), set(client.futures)
    task = asyncio.ensure_future(training)
    try:
        while not (await asyncio.wait([task], timeout=PATIENCE))[0]:
            with suppress(Exception):
                await cancel_stranded(client, workers, before)
        return await task
    finally:
        task.cancel()  # where the user has interrupted the fit


async def cancel_stranded(client: Client, workers: set[str], before: set[Any]) -> None:
    """Cancel what has begun since, and is bound to workers that are lost."""
    lost = workers - set(await client.ncores())
    if lost:
        begun = set(client.futures) - before
        keys = begun & set(await tasks_bound_to(client, lost))
        await client.cancel([Future(key, client) for key in keys])


def tasks_bound_to(client: Client, workers: set[str]) -> Any:
    """The keys of the tasks that wait for one of these workers, and may run on no other."""

    # Within, so that the scheduler need not have this package.
    def found(dask_scheduler: Any) -> list[Any]:
        waiting = [x for x in dask_scheduler.tasks.values() if x.state in ("no-worker", "waiting")]
        return [
            x.key for x in waiting if x.worker_restrictions and x.worker_restrictions <= workers
        ]

    return client.run_on_scheduler(found)


def cause(error: Exception, events: Any, of_library: type[Exception], lost: set[str]) -> Exception:
    """What a training has failed of.

    Parameters
    ----------
    error : Exception
        That came home.
    events : list of (time, bytes)
        What workers have reported.
    of_library : type
        Of the errors by which the library says that a peer is gone.
    lost : set of str
        The workers that were there before the training, and are no more.

    Returns
    -------
    Exception
        The first one reported that is not about a peer, or else one that names the worker that is lost.
    """
    for _, text in events:
        found = pickle.loads(text)
        if not isinstance(found, of_library | OSError):
            return found
    if lost and isinstance(error, of_library | OSError | CancelledError):
        why = "whose rows no other has" if isinstance(error, CancelledError) else str(error)
        return ConnectionError(f"the training has lost the worker {sorted(lost)[0]}: {why}")
    return error
