"""Rows that a loss has ignored although features predict their residuals.

A loss that redescends takes what is far from most rows for wrong labels. With too small a scale, or where boosting ends
too soon, a part of the table that features tell apart is taken for them as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from boostloss.boosting.libraries import Library
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


def ignored_rows(
    library: Library,
    given: Loss,
    loss: Loss,
    learned: Part,
    judged: Part,
    raw_prediction: Callable[[Part], NDArray],
    parameters: dict[str, Any],
    fit_options: dict[str, Any],
) -> str | None:
    """What is wrong if many rows have next to no influence in the last round although features predict their residuals.

    Parameters
    ----------
    library : Library
    given, loss : Loss
        As the user gives it, and as it was in the last round.
    learned, judged : Part
        Rows to learn the residuals from, and others to judge by.
    raw_prediction : callable
        Of the fitted model.
    parameters, fit_options : dict
        Of the library's own estimator and its `fit`: what it must know to read the table.
    """
    if not loss.valley:  # far rows keep their influence
        return None
    residual = judged.y - raw_prediction(judged)
    counted = judged.counts > 0.0
    ignored = counted & (influence(loss, residual) < NEGLIGIBLE)
    if np.count_nonzero(ignored) < max(FEWEST, MANY * np.count_nonzero(counted)):
        return None
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
    if (before - after)[counted].sum() <= PREDICTED * before[ignored].sum():
        return None
    remedy = (
        "graduated=True, a larger scale, scale='adaptive'" if given is loss else "a larger scale"
    )
    return (
        f"{given!r} gives about {ignored.sum() / counted.sum():.0%} of the rows next to no influence although features "
        f"predict their residuals: they may be a part of the data that it takes for wrong labels. Try {remedy}, more "
        "rounds, or a loss such as Huber in which far rows keep their influence."
    )


def influence(loss: Loss, residual: NDArray) -> NDArray:
    """The gradient per error, over its largest."""
    curvature = loss.gradient_hessian(np.zeros_like(residual), residual, curvature="majorizer")[1]
    return curvature / loss.largest_curvature
