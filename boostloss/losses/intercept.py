"""The best constant of a location loss: the exact weighted argmin over all rows, in a few passes.

The slope of the total loss is 0 there. A sample of the rows, or a histogram of them if the loss is not convex, gives a
start near the zero and the curvature there; three or four passes over all rows make it exact. A row of weight two is
the row twice.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from boostloss.kernels.rows import GRADIENT, LOSS, MAJORIZER, Computation, Rows, evaluate
from boostloss.kernels.threads import parallel_map

BLOCK = 1 << 15  # rows of a pass: they stay in the cache, and malloc uses their memory again
SAMPLE = 1 << 14  # rows that give the start
TAIL = 32  # rows of the sample at either end, beyond which every row is taken
CELLS = (1 << 16) - 8  # of the histogram, at most: its convolution then fits in 1 << 17
FEW = 1 << 15  # rows without weights, up to which selecting one is faster than summing weights
SLACK = 1e-12  # of the sum of all weights: sums round, and nearer than that they are equal
EFFORT = 1 << 20  # rows times local minima whose losses are compared on all rows


Compute = Callable[[Computation, Rows, DTypeLike], list[NDArray]]


def argmin_constant(
    loss: Any,
    y: NDArray,
    weight: NDArray | None,
    scale: float = 0.0,
    compute: Compute = evaluate,
) -> float:
    """The constant of least weighted loss.

    Parameters
    ----------
    loss : Loss
        A loss of the error, with a finite majorizer.
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None
    scale : float
        0 if the loss is convex, else the error up to which it is.
    compute : callable, default `evaluate`
        How formulas run over rows: `compute_numpy` compiles nothing.

    Returns
    -------
    float
        One of them where several constants are equally good.
    """
    y, weight = _positive_rows(y, weight)
    if y.min() == y.max():
        return float(y[0])

    def total_loss(constant):
        def part(y, weight):
            return [_columns(loss, (LOSS,), y, weight, constant, compute)[0].sum()]

        return _sum(part, y, weight)[0]

    def slope(constant, y=y, weight=weight):
        def part(y, weight):
            outputs = GRADIENT, MAJORIZER
            gradient, majorizer = _columns(loss, outputs, y, weight, constant, compute)
            return gradient.sum(), np.abs(gradient).sum(), majorizer.sum()

        gradient, size, majorizer = _sum(part, y, weight)
        majorizer = majorizer or 1.0  # of rows so far off that they have none, nor a gradient
        return gradient, majorizer, 1e-9 * size / majorizer + 1e-15 * abs(constant)

    if scale == 0.0:
        few = _few_rows(y, weight)
        start = _root(lambda constant: slope(constant, *few), weighted_quantile(*few, 0.5))
        return _root(slope, *start)[0]
    starts = _local_minima(loss, y, weight, scale, compute)
    if len(starts) > 1:
        starts = sorted(starts, key=lambda start: total_loss(start[0]))[: 1 + EFFORT // len(y)]
    ends = [_root(slope, *start, scale)[0] for start in starts]
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
    if weight is None and len(y) <= FEW:
        return _quantile(y, level)
    y, weight = _positive_rows(y, weight)
    total = weight.sum()
    target, slack = level * total, SLACK * total
    for low, high in (_enclosure(y, weight, level), (-np.inf, np.inf)):
        if low == -np.inf and high == np.inf:
            values, mass = _cumulated(y, weight)
        else:
            within = np.flatnonzero((y >= low) & (y <= high))
            values, mass = _cumulated(y[within], weight[within])
            mass += np.einsum("i,i", weight, y < low)  # the threads of BLAS are slower
        first, last = np.searchsorted(mass, [target - slack, target + slack])
        if (first > 0 or low == -np.inf) and (last < len(mass) or high == np.inf):
            break  # a sample may mislead, the sums over all rows do not
    lower, upper = (float(values[min(place, len(values) - 1)]) for place in (first, last))
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

    beyond = 0.5 * alpha - 1.0
    scale = max(scale, 1e-100 * (high - low))  # squares stay finite, and no constant changes

    def log_weight(x):  # of gradient / error
        square = x * x
        return 0.5 * square if alpha == np.inf else beyond * np.log1p(square / (2.0 * beyond))

    @np.errstate(over="ignore")
    def place(logit):
        return low + (high - low) / (1.0 + np.exp(-logit))

    # Seen from the middle, the rows at both ends pull as error^power.
    square = (0.5 * (high - low) / scale) ** 2
    power = 1.0 + (square if alpha == np.inf else square / (1.0 + square / (alpha - 2.0)))

    def balance(logit, y=y, weight=weight):
        constant = place(logit)
        largest = log_weight(max(constant - low, high - constant) / scale)

        def part(y, weight):
            x = (constant - y) / scale
            smaller = np.maximum(log_weight(x) - largest, -700.0)  # underflow is slow
            pull = x * weight * np.exp(smaller)
            return pull.sum(), np.abs(pull).sum()

        pull, size = _sum(part, y, weight)
        return np.arctanh((1.0 - 1e-15) * (pull / (size or 1.0))), 0.5 * power, 1e-10

    few = _few_rows(y, weight)
    start = _root(lambda logit: balance(logit, *few), 0.0)
    return float(place(_root(balance, *start)[0]))


def _root(
    function: Callable[[float], tuple[float, float, float]],
    x: float,
    slope: float = 0.0,
    reach: float = np.inf,
) -> tuple[float, float]:
    """The zero of a rising function and the slope there, by secants and, where they fail, halving.

    The function returns its value, a slope that makes a safe step, and the step that is the last: a secant's error is
    far below its length. `slope` is a guess of the slope, if there is one.
    """
    low, high, last, last_value = x - reach, x + reach, None, 0.0
    for _ in range(200):
        if x == last:  # no number is left between
            break
        value, safe, tolerance = function(x)
        low, high = (low, x) if value > 0.0 else (x, high)
        if last is not None:
            slope = (value - last_value) / (x - last)
        if slope > 1e-6 * safe:
            new = x - value / slope
        elif last is not None and high - low < np.inf:
            new = 0.5 * (low + high)
        else:
            new = x - value / safe
        if abs(new - x) <= tolerance:
            return float(new), slope
        last, last_value = x, value
        x = new if low < new < high else 0.5 * (low + high)
    return float(x), slope


def _local_minima(
    loss: Any, y: NDArray, weight: NDArray, scale: float, compute: Compute
) -> list[tuple[float, float]]:
    """The lowest local minima of the total loss, and its curvature there.

    The loss of all rows is their histogram convolved with the loss of one row.
    """
    low, high = y.min(), y.max()
    step = float(np.clip((high - low) / (1 << 14), 1e-8 * scale, 0.25 * scale))
    window = CELLS * step
    cut = high - low > window
    if cut:
        low = weighted_quantile(*_sample(y, weight), 0.5) - 0.5 * window
        high = low + window
    n_cells = int((high - low) / step) + 4  # the outermost are empty, to see every bottom
    cell, shared = np.empty(len(y), np.intp), np.empty(len(y))

    def locate(start):  # a row is shared with the next cell: on the whole every row is where it was
        rows = slice(start, start + BLOCK)
        place = np.clip((y[rows] - low) / step + 1.0, 0.0, n_cells - 1.0)
        cell[rows] = place
        shared[rows] = (place - cell[rows]) * weight[rows]

    parallel_map(locate, range(0, len(y), BLOCK))
    moved = np.bincount(cell, shared, n_cells)
    mass = np.bincount(cell, weight, n_cells) - moved
    mass[1:] += moved[:-1]
    mass[[0, -1]] = 0.0

    half = 1 << (n_cells - 1).bit_length()
    error = step * np.fft.fftfreq(2 * half, 1.0 / (2 * half))  # from 0 up, then from below
    spectrum = np.fft.rfft(_columns(loss, (LOSS,), -error, np.ones(2 * half), 0.0, compute)[0])
    total = np.fft.irfft(np.fft.rfft(mass, 2 * half) * spectrum, 2 * half)[:n_cells]

    rise_left, rise_right = total[:-2] - total[1:-1], total[2:] - total[1:-1]
    bottom = np.flatnonzero((rise_left >= 0.0) & (rise_right >= 0.0))
    rise_left, rise_right = rise_left[bottom], rise_right[bottom]
    bend = rise_left + rise_right
    shift = 0.5 * (rise_left - rise_right) / np.where(bend > 0.0, bend, 1.0)  # of the vertex
    # Sharing adds bend / 12. What is left of its error is far below the bend of a narrow minimum.
    depth = total[1:-1][bottom] - bend / 12.0 - 0.5 * bend * shift**2
    sharpest = bend.max(initial=0.0)
    count = int(np.clip(EFFORT // len(y), 4, 64))
    best = np.flatnonzero(depth <= depth.min(initial=np.inf) + 0.25 * sharpest)
    best = best[np.argsort(depth[best], kind="stable")][:count]
    starts = list(zip(low + step * (bottom + shift)[best], bend[best] / step**2, strict=True))
    if cut:
        far = (y < low) | (y > high)
        rows, mass_near = _dense_rows(y[far], weight[far], scale)
        enough = 0.25 * sharpest * (scale / step) ** 2
        starts += [(row, 0.0) for row in rows[mass_near >= enough][:count]]
    return starts


def _dense_rows(y: NDArray, weight: NDArray, scale: float) -> tuple[NDArray, NDArray]:
    """Rows with the most weight within a scale, and that weight; the best of each of 64 parts, the largest first."""
    y, mass = _cumulated(y, weight)
    mass = np.concatenate([[0.0], mass])
    near = mass[np.searchsorted(y, y + scale, "right")] - mass[np.searchsorted(y, y - scale)]
    parts = np.array_split(np.arange(len(y)), min(64, len(y)))
    best = np.array([part[near[part].argmax()] for part in parts])
    best = best[np.argsort(-near[best], kind="stable")]
    return y[best], near[best]


def _enclosure(y: NDArray, weight: NDArray, level: float) -> tuple[float, float]:
    """Two values between which a quantile most probably lies."""
    if len(y) <= SAMPLE:
        return -np.inf, np.inf
    values, weight = _sample(y, weight)
    values, mass = _cumulated(values, weight)
    noise = np.sqrt(level * (1.0 - level) * np.sum(weight**2)) / mass[-1]
    margin = 4.0 * noise + 1.0 / SAMPLE
    first, last = np.searchsorted(mass / mass[-1], [level - margin, level + margin])
    return values[first] if first > 0 else -np.inf, values[last] if last < len(values) else np.inf


def _cumulated(y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    order = np.argsort(y)
    return y[order], np.cumsum(weight[order])


def _quantile(y: NDArray, level: float) -> float:
    """As `weighted_quantile`, without weights: `np.quantile` takes six times as long for a few thousand rows."""
    n = len(y)
    first = max(math.ceil((level - SLACK) * n) - 1, 0)
    last = min(math.floor((level + SLACK) * n), n - 1)
    values = np.partition(y, first if first == last else (first, last))
    return 0.5 * float(values[first]) + 0.5 * float(values[last])


def _positive_rows(y: NDArray, weight: NDArray | None) -> tuple[NDArray, NDArray]:
    """Rows of positive weight in float64; the largest weight is 1."""
    y = y.astype(np.float64, copy=False)
    if weight is None:
        return y, np.ones(len(y))
    largest = weight.max().astype(np.float64)
    if not largest < np.inf:
        raise ValueError(f"sample_weight must be finite and >= 0, got {largest}.")
    weight = weight / largest
    return (y, weight) if weight.all() else (y[weight > 0.0], weight[weight > 0.0])


def _sample(y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    step = -(-len(y) // SAMPLE)
    return y[::step], weight[::step]


def _few_rows(y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """Both tails, and of the rows between them a sample that weighs as much as they do."""
    if len(y) <= SAMPLE:
        return y, weight
    sample, mass = _sample(y, weight)
    low, high = np.partition(sample, [TAIL, -TAIL - 1])[[TAIL, -TAIL - 1]]
    tail, middle = (y < low) | (y > high), (sample >= low) & (sample <= high)
    tail_mass, mass = weight[tail], mass[middle]
    mass *= (weight.sum() - tail_mass.sum()) / mass.sum()
    return np.concatenate([y[tail], sample[middle]]), np.concatenate([tail_mass, mass])


def _columns(
    loss: Any,
    outputs: tuple[int, ...],
    y: NDArray,
    weight: NDArray,
    constant: float,
    compute: Compute,
) -> list[NDArray]:
    f = np.full(len(y), constant)
    computation = Computation(loss.formula, outputs, loss.parameters)
    return compute(computation, Rows(y, f, weight), np.float64)


def _sum(part: Callable[[NDArray, NDArray], Any], y: NDArray, weight: NDArray) -> NDArray:
    """The sum of what ``part`` returns for each block of rows."""

    def block(start):
        return part(y[start : start + BLOCK], weight[start : start + BLOCK])

    first = block(0)  # compiles in one thread only
    others = parallel_map(block, range(BLOCK, len(y), BLOCK))
    return np.sum([first, *others], axis=0)
