"""Exposure: for how long, or how often, a row could have had what its target counts.

With an exposure e the mean of the target is e times the prediction. The deviance of a Tweedie distribution, Poisson's
and Gamma's among them, is homogeneous: of y and e mean it is e^(2 - power) times that of y / e and the mean. So a row
is one of the rate y / e that weighs e^(2 - power). That is the same as an offset of log e, for the best constant, in
training and for early stopping, and the model predicts rates.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.boosting.targets import of_sets
from boostloss.losses.base import Loss
from boostloss.losses.validation import as_column, check_weight


def rate(
    loss: Loss | None, y: ArrayLike, weight: ArrayLike | None, exposure: ArrayLike, name: str
) -> tuple[NDArray, NDArray]:
    """The rates of the rows, and what they weigh.

    Raises
    ------
    ValueError
        If the loss has no such rates, there is no exposure, or one is not positive and finite.
    """
    power = getattr(loss, "deviance_power", None)
    if power is None:
        raise ValueError(
            f"{name} needs Poisson, Gamma or Tweedie as the loss, got {loss!r}. For others with the link log give "
            "the logarithm of the exposure as base_margin, init_score or baseline."
        )
    if exposure is None:
        raise ValueError(f"{name} must be given for all rows if for any, got None.")
    counts, units = as_column(y, "y"), as_column(exposure, name).astype(np.float64)
    if len(units) != len(counts):
        raise ValueError(f"{name} has {len(units)} rows, its target has {len(counts)}.")
    with np.errstate(all="ignore"):  # of what is refused, here or by the loss
        rates, factor = counts / units, units ** (2.0 - power)
        if weight is not None:
            factor = factor * check_weight(weight, len(counts))
    wrong = ~((units > 0.0) & (units < np.inf)) | (np.isinf(rates) & np.isfinite(counts))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{name} must be positive and finite, got {units[row]} in row {row}; the rate of its target, "
            f"{counts[row]}, must be finite too."
        )
    return rates, factor


def rates_of_sets(
    loss: Loss | None,
    sets: list[tuple[Any, Any]],
    weights: Any,
    exposures: Any,
    name: str = "eval_exposure",
) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """Evaluation sets with rates as targets, and their weights."""
    if sets and exposures is None:
        raise ValueError(f"{name} must be given for the evaluation sets where exposure is.")
    given = zip(
        sets,
        of_sets("the weights", weights, len(sets)),
        of_sets(name, exposures, len(sets)),
        strict=True,
    )
    made = [
        (X, *rate(loss, y, weight, units, f"{name}[{i}]"))
        for i, ((X, y), weight, units) in enumerate(given)
    ]
    return [(X, y) for X, y, _ in made], [weight for _, _, weight in made]


def takes_exposure(
    parent: Callable[..., Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As `functools.wraps` of a parent's `fit`, with the two arguments that ours takes besides in its signature."""

    def decorate(fit: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(parent)
        given = list(signature.parameters.values())
        rest = [given.pop()] if given[-1].kind is inspect.Parameter.VAR_KEYWORD else []
        ours = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
            for name in ("exposure", "eval_exposure")
        ]
        wrapped = wraps(parent)(fit)
        wrapped.__signature__ = signature.replace(parameters=[*given, *ours, *rest])  # type: ignore[attr-defined]
        return wrapped

    return decorate
