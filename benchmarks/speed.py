"""Speed, with one command: kernels, calls of an objective and boosting rounds, resumable, as tables, JSON and pictures.

- kernels: gradient and curvature beside the memory limit and NumPy, float32 and float64, on one thread and on all, from
  a thousand rows to `--largest`, as far as they are in memory;
- catalogue: every public loss, of `--rows` scores, beside the memory limit, the slowest first;
- calls: an objective as XGBoost calls it, beside other packages' that are installed (bokbokbok, boost-loss, jaxboost);
- training: milliseconds a round beside the library's own objectives, and beside the floor, an objective in Python that
  computes nothing; in XGBoost beside those packages and GBNet too, where they are installed;
- published: trainings as GBNet and jaxboost publish them, of their number of rows and of `--rows`, and with ours.

A run that is interrupted goes on where it stopped. Seconds depend on the machine, and ratios much less. What is not
installed is told, with the command that gets it, beside which this environment stays as it is.

    python -m benchmarks.speed [--part training] [--largest 10_000_000] [--size 4_000_000] [--threads 2]
                               [--rows 1_000_000] [--columns 20] [--rounds 30] [--repeats 5] [--leaf-steps 1]
                               [--library catboost] [--loss Quantile] [--results FOLDER] [--report-only]
"""

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import psutil
from rich.progress import track

from benchmarks import _catalogue_speed as catalogue
from benchmarks import _kernel_speed as kernels
from benchmarks import _published_speed as published
from benchmarks import _training_speed as training
from benchmarks._results import FOLDER, Cell, Results
from benchmarks._speed_pictures import draw
from benchmarks._speed_report import TABLES

Measured = Iterator[tuple[Cell, Callable[[], dict[str, Any]]]]
TYPES = ("float32", "float64")
NEEDED = {  # of other packages, by part
    "calls": [*kernels.PACKAGES],
    "training": [*kernels.PACKAGES, "gbnet"],
    "published": ["gbnet", "jaxboost"],
}
# Without dependencies: boost-loss asks for an XGBoost below 3, and runs with this one.
INSTALL = (
    "pip install --no-deps --target .venv-peers bokbokbok boost-loss pyhumps attrs gbnet jaxboost "
    "jax jaxlib ml_dtypes opt_einsum"
)


def fits(rows: int, dtype: str) -> bool:
    """Whether the arrays of a kernel are in memory; says so where they are not."""
    needed = kernels.bytes_needed(rows, dtype)
    free = psutil.virtual_memory().available
    if needed > free:
        print(
            f"{rows:,} rows of {dtype} take {needed / 1e9:.1f} GB, {free / 1e9:.1f} are free: left out."
        )
    return needed <= free


