"""Modules that have moved: a pickle names the module of a class, and those written by version 0.1.0 must load."""

import importlib
import sys
from types import ModuleType
from typing import Any

MOVED = {
    "boostloss._catboost_slots": "boostloss.boosting.catboost_objective",
    "boostloss.adaptive": "boostloss.losses.adaptive",
    "boostloss.binary": "boostloss.losses.catalogue",
    "boostloss.loss": "boostloss.losses.base",
    "boostloss.regression": "boostloss.losses.catalogue",
}


class MovedModule(ModuleType):
    """Stands in the place of a module and imports its successor when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by Python itself, about this module
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(MOVED[self.__name__]), name)


def register_old_names() -> None:
    """Let the old names of modules be imported."""
    for name in MOVED:
        sys.modules.setdefault(name, MovedModule(name))
