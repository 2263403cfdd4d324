"""Tables of what `benchmarks.speed` measured; pictures of it are in `_speed_pictures`."""

from collections.abc import Callable
from typing import Any

from boostloss.boosting.libraries import LIBRARIES

Line = dict[str, Any]  # of results: a cell, and its figures
Text = list[list[str]]  # rows of cells, the head first


def title(cell: dict[str, Any]) -> str:
    """The loss, and the form of scores or targets if it is not the plain one."""
    form = cell.get("form") or (f"10 classes, by {cell['classes']}" if cell.get("classes") else "")
    return f"`{cell['loss']}`" + (f", {form}" if form else "")


def threads_of(n: int) -> str:
    return f"{n} thread{'s' if n > 1 else ''}"


def setting(cell: dict[str, Any]) -> tuple[str, int]:
    return cell["dtype"], cell["threads"]


def to_nearest(line: Line) -> float | None:
    """The ratio of ours to the library's nearest objective; None where there is none."""
    found = line["figures"]
    squared = line["cell"]["loss"] == "SquaredError()"
    own = found.get("own", found["own squared error"] if squared else None)
    return None if own is None else found["ours"] / own


def kernels(lines: list[Line]) -> Text:
    """Milliseconds and ratios in all threads, of the largest number of rows that NumPy has, and of larger ones."""
    largest = max((x["cell"]["rows"] for x in lines if "numpy" in x["figures"]), default=0)
    threads = max(x["cell"]["threads"] for x in lines)
    rows = [["loss", "rows", "dtype", "limit ms", "ours ms", "ratio", "NumPy ms"]]
    for line in lines:
        cell, found = line["cell"], line["figures"]
        if cell["rows"] >= largest and cell["threads"] == threads:
            times = [f"{1e3 * found[key]:.2f}" for key in ("limit", "ours")]
            numpy = f"{1e3 * found['numpy']:.1f}" if "numpy" in found else ""
            ratio = f"{found['ours'] / found['limit']:.2f}"
            where = [title(cell), f"{cell['rows']:,}", cell["dtype"]]
            rows.append([*where, *times, ratio, numpy])
    return rows


def by_loss(lines: list[Line]) -> dict[str, dict[tuple[str, int], Line]]:
    """The lines of the largest number of rows by loss and setting, those of the largest ratio first."""
    largest = max(x["cell"]["rows"] for x in lines)
    found: dict[str, dict[tuple[str, int], Line]] = {}
    for line in lines:
        if line["cell"]["rows"] == largest:
            found.setdefault(title(line["cell"]), {})[setting(line["cell"])] = line

    def slowest(item: tuple[str, dict[tuple[str, int], Line]]) -> float:
        figures = [line["figures"] for line in item[1].values()]
        return -max(x["ours"] / x["limit"] for x in figures)

    return dict(sorted(found.items(), key=slowest))


def catalogue(lines: list[Line]) -> Text:
    """Nanoseconds a score, and in parentheses the ratio to the memory limit."""
    losses = by_loss(lines)
    settings = sorted({key for found in losses.values() for key in found})
    rows = max(x["cell"]["rows"] for x in lines)
    head = [f"{dtype}, {threads_of(threads)}" for dtype, threads in settings]
    text = [[f"{rows:,} scores", *head]]
    for name, found in losses.items():
        figures = [found[key]["figures"] if key in found else None for key in settings]
        cells = [
            f"{1e9 * x['ours'] / rows:.2f} ({x['ours'] / x['limit']:.1f})" if x else ""
            for x in figures
        ]
        text.append([name, *cells])
    return text


def calls(lines: list[Line]) -> Text:
    rows = [["loss", "beside", "rows", "ours ms", "theirs ms", "theirs / ours"]]
    for line in lines:
        cell, found = line["cell"], line["figures"]
        if found:
            times = [1e3 * found["ours"], 1e3 * found["theirs"]]
            texts = [f"{times[0]:.3f}", f"{times[1]:.3f}", f"{times[1] / times[0]:.1f}"]
            package = f"{cell['package']} {cell['version']}"
            rows.append([f"`{cell['loss']}`", package, f"{cell['rows']:,}", *texts])
    return rows


def training(lines: list[Line]) -> Text:
    """Milliseconds a round; the last columns are the ratios of ours."""
    names = list(dict.fromkeys(name for line in lines for name in line["figures"]))
    names = [name for name in names if name != "ours"]
    ratios = ["to the floor", "to own squared error", "to nearest own"]
    rows = [["library", "loss", "ours", *names, *ratios]]
    for line in lines:
        cell, found = line["cell"], line["figures"]
        texts = [f"{found[name]:.1f}" if name in found else "" for name in ("ours", *names)]
        bases = (found.get(name) for name in ("floor", "own squared error"))
        over = [None if base is None else found["ours"] / base for base in bases]
        over_all = [*over, to_nearest(line)]
        library = f"{LIBRARIES[cell['library']].title} {cell['version']}"
        where = f"{library}, {cell['rows']:,} rows, {threads_of(cell['threads'])}"
        shown = ["" if ratio is None else f"{ratio:.2f}" for ratio in over_all]
        rows.append([where, f"`{cell['loss']}`", *texts, *shown])
    return rows


def published(lines: list[Line]) -> Text:
    """Seconds and errors of trainings as other packages publish them."""
    head = ["package", "published set-up", "loss", "rows", "theirs s", "ours s", "theirs / ours"]
    rows = [[*head, "error: theirs", "error: ours"]]
    for line in lines:
        cell, found = line["cell"], line["figures"]
        package = f"{cell['package']} {cell['version']}"
        where = f"{cell['set-up']}, {LIBRARIES[cell['library']].title} {cell['library version']}"
        texts = [package, where, f"`{cell['loss']}`", f"{cell['rows']:,}"]
        if "failed" in found:
            rows.append([*texts, found["failed"], *[""] * 4])
            continue
        times = [f"{found[name]:.2f}" for name in ("theirs", "ours")]
        errors = [f"{found[f'{name}: error']:.4g}" for name in ("theirs", "ours")]
        rows.append([*texts, *times, f"{found['theirs'] / found['ours']:.2f}", *errors])
    return rows


TABLES: dict[str, Callable[[list[Line]], Text]] = {
    "kernels": kernels,
    "catalogue": catalogue,
    "calls": calls,
    "training": training,
    "published": published,
}
