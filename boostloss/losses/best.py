"""The best constant of a loss of one's own."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.rows import GRADIENT, LOSS, Computation, Rows, compute_numpy, evaluate
from boostloss.losses.intercept import Compute, argmin_constant, weighted_quantile

SAMPLE = 1 << 14  # rows that tell where to look
FEW = 1 << 16  # rows for which to compile takes longer
FURTHEST = 14.0  # a score: that of the probability 1e-6 for the logistic loss


def best_constant(loss: Any, y: NDArray, weight: NDArray | None) -> float:
    """The constant raw prediction of least weighted loss.

    Parameters
    ----------
    loss : CustomLoss
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    float
    """
    y = y.astype(np.float64, copy=False)
    weight = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    y, weight = y[weight > 0.0], weight[weight > 0.0]
    if loss.task == "binary":
        return of_labels(loss, y, weight)
    if loss.kind == "error":
        least = loss.shape.minimiser
        if y.min() == y.max() and math.isfinite(least):
            return float(y[0] + least)
        with np.errstate(all="ignore"):
            reach = 0.0 if loss.shape.convex else loss.shape.reach
            best = argmin_constant(loss, y, weight, reach, compute_for(y))
        if not math.isfinite(best):
            return weighted_quantile(y, weight, 0.5)
        return middle(loss, y, weight, best) if loss.shape.corner else best
    return of_targets(loss, y, weight)


def middle(loss: Any, y: NDArray, weight: NDArray, best: float) -> float:
    """Of a flat stretch of the total loss its middle, as the median has it: its ends are where the slope turns."""
    reach = 0.1 * float(np.ptp(y))
    force = np.abs(loss.gradient_hessian(y, np.full(len(y), best))[0]) @ weight
    ends = []
    for side in (-1.0, 1.0):
        inner, outer = best, best + side * reach
        for _ in range(50):
            place = 0.5 * (inner + outer)
            flat = side * total(loss, GRADIENT, y, weight, place) <= 1e-9 * force
            inner, outer = (place, outer) if flat else (inner, place)
        ends.append(inner)
    return 0.5 * (ends[0] + ends[1])


def of_labels(loss: Any, y: NDArray, weight: NDArray) -> float:
    """Rows of one label are one row of their weight; with one label only, the other counts one in a million."""
    labels, place = np.unique(y, return_inverse=True)
    mass = np.bincount(place, weight)
    if set(labels) <= {0.0, 1.0}:
        share = np.clip(float(mass[labels == 1.0].sum() / mass.sum()), 1e-6, 1.0 - 1e-6)
        labels, mass = np.array([0.0, 1.0]), np.array([1.0 - share, share])
    return narrowed(loss, labels, mass, -FURTHEST, FURTHEST)


def of_targets(loss: Any, y: NDArray, weight: NDArray) -> float:
    """Between the links of the targets, or around that of their mean where these are infinite."""
    step = -(-len(y) // SAMPLE)
    raw = loss.prediction_link.forward(y[::step])
    middle = float(loss.prediction_link.forward(np.average(y, weights=weight)))
    middle = middle if math.isfinite(middle) else 0.0
    raw = raw[np.isfinite(raw)]
    low, high = min(raw.min(initial=middle), middle), max(raw.max(initial=middle), middle)
    margin = 0.05 * (high - low) + 1.0
    return narrowed(loss, y, weight, low - margin, high + margin, step)


def narrowed(
    loss: Any, y: NDArray, weight: NDArray, low: float, high: float, step: int = 1
) -> float:
    """The best of a grid on some rows, then the zero of the slope of all beside it."""
    few, mass = y[::step], weight[::step]
    constants = np.linspace(low, high, 257)
    totals = np.array([total(loss, LOSS, few, mass, c) for c in constants])
    best = int(np.argmin(np.where(np.isnan(totals), np.inf, totals)))
    low, high = float(constants[max(best - 1, 0)]), float(constants[min(best + 1, 256)])
    for _ in range(60):
        middle = 0.5 * (low + high)
        if high - low <= 1e-12 * max(1.0, abs(middle)):
            break
        low, high = (
            (low, middle) if total(loss, GRADIENT, y, weight, middle) > 0.0 else (middle, high)
        )
    return 0.5 * (low + high)


def total(loss: Any, output: int, y: NDArray, weight: NDArray, constant: float) -> float:
    rows = Rows(y, np.full(len(y), constant), weight)
    computation = Computation(loss.formula, (output,), loss.parameters)
    return float(compute_for(y)(computation, rows, np.float64)[0].sum())


def compute_for(y: NDArray) -> Compute:
    return compute_numpy if len(y) <= FEW else evaluate
