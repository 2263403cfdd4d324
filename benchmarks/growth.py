"""How cost grows: seconds of an objective's call, and of a round of training, by rows, by outputs and by threads.

A call is for arrays as XGBoost hands them over; a round, of trees of depth 6, is the shortest of some after the first.
In each row of times the exponent b of seconds ~ n^b is fitted, by least squares in logarithms: over 100,000 rows and
more, since with fewer a constant counts for more, and over all outputs and threads. Calls are of 100,000 rows where
outputs vary, and of 4 million where threads do; rounds of 20,000, and of 500,000. The picture has the points and, over
what is fitted, the power laws. A run that is interrupted goes on where it stopped.

    python -m benchmarks.growth [--largest 10_000_000] [--columns 10] [--rounds 3] [--repeats 3] [--threads 2]
                                [--plot growth.png] [--results FOLDER] [--report-only]

A hundred million rows (`--largest 100_000_000`) need 12 GB of memory.
"""

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

import boostloss as bl
from benchmarks._kernel_speed import Labels, with_threads
from benchmarks._pictures import save
from benchmarks._results import FOLDER, Cell, Results

ROWS = [10**exponent for exponent in range(4, 10)]
OUTPUTS = (1, 3, 10, 30, 100)
FEWER_ROWS = 20_000  # of training, where outputs are many
FITTED = 100_000  # rows, from which on times are more than a constant
LOSSES = [bl.Huber(1.0), bl.Cauchy(), bl.Quantile(0.9), bl.Logistic()]
TITLES = {"rows": "rows", "outputs": "outputs a row", "threads": "threads, each on a core"}

Times = dict[str, dict[int, float]]  # by what is measured, and how much of it
Seconds = dict[str, float]  # by what is measured
Task = tuple[Cell, Callable[[], Seconds]]


def seconds(run: Callable[[], Any], repeats: int) -> float:
    """The least of some repetitions."""
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found)


def power_law(times: dict[int, float], least: float = 0.0) -> tuple[float, float]:
    """The a and the b of seconds = a n^b over these n; NaN of fewer than two."""
    points = np.log([(n, found) for n, found in times.items() if n >= least])
    if len(points) < 2:
        return float("nan"), float("nan")
    b, log_a = np.polyfit(points[:, 0], points[:, 1], 1)
    return float(np.exp(log_a)), float(b)


def call_seconds(name: str, loss: bl.Loss, n: int, k: int, repeats: int) -> Seconds:
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((n, k), np.float32)
    raw.sort(axis=1)  # as quantiles are
    y = rng.standard_normal(n, np.float32)
    if loss.task == "binary":
        y = rng.integers(0, max(k, 2), n).astype(np.float32)
    raw, data = raw[:, 0] if k == 1 else raw, Labels(y)
    raw = np.ascontiguousarray(raw)
    loss(raw, data)  # compiles
    return {name: seconds(lambda: loss(raw, data), repeats)}


def table(n: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, columns), np.float32)
    return X, X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_t(2, n).astype(np.float32)


def shortest(stamps: list[float]) -> float:
    """Of the rounds after the first."""
    return float(np.diff(stamps).min())


def xgboost_rounds(
    objectives: dict[str, Any], n: int, columns: int, rounds: int, threads: int, k: int = 1
) -> Seconds:
    """Of one training with each objective, of which None is the library's own."""
    import xgboost as xgb

    class Clock(xgb.callback.TrainingCallback):
        def __init__(self) -> None:
            self.stamps: list[float] = []

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self.stamps.append(time.perf_counter())
            return False

    X, y = table(n, columns)
    if any(getattr(loss, "task", None) == "binary" for loss in objectives.values()):
        y = np.arange(n, dtype=np.float32) % max(k, 2)
    data = xgb.QuantileDMatrix(X, y, nthread=threads)
    params = {"max_depth": 6, "nthread": threads, "base_score": 0.0, "num_target": k}
    params["disable_default_eval_metric"] = True
    found = {}
    for name, loss in objectives.items():
        clock = Clock()
        xgb.train(params, data, 1 + rounds, obj=loss, callbacks=[clock])
        found[name] = shortest(clock.stamps)
    return found


def lightgbm_rounds(
    objectives: dict[str, Any], n: int, columns: int, rounds: int, threads: int
) -> Seconds:
    import lightgbm as lgb

    params = {"verbosity": -1, "num_threads": threads}
    data = lgb.Dataset(*table(n, columns), params=params).construct()
    found = {}
    for name, loss in objectives.items():
        stamps: list[float] = []
        clock = lambda env, stamps=stamps: stamps.append(time.perf_counter())  # noqa: E731
        given = params | {"objective": loss or "regression", "max_depth": 6}
        lgb.train(given, data, 1 + rounds, callbacks=[clock])
        found[name] = shortest(stamps)
    return found


def call_task(by: str, place: int, name: str, loss: bl.Loss, options: Any, **more: int) -> Task:
    """A call: of so many rows, outputs and threads."""
    given = {"outputs": 1, "threads": options.threads} | more
    measure = partial(
        call_seconds, f"call: {name}", loss, given["rows"], given["outputs"], options.repeats
    )
    cell = {"by": by, "place": place, "of": [f"call: {name}"], **given}
    return cell, partial(with_threads, given["threads"], measure)


