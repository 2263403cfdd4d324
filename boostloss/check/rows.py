"""Rows to try a loss on, and how a check says what it has found."""

import warnings
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.rows import Computation, Rows, evaluate
from boostloss.losses.base import Loss
from boostloss.losses.distributions import Distribution
from boostloss.ops import expit

SIZES = (1e-30, 1e-12, 1e-7, 1e-4, 0.013, 0.17, 0.71, 1.3, 2.9, 7.1, 23.0, 170.0, 1e4, 1e8, 1e15)


class Failure(Exception):
    """What a check has found wrong, in a sentence."""


class Skipped(Exception):
    """Why a check has no answer, or one that is no fault."""


def agreement(accuracy: float, compared: int) -> str:
    """What to say of derivatives that are as accurate as was asked, at so many points.

    Raises
    ------
    Skipped
        If at none of them the true ones are known.
    """
    if not compared:
        raise Skipped("not compared: mpmath finds none, or the loss jumps wherever it was tried")
    return f"relative error at most {accuracy:.0e} at {compared} points"


def targets(loss: Loss, n: int = 200, dtype: Any = np.float64) -> NDArray:
    """Random targets that the loss allows: labels or numbers; positive ones, or shares, if others are refused.

    Of a distribution they are drawn from it, at the first raw predictions that `drawn` finds.
    """
    if isinstance(loss, Distribution):
        return drawn(loss, n, alike=True)[0].astype(dtype)
    rng = np.random.default_rng(0)
    if loss.task == "binary":
        return (rng.random(n) < 0.4).astype(dtype)
    y = rng.normal(1.0, 2.0, n).astype(dtype)
    for allowed in (y, np.abs(y)):
        with suppress(ValueError):
            return loss.check_target(allowed)
    return expit(y)


def linked(loss: Loss) -> bool:
    """Whether a raw prediction is not the prediction of a number."""
    return loss.task == "regression" and not np.array_equal(loss.inverse_link(SIZES), SIZES)


def raw_predictions(loss: Loss, n: int = 200) -> NDArray:
    """Random raw predictions: on both sides of the targets, of a size that a link can take.

    Of a distribution, with a column for each output, they are those at which the targets were drawn.
    """
    if isinstance(loss, Distribution):
        return drawn(loss, n, alike=True)[1]
    return np.random.default_rng(1).normal(0.0, 2.0, n)


@lru_cache(maxsize=8)
def drawn(loss: Distribution, n: int, alike: bool = False) -> tuple[NDArray, NDArray]:
    """Random raw predictions, the same ones in all rows if so asked, and targets drawn from their distributions.

    Where an output has to be positive, and its name does not tell, rows in which it is not are left out.

    Raises
    ------
    Failure
        If there are not enough rows with a finite loss.
    """
    raw = np.random.default_rng(0).normal(size=(2 * n, loss.n_outputs))
    raw = np.concatenate([raw, np.abs(raw)])
    if alike:
        raw = np.tile(drawn(loss, 1)[1], (n, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is left out
        y = np.asarray(loss.distribution(raw).rvs(random_state=0), np.float64)
        value = loss.loss(np.where(np.isfinite(y), y, 1.0), raw)
    kept = np.flatnonzero(np.isfinite(y) & np.isfinite(value))[:n]
    if len(kept) < n:
        raise Failure("no targets can be drawn from its distribution, or their loss is not finite")
    return y[kept], raw[kept]


def moved(loss: Distribution, n: int) -> tuple[NDArray, NDArray]:
    """Targets, and raw predictions beside those of their distributions, at which the loss is finite."""
    y, raw = drawn(loss, 2 * n)
    near = raw + 0.5 * np.random.default_rng(1).normal(size=raw.shape)
    kept = np.isfinite(loss.loss(y, near))
    return y[kept][:n], near[kept][:n]


def points(loss: Loss, dtype: Any) -> tuple[NDArray, NDArray]:
    """Targets and raw predictions: errors or scores of all sizes and both signs."""
    in_range = linked(loss)
    sizes = np.array([size for size in SIZES if not in_range or size < 30.0])
    f = np.concatenate([-sizes, [0.0], sizes])
    if loss.task == "binary":
        return np.repeat([0.0, 1.0], len(f)).astype(dtype), np.tile(f, 2).astype(dtype)
    y = np.full(len(f), targets(loss)[0] if in_range else 0.0)
    return y.astype(dtype), f.astype(dtype)


def moderate_points(loss: Loss) -> tuple[NDArray, NDArray]:
    y, f = points(loss, np.float64)
    return y[np.abs(f) < 1e6], f[np.abs(f) < 1e6]


def outputs(loss: Loss, y: NDArray, f: NDArray, *wanted: int) -> list[NDArray]:
    return evaluate(Computation(loss.formula, wanted, loss.parameters), Rows(y, f), f.dtype)
