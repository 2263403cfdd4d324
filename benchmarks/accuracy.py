"""Test error of own objectives and of these losses, over libraries, tables, kinds of wrong labels, shares and seeds.

Three kinds of wrong labels fall on a share of the rows that train and that stop early, never on those that test:

- "cauchy": Cauchy noise, four standard deviations wide, is added;
- "one-sided": four standard deviations and more, exponentially distributed, are added;
- "swapped": the labels of these rows change places with each other.

In the fourth kind no label is wrong: of the rows where one feature is largest, this share, all labels, those of the
test rows too, are six standard deviations higher ("segment"). It shows who takes a minority for outliers.

60 % of the rows train, 20 % stop early, 20 % test. Every candidate has the same rows, rate and number of threads, and
its library's default trees. The libraries' own objectives stop on the mean absolute error, which is kinder to squared
error than its default; these losses stop on themselves. A table keeps its most recent results per version of a library,
so that a second run with another XGBoost adds to the first.

    python -m benchmarks.accuracy [--seeds 5] [--rows 4000] [--jobs 2] [--library xgboost] [--table wine]
                                  [--share 0.1] [--data FOLDER] [--openml NAME] [--results FOLDER] [--report-only]

`--data` takes the CSV files of a folder, with names in the first line and the target in the last column; `--openml`
fetches a table by its name. Results, the table as JSON, and pictures lie in the folder `--results`.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import fetch_openml, load_diabetes, make_friedman1

import boostloss as bl
from benchmarks import _accuracy_report
from benchmarks._common import Table, fit, own_objectives, real_tables, two_noises
from benchmarks._results import FOLDER, Cell, Results
from boostloss.boosting.libraries import LIBRARIES

SHARES = (0.05, 0.1, 0.2, 0.4)
OURS = [bl.SquaredError(), bl.Huber(), bl.LogCosh(), bl.Charbonnier(), bl.Cauchy(), bl.Welsch()]
OURS += [bl.Barron(), bl.Quantile(0.5)]
COMMON: dict[str, Any] = {"n_estimators": 500, "learning_rate": 0.1, "random_state": 0}
Labels = np.ndarray
Contamination = Callable[[np.random.Generator, np.ndarray, Labels, float], Labels]


def cauchy(rng: np.random.Generator, X: np.ndarray, y: Labels, share: float) -> Labels:
    wrong = rng.random(len(y)) < share
    return y + np.where(wrong, 4 * rng.standard_cauchy(len(y)), 0.0)


def one_sided(rng: np.random.Generator, X: np.ndarray, y: Labels, share: float) -> Labels:
    wrong = rng.random(len(y)) < share
    return y + np.where(wrong, 4 + 4 * rng.exponential(size=len(y)), 0.0)


def swapped(rng: np.random.Generator, X: np.ndarray, y: Labels, share: float) -> Labels:
    wrong = np.flatnonzero(rng.random(len(y)) < share)
    noisy = y.copy()
    noisy[wrong] = y[rng.permutation(wrong)]
    return noisy


def segment(rng: np.random.Generator, X: np.ndarray, y: Labels, share: float) -> Labels:
    """The true labels of a world in which a share of the rows, those of a feature's largest values, is apart."""
    values = np.array([len(np.unique(column)) for column in X.T])
    spread = np.flatnonzero(values >= values.max() / 2)
    ranks = np.argsort(np.argsort(np.nan_to_num(X[:, rng.choice(spread)]), kind="stable"))
    return y + np.where(ranks >= (1 - share) * len(y), 6.0, 0.0)


WRONG: dict[str, Contamination] = {
    "cauchy": cauchy,
    "one-sided": one_sided,
    "swapped": swapped,
}


def numbers(table: pd.DataFrame, y: Any) -> Table:
    """A table of numbers; the codes of texts and categories."""
    other = table.select_dtypes(exclude=["number", "bool"])
    codes = {name: column.astype("category").cat.codes for name, column in other.items()}
    return table.assign(**codes).to_numpy(float), np.asarray(y, float)


def from_file(path: Path) -> Table:
    table = pd.read_csv(path)
    y = table.pop(table.columns[-1])
    return numbers(table, y)


def from_openml(name: str) -> Table:
    return numbers(*fetch_openml(name, as_frame=True, return_X_y=True))


