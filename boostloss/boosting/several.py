"""Gradients and curvatures as a booster of several outputs is given them: a column of scores for each."""

from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from boostloss.boosting.custom import custom_step
from boostloss.boosting.gradients import (
    Step,
    fill_gradients,
    fixed_step,
    quantile_step,
    row_share,
)
from boostloss.kernels.rows import GRADIENT, Computation, Rows, check_array
from boostloss.kernels.threads import parallel_map
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
# Of the spread beyond which half of the sum of all spreads lies. Where most targets are exact their quantiles meet, and
# the row in the middle says nothing of the others.
WIDE_SHARE = 0.5
LEAST_SPREAD = 1e-3  # of the median one: where the quantiles of a row meet, or cross, its kernel has a width still
BLOCK = 1 << 16  # rows, whose columns stay in the cache, and of which a thread takes the next
# Of the mean curvature of an output without a unit, which is added to that of every row. Normal and Student's t
# distributions of one's own are then nearly as good as those whose curvatures are written by hand: in likelihood they
# are between 0.023 worse and 0.014 better, where the exact Hessian is 0.133 worse to 0.010 better
# (`benchmarks/density_curvatures.py`).
SHARE_OF_MEAN = 2.0 / 3.0


def takes_columns(loss: Loss) -> bool:
    """Whether raw predictions have a column for each output, be it a single one."""
    return loss.n_outputs > 1 or isinstance(loss, Distribution)


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
    shared: Any = None,
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
    shared : boosting.workers.Shared, optional
        Where the rows are those of one of several workers.

    Returns
    -------
    gradient, hessian : ndarray of shape (n_samples, n_outputs)
        In Fortran order.
    """
    f = as_matrix(raw_prediction, "raw_prediction")
    gradient, hessian = np.empty(f.T.shape, dtype), np.empty(f.T.shape, dtype)
    if isinstance(loss, Columns):
        y = as_column(y_true, "y_true")
        fill_columns(gradient, hessian, loss, y, f, weight, shared)
        return gradient.T, hessian.T
    if isinstance(loss, Distribution):
        fill_distribution(gradient, hessian, loss, loss.targets(y_true), f, weight, shared)
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
    shared: Any = None,
) -> None:
    """Write those of several levels, into arrays of shape (n_levels, n_samples).

    Quantiles of a row that lie far apart say that its noise is wide: the kernel that smooths them is as much wider
    there, and a step is longer. The pinball loss is homogeneous, r rho(e / r) = rho(e), so that this is the loss of the
    error over the spread r: its slope in the prediction is the same, and its curvature 1 / r of that.
    """
    check_array("y_true", y, (len(f),))
    if weight is not None:
        check_array("sample_weight", weight, (len(f),))
    middle, steps = column_steps(loss, Rows(y, f, weight), shared)
    kind = np.result_type(f, y)

    @np.errstate(all="ignore")  # infinite raw predictions have gradients that are refused
    def fill_block(start: int) -> None:
        rows = slice(start, start + BLOCK)
        target, columns = y[rows], np.ascontiguousarray(f[rows].T)
        some_weight = None if weight is None else weight[rows]
        spread = row_spreads(columns, middle)
        no_target = np.zeros(len(target), kind)
        for j, (each, column, step) in enumerate(zip(loss.columns, columns, steps, strict=True)):
            results, factor = [gradient[j, rows], hessian[j, rows]], row_share(each)
            if spread is None:
                fill_gradients(results, each, target, column, some_weight, factor, step)
                continue
            error = column - target
            error /= spread
            fill_gradients(results, each, no_target, error, some_weight, factor, step)
            results[1] /= spread

    parallel_map(fill_block, range(0, len(y), BLOCK))


@np.errstate(all="ignore")  # as above
def column_steps(loss: Columns, rows: Rows, shared: Any) -> tuple[float | None, list[Step]]:
    """How far apart the quantiles of a row in the middle are, and what the next round computes of each column."""
    fixed = [step for step in map(fixed_step, loss.columns) if step]
    if len(fixed) == loss.n_outputs:
        return None, fixed
    # What is decided for all rows is decided by some.
    some = rows if shared is None else Rows(*shared.sampled(*rows))
    some = some.at(sample(len(some.y_true), some.weight))
    columns = np.ascontiguousarray(some.raw_prediction.T)
    middle = middle_spread(columns, loss, some.weight)
    spread = row_spreads(columns, middle)
    return middle, [
        quantile_step(cast(Quantile, each), some.y_true, column, some.weight, spread)
        for each, column in zip(loss.columns, columns, strict=True)
    ]


def fill_distribution(
    gradient: NDArray,
    hessian: NDArray,
    loss: Distribution,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    shared: Any = None,
) -> tuple[list[float], list[float]]:
    """Write those of the parameters of a distribution, into arrays of shape (n_outputs, n_samples).

    Returns
    -------
    means, units : list of float
        By which `steady` and `measure` have changed those of every output.
    """
    loss.fill([gradient, hessian], y, f, weight)
    means = steadying_means(hessian, loss, weight, shared)
    steady(hessian, means, weight)
    units = curvature_units(loss, f, hessian, weight, shared)
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


def summed(values: list[Any], shared: Any) -> NDArray[np.float64]:
    """Sums over rows, those of all workers where there are several."""
    found = np.array(values, np.float64)
    return found if shared is None else shared.total(found)


def steadying_means(
    hessian: NDArray, loss: Distribution, weight: NDArray | None, shared: Any = None
) -> list[float]:
    """A share of the mean curvature over the rows, of the outputs in `Distribution.steadied`; 0 of others."""
    if not loss.steadied:
        return [0.0] * len(hessian)
    rows = hessian.shape[1] if weight is None else weight.sum(dtype=np.float64)
    total, *sums = summed([rows, *(line.sum(dtype=np.float64) for line in hessian)], shared)
    return [
        float(SHARE_OF_MEAN * of_line / total) if output in loss.steadied and total > 0.0 else 0.0
        for of_line, output in zip(sums, loss.outputs, strict=True)
    ]


def curvature_units(
    loss: Distribution,
    f: NDArray,
    hessian: NDArray,
    weight: NDArray | None,
    shared: Any = None,
) -> list[float]:
    """By what both derivatives of each parameter are multiplied.

    Boosters measure ``min_child_weight`` and ``reg_lambda`` in units of the Hessian, which by a location is one over a
    square of the scale: it is taken times the square of the geometric mean of the scales, so that it does not depend on
    the unit of the target. By the logarithm of a scale it is 1 where the scale is right. Of other distributions each
    curvature is divided by the geometric mean of it over the rows.
    """
    if isinstance(loss, LocationScale):
        log_scale, rows = f[:, 1], float(len(f))
        if weight is not None:
            log_scale, rows = weight * log_scale, weight.sum(dtype=np.float64)
        log_scales, total = summed([log_scale.sum(dtype=np.float64), rows], shared)
        return [
            float(np.exp(2.0 * log_scales / total)) if total else 1.0,
            1.0 / loss.scale_curvature,
        ]
    some_rows = sample(len(f), weight) if shared is None else shared.sample[0]
    some = hessian[:, some_rows].astype(np.float64)
    if weight is not None:
        some = some / np.where(weight[some_rows] > 0.0, weight[some_rows], 1.0)
    with np.errstate(divide="ignore"):
        logs = np.log(some)
    units = []
    for line in logs:
        known = line[np.isfinite(line)]
        total, count = summed([known.sum(), len(known)], shared)
        units.append(float(np.exp(-total / count)) if count else 1.0)
    return units


def middle_spread(columns: NDArray, loss: Columns, weight: NDArray | None = None) -> float | None:
    """How far apart the quantiles of a row in the middle are; None where that says nothing.

    Parameters
    ----------
    columns : ndarray of shape (n_levels, n_samples)
    loss : Columns
    weight : ndarray of shape (n_samples,) or None
        Of the rows in the median.
    """
    if loss.kind is not Quantile or loss.levels[-1] - loss.levels[0] < LEAST_SHARE_BETWEEN:
        return None
    rows = sample(columns.shape[1], weight)
    some = np.ptp(columns[:, rows], axis=0)
    if not some.any() or not np.isfinite(some).all():
        return None
    by = np.ones_like(some) if weight is None else weight[rows]
    if not (by * some).any():
        return None
    middle = weighted_quantile(some, by, 0.5)
    return max(middle, WIDE_SHARE * weighted_quantile(some, by * some, 0.5))


def row_spreads(columns: NDArray, middle: float | None) -> NDArray | None:
    """How far apart the quantiles of every row are, over that of a row in the middle; None where that says nothing."""
    if middle is None:
        return None
    spread = columns.max(axis=0)
    spread -= columns.min(axis=0)
    spread /= middle
    return np.maximum(spread, LEAST_SPREAD, out=spread)


def class_computation(loss: Binary) -> Computation:
    """What boosting computes of the margin of a class."""
    plain: Loss = loss.of_margin.boosted_as
    outputs = GRADIENT, loss.curvature_output(loss.curvature_of_classes)
    if isinstance(plain, CustomLoss):
        nothing = np.empty(0)
        formula, parameters, scale, floor = custom_step(plain, nothing, nothing, None)
        return Computation(formula, outputs, parameters, scale, floor)
    floor = plain.least_share * plain.largest_curvature
    return Computation(loss.formula, outputs, plain.parameters, 1.0, floor)


def class_curvature(k: int) -> float:
    """By what the diagonal of the Hessian in K scores is multiplied, which leaves out that they move together.

    The Hessian is diag(p) - p p^T. Scores all move at once, by steps whose sum is about 0; where the K classes are
    alike, p p^T has no part in these. What is left for each is 1 / K, the diagonal, (K - 1) / K^2, times K / (K - 1).
    This is the factor of Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics
    2001, Algorithm 6, and of LightGBM; XGBoost's is 2. `benchmarks/classes.py` compares them.
    """
    return k / (k - 1.0)