def kernel_cells(options: argparse.Namespace) -> Measured:
    sizes = options.size or [10**k for k in range(3, 10) if 10**k <= options.largest]
    targets = [(loss, "") for loss in kernels.LOSSES]
    targets += [(loss, order) for loss in kernels.OF_CLASSES for order in ("rows", "classes")]
    for rows, dtype in product(sizes, TYPES):
        if not fits(rows, dtype):
            continue
        for threads in sorted({1, options.threads}):
            for loss, order in targets:
                cell: Cell = {"part": "kernels", "loss": repr(loss), "classes": order}
                cell |= {"rows": rows, "dtype": dtype, "threads": threads}
                repeats = options.repeats * max(1, 100_000 // rows)
                measure = partial(kernels.kernel_seconds, loss, order, rows, dtype, repeats)
                yield cell, partial(kernels.with_threads, threads, measure)


def catalogue_cells(options: argparse.Namespace) -> Measured:
    for dtype, threads in product(TYPES, sorted({1, options.threads})):
        for loss, form in catalogue.subjects():
            cell: Cell = {"part": "catalogue", "loss": repr(loss), "form": form}
            cell |= {"rows": options.rows, "dtype": dtype, "threads": threads}
            given = loss, form, options.rows, dtype, options.repeats
            measure = partial(catalogue.round_seconds, *given)
            yield cell, partial(kernels.with_threads, threads, measure)


def call_cells(options: argparse.Namespace) -> Measured:
    for package in kernels.installed():
        for rows in (1_000, 1_000_000):
            for loss in kernels.LOSSES:
                cell: Cell = {"part": "calls", "package": package, "version": version(package)}
                cell |= {"loss": repr(loss), "rows": rows}
                yield cell, partial(kernels.call_seconds, package, loss, rows, options.repeats)


def training_cells(options: argparse.Namespace) -> Measured:
    options.packages = kernels.installed()
    options.gbnet = kernels.is_installed("gbnet")
    for library in options.library or training.LIBRARIES:
        several = [] if library == "catboost" else training.SEVERAL
        for loss in training.LOSSES + several:
            cell = {"part": "training", "library": library, "version": version(library)}
            keys = ["rows", "columns", "rounds", "threads"]
            keys += ["leaf_steps"] if library == "catboost" else []
            cell |= {key: getattr(options, key) for key in keys}
            if library == "xgboost":
                cell["beside"] = [*options.packages, *(["gbnet"] if options.gbnet else [])]
            cell["loss"] = training.title(loss)
            yield cell, partial(training.round_milliseconds, library, loss, options)


def published_cells(options: argparse.Namespace) -> Measured:
    for set_up in published.SET_UPS:
        if kernels.is_installed(set_up.package):
            for rows in sorted({set_up.rows, options.rows}):
                cell = {"part": "published", "package": set_up.package}
                cell |= {"version": version(set_up.package), "set-up": set_up.name}
                cell |= {"library": set_up.library, "library version": version(set_up.library)}
                cell |= {"loss": repr(set_up.loss), "rows": rows}
                repeats = min(options.repeats, 2)
                yield cell, partial(published.training_figures, set_up, rows, repeats)


CELLS = {
    "kernels": kernel_cells,
    "catalogue": catalogue_cells,
    "calls": call_cells,
    "training": training_cells,
    "published": published_cells,
}
PARTS = tuple(CELLS)


def is_wanted(cell: Cell, losses: list[str] | None) -> bool:
    return not losses or cell["loss"].partition("(")[0] in losses


def tell_missing(parts: Iterable[str]) -> None:
    """Which packages are not there to be measured, and how to get them."""
    wanted = dict.fromkeys(name for part in parts for name in NEEDED.get(part, ()))
    missing = [name for name in wanted if not kernels.is_installed(name)]
    if missing:
        print(
            f"\nNot installed, and so not measured: {', '.join(missing)}. To measure them, too:\n\n"
            f"    {INSTALL}\n    PYTHONPATH=.venv-peers python -m benchmarks.speed ..."
        )
    if "gbnet" in missing:
        print("\nGBNet needs torch, which `make test-torch` installs.")


def report(results: Results) -> None:
    """Print the tables, write the lines as JSON, and draw a picture of each part."""
    folder, latest = results.path.parent, results.latest()
    for part in PARTS:
        lines = [line for line in latest if line["cell"]["part"] == part]
        if lines:
            head, *rows = TABLES[part](lines)
            print(f"\n{part}\n\n| {' | '.join(head)} |\n{'|---' * len(head)}|")
            for row in rows:
                print(f"| {' | '.join(row)} |")
            draw(part, lines, folder)
    (folder / "speed.json").write_text(json.dumps(latest, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="all, unless some are named")
    parser.add_argument("--largest", type=int, default=10_000_000, help="rows of kernels")
    parser.add_argument("--size", type=int, action="append", help="rows of kernels, instead")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="of training, scores of the catalogue"
    )
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--leaf-steps", type=int, default=1, help="of CatBoost")
    parser.add_argument("--library", choices=list(training.LIBRARIES), action="append")
    parser.add_argument("--loss", action="append", help="the name of its class")
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--report-only", action="store_true", help="of what was measured before")
    options = parser.parse_args()
    results = Results(options.results / "speed.jsonl")
    if not options.report_only:
        for part in options.part or PARTS:
            cells = [task for task in CELLS[part](options) if is_wanted(task[0], options.loss)]
            for cell, measure in track(results.missing(cells), part):
                results.add(cell, measure())
    report(results)
    tell_missing(options.part or PARTS)


if __name__ == "__main__":
    main()
