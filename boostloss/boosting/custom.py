"""How boosting trains a loss of one's own, of which it knows the value alone.

The exact Hessian is what fails most: it is zero for slopes, negative for bounded costs, and a step by it passes the
minimum by far where the curvature grows. `autodiff.derivatives.boosting_formula` is the cure, and what it needs in a
round is decided here: the half-width of its kernel, and the size and the floor of the curvature.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.moving import moving_error
from boostloss.kernels.rows import MAJORIZER, Computation, Rows, compute_numpy
from boostloss.losses.custom import LABEL_WIDTH, CustomLoss
from boostloss.losses.scale import typical_size
from boostloss.losses.smoothing import sample

# Of the median distance to the least loss. From a quarter to the whole all train well; twice as wide a kernel no longer
# tells the two sides of a corner apart (`benchmarks/own_losses.py`).
WIDTH = 0.5
# Of the same distance of the rows that boosting moves, at least: half as much, so that with the same noise in all rows
# it changes nothing.
MOVING_WIDTH = 0.25
# Of the mean curvature, or of the largest one of a label, so that every row counts, and flat losses start.
LEAST_CURVATURE = 0.1


def custom_step(
    loss: CustomLoss, y: NDArray, f: NDArray, weight: NDArray | None
) -> tuple[Callable[..., Any], tuple[float, ...], float, float]:
    """Formula, parameters, scale and least curvature of the next round."""
    of_label = loss.task == "binary"
    if of_label:
        width = loss.label_width
    else:
        rows = sample(len(y), weight)
        y, f = y[rows].astype(np.float64), f[rows].astype(np.float64)
        weight = None if weight is None else weight[rows].astype(np.float64)
        width = half_width(loss, y, f, weight)
    formula, parameters = smoothed(loss, width)
    if loss.boosting_curvature == "unit":
        return formula, parameters, 1.0, 1.0
    size = loss.largest_curvature if of_label else mean_curvature(formula, parameters, y, f, weight)
    return formula, parameters, 1.0 / size, LEAST_CURVATURE * size


def mean_curvature(
    formula: Callable[..., Any],
    parameters: tuple[float, ...],
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
) -> float:
    """The mean curvature of the rows; 1 where none is known."""
    computation = Computation(formula, (MAJORIZER,), parameters)
    (curvature,) = compute_numpy(computation, Rows(y, f), float)
    known = np.isfinite(curvature)
    if not known.any():
        return 1.0
    weight = None if weight is None else weight[known]
    mean = float(np.average(np.maximum(curvature[known], 0.0), weights=weight))
    return mean if 0.0 < mean < math.inf else 1.0


def smoothed(loss: CustomLoss, width: float) -> tuple[Callable[..., Any], tuple[float, ...]]:
    """The formula of boosting for a half-width, and its parameters."""
    if width > 0.0:
        return loss.smoothed_formula, (*loss.parameters, width)
    return loss.sharp_formula, loss.parameters


def half_width(loss: CustomLoss, y: NDArray, f: NDArray, weight: NDArray | None = None) -> float:
    """Half the median distance to the least loss, or more for rows that boosting moves; 0 where it is not known."""
    if loss.smoothing is not None:
        return loss.smoothing
    if loss.kind == "error":
        least = loss.shape.minimiser
        best = y + (least if math.isfinite(least) else 0.0)
    elif loss.prediction_link.trace is None:
        return 0.0
    else:
        best = loss.prediction_link.forward(y)
    known = np.isfinite(best) & np.isfinite(f)
    if not known.any():
        return 0.0
    best, f, weight = best[known], f[known], None if weight is None else weight[known]
    error = f - best
    least = MOVING_WIDTH * moving_error(error, f, weight)
    return max(WIDTH * typical_size(error, weight), least)


def explained(loss: CustomLoss) -> str:
    """What boosting does with a loss, and why, in plain sentences."""
    shape, lines = loss.shape, [f"{loss!r} is {loss.trace.text}."]
    of = {
        "error": "the error, raw prediction - target",
        "margin": "the margin, the raw prediction of label 1 and its negative for label 0",
        "target": "target and prediction"
        + (f", with the link {loss.prediction_link.name!r}" if loss.prediction_link.name else ""),
    }[loss.kind]
    lines.append(f"It is a function of {of}.")
    if loss.kind != "target":
        where = f"least at {shape.minimiser:g}" if math.isfinite(shape.minimiser) else "never least"
        lines.append(f"It is {'convex' if shape.convex else 'not convex'}, and {where}.")
    else:
        lines.append(
            f"It is {'convex' if shape.convex else 'not convex'} in the raw prediction"
            + (", and least where the prediction is the target." if shape.minimiser == 0.0 else ".")
        )
        if loss.prediction_link.trace is None:
            lines.append(
                "Where it is least is not known: give `link` beside `inverse_link` for safer steps."
            )
    if shape.flat > 0.5:
        lines.append("Its Hessian is zero nearly everywhere: by itself no tree would grow.")
    elif shape.corner:
        lines.append("Its slope jumps, where the Hessian does not see it.")
    elif not shape.convex:
        lines.append("Its Hessian is negative somewhere, where a Newton step goes uphill.")
    lines += [smoothing_sentence(loss), curvature_sentence(loss)]
    lines.append(
        "Early stopping and the best constant are those of the exact loss"
        + (", probabilities come from the slopes of both labels." if loss.kind == "margin" else ".")
    )
    return "\n".join(lines)


def smoothing_sentence(loss: CustomLoss) -> str:
    if loss.smoothing is not None:
        width = f"{loss.smoothing:g}, as given" if loss.smoothing else ""
    elif loss.task == "binary":
        width = f"{LABEL_WIDTH:g}"
    elif loss.kind == "target" and loss.prediction_link.trace is None:
        width = ""
    else:
        width = "half the median distance to the least loss or more, anew in every round"
    if not width:
        return "Boosting does not smooth it."
    return (
        f"Boosting smooths it by a uniform kernel, whose half-width is {width}: corners and flat parts get a "
        "curvature."
    )


def curvature_sentence(loss: CustomLoss) -> str:
    least = f"and by a tenth of the {'largest' if loss.task == 'binary' else 'mean'} one at least"
    if loss.boosting_curvature == "unit":
        return "It divides by 1, as given: steps have the size of the slope."
    if loss.boosting_curvature == "exact":
        return f"It divides by the second derivative of that, as given, {least}."
    return (
        "It divides by the larger of the second derivative of that and |gradient| / (2 distance to the least loss), so "
        f"that with a learning rate up to 1/2 no row steps past it, {least}."
    )
