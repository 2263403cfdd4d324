"""The libraries' estimators, with ours in the place of theirs."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

LOSSES = {"regression": bl.SquaredError(), "binary": bl.Logistic()}


def with_default(kind: type, objective: str, loss: bl.Loss) -> type:
    """A subclass whose objective is this loss unless another is given."""
    parent = inspect.signature(kind.__init__)
    default = inspect.Parameter(objective, inspect.Parameter.KEYWORD_ONLY, default=loss)
    others = [x for x in parent.parameters.values() if x.name != objective]
    place = len(others) - (others[-1].kind is inspect.Parameter.VAR_KEYWORD)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        kind.__init__(self, *args, **{objective: loss} | kwargs)  # type: ignore[misc]

    signature = parent.replace(parameters=[*others[:place], default, *others[place:]])
    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return type(kind.__name__, (kind,), {"__init__": __init__, "__module__": __name__})


def replace(library: str, made: Callable[[type, str], type]) -> None:
    """Put estimators where the tests of a library import theirs from."""
    record = LIBRARIES[library]
    kinds = [made(record.estimator(task), task) for task in record.estimators]
    places = [library] if library == "catboost" else [library, f"{library}.sklearn"]
    for module in map(importlib.import_module, places):
        for kind in kinds:
            setattr(module, kind.__name__, kind)


def drop_in(library: str) -> None:
    """Ours, with the objectives of the library: nothing must change."""
    replace(library, lambda kind, task: kind)


def with_losses(library: str) -> None:
    """Ours, with a loss of ours for the library's default objective."""

    def made(kind: type, task: str) -> type:
        made = with_default(kind, LIBRARIES[library].objective, LOSSES[task])
        return globals().setdefault(made.__name__, made)  # where a pickle finds it

    replace(library, made)
