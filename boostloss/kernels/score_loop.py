"""The loop over rows of which one score of several moves: a formula of a margin, as in `kernels.one_score`."""

from collections.abc import Callable

import numpy as np
from numba import carray
from numba.extending import register_jitable

from boostloss.formulas.classes import class_derivatives
from boostloss.kernels.intrinsics import load_tuple, prefer_widest_vectors, stack_array
from boostloss.kernels.native import Variant
from boostloss.kernels.numba_ops import INLINE, product
from boostloss.kernels.one_score import LEAST_CURVATURE
from boostloss.ops import constant, expit, maximum, softplus, where

MOST_ROWS = 512  # of a block, which stays in the nearest cache
SCRATCH = 3 * MOST_ROWS


def make_score_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop that leaves the derivatives by one score as pairs, as `kernels.one_score` has them.

    ``y`` holds codes of rows, whose places in the arrays of all rows are in ``place``. The last parameters are a factor
    of curvatures, a number to add to scores, and the class of the score.
    """
    one, two = variant.outputs[0], variant.outputs[-1]
    weighted, n_parameters = variant.weight is not None, variant.n_parameters
    times = product(weighted)
    derive = register_jitable(**INLINE)(class_derivatives)

    def loop(n, y, f, weight, factor, floor, parameters, place, label, own, rest, pairs):
        prefer_widest_vectors()
        p = load_tuple(parameters, n_parameters)
        y, f, weight, pairs = carray(y, n), carray(f, n), carray(weight, n), carray(pairs, (n, 2))
        curvature_factor, begin, j = p[-3], p[-2], p[-1]
        scratch = carray(stack_array(SCRATCH, np.float64(0)), (3, MOST_ROWS))
        for start in range(0, n, MOST_ROWS):
            rows = slice(start, min(start + MOST_ROWS, n))
            codes, scores, w, out = y[rows], f[rows], weight[rows], pairs[rows]
            m = len(codes)
            mine, above, difference = scratch[0, :m], scratch[1, :m], scratch[2, :m]
            for i in range(m):  # apart, so that vectors hold rows in what takes time
                row = place[np.intp(codes[i])]
                mine[i] = label[row]
                above[i] = scores[i] + begin - rest[row]
                difference[i] = own[row] - rest[row]
            for i in range(m):
                true, up = mine[i] == j, above[i]
                margin = where(true, up, difference[i] - softplus(up))
                found = formula(constant(1.0, margin), margin, *p[:-3])
                bend = maximum(found[two], floor)
                gradient, hessian = derive(true, expit(up), found[one], bend)
                by = factor * np.float64(w[i]) if weighted else factor
                out[i, 0] = times(gradient, by)
                out[i, 1] = times(maximum(curvature_factor * hessian, LEAST_CURVATURE), by)

    return loop
