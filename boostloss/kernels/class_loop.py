"""The loop over rows of several scores: a formula of a margin becomes a loss of K classes, as in `formulas.classes`."""

import math
from collections.abc import Callable

import numpy as np
from numba import carray
from numba.extending import register_jitable

from boostloss.formulas.classes import class_derivatives
from boostloss.kernels.classes import MOST_SCORES
from boostloss.kernels.float32 import unwrap, wrap
from boostloss.kernels.intrinsics import load_tuple, prefer_widest_vectors, stack_array
from boostloss.kernels.native import Variant
from boostloss.kernels.numba_ops import INLINE, product
from boostloss.ops import constant, exp, log, maximum, where

# A block of rows goes through all classes, so that vectors hold rows: as many as leave its scores in the cache.
MOST_ROWS = 256
SCRATCH = 3 * MOST_ROWS


@register_jitable(**INLINE)
def fetch(scores, k, f, row_step, class_step):
    """The scores of a block, class after class."""
    n = len(scores) // k
    if row_step == 1:
        for j in range(k):
            line, given = scores[j * n : j * n + n], f[j * class_step : j * class_step + n]
            for i in range(n):
                line[i] = given[i]
    else:
        for i in range(n):
            for j in range(k):
                scores[j * n + i] = f[i * row_step + j * class_step]


@register_jitable(**INLINE)
def leave(scores, k, result, row_step, class_step):
    """What `fetch` does, in the other direction."""
    n = len(scores) // k
    if row_step == 1:
        for j in range(k):
            line, kept = scores[j * n : j * n + n], result[j * class_step : j * class_step + n]
            for i in range(n):
                kept[i] = line[i]
    else:
        for i in range(n):
            for j in range(k):
                result[i * row_step + j * class_step] = scores[j * n + i]


