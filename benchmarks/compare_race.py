"""What the race of ``boostloss compare`` saves, and whether it finds the winner of a thorough comparison.

Every table is compared thoroughly, with the defaults of the command and all that the three libraries offer. The race is
run from the same fits, since fits repeat exactly: it leaves some of them out. CPU seconds are those of the fits, one at
a time on one thread.

    python -m benchmarks.compare_race [--table wine] [--rows 5000] [--folds 5]
"""

import argparse
import time
import warnings
from collections.abc import Callable

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import race
from boostloss.compare.candidates import Candidate, list_candidates
from boostloss.compare.data import Table, Task, load
from boostloss.compare.libraries import Settings
from boostloss.compare.metrics import METRICS
from boostloss.compare.results import Results
from boostloss.compare.run import evaluate, split
from tests import tables

FILES: dict[str, tuple[str, str, Task]] = {
    "wine": ("winequality-white.csv", "last", "regression"),
    "housing": ("california_housing.csv.gz", "median_house_value", "regression"),
    "age": ("adult-train.csv.gz", "first", "regression"),
    "phoneme": ("phoneme.csv", "last", "binary"),
    "income": ("adult-train.csv.gz", "last", "binary"),
    "higgs": ("lightgbm_binary.train.tsv.gz", "first", "binary"),
}


def compare(
    table: Table, settings: Settings
) -> tuple[Results, Results, Callable[[Results], float]]:
    """A thorough comparison, the race, and how many CPU seconds the fits of either take."""
    metric = next(iter(METRICS[table.task]))
    candidates = list_candidates(table.task, list(LIBRARIES))
    thorough = Results(table, settings, candidates, metric)
    raced = Results(table, settings, candidates, metric)
    seconds: dict[int, float] = {}
    for fold in split(table, settings):
        for candidate in candidates:
            start = time.process_time()
            fit = evaluate(candidate, fold, table.task, settings)
            seconds[id(fit)] = time.process_time() - start
            thorough.fits.append(fit)
        racing = raced.racing
        raced.fits += [f for f in thorough.fits if f.fold == fold.number and f.candidate in racing]
        race.drop(raced)
    return thorough, raced, lambda results: sum(seconds[id(fit)] for fit in results.fits)


def winners(results: Results) -> list[list[Candidate]]:
    """The best of every group, and of each side in every library."""
    best = [results.rows(quantile)[0].candidate for quantile in results.groups]
    sides = [row.candidate for verdict in results.verdicts() for row in (verdict.own, verdict.ours)]
    return [best, sides]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", choices=list(FILES), action="append")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--folds", type=int, default=Settings.folds)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| table | fits: thorough | race | CPU s: thorough | race | winners | verdicts |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.table or FILES:
        file, target, task = FILES[name]
        table = load(tables.folder() / file, target, task=task).sample(arguments.rows, 0)
        thorough, raced, cost = compare(table, Settings(folds=arguments.folds))
        same = [
            sum(a == b for a, b in zip(*pair, strict=True))
            for pair in zip(winners(thorough), winners(raced), strict=True)
        ]
        counts = [len(each) for each in winners(thorough)]
        figures = [
            *(str(len(each.fits)) for each in (thorough, raced)),
            *(f"{cost(each):.0f}" for each in (thorough, raced)),
            *(f"{n} of {count} the same" for n, count in zip(same, counts, strict=True)),
        ]
        print(f"| {name} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
