"""The race: a candidate that is behind beyond doubt after some folds is not fitted on the others.

Models race over the rows of a cross-validation since Maron & Moore ("Hoeffding Races", 1994); paired differences and
Student's t instead of Hoeffding's bound are those of Moore & Lee ("Efficient Algorithms for Minimizing Cross Validation
Error", 1994).
"""

import math
from collections.abc import Iterator

import numpy as np
from joblib import Parallel, delayed, parallel_config
from scipy.stats import t as student_t

from boostloss.compare.candidates import Candidate
from boostloss.compare.interrupts import deaf_children, interrupts
from boostloss.compare.metrics import HIGHER_IS_BETTER, Level
from boostloss.compare.results import Dropped, Results, unit
from boostloss.compare.run import Fit, Fold, evaluate

# The chance, in one test, to drop a candidate that is as good as the best. As in F-races (Birattari et al., "A Racing
# Algorithm for Configuring Metaheuristics", 2002) it is not divided by the number of tests: who is dropped wrongly was
# at most as good as who stays. `benchmarks/compare_race.py` shows what that saves, and which winners it finds.
LEVEL = 0.05
# A large table has a heat: its first fold is run on a sample before, as in successive halving (Jamieson & Talwalkar,
# "Non-stochastic Best Arm Identification and Hyperparameter Optimization", 2016).
LARGE, HEAT_ROWS = 40_000, 20_000


def heat(results: Results, fold: Fold) -> Fold | None:
    """A sample of the first fold on which to drop those who are far behind; None where it would save little."""
    n_rows = len(fold.train.y) + len(fold.stop.y) + len(fold.test.y)
    if results.settings.thorough or fold.number or n_rows < LARGE:
        return None
    sample = fold.sample(HEAT_ROWS, results.settings.seed)
    n_classes = len(results.table.classes)
    parts = (sample.train, sample.stop, sample.test)
    if n_classes and any(np.ptp(part.y) == 0 for part in parts):
        return None
    if len(np.unique(sample.train.y)) < n_classes:
        return None
    return sample


def run(results: Results, fold: Fold, fits: list[Fit]) -> Iterator[Fit]:
    """Fit who is in the race, several at a time; yield each fit once it is among the `fits` of the results."""
    settings = results.settings
    with parallel_config(backend="loky", inner_max_num_threads=settings.threads):
        parallel = Parallel(n_jobs=settings.jobs, return_as="generator")
    tasks = (
        delayed(evaluate)(candidate, fold, results.table.task, settings)
        for candidate in results.racing
    )
    with deaf_children():
        found = parallel(tasks)
    for fit in found:
        interrupts.check()  # a signal may look like a failed fit
        fits.append(fit)
        yield fit


def drop(results: Results) -> None:
    """Drop, after a fold or the heat, who was left behind; nobody where the comparison is thorough or over."""
    over = len(results.compared_folds) == results.settings.folds
    if not (results.settings.thorough or over):
        results.dropped += [d for group in results.groups for d in left_behind(results, group)]


def left_behind(results: Results, quantile: Level) -> list[Dropped]:
    """Who of a group has no chance to be its best, nor the best of its own side in its library.

    The metric of whole folds ranks. Who is behind the first is dropped if a test of the paired differences over blocks
    of rows confirms it at `LEVEL`, and if it is further behind the first of its side than the standard error. So the
    best loss of boostloss and the best own objective of each library stay to the end.
    """
    metric, racing = results.ranking_metric(quantile), results.racing
    sign = -1.0 if metric in HIGHER_IS_BETTER else 1.0
    fits: dict[Candidate, list[Fit]] = {}
    for fit in results.fits or results.heat:
        if fit.candidate.quantile == quantile and fit.candidate in racing and not fit.error:
            fits.setdefault(fit.candidate, []).append(fit)
    means = {
        c: sign * float(np.mean([f.metrics[metric] for f in each])) for c, each in fits.items()
    }
    ranked = sorted(means, key=means.__getitem__)
    dropped = []
    for candidate in ranked:
        best, first = ranked[0], next(c for c in ranked if c.side == candidate.side)
        behind, error = block_difference(fits[candidate], fits[best], metric, results)
        behind_first, error_first = block_difference(fits[candidate], fits[first], metric, results)
        n_blocks = sum(len(fit.blocks[metric]) for fit in fits[best])
        beyond_doubt = student_t.ppf(1.0 - LEVEL, n_blocks - 1) * error
        if candidate != best and behind > beyond_doubt and behind_first > error_first:
            scale = unit(metric, means[best])
            n_folds = len(results.compared_folds) if results.fits else 0
            worse = (means[candidate] - means[best]) / scale
            dropped.append(Dropped(candidate, n_folds, worse, error / scale))
    return dropped


def block_difference(
    fits: list[Fit], others: list[Fit], metric: str, results: Results
) -> tuple[float, float]:
    """By how much fits are worse than others in the mean over blocks of test rows, and its standard error.

    The folds share most of their training rows, so that their mean is less certain than the mean of as many independent
    ones: Nadeau & Bengio, "Inference for the Generalization Error" (2003), add the ratio of test to training rows.
    """
    scores, other_scores, weight = (
        np.concatenate([fit.blocks[name] for fit in each])
        for each, name in ((fits, metric), (others, metric), (fits, "weight"))
    )
    with np.errstate(invalid="ignore"):  # a CRPS may be infinite, of both
        differences = (scores - other_scores) * (-1.0 if metric in HIGHER_IS_BETTER else 1.0)
    mean = float(np.average(differences, weights=weight))
    if len(differences) < 2 or not np.isfinite(differences).all():
        return mean, math.inf
    folds = results.compared_folds
    # In the order of time fold k trains on k + 1 parts of the size that it tests.
    ratios = [
        1.0 / (k + 1 if results.table.time is not None else results.settings.folds - 1)
        for k in folds
    ]
    spread = np.average((differences - mean) ** 2, weights=weight) * len(weight) / (len(weight) - 1)
    blocks = weight.sum() ** 2 / (weight**2).sum() / len(folds)  # of equal weight, in a fold
    share = 1.0 / len(folds) + float(np.mean(ratios))
    return mean, math.sqrt(share * spread / blocks)
