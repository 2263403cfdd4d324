"""Pictures of what `benchmarks.speed` measured, one of each part."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._pictures import save
from benchmarks._speed_report import Line, by_loss, setting, threads_of, to_nearest
from boostloss.boosting.libraries import LIBRARIES

Ratios = dict[str, dict[str, float]]  # of each row of a picture, by what is compared
MARKS = "osD^vP"


def figure_of(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def dots(axis: Any, ratios: Ratios, kinds: list[str]) -> None:
    """A row for each name, a mark for each ratio, and a line at 1."""
    names = list(ratios)
    for mark, kind in zip(MARKS, kinds, strict=False):
        points = [(of[kind], place) for place, of in enumerate(ratios.values()) if kind in of]
        if points:
            axis.plot(*zip(*points, strict=True), mark, label=kind, markersize=6, alpha=0.75)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.grid(axis="y", color="0.9")
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    ticks = [1 / 8, 1 / 4, 1 / 2, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 200]
    if high / low > 4:
        ticks = [tick for tick in ticks if tick not in (0.7, 0.8, 0.9, 1.1, 1.2, 1.5, 3)]
    chosen = [tick for tick in ticks if low <= tick <= high]
    axis.set_xticks(chosen, [f"{tick:g}" for tick in chosen])
    axis.minorticks_off()


def legend(figure: Any) -> None:
    """What the marks of all axes are, below these."""
    known = {}
    for axis in figure.axes:
        handles, labels = axis.get_legend_handles_labels()
        known |= dict(zip(labels, handles, strict=True))
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=len(known))


def kernels(lines: list[Line]) -> Any:
    """Nanoseconds a row by rows, beside the memory limit, for each type and number of threads."""
    settings = sorted({setting(line["cell"]) for line in lines})
    columns = min(2, len(settings))
    lines_of_axes = -(-len(settings) // columns)
    figure = figure_of(4.2 * columns + 2, 3.6 * lines_of_axes)
    axes = figure.subplots(lines_of_axes, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, (dtype, threads) in zip(axes, settings, strict=False):
        curves: dict[str, dict[int, float]] = {}
        for line in lines:
            rows, found = line["cell"]["rows"], line["figures"]
            if setting(line["cell"]) == (dtype, threads) and not line["cell"]["classes"]:
                curves.setdefault(line["cell"]["loss"], {})[rows] = 1e9 * found["ours"] / rows
                limit = curves.setdefault("memory limit", {})
                limit[rows] = min(limit.get(rows, float("inf")), 1e9 * found["limit"] / rows)
        for name, curve in curves.items():
            style = "k.--" if name == "memory limit" else ".-"
            axis.loglog(*zip(*sorted(curve.items()), strict=True), style, label=name)
        axis.set_title(f"{dtype}, {threads_of(threads)}")
    for axis in axes[len(settings) :]:
        axis.remove()
    figure.supxlabel("rows")
    figure.supylabel("nanoseconds a row")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return figure


def catalogue(lines: list[Line]) -> Any:
    """The ratio to the memory limit of every loss, the slowest first."""
    losses = by_loss(lines)
    settings = sorted({key for found in losses.values() for key in found})
    ratios: Ratios = {}
    for name, found in losses.items():
        figures = {f"{d}, {threads_of(t)}": x["figures"] for (d, t), x in found.items()}
        ratios[name.replace("`", "")] = {k: x["ours"] / x["limit"] for k, x in figures.items()}
    figure = figure_of(9, 1.5 + 0.2 * len(ratios))
    axis = figure.subplots()
    dots(axis, ratios, [f"{dtype}, {threads_of(threads)}" for dtype, threads in settings])
    axis.tick_params(axis="y", labelsize=8)
    axis.set_xlabel("time over that of the memory limit")
    legend(figure)
    return figure


def calls(lines: list[Line]) -> Any:
    """By how much a call of another package takes longer."""
    ratios: Ratios = {}
    for line in lines:
        cell, found = line["cell"], line["figures"]
        if found:
            name = f"{cell['loss']} beside {cell['package']}"
            kinds = ratios.setdefault(name, {})
            kinds[f"{cell['rows']:,} rows"] = found["theirs"] / found["ours"]
    kinds = [f"{rows:,} rows" for rows in sorted({line["cell"]["rows"] for line in lines})]
    figure = figure_of(7.5, 1.4 + 0.3 * len(ratios))
    axis = figure.subplots()
    dots(axis, ratios, kinds)
    axis.set_xlabel("their time over ours: right of 1 ours is faster")
    legend(figure)
    return figure


def training(lines: list[Line]) -> Any:
    """The time of a round of most rows, over the floor's and over that of the library's own objectives."""
    floor, nearest = "the floor", "the nearest own objective"
    squared = "own squared error, where no other is near"
    ratios: dict[str, Ratios] = {}
    largest = max(line["cell"]["rows"] for line in lines)
    for line in (x for x in lines if x["cell"]["rows"] == largest):
        cell, found = line["cell"], line["figures"]
        of_library = ratios.setdefault(f"{LIBRARIES[cell['library']].title} {cell['version']}", {})
        kinds = of_library[cell["loss"]] = {floor: found["ours"] / found["floor"]}
        near = to_nearest(line)
        if near is None and "own squared error" in found:
            kinds[squared] = found["ours"] / found["own squared error"]
        elif near is not None:
            kinds[nearest] = near
    figure = figure_of(4 * len(ratios) + 2.5, 3.6)
    axes = figure.subplots(1, len(ratios), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (library, of_library) in zip(axes, ratios.items(), strict=True):
        dots(axis, of_library, [floor, nearest, squared])
        axis.set(title=library, xlabel="time of a round with ours, over others'")
    legend(figure)
    return figure


def published(lines: list[Line]) -> Any:
    """By how much a training as another package publishes it takes longer, and how much larger its error is."""
    ratios: Ratios = {}
    for line in lines:
        cell, found = line["cell"], line["figures"]
        if "failed" not in found:
            name = f"{cell['package']}, {cell['set-up']}, {cell['library']}, {cell['loss']}, {cell['rows']:,} rows"
            error = found["theirs: error"] / found["ours: error"]
            ratios[name] = {"time": found["theirs"] / found["ours"], "error": error}
    figure = figure_of(10, 1.4 + 0.3 * len(ratios))
    axis = figure.subplots()
    dots(axis, ratios, ["time", "error"])
    axis.set_xlabel("theirs over ours: right of 1 ours is better")
    legend(figure)
    return figure


PICTURES: dict[str, Callable[[list[Line]], Any]] = {
    "kernels": kernels,
    "catalogue": catalogue,
    "calls": calls,
    "training": training,
    "published": published,
}


def draw(part: str, lines: list[Line], folder: Path) -> None:
    """Write the picture of a part, if it has figures."""
    known = [line for line in lines if line["figures"] and "failed" not in line["figures"]]
    if known:
        save(PICTURES[part](known), folder / f"speed_{part}.png")
