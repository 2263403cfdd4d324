"""Pictures of losses and of their adaptation."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Curvature, Loss
from boostloss.losses.harmonizing import Harmonized
from boostloss.losses.validation import as_floats


def plot_loss(*losses: Loss, at: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """The loss of one row.

    Parameters
    ----------
    *losses : Loss
        All of one task and one link: of the error, or of the raw prediction for a row of label 1, of target 1 where the
        link is the logarithm, or of target 0.5 where it is the logit. Those of one class are coloured from dark to
        light, in their order, and named by the parameters in which they differ.
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
        If there is no loss, or losses of different tasks or links, or one whose parameters are adaptive.

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.plot import plot_loss
    >>> plot_loss(bl.Huber(1.0), bl.Cauchy(1.0), bl.Quantile(0.9))
    <Axes: xlabel='error', ylabel='loss'>
    """
    return _curves(losses, at, ax, "loss", lambda loss, y, f: loss.loss(y, f))


def plot_gradient(*losses: Loss, at: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """The gradient of one row, which is the influence of an error.

    Parameters
    ----------
    *losses, at, ax
        As for `plot_loss`.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.plot import plot_gradient
    >>> plot_gradient(bl.Huber(1.0), bl.Cauchy(1.0))
    <Axes: xlabel='error', ylabel='gradient'>
    """
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
        As for `plot_loss`. The majorizer of a quantile depends on all of ``at``, as on all residuals in training.
    curvature : {"exact", "majorizer"}, optional
        By default both: the majorizer as a line, the exact curvature dashed in the same colour.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.plot import plot_curvature
    >>> plot_curvature(bl.Logistic(), bl.Focal(2.0), curvature="exact")
    <Axes: xlabel='raw prediction of a row of label 1', ylabel='exact curvature'>
    """
    if curvature is None:
        name = "curvature: majorizer, exact (dashed)"
        ax = _curves(losses, at, ax, name, _bend("majorizer"), _bend("exact"))
    else:
        ax = _curves(losses, at, ax, f"{curvature} curvature", _bend(curvature))
    # These curves leave no corner free: the legend goes above them.
    title, labels = _names(losses)
    columns = 2 if title else 1
    ax.legend(title=title, loc="upper center", ncols=columns)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + (high - low) * 0.07 * (columns + len(labels) / columns))
    return ax


def plot_adaptation(adapted: Any, ax: Axes | None = None) -> Axes:
    """The parameters of an adaptive loss by boosting round.

    Parameters
    ----------
    adapted : estimator or mapping
        A fitted estimator of boostloss with an adaptive loss, or its ``adaptation_``: an array for each parameter.
    ax : matplotlib Axes, optional
        Where to draw; the current axes if not given. A second parameter has its own scale on the right, on twin axes.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If it is neither.

    Examples
    --------
    >>> from boostloss.plot import plot_adaptation
    >>> plot_adaptation({"alpha": [1.0, 0.5, 0.0], "scale": [2.0, 1.5, 1.25]})
    <Axes: xlabel='boosting round', ylabel='alpha'>
    """
    history = getattr(adapted, "adaptation_", adapted)
    if not isinstance(history, Mapping) or not history:
        raise TypeError(
            "adapted must be an estimator fitted with an adaptive loss, or its adaptation_, "
            f"got {adapted!r}."
        )
    ax = plt.gca() if ax is None else ax
    for k, (name, values) in enumerate(history.items()):
        side = ax.twinx() if k else ax
        side.plot(np.arange(1, len(values) + 1), values, color=f"C{k}", drawstyle="steps-post")
        side.set_ylabel(name, color=f"C{k}")
        side.tick_params(axis="y", labelcolor=f"C{k}")
    ax.set_xlabel("boosting round")
    ax.figure.sca(ax)  # which the twin has taken over
    return ax


