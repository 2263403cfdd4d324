"""The loop over rows of several scores: a formula of a margin becomes a loss of K classes, as in `formulas.classes`."""

import math
from collections.abc import Callable

import numpy as np
from numba import carray
from numba.extending import register_jitable

from boostloss.formulas.classes import class_derivatives
from boostloss.kernels.float32 import unwrap, wrap
from boostloss.kernels.intrinsics import load_tuple, prefer_widest_vectors, stack_array
from boostloss.kernels.native import Variant
from boostloss.kernels.numba_ops import INLINE
from boostloss.ops import constant, exp, log, maximum, where

# A block of rows goes through all classes, so that vectors hold rows: as many as leave its scores in the cache.
MOST_ROWS, SCORES = 512, 1 << 14
SCRATCH = 5 * MOST_ROWS


def make_class_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop that leaves the loss of every row, or gradient and curvature in the score of every class.

    Four numbers, ``shape``, say how many classes there are, and how far apart in memory are two rows of scores, two
    classes of scores, and two classes of results, whose rows are neighbours. The last parameter multiplies curvatures.
    """
    one, two = variant.outputs[0], variant.outputs[-1]
    weighted, n_parameters = variant.weight is not None, variant.n_parameters
    single = variant.y == variant.f == "f"  # computed in float32
    number = np.float32 if single else np.float64
    derive = register_jitable(**INLINE)(class_derivatives)

    @register_jitable(**INLINE)
    def data(x):
        return wrap(np.float32(x), np.float32(x)) if single else np.float64(x)

    @register_jitable(**INLINE)
    def fetch(line, scores, row_step):
        """Scores of one class, side by side."""
        for i in range(len(line)):
            line[i] = scores[i * row_step]

    @register_jitable(**INLINE)
    def power(score, label, j, top):
        """The exponential of a score over that of the largest, 0 for the true class; and whether it is this."""
        true = data(label) == j
        return where(true, 0.0, exp(data(score) - data(top))), true

    @register_jitable(**INLINE)
    def margins(k, y, f, row_step, class_step, line, margin, top, total):
        """Leave the margin of every row, and of the other classes' scores the largest and the sum of exponentials."""
        n = len(y)
        for i in range(n):
            margin[i], top[i], total[i] = math.nan, -math.inf, 0.0
        for j in range(k):
            fetch(line, f[j * class_step :], row_step)
            for i in range(n):
                score, true = data(line[i]), data(y[i]) == j
                margin[i] = unwrap(where(true, score, data(margin[i])))
                top[i] = unwrap(maximum(data(top[i]), where(true, -math.inf, score)))
        for j in range(k):
            fetch(line, f[j * class_step :], row_step)
            for i in range(n):
                part, _ = power(line[i], y[i], j, top[i])
                total[i] += unwrap(part)
        for i in range(n):
            margin[i] = unwrap(data(margin[i]) - data(top[i]) - log(data(total[i])))

    @register_jitable(**INLINE)
    def of_margin(margin, p):
        m = data(margin)
        return formula(constant(1.0, m), m, *p[:-1])

    def loop_of_losses(n, y, f, weight, factor, floor, parameters, shape, first):
        prefer_widest_vectors()
        p, sizes = load_tuple(parameters, n_parameters), load_tuple(shape, 4)
        k, row_step, class_step = sizes[0], sizes[1], sizes[2]
        y, weight, first = carray(y, n), carray(weight, n), carray(first, n)
        f = carray(f, (n - 1) * row_step + (k - 1) * class_step + 1)
        scratch = carray(stack_array(SCRATCH, number(0)), (5, MOST_ROWS))
        size = max(16, min(MOST_ROWS, SCORES // k))
        for start in range(0, n, size):
            rows = slice(start, min(start + size, n))
            labels, w, losses = y[rows], weight[rows], first[rows]
            m, scores = len(labels), f[start * row_step :]
            line, margin, top, total = (
                scratch[0, :m],
                scratch[1, :m],
                scratch[2, :m],
                scratch[3, :m],
            )
            margins(k, labels, scores, row_step, class_step, line, margin, top, total)
            for i in range(m):
                value = of_margin(margin[i], p)[one]
                losses[i] = unwrap(value * (factor * data(w[i]) if weighted else factor))

    def loop_of_derivatives(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        p, sizes = load_tuple(parameters, n_parameters), load_tuple(shape, 4)
        k, row_step, class_step, step = sizes[0], sizes[1], sizes[2], sizes[3]
        y, weight = carray(y, n), carray(weight, n)
        f = carray(f, (n - 1) * row_step + (k - 1) * class_step + 1)
        first, second = carray(first, (k - 1) * step + n), carray(second, (k - 1) * step + n)
        scratch = carray(stack_array(SCRATCH, number(0)), (5, MOST_ROWS))
        size = max(16, min(MOST_ROWS, SCORES // k))
        for start in range(0, n, size):
            rows = slice(start, min(start + size, n))
            labels, w = y[rows], weight[rows]
            m, scores = len(labels), f[start * row_step :]
            line, slope, top, total = scratch[0, :m], scratch[1, :m], scratch[2, :m], scratch[3, :m]
            bend = scratch[4, :m]
            margins(k, labels, scores, row_step, class_step, line, slope, top, total)
            for i in range(m):
                found = of_margin(slope[i], p)
                slope[i], bend[i] = unwrap(found[one]), unwrap(maximum(found[two], floor))
                total[i] = unwrap(1.0 / data(total[i]))
            for j in range(k):
                fetch(line, scores[j * class_step :], row_step)
                begin = start + j * step
                a, b = first[begin : begin + m], second[begin : begin + m]
                for i in range(m):
                    part, true = power(line[i], labels[i], j, top[i])
                    share = part * data(total[i])
                    gradient, hessian = derive(true, share, data(slope[i]), data(bend[i]))
                    by = factor * data(w[i]) if weighted else factor
                    a[i] = unwrap(gradient * by)
                    b[i] = unwrap(p[-1] * hessian * by)

    return loop_of_derivatives if len(variant.outputs) == 2 else loop_of_losses
