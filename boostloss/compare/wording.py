"""The outcome in words and cells: what the terminal and the page both say."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import outcome, race
from boostloss.compare.candidates import Candidate, describe, lacking
from boostloss.compare.code import loss_import
from boostloss.compare.data import Table
from boostloss.compare.libraries import Settings
from boostloss.compare.metrics import (
    DIFFERENCES,
    DISTRIBUTION_METRICS,
    HEADINGS,
    HIGHER_IS_BETTER,
    INTERVAL,
    Level,
    score,
)
from boostloss.compare.results import Results, Row, versions
from boostloss.compare.run import Fit, describe_folds
from boostloss.losses.intercept import weighted_quantile

LEGEND = (
    "★ the best; ≈ level with it: behind by less than the standard error (s.e.) of the difference "
    "over the folds. behind ★: how much worse the score is than the best, as a share of the best."
)
VERDICTS = "boostloss beside each library's own best"
VERDICT_LEGEND = (
    "better, worse: by how much, as a share of the own best's score, with the standard error (s.e.) "
    "of the difference over the folds; level: by less than that."
)
SAME_SETTINGS = (
    "All have the same settings and start from the best constant of their loss; adaptive losses stop by the mean "
    "absolute error. Where boostloss's estimators regularise otherwise than the library (CatBoost's leaf steps; "
    "XGBoost's least Hessian and L2 penalty for absolute errors and quantiles), own objectives are fitted both ways, "
    "and the better fit on the early-stopping rows counts."
)
CATBOOST_START = "Only CatBoost's MultiClass starts from equal probabilities."
OF_MEANS = (
    "Losses of counts and amounts predict means, which RMSE judges (--metric rmse) and the MAE does not: it likes "
    "medians. CatBoost's own of them start from a mean of 1."
)
IN_ORDER = (
    "Several quantiles are ranked by the mean of their pinball losses; everyone's predictions of a row are put in "
    "order, which never raises it. Where a library has no such objective, as LightGBM, its own is a model for each "
    "level."
)
OF_DIFFERENCES = (
    "For the NLL it is the difference itself: its zero depends on the unit of the target."
)
OF_DISTRIBUTIONS = (
    "Whole distributions are judged: NLL is the mean of -log density at the targets, CRPS the continuous ranked "
    f"probability score in the unit of the target, coverage and width are of the central intervals of {INTERVAL:.0%}."
)
NOISE = {
    "regression": "Cauchy noise added",
    "binary": "their class flipped",
    "multiclass": "another class",
}
INTERRUPTED = "The run was interrupted: this is what was finished."


def overview(
    table: Table, settings: Settings, libraries: list[str], candidates: list[Candidate]
) -> list[str]:
    """What is about to be compared, and how."""
    fits = settings.folds * len(candidates)
    categories = len(table.X.select_dtypes("category").columns)
    kinds = f", {categories} of them categorical" if categories else ""
    missing = float(table.X.isna().to_numpy().mean())
    holes = f", {missing:.1%} of the values missing" if missing else ""
    found = versions()
    lines = [
        f"{table.name}: {len(table.y):,} rows, {table.X.shape[1]} columns{kinds}{holes}.",
        *table.notes,
    ]
    if settings.contaminate:
        noise = NOISE[table.task]
        lines.append(
            f"{settings.contaminate:.0%} of the labels in the training folds get {noise}; "
            "test folds stay as they are."
        )
    names = ", ".join(f"{LIBRARIES[name].title} {found.get(name, '?')}" for name in libraries)
    most = "" if settings.thorough else "At most "
    lines.append(
        f"{most}{fits:,} fits: {describe_folds(table, settings)}; {names}; up to {settings.rounds} "
        f"rounds at learning rate {settings.learning_rate:g}."
    )
    lines += lacking(table.task, libraries, candidates)
    lines.append(SAME_SETTINGS)
    if table.task == "multiclass" and "catboost" in libraries:
        lines.append(CATBOOST_START)
    if any(isinstance(candidate.quantile, tuple) for candidate in candidates):
        lines.append(IN_ORDER)
    if any(getattr(candidate.objective, "link_name", "") == "log" for candidate in candidates):
        lines.append(OF_MEANS)
    if any(candidate.distribution for candidate in candidates):
        lines.append(OF_DISTRIBUTIONS)
    return lines


def legend(text: str, results: Results, groups: Iterable[Level]) -> str:
    """`LEGEND` or `VERDICT_LEGEND`, with what differs if no shares are told in one of the groups."""
    told = any(results.ranking_metric(quantile) in DIFFERENCES for quantile in groups)
    return f"{text} {OF_DIFFERENCES}" if told else text


def dropped(results: Results) -> list[str]:
    """Who was dropped from the race, when, and how far behind."""
    lines = []
    for folds in dict.fromkeys(each.folds for each in results.dropped):
        out = [each for each in results.dropped if each.folds == folds]
        names = ", ".join(
            f"{outcome.title(each.candidate)} "
            f"({outcome.distance(results.ranking_metric(each.candidate.quantile), each.behind, each.error)})"
            for each in out
        )
        after = f"after {folds} fold{'s' if folds > 1 else ''}"
        if folds == 0:
            after = f"after a fold of {race.HEAT_ROWS:,} rows"
        lines.append(f"Dropped {after}, so far behind the best ± standard error: {names}.")
    return lines


def answer(results: Results) -> str:
    """The winner in a sentence, with the best of the other side; of the main comparison if any."""
    quantile = next(quantile for quantile in results.groups if results.rows(quantile))
    rows, metric = results.rows(quantile), results.ranking_metric(quantile)
    best, name = rows[0], HEADINGS[metric]
    level = sum(row.place == "level" for row in rows)
    text = f"{group(quantile)}: " if quantile is not None else ""
    text += f"{_who(best)} is best: {name} {_mean_error(best, metric)}"
    text += f" ({level} more level with it)." if level else "."
    other = next((row for row in rows if row.candidate.own != best.candidate.own), None)
    if other:
        side = "the libraries' own objectives" if other.candidate.own else "boostloss"
        behind = outcome.distance(metric, other.behind, other.behind_error)
        way = "lower" if metric in HIGHER_IS_BETTER else "higher"
        text += f" The best of {side} is {_who(other)}: its {name} is {behind} {way}."
    return text


def _who(row: Row) -> str:
    side = "its own" if row.candidate.own else "boostloss's"
    return f"{row.library} with {side} {outcome.short(row)}"


def group(quantile: Level) -> str:
    """The name of a comparison at one or several levels."""
    return f"Quantile{'s' if isinstance(quantile, tuple) else ''} {outcome.levels(quantile)}"


def title(results: Results, quantile: Level) -> str:
    """What a table shows, which way is better, and what would be reached without any column."""
    metric = results.ranking_metric(quantile)
    better = "higher" if metric in HIGHER_IS_BETTER else "lower"
    what = group(quantile) if quantile is not None else results.table.task.capitalize()
    done, wanted = len(results.compared_folds), results.settings.folds
    folds = f"{done} of {wanted} folds" if done < wanted else f"{done} folds"
    name, level = constant(results, quantile)
    return (
        f"{what}: {results.table.target} ({better} {HEADINGS[metric]} is better, {folds}; "
        f"a constant, {name}, has {outcome.number(level, outcome.digits([level], metric))})"
    )


def constant(results: Results, quantile: Level) -> tuple[str, float]:
    """What to predict for every row if nothing is known of it, and how that is judged."""
    y, metric = results.table.y, results.ranking_metric(quantile)
    if metric in DISTRIBUTION_METRICS:
        return min(_constant_distributions(results), key=lambda found: found[1])
    weight = None if results.table.weight is None else results.table.weight.to_numpy()
    value: Any
    if quantile is not None:
        name = "the quantiles" if isinstance(quantile, tuple) else "the quantile"
        found = [weighted_quantile(y, weight, level) for level in np.atleast_1d(quantile)]
        value = found if isinstance(quantile, tuple) else found[0]
    elif results.table.task == "multiclass":
        name, totals = "the share of each class", np.bincount(y.astype(int), weight)
        value = totals / totals.sum()
    elif results.table.task == "binary":
        name, value = f"the share of {results.table.classes[1]!r}", np.average(y, weights=weight)
    elif metric in ("rmse", "r2"):
        name, value = "the mean", np.average(y, weights=weight)
    else:
        name, value = "the median", weighted_quantile(y, weight, 0.5)
    prediction = np.full((len(y), *np.shape(value)), value)
    return name, score(y, prediction, results.table.task, quantile, weight)[metric]


def _constant_distributions(results: Results) -> Iterator[tuple[str, float]]:
    """The compared distributions with the parameters of maximum likelihood, and how they are judged."""
    y, weight = results.table.y, results.table.weight
    weight = None if weight is None else weight.to_numpy()
    for family in dict.fromkeys(row.candidate.family for row in results.rows(None)):
        assert family is not None
        raw = np.tile(family.fit_intercept(y, weight), (len(y), 1))
        found = score(y, raw, results.table.task, None, weight, family)
        yield f"the fitted {outcome.short_loss(describe(family))}", found[results.metric]


def done(fit: Fit) -> str:
    """What has just been fitted."""
    name = ("own " if fit.candidate.own else "") + fit.objective
    return f"fold {fit.fold + 1}, {LIBRARIES[fit.candidate.library].title}, {name}"


def time_left(seconds: float) -> str:
    """A rough estimate in words; empty while nothing is known."""
    if math.isnan(seconds):
        return ""
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / 60:.0f} min left"


def hints(results: Results) -> list[str]:
    """What another run could do better."""
    limit = results.settings.rounds
    unfinished = sum(fit.rounds > 0.98 * limit for fit in results.fits)
    if not unfinished:
        return []
    fits = "1 fit was" if unfinished == 1 else f"{unfinished} fits were"
    return [f"{fits} still improving after {limit} rounds: try more --rounds."]


def snippet(results: Results) -> str:
    """Python that trains with the best loss of boostloss; empty if none was fitted."""
    ours = [row for row in results.rows(results.groups[0]) if not row.candidate.own]
    if not ours:
        return ""
    best, settings = ours[0], results.settings
    library = LIBRARIES[best.candidate.library]
    loss = best.label.replace("≈", "=")
    name = library.estimator_name(results.table.task)
    return (
        f"{loss_import(loss)}\n"
        f"from boostloss.{library.name} import {name}\n\n"
        f"model = {name}(\n"
        f"    {library.objective}={loss},\n"
        f"    {library.rounds}={max(1, round(best.rounds))},\n"
        f"    {library.learning_rate}={settings.learning_rate:g},\n"
        ")"
    )


def _mean_error(row: Row, metric: str) -> str:
    digits = outcome.digits([row.mean[metric]], metric)
    error = row.error[metric]
    shown = "" if math.isnan(error) else f" ± {outcome.number(error, digits)}"
    return outcome.number(row.mean[metric], digits) + shown
