"""The pictures of the winner's sheet."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from boostloss.compare.metrics import HEADINGS
from boostloss.compare.plots import LINES, OURS, STYLE, WIDTH, svg
from boostloss.compare.results import Results, Row
from boostloss.compare.sheet import Sheet

SHOWN_COLUMNS = 15
PARTS = {"train": "training rows", "stop": "early-stopping rows", "test": "test rows"}


def deciles(results: Results, row: Row) -> str:
    """Test rows in tenths by their prediction: residuals, or the observed share beside what is predicted."""
    y, prediction = results.pooled(row.candidate)
    parts = np.array_split(np.argsort(prediction, kind="stable"), 10)
    quantile, binary = row.candidate.quantile, results.table.task == "binary"
    place = np.arange(1, 11)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
        axes = figure.subplots()
        if quantile is None and not binary:
            levels = (5, 25, 50, 75, 95)
            low, lower, middle, upper, high = np.transpose(
                [np.percentile(y[part] - prediction[part], levels) for part in parts]
            )
            axes.vlines(place, low, high, color=OURS, lw=1)
            axes.vlines(place, lower, upper, color=OURS, lw=5, alpha=0.6)
            axes.plot(place, middle, "o", ms=5, color=OURS)
            axes.axhline(0, color="#b8bec6", lw=0.8, zorder=0)
            axes.set_ylabel("target - prediction")
        else:
            hits = y if binary else (y <= prediction).astype(float)
            share = np.array([hits[part].mean() for part in parts])
            error = np.sqrt(share * (1 - share) / [len(part) for part in parts])
            wanted = [prediction[part].mean() if quantile is None else quantile for part in parts]
            axes.errorbar(place, share, yerr=error, fmt="o", ms=5, color=OURS, label="observed")
            axes.plot(
                place, wanted, "_", ms=14, color=LINES[1], label="predicted" if binary else "wanted"
            )
            axes.set_ylabel("share of rows")
            axes.legend()
        axes.set_xticks(place)
        axes.set_xlabel("tenth of the test rows, from the lowest predictions to the highest")
        return svg(figure)


def learning_curve(results: Results, sheet: Sheet, constant: float) -> str:
    """The ranking metric by round, and what a constant has."""
    metric = results.ranking_metric(sheet.row.candidate.quantile)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
        axes = figure.subplots()
        for (part, values), colour in zip(sheet.curve.items(), LINES, strict=False):
            axes.plot(sheet.rounds, values, "o-", ms=2.5, lw=1.2, color=colour, label=PARTS[part])
        axes.axhline(constant, color="#b8bec6", lw=1, ls="--", label="a constant")
        axes.set(xlabel="rounds", ylabel=HEADINGS[metric])
        axes.legend()
        return svg(figure)


def importance(results: Results, sheet: Sheet) -> str:
    """How much worse the metric gets if a column is shuffled."""
    metric = results.ranking_metric(sheet.row.candidate.quantile)
    shown = sheet.importance.iloc[:SHOWN_COLUMNS]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.8 + 0.22 * len(shown)), layout="constrained")
        axes = figure.subplots()
        axes.barh(range(len(shown)), shown["mean"], xerr=shown["spread"], color=OURS, alpha=0.7)
        axes.set_yticks(range(len(shown)), [str(name)[:40] for name in shown.index])
        axes.invert_yaxis()
        axes.set_xlabel(f"{HEADINGS[metric]}: by how much it is worse if the column is shuffled")
        return svg(figure)
