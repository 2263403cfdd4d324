"""Speed, with one command: kernels, calls of an objective, and boosting rounds, resumable, as table, JSON and picture.

- kernels: gradient and curvature beside the memory limit and NumPy, float32 and float64, on one thread and on all, from
  a thousand rows to `--largest`;
- calls: an objective as XGBoost calls it, beside other packages' that are installed (bokbokbok, boost-loss, jaxboost);
- training: milliseconds a round beside the library's own objectives, and beside the floor, an objective in Python that
  computes nothing; in XGBoost beside those packages and GBNet too, where they are installed.

A run that is interrupted goes on where it stopped. Seconds depend on the machine, and ratios much less.

    python -m benchmarks.speed [--part training] [--largest 10_000_000] [--size 4_000_000] [--threads 2]
                               [--rows 1_000_000] [--columns 20] [--rounds 30] [--repeats 5] [--leaf-steps 1]
                               [--library catboost] [--results FOLDER] [--report-only]
"""

import argparse
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks import _kernel_speed as kernels
from benchmarks import _training_speed as training
from benchmarks._results import FOLDER, Cell, Results

PARTS = ("kernels", "calls", "training")
Measured = Iterator[tuple[Cell, Callable[[], dict[str, float]]]]


def kernel_cells(options: argparse.Namespace) -> Measured:
    sizes = options.size or [10**k for k in range(3, 10) if 10**k <= options.largest]
    targets = [(loss, "") for loss in kernels.LOSSES]
    targets += [(loss, order) for loss in kernels.OF_CLASSES for order in ("rows", "classes")]
    for rows in sizes:
        for dtype in ("float32", "float64"):
            for threads in sorted({1, options.threads}):
                for loss, order in targets:
                    cell = {"part": "kernels", "loss": repr(loss), "classes": order}
                    cell |= {"rows": rows, "dtype": dtype, "threads": threads}
                    repeats = options.repeats * max(1, 100_000 // rows)
                    measure = partial(kernels.kernel_seconds, loss, order, rows, dtype, repeats)
                    yield cell, partial(kernels.with_threads, threads, measure)


def call_cells(options: argparse.Namespace) -> Measured:
    for package in kernels.installed():
        for rows in (1_000, 1_000_000):
            for loss in kernels.LOSSES:
                cell = {"part": "calls", "package": package, "version": version(package)}
                cell |= {"loss": repr(loss), "rows": rows}
                yield cell, partial(kernels.call_seconds, package, loss, rows, options.repeats)


def training_cells(options: argparse.Namespace) -> Measured:
    options.packages = kernels.installed()
    options.gbnet = bool(importlib.util.find_spec("gbnet") and importlib.util.find_spec("torch"))
    for library in options.library or training.LIBRARIES:
        for loss in training.LOSSES:
            cell = {"part": "training", "library": library, "version": version(library)}
            keys = ["rows", "columns", "rounds", "threads"]
            keys += ["leaf_steps"] if library == "catboost" else []
            cell |= {key: getattr(options, key) for key in keys}
            if library == "xgboost":
                cell["beside"] = [*options.packages, *(["gbnet"] if options.gbnet else [])]
            cell["loss"] = repr(loss)
            yield cell, partial(training.round_milliseconds, library, loss, options)


CELLS = {"kernels": kernel_cells, "calls": call_cells, "training": training_cells}


def kernel_table(lines: list[dict[str, Any]]) -> list[list[str]]:
    """Milliseconds and ratios of the largest number of rows that NumPy has, in all threads."""
    shown = [x for x in lines if "numpy" in x["figures"]]
    largest = max(x["cell"]["rows"] for x in shown)
    threads = max(x["cell"]["threads"] for x in shown)
    rows = [
        [
            f"{largest:,} rows, {threads} threads",
            "dtype",
            "limit ms",
            "ours ms",
            "ratio",
            "NumPy ms",
        ]
    ]
    for line in shown:
        cell, found = line["cell"], line["figures"]
        if (cell["rows"], cell["threads"]) == (largest, threads):
            name = f"`{cell['loss']}`" + (
                f", 10 classes, by {cell['classes']}" if cell["classes"] else ""
            )
            times = [1e3 * found[key] for key in ("limit", "ours", "numpy")]
            ratio = found["ours"] / found["limit"]
            texts = [f"{times[0]:.2f}", f"{times[1]:.2f}", f"{ratio:.2f}", f"{times[2]:.1f}"]
            rows.append([name, cell["dtype"], *texts])
    return rows


def call_table(lines: list[dict[str, Any]]) -> list[list[str]]:
    rows = [["loss", "beside", "rows", "ours ms", "theirs ms", "ratio"]]
    for line in lines:
        cell, found = line["cell"], line["figures"]
        if found:
            times = [1e3 * found["ours"], 1e3 * found["theirs"]]
            texts = [f"{times[0]:.3f}", f"{times[1]:.3f}", f"{times[1] / times[0]:.1f}"]
            package = f"{cell['package']} {cell['version']}"
            rows.append([f"`{cell['loss']}`", package, f"{cell['rows']:,}", *texts])
    return rows


def training_table(lines: list[dict[str, Any]]) -> list[list[str]]:
    """Milliseconds a round; the last columns are the ratios of ours to the floor and to the own squared error."""
    names = list(dict.fromkeys(name for line in lines for name in line["figures"]))
    names = [name for name in names if name != "ours"]
    rows = [["library", "loss", "ours", *names, "to the floor", "to own squared error"]]
    for line in lines:
        cell, found = line["cell"], line["figures"]
        texts = [f"{found[name]:.1f}" if name in found else "" for name in ("ours", *names)]
        ratios = [found["ours"] / found[name] for name in ("floor", "own squared error")]
        library = (
            f"{cell['library']} {cell['version']}, {cell['rows']:,} rows, {cell['threads']} threads"
        )
        rows.append([library, f"`{cell['loss']}`", *texts, *(f"{ratio:.2f}" for ratio in ratios)])
    return rows


TABLES = {"kernels": kernel_table, "calls": call_table, "training": training_table}


def report(results: Results) -> None:
    latest = results.latest()
    for part in PARTS:
        lines = [line for line in latest if line["cell"]["part"] == part]
        if lines:
            head, *rows = TABLES[part](lines)
            print(f"\n{part}\n\n| {' | '.join(head)} |\n{'|---' * len(head)}|")
            for row in rows:
                print(f"| {' | '.join(row)} |")
    folder = results.path.parent
    (folder / "speed.json").write_text(json.dumps(latest, indent=1))
    of_kernels = [line for line in latest if line["cell"]["part"] == "kernels"]
    if of_kernels:
        draw(of_kernels, folder / "speed.png")


def draw(lines: list[dict[str, Any]], path: Path) -> None:
    """Nanoseconds a row by rows, beside the memory limit, for each type and number of threads."""
    from matplotlib.figure import Figure

    settings = sorted({(line["cell"]["dtype"], line["cell"]["threads"]) for line in lines})
    figure = Figure(figsize=(4.6 * len(settings), 4.4), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for axis, (dtype, threads) in zip(axes, settings, strict=True):
        chosen = [
            x for x in lines if (x["cell"]["dtype"], x["cell"]["threads"]) == (dtype, threads)
        ]
        curves: dict[str, dict[int, float]] = {}
        for line in chosen:
            rows, found = line["cell"]["rows"], line["figures"]
            if not line["cell"]["classes"]:
                curves.setdefault(line["cell"]["loss"], {})[rows] = 1e9 * found["ours"] / rows
                limit = curves.setdefault("memory limit", {})
                limit[rows] = min(limit.get(rows, float("inf")), 1e9 * found["limit"] / rows)
        for name, curve in curves.items():
            style = "k--" if name == "memory limit" else "-"
            axis.loglog(*zip(*sorted(curve.items()), strict=True), style, label=name)
        plural = "s" if threads > 1 else ""
        axis.set(title=f"{dtype}, {threads} thread{plural}", xlabel="rows")
    axes[0].set_ylabel("nanoseconds a row")
    figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside right center", fontsize=7)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="all, unless some are named")
    parser.add_argument("--largest", type=int, default=10_000_000, help="rows of kernels")
    parser.add_argument("--size", type=int, action="append", help="rows of kernels, instead")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of training")
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--leaf-steps", type=int, default=1, help="of CatBoost")
    parser.add_argument("--library", choices=list(training.LIBRARIES), action="append")
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--report-only", action="store_true", help="of what was measured before")
    options = parser.parse_args()
    results = Results(options.results / "speed.jsonl")
    if not options.report_only:
        for part in options.part or PARTS:
            for cell, measure in track(results.missing(CELLS[part](options)), part):
                results.add(cell, measure())
    report(results)


if __name__ == "__main__":
    main()
