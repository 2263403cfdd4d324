"""Pictures of whether predicted distributions are right."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.validation import as_column, check_finite

RANGE = 0.025, 0.975  # of what a right model would show in 95 of 100 tables


def plot_pit(
    y_true: ArrayLike, distribution: Any, *, bins: int = 20, ax: Axes | None = None
) -> Axes:
    """A histogram of the probabilities that distributions gave to values up to the targets: flat where they are right.

    It is high in the middle where they are too wide, at both ends where they are too narrow, and at one end where they
    are too high or too low. In the grey band lie 95 of 100 bars of a right model.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Targets of rows that have not trained.
    distribution : scipy.stats distribution with fixed parameters
        With a set of them for each row, as ``model.predict_distribution(X)`` returns it.
    bins : int, default 20
        From 2.
    ax : matplotlib Axes, optional
        Where to draw; the current axes if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the targets are not finite, or not as many as the distributions, or the bins are not such a number.

    References
    ----------
    Gneiting, Balabdaoui & Raftery, "Probabilistic forecasts, calibration and sharpness", JRSS B 2007.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.plot import plot_pit
    >>> y = np.random.default_rng(0).normal(size=1000)
    >>> plot_pit(y, bl.Normal().distribution(np.zeros((1000, 2))))
    <Axes: xlabel='probability of a value up to the target', ylabel='rows, %'>
    """
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 2:
        raise ValueError(f"bins must be a whole number from 2, got {bins!r}.")
    place = _places(y_true, distribution)
    ax = plt.gca() if ax is None else ax
    n = len(place)
    low, high = (100.0 * end[0] for end in _right(n, np.array([1.0 / bins])))
    ax.axhspan(low, high, color="0.85", lw=0, zorder=0)
    counts, edges = np.histogram(place, bins, (0.0, 1.0))
    ax.bar(
        edges[:-1], counts * (100.0 / n), 1.0 / bins, align="edge", color="C0", edgecolor="white"
    )
    ax.axhline(100.0 / bins, color="0.3", lw=1.0)
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("probability of a value up to the target")
    ax.set_ylabel("rows, %")
    return ax


def plot_coverage(y_true: ArrayLike, distribution: Any, *, ax: Axes | None = None) -> Axes:
    """The share of targets within central intervals of every level: on the diagonal where distributions are right.

    Below it intervals are too narrow. In the grey band lies a right model in 95 of 100 tables, at each level by itself.

    Parameters
    ----------
    y_true, distribution, ax
        As for `plot_pit`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the targets are not finite, or not as many as the distributions.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> from boostloss.plot import plot_coverage
    >>> y = np.random.default_rng(0).normal(size=1000)
    >>> plot_coverage(y, bl.Normal().distribution(np.zeros((1000, 2))))
    <Axes: xlabel='level of the interval, %', ylabel='targets within, %'>
    """
    reached = np.sort(
        np.abs(2.0 * _places(y_true, distribution) - 1.0)
    )  # the least level that holds it
    ax = plt.gca() if ax is None else ax
    levels, n = np.linspace(0.0, 1.0, 201), len(reached)
    low, high = _right(n, levels)
    ax.fill_between(100.0 * levels, 100.0 * low, 100.0 * high, color="0.85", lw=0)
    ax.plot([0.0, 100.0], [0.0, 100.0], color="0.3", lw=1.0)
    within = np.searchsorted(reached, levels, side="right") / n
    ninety = np.searchsorted(reached, 0.9, side="right") / n
    ax.plot(100.0 * levels, 100.0 * within, color="C0", label=f"of 90 %: {ninety:.1%}")
    ax.set_xlabel("level of the interval, %")
    ax.set_ylabel("targets within, %")
    ax.set_aspect("equal")
    ax.legend(loc="upper left", frameon=False)
    return ax


def _right(n: int, shares: NDArray) -> list[NDArray]:
    """The ends between which the shares of n rows lie that a right model would show."""
    from scipy.stats import binom

    return [binom(n, shares).ppf(end) / n for end in RANGE]


def _places(y_true: ArrayLike, distribution: Any) -> NDArray[np.float64]:
    """The distribution function of each row at its target."""
    y = as_column(y_true, "y_true")
    n = np.size(distribution.mean())
    if len(y) != n or n == 0:
        raise ValueError(f"y_true must have a target for each of {n} distributions, got {len(y)}.")
    check_finite(y, "y_true")
    with np.errstate(all="ignore"):  # of targets far out
        return np.asarray(distribution.cdf(y), np.float64)
