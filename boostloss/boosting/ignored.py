"""A warning, when a fit is over, of rows that the loss has ignored although features predict their residuals.

A loss that redescends takes what is far from most rows for wrong labels. With too small a scale, or where boosting ends
too soon, a part of the table that features tell apart is taken for them as well.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.libraries import Library
from boostloss.boosting.start import user_level
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.barron import Barron
from boostloss.losses.base import Loss
from boostloss.losses.validation import as_column

# How many rows at most show whether residuals are predicted, and from how many these are learned.
HALF = 1000
NEGLIGIBLE = 0.1  # the influence of a row over the largest one, below which it is ignored
MANY = 0.05  # the share of ignored rows from which on they are examined
FEWEST = 10  # as many ignored rows at least; fewer could be predicted by chance
# The share of the ignored residuals that must be predicted. Of wrong labels, skewed noise, and noise whose width
# depends on a feature it was at most 0, since the other rows lose; of parts of a table at another level 0.8 to 0.97;
# and of a sixteenth of the rows, beside wrong labels in a tenth, 0.2 to 0.45.
PREDICTED = 0.25


@dataclass
class Part:
    """Some rows, as a library takes them; `start` is where boosting started, where the library was told so."""

    X: Any
    y: NDArray
    counts: NDArray[np.floating]  # 0 where the weight is 0, else 1
    start: NDArray | None

    def to_learn(self, residual: NDArray) -> dict[str, Any]:
        """What an estimator of the library learns residuals from."""
        return {"X": self.X, "y": residual, "sample_weight": self.counts}

    def above(self, intercept: float) -> NDArray | float:
        """The start less what the model itself adds of it."""
        return 0.0 if self.start is None else self.start - intercept


def table_parts(X: Any, y: Any, sample_weight: Any, start: Any) -> list[Part]:
    """Two random parts of a table of any kind."""
    y = as_column(y)
    half = min(HALF, len(y) // 2)
    rows = np.arange(len(y))
    *tables, first, second = train_test_split(
        X, rows, train_size=half, test_size=half, random_state=0
    )
    weight = np.ones(len(y)) if sample_weight is None else as_column(sample_weight)
    start = None if start is None else as_column(start)
    return [
        Part(table, y[rows], np.sign(weight[rows]), None if start is None else start[rows])
        for table, rows in zip(tables, (first, second), strict=True)
    ]


def may_ignore(loss: Any) -> bool:
    """Whether far rows lose their influence, or may do so where the shape is adaptive."""
    if isinstance(loss, Adaptive):
        return issubclass(loss.kind, Barron)
    return isinstance(loss, Barron) and loss.parameters[0] < 1.0


def warn_of_ignored_rows(
    library: Library,
    objective: Any,
    parts: Callable[[], list[Part]],
    raw_prediction: Callable[[Part], NDArray],
    parameters: dict[str, Any] | None = None,
    **fit_options: Any,
) -> None:
    """Warn if many rows have next to no influence in the last round, although features predict their residuals.

    Parameters
    ----------
    library : Library
    objective : object
        The loss, or the adaptation of it.
    parts : callable
        Gives rows to learn from and others to judge by.
    raw_prediction : callable
        Of the fitted model.
    parameters : dict, optional
        Of the library's own estimator: what it must know to read the table.
    **fit_options
        The same for its `fit`.
    """
    given, loss = objective, objective
    if isinstance(objective, Adaptation):
        given, loss = objective.loss, objective.fixed
    if isinstance(loss, Adaptive) or not may_ignore(loss):  # adaptive still: no round has begun
        return
    share = 0.0
    with suppress(Exception):  # a fit that has succeeded must not fail by what is said of it
        share = ignored_share(library, loss, parts(), raw_prediction, parameters or {}, fit_options)
    if share:
        remedy = "a larger scale, scale='adaptive'" if given is loss else "a larger scale"
        warnings.warn(
            f"{given!r} gives about {share:.0%} of the rows next to no influence although features predict their "
            f"residuals: they may be a part of the data that it takes for wrong labels. Try {remedy}, more rounds, or "
            "a loss such as Huber in which far rows keep their influence.",
            UserWarning,
            stacklevel=user_level(),
        )


def ignored_share(
    library: Library,
    loss: Loss,
    parts: list[Part],
    raw_prediction: Callable[[Part], NDArray],
    parameters: dict[str, Any],
    fit_options: dict[str, Any],
) -> float:
    """The share of the rows that are ignored although features predict their residuals; 0 if it is small."""
    learned, judged = parts
    residual = judged.y - raw_prediction(judged)
    counted = judged.counts > 0.0
    ignored = counted & (influence(loss, residual) < NEGLIGIBLE)
    if np.count_nonzero(ignored) < max(FEWEST, MANY * np.count_nonzero(counted)):
        return 0.0
    settings = {library.rounds: 20, library.learning_rate: 0.3, "max_depth": 3}
    settings |= {library.threads: 1, library.seed: 0}
    absolute = library.own_objectives["regression"][1]
    settings |= dict(library.settings) | library.parameters(absolute) | parameters
    probe = library.estimator("regression", own=True)(**settings)
    rows = learned.to_learn(learned.y - raw_prediction(learned))
    probe.fit(**rows, **library.fit_options(), **fit_options)
    before, after = np.abs(residual), np.abs(residual - probe.predict(judged.X))
    limit = 2.0 * np.median(before[ignored])  # or one wrong label could outweigh all others
    before, after = np.minimum(before, limit), np.minimum(after, limit)
    # What the other rows lose counts as well.
    gain = (before - after)[counted].sum() / before[ignored].sum()
    return float(ignored.sum() / counted.sum()) if gain > PREDICTED else 0.0


def influence(loss: Loss, residual: NDArray) -> NDArray:
    """The gradient per error, over its largest."""
    curvature = loss.gradient_hessian(np.zeros_like(residual), residual, curvature="majorizer")[1]
    return curvature / loss.largest_curvature
