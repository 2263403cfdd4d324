"""Memory: bytes a row of an objective's call, and of a fit of data that lie in files.

First what a call allocates at its peak, results included, beside an objective in Python that computes nothing: it asks
for the targets and returns arrays of the right shape. Raw predictions are the library's, and not counted. CatBoost asks
for 1000 rows at a time, so that a row of the table costs next to nothing.

Then the look at the target before training, for which Dask brings target and weights together on one worker: what that
worker allocates at its peak, beside the 8 or 16 bytes a row that have come to it.

Then XGBoost's `ExtMemQuantileDMatrix` of rows in files of their own, each fit in a process of its own: the peak of the
memory that the process holds for itself, and with the pages of files that the system may take back (Linux tells them).

    python -m benchmarks.memory [--call-rows 1000000] [--rows 5000000] [--columns 20] [--rounds 10] [--part 500000]
                                [--threads 2] [--folder DIRECTORY]

Fifty million rows (`--rows 50_000_000`) need 4 GB on disk, and as much again for XGBoost's cache. `--rows 0` leaves the
fits out, `--call-rows 0` the rest.
"""

import argparse
import itertools
import multiprocessing
import os
import tempfile
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

BLOCK = 1000  # rows that CatBoost shows at a time
LOSSES = [
    bl.SquaredError(),
    bl.Huber(1.0),
    bl.Cauchy(),
    bl.Quantile(0.9),
    bl.Logistic(),
    bl.GHMC(),
    bl.Normal(),
    bl.GammaDistribution(),
    bl.Quantile([0.1, 0.5, 0.9]),
]
STARTS = [
    bl.SquaredError(),
    bl.Logistic(),
    bl.Quantile(0.9),
    bl.Huber(1.0),
    bl.Cauchy(),
    bl.Normal(),
]
N_CLASSES = 10


class Nothing:
    """An objective that asks for what every objective needs, and computes nothing."""

    def __call__(self, raw: np.ndarray, data: Any) -> tuple[np.ndarray, np.ndarray]:
        y = data.get_label()
        assert len(y) == len(raw)
        return np.empty(raw.shape, np.float32, "F"), np.empty(raw.shape, np.float32, "F")

    def calc_ders_range(self, approxes: np.ndarray, targets: np.ndarray, weights: Any) -> Any:
        return np.empty((len(approxes), 2))


def peak_of(call: Callable[[], Any]) -> int:
    """The bytes that a call allocates at its peak."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def data_of(library: str, y: np.ndarray) -> Any:
    """What the library hands to an objective beside the raw predictions."""
    if library == "xgboost":
        import xgboost as xgb

        return xgb.DMatrix(np.zeros((len(y), 1), np.float32), y)
    import lightgbm as lgb

    data = lgb.Dataset(np.zeros((len(y), 1), np.float32), y, params={"verbosity": -1})
    data.construct().get_label()
    return data


def in_blocks(objective: Any, raw: np.ndarray, y: np.ndarray) -> None:
    """A round of CatBoost."""
    for start in range(0, len(y), BLOCK):
        rows = slice(start, start + BLOCK)
        objective.calc_ders_range(raw[rows], y[rows], None)


def calls(library: str, objective: Any, y: np.ndarray, k: int) -> float:
    """Bytes a row at the peak of a call, in a round that is not the first."""
    rng = np.random.default_rng(1)
    dtype, order = (np.float32, "C") if library == "xgboost" else (np.float64, "F")
    raw = rng.normal(0.0, 0.1, (len(y), k)).astype(dtype, order=order)
    raw += np.arange(k)
    raw = raw[:, 0].copy() if k == 1 else raw
    if library == "catboost":
        found = objective if isinstance(objective, Nothing) else bl.catboost.objective(objective)
        run = lambda: in_blocks(found, raw, y)  # noqa: E731
    else:
        data = data_of(library, y)
        run = lambda: objective(raw, data)  # noqa: E731
    run()  # compiles, and in CatBoost takes note of the start
    return peak_of(run) / len(y)


def targets(loss: bl.Loss, n: int, k: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if loss.task == "binary":
        return rng.integers(0, max(k, 2), n).astype(np.float32)
    y = rng.normal(size=n).astype(np.float32)
    return np.exp(y) if isinstance(loss, bl.GammaDistribution) else y


def print_calls(n: int) -> None:
    print(f"bytes a row at the peak of an objective's call, {n:,} rows, float32 targets\n")
    print(
        "| objective | scores | XGBoost: nothing | ours | LightGBM: nothing | ours | CatBoost: nothing | ours |"
    )
    print("|---" * 8 + "|")
    scores = [(loss, loss.n_outputs) for loss in LOSSES] + [(bl.Logistic(), N_CLASSES)]
    for loss, k in scores:
        y, cells = targets(loss, n, k), []
        for library in LIBRARIES:
            for objective in (Nothing(), loss):
                try:
                    cells.append(
                        f"{calls(library, objective, y, k):.1f}"
                        if k == 1 or library != "catboost"
                        else "-"
                    )
                except ValueError:  # CatBoost's interface refuses the loss
                    cells.append("-")
        print(f"| `{loss!r}` | {k} | {' | '.join(cells)} |", flush=True)


def print_starts(n: int) -> None:
    from boostloss.dask.target import found_in

    print(f"\nbytes a row at the peak of the look at the target, {n:,} rows in ten parts\n")
    print("| loss | without weights | with weights |\n|---|---|---|")
    weights = np.array_split(np.random.default_rng(2).exponential(size=n), 10)
    for loss in STARTS:
        parts = np.array_split(targets(loss, n, loss.n_outputs).astype(np.float64), 10)
        cells = []
        for of_rows in (None, weights):
            run = lambda of_rows=of_rows: found_in(loss, parts, of_rows, None)  # noqa: B023, E731
            run()  # compiles
            cells.append(f"{peak_of(run) / n:.0f}")
        print(f"| `{loss!r}` | {' | '.join(cells)} |", flush=True)


# ------------------------------------------------------------------- the fits


def some_rows(seed: int, n: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns)).astype(np.float32)
    y = X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_t(2, n)
    return X, y.astype(np.float32)


def write_parts(folder: Path, options: argparse.Namespace) -> None:
    for place, start in enumerate(range(0, options.rows, options.part)):
        X, y = some_rows(place, min(options.part, options.rows - start), options.columns)
        np.save(folder / f"X{place:05}.npy", X)
        np.save(folder / f"y{place:05}.npy", y)


def parts(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for place in itertools.count():
        if not (folder / f"X{place:05}.npy").exists():
            return
        yield tuple(np.load(folder / f"{name}{place:05}.npy") for name in "Xy")


def memory() -> np.ndarray:
    """The bytes that this process holds for itself, and with those of files."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    held = {name: text for name, _, text in (line.partition(":") for line in lines)}
    return np.array([1024.0 * int(held[name].split()[0]) for name in ("RssAnon", "VmRSS")])


