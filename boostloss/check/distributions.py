"""What must hold of the mathematics of a distribution, whose raw predictions are its parameters."""

import math
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.autodiff.densities import LINKED
from boostloss.boosting.several import several_gradients
from boostloss.check.mathematics import weights_are_repetitions
from boostloss.check.rows import (
    Failure,
    Skipped,
    agreement,
    drawn,
    moved,
    raw_predictions,
    targets,
)
from boostloss.kernels.rows import LOSS
from boostloss.losses.distributions import Distribution
from boostloss.losses.quadrature import MASS_ERROR

DIGITS = 80  # of the oracle, whose difference over a step of 1e-30 loses many
LEAST = 1e-37  # that float32 holds
FAR = {True: 20.0, False: 1e6}  # of a raw prediction that is a logarithm, and of another


def questions(accuracy: float) -> Iterator[tuple[str, Callable[[Any], str]]]:
    single = min(1e-3, 1e9 * accuracy)
    yield "derivatives in float64", lambda loss: derivatives(loss, np.float64, accuracy)
    yield "derivatives in float32", lambda loss: derivatives(loss, np.float32, single)
    yield "density", density
    yield "prediction", prediction
    yield "intervals", intervals
    yield "finite gradients", finite
    yield "NaN in, NaN out", nan_in_nan_out
    yield "best constant", best_constant
    # The parameters of maximum likelihood are searched for.
    yield "weights", partial(weights_are_repetitions, rel_tol=1e-5, abs_tol=1e-6)
    yield "boosting gradients", one_leaf_descends
    yield "numbers and arrays", compiled_as_plain


def derivatives(loss: Distribution, dtype: Any, accuracy: float) -> str:
    y, raw = (x.astype(dtype) for x in moved(loss, 40))
    slopes, _ = loss.gradient_hessian(y, raw)
    compared = 0
    for target, row, found in zip(y, raw, slopes, strict=True):
        for place, output in enumerate(loss.outputs):
            exact = true_slope(loss, target, row, place)
            if exact is None:
                continue
            compared += 1
            # A sum of terms has the digits of the largest, which is about 1 at targets of about that size.
            if not abs(float(found[place]) - exact) <= accuracy * (abs(exact) + 1.0) + LEAST:
                raise Failure(
                    f"that by {output} is {found[place]:.8g}, not {exact:.8g}, at {told(loss, target, row)}"
                )
    return agreement(accuracy, compared)


def true_slope(loss: Distribution, target: Any, raw: NDArray, place: int) -> float | None:
    """A derivative by differences of the loss in many digits; None where it jumps, or the loss is not known."""
    import mpmath as mp

    with mp.workdps(DIGITS), np.errstate(all="ignore"):
        given, parameters = ([mp.mpf(float(x)) for x in each] for each in (raw, loss.parameters))
        step = mp.mpf(10) ** -30 * max(abs(given[place]), 1)
        values = []
        for moved_by in (-step, 0, step):
            at = [x + moved_by if i == place else x for i, x in enumerate(given)]
            try:
                values.append(loss.formula(mp.mpf(float(target)), *at, *parameters)[LOSS])
            except (ZeroDivisionError, OverflowError, ValueError):
                return None
        if not all(isinstance(x, mp.mpf) and mp.isfinite(x) for x in values):
            return None
        before, after = ((b - a) / step for a, b in pairwise(values))
        if abs(after - before) > 1e-12 * (1 + abs(before) + abs(after)):
            return None
        return float((before + after) / 2)


def density(loss: Distribution) -> str:
    y, raw = drawn(loss, 100)
    found = loss.distribution(raw)
    counts = not hasattr(found, "logpdf")
    expected = found.logpmf(y) if counts else found.logpdf(y)
    differ = ~np.isclose(-loss.loss(y, raw), expected, rtol=1e-7, atol=1e-9)
    if differ.any():
        row = int(differ.argmax())
        raise Failure(
            f"the loss is {loss.loss(y, raw)[row]:.8g}, the distribution has {-expected[row]:.8g}, at "
            f"{told(loss, y[row], raw[row])}"
        )
    if not hasattr(found, "mass"):  # scipy's
        return "that of the distribution of scipy"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the failure says more
        mass = found.mass()
    error = np.abs(mass - 1.0)
    if not (error < MASS_ERROR).all():
        row = int(error.argmax())
        raise Failure(
            f"it integrates to {mass[row]:.6g}, not to 1, at {told(loss, None, raw[row])}"
        )
    return f"it integrates to 1, to {error.max():.0e}"


def prediction(loss: Distribution) -> str:
    _, raw = drawn(loss, 50)
    central = getattr(loss.distribution(raw), loss.center, None)
    if central is None:
        raise Skipped(f"it is the {loss.center}")
    found, ours = central(), loss.inverse_link(raw)
    differ = np.isfinite(found) & ~np.isclose(ours, found, rtol=1e-6)
    if differ.any():
        row = int(differ.argmax())
        raise Failure(
            f"it is {ours[row]:.8g}, the {loss.center} is {found[row]:.8g}, at {told(loss, None, raw[row])}"
        )
    return f"the {loss.center} of the distribution"