def _bend(curvature: Curvature) -> Callable[[Loss, NDArray, NDArray], NDArray]:
    return lambda loss, y, f: loss.gradient_hessian(y, f, curvature=curvature)[1]


def _rows(loss: Loss, at: ArrayLike | None) -> tuple[NDArray, NDArray]:
    """Raw predictions and targets: errors of a target of 0, or raw predictions of another target."""
    x = np.linspace(-6.0, 6.0, 601) if at is None else as_floats(at, "at").astype(float)
    return x, np.full_like(x, _target(loss))


def _target(loss: Loss) -> float:
    """That of the row: label 1, or what the link takes to 0."""
    return 1.0 if loss.task == "binary" else {"log": 1.0, "logit": 0.5}.get(loss.link_name, 0.0)


def _curves(
    losses: tuple[Loss, ...],
    at: ArrayLike | None,
    ax: Axes | None,
    quantity: str,
    evaluate: Callable[[Loss, NDArray, NDArray], NDArray],
    dashed: Callable[[Loss, NDArray, NDArray], NDArray] | None = None,
) -> Axes:
    if not losses or not all(isinstance(loss, Loss) for loss in losses):
        raise TypeError(f"losses must be Loss objects such as boostloss.Huber(), got {losses!r}.")
    tasks = {loss.task for loss in losses}
    if len(tasks) > 1:
        raise ValueError(f"losses must be of one task, got {losses!r}.")
    if len({loss.link_name for loss in losses}) > 1:
        raise ValueError(f"losses must have one link, got {losses!r}.")
    adaptive = [loss for loss in losses if isinstance(loss, Adaptive)]
    if adaptive:
        raise ValueError(
            f"losses must have numbers as parameters, as in {adaptive[0].example!r}, got {adaptive[0]!r}."
        )
    for loss in losses:
        if isinstance(loss, Harmonized):
            raise ValueError(
                f"losses must not depend on the other rows, got {loss!r}: {loss.of_row!r} is that of a row."
            )
        if loss.n_outputs > 1:
            raise ValueError(
                f"losses must have one raw prediction a row, got {loss!r}: `plot_pit` and `plot_coverage` show how "
                "predicted distributions fit."
            )
    ax = plt.gca() if ax is None else ax
    title, labels = _names(losses)
    shades = np.linspace(0.0, 0.85, len(losses))  # yellow would be lost on white
    for loss, label, shade in zip(losses, labels, shades, strict=True):
        x, y = _rows(loss, at)
        (line,) = ax.plot(x, evaluate(loss, y, x), label=label)
        if title:
            line.set_color(plt.get_cmap("viridis")(shade))
        if dashed:
            ax.plot(x, dashed(loss, y, x), "--", color=line.get_color())
    xlabel = "raw prediction of a row of label 1" if tasks == {"binary"} else "error"
    if tasks == {"regression"} and losses[0].link_name != "identity":
        xlabel = f"raw prediction of a row of target {_target(losses[0]):g}"
    ax.set(xlabel=xlabel, ylabel=quantity)
    ax.legend(title=title)
    return ax


def _names(losses: tuple[Any, ...]) -> tuple[str | None, list[str]]:
    """The legend: of losses of one class, what they share as its title and what differs as their names."""
    parameters = [{f.name: getattr(x, f.name) for f in fields(x) if f.repr} for x in losses]
    kinds = [type(loss).__name__ for loss in losses]
    differ = {key for row in parameters for key in row if row[key] != parameters[0].get(key)}
    if len(set(kinds)) > 1 or not differ:
        return None, [f"{kind}({_text(row)})" for kind, row in zip(kinds, parameters, strict=True)]
    shared = {key: value for key, value in parameters[0].items() if key not in differ}
    own = [{key: row[key] for key in row if key in differ} for row in parameters]
    return ", ".join(filter(None, [kinds[0], _text(shared)])), [_text(row) for row in own]


def _text(parameters: dict[str, Any]) -> str:
    return ", ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in parameters.items()
    )