class Peak:
    """The most memory while it is entered, looked at fifty times a second."""

    def __enter__(self) -> "Peak":
        self.most = memory()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.over.wait(0.02):
            self.most = np.maximum(self.most, memory())

    def __exit__(self, *error: Any) -> None:
        self.over.set()
        self.thread.join()
        self.most = np.maximum(self.most, memory())


def fit(objective: Any, where: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds, and bytes at the peak, of building the matrix and of training."""
    import xgboost as xgb

    class Parts(xgb.DataIter):
        def __init__(self, prefix: str | None):
            super().__init__(cache_prefix=prefix)
            self.rest = parts(folder)

        def next(self, input_data: Callable[..., Any]) -> bool:
            found = next(self.rest, None)
            if found is not None:
                input_data(data=found[0], label=found[1])
            return found is not None

        def reset(self) -> None:
            self.rest = parts(folder)

    warnings.simplefilter("ignore")  # of cache files that are removed twice
    params = {"max_depth": 6, "nthread": options.threads, "base_score": 0.0}
    kind = xgb.ExtMemQuantileDMatrix if where == "files" else xgb.QuantileDMatrix
    before = memory()
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        begin = time.perf_counter()
        with Peak() as building:
            if isinstance(objective, bl.Loss):
                y = np.concatenate([np.load(path) for path in sorted(folder.glob("y*.npy"))])
                params["base_score"] = objective.fit_intercept(y)
                del y
            prefix = f"{cache}/cache" if where == "files" else None
            data = kind(Parts(prefix), nthread=options.threads)
        built = time.perf_counter()
        with Peak() as training:
            xgb.train(params, data, options.rounds, obj=objective)
        end = time.perf_counter()
        del data
    return {
        "building": building.most - before,
        "training": training.most - before,
        "seconds": (built - begin, (end - built) / options.rounds),
    }


def nothing_learned(raw: np.ndarray, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Squared error as a user writes it, with the fewest arrays."""
    gradient = raw
    gradient -= data.get_label()
    return gradient, np.ones_like(gradient)


def print_fits(options: argparse.Namespace) -> None:
    if not Path("/proc/self/status").exists():
        raise SystemExit("the memory of a fit is read from /proc/self/status, which Linux has.")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write_parts(folder, options)
        size = sum(path.stat().st_size for path in folder.glob("*.npy")) / options.rows
        print(
            f"\nXGBoost, {options.rows:,} rows of {options.columns} columns in files ({size:.0f} bytes a row), "
            f"{options.rounds} rounds, {options.threads} threads; bytes a row at the peak, with pages of files\n"
        )
        print("| objective | bins in | building | training | s to build | s a round |")
        print("|---" * 6 + "|")
        context = multiprocessing.get_context("spawn")
        objectives = [None, nothing_learned, bl.Huber(1.0), bl.Cauchy(), bl.Quantile(0.9)]
        for where, objective in itertools.product(("files", "memory"), objectives):
            if where == "memory" and objective not in (None, bl.Huber(1.0)):
                continue
            with context.Pool(1) as pool:
                found = pool.apply(fit, (objective, where, folder, options))
            name = {None: "own", nothing_learned: "squared error in NumPy"}.get(
                objective, f"`{objective!r}`"
            )
            held, seconds = (
                [
                    f"{found[part][0] / options.rows:.0f} ({found[part][1] / options.rows:.0f})"
                    for part in ("building", "training")
                ],
                found["seconds"],
            )
            print(
                f"| {name} | {where} | {' | '.join(held)} | {seconds[0]:.1f} | {seconds[1]:.2f} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--call-rows", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--part", type=int, default=500_000, help="rows of a file")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", help="of the files, on a disk with room")
    options = parser.parse_args()
    if options.call_rows:
        print_calls(options.call_rows)
        print_starts(options.call_rows)
    if options.rows:
        print_fits(options)


if __name__ == "__main__":
    main()
