"""The report's pictures, as SVG data that a page holds in itself."""

import base64
import io
from itertools import groupby
from typing import Any

import numpy as np
from cycler import cycler
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.metrics import HEADINGS, HIGHER_IS_BETTER, Level
from boostloss.compare.outcome import digits, loss_name, number
from boostloss.compare.results import Results, Row, unit
from boostloss.plot import plot_coverage, plot_pit

WIDTH = 6.4  # inches; on a telephone the letters of a wider picture would be too small
OURS, THEIRS, INK = "#0f766e", "#9a9a9a", "#27303a"
LINES = (OURS, "#c2410c", "#6b7280", "#4f46e5", "#b45309", "#0369a1", "#be185d", "#65a30d")
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#b8bec6",
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.prop_cycle": cycler(color=LINES),
    "legend.frameon": False,
    "text.parse_math": False,  # a class may be called "$0 to $50"
    "svg.hashsalt": "boostloss",  # the same picture has the same bytes
}


def metric_by_loss(results: Results, quantile: Level) -> str:
    """The mean of every candidate, library by library, with the error of its distance to the best.

    Those far behind, which would squeeze the others together, stand at the edge with their number.
    """
    rows, metric = results.rows(quantile), results.ranking_metric(quantile)
    groups = [list(group) for _, group in groupby(_by_library(rows), lambda row: row.library)]
    best = rows[0].mean[metric]
    edge = best + 3 * (float(np.median([row.mean[metric] for row in rows])) - best)
    with rc_context(STYLE):
        height = 0.7 + 0.24 * len(rows) + 0.35 * len(groups)
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots(
            len(groups), sharex=True, squeeze=False, height_ratios=[len(group) for group in groups]
        )[:, 0]
        for axis, group in zip(axes, groups, strict=True):
            for place, row in enumerate(group):
                colour = THEIRS if row.candidate.own else OURS
                mean, error = row.mean[metric], np.nan_to_num(row.behind_error) * unit(metric, best)
                if abs(mean - best) > abs(edge - best) > 0:
                    axis.plot(edge, place, ">" if edge > best else "<", ms=5, color=colour)
                    side = "right" if edge > best else "left"
                    axis.annotate(
                        f"{number(mean, digits([mean], metric))}  ",
                        (edge, place),
                        ha=side,
                        va="center",
                        color=colour,
                    )
                else:
                    axis.errorbar(mean, place, xerr=error, fmt="o", ms=5, color=colour)
            axis.set_yticks(range(len(group)), [loss_name(row) for row in group])
            axis.set_ylim(len(group) - 0.4, -0.6)
            axis.set_title(group[0].library)
            axis.grid(axis="x", color="#e4e7eb")
        better = "higher" if metric in HIGHER_IS_BETTER else "lower"
        axes[-1].locator_params(axis="x", nbins=6)  # four digits are wide beside long names
        axes[-1].set_xlabel(f"{HEADINGS[metric]}, mean over the folds; {better} is better")
        return svg(figure)


def _by_library(rows: list[Row]) -> list[Row]:
    """The rows, those of a library together and the library of the best row first."""
    libraries = list(dict.fromkeys(row.library for row in rows))
    return sorted(rows, key=lambda row: libraries.index(row.library))


def residuals(results: Results) -> str:
    """The errors of a few candidates that differ most: their bulk and their tails."""
    shown = most_different_rows(results)
    errors = [np.subtract(*results.pooled(row.candidate)) for row in shown]
    width = 4 * np.median([np.median(np.abs(error)) for error in errors]) or 1.0
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
        bulk, tail = figure.subplots(1, 2)
        for row, error, colour in zip(shown, errors, LINES, strict=False):
            name = f"{row.library} {loss_name(row)}"
            bins = np.linspace(-width, width, 46)
            counts, _ = np.histogram(error, bins)
            share = counts / len(error) / (bins[1] - bins[0])
            bulk.stairs(share, bins, color=colour, lw=1.4)
            size = np.sort(np.abs(error))
            beyond = 1 - np.arange(len(size)) / len(size)
            tail.loglog(np.maximum(size, width / 1000), beyond, color=colour, lw=1.4, label=name)
        bulk.axvline(0, color="#b8bec6", lw=0.8, zorder=0)
        bulk.set(title="Residuals, the bulk", xlabel="target - prediction", ylabel="density")
        bulk.set_ylim(0)
        bulk.locator_params(axis="x", nbins=4)  # six digits are wide
        tail.set(title="The tails", xlabel="size of the residual", ylabel="share of rows beyond")
        tail.set_xlim(width / 100)
        for axis in (tail.xaxis, tail.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
        figure.legend(loc="outside lower center", ncols=len(shown), fontsize=8)
        return svg(figure)


def calibration(results: Results) -> str:
    """Observed against predicted frequency, in bins of equal count."""
    best = results.rows(None)[0]
    shown = [row for row in results.rows(None) if row.library == best.library][: len(LINES)]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        curve, spread = figure.subplots(1, 2)
        curve.plot([0, 1], [0, 1], color="#b8bec6", lw=0.8)
        for row, colour in zip(shown, LINES, strict=False):
            y, probability = results.pooled(row.candidate)
            order = np.argsort(probability, kind="stable")
            bins = [part for part in np.array_split(order, 15) if len(part)]
            mean, observed = ([values[part].mean() for part in bins] for values in (probability, y))
            curve.plot(mean, observed, "o-", ms=3.5, lw=1.2, color=colour)
            counts, edges = np.histogram(probability, np.linspace(0, 1, 31))
            spread.stairs(counts / len(y), edges, color=colour, lw=1.4, label=loss_name(row))
        curve.set(
            title=f"Calibration, {best.library}",
            xlabel="predicted probability",
            ylabel=f"observed share of {results.table.classes[1]!r}",
        )
        curve.set_aspect("equal")
        spread.set(title="Predictions", xlabel="predicted probability", ylabel="share of rows")
        figure.legend(loc="outside lower center", ncols=len(shown), fontsize=8)
        return svg(figure)


def distributions(results: Results) -> str:
    """Whether predicted distributions are right, those of the best of each library."""
    groups = groupby(_by_library(results.rows(None)), lambda row: row.library)
    shown = [next(group) for _, group in groups]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2.7 * len(shown)), layout="constrained")
        axes = figure.subplots(len(shown), 2, squeeze=False)
        for row, (places, coverage) in zip(shown, axes, strict=True):
            y, predicted = results.pooled_distribution(row.candidate)
            plot_pit(y, predicted, ax=places).set_title(f"{row.library}, {loss_name(row)}")
            plot_coverage(y, predicted, ax=coverage)
        return svg(figure)


def most_different_rows(results: Results) -> list[Row]:
    """In the winner's library: the best of boostloss, the best of its own, its squared error."""
    rows = results.rows(None)
    rows = [row for row in rows if row.library == rows[0].library]
    squared = LIBRARIES[rows[0].candidate.library].own_objectives["regression"][0]
    wanted = [
        next((row for row in rows if not row.candidate.own), None),
        next((row for row in rows if row.candidate.own), None),
        next((row for row in rows if row.candidate.objective == squared), None),
    ]
    return [row for k, row in enumerate(wanted) if row is not None and row not in wanted[:k]]


def svg(figure: Figure) -> str:
    """The figure as a data URI."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
