"""What is said of a fit when it is over: a loss does not suit a target, which the fit itself does not show."""

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
