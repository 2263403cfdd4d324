"""The figures of `benchmarks.speed` and `benchmarks.accuracy` from version to version, and what got worse.

A line of `benchmarks/history.jsonl` holds ratios, which machines hardly change: of our kernels to the memory limit, of
our rounds to those of an objective that computes nothing, of our calls and trainings to those of other packages, and of
errors to those of the best own objective. `add` takes them from the folder of results. Both commands compare, figure by
figure, the last two lines of the same processor that have it, or of any where errors are compared, and tell which
figures only one line has.

They end with 1 where a figure got worse, slower by a tenth or an error larger by a hundredth; else with 2 where one had
nothing to be compared with; else with 0.

    python -m benchmarks.history [add] [--results FOLDER] [--plot history.png]
"""

import argparse
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import boostloss as bl
from benchmarks._pictures import save
from benchmarks._results import FOLDER, processor, source

FILE = Path(__file__).with_name("history.jsonl")
# By what a part of `benchmarks.speed` is divided.
BASES = {"kernels": "limit", "catalogue": "limit", "calls": "theirs"}
BASES |= {"training": "floor", "published": "theirs"}
WORSE = dict.fromkeys(BASES, 1.1) | {"accuracy": 1.01}
KEYS = ("library", "set-up", "loss", "form", "classes", "dtype", "rows")
Line = dict[str, Any]


class Change(NamedTuple):
    """Of a figure, in the last two lines of a processor that have it."""

    name: str
    before: Line
    after: Line

    @property
    def ratios(self) -> tuple[float, float]:
        return self.before["ratios"][self.name], self.after["ratios"][self.name]

    @property
    def growth(self) -> float:
        old, new = self.ratios
        return new / old

    @property
    def worse(self) -> bool:
        return self.growth > WORSE[kind(self.name)]


def kind(name: str) -> str:
    return name.partition(",")[0]


def place(line: Line, of: str) -> str:
    """Whose lines a figure of this kind is compared with: those of the same processor, or of any, if it is an error."""
    return "any" if of == "accuracy" else line["processor"]


def name_of(cell: dict[str, Any]) -> str:
    """What a cell of `benchmarks.speed` is called; another package with its version, which changes the ratio too."""
    package = [f"{cell['package']} {cell['version']}"] if "package" in cell else []
    threads = [f"{cell['threads']} threads"] if "threads" in cell else []
    keys = [str(cell[key]) for key in KEYS if cell.get(key)]
    return ", ".join([cell["part"], *package, *keys, *threads])


def figures(folder: Path) -> dict[str, float]:
    """The ratios of the results in a folder, by name; of speed those of this processor."""
    found: dict[str, float] = {}
    speed, accuracy = folder / "speed.json", folder / "accuracy.json"
    lines = json.loads(speed.read_text()) if speed.exists() else []
    here = [line for line in lines if line["with"]["processor"] == processor()]
    older = sum(line["with"]["source"] != source() for line in here)
    if len(here) < len(lines) or older:
        print(
            f"Of {len(lines)} cells {len(lines) - len(here)} are of another processor and left out, "
            f"{older} of another state of the package."
        )
    for line in here:
        cell, seconds = line["cell"], line["figures"]
        base = BASES[cell["part"]]
        if base in seconds:  # not where another package has no such loss
            found[name_of(cell)] = seconds["ours"] / seconds[base]
    for row in json.loads(accuracy.read_text()) if accuracy.exists() else []:
        if not row["own"]:
            found[f"accuracy, {row['library']}, {row['objective']}"] = row["all"]
    return found


def revision() -> str:
    """The commit, where this is a clone."""
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=FILE.parent, check=False)
    return found.stdout.strip()


def entries() -> list[Line]:
    lines = FILE.read_text().splitlines() if FILE.exists() else []
    return [json.loads(line) for line in lines]


