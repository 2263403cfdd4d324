"""The figures of `benchmarks.speed` and `benchmarks.accuracy` from version to version, and what got worse.

A line of `benchmarks/history.jsonl` holds ratios, which machines hardly change: of our kernels to the memory limit, of
our rounds to those of an objective that computes nothing, and of errors to those of the best own objective. `add` takes
them from the folder of results, and both commands compare the last two lines that come from the same processor: slower
by a tenth, or errors larger by a hundredth, end with 1.

    python -m benchmarks.history [add] [--results FOLDER] [--plot history.png]
"""

import argparse
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._results import FOLDER, processor

FILE = Path(__file__).with_name("history.jsonl")
WORSE = {"kernels": 1.1, "training": 1.1, "accuracy": 1.01}


def figures(folder: Path) -> dict[str, float]:
    """The ratios of the results in a folder, by name."""
    found: dict[str, float] = {}
    speed, accuracy = folder / "speed.json", folder / "accuracy.json"
    lines = json.loads(speed.read_text()) if speed.exists() else []
    for line in lines:
        cell, seconds = line["cell"], line["figures"]
        keys = [
            str(cell[key])
            for key in ("library", "loss", "classes", "dtype", "rows")
            if cell.get(key)
        ]
        threads = f"{cell['threads']} threads" if "threads" in cell else ""
        name = ", ".join([cell["part"], *keys, threads])
        base = {"kernels": "limit", "training": "floor"}.get(cell["part"])
        if base:
            found[name] = seconds["ours"] / seconds[base]
    for row in json.loads(accuracy.read_text()) if accuracy.exists() else []:
        if not row["own"]:
            found[f"accuracy, {row['library']}, {row['objective']}"] = row["all"]
    return found


def revision() -> str:
    """The commit, where this is a clone."""
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=FILE.parent, check=False)
    return found.stdout.strip()


def entries() -> list[dict[str, Any]]:
    lines = FILE.read_text().splitlines() if FILE.exists() else []
    return [json.loads(line) for line in lines]


def add(folder: Path) -> None:
    """Append what is in the folder."""
    found = figures(folder)
    if not found:
        raise SystemExit(f"{folder}: neither speed.json nor accuracy.json is there.")
    line = {"version": bl.__version__, "commit": revision(), "date": str(date.today())}
    line |= {"processor": processor(), "ratios": {key: round(x, 4) for key, x in found.items()}}
    with FILE.open("a") as file:
        file.write(json.dumps(line) + "\n")


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, float, float, bool]]:
    """Name, ratios before and after, and whether it got worse, of what both lines hold; the worst first."""
    found = []
    for name, new in after["ratios"].items():
        old = before["ratios"].get(name)
        if old is not None and old > 0:
            found.append((name, old, new, new / old > WORSE[name.partition(",")[0]]))
    return sorted(found, key=lambda change: change[1] / change[2])


def compare() -> int:
    """Print what changed between the last line and the one before it from the same processor."""
    every = entries()
    same = [line for line in every if line["processor"] == every[-1]["processor"]]
    if len(same) < 2:
        print(f"{len(every)} lines, none before the last one from {every[-1]['processor']}.")
        return 0
    before, after = same[-2:]
    found = changes(before, after)
    print(f"{before['version']} {before['commit']} -> {after['version']} {after['commit']}\n")
    print("| figure | before | after | change | |\n|---|---|---|---|---|")
    for name, old, new, worse in found:
        print(
            f"| {name} | {old:.3f} | {new:.3f} | {new / old - 1:+.1%} | {'worse' if worse else ''} |"
        )
    return int(any(worse for *_, worse in found))


def draw(path: Path) -> None:
    """The geometric mean of each kind of figure, of those that all lines hold."""
    from matplotlib.figure import Figure

    every = entries()
    figure = Figure(figsize=(4.5 * len(WORSE), 4), layout="constrained")
    for axis, kind in zip(figure.subplots(1, len(WORSE)), WORSE, strict=True):
        lines = [x for x in every if any(name.startswith(kind) for name in x["ratios"])]
        names = set.intersection(*({*line["ratios"]} for line in lines)) if lines else set()
        chosen = sorted(name for name in names if name.startswith(kind))
        means = [np.exp(np.mean(np.log([x["ratios"][name] for name in chosen]))) for x in lines]
        axis.plot([f"{line['version']}\n{line['commit']}" for line in lines], means, "o-")
        axis.set(title=f"{kind}: {len(chosen)} figures", ylabel="geometric mean of the ratios")
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", nargs="?", choices=("add", "show"), default="show")
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    if options.command == "add":
        add(options.results)
    if not entries():
        print("There is no line yet: run benchmarks.speed and benchmarks.accuracy, then add.")
        return 2
    if options.plot:
        draw(options.plot)
    return compare()


if __name__ == "__main__":
    sys.exit(main())
