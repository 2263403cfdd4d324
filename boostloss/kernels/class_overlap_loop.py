"""The loops over pixels of several classes: false positives and negatives by a softmax, and their gradients."""

import math
from collections.abc import Callable

import numpy as np
from numba import carray
from numba.extending import register_jitable

from boostloss.formulas.overlap import pixel_cost
from boostloss.kernels.class_loop import MOST_ROWS, SCRATCH, leave
from boostloss.kernels.class_overlap import SLOPES
from boostloss.kernels.classes import MOST_SCORES
from boostloss.kernels.float32 import unwrap, wrap
from boostloss.kernels.intrinsics import (
    add_all,
    load_tuple,
    no_totals,
    prefer_widest_vectors,
    stack_array,
)
from boostloss.kernels.native import Variant
from boostloss.kernels.numba_ops import INLINE
from boostloss.ops import constant, exp, maximum, where


def make_class_overlap_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop that adds up false positives, false negatives, labels and true positives of each class; or that makes
    gradients of shares, in place.

    Three numbers, ``shape``, say how many classes there are, how far apart in memory two classes of scores are, and two
    classes of shares; the last is 0 where shares are not kept. The formula is `formulas.overlap.share_slope`.
    """
    weighted = variant.weight is not None
    single = variant.f == "f"
    number = np.float32 if single else np.float64
    price = register_jitable(**INLINE)(pixel_cost)

    @register_jitable(**INLINE)
    def data(x):
        return wrap(np.float32(x), np.float32(x)) if single else np.float64(x)

    def loop_of_sums(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        sizes = load_tuple(shape, 3)
        k, step, shares_step = sizes[0], sizes[1], sizes[2]
        y, weight, f = carray(y, n), carray(weight, n), carray(f, (k - 1) * step + n)
        sums, shares = carray(first, 4 * k), carray(second, (k - 1) * shares_step + n)
        kept = carray(stack_array(MOST_SCORES, number(0)), MOST_SCORES)
        scratch = carray(stack_array(SCRATCH, number(0)), (3, MOST_ROWS))
        size = min(MOST_ROWS, MOST_SCORES // k)
        for start in range(0, n, size):
            m = min(size, n - start)
            labels, w, scores = y[start : start + m], weight[start : start + m], kept[: k * m]
            top, own, rest = scratch[0, :m], scratch[1, :m], scratch[2, :m]
            for i in range(m):
                top[i], own[i], rest[i] = -math.inf, math.nan, 0.0
            for j in range(k):
                line, given = scores[j * m : j * m + m], f[j * step + start : j * step + start + m]
                for i in range(m):
                    score, true = data(given[i]), data(labels[i]) == data(j)
                    top[i] = unwrap(maximum(data(top[i]), score))
                    own[i] = unwrap(where(true, score, data(own[i])))
                    # Without the true class the other shares add up to 1 less its own to the last digit.
                    line[i] = unwrap(where(true, -math.inf, score))
            for j in range(k):
                line = scores[j * m : j * m + m]
                for i in range(m):
                    power = unwrap(exp(data(line[i]) - data(top[i])))
                    line[i], rest[i] = power, rest[i] + power
            scale = top  # which is not needed any more
            for i in range(m):
                power = exp(data(own[i]) - data(top[i]))
                by = 1.0 / (power + data(rest[i]))
                scale[i] = unwrap(by)
                own[i], rest[i] = unwrap(power * by), unwrap(data(rest[i]) * by)
            for j in range(k):
                line = scores[j * m : j * m + m]
                totals = no_totals(data(line[0]), 4)
                for i in range(m):
                    share, true = data(line[i]) * data(scale[i]), data(labels[i]) == data(j)
                    line[i] = unwrap(where(true, data(own[i]), share))
                    by = data(w[i]) if weighted else None
                    lost, one, right = (
                        where(true, data(rest[i]), 0.0),
                        where(true, constant(1.0, share), 0.0),
                        where(true, data(own[i]), 0.0),
                    )
                    totals = add_all(totals, (share, lost, one, right), by, share)
                for place in range(4):
                    sums[place * k + j] += totals[place]
            if shares_step:
                leave(scores, k, shares[start:], 1, shares_step)

    def loop_of_slopes(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        sizes = load_tuple(shape, 3)
        k, step = sizes[0], sizes[2]
        y, weight = carray(y, n), carray(weight, n)
        costs, shares = carray(first, 2 * k), carray(second, (k - 1) * step + n)
        kept = carray(stack_array(MOST_SCORES, number(0)), MOST_SCORES)
        scratch = carray(stack_array(SCRATCH, number(0)), (3, MOST_ROWS))
        size = min(MOST_ROWS, MOST_SCORES // k)
        for start in range(0, n, size):
            m = min(size, n - start)
            labels, w, scores = y[start : start + m], weight[start : start + m], kept[: k * m]
            own, extra, mean = scratch[0, :m], scratch[1, :m], scratch[2, :m]
            for i in range(m):
                own[i], extra[i], mean[i] = 0.0, 0.0, 0.0
            for j in range(k):
                line, given = (
                    scores[j * m : j * m + m],
                    shares[j * step + start : j * step + start + m],
                )
                for i in range(m):
                    true = data(labels[i]) == data(j)
                    line[i] = given[i]
                    own[i] = unwrap(where(true, data(given[i]), data(own[i])))
                    extra[i] = unwrap(where(true, data(costs[k + j]), data(extra[i])))
            for i in range(m):
                extra[i] = unwrap(where(data(own[i]) < 0.5, 0.0, data(extra[i])))
            for j in range(k):
                line, more, less = scores[j * m : j * m + m], data(costs[j]), data(costs[k + j])
                for i in range(m):
                    cost = price(data(labels[i]) == data(j), more, less, data(extra[i]))
                    mean[i] += unwrap(data(line[i]) * cost)
            for j in range(k):
                line, more, less = scores[j * m : j * m + m], data(costs[j]), data(costs[k + j])
                result = shares[j * step + start : j * step + start + m]
                for i in range(m):
                    cost = price(data(labels[i]) == data(j), more, less, data(extra[i]))
                    slope = formula(data(line[i]), cost, data(mean[i]))
                    result[i] = unwrap(slope * data(w[i]) if weighted else slope)

    return loop_of_slopes if variant.layout == SLOPES else loop_of_sums