def available(data: Path | None, openml: list[str]) -> dict[str, Callable[[], Table]]:
    """The tables to fit."""
    made = {
        "friedman": lambda: make_friedman1(5000, noise=1.0, random_state=0),
        "two noises": lambda: two_noises(np.random.default_rng(0), 5000, 0.05, 0.5),
        "diabetes": lambda: load_diabetes(return_X_y=True),
    }
    files = sorted(data.glob("*.csv")) if data else []
    given = {path.stem: partial(from_file, path) for path in files}
    return real_tables() | made | given | {name: partial(from_openml, name) for name in openml}


def split(make: Callable[[], Table], rows: int, kind: str, share: float, seed: int) -> list[Table]:
    """Rows that train, that stop early, and that test, in units of the target's robust standard deviation."""
    rng = np.random.default_rng(seed)
    X, y = make()
    chosen = rng.permutation(len(y))[:rows]
    X, y = X[chosen], y[chosen]
    low, high = np.quantile(y, [0.25, 0.75])
    y = (y - np.median(y)) / ((high - low) / 1.349)
    if kind == "segment":
        y = segment(rng, X, y, share)
    noisy = WRONG[kind](rng, X, y, share) if kind in WRONG else y
    parts = np.split(np.arange(len(y)), [int(0.6 * len(y)), int(0.8 * len(y))])
    labels = (noisy, noisy, y)
    return [(X[part], given[part]) for part, given in zip(parts, labels, strict=True)]


def learning_curve(library: str, model: Any, X: np.ndarray, y: Labels) -> list[list[float]]:
    """Mean absolute test errors of the first rounds, at numbers of rounds that grow by a third, and at the last."""
    names = LIBRARIES[library]
    last = names.kept_rounds(model)
    counts = sorted({*np.unique((4 / 3) ** np.arange(40)).astype(int), last})
    return [
        [
            int(count),
            float(np.mean(np.abs(model.predict(X, **names.first_rounds(model, count)) - y))),
        ]
        for count in map(int, counts)
        if count <= last
    ]


def measure(cell: Cell, make: Callable, objective: Any) -> dict[str, Any]:
    """Errors, rounds and processor seconds of a fit."""
    library = cell["library"]
    train, stop, (X, y) = split(make, *(cell[key] for key in ("rows", "kind", "share", "seed")))
    own = isinstance(objective, str)
    settings = COMMON | (LIBRARIES[library].mean_absolute_error if own else {})
    LIBRARIES[library].estimator("regression", own)  # imports, which is not a part of the fit
    start = time.process_time()
    model = fit(library, objective, train, stop, threads=1, **settings)
    spent = time.process_time() - start
    error = model.predict(X) - y
    return {
        "own": own,
        "mae": float(np.mean(np.abs(error))),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "rounds": LIBRARIES[library].kept_rounds(model),
        "seconds": spent,
        "curve": learning_curve(library, model, X, y),
    }


def tasks(options: argparse.Namespace, tables: dict[str, Callable]) -> Iterator:
    """What to measure, a seed after the other, so that a run that is stopped has seen all tables."""
    conditions = [("clean", 0.0)]
    conditions += [
        (kind, share) for kind in [*WRONG, "segment"] for share in options.share or SHARES
    ]
    for seed in range(options.seeds):
        for table in options.table or tables:
            for kind, share in conditions:
                for library in options.library or LIBRARIES:
                    for objective in [*own_objectives(library), *OURS]:
                        cell = {"table": table, "kind": kind, "share": share, "seed": seed}
                        cell |= {"library": library, "objective": str(objective)}
                        cell |= {"version": version(library), "rows": options.rows}
                        yield cell, partial(measure, cell, tables[table], objective)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=4000, help="of a table, at most")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--table", action="append")
    parser.add_argument("--share", type=float, action="append")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--openml", action="append", default=[])
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--report-only", action="store_true", help="of what was measured before")
    options = parser.parse_args()

    results = Results(options.results / "accuracy.jsonl")
    if not options.report_only:
        tables = available(options.data, options.openml)
        results.fit(tasks(options, tables), options.jobs)
    _accuracy_report.write(results.latest(), options.results)


if __name__ == "__main__":
    main()
