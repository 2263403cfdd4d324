"""Gradients and curvatures as a booster of several outputs is given them: a column of scores for each."""

from typing import cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from boostloss.boosting.custom import custom_step
from boostloss.boosting.gradients import LEAST_CURVATURE, fill_gradients, quantile_step, row_share
from boostloss.kernels.rows import GRADIENT, Computation, Rows, check_rows
from boostloss.losses import classes
from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary
from boostloss.losses.columns import Columns
from boostloss.losses.custom import CustomLoss
from boostloss.losses.distributions import Distribution, LocationScale
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.quantiles import Quantile
from boostloss.losses.smoothing import sample
from boostloss.losses.validation import as_column, as_matrix

# Of the rows that lie between the outer quantiles: fewer are no measure of the noise.
LEAST_SHARE_BETWEEN = 0.5
LEAST_SPREAD = 1e-3  # of the median one: where the quantiles of a row meet, or cross, its kernel has a width still
# Of the mean curvature of an output without a unit, which is added to that of every row. Normal and Student's t
# distributions of one's own are then nearly as good as those whose curvatures are written by hand: in likelihood they
# are between 0.023 worse and 0.014 better, where the exact Hessian is 0.133 worse to 0.010 better
# (`benchmarks/density_curvatures.py`).
SHARE_OF_MEAN = 2.0 / 3.0


def check_outputs(loss: Loss, shape: tuple[int, ...]) -> None:
    """Refuse a number of raw predictions a row that the loss does not have."""
    k = shape[1] if len(shape) == 2 else 1
    if isinstance(loss, Binary) or loss.n_outputs == k:
        return
    expected = "one prediction" if loss.n_outputs == 1 else f"{loss.n_outputs} predictions"
    raise ValueError(f"{loss!r} has {expected} per row, got predictions of shape {shape}.")


