"""Pictures of losses and of their adaptation, on matplotlib axes that are given or new.

>>> plot_loss(Huber(), Cauchy(), Quantile(0.9))
>>> plot_adaptation(fitted_estimator)
"""

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from boostloss.loss import Curvature, Loss

__all__ = ["plot_adaptation", "plot_curvature", "plot_gradient", "plot_loss"]


def plot_loss(*losses: Loss, at: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """The loss of one row.

    Parameters
    ----------
    *losses : Loss
        All of one task: of the error, or of the raw prediction for a row of label 1.
    at : array-like of shape (n,), optional
        Errors or raw predictions, ascending; by default from -6 to 6.
    ax : matplotlib Axes, optional
        Where to draw; the current axes if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If there is no loss, or losses of different tasks, or one whose parameters are adaptive.
    """
    return _curves(losses, at, ax, "loss", lambda loss, y, f: loss.loss(y, f))


def plot_gradient(*losses: Loss, at: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """The gradient of one row, which is the influence of an error; parameters as for `plot_loss`."""
    return _curves(losses, at, ax, "gradient", lambda loss, y, f: loss.gradient_hessian(y, f)[0])


def plot_curvature(
    *losses: Loss,
    curvature: Curvature | None = None,
    at: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The curvature of one row.

    Parameters
    ----------
    *losses, at, ax
        As for `plot_loss`.
    curvature : {"exact", "majorizer"}, optional
        By default both: the majorizer as a line, the exact curvature dashed in the same colour.

    Returns
    -------
    matplotlib Axes
    """
    if curvature is not None:
        return _curves(losses, at, ax, f"{curvature} curvature", _bend(curvature))
    ax = _curves(losses, at, ax, "curvature", _bend("majorizer"))
    colors = [line.get_color() for line in ax.lines[-len(losses) :]]
    for loss, color in zip(losses, colors, strict=True):
        x, y = _rows(loss, at)
        ax.plot(x, _bend("exact")(loss, y, x), "--", color=color)
    ax.plot([], [], "-", color="gray", label="majorizer")
    ax.plot([], [], "--", color="gray", label="exact")
    ax.legend()
    return ax


def plot_adaptation(adapted: Any, ax: Axes | None = None) -> Axes:
    """The parameters of an adaptive loss by boosting round.

    Parameters
    ----------
    adapted : estimator or mapping
        A fitted estimator of boostloss with an adaptive loss, or its ``adaptation_``: an array for each parameter.
    ax : matplotlib Axes, optional
        Where to draw; the current axes if not given.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If it is neither.
    """
    history = getattr(adapted, "adaptation_", adapted)
    if not isinstance(history, Mapping) or not history:
        raise TypeError(
            "adapted must be an estimator fitted with an adaptive loss, or its adaptation_, "
            f"got {adapted!r}."
        )
    ax = plt.gca() if ax is None else ax
    for name, values in history.items():
        ax.plot(np.arange(1, len(values) + 1), values, label=name)
    ax.set(xlabel="boosting round", ylabel="estimate")
    ax.legend()
    return ax


def _bend(curvature: Curvature) -> Callable[[Loss, NDArray, NDArray], NDArray]:
    return lambda loss, y, f: loss.gradient_hessian(y, f, curvature=curvature)[1]


def _rows(loss: Loss, at: ArrayLike | None) -> tuple[NDArray, NDArray]:
    """Raw predictions and targets: errors of a target of 0, or scores of a label of 1."""
    x = np.linspace(-6.0, 6.0, 601) if at is None else np.asarray(at, dtype=float)
    return x, np.full_like(x, loss.task == "binary")


def _curves(
    losses: tuple[Loss, ...],
    at: ArrayLike | None,
    ax: Axes | None,
    quantity: str,
    evaluate: Callable[[Loss, NDArray, NDArray], NDArray],
) -> Axes:
    if not losses or not all(isinstance(loss, Loss) for loss in losses):
        raise TypeError(f"losses must be Loss objects such as boostloss.Huber(), got {losses!r}.")
    tasks = {loss.task for loss in losses}
    if len(tasks) > 1:
        raise ValueError(f"losses must be of one task, got {losses!r}.")
    adaptive = [loss for loss in losses if getattr(loss, "adaptive", None)]
    if adaptive:
        raise ValueError(f"losses must have numbers as parameters, got {adaptive[0]!r}.")
    ax = plt.gca() if ax is None else ax
    for loss in losses:
        x, y = _rows(loss, at)
        ax.plot(x, evaluate(loss, y, x), label=repr(loss))
    xlabel = "raw prediction of a row of label 1" if tasks == {"binary"} else "error"
    ax.set(xlabel=xlabel, ylabel=quantity)
    ax.legend()
    return ax
