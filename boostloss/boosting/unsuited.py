"""A delta or scale that is far from the size of the residuals.

With one that is far too small a loss hardly learns: no row counts squared, and no step is longer than ten times the
number. With one that is far too large it is squared error.

The residuals of a fit shrink from those of the best constant to those of the rows that have trained, which vanish where
trees interpolate; those of new rows lie between. So a number is too small only beside the residuals after the last
round, and too large only beside those before the first: then it is wrong whatever has been learned.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.ignored import Part
from boostloss.losses.adaptive import ADAPTIVE, is_adaptive
from boostloss.losses.quantiles import EpsilonInsensitive
from boostloss.losses.scale import robust_scale
from boostloss.losses.sides import Asymmetric, Linex

# In robust standard deviations of residuals. Within the first lies one of a hundred normal residuals; a count of them
# would take the ties of a rounded target, or the luck of a few rows, for rows that count squared. Three deviations of
# the residuals are a sensible delta, and fewer deviations of the target. Beyond ten no normal target reaches; where so
# heavy tails do with a hundredth of the rows, the number has its use.
TOO_SMALL, TOO_LARGE, BEYOND = 0.0125, 10.0, 0.01


def unsuited_number(
    given: Any, loss: Any, rows: Part, raw_prediction: Callable[[Part], NDArray]
) -> str | None:
    """What is wrong with the number by which a loss tells near from far, if anything is.

    Parameters
    ----------
    given, loss : Loss
        As the user gives it, and as it was in the last round.
    rows : Part
        Some that have trained.
    raw_prediction : callable
        Of the fitted model.
    """
    base = loss.base if isinstance(loss, Asymmetric) else loss
    (name,) = base.given_parameters().keys() - {"alpha", "graduated"} or {None}
    if name is None or is_adaptive(getattr(given, name)) or getattr(loss, "alpha", 0.0) >= 2.0:
        return None
    value = getattr(loss, name)
    if isinstance(loss, Linex):
        value = 1.0 / abs(value)
    counted = rows.counts > 0.0
    target = (rows.y if rows.start is None else rows.y - rows.start)[counted]
    before = target - np.median(target)
    small, large = value < TOO_SMALL * robust_scale(before), is_too_large(value, before)
    if not small and not large:
        return None
    after = (rows.y - raw_prediction(rows))[counted]
    if small and value >= TOO_SMALL * robust_scale(after):
        return None
    size, effect = "large", "it is squared error"
    if small:
        size, effect = "small", "its steps are short and it learns slowly"
    if isinstance(loss, EpsilonInsensitive):
        size, effect = (
            ("small", "it is absolute error") if small else ("large", "it counts no error")
        )
    within = f"{np.mean(np.abs(after) <= value):.0%} of the rows have an error within"
    if isinstance(loss, Linex):
        size, effect = ("large", "a few rows decide") if small else ("small", effect)
        suited = 1.0 / (robust_scale(after) or 1.0)
        return (
            f"{given!r} has an a far too {size} for this target: after the last round {within} 1 / |a|, so that "
            f"{effect}. An a of about {float(f'{suited:.2g}'):g} would be of the size of their errors."
        )
    article = "an" if name == "epsilon" else "a"
    adaptive = getattr(given, "base", given).with_parameters(**{name: ADAPTIVE})
    suited = getattr(adaptive.fitted(after), name)
    return (
        f"{given!r} has {article} {name} far too {size} for this target: after the last round {within} it, so "
        f"that {effect}. {article.title()} {name} of about {float(f'{suited:.2g}'):g} would suit their errors; "
        f"{type(base).__name__} without a number adapts."
    )


def is_too_large(value: float, before: NDArray) -> bool:
    """Whether next to no row was ever beyond the number."""
    off = before[before != 0.0]  # most targets may be one value
    size = robust_scale(off) if len(off) else 0.0
    return bool(value > TOO_LARGE * size > 0.0 and np.mean(np.abs(before) > value) < BEYOND)