def round_task(
    by: str, place: int, library: str, losses: dict[str, Any], options: Any, **more: int
) -> Task:
    """Rounds with some losses on the same data: of so many rows, outputs and threads."""
    given = {"outputs": 1, "threads": options.threads} | more
    names = {f"round of {library}: {name}": loss for name, loss in losses.items()}
    cell = {"by": by, "place": place, "of": list(names), **given}
    cell |= {"columns": options.columns, "rounds": options.rounds}
    cell["version"] = version(library.lower())
    sizes = given["rows"], options.columns, options.rounds, given["threads"]
    if library == "LightGBM":
        measure = partial(lightgbm_rounds, names, *sizes)
    else:
        measure = partial(xgboost_rounds, names, *sizes, given["outputs"])
    return cell, partial(with_threads, given["threads"], measure)


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    own_and_ours = {"own": None, repr(LOSSES[0]): LOSSES[0]}
    for n in ROWS:
        if n <= options.largest:
            for loss in LOSSES:
                yield call_task("rows", n, repr(loss), loss, options, rows=n)
            for library in ("XGBoost", "LightGBM"):
                yield round_task("rows", n, library, own_and_ours, options, rows=n)
    called, trained = (min(n, options.largest) for n in (100_000, FEWER_ROWS))
    for k in OUTPUTS:
        levels = bl.Quantile(np.linspace(0.01, 0.99, k).tolist() if k > 1 else 0.5)
        for name, loss in (("quantiles", levels), ("classes", bl.Logistic())):
            yield call_task("outputs", k, name, loss, options, rows=called, outputs=k)
            more = {"rows": trained, "outputs": k}
            yield round_task("outputs", k, "XGBoost", {name: loss}, options, **more)
    called, trained = (min(n, options.largest) for n in (4_000_000, 500_000))
    loss = bl.Cauchy(1.0)
    for threads in range(1, options.threads + 1):
        given = "threads", threads
        more = {"threads": threads}
        yield call_task(*given, repr(loss), loss, options, rows=called, **more)
        yield round_task(*given, "XGBoost", {repr(loss): loss}, options, rows=trained, **more)


def curves(cells: list[Cell], results: Results) -> dict[str, Times]:
    """What was measured of these cells, by what varies."""
    found: dict[str, Times] = {}
    for line in results.latest():
        cell = line["cell"]
        if cell in cells:
            for name, each in line["figures"].items():
                times = found.setdefault(cell["by"], {}).setdefault(name, {})
                times[cell["place"]] = each
    return {
        by: {name: dict(sorted(times.items())) for name, times in of.items()}
        for by, of in found.items()
    }


def fitted(by: str) -> int:
    """From which number on a power law is fitted."""
    return FITTED if by == "rows" else 0


def show(by: str, found: Times) -> None:
    places = sorted({n for times in found.values() for n in times})
    print(f"\n| milliseconds by {by} | {' | '.join(f'{n:,}' for n in places)} | exponent |")
    print("|---" * (len(places) + 2) + "|")
    for name, times in found.items():
        cells = " | ".join(f"{1e3 * times[n]:.3g}" if n in times else "" for n in places)
        b = power_law(times, fitted(by))[1]
        print(f"| {name.replace(': ', ' `', 1)}` | {cells} | {b:.2f} |")


def plot(every: dict[str, Times], file: Path) -> None:
    """Points and fitted power laws, of which the legend has the exponents: calls filled, rounds hollow and dashed."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator

    figure = Figure(figsize=(5.2 * len(every), 6), layout="constrained")
    axes = figure.subplots(1, len(every), squeeze=False)[0]
    for axis, (by, found) in zip(axes, every.items(), strict=True):
        for place, (name, times) in enumerate(found.items()):
            call, colour = name.startswith("call"), f"C{place}"
            mark = {"marker": "o" if call else "s", "markersize": 5, "color": colour}
            mark["markerfacecolor"] = colour if call else "white"
            a, b = power_law(times, fitted(by))
            label = name if np.isnan(b) else f"{name}: $n^{{{b:.2f}}}$"
            line = np.array([n for n in times if n >= fitted(by)])
            style = "-" if call else "--"
            axis.plot(line, 1e3 * a * line**b, style, color=colour, linewidth=1.2)
            axis.plot(times.keys(), 1e3 * np.array([*times.values()]), linestyle="", **mark)
            axis.plot([], [], style, label=label, **mark)
        axis.set(
            xscale="log",
            yscale="log",
            xlabel=TITLES[by],
            ylabel="milliseconds of a call, or of a round",
        )
        if by != "rows":
            places = sorted({n for times in found.values() for n in times})
            axis.xaxis.set_major_locator(FixedLocator(places))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.xaxis.set_major_formatter("{x:.0f}")
        axis.grid(color="0.9")
        axis.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    save(figure, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--largest", type=int, default=10_000_000, help="number of rows")
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--plot", type=Path, help="file of a picture")
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--report-only", action="store_true", help="of what was measured before")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # the start is not the best constant
    results, wanted = Results(options.results / "growth.jsonl"), list(tasks(options))
    if not options.report_only:
        for cell, measure in track(results.missing(wanted), "growth"):
            results.add(cell, measure())
    every = curves([cell for cell, _ in wanted], results)
    for by, found in every.items():
        show(by, found)
    (options.results / "growth.json").write_text(json.dumps(every, indent=1))
    if options.plot:
        plot(every, options.plot)
        print(f"\n{options.plot}")


if __name__ == "__main__":
    main()
