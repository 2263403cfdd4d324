"""The public types that pyright does not know; ends with 1 if there are any.

Public is what `MODULES` list in ``__all__``, with the classes of this package that they inherit from. Of the estimators
only the module's functions are judged: their parents, of the three libraries and scikit-learn, have no types.

    python -m tools.public_types
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODULES = ["boostloss", "boostloss.check", "boostloss.distribution", "boostloss.metrics"]
MODULES += ["boostloss.plot"]
MODULES += [f"boostloss.{name}" for name in ("xgboost", "lightgbm", "catboost", "dask", "torch")]


def public_objects() -> Iterator[tuple[str, Any]]:
    """Names and values of the public classes and functions, without those of a library that is not installed."""
    for module_name in MODULES:
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if str(error.name).startswith("boostloss"):
                raise
            continue
        for name in module.__all__:
            if callable(value := getattr(module, name)):
                yield f"{module_name}.{name}", value


def defined_names() -> set[str]:
    """Where the public classes and functions, and what they inherit from, are defined."""
    values = [value for _, value in public_objects() if not hasattr(value, "get_params")]
    kinds = [kind for value in values for kind in getattr(value, "__mro__", [value])]
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}


def main() -> int:
    command = [sys.executable, "-m", "pyright", "--verifytypes", "boostloss", "--ignoreexternal"]
    # Here pyright heeds no --pythonpath: it looks for packages beside the first python of the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path}
    answer = subprocess.run(
        [*command, "--outputjson"], env=environment, stdout=subprocess.PIPE, check=False
    ).stdout
    public, unknown = defined_names(), 0
    for symbol in json.loads(answer)["typeCompleteness"]["symbols"]:
        owner = symbol["name"].rpartition(".")[0]
        if symbol["isTypeKnown"] or not public & {symbol["name"], owner}:
            continue
        unknown += 1
        print(symbol["name"], *(x["message"] for x in symbol["diagnostics"]), sep="\n    ")
    print(f"{unknown} public types are unknown.")
    return min(unknown, 1)


if __name__ == "__main__":
    sys.exit(main())