def several_gradients(
    loss: Loss,
    y_true: NDArray,
    raw_prediction: NDArray,
    weight: NDArray | None,
    dtype: DTypeLike = np.float32,
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Gradient and curvature of every raw prediction; labels and weights are not checked.

    Parameters
    ----------
    loss : Columns, Distribution or Binary
    y_true : ndarray of shape (n_samples,) or (n_samples, n_classes)
    raw_prediction : ndarray of shape (n_samples, n_outputs)
    weight : ndarray of shape (n_samples,) or None
    dtype : dtype, default float32
        Of the result.

    Returns
    -------
    gradient, hessian : ndarray of shape (n_samples, n_outputs)
        In Fortran order.
    """
    f = as_matrix(raw_prediction, "raw_prediction")
    gradient, hessian = np.empty(f.T.shape, dtype), np.empty(f.T.shape, dtype)
    if isinstance(loss, Columns):
        y = as_column(y_true, "y_true")
        fill_columns(gradient, hessian, loss, y, f, weight)
        return gradient.T, hessian.T
    if isinstance(loss, Distribution):
        fill_distribution(gradient, hessian, loss, loss.targets(y_true), f, weight)
        return gradient.T, hessian.T
    assert isinstance(loss, Binary)
    classes.require_margin(loss)
    y = as_matrix(y_true, "y_true") if classes.are_soft(y_true) else as_column(y_true, "y_true")
    computation = class_computation(loss)
    classes.fill([gradient, hessian], loss, computation, y, f, weight, class_curvature(f.shape[1]))
    return gradient.T, hessian.T


def fill_columns(
    gradient: NDArray,
    hessian: NDArray,
    loss: Columns,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
) -> None:
    """Write those of several levels, into arrays of shape (n_levels, n_samples).

    Quantiles of a row that lie far apart say that its noise is wide: the kernel that smooths them is as much wider
    there, and a step is longer. The pinball loss is homogeneous, r rho(e / r) = rho(e), so that this is the loss of the
    error over the spread r: its slope in the prediction is the same, and its curvature 1 / r of that.
    """
    columns = np.ascontiguousarray(f.T)
    spread = row_spreads(columns, loss, weight)
    for j, (each, column) in enumerate(zip(loss.columns, columns, strict=True)):
        results, factor = [gradient[j], hessian[j]], row_share(each)
        if spread is None:
            fill_gradients(results, each, y, column, weight, factor)
            continue
        check_rows(Rows(y, column, weight))
        step = quantile_step(cast(Quantile, each), y, column, weight, spread)
        error = (column - y) / spread
        fill_gradients(results, each, np.zeros_like(error), error, weight, factor, step)
        hessian[j] /= spread


def fill_distribution(
    gradient: NDArray,
    hessian: NDArray,
    loss: Distribution,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
) -> tuple[list[float], list[float]]:
    """Write those of the parameters of a distribution, into arrays of shape (n_outputs, n_samples).

    Returns
    -------
    means, units : list of float
        By which `steady` and `measure` have changed those of every output.
    """
    loss.fill([gradient, hessian], y, f, weight)
    means = steadying_means(hessian, loss, weight)
    steady(hessian, means, weight)
    units = curvature_units(loss, f, hessian, weight)
    measure(gradient, hessian, units)
    return means, units


def steady(hessian: NDArray, means: list[float], weight: NDArray | None) -> None:
    """Add a number to the curvatures of each output, times the weight of the row."""
    for line, mean in zip(hessian, means, strict=True):
        if mean:
            line += mean if weight is None else mean * weight


def measure(gradient: NDArray, hessian: NDArray, units: list[float]) -> None:
    """Multiply both derivatives of each output by its unit."""
    for place, unit in enumerate(units):
        gradient[place] *= unit
        hessian[place] *= unit


def steadying_means(hessian: NDArray, loss: Distribution, weight: NDArray | None) -> list[float]:
    """A share of the mean curvature over the rows, of the outputs in `Distribution.steadied`; 0 of others."""
    total = hessian.shape[1] if weight is None else float(weight.sum(dtype=np.float64))
    return [
        SHARE_OF_MEAN * float(line.sum(dtype=np.float64)) / total
        if output in loss.steadied and total > 0.0
        else 0.0
        for line, output in zip(hessian, loss.outputs, strict=True)
    ]


def curvature_units(
    loss: Distribution, f: NDArray, hessian: NDArray, weight: NDArray | None
) -> list[float]:
    """By what both derivatives of each parameter are multiplied.

    Boosters measure ``min_child_weight`` and ``reg_lambda`` in units of the Hessian, which by a location is one over a
    square of the scale: it is taken times the square of the geometric mean of the scales, so that it does not depend on
    the unit of the target. By the logarithm of a scale it is 1 where the scale is right. Of other distributions each
    curvature is divided by the geometric mean of it over the rows.
    """
    if isinstance(loss, LocationScale):
        log_scale = (
            np.average(f[:, 1], weights=weight)
            if len(f) and (weight is None or weight.any())
            else 0.0
        )
        return [float(np.exp(2.0 * log_scale)), 1.0 / loss.scale_curvature]
    rows = sample(len(f), weight)
    some = hessian[:, rows].astype(np.float64)
    if weight is not None:
        some = some / np.where(weight[rows] > 0.0, weight[rows], 1.0)
    with np.errstate(divide="ignore"):
        logs = np.log(some)
    return [
        float(np.exp(-line[np.isfinite(line)].mean())) if np.isfinite(line).any() else 1.0
        for line in logs
    ]


def row_spreads(columns: NDArray, loss: Columns, weight: NDArray | None = None) -> NDArray | None:
    """How far apart the quantiles of every row are, over the median of all rows; None where that says nothing.

    Parameters
    ----------
    columns : ndarray of shape (n_levels, n_samples)
    loss : Columns
    weight : ndarray of shape (n_samples,) or None
        Of the rows in the median.
    """
    if loss.kind is not Quantile or loss.levels[-1] - loss.levels[0] < LEAST_SHARE_BETWEEN:
        return None
    spread = columns.max(axis=0) - columns.min(axis=0)
    rows = sample(len(spread), weight)
    some = spread[rows]
    if not some.any() or not np.isfinite(some).all():
        return None
    middle = weighted_quantile(some, None if weight is None else weight[rows], 0.5)
    if middle == 0.0:
        return None
    return np.maximum(spread / middle, LEAST_SPREAD)


def class_computation(loss: Binary) -> Computation:
    """What boosting computes of the margin of a class."""
    plain: Loss = loss.of_margin.boosted_as
    outputs = GRADIENT, loss.curvature_output(loss.curvature_of_classes)
    if isinstance(plain, CustomLoss):
        nothing = np.empty(0)
        formula, parameters, scale, floor = custom_step(plain, nothing, nothing, None)
        return Computation(formula, outputs, parameters, scale, floor)
    floor = LEAST_CURVATURE * plain.largest_curvature if plain.floored else 0.0
    return Computation(loss.formula, outputs, plain.parameters, 1.0, floor)


def class_curvature(k: int) -> float:
    """By what the diagonal of the Hessian in K scores is multiplied, which leaves out that they move together.

    K / (K - 1) is Friedman's, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics 2001,
    Algorithm 6, and LightGBM's; XGBoost's is 2. `benchmarks/classes.py` compares them.
    """
    return k / (k - 1.0)
