"""Mean absolute error of XGBoost's own absolute error and of these losses, where nothing but the objective differs.

The protocol of XGBoost's own comparison of 2026, from which the curvature of its newer absolute error comes
(https://github.com/dmlc/xgboost/issues/12351): a fixed number of rounds, no regularisation at all (`reg_lambda`,
`reg_alpha`, `gamma` and `min_child_weight` are 0), three splits, and a start from the median. It compared training
errors of optimisers; here the error of rows held out, a third, is shown too, after all rounds and after the best number
of them, as if it were known. Shown are errors over those of `reg:absoluteerror` of the same version of XGBoost,
geometric means over the splits. A second run, with another version or on other tables, adds to the first.

    python -m benchmarks.absolute_error [--rounds 800] [--seeds 3] [--rows 5000] [--learning-rate 0.1] [--threads 2]
                                        [--table wine] [--data FOLDER] [--openml NAME] [--results FOLDER]
                                        [--report-only]

`--data` and `--openml` add tables as in `benchmarks.accuracy`, and `--table` takes some of all. The ratios are written
to `absolute_error.json` in the folder of results, too.
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from rich.progress import track

import boostloss as bl
from benchmarks._results import FOLDER, Cell, Results
from benchmarks.accuracy import available

OWN = "reg:absoluteerror"
OBJECTIVES: list[Any] = [OWN, bl.Quantile(0.5), bl.Huber(), bl.LogCosh(), bl.Cauchy(), bl.Barron()]
KINDS = {"train": "training", "test": "held out", "best": "at its best round"}
UNREGULARISED = {"reg_lambda": 0.0, "reg_alpha": 0.0, "gamma": 0.0, "min_child_weight": 0.0}


def measure(cell: Cell, make: Callable, objective: Any, threads: int) -> dict[str, float]:
    """Training and held-out errors after all rounds, and the least one of all rounds."""
    X, y = make()
    rows = np.random.default_rng(cell["seed"]).permutation(len(y))[: cell["rows"]]
    train, test = np.split(rows, [2 * len(rows) // 3])
    matrices = [xgb.QuantileDMatrix(X[train], y[train], nthread=threads)]
    matrices.append(xgb.QuantileDMatrix(X[test], y[test], ref=matrices[0], nthread=threads))
    params: dict[str, Any] = {**UNREGULARISED, "max_depth": 6, "eta": cell["learning rate"]}
    params |= {"nthread": threads, "eval_metric": "mae", "base_score": float(np.median(y[train]))}
    named = {"objective": OWN} if objective == OWN else {}
    found: dict[str, Any] = {}
    xgb.train(
        params | named,
        matrices[0],
        cell["rounds"],
        obj=None if named else objective,
        evals=[(matrices[0], "train"), (matrices[1], "test")],
        evals_result=found,
        verbose_eval=False,
    )
    errors = found["test"]["mae"]
    return {"train": found["train"]["mae"][-1], "test": errors[-1], "best": min(errors)}


def ratios(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """Errors over the own one's by version, objective, kind of error and table; the last column is of all tables."""
    table = pd.DataFrame([line["cell"] | line["figures"] for line in lines])
    table[[*KINDS]] = np.log(np.maximum(table[[*KINDS]], 1e-12))
    keys = ["version", "table", "seed", "rows", "rounds", "learning rate"]
    own = table[table.objective == OWN].set_index(keys)[[*KINDS]].add_prefix("own ")
    behind = table.join(own, on=keys)
    found = {}
    for (version, objective), rows in behind.groupby(["version", "objective"], sort=False):
        if objective != OWN:
            for kind, title in KINDS.items():
                logs = (rows[kind] - rows[f"own {kind}"]).groupby(rows["table"]).mean()
                logs["all"] = logs.mean()
                found[version, objective, title] = np.exp(logs)
    order = [*dict.fromkeys(table["table"]), "all"]
    return pd.DataFrame.from_dict(found, orient="index").reindex(columns=order)


def report(lines: list[dict[str, Any]], folder: Path) -> None:
    """Print the ratios, and write them as JSON."""
    found = ratios(lines).rename_axis(index=["XGBoost", "objective", "error"])
    print(f"| {' | '.join([*found.index.names, *found.columns])} |")
    print("|---" * (3 + len(found.columns)) + "|")
    for (version, objective, title), row in found.iterrows():
        cells = ["" if np.isnan(ratio) else f"{ratio:.3f}" for ratio in row]
        print(f"| {version} | `{objective}` | {title} | {' | '.join(cells)} |")
    file = folder / "absolute_error.json"
    file.write_text(found.reset_index().to_json(orient="records", indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5000, help="of a table, at most")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table", action="append")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--openml", action="append", default=[])
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--report-only", action="store_true", help="of what was measured before")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # the median is not every loss's best constant
    results = Results(options.results / "absolute_error.jsonl")
    if not options.report_only:
        tables = available(options.data, options.openml)
        common = {"version": xgb.__version__, "rows": options.rows, "rounds": options.rounds}
        common["learning rate"] = options.learning_rate
        grid = (
            ({**common, "table": name, "seed": seed, "objective": str(objective)}, objective)
            for seed in range(options.seeds)
            for name in options.table or tables
            for objective in OBJECTIVES
        )
        for cell, objective in track(results.missing(grid), "fits"):
            figures = measure(cell, tables[cell["table"]], objective, options.threads)
            results.add(cell, figures)
    report(results.latest(), options.results)


if __name__ == "__main__":
    main()
