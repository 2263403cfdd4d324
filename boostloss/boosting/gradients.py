"""Gradient and curvature as a booster is given them: scaled, the curvature bounded from below, kinks smoothed."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.custom import custom_step
from boostloss.boosting.quantiles import boosted_parameters
from boostloss.formulas.pinball import boosted_pinball
from boostloss.kernels.rows import GRADIENT, Computation, Rows, check_rows, fill, fill_finite
from boostloss.losses.adaptive import Adaptable
from boostloss.losses.base import Loss
from boostloss.losses.custom import CustomLoss
from boostloss.losses.location import Location
from boostloss.losses.quantiles import Expectile, Kinked, Quantile


class Step(NamedTuple):
    """How the gradients of one boosting round are computed.

    Attributes
    ----------
    formula : callable
    parameters : tuple of float
        Of the formula, in this round.
    scale : float
        Multiplied into gradient and curvature.
    floor : float
        The least curvature, before the scale is multiplied.
    """

    formula: Callable[..., Any]
    parameters: tuple[float, ...]
    scale: float
    floor: float


def curvature_scale(loss: Loss) -> float:
    """The factor that makes the largest curvature 1, as that of squared error; 1 for losses of a label.

    Boosters measure ``min_child_weight`` and ``reg_lambda`` in units of the Hessian. A loss of a label is left as it
    is: its curvature does not depend on the unit of a target.
    """
    return 1.0 if loss.task == "binary" else 1.0 / loss.largest_curvature


def fixed_step(loss: Loss) -> Step | None:
    """What every boosting round computes; None for a loss that is smoothed anew for the rows of each round."""
    loss = loss.boosted_as
    if loss.kinked or isinstance(loss, CustomLoss):
        return None
    floor = loss.least_share * loss.largest_curvature
    return Step(loss.formula, loss.parameters, curvature_scale(loss), floor)


@np.errstate(all="ignore")  # infinite raw predictions have gradients that are refused
def boosting_step(loss: Loss, y: NDArray, f: NDArray, weight: NDArray | None) -> Step:
    """What the next boosting round computes for the rows at these raw predictions."""
    loss = loss.boosted_as
    if isinstance(loss, Quantile):
        return quantile_step(loss, y, f, weight)
    if isinstance(loss, Kinked) and loss.kinked:
        return kinked_step(loss, y, f, weight)
    if isinstance(loss, CustomLoss):
        return Step(*custom_step(loss, y, f, weight))
    return cast(Step, fixed_step(loss))


def quantile_step(
    loss: Quantile, y: NDArray, f: NDArray, weight: NDArray | None, spread: NDArray | None = None
) -> Step:
    """What the next round computes of the error, or of the error over the spread of the noise of its row."""
    parameters = boosted_parameters(loss, y, f, weight, spread)
    _, width, below, above, share, _, reach, _ = parameters
    scale = 2.0 * width  # the majorizer's curvature is at most 1 / (2 width)
    # Rows of less curvature count for as much as ever in XGBoost's least Hessian of a leaf, or small tables would not
    # be split at all. Those within the kernel count for more: times `row_share`, for a half at most, since the least
    # factor is twice that share. Least squares have width / reach of the kernel's curvature.
    unit = scale / ((1.0 - share) * min(below, above) + share * width / reach)
    return Step(boosted_pinball, (*parameters, loss.least_share / scale), unit, 0.0)


def kinked_step(loss: Kinked, y: NDArray, f: NDArray, weight: NDArray | None) -> Step:
    """What the next round computes of a loss that is smoothed by a kernel: it has a curvature of 1 / (2 half-width)."""
    parameters = loss.smoothed_parameters(y, f, weight)
    largest = 0.5 / parameters[-1] * loss.largest_curvature
    return Step(loss.formula, parameters, 1.0 / largest, loss.least_share * largest)


def follows_residuals(loss: Loss) -> bool:
    """Whether the residuals alone decide on each step."""
    return loss.kinked or is_own_of_error(loss)


def is_own_of_error(loss: Loss) -> bool:
    """Whether it is a loss of one's own, of the error alone."""
    return isinstance(loss, CustomLoss) and loss.kind == "error"


def narrowed(loss: Loss) -> Literal["errors", "scores"] | None:
    """How gradients are computed in float32, which LightGBM takes, of the raw predictions in float64 that it gives.

    Those of a count or an amount, by the logarithm of a mean that may be large beside its noise, are not.
    """
    if loss.task == "binary":
        return "scores"
    of_error = isinstance(loss, Location | Adaptable | Expectile) or is_own_of_error(loss)
    return "errors" if of_error else None


def row_share(loss: Loss) -> float:
    """For how much of a row a row counts in XGBoost's and LightGBM's least Hessian of a leaf.

    A leaf sees the thin side of a quantile once in so many rows.
    """
    loss = loss.boosted_as
    return min(loss.quantile, 1.0 - loss.quantile) if isinstance(loss, Quantile) else 1.0


def fill_gradients(
    results: list[NDArray],
    loss: Loss,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    factor: float = 1.0,
    step: Step | None = None,
) -> bool:
    """Write gradient and curvature into two arrays, or into one of shape (n_samples, 2), times the factor.

    Returns whether all are known to be finite, which is looked at in two arrays only.
    """
    rows = Rows(y, f, weight)
    step = step or fixed_step(loss)
    if step is None:
        check_rows(rows)  # before it computes with them
        step = boosting_step(loss, *rows)
    computation = computation_of(step, loss, factor)
    if len(results) == 2:
        return fill_finite(results, computation, rows, narrowed(loss))
    fill(results, computation, rows)
    return False


def computation_of(step: Step, loss: Loss, factor: float) -> Computation:
    """What a kernel computes in a step, times the factor."""
    formula, parameters, scale, floor = step
    outputs = GRADIENT, loss.boosted_as.curvature_output()
    return Computation(formula, outputs, parameters, factor * scale, floor)
