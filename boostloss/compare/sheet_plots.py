"""The pictures of the winner's sheet."""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from boostloss.compare.metrics import HEADINGS, INTERVAL
from boostloss.compare.outcome import wanted_coverage
from boostloss.compare.plots import LINES, OURS, STYLE, WIDTH, svg
from boostloss.compare.results import Results, Row
from boostloss.compare.sheet import Sheet
from boostloss.plot import plot_quantiles, plot_reliability

SHOWN_COLUMNS = 15
MOST_SQUARES = 12  # more classes would make the numbers of what was taken for what too small
PARTS = {"train": "training rows", "stop": "early-stopping rows", "test": "test rows"}


def deciles(results: Results, row: Row) -> str:
    """Test rows in tenths by their prediction: residuals, or the observed share beside what is predicted."""
    y, prediction = results.pooled(row.candidate)
    quantile, binary = row.candidate.quantile, results.table.task == "binary"
    if row.candidate.distribution:
        _, predicted = results.pooled_distribution(row.candidate)
        quantile = 0.5 - 0.5 * INTERVAL, 0.5, 0.5 + 0.5 * INTERVAL
        prediction = np.transpose([predicted.ppf(level) for level in quantile])
    hits = y if binary else y <= prediction if prediction.ndim == 1 else _within(y, prediction)
    along = prediction if prediction.ndim == 1 else prediction[:, prediction.shape[1] // 2]
    parts = np.array_split(np.argsort(along, kind="stable"), 10)
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
            share = np.array([hits[part].mean() for part in parts])
            error = np.sqrt(share * (1 - share) / [len(part) for part in parts])
            wanted = [
                along[part].mean() if quantile is None else wanted_coverage(quantile)
                for part in parts
            ]
            axes.errorbar(place, share, yerr=error, fmt="o", ms=5, color=OURS, label="observed")
            axes.plot(
                place, wanted, "_", ms=14, color=LINES[1], label="predicted" if binary else "wanted"
            )
            axes.set_ylabel("share of rows")
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
        axes.set_xticks(place)
        axes.set_xlabel("tenth of the test rows, from the lowest predictions to the highest")
        return svg(figure)


def _within(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return (prediction[:, 0] <= y) & (y <= prediction[:, -1])


def fan(results: Results, row: Row) -> str:
    """The predicted quantiles and the targets of the test rows."""
    y, prediction = results.pooled(row.candidate)
    levels: Any = row.candidate.quantile
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
        axes = plot_quantiles(prediction, levels, y, ax=figure.subplots())
        axes.set(
            xlabel="test rows in the order of their middle prediction, %",
            ylabel=results.table.target,
        )
        return svg(figure)


def reliability(results: Results, row: Row) -> str:
    """How far the probabilities of the classes can be believed, and which classes are taken for which."""
    y, probability = results.pooled(row.candidate)
    names = [shortened(name, 12) for name in results.table.classes]
    few = len(names) <= MOST_SQUARES
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.0), layout="constrained")
        curves, *table = np.atleast_1d(figure.subplots(1, 1 + few))
        plot_reliability(y.astype(int), probability, ax=curves)
        handles, texts = curves.get_legend_handles_labels()
        curves.get_legend().remove()
        for k, name in enumerate(names if len(texts) > 1 else ()):
            texts[k] = f"{name}{texts[k].removeprefix(str(k))}"
        curves.set_title("Reliability")
        for squares in table:
            _confusion(squares, y.astype(int), probability.argmax(axis=1), names)
        title = "calibration error"
        figure.legend(handles, texts, loc="outside lower center", ncols=3, fontsize=8, title=title)
        return svg(figure)


def _confusion(axes: Any, y: np.ndarray, found: np.ndarray, names: list[str]) -> None:
    """Of the rows of every class the shares that were taken for each class."""
    k = len(names)
    counts = np.bincount(k * y + found, minlength=k * k).reshape(k, k)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Greys", vmin=0.0, vmax=1.6)  # letters stay readable on the darkest
    for i, j in np.ndindex(k, k):
        axes.text(j, i, f"{100 * share[i, j]:.0f}", ha="center", va="center", fontsize=8)
    axes.set(title="Taken for, % of a class", ylabel="class")
    axes.set_xticks(range(k), names, rotation=90 if max(map(len, names)) > 12 // k else 0)
    axes.set_yticks(range(k), names)
    axes.spines[:].set_visible(True)


def shortened(name: str, length: int) -> str:
    """A name that leaves room for the picture."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


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
