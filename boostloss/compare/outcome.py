"""The tables of the outcome, column by column, for the terminal and for the page."""

import math
import re
from dataclasses import dataclass

import numpy as np

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.candidates import Candidate, describe
from boostloss.compare.metrics import DIFFERENCES, HEADINGS, INTERVAL, INTERVAL_METRICS, Level
from boostloss.compare.results import Results, Row, Verdict

MARKS = {"best": "★", "level": "≈", "": ""}


@dataclass(frozen=True)
class Column:
    """A heading and a text for each row.

    Attributes
    ----------
    rank : int
        Where there is no room, the columns of the highest rank are left out first, those of rank 0 never.
    number : bool
        Whether it is flushed right and never wrapped.
    """

    heading: str
    cells: list[str]
    rank: int = 0
    number: bool = True


def ranking(results: Results, quantile: Level) -> list[Column]:
    """The candidates of a group, best first."""
    rows, (metric, *others) = results.rows(quantile), results.metrics(quantile)
    behind = [None if row.place == "best" else row.behind for row in rows]
    return _filled(
        Column("", [MARKS[row.place] for row in rows], number=False),
        Column("Library", [row.library for row in rows], number=False),
        Column("Loss", [loss_name(row) for row in rows], number=False),
        _scores(rows, metric),
        Column("± s.e.", _errors(rows, metric), 3),
        Column("behind ★", ["" if gap is None else distance(metric, gap) for gap in behind], 1),
        Column(
            "± s.e.",
            ["" if row.place == "best" else error(metric, row.behind_error) for row in rows],
            4,
        ),
        *(_scores(rows, name, 2 if name in INTERVAL_METRICS else 5) for name in others),
        Column("rounds", [f"{row.rounds:.0f}" for row in rows], 6),
        Column("fit time", [f"{row.seconds:.2f} s" for row in rows], 7),
    )


def verdicts(results: Results, found: list[Verdict]) -> list[Column]:
    """The best of boostloss beside the best of each library's own."""
    metrics = [results.ranking_metric(verdict.quantile) for verdict in found]
    by = [
        f"{HEADINGS[metric]} {levels(verdict.quantile)}".rstrip()
        for metric, verdict in zip(metrics, found, strict=True)
    ]
    pairs = [
        [number(row.mean[metric], digits([verdict.own.mean[metric], verdict.ours.mean[metric]], metric))
         for row in (verdict.own, verdict.ours)]
        for metric, verdict in zip(metrics, found, strict=True)
    ]  # fmt: skip
    return _filled(
        Column("Library", [verdict.library for verdict in found], number=False),
        Column("by", by, 1, number=False),
        Column("best of its own", [short(v.own) for v in found], 4, number=False),
        Column("own best", [own for own, _ in pairs]),
        Column("best of boostloss", [short(v.ours) for v in found], 3, number=False),
        Column("boostloss", [ours for _, ours in pairs]),
        Column("boostloss is", list(map(verdict_text, metrics, found))),
        Column("± s.e.", [error(m, v.gain_error) for m, v in zip(metrics, found, strict=True)], 2),
    )


def _filled(*columns: Column) -> list[Column]:
    """Those that say something: one fold has no standard error."""
    return [column for column in columns if not column.rank or any(column.cells)]


def outcome_kind(verdict: Verdict) -> str:
    """Whether boostloss is "better", "level" (within the standard error, or 0.0% as shown) or "worse"."""
    error = 0.0 if math.isnan(verdict.gain_error) else verdict.gain_error  # of one fold
    if abs(verdict.gain) <= max(error, 0.0005):
        return "level"
    return "better" if verdict.gain > 0 else "worse"


def verdict_text(metric: str, verdict: Verdict) -> str:
    """Better, level or worse, and by how much."""
    kind = outcome_kind(verdict)
    if kind == "level":
        shown = f"{verdict.gain:+.3f}" if metric in DIFFERENCES else f"{verdict.gain:+.1%}"
        return f"level ({shown})"
    return f"{distance(metric, abs(verdict.gain))} {kind}"


