"""What boosting divides by: the second derivative or the majorizer, and the least curvature that a row keeps.

Every loss is boosted with each curvature, none of which is ever less than a share of the largest one: 0 is the formula
alone, as a user would write it, 0.1 is what the package does (0.03 for Geman-McClure's), and 1 the same curvature for
all rows, as in plain gradient boosting. All else is the package's estimators'. Tables, kinds of labels and settings are
those of `benchmarks.accuracy`; in "segment" no label is wrong, but a fifth of the rows is truly apart. Targets are in
units of their robust standard deviation. Shown is the test MAE over that of the package's choice, geometric means, and
the worst one.

    python -m benchmarks.curvature [--seeds 2] [--rows 3000] [--jobs 2] [--library xgboost] [--table wine]
                                   [--kind segment] [--results FOLDER] [--report-only]
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

import boostloss as bl
from benchmarks._common import fit
from benchmarks._results import FOLDER, Cell, Results
from benchmarks.accuracy import COMMON, available, split
from boostloss.boosting.libraries import LIBRARIES

LOSSES = [bl.Huber(0.5), bl.LogCosh(0.5), bl.Cauchy(0.3), bl.Welsch(1.0), bl.GemanMcClure(0.5)]
CONDITIONS = {"clean": 0.0, "cauchy": 0.1, "one-sided": 0.1, "segment": 0.2}
LEAST = (0.0, 0.03, 0.1, 0.3, 1.0)


def settings() -> list[tuple[str, float]]:
    """Both curvatures with each least share; with a share of 1 they are the same."""
    found = [(name, least) for name in ("exact", "majorizer") for least in LEAST if least < 1]
    return [*found, ("majorizer", 1.0)]


def tasks(options: argparse.Namespace, tables: dict[str, Callable]) -> Iterator:
    for seed in range(options.seeds):
        for table in options.table or tables:
            for kind in options.kind or CONDITIONS:
                for library in options.library or LIBRARIES:
                    for loss in LOSSES:
                        for curvature, least in settings():
                            cell = {"table": table, "kind": kind, "share": CONDITIONS[kind]}
                            cell |= {"seed": seed}
                            cell |= {"library": library, "version": version(library)}
                            cell |= {"rows": options.rows, "loss": repr(loss)}
                            cell |= {"curvature": curvature, "least": least}
                            yield cell, partial(measure, cell, tables[table], loss)


def measure(cell: Cell, make: Callable, loss: bl.Loss) -> dict[str, Any]:
    train, stop, (X, y) = split(make, *(cell[key] for key in ("rows", "kind", "share", "seed")))
    with (
        mock.patch.object(type(loss), "curvature", cell["curvature"]),
        mock.patch.object(type(loss), "least_share", cell["least"]),
        np.errstate(all="ignore"),
    ):
        try:
            model = fit(cell["library"], loss, train, stop, threads=1, **COMMON)
            error = float(np.mean(np.abs(model.predict(X) - y)))
        except Exception as failure:  # a curvature of 0 may end a training
            return {"mae": None, "failure": str(failure)[:200]}
    return {"mae": error, "rounds": LIBRARIES[cell["library"]].kept_rounds(model)}


def report(lines: list[dict[str, Any]]) -> None:
    table = pd.DataFrame([line["cell"] | line["figures"] for line in lines])
    # Without a tree, or with one that predicts anything: as bad as ten times the error of the package's choice.
    keys = ["library", "loss", "table", "kind", "share", "seed", "rows", "version"]
    shares = {repr(loss): loss.least_share for loss in LOSSES}
    chosen = table[(table.curvature == "majorizer") & (table.least == table.loss.map(shares))]
    table = table.join(chosen.set_index(keys).mae.rename("chosen"), on=keys)
    ratio = (table.mae.astype(float) / table.chosen).fillna(10.0).clip(upper=10.0)
    table["log_ratio"] = np.log(ratio)
    head = ["library", "curvature", "least share"]
    names = list(dict.fromkeys(table.loss))
    print(f"| {' | '.join(head + [f'`{name}`' for name in names] + ['all', 'worst'])} |")
    print("|---" * (len(head) + len(names) + 2) + "|")
    for library, of_library in table.groupby("library", sort=False):
        for curvature, least in settings():
            rows = of_library[(of_library.curvature == curvature) & (of_library.least == least)]
            means = np.exp(rows.groupby("loss").log_ratio.mean())
            texts = [f"{means[name]:.3f}" if name in means else "" for name in names]
            texts += [f"{np.exp(rows.log_ratio.mean()):.3f}", f"{np.exp(rows.log_ratio.max()):.2f}"]
            title = LIBRARIES[library].title
            print(
                f"| {title} | {'the same' if least == 1 else curvature} | {least:g} | {' | '.join(texts)} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=3000, help="of a table, at most")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--table", action="append")
    parser.add_argument("--kind", choices=list(CONDITIONS), action="append", help="of labels")
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--report-only", action="store_true", help="of what was measured before")
    options = parser.parse_args()
    results = Results(options.results / "curvature.jsonl")
    if not options.report_only:
        results.fit(tasks(options, available(None, [])), options.jobs)
    kinds = options.kind or CONDITIONS
    report([line for line in results.latest() if line["cell"]["kind"] in kinds])


if __name__ == "__main__":
    main()
