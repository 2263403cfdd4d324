"""How many digits a formula keeps: its compiled arithmetic against the same in mpmath, at many digits."""

import importlib.util
import math
import sys
import warnings
from typing import Any

import numpy as np

from boostloss.autodiff.jets import Jet, first, second, value, variable
from boostloss.losses.shape import at

ENOUGH = 6  # digits: nearly those that float32 holds
POINTS = np.concatenate([10.0 ** np.arange(-8.0, 9.0), [0.3, 2.0, 5.0, 20.0, 50.0, 300.0, 700.0]])
POINTS = np.unique(np.concatenate([-POINTS, POINTS]))
PRECISION = 60  # digits of mpmath, enough for every cancellation at these points


def lost_digits(loss: Any) -> tuple[int, float, float, str] | None:
    """The fewest digits that are right, the range of sizes where they are too few, and of what; None where all is well.

    An infinite or missing result where the exact one is a double has no digits. Errors count beside a millionth of
    the value, and a billionth of the derivatives, at 1, since no sum over rows knows smaller ones; those of a Hessian
    beside gradient / variable too.
    """
    import mpmath as mp

    x = POINTS if loss.kind == "error" else POINTS[np.abs(POINTS) <= 700.0]
    target = {"target": 1.0}.get(loss.kind)
    columns = at(loss, x, target)
    bad: list[tuple[float, int, str]] = []
    with mp.workdps(PRECISION):
        parameters = {name: mp.mpf(number) for name, number in loss.given.items()}
        unit = exact(loss, mp.mpf(1), target, parameters) or Jet(0, 0, 0)
        least = abs(unit.value) / 10**6, abs(unit.first) / 10**9, abs(unit.second) / 10**9
        for i, place in enumerate(x.tolist()):
            jet = exact(loss, mp.mpf(place), target, parameters)
            if jet is None:
                continue
            slope, bend = abs(first(jet) or 0), abs(second(jet) or 0)
            scales = abs(value(jet)), slope, max(bend, slope / abs(mp.mpf(place)))
            scales = tuple(map(max, scales, least))
            numbers = value(jet), first(jet) or 0, second(jet) or 0
            for name, column, true, scale in zip(
                ("value", "gradient", "Hessian"), columns, numbers, scales, strict=False
            ):
                if not 1e-290 < scale < 1e290:
                    continue
                found = float(column[i])
                wrong = abs(mp.mpf(found) - true) / scale if math.isfinite(found) else mp.inf
                digits = 0 if wrong >= 1 else int(-mp.log10(wrong)) if wrong else 16
                if digits < ENOUGH:
                    bad.append((abs(place), digits, name))
    if not bad:
        return None
    sizes = [size for size, _, _ in bad]
    names = dict.fromkeys(name for _, _, name in bad)
    return min(digits for _, digits, _ in bad), min(sizes), max(sizes), ", ".join(names)


def exact(loss: Any, x: Any, target: float | None, parameters: dict[str, Any]) -> Any:
    """The jet of the value in mpmath; None where it has none, as at the end of its domain."""
    data = {"target": target, "raw_prediction": variable(x)} if target else {loss.kind: variable(x)}
    try:
        jet = loss.trace.replay(data | parameters)
        members = [value(jet), first(jet) or 0, second(jet) or 0]
        if any(not -math.inf < float(m) < math.inf for m in members):
            return None
    except (ArithmeticError, TypeError, ValueError):
        return None
    return Jet(*members)


def level() -> int:
    """The `stacklevel`, for the caller, of the code outside of this package."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("boostloss."):
        depth, frame = depth + 1, frame.f_back
    return depth


def warn_of_lost_digits(loss: Any) -> None:
    """Warn where the formula of a loss loses more digits than its derivatives can spare; needs mpmath."""
    if importlib.util.find_spec("mpmath") is None:
        return
    found = lost_digits(loss)
    if found is None:
        return
    digits, low, high, names = found
    what = {"error": "|error|", "margin": "|margin|"}.get(loss.kind, "|raw prediction| at target 1")
    span = f"{low:g}" if low == high else f"{low:g}..{high:g}"
    warnings.warn(
        f"{type(loss).__name__}: of its {names}, {digits} digits are right for {what} {span}. Differences of nearly "
        "equal numbers, overflow and logarithms of numbers near 0 lose digits: log1p, expm1, softplus, logaddexp and "
        "expit of boostloss.ops keep them.",
        UserWarning,
        stacklevel=level(),
    )
