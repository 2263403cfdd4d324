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


def cause(events: Any, error: Exception, of_library: type[Exception]) -> Exception:
    """The first error that workers have reported and that is not the library's own; else the one that came."""
    for _, text in events:
        found = pickle.loads(text)
        if not isinstance(found, of_library | ConnectionError):
            return found
    return error
