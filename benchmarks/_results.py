"""A file of results, a line of JSON for each cell of a benchmark, so that an interrupted run goes on where it stopped.

A cell is what was measured, such as a library, its version, a loss and a seed. A line also says with what: a cell is
measured again where the package's source or the processor is another one.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import joblib
from rich.progress import track

import boostloss as bl

FOLDER = Path("boostloss-benchmarks")  # of results and pictures, where the benchmark is run
GENERATION = {"family": "cpu family", "model": "model"}
Cell = dict[str, Any]


@cache
def source() -> str:
    """Digest of the package's source texts."""
    digest = hashlib.sha256()
    for path in sorted(Path(bl.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def processor() -> str:
    """The name of the processor, where the system tells it; in a cloud several generations may share it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    told = {name.strip(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    if "model name" not in told:
        return platform.machine()
    numbers = [f"{name} {told[key]}" for name, key in GENERATION.items() if key in told]
    return ", ".join([told["model name"], *numbers])


class Results:
    """The figures of each cell, which are in a file as soon as they are known."""

    def __init__(self, path: Path):
        self.path = path
        self.made_with = {"source": source(), "processor": processor()}
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lines: list[dict[str, Any]] = []
        if path.exists():
            text = path.read_text()
            if text and not text.endswith("\n"):  # cut off in the middle of a line
                text = text[: text.rfind("\n") + 1]
                path.write_text(text)
            self.lines = [json.loads(line) for line in text.splitlines()]

    def missing(self, tasks: Iterable[tuple[Cell, Any]]) -> list[tuple[Cell, Any]]:
        """Those whose cells were not measured yet with this source, on such a processor.

        A task is a cell, and what measures it.
        """
        known = {_key(line["cell"]) for line in self.lines if line["with"] == self.made_with}
        return [task for task in tasks if _key(task[0]) not in known]

    def fit(self, tasks: Iterable[tuple[Cell, Callable[[], dict[str, Any]]]], jobs: int) -> None:
        """Measure what is missing, in so many processes."""
        missing = self.missing(tasks)
        fits = (joblib.delayed(_measured)(*task) for task in missing)
        run = joblib.Parallel(jobs, return_as="generator_unordered")(fits)
        for cell, figures in track(run, "fits", total=len(missing)):
            self.add(cell, figures)

    def add(self, cell: Cell, figures: dict[str, Any]) -> None:
        line = {"cell": cell, "figures": figures, "with": self.made_with}
        self.lines.append(line)
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def latest(self) -> list[dict[str, Any]]:
        """Of each cell the line that was measured last."""
        return list({_key(line["cell"]): line for line in self.lines}.values())


def _measured(cell: Cell, measure: Callable[[], dict[str, Any]]) -> tuple[Cell, dict[str, Any]]:
    return cell, measure()


def _key(cell: Cell) -> str:
    return json.dumps(cell, sort_keys=True)
