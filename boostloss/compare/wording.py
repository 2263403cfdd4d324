"""The outcome in words and cells: what the terminal and the page both say."""

import math

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.candidates import Candidate, describe
from boostloss.compare.data import Table
from boostloss.compare.libraries import Settings
from boostloss.compare.metrics import HEADINGS, HIGHER_IS_BETTER
from boostloss.compare.results import Results, Row, Verdict, versions
from boostloss.compare.run import Fold, describe_folds

MARKS = {"best": "★", "level": "≈", "": ""}
LEGEND = (
    "★ best; ≈ level with it, within one standard error of the difference over the folds; "
    "± standard error"
)
INTERRUPTED = "The run was interrupted: this is what was finished."


def overview(table: Table, settings: Settings, libraries: list[str], fits: int) -> list[str]:
    """What is about to be compared, and how."""
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
        noise = "their class flipped" if table.task == "binary" else "Cauchy noise added"
        lines.append(
            f"{settings.contaminate:.0%} of the labels in the training folds get {noise}; "
            "test folds stay as they are."
        )
    names = ", ".join(f"{LIBRARIES[name].title} {found.get(name, '?')}" for name in libraries)
    lines.append(
        f"{fits:,} fits: {describe_folds(table, settings)}; {names}; up to {settings.rounds} "
        f"rounds at learning rate {settings.learning_rate:g}."
    )
    return lines


def answer(results: Results) -> str:
    """The winner in a sentence, with the best of the other side; of the main comparison if any."""
    quantile = next(quantile for quantile in results.groups if results.rows(quantile))
    rows, metric = results.rows(quantile), results.ranking_metric(quantile)
    best = rows[0]
    level = sum(row.place == "level" for row in rows)
    text = f"Quantile {quantile:g}: " if quantile is not None else ""
    text += f"{_who(best)} is best: {HEADINGS[metric]} "
    text += _mean_error(best, metric, _digits([best.mean[metric]]))
    text += f" ({level} more level with it)." if level else "."
    other = next((row for row in rows if row.candidate.own != best.candidate.own), None)
    if other:
        side = "the libraries' own objectives" if other.candidate.own else "boostloss"
        behind = _percent(other.behind, other.behind_error)
        text += f" The best of {side}, {_who(other)}, is {behind} behind."
    return text


def _who(row: Row) -> str:
    return f"{row.library} with {'its own' if row.candidate.own else 'boostloss'} {row.label}"


def title(results: Results, quantile: float | None) -> str:
    """What a table shows and which way is better."""
    metric = results.ranking_metric(quantile)
    better = "higher" if metric in HIGHER_IS_BETTER else "lower"
    what = f"Quantile {quantile:g}" if quantile is not None else results.table.task.capitalize()
    done, wanted = len(results.compared_folds), results.settings.folds
    folds = f"{done} of {wanted} folds" if done < wanted else f"{done} folds"
    return f"{what}: {results.table.target} ({better} {HEADINGS[metric]} is better, {folds})"


def table_cells(results: Results, quantile: float | None) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of text; the first column is the mark."""
    rows, metrics = results.rows(quantile), results.metrics(quantile)
    digits = {name: _digits([abs(row.mean[name]) for row in rows]) for name in metrics}
    metric, *others = metrics
    headings = ["", "Library", "Loss", f"{HEADINGS[metric]} ± s.e.", "behind"]
    headings += [*(HEADINGS[name] for name in others), "rounds", "fit time"]
    cells = [
        [
            MARKS[row.place],
            row.library,
            loss_name(row),
            _mean_error(row, metric, digits[metric]),
            "" if row.place == "best" else _percent(row.behind, row.behind_error),
            *(_shown(row.mean[name], name, digits[name]) for name in others),
            f"{row.rounds:.0f}",
            f"{row.seconds:.2f} s",
        ]
        for row in rows
    ]
    return headings, cells


def loss_name(row: Row) -> str:
    """The loss as the tables show it."""
    return f"own {row.label}" if row.candidate.own else row.label


def verdict_cells(results: Results, verdicts: list[Verdict]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: the best of boostloss against the best of each library's own."""
    cells = []
    for verdict in verdicts:
        metric = results.ranking_metric(verdict.quantile)
        digits = _digits([abs(verdict.own.mean[metric]), abs(verdict.ours.mean[metric])])
        heading = HEADINGS[metric]
        cells.append([
            verdict.library,
            heading if verdict.quantile is None else f"{heading} at {verdict.quantile:g}",
            f"{verdict.own.label}  {_number(verdict.own.mean[metric], digits)}",
            f"{verdict.ours.label}  {_number(verdict.ours.mean[metric], digits)}",
            outcome(verdict),
        ])  # fmt: skip
    return ["Library", "by", "best of its own", "best of boostloss", "boostloss is"], cells


def outcome_kind(verdict: Verdict) -> str:
    """Whether boostloss is "better", "level" (within the standard error) or "worse"."""
    if abs(verdict.gain) <= verdict.gain_error:
        return "level"
    return "better" if verdict.gain > 0 else "worse"


def outcome(verdict: Verdict) -> str:
    """Better, level or worse, and by how much."""
    size = _percent(abs(verdict.gain), verdict.gain_error)
    kind = outcome_kind(verdict)
    return f"level ({verdict.gain:+.1%})" if kind == "level" else f"{size} {kind}"


def current(candidate: Candidate, fold: Fold) -> str:
    """What is being fitted."""
    name = ("own " if candidate.own else "") + describe(candidate.at(fold.scale))
    return f"fold {fold.number + 1}, {LIBRARIES[candidate.library].title}, {name}"


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
    return [f"{unfinished} fits were still improving after {limit} rounds: try more --rounds."]


def snippet(results: Results) -> str:
    """Python that trains with the best loss of boostloss; empty if none was fitted."""
    ours = [row for row in results.rows(results.groups[0]) if not row.candidate.own]
    if not ours:
        return ""
    best, settings = ours[0], results.settings
    library = LIBRARIES[best.candidate.library]
    loss = best.label.replace("≈", "=")
    name = library.estimators[results.table.task]
    return (
        f"from boostloss import {loss.partition('(')[0]}\n"
        f"from boostloss.{library.name} import {name}\n\n"
        f"model = {name}(\n"
        f"    {library.objective}={loss}, {library.rounds}={max(1, round(best.rounds))}, "
        f"{library.learning_rate}={settings.learning_rate:g}\n"
        ")"
    )


def _digits(values: list[float]) -> int:
    """Decimals that give the smallest of the values four significant digits."""
    smallest = min((value for value in values if value > 0), default=1.0)
    return max(0, 3 - math.floor(math.log10(smallest)))


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"


def _shown(value: float, name: str, digits: int) -> str:
    return f"{value:.1%}" if name == "coverage" else _number(value, digits)


def _mean_error(row: Row, name: str, digits: int) -> str:
    error = row.error[name]
    shown = "" if math.isnan(error) else f" ± {_number(error, digits)}"
    return _number(row.mean[name], digits) + shown


def _percent(value: float, error: float) -> str:
    if value >= 10:
        return f"{value:.0f} times"
    return f"{value:.1%}" + ("" if math.isnan(error) else f" ± {error:.1%}")