def add(folder: Path) -> None:
    """Append what is in the folder."""
    found = figures(folder)
    if not found:
        raise SystemExit(f"{folder}: neither speed.json nor accuracy.json is there.")
    line: Line = {"version": bl.__version__, "commit": revision(), "date": str(date.today())}
    line |= {"processor": processor(), "ratios": {key: round(x, 4) for key, x in found.items()}}
    with FILE.open("a") as file:
        file.write(json.dumps(line) + "\n")


def changes(lines: list[Line]) -> tuple[list[Change], list[tuple[str, Line]]]:
    """What can be compared, the worst first, and the figures that one line alone has, of a processor or of any."""
    having: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        for name in line["ratios"]:
            having.setdefault((place(line, kind(name)), name), []).append(line)
    found = [Change(name, *of[-2:]) for (_, name), of in having.items() if len(of) > 1]
    alone = [(name, of[0]) for (_, name), of in having.items() if len(of) == 1]
    return sorted(found, key=lambda change: -change.growth), alone


def tell_alone(alone: list[tuple[str, Line]]) -> None:
    """The figures that had nothing to be compared with, by line and kind."""
    groups: dict[str, list[str]] = {}
    for name, line in alone:
        where = f"{line['version']} {line['commit']} of {line['processor']}: {kind(name)}"
        groups.setdefault(where, []).append(name)
    print(f"\nNot compared, as no other line of the processor has them: {len(alone)} figures.\n")
    for where, names in groups.items():
        shown = "; ".join(name.partition(", ")[2] for name in names[:3])
        more = f"; and {len(names) - 3} more" if len(names) > 3 else ""
        print(f"- {where}, {len(names)}: {shown}{more}")


def compare() -> int:
    """Print what changed, and what cannot be compared; the exit status."""
    found, alone = changes(entries())
    if found:
        print("| figure | processor | from | to | before | after | change | |")
        print("|---|---|---|---|---|---|---|---|")
    for change in found:
        ends = " | ".join(f"{x['version']} {x['commit']}" for x in (change.before, change.after))
        numbers = " | ".join(f"{ratio:.3f}" for ratio in change.ratios)
        text = f"{numbers} | {change.growth - 1:+.1%} | {'worse' if change.worse else ''}"
        print(f"| {change.name} | {place(change.after, kind(change.name))} | {ends} | {text} |")
    if alone:
        tell_alone(alone)
    n_worse = sum(change.worse for change in found)
    print(f"\n{len(found)} figures compared, {n_worse} worse; {len(alone)} not compared.")
    return 1 if n_worse else 2 if alone else 0


def draw(path: Path) -> None:
    """The geometric mean of each kind of figure and processor, of those that all its lines with this kind have."""
    from matplotlib.figure import Figure

    every = entries()
    of_kind = {
        each: [{n: r for n, r in x["ratios"].items() if kind(n) == each} for x in every]
        for each in WORSE
    }
    of_kind = {each: ratios for each, ratios in of_kind.items() if any(ratios)}
    figure = Figure(figsize=(4.5 * len(of_kind), 4.4), layout="constrained")
    axes = figure.subplots(1, len(of_kind), squeeze=False)[0]
    for axis, (each, ratios) in zip(axes, of_kind.items(), strict=True):
        for name in dict.fromkeys(place(line, each) for line in every):
            of_it = [i for i, x in enumerate(every) if place(x, each) == name and ratios[i]]
            common = set.intersection(*(set(ratios[i]) for i in of_it)) if of_it else set()
            if common:
                means = [np.exp(np.mean([np.log(ratios[i][n]) for n in common])) for i in of_it]
                axis.plot(of_it, means, "o-", label=f"{name}: {len(common)} figures")
        axis.set_xticks(range(len(every)), [f"{x['version']}\n{x['commit']}" for x in every])
        axis.set_xlim(-0.3, len(every) - 0.7)
        axis.set(title=each, ylabel="geometric mean of the ratios")
        axis.legend(fontsize=8)
    save(figure, path)


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
