"""What a loss looks like, by its value and derivatives on a grid: where it is least, how far it is convex."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.rows import (
    GRADIENT,
    HESSIAN,
    LOSS,
    MAJORIZER,
    Computation,
    Rows,
    compute_numpy,
)

SIZES = 10.0 ** np.linspace(-6.0, 6.0, 481)
GRID = np.concatenate([-SIZES[::-1], [0.0], SIZES])
SCORES = np.linspace(-30.0, 30.0, 1201)


@dataclass(frozen=True)
class Shape:
    """What a grid shows of a loss.

    Attributes
    ----------
    minimiser : float
        The error or the margin of the least loss; infinite if the loss falls for ever. Of a loss of target and
        prediction 0 if it is least at the target, else NaN.
    convex : bool
    reach : float
        The distance from the minimiser up to which the loss is convex.
    largest_curvature : float
        Of the loss of a label; of others the curvature at the minimiser, or 1.
    corner : bool
        Whether the slope jumps.
    flat : float
        The share of the grid on which the Hessian is 0.
    """

    minimiser: float
    convex: bool
    reach: float
    largest_curvature: float
    corner: bool
    flat: float


def at(loss: Any, x: NDArray, y: Any = None, formula: Any = None, *further: float) -> list[NDArray]:
    """Loss, gradient, Hessian and curvature at errors or margins, or at raw predictions for a target."""
    kind = loss.kind
    target = np.full_like(x, {"error": 0.0, "margin": 1.0}.get(kind, y))
    parameters = (*loss.given.values(), math.nan, *further)
    formula = loss.formula if formula is None else formula
    pairs = (LOSS, GRADIENT), (HESSIAN, MAJORIZER)
    return [
        column
        for pair in pairs
        for column in compute_numpy(Computation(formula, pair, parameters), Rows(target, x), float)
    ]


@lru_cache(maxsize=256)
def shape_of(loss: Any) -> Shape:
    """The shape of a loss of one's own."""
    targets: list[Any] = [None]
    if loss.kind == "target":
        targets = {"identity": [-2.0, 0.5, 3.0], "logit": [0.0, 1.0]}.get(
            loss.prediction_link.name, [0.25, 1.0, 4.0]
        )
    x = SCORES if loss.kind != "error" else GRID
    curves = [at(loss, x, y) for y in targets]
    convex, corner, flat = True, False, 0.0
    for value, slope, bend, _ in curves:
        known = np.isfinite(value) & np.isfinite(slope)
        rise = np.diff(slope[known])
        tolerance = 1e-9 * (np.abs(slope[known]).max(initial=0.0) + 1e-300)
        convex &= bool((rise >= -tolerance).all())
        smooth = 0.5 * (bend[known][1:] + bend[known][:-1]) * np.diff(x[known])
        change = np.abs(slope[known]).max(initial=0.0)
        corner |= bool(
            (np.abs(rise - smooth) > 0.2 * change).any()
            and corner_at(loss, x[known], rise - smooth, targets[0])
        )
        flat = max(flat, float((bend[known] == 0.0).mean()) if known.any() else 0.0)
    if loss.kind == "target":
        minimiser = 0.0 if least_at_target(loss, targets) else math.nan
    else:
        minimiser = least(loss, x, curves[0][0])
    reach = math.inf if convex else convex_reach(x, curves[0][1], minimiser)
    return Shape(minimiser, convex, reach, largest(loss, x, targets), corner, flat)


def least(loss: Any, x: NDArray, value: NDArray) -> float:
    """Where the loss is least: of a flat stretch the middle, or its end where it never rises again."""
    value = np.where(np.isnan(value), np.inf, value)
    lowest = value.min()
    near = np.flatnonzero(value <= lowest + 1e-12 * abs(lowest) + 1e-300)
    first, last = near[0], near[-1]
    if loss.kind == "margin" and last == len(x) - 1:
        # A stretch of exact zeros begins somewhere; else the loss falls on.
        slope = at(loss, x[near])[1]
        return float(x[first]) if (slope == 0.0).all() and first > 0 else math.inf
    if first == 0 or last == len(x) - 1:
        return -math.inf if first == 0 else math.inf
    if first != last:
        middle = 0.5 * (x[first] + x[last])
        return (
            0.0
            if x[first] <= 0.0 <= x[last] and abs(middle) < 1e-3 * (x[last] - x[first])
            else float(middle)
        )
    if x[first] == 0.0:
        return 0.0
    low, high = float(x[first - 1]), float(x[last + 1])
    for _ in range(100):  # the slope changes its sign in between
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at(loss, np.array([middle]))[1][0] < 0.0 else (low, middle)
    return 0.5 * (low + high)


def least_at_target(loss: Any, targets: list[Any]) -> bool:
    """Whether the loss of each target is least where the prediction is the target."""
    if loss.prediction_link.trace is None or loss.task == "binary":
        return False
    steps = np.array([0.0, *(s * d for d in (1e-3, 0.05, 0.5, 2.0) for s in (-1.0, 1.0))])
    for y in targets:
        value = at(loss, float(loss.prediction_link.forward(y)) + steps, y)[0]
        if not value[0] <= np.nanmin(value[1:]):
            return False
    return True


def convex_reach(x: NDArray, slope: NDArray, minimiser: float) -> float:
    """The largest distance from the minimiser within which the slope rises."""
    if not math.isfinite(minimiser):
        return 1.0
    falls = np.flatnonzero(np.diff(slope) < -1e-9 * np.nanmax(np.abs(slope)))
    distance = np.abs(x[falls] - minimiser)
    return float(distance[distance > 0.0].min(initial=np.inf)) if len(falls) else math.inf


def corner_at(loss: Any, x: NDArray, jump: NDArray, y: Any) -> bool:
    """Whether the largest change of the slope is a jump: it is still there after the interval has shrunk."""
    place = int(np.argmax(np.abs(jump)))
    low, high = float(x[place]), float(x[place + 1])
    for _ in range(60):
        points = np.array([low, 0.5 * (low + high), high])
        slope = at(loss, points, y)[1]
        half = int(abs(slope[2] - slope[1]) > abs(slope[1] - slope[0]))
        low, high = points[half], points[half + 1]
        if high - low < 1e-9 * max(1.0, abs(low)):
            break
    ends = at(loss, np.array([low, high]), y)[1]
    return bool(abs(ends[1] - ends[0]) > 0.5 * abs(jump[place]))


def largest(loss: Any, x: NDArray, targets: list[Any]) -> float:
    """The largest curvature that boosting meets in the loss of a label; 1 for other losses."""
    if loss.task != "binary":
        return 1.0
    width = loss.label_width
    formula, further = (loss.smoothed_formula, (width,)) if width else (loss.sharp_formula, ())
    columns = [at(loss, x, y, formula, *further)[MAJORIZER] for y in targets]
    return float(np.nanmax(np.where(np.isfinite(columns), columns, np.nan))) or 1.0
