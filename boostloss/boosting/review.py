"""What is said of a fit when it is over: what the fit does not show, such as a loss that does not suit its target."""

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from numpy.typing import NDArray

from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.ignored import Part, ignored_rows
from boostloss.boosting.libraries import Library
from boostloss.boosting.start import user_level
from boostloss.boosting.unsuited import unsuited_number
from boostloss.losses.adaptive import Adaptable
from boostloss.losses.sides import Asymmetric, Linex

REVIEWED = (
    Adaptable,
    Asymmetric,
    Linex,
)  # which have a number, in the unit of the target or its inverse


def review_rounds(library: Library, loss: Any, model: Any) -> None:
    """Warn if the first round alone is kept of those that were trained.

    Parameters
    ----------
    library : Library
    loss : Loss
    model : estimator
        Fitted, of the library's drop-in ones.
    """
    trained = 0
    with suppress(
        Exception
    ):  # XGBoost has no best round, or tells nothing of it, unless this fit has stopped early
        if library.kept_rounds(model) == 1:
            history = library.metric_history(model)
            trained = max(len(each) for metrics in history.values() for each in metrics.values())
    if trained > 1:
        warnings.warn(
            f"{loss!r} was trained for {trained} rounds, of which only the first is kept: on the rows to stop by no "
            "later one was better, and the model predicts little more than a constant. If the features should tell "
            f"more, let more rounds pass without an improvement ({library.early_stopping}).",
            UserWarning,
            stacklevel=user_level(),
        )


def review_fit(
    library: Library,
    objective: Any,
    parts: Callable[[], list[Part]],
    raw_prediction: Callable[[Part], NDArray],
    parameters: dict[str, Any] | None = None,
    **fit_options: Any,
) -> None:
    """Warn if the number of a loss does not suit the target, or else if it has ignored rows that features predict.

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
    given = loss = objective
    if isinstance(objective, Adaptation):
        given, loss = objective.loss, objective.fixed
    if not isinstance(loss, REVIEWED):  # nor adaptive still: no round has begun
        return
    text = None
    with suppress(Exception):  # a fit that has succeeded must not fail by what is said of it
        learned, judged = parts()
        text = unsuited_number(given, loss, judged, raw_prediction)
        text = text or ignored_rows(
            library, given, loss, learned, judged, raw_prediction, parameters or {}, fit_options
        )
    if text:
        warnings.warn(text, UserWarning, stacklevel=user_level())
