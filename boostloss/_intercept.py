"""The best constant of a location loss: the exact weighted argmin over all rows, in a few passes.

A convex loss is followed downhill from the weighted median, one that is not convex from the deepest valleys of a
histogram, and one steeper than a square is balanced in logarithms. A row of weight two counts as the row twice.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss._kernels import GRADIENT, LOSS, MAJORIZER, evaluate, thread_pool
from boostloss._ops import log1p_square

BLOCK = 1 << 14  # rows of a pass: they stay in the cache, and malloc uses their memory again
SAMPLE = 1 << 14  # rows that tell between which values a quantile lies
CELLS = 1 << 17  # of the histogram, at most
EFFORT = 1 << 20  # rows times valleys that are compared on all rows


def argmin_constant(loss: Any, y: NDArray, weight: NDArray | None, scale: float = 0.0) -> float:
    """The constant of least weighted loss.

    Parameters
    ----------
    loss : Loss
        A loss of the error, with a finite majorizer.
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    scale : float
        0 if the loss is convex, else the error up to which it is.

    Returns
    -------
    float
        One of them where several constants are equally good.
    """
    y, weight = _positive_rows(y, weight)
    if y.min() == y.max():
        return float(y[0])

    def total_loss(constant):
        return _pass(loss, (LOSS,), y, weight, constant)[0]

    def slope(constant):
        gradient, size, majorizer, _ = _pass(loss, (GRADIENT, MAJORIZER), y, weight, constant)
        return gradient, majorizer, 1e-11 * size / majorizer + 1e-15 * abs(constant)

    if scale == 0.0:
        return _root(slope, weighted_quantile(y, weight, 0.5))
    starts = _valleys(loss, y, weight, scale)
    if len(starts) > 1:
        starts = sorted(starts, key=total_loss)[: 1 + EFFORT // len(y)]
    ends = [_root(slope, start, scale) for start in starts]
    return min(ends, key=total_loss) if len(ends) > 1 else ends[0]


def weighted_quantile(y: NDArray, weight: NDArray | None, level: float) -> float:
    """The minimiser of the pinball loss, exactly; of a flat stretch its middle, as the median has it.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    level : float
        In (0, 1).

    Returns
    -------
    float
    """
    y, weight = _positive_rows(y, weight)
    total = weight.sum()
    target, slack = level * total, 1e-12 * total  # sums round: nearer than the slack they are equal
    for low, high in (_enclosure(y, weight, level), (-np.inf, np.inf)):
        within = np.flatnonzero((y >= low) & (y <= high))
        values, mass = _cumulated(y[within], weight[within])
        mass += np.einsum("i,i", weight, y < low)  # the threads of BLAS are slower
        first, last = np.searchsorted(mass, [target - slack, target + slack])
        if (first > 0 or low == -np.inf) and (last < len(mass) or high == np.inf):
            break  # a sample may mislead, the sums over all rows do not
    lower, upper = values[np.minimum([first, last], len(values) - 1)].tolist()
    return 0.5 * lower + 0.5 * upper


def steep_constant(alpha: float, scale: float, y: NDArray, weight: NDArray | None) -> float:
    """The best constant of Barron's loss beyond alpha = 2, of which powers and exponentials overflow.

    Where the rows above pull as hard as the rows below, so do the logarithms of their pulls, and a common factor drops
    out. Over the logit of the place between the extremes that difference is nearly a straight line.
    """
    y, weight = _positive_rows(y, weight)
    low, high = float(y.min()), float(y.max())
    if low == high:
        return low

    scale = max(scale, 1e-100 * (high - low))  # squares stay finite, and no constant changes

    def log_weight(x):  # of gradient / error
        if alpha == np.inf:
            return 0.5 * x * x
        return (0.5 * alpha - 1.0) * log1p_square(x / np.sqrt(alpha - 2.0))

    def place(logit):
        return low + (high - low) / (1.0 + np.exp(-logit))

    # Seen from the middle, the rows at both ends pull as error^power.
    square = (0.5 * (high - low) / scale) ** 2
    power = 1.0 + (square if alpha == np.inf else 1.0 / (1.0 / (alpha - 2.0) + 1.0 / square))

    def balance(logit):
        constant = place(logit)
        largest = log_weight(max(constant - low, high - constant) / scale)

        def part(rows):
            x = (constant - y[rows]) / scale
            pull = x * weight[rows] * np.exp(log_weight(x) - largest)
            return pull.sum(), np.abs(pull).sum()

        pull, size = _sum(part, len(y))
        return np.arctanh((1.0 - 1e-15) * pull / size), 0.5 * power, 1e-14

    return float(place(_root(balance, 0.0)))


def _root(
    function: Callable[[float], tuple[float, float, float]], x: float, reach: float = np.inf
) -> float:
    """The zero of a rising function, by secants and, where they fail, halving.

    The function returns its value, a slope that makes a safe step, and the step that is too short to matter.
    """
    low, high, last, last_value = x - reach, x + reach, None, 0.0
    for _ in range(200):
        value, safe, tolerance = function(x)
        low, high = (low, x) if value > 0.0 else (x, high)
        new = x - value / safe
        if last is not None:
            secant = (value - last_value) / (x - last)
            if secant > 1e-6 * safe:
                new = x - value / secant
            elif high - low < np.inf:
                new = 0.5 * (low + high)
        if abs(new - x) <= tolerance:
            return float(new)
        last, last_value = x, value
        x = new if low < new < high else 0.5 * (low + high)
    return float(x)


def _valleys(loss: Any, y: NDArray, weight: NDArray, scale: float) -> list[float]:
    """Bottoms of the deepest valleys of the loss: the histogram of the rows convolved with the loss of one row."""
    low, high = y.min(), y.max()
    step = min(0.25 * scale, (high - low) / 64.0)
    near, far = slice(None), None
    if high - low > CELLS * step:
        low = weighted_quantile(y, weight, 0.5) - 0.5 * CELLS * step
        near = (y >= low) & (y < low + CELLS * step)
        far = y[~near], weight[~near]
    place = (y[near] - low) / step + 1.0
    cell = place.astype(np.intp)
    shared = (place - cell) * weight[
        near
    ]  # with the next cell: on the whole every row is where it was
    mass = np.bincount(cell, weight[near] - shared, cell.max(initial=0) + 3)
    mass[1:] += np.bincount(cell, shared, len(mass))[:-1]

    size = 1 << (2 * len(mass) - 1).bit_length()
    error = step * np.minimum(np.arange(size), size - np.arange(size))
    one = np.ones(size)
    kernel = evaluate(
        loss._formula, (LOSS,), 0.0 * one, error, one, 1.0, loss.parameters, np.float64
    )
    total = np.fft.irfft(np.fft.rfft(mass, size) * np.fft.rfft(kernel[0]), size)[: len(mass)]

    rise_left, rise_right = total[:-2] - total[1:-1], total[2:] - total[1:-1]
    bottom = np.flatnonzero((rise_left >= 0.0) & (rise_right >= 0.0))
    rise_left, rise_right = rise_left[bottom], rise_right[bottom]
    bend = rise_left + rise_right
    shift = (
        0.5 * (rise_left - rise_right) / np.where(bend > 0.0, bend, 1.0)
    )  # of the parabola's vertex
    # Sharing adds bend / 12. What is left of its error is far below the bend of a crowded valley.
    depth = total[1:-1][bottom] - bend / 12.0 - 0.5 * bend * shift**2
    crowded = bend.max(initial=0.0)
    best = np.argsort(depth, kind="stable")
    best = best[depth[best] <= depth.min(initial=np.inf) + 0.25 * crowded]
    count = int(np.clip(EFFORT // len(y), 4, 64))
    starts = (low + step * (bottom + shift)[best[:count]]).tolist()
    if far is not None:
        rows, crowd = _crowds(*far, scale)
        starts += rows[crowd >= 4.0 * crowded].tolist()[:count]
    return starts


def _crowds(y: NDArray, weight: NDArray, scale: float) -> tuple[NDArray, NDArray]:
    """Rows with the most weight within a scale, and that weight, the best of each of 64 parts, the largest first."""
    y, mass = _cumulated(y, weight)
    mass = np.concatenate([[0.0], mass])
    crowd = mass[np.searchsorted(y, y + scale, "right")] - mass[np.searchsorted(y, y - scale)]
    parts = np.array_split(np.arange(len(y)), min(64, len(y)))
    best = np.array([part[crowd[part].argmax()] for part in parts])
    best = best[np.argsort(-crowd[best], kind="stable")]
    return y[best], crowd[best]


def _enclosure(y: NDArray, weight: NDArray, level: float) -> tuple[float, float]:
    """Two values between which a quantile most probably lies."""
    rows = slice(None, None, -(-len(y) // SAMPLE))
    if rows.step == 1:
        return -np.inf, np.inf
    values, mass = _cumulated(y[rows], weight[rows])
    noise = np.sqrt(level * (1.0 - level) * np.sum(weight[rows] ** 2)) / mass[-1]
    margin = 4.0 * noise + 1.0 / SAMPLE
    first, last = np.searchsorted(mass / mass[-1], [level - margin, level + margin])
    return values[first] if first > 0 else -np.inf, values[last] if last < len(values) else np.inf


def _cumulated(y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    order = np.argsort(y)
    return y[order], np.cumsum(weight[order])


def _positive_rows(y: NDArray, weight: NDArray | None) -> tuple[NDArray, NDArray]:
    """Rows of positive weight in float64; the largest weight is 1."""
    y = y.astype(np.float64, copy=False)
    if weight is None:
        return y, np.ones(len(y))
    weight = weight / weight.max().astype(np.float64)
    return (y, weight) if weight.all() else (y[weight > 0.0], weight[weight > 0.0])


def _pass(
    loss: Any, outputs: tuple[int, ...], y: NDArray, weight: NDArray, constant: float
) -> NDArray:
    """The sums over all rows of each output and of its absolute value."""

    def part(rows):
        f = np.full(len(y[rows]), constant)
        columns = evaluate(
            loss._formula, outputs, y[rows], f, weight[rows], 1.0, loss.parameters, np.float64
        )
        return [total for column in columns for total in (column.sum(), np.abs(column).sum())]

    return _sum(part, len(y))


def _sum(part: Callable[[slice], Any], n: int) -> NDArray:
    """The sum of what ``part`` returns for each block of rows."""
    blocks = [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]
    first = part(blocks[0])  # compiles in one thread only
    others = thread_pool(os.getpid()).map(part, blocks[1:]) if len(blocks) > 1 else []
    return np.sum([first, *others], axis=0)