def loss_name(row: Row) -> str:
    """The loss as tables and pictures show it."""
    return f"own {short(row)}" if row.candidate.own else short(row)


def short(row: Row) -> str:
    """Its loss in less room: "adaptive Huber", the bare value of an own objective, no levels if there are several."""
    if isinstance(row.candidate.quantile, tuple):
        return _without_levels(row.label)
    if row.candidate.own:
        return re.sub(r"[(:]\w+(?:=|(?=≈))([^()]+)\)?$", r"(\1)", row.label)
    return short_loss(row.label)


def short_loss(text: str) -> str:
    """A loss of boostloss in less room."""
    if "'adaptive'" not in text:
        return text
    given = re.sub(r"\w+='adaptive'(, )?", "", text)
    return f"adaptive {given}".replace(", )", ")").replace("()", "")


def _without_levels(text: str) -> str:
    """The name of an objective of several quantiles, whose levels stand above its table."""
    return re.sub(r"[(:]\w+=.*|\(.*", "", text)


def title(candidate: Candidate) -> str:
    """Library and loss of a candidate before its numbers are known."""
    library, text = LIBRARIES[candidate.library].title, describe(candidate.objective)
    if isinstance(candidate.quantile, tuple):
        return f"{library} {'own ' if candidate.own else ''}{_without_levels(text)}"
    if not candidate.own:
        return f"{library} {short_loss(text)}"
    level = "" if candidate.quantile is None else f"({levels(candidate.quantile)})"
    return f"{library} own {re.sub('[(:][a-z_]+={.*', level, text)}"


def levels(quantile: Level) -> str:
    """The level or levels of a comparison; empty for the main one."""
    if quantile is None:
        return ""
    return ", ".join(f"{level:g}" for level in np.atleast_1d(quantile))


def wanted_coverage(quantile: Level) -> float:
    """The share of targets that shall be below a quantile, between the outer ones, or in a distribution's interval."""
    if quantile is None:
        return INTERVAL
    return quantile[-1] - quantile[0] if isinstance(quantile, tuple) else quantile


def digits(values: list[float], metric: str = "") -> int:
    """Decimals that give the smallest of the values four significant digits; three where differences count."""
    if metric in DIFFERENCES:
        return 3
    smallest = min((abs(value) for value in values if value and math.isfinite(value)), default=1.0)
    return max(0, 3 - math.floor(math.log10(smallest)))


def number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}"


def distance(metric: str, value: float, spread: float = math.nan) -> str:
    """By how much a score is worse, in the metric's unit, and the standard error of that."""
    shown = f"{value:,.0%}" if value >= 10 else f"{value:.1%}"
    shown = f"{value:.3f}" if metric in DIFFERENCES else shown
    return f"{shown} {error(metric, spread)}".rstrip()


def error(metric: str, spread: float) -> str:
    if math.isnan(spread):
        return ""
    return f"± {spread:.3f}" if metric in DIFFERENCES else f"± {spread:.1%}"


def _scores(rows: list[Row], metric: str, rank: int = 0) -> Column:
    means = [row.mean[metric] for row in rows]
    if metric == "coverage":
        share = wanted_coverage(rows[0].candidate.quantile)
        wanted = f"{HEADINGS[metric]} ({float(f'{100 * share:.6g}'):g}%)"
        return Column(wanted, [f"{mean:.1%}" for mean in means], rank)
    decimals = digits(means, metric)
    return Column(HEADINGS[metric], [number(mean, decimals) for mean in means], rank)


def _errors(rows: list[Row], metric: str) -> list[str]:
    decimals = digits([row.mean[metric] for row in rows], metric)
    errors = [row.error[metric] for row in rows]
    return ["" if math.isnan(error) else f"± {number(error, decimals)}" for error in errors]
