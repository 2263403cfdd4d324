"""A formula of a margin over K classes as a function of one of the scores, while the others are held.

Then the margin m = f_y - log(sum of exp f_l over l != y) needs two numbers of a row: f_y, and of all classes but the
true one and the j-th the logarithm of the sum of exponentials, t. It is f_j - t in the rows of class j, and
f_y - log(exp f_j + exp t) in the others, in which the share of class j among the false ones is sigmoid(f_j - t).
"""

import operator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.classes import class_derivatives
from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.rows import (
    JIT_DISABLED,
    Computation,
    Rows,
    address,
    check_array,
    evaluate_numpy,
    in_memory,
    weighed,
)
from boostloss.ops import expit, softplus

LEAST_CURVATURE = 1e-16  # as CatBoost's own: a leaf whose rows have none would divide by 0
LEAST_SUM = 1e-300  # of exponentials the largest of which is 1: where another score is ahead by 690, this is lost


class Held(NamedTuple):
    """What is known of rows while one score moves.

    Attributes
    ----------
    place : ndarray of int32
        The row by its code.
    label : ndarray of int32, of shape (n_samples,)
        Positions of classes.
    own : ndarray of shape (n_samples,)
        The score of the true class.
    rest : ndarray of shape (n_samples,)
        t, the logarithm of the sum of exponentials over all classes but the true one and that of the score.
    """

    place: NDArray
    label: NDArray
    own: NDArray
    rest: NDArray


def log_sums_without(scores: NDArray) -> NDArray:
    """For every class the logarithm of the sum of exponentials of the scores of all others, of shape (k, n) as they."""
    top = scores.max(axis=0)
    powers = np.exp(scores - top)
    sums = np.zeros_like(powers)  # from both sides: a difference from the sum of all would cancel
    np.cumsum(powers[:-1], axis=0, out=sums[1:])
    sums[:-1] += np.cumsum(powers[:0:-1], axis=0)[::-1]
    np.maximum(sums, LEAST_SUM, out=sums)
    return np.add(np.log(sums, out=sums), top, out=sums)


def score_pairs(
    computation: Computation,
    curvature_factor: float,
    held: Held,
    j: int,
    start: float,
    codes: NDArray,
    scores: NDArray,
    weight: NDArray | None,
) -> NDArray[np.float64]:
    """First and second derivatives by one score of a block of rows, of shape (n_rows, 2).

    Parameters
    ----------
    computation : Computation
        Of the margin: gradient and a curvature, whose floor is that of the margin.
    curvature_factor : float
        Multiplied into the curvature of the score.
    held : Held
    j : int
        The class of the score.
    start : float
        Added to the scores.
    codes : ndarray of float32
        Of the rows.
    scores : ndarray of float64
    weight : ndarray of float64 or None
    """
    formula, outputs, parameters, factor, floor = computation
    n = len(codes)
    kinds = check_array("codes", codes, (n,)), check_array("scores", scores, (n,))
    weight_kind = None if weight is None else check_array("weight", weight, (n,))
    loop = None
    if not JIT_DISABLED:
        variant = Variant(outputs, len(parameters) + 3, *kinds, weight_kind, "d", "score")
        loop = native_loop(formula, variant)
    if loop is None:
        return np.stack(
            score_columns(computation, curvature_factor, held, j, start, codes, scores, weight),
            axis=1,
        )
    pairs = np.empty((n, 2))
    _memory, values = in_memory((*parameters, curvature_factor, start, float(j)))
    rows = address(codes), address(scores), address(codes if weight is None else weight)
    loop(n, *rows, factor, floor, values, *map(address, held), address(pairs))
    return pairs


def score_columns(
    computation: Computation,
    curvature_factor: float,
    held: Held,
    j: int,
    start: float,
    codes: NDArray,
    scores: NDArray,
    weight: NDArray | None,
) -> list[NDArray]:
    """The two columns without compiled code."""
    formula, outputs, parameters, factor, floor = computation
    rows = held.place[codes.astype(np.intp)]
    true, t = held.label[rows] == j, held.rest[rows]
    above = scores + start - t
    margin = np.where(true, above, held.own[rows] - t - softplus(above))
    target = np.where(np.isnan(margin), margin, 1.0)
    plain = Computation(formula, outputs, parameters, 1.0, floor)
    found = evaluate_numpy(plain, Rows(target, margin))
    gradient, curvature = class_derivatives(true, expit(above), *found)
    curvature = np.maximum(curvature_factor * curvature, LEAST_CURVATURE)
    scale = factor if weight is None else factor * weight.astype(np.float64)
    times = operator.mul if weight is None else weighed
    return [times(gradient, scale), times(curvature, scale)]
