"""What must hold of the mathematics of a loss."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from boostloss.boosting.objective import boosting_gradients
from boostloss.check.rows import (
    Failure,
    Skipped,
    agreement,
    linked,
    moderate_points,
    outputs,
    points,
    raw_predictions,
    targets,
)
from boostloss.kernels.rows import (
    GRADIENT,
    HESSIAN,
    LOSS,
    MAJORIZER,
    Computation,
    Rows,
    evaluate_numpy,
)
from boostloss.losses.base import Loss
from boostloss.losses.harmonizing import Harmonized

DIGITS = 250  # of the oracle, whose second difference over a step of 1e-40 loses many
LEAF_STEPS = 500  # where a robust loss gives most rows no gradient, the first steps are short
PARTS = np.linspace(1.0, 0.0, 201)  # of the way to the best constant
LEAST = 1e-37  # that float32 holds, and what such a step may be wrong by


def questions(accuracy: float) -> Iterator[tuple[str, Callable[[Loss], str]]]:
    single = min(1e-3, 1e9 * accuracy)
    yield "derivatives in float64", lambda loss: derivatives(loss, np.float64, accuracy)
    yield "derivatives in float32", lambda loss: derivatives(loss, np.float32, single)
    yield "a full step lowers the loss", full_step
    yield "quadratic above the loss", majorizer
    yield "finite gradients", finite
    yield "NaN in, NaN out", nan_in_nan_out
    yield "best constant", best_constant
    yield "weights", weights_are_repetitions
    yield "link", link_and_inverse
    yield "boosting gradients", one_leaf_descends
    yield "numbers and arrays", compiled_as_plain


def derivatives(loss: Loss, dtype: Any, accuracy: float) -> str:
    y, f = points(loss, dtype)
    _, gradient = outputs(loss, y, f, LOSS, GRADIENT)
    _, hessian = outputs(loss, y, f, GRADIENT, HESSIAN)
    compared = 0
    for target, start, *found in zip(y, f, gradient, hessian, strict=True):
        true = true_derivatives(loss, float(target), float(start))
        if true is None or max(map(abs, true[:3])) > float(np.finfo(dtype).max):
            continue
        compared += 1
        _, slope, bend, third = true
        # A sum of terms has the digits of the largest: in the Hessian of a location loss, gradient / error.
        error = start - target if loss.task == "regression" else start
        size = max(abs(bend), abs(slope / error) if error else 0.0)
        # Where they are nearly 0, those of a raw prediction that differs in its last digits are right too.
        rounding = 4.0 * float(np.finfo(dtype).eps) * abs(float(start))
        for name, ours, exact, reference, change in zip(
            ("gradient", "Hessian"),
            found,
            (slope, bend),
            (abs(slope), size),
            (bend, third),
            strict=True,
        ):
            if (
                not abs(float(ours) - exact)
                <= accuracy * reference + rounding * abs(change) + LEAST
            ):
                raise Failure(
                    f"the {name} is {float(ours):.8g}, not {exact:.8g}, at a target of {target:.8g} and a raw "
                    f"prediction of {start:.8g}"
                )
    return agreement(accuracy, compared)


def true_derivatives(loss: Loss, target: float, start: float) -> tuple[float, ...] | None:
    """A loss and three derivatives, by its differences in many digits; None where the first or second jumps."""
    import mpmath as mp

    with mp.workdps(DIGITS), np.errstate(all="ignore"):
        step = mp.mpf(10) ** -40 * max(abs(start), 1.0)
        parameters = [mp.mpf(p) for p in loss.parameters]
        at = [mp.mpf(start) + k * step for k in (-2, -1, 0, 1, 2)]
        try:
            values = [loss.formula(mp.mpf(target), x, *parameters)[LOSS] for x in at]
        except ZeroDivisionError:  # of an output that has a pole there
            return None
        if abs(values[2]) > np.finfo(float).max:
            return (math.inf,) * 4
        slopes = [(b - a) / step for a, b in pairwise(values)]
        bends = [(b - a) / step for a, b in pairwise(slopes)]
        _, before, after, _ = slopes
        if abs(after - before) > 1e-20 * (1 + abs(values[2]) + abs(before) + abs(after)):
            return None
        if abs(bends[2] - bends[0]) > 1e-20 * (1 + abs(values[2]) + sum(map(abs, bends))):
            return None
        third = (bends[2] - bends[0]) / (2 * step)
        return float(values[2]), float((before + after) / 2), float(bends[1]), float(third)


def full_step(loss: Loss) -> str:
    y, f = moderate_points(loss)
    output = loss.curvature_output()
    gradient, curvature = outputs(loss, y, f, GRADIENT, output)
    steps = np.isfinite(curvature) & (curvature > 0.0)
    y, f, gradient, curvature = (x[steps] for x in (y, f, gradient, curvature))
    (before,) = outputs(loss, y, f, LOSS)
    (after,) = outputs(loss, y, f - gradient / curvature, LOSS)
    worse = ~(after <= before + 1e-9 * np.abs(before) + 1e-300)
    if loss.curvature == "majorizer" and worse.any():
        row = int(np.flatnonzero(worse)[0])
        raise Failure(
            f"from {f[row]:.6g} it leads to {f[row] - gradient[row] / curvature[row]:.6g}, "
            f"and from a loss of {before[row]:.6g} to {after[row]:.6g}"
        )
    return f"raises the loss of {np.mean(worse):.0%} of the rows ({loss.curvature} curvature)"


def majorizer(loss: Loss) -> str:
    y, f = moderate_points(loss)
    (values,) = outputs(loss, y, f, LOSS)
    gradient, curvature = outputs(loss, y, f, GRADIENT, MAJORIZER)
    at, below = np.unique(f), []
    for target, start, value, slope, bend in zip(y, f, values, gradient, curvature, strict=True):
        if not np.isfinite(bend):
            continue
        step = at - start
        (others,) = outputs(loss, np.full_like(at, target), at, LOSS)
        with np.errstate(over="ignore", invalid="ignore"):
            quadratic = value + slope * step + 0.5 * bend * step * step
            slack = 1e-9 * (abs(value) + np.abs(slope * step) + bend * step * step)
            below.append(
                ~(quadratic + slack >= others) & ~(np.isnan(quadratic) & np.isfinite(slope))
            )
    share = float(np.mean(below))
    if share:
        raise Skipped(f"no: it is below the loss at {share:.0%} of the places")
    return "of every row and everywhere"


def finite(loss: Loss) -> str:
    for dtype, largest in ((np.float64, 1e100), (np.float32, 1e15)):
        f = np.array([-largest, -1.0, 0.0, 1.0, largest], dtype)
        if linked(loss):
            f = np.clip(f, -30.0, 30.0).astype(dtype)
        y = np.full(len(f), targets(loss, dtype=dtype)[0])
        for target, start, *pair in zip(
            y, f, *boosting_gradients(loss, y, f, dtype=dtype), strict=True
        ):
            true = true_derivatives(loss, float(target), float(start))
            overflow = true is not None and max(map(abs, true[:3])) > float(np.finfo(dtype).max)
            if not np.isfinite(pair).all() and not overflow:
                raise Failure(f"{pair[0]} and {pair[1]} at a raw prediction of {start:.6g}")
    return "at raw predictions up to 1e100 (float32: 1e15), or 30 with a link"


def nan_in_nan_out(loss: Loss) -> str:
    good = float(targets(loss)[0])
    y, f = np.array([np.nan, good, good]), np.array([0.5, np.nan, 0.5])
    for wanted in ((LOSS,), (GRADIENT, HESSIAN), (GRADIENT, MAJORIZER)):
        for column in outputs(loss, y, f, *wanted):
            if not np.array_equal(np.isnan(column), [True, True, False]):
                raise Failure(f"targets {y} and raw predictions {f} give {column}")
    return "of the target and of the raw prediction"


def best_constant(loss: Loss) -> str:
    y = targets(loss)
    best = loss.fit_intercept(y)
    least = loss.mean_loss(y, np.full(len(y), best))
    grid = np.unique([*(best + np.geomspace(1e-3, 5.0, 40)), *(best - np.geomspace(1e-3, 5.0, 40))])
    for constant in grid:
        other = loss.mean_loss(y, np.full(len(y), constant))
        if other < least - 1e-9 * abs(least):
            raise Failure(
                f"{best:.8g} has a mean loss of {least:.8g}, {constant:.8g} one of {other:.8g}"
            )
    return f"{best:.6g} for 200 random targets"


def weights_are_repetitions(loss: Loss, rel_tol: float = 1e-6, abs_tol: float = 1e-9) -> str:
    y, f = targets(loss), raw_predictions(loss)
    weight = np.random.default_rng(2).integers(0, 4, len(y)).astype(float)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    pairs = [(loss.mean_loss(y, f, weight), loss.mean_loss(y[rows], f[rows]))]
    of_weights, of_rows = loss.fit_intercept(y, weight), loss.fit_intercept(y[rows])
    pairs += zip(np.atleast_1d(of_weights), np.atleast_1d(of_rows), strict=True)
    for found, expected in pairs:
        if not math.isclose(found, expected, rel_tol=rel_tol, abs_tol=abs_tol):
            raise Failure(f"weights of 2 give {found:.8g}, rows that stand twice {expected:.8g}")
    return "a weight of 2 counts as the row twice"


def link_and_inverse(loss: Loss) -> str:
    raw = np.linspace(-5.0, 5.0, 41)
    response = np.asarray(loss.inverse_link(raw))
    if loss.task == "binary" and not ((response >= 0.0) & (response <= 1.0)).all():
        raise Failure(f"probabilities from {response.min():.6g} to {response.max():.6g}")
    if (np.diff(response) < 0.0).any():
        raise Failure("inverse_link does not rise")
    inside = (response > 0.0) & (response < 1.0) | (loss.task != "binary")  # else any score is cut
    again = loss.link(response)[inside]
    with np.errstate(over="ignore"):
        back = np.isclose(loss.inverse_link(again), response[inside], rtol=1e-12, atol=0.0)
    # Where a probability has no digits left beside 1, many raw predictions have it.
    back &= loss.task == "binary"
    if not (back | np.isclose(again, raw[inside], atol=1e-6)).all():
        raise Failure("link does not invert inverse_link")
    return f"from {response[0]:.4g} to {response[-1]:.4g} at raw predictions of -5 and 5"


def one_leaf_descends(loss: Loss) -> str:
    if isinstance(loss, Harmonized):
        raise Skipped(
            "not judged: the weight of a row depends on the others, and changes with each step"
        )
    y = targets(loss)
    best = loss.fit_intercept(y)
    # Errors are to be larger than what the gradients of a quantile are smoothed over, which is a part of their spread.
    away = 1.0 if loss.task == "binary" or linked(loss) else float(np.std(y))
    path = [loss.mean_loss(y, np.full(len(y), best + away * part)) for part in PARTS]
    before, least = path[0], path[-1]
    f = np.full(len(y), best + away)
    for _ in range(LEAF_STEPS):
        gradient, hessian = boosting_gradients(loss, y, f, dtype=np.float64)
        f = f - gradient.sum() / max(float(hessian.sum()), 1e-300)
    after = loss.mean_loss(y, f)
    if not after <= least + 0.5 * (before - least):
        if after < before and max(np.diff(path)) > 1e-9 * abs(before):
            raise Skipped(
                "not judged: the mean loss has other minima beside that of the best constant"
            )
        raise Failure(
            f"{LEAF_STEPS} steps of one leaf go from a mean loss of {before:.6g} to {after:.6g}, "
            f"the least is {least:.6g}"
        )
    return f"one leaf goes from a mean loss of {before:.4g} to {after:.4g}, the best is {least:.4g}"


def compiled_as_plain(loss: Loss) -> str:
    y, f = moderate_points(loss)
    for output in (LOSS, GRADIENT, HESSIAN, MAJORIZER):
        wanted = (LOSS,) if output == LOSS else (GRADIENT, output)
        compiled = outputs(loss, y, f, *wanted)[-1]
        computation = Computation(loss.formula, wanted, loss.parameters)
        plain = evaluate_numpy(computation, Rows(y, f))[-1]
        if not np.allclose(compiled, plain, rtol=1e-9, atol=1e-300):
            row = int(np.argmax(np.abs(compiled - plain)))
            raise Failure(f"compiled {compiled[row]:.10g}, NumPy {plain[row]:.10g} at {f[row]:.6g}")
    return "compiled and plain formula agree"
