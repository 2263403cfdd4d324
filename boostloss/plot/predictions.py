"""Pictures of what models predict: several quantiles, and probabilities of classes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.validation import as_column, as_floats, as_matrix, check_finite

DOTS = 1000  # more targets than this would cover the fan
MOST_CURVES = 8  # more classes than this are drawn together only
MISSED = "#c2410c"


def plot_quantiles(
    prediction: ArrayLike,
    levels: Sequence[float],
    y_true: ArrayLike | None = None,
    *,
    x: ArrayLike | None = None,
    groups: int = 50,
    ax: Axes | None = None,
) -> Axes:
    """A fan chart: intervals between quantiles, and the targets of the rows.

    Rows are taken together in groups of neighbours, of which the means are drawn, since other columns than `x` would
    make the edges of the fan ragged.

    Parameters
    ----------
    prediction : array-like of shape (n_samples, n_levels)
        As an estimator with a loss such as ``Quantile([0.05, 0.5, 0.95])`` predicts it.
    levels : sequence of float
        Of the columns, increasing. Between the first and the last is the outer interval, and so on inwards.
    y_true : array-like of shape (n_samples,), optional
        Targets; at most 1,000 are drawn. Those far beyond the fan may be out of sight, but they count in the share of
        targets within the outer interval that the legend tells.
    x : array-like of shape (n_samples,), optional
        A feature; by default the rows are in the order of their middle column.
    groups : int, default 50
        Of equally many rows.
    ax : matplotlib Axes, optional
        Where to draw; the current axes if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the shapes, or the levels, do not fit, or numbers are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from boostloss.plot import plot_quantiles
    >>> x = np.linspace(0.0, 1.0, 200)
    >>> prediction = np.stack([-x, 0 * x, x], axis=1)
    >>> plot_quantiles(prediction, [0.1, 0.5, 0.9], x * np.sin(99 * x), x=x)
    <Axes: xlabel='x', ylabel='target'>
    """
    f = as_matrix(prediction, "prediction", len(levels)).astype(np.float64)
    _check_rows(f, "prediction")
    if not all(0.0 < a < b < 1.0 for a, b in pairwise(levels)) or len(levels) < 2:
        raise ValueError(f"levels must be at least two between 0 and 1 that increase: {levels!r}.")
    k, n = len(levels), len(f)
    along = f[:, k // 2] if x is None else _column(x, "x", n)
    order = np.argsort(along, kind="stable")
    place = np.empty(n)
    place[order] = (np.arange(n) + 0.5) * 100.0 / n if x is None else along[order]
    parts = _parts(order, groups)
    ax = plt.gca() if ax is None else ax
    middle = np.array([place[part].mean() for part in parts])
    edges = np.array([f[part].mean(axis=0) for part in parts])
    for j in range(k // 2):
        low, high = edges[:, j], edges[:, k - 1 - j]
        name = f"{levels[j]:g} to {levels[k - 1 - j]:g}"
        ax.fill_between(middle, low, high, color=_tint((j + 1) / (k // 2 + 2)), lw=0, label=name)
    if k % 2:
        ax.plot(middle, edges[:, k // 2], color="C0", label=f"quantile {levels[k // 2]:g}")
    if y_true is not None:
        _targets(ax, place, _column(y_true, "y_true", n), f, order, edges)
    ax.set_xlabel("rows in the order of their middle prediction, %" if x is None else "x")
    ax.set_ylabel("target")
    _legend_above(ax)
    return ax


def _tint(strength: float) -> tuple[float, ...]:
    """The first colour, mixed with white: of transparent bands the inner ones would not look as in the legend."""
    return tuple(1.0 - strength * (1.0 - part) for part in to_rgb("C0"))


def _legend_above(ax: Axes) -> None:
    """The legend in room of its own, since a fan leaves no corner free."""
    lines = -(-len(ax.get_legend_handles_labels()[1]) // 2)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + (high - low) * 0.09 * lines)
    ax.legend(loc="upper center", ncols=2, markerscale=2, fontsize="small")


def _check_rows(values: NDArray[np.floating], name: str) -> None:
    if len(values) == 0:
        raise ValueError(f"{name} must have a row, got shape {values.shape}.")
    check_finite(values, name)


def _column(values: ArrayLike, name: str, n: int) -> NDArray[np.floating]:
    column = as_column(values, name)
    if len(column) != n:
        raise ValueError(f"{name} has {len(column)} rows, prediction has {n}.")
    check_finite(column, name)
    return column


def _parts(order: NDArray, groups: int) -> list[NDArray]:
    """Rows in their order, in groups of equally many."""
    return np.array_split(order, max(1, min(groups, len(order))))


def _targets(
    ax: Axes, place: NDArray, y: NDArray, f: NDArray, order: NDArray, edges: NDArray
) -> None:
    """Dots of some rows, in another colour outside of the outer interval, and the share of all that is within."""
    within = (f[:, 0] <= y) & (y <= f[:, -1])
    chosen = order[np.linspace(0, len(order) - 1, min(DOTS, len(order))).astype(int)]
    for inside, colour in ((True, "0.45"), (False, MISSED)):
        rows = chosen[within[chosen] == inside]
        share = np.mean(within == inside)
        name = f"targets {'within' if inside else 'outside'}, {share:.1%}"
        ax.plot(place[rows], y[rows], ".", ms=3, color=colour, label=name, zorder=1.5)
    low, high = float(edges.min()), float(edges.max())
    room = 0.5 * (high - low)
    if room > 0.0 and (y[chosen].min() < low - room or y[chosen].max() > high + room):
        ax.set_ylim(
            max(low - room, min(low, y[chosen].min())), min(high + room, max(high, y[chosen].max()))
        )


def plot_reliability(
    y_true: ArrayLike,
    probability: ArrayLike,
    *,
    classes: Sequence[Any] | None = None,
    groups: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Reliability curves: how often a class comes true, against how probable it was said to be.

    Rows are taken together in groups of similar probability. The legend tells the calibration error, the mean distance
    of a curve from the diagonal over the rows. Of more than two classes there is a curve for each of them against the
    others, and one for the most probable class of every row, whatever it is, whose error is the expected calibration
    error; of more than eight classes it is the only one.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    probability : array-like of shape (n_samples,) or (n_samples, n_classes)
        Of the second of two classes, or of every class, as ``predict_proba`` gives it.
    classes : sequence, optional
        The labels in the order of the columns, an estimator's ``classes_``; by default 0, 1, ...
    groups : int, default 10
        Of equally many rows.
    ax : matplotlib Axes, optional
        Where to draw; the current axes if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is none of the classes, or a probability is not finite.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks", ICML 2017; groups of equally many rows as
    in Nguyen & O'Connor, "Posterior calibration and exploratory analysis for natural language processing models",
    EMNLP 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from boostloss.plot import plot_reliability
    >>> p = np.linspace(0.01, 0.99, 500)
    >>> plot_reliability(np.random.default_rng(0).random(500) < p, p)
    <Axes: xlabel='predicted probability', ylabel='observed share'>
    """
    p = as_floats(probability, "probability")
    one = p.ndim == 1 or p.shape[1:] == (1,)
    p = np.stack([1.0 - p.ravel(), p.ravel()], axis=1) if one else as_matrix(p, "probability")
    _check_rows(p, "probability")
    labels, k = np.asarray(y_true), p.shape[1]
    names = list(range(k)) if classes is None else list(classes)
    if len(names) != k or labels.shape != (len(p),):
        raise ValueError(
            f"y_true has shape {labels.shape}, probability {p.shape}, and there are {len(names)} classes."
        )
    hits = np.stack([labels == name for name in names], axis=1)
    if not hits.any(axis=1).all():
        raise ValueError(
            f"y_true must hold the classes {names}, got {labels[~hits.any(axis=1)][0]!r}."
        )
    ax = plt.gca() if ax is None else ax
    ax.plot([0, 1], [0, 1], color="0.75", lw=0.8, zorder=1)
    if k == 2:
        _reliability_curve(ax, hits[:, 1], p[:, 1], groups, f"{names[1]}", color="C0")
    else:
        for j in range(k if k <= MOST_CURVES else 0):
            _reliability_curve(ax, hits[:, j], p[:, j], groups, f"{names[j]}", lw=1.0, ms=3)
        best = p.argmax(axis=1)
        rows = np.arange(len(p))
        most = "the most probable class"
        _reliability_curve(ax, hits[rows, best], p[rows, best], groups, most, color="0.1", lw=2)
    ax.set(xlabel="predicted probability", ylabel="observed share", aspect="equal")
    ax.legend(title="calibration error")
    return ax


def _reliability_curve(
    ax: Axes, hit: NDArray, p: NDArray, groups: int, name: str, **style: Any
) -> None:
    parts = _parts(np.argsort(p, kind="stable"), groups)
    said, seen = ([float(values[part].mean()) for part in parts] for values in (p, hit))
    share = [len(part) / len(p) for part in parts]
    error = float(np.abs(np.subtract(said, seen)) @ share)
    ax.plot(said, seen, "o-", **{"ms": 4} | style, label=f"{name}: {error:.1%}")