def intervals(loss: Distribution) -> str:
    if loss.interval_formula is None:
        raise Skipped("none are taken: `log_density` was not given `log_survival`")
    raw = 0.5 * drawn(loss, 50)[1]  # not of the heaviest tails, whose intervals are cut off
    of_rows = loss.distribution(raw)
    low, high = of_rows.ppf(0.3), of_rows.ppf(0.8)
    before = low - 1.0 if loss.discrete else low  # a count of `low` is in the interval
    cases = {
        "an interval": (low, high, of_rows.cdf(high) - of_rows.cdf(before)),
        "a target above a number": (low, np.inf, of_rows.sf(before)),
        "a target below a number": (-np.inf, high, of_rows.cdf(high)),
    }
    for case, (lower, upper, expected) in cases.items():
        lower = np.maximum(lower, 0.0) if loss.positive or loss.discrete else lower
        ends = np.stack(np.broadcast_arrays(lower, upper), axis=1)
        differ = ~np.isclose(loss.loss(ends, raw), -np.log(expected), rtol=1e-5, atol=1e-6)
        if differ.any():
            row = int(differ.argmax())
            raise Failure(
                f"{case} has a probability of {math.exp(-loss.loss(ends, raw)[row]):.8g}, not "
                f"{expected[row]:.8g}, at {told(loss, ends[row], raw[row])}"
            )
    exact = loss.loss(np.stack([low, low], axis=1), raw)
    if not np.allclose(exact, loss.loss(low, raw), rtol=1e-9):
        raise Failure("equal ends have another loss than the target that they are")
    return "their probabilities are those of the distribution"


def finite(loss: Distribution) -> str:
    y, centre = targets(loss)[0], raw_predictions(loss)[0]
    for far in product(*([-1.0, 0.0, 1.0] for _ in loss.outputs)):
        sizes = [FAR[output.startswith(LINKED)] for output in loss.outputs]
        raw = centre + np.multiply(far, sizes)
        slopes, curvatures = (x[0] for x in loss.gradient_hessian([y], [raw]))
        if np.isfinite([*slopes, *curvatures]).all():
            continue
        true = [true_slope(loss, y, raw, place) for place in range(loss.n_outputs)]
        known = [x for x in true if x is not None]
        # A curvature is of the size of the square of a slope, and is as right to overflow.
        if known and max(map(abs, known)) < math.sqrt(np.finfo(float).max):
            raise Failure(f"{slopes} and {curvatures} at {told(loss, y, raw)}")
    return f"at raw predictions up to {FAR[False]:.0e}, or {FAR[True]:g} if they are logarithms"


def nan_in_nan_out(loss: Distribution) -> str:
    y, centre = targets(loss)[0], raw_predictions(loss)[0]
    target, raw = np.full(loss.n_outputs + 2, y), np.tile(centre, (loss.n_outputs + 2, 1))
    target[0] = np.nan
    np.fill_diagonal(raw[1:-1], np.nan)
    losses, slopes = np.empty(len(target)), np.empty((loss.n_outputs, len(target)))
    loss.fill([losses, slopes], target, raw, None)
    for column in (losses, *slopes):
        if not np.array_equal(np.isnan(column), [True] * (len(target) - 1) + [False]):
            raise Failure(f"targets {target} and raw predictions {raw.tolist()} give {column}")
    return "of the target and of each raw prediction"


def best_constant(loss: Distribution) -> str:
    y = targets(loss)
    best = loss.fit_intercept(y)
    least = loss.mean_loss(y, np.tile(best, (len(y), 1)))
    for place, output in enumerate(loss.outputs):
        for step in np.geomspace(1e-3, 5.0, 20):
            for sign in (-1.0, 1.0):
                other = best + sign * step * (np.arange(loss.n_outputs) == place)
                found = loss.mean_loss(y, np.tile(other, (len(y), 1)))
                if found < least - 1e-9 * abs(least):
                    raise Failure(
                        f"{best.tolist()} has a mean loss of {least:.8g}, with {output} at {other[place]:.8g} it is "
                        f"{found:.8g}"
                    )
    return f"{np.round(best, 4).tolist()} for {len(y)} random targets"


def one_leaf_descends(loss: Distribution) -> str:
    y = targets(loss)
    best = loss.fit_intercept(y)
    low, high = np.quantile(y, [0.25, 0.75])
    away = [1.0 if output.startswith(LINKED) else high - low for output in loss.outputs]
    raw = np.tile(best + away, (len(y), 1))
    before, least = loss.mean_loss(y, raw), loss.mean_loss(y, np.tile(best, (len(y), 1)))
    for _ in range(100):
        gradient, hessian = several_gradients(loss, y, raw, None, np.float64)
        raw = raw - gradient.sum(axis=0) / np.maximum(hessian.sum(axis=0), 1e-300)
    after = loss.mean_loss(y, raw)
    if not after <= least + 0.5 * (before - least):
        why = ", as where a scale falls below 0: predict its logarithm" if math.isnan(after) else ""
        raise Failure(
            f"100 steps of one leaf go from a mean loss of {before:.6g} to {after:.6g}{why}"
        )
    return f"one leaf goes from a mean loss of {before:.4g} to {after:.4g}, the best is {least:.4g}"


def compiled_as_plain(loss: Distribution) -> str:
    y, raw = moved(loss, 200)
    with np.errstate(all="ignore"):
        plain = loss.formula(y, *raw.T, *loss.parameters)
    compiled = [loss.loss(y, raw), *np.concatenate(loss.gradient_hessian(y, raw), axis=1).T]
    for ours, theirs in zip(compiled, plain, strict=True):
        differ = ~np.isclose(ours, theirs, rtol=1e-9, atol=1e-9, equal_nan=True)
        if differ.any():
            row = int(differ.argmax())
            at = told(loss, y[row], raw[row])
            raise Failure(f"compiled {ours[row]:.10g}, NumPy {theirs[row]:.10g} at {at}")
    return "compiled and plain formula agree"


def told(loss: Distribution, target: Any, raw: NDArray) -> str:
    """A row in words."""
    named = [f"{x}={value:.6g}" for x, value in zip(loss.outputs, raw, strict=True)]
    return ", ".join(named if target is None else [f"target={target}", *named])
