"""How cost grows: seconds of an objective's call, and of a round of training, by rows, by outputs and by threads.

A call is for arrays as XGBoost hands them over; a round, of trees of depth 6, is the shortest of some after the first.
In each row of times the exponent b of seconds ~ n^b is fitted, by least squares in logarithms: over 100,000 rows and
more, since with fewer a constant counts for more, and over all outputs and threads. Calls are of 100,000 rows where
outputs vary, and of 4 million where threads do; rounds of 20,000, and of 500,000.

    python -m benchmarks.growth [--largest 10_000_000] [--columns 10] [--rounds 3] [--repeats 3] [--threads 2]
                                [--plot growth.png]

A hundred million rows (`--largest 100_000_000`) need 12 GB of memory.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._kernel_speed import Labels

ROWS = [10**exponent for exponent in range(4, 10)]
OUTPUTS = (1, 3, 10, 30, 100)
FEWER_ROWS = 20_000  # of training, where outputs are many
FITTED = 100_000  # rows, from which on times are more than a constant

Times = dict[str, dict[int, float]]  # by what is measured, and how much of it


def seconds(run: Callable[[], Any], repeats: int) -> float:
    """The least of some repetitions."""
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found)


def exponent(times: dict[int, float], least: float = 0.0) -> float:
    """The b of seconds ~ n^b over these n; NaN of fewer than two."""
    points = np.log([(n, found) for n, found in times.items() if n >= least])
    if len(points) < 2:
        return float("nan")
    return float(np.polyfit(*points.T, 1)[0])


def call_seconds(loss: bl.Loss, n: int, k: int, repeats: int) -> float:
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((n, k), np.float32)
    raw.sort(axis=1)  # as quantiles are
    y = rng.standard_normal(n, np.float32)
    if loss.task == "binary":
        y = rng.integers(0, max(k, 2), n).astype(np.float32)
    raw, data = raw[:, 0] if k == 1 else raw, Labels(y)
    raw = np.ascontiguousarray(raw)
    loss(raw, data)  # compiles
    return seconds(lambda: loss(raw, data), repeats)


def table(n: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, columns), np.float32)
    return X, X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_t(2, n).astype(np.float32)


def shortest(stamps: list[float]) -> float:
    """Of the rounds after the first."""
    return float(np.diff(stamps).min())


def xgboost_rounds(objectives: Iterable[Any], X: Any, y: Any, options: Any, **given: Any) -> Any:
    import xgboost as xgb

    class Clock(xgb.callback.TrainingCallback):
        def __init__(self) -> None:
            self.stamps: list[float] = []

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self.stamps.append(time.perf_counter())
            return False

    data = xgb.QuantileDMatrix(X, y, nthread=options.threads)
    params = {"max_depth": 6, "nthread": options.threads, "base_score": 0.0, **given}
    params["disable_default_eval_metric"] = True
    for each in objectives:
        clock = Clock()
        xgb.train(params, data, 1 + options.rounds, obj=each, callbacks=[clock])
        yield shortest(clock.stamps)


def lightgbm_rounds(objectives: Iterable[Any], X: Any, y: Any, options: Any) -> Any:
    import lightgbm as lgb

    data = lgb.Dataset(X, y, params={"verbosity": -1, "num_threads": options.threads}).construct()
    for each in objectives:
        params = {"objective": each or "regression", "num_threads": options.threads}
        params |= {"verbosity": -1, "max_depth": 6}
        stamps: list[float] = []
        clock = lambda env, stamps=stamps: stamps.append(time.perf_counter())  # noqa: E731
        lgb.train(params, data, 1 + options.rounds, callbacks=[clock])
        yield shortest(stamps)


def by_rows(options: argparse.Namespace) -> Times:
    losses = [bl.Huber(1.0), bl.Cauchy(), bl.Quantile(0.9), bl.Logistic()]
    rows = [n for n in ROWS if n <= options.largest]
    found: Times = {
        f"call: {loss!r}": {n: call_seconds(loss, n, 1, options.repeats) for n in rows}
        for loss in losses
    }
    for n in rows:
        X, y = table(n, options.columns)
        for library, rounds in (("XGBoost", xgboost_rounds), ("LightGBM", lightgbm_rounds)):
            names = f"round of {library}: own", f"round of {library}: {losses[0]!r}"
            times = rounds((None, losses[0]), X, y, options)
            for name, each in zip(names, times, strict=True):
                found.setdefault(name, {})[n] = each
    return found


def by_outputs(options: argparse.Namespace) -> Times:
    found: Times = {}
    n = min(100_000, options.largest)
    X, y = table(FEWER_ROWS, options.columns)
    for k in OUTPUTS:
        levels = bl.Quantile(np.linspace(0.01, 0.99, k).tolist() if k > 1 else 0.5)
        for name, loss in (("quantiles", levels), ("classes", bl.Logistic())):
            label = y if name == "quantiles" else np.arange(len(y), dtype=np.float32) % max(k, 2)
            found.setdefault(f"call: {name}", {})[k] = call_seconds(loss, n, k, options.repeats)
            (each,) = xgboost_rounds([loss], X, label, options, num_target=k)
            found.setdefault(f"round of XGBoost: {name}", {})[k] = each
    return found


def by_threads(options: argparse.Namespace) -> Times:
    found: Times = {}
    n, loss = min(4_000_000, options.largest), bl.Cauchy(1.0)
    X, y = table(min(500_000, options.largest), options.columns)
    given = os.environ.get("NUMBA_NUM_THREADS"), options.threads
    for threads in range(1, options.threads + 1):
        os.environ["NUMBA_NUM_THREADS"] = str(threads)
        found.setdefault(f"call: {loss!r}", {})[threads] = call_seconds(loss, n, 1, options.repeats)
        each = argparse.Namespace(**{**vars(options), "threads": threads})
        (time_of_round,) = xgboost_rounds([loss], X, y, each)
        found.setdefault(f"round of XGBoost: {loss!r}", {})[threads] = time_of_round
    del os.environ["NUMBA_NUM_THREADS"]
    if given[0] is not None:
        os.environ["NUMBA_NUM_THREADS"] = given[0]
    return found


def show(title: str, found: Times, least: int) -> None:
    places = list(next(iter(found.values())))
    print(f"\n| milliseconds by {title} | {' | '.join(f'{n:,}' for n in places)} | exponent |")
    print("|---" * (len(places) + 2) + "|")
    for name, times in found.items():
        cells = " | ".join(f"{1e3 * each:.3g}" for each in times.values())
        print(f"| {name.replace(': ', ' `', 1)}` | {cells} | {exponent(times, least):.2f} |")


def plot(every: dict[str, Times], file: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(every), 4.5), layout="constrained")
    for axes, (title, found) in zip(figure.subplots(1, len(every)), every.items(), strict=True):
        for name, times in found.items():
            style = "-" if name.startswith("call") else "--"
            axes.loglog(times.keys(), times.values(), style, marker="o", markersize=3, label=name)
        axes.set(xlabel=title, ylabel="seconds")
        axes.legend(fontsize=7)
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--largest", type=int, default=10_000_000, help="number of rows")
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--plot", help="file of a picture")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # the start is not the best constant
    every = {}
    for title, measured in (("rows", by_rows), ("outputs", by_outputs), ("threads", by_threads)):
        every[title] = measured(options)
        show(title, every[title], FITTED if title == "rows" else 0)
    if options.plot:
        plot(every, options.plot)
        print(f"\n{options.plot}")


if __name__ == "__main__":
    main()
