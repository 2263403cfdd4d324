"""Which error of several workers the user gets to see: the first, and not that the others have lost their peer."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cloudpickle
from distributed import get_worker


@contextmanager
def reported(training: str) -> Iterator[None]:
    """Let the client know of an error of this worker, under the name of the training."""
    try:
        yield
    except Exception as error:
        get_worker().log_event(training, cloudpickle.dumps(error))
        raise


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
    if lost and isinstance(error, of_library | OSError):
        return ConnectionError(f"the training has lost the worker {sorted(lost)[0]}: {error}")
    return error