def make_class_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop that leaves the loss of every row; or gradient and curvature in the score of every class; or, in the
    layout "class gradients", the loss and gradients.

    Five numbers, ``shape``, say how many classes there are, at most `MOST_SCORES`, and the steps in memory from a row
    of scores to the next, from a class of scores, from a class of results, and from a row of gradients beside losses,
    which is 0 where no gradients are wanted. Rows of all other results are neighbours. The last parameter multiplies
    curvatures.
    """
    one, two = variant.outputs[0], variant.outputs[-1]
    weighted, n_parameters = variant.weight is not None, variant.n_parameters
    # Computed in float32, as are gradients in float32 of the scores in float64 that LightGBM gives, rounded.
    rounds = variant.layout == "classes" and len(variant.outputs) == 2 and variant.result == "f"
    single = variant.y == "f" and (variant.f == "f" or rounds)
    number = np.float32 if single else np.float64
    lowest = float(np.finfo(number).min)  # finite: all other scores may be -inf, and have shares
    derive, times = register_jitable(**INLINE)(class_derivatives), product(weighted)

    @register_jitable(**INLINE)
    def data(x):
        return wrap(np.float32(x), np.float32(x)) if single else np.float64(x)

    @register_jitable(**INLINE)
    def margins(k, y, scores, margin, total):
        """Leave the margin of every row, the sum of exponentials of the other classes' scores, and these for scores.

        The exponentials are those of the distance to the largest of them, and 0 for the true class.
        """
        n = len(y)
        top = total  # until it is known
        for i in range(n):
            margin[i], top[i] = math.nan, -math.inf
        for j in range(k):
            line = scores[j * n : j * n + n]
            for i in range(n):
                score, true = data(line[i]), data(y[i]) == data(j)
                margin[i] = unwrap(where(true, score, data(margin[i])))
                score = where(true, lowest, score)
                line[i], top[i] = unwrap(score), unwrap(maximum(data(top[i]), score))
        for i in range(n):
            margin[i] = unwrap(data(margin[i]) - data(top[i]))
        for j in range(k):
            line = scores[j * n : j * n + n]
            for i in range(n):
                line[i] = unwrap(exp(data(line[i]) - data(top[i])))
        for i in range(n):
            total[i] = 0.0
        for j in range(k):
            line = scores[j * n : j * n + n]
            for i in range(n):
                total[i] += line[i]
        for i in range(n):
            margin[i] = unwrap(data(margin[i]) - log(data(total[i])))

    @register_jitable(**INLINE)
    def of_margin(margin, p):
        m = data(margin)
        return formula(constant(1.0, m), m, *p[:-1])

    def loop_of_losses(n, y, f, weight, factor, floor, parameters, shape, first):
        prefer_widest_vectors()
        p, sizes = load_tuple(parameters, n_parameters), load_tuple(shape, 5)
        k, row_step, class_step = sizes[0], sizes[1], sizes[2]
        y, weight, first = carray(y, n), carray(weight, n), carray(first, n)
        f = carray(f, (n - 1) * row_step + (k - 1) * class_step + 1)
        kept = carray(stack_array(MOST_SCORES, number(0)), MOST_SCORES)
        scratch = carray(stack_array(SCRATCH, number(0)), (3, MOST_ROWS))
        size = min(MOST_ROWS, MOST_SCORES // k)
        for start in range(0, n, size):
            m = min(size, n - start)
            labels, w = y[start : start + m], weight[start : start + m]
            losses, scores = first[start : start + m], kept[: k * m]
            margin, total = scratch[0, :m], scratch[1, :m]
            fetch(scores, k, f[start * row_step :], row_step, class_step)
            margins(k, labels, scores, margin, total)
            for i in range(m):
                value = of_margin(margin[i], p)[one]
                losses[i] = unwrap(times(value, factor * data(w[i]) if weighted else factor))

    def loop_of_derivatives(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        p, sizes = load_tuple(parameters, n_parameters), load_tuple(shape, 5)
        k, row_step, class_step, step = sizes[0], sizes[1], sizes[2], sizes[3]
        y, weight = carray(y, n), carray(weight, n)
        f = carray(f, (n - 1) * row_step + (k - 1) * class_step + 1)
        first, second = carray(first, (k - 1) * step + n), carray(second, (k - 1) * step + n)
        kept = carray(stack_array(MOST_SCORES, number(0)), MOST_SCORES)
        scratch = carray(stack_array(SCRATCH, number(0)), (3, MOST_ROWS))
        size = min(MOST_ROWS, MOST_SCORES // k)
        for start in range(0, n, size):
            m = min(size, n - start)
            labels, w = y[start : start + m], weight[start : start + m]
            scores, slope, bend, total = (
                kept[: k * m],
                scratch[0, :m],
                scratch[1, :m],
                scratch[2, :m],
            )
            fetch(scores, k, f[start * row_step :], row_step, class_step)
            margins(k, labels, scores, slope, total)
            for i in range(m):
                found = of_margin(slope[i], p)
                by = factor * data(w[i]) if weighted else data(factor)
                slope[i] = unwrap(found[one] * by)
                bend[i] = unwrap(maximum(found[two], floor) * by)
                total[i] = unwrap(1.0 / data(total[i]))
            for j in range(k):
                begin = start + j * step
                a, b = first[begin : begin + m], second[begin : begin + m]
                line = scores[j * m : j * m + m]
                for i in range(m):
                    share, true = data(line[i]) * data(total[i]), data(labels[i]) == data(j)
                    gradient, hessian = derive(true, share, data(slope[i]), data(bend[i]))
                    if weighted:  # the share of infinite scores is no number
                        none = data(w[i]) == 0.0
                        gradient, hessian = where(none, 0.0, gradient), where(none, 0.0, hessian)
                    a[i], b[i] = unwrap(gradient), unwrap(p[-1] * hessian)

    def loop_of_gradients(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        p, sizes = load_tuple(parameters, n_parameters), load_tuple(shape, 5)
        k, row_step, class_step, step, other_step = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]
        y, first = carray(y, n), carray(first, n)
        f = carray(f, (n - 1) * row_step + (k - 1) * class_step + 1)
        second = carray(second, (n - 1) * other_step + (k - 1) * step + 1)
        kept = carray(stack_array(MOST_SCORES, number(0)), MOST_SCORES)
        scratch = carray(stack_array(SCRATCH, number(0)), (3, MOST_ROWS))
        size = min(MOST_ROWS, MOST_SCORES // k)
        for start in range(0, n, size):
            m = min(size, n - start)
            labels, losses, scores = y[start : start + m], first[start : start + m], kept[: k * m]
            slope, total = scratch[0, :m], scratch[1, :m]
            fetch(scores, k, f[start * row_step :], row_step, class_step)
            margins(k, labels, scores, slope, total)
            for i in range(m):
                found = of_margin(slope[i], p)
                losses[i], slope[i] = unwrap(found[one]), unwrap(found[two])
                total[i] = unwrap(1.0 / data(total[i]))
            if other_step:
                for j in range(k):
                    line = scores[j * m : j * m + m]
                    for i in range(m):
                        share, true = data(line[i]) * data(total[i]), data(labels[i]) == data(j)
                        gradient, _ = derive(true, share, data(slope[i]), data(slope[i]))
                        line[i] = unwrap(gradient)
                leave(scores, k, second[start * other_step :], other_step, step)

    if variant.layout == "class gradients":
        return loop_of_gradients
    return loop_of_derivatives if len(variant.outputs) == 2 else loop_of_losses
