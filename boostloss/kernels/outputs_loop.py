"""The loop over rows of several raw predictions, such as the parameters of a distribution."""

from collections.abc import Callable

from numba import carray
from numba.extending import register_jitable

from boostloss.kernels.float32 import convert, unwrap, wrap
from boostloss.kernels.intrinsics import load_tuple, prefer_widest_vectors
from boostloss.kernels.native import Variant
from boostloss.kernels.numba_ops import INLINE, product


def make_outputs_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop that leaves the loss of every row, or its derivatives and their curvatures, or loss and derivatives.

    The formula returns them all. A number, ``shape``, says how far apart in memory are the targets of a row, where it
    has two, its raw predictions, and its results of one kind.
    """
    weighted, n_parameters = variant.weight is not None, variant.n_parameters
    n_targets, k = variant.n_targets, variant.n_scores
    times = product(weighted)
    targets, scores = (tuple_of(lines) for lines in (n_targets, k))
    store_gradient, store_curvature = (store_from(place, k, times) for place in (1, 1 + k))

    @register_jitable(**INLINE)
    def row(y, f, weight, i, p):
        given = targets(y, i, f[0, i]) + scores(f, i, y[0, i]) + p
        values = formula(*given)
        return values, convert(weight[i], given[0]) if weighted else 1.0

    def loop_of_losses(n, y, f, weight, factor, floor, parameters, shape, first):
        prefer_widest_vectors()
        p, (step,) = load_tuple(parameters, n_parameters), load_tuple(shape, 1)
        y, f = carray(y, (n_targets, step)), carray(f, (k, step))
        weight, first = carray(weight, n), carray(first, n)
        for i in range(n):
            values, w = row(y, f, weight, i, p)
            first[i] = unwrap(times(values[0], w))

    def loop_of_derivatives(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        p, (step,) = load_tuple(parameters, n_parameters), load_tuple(shape, 1)
        y, f, weight = carray(y, (n_targets, step)), carray(f, (k, step)), carray(weight, n)
        first, second = carray(first, (k, step)), carray(second, (k, step))
        for i in range(n):
            values, w = row(y, f, weight, i, p)
            store_gradient(first, i, values, w)
            store_curvature(second, i, values, w)

    def loop_of_gradients(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        p, (step,) = load_tuple(parameters, n_parameters), load_tuple(shape, 1)
        y, f, weight = carray(y, (n_targets, step)), carray(f, (k, step)), carray(weight, n)
        first, second = carray(first, n), carray(second, (k, step))
        for i in range(n):
            values, w = row(y, f, weight, i, p)
            first[i] = unwrap(times(values[0], w))
            store_gradient(second, i, values, w)

    loops: dict[tuple[int, ...], Callable] = {
        (0,): loop_of_losses,
        (1, 2): loop_of_derivatives,
        (0, 1): loop_of_gradients,
    }
    return loops[variant.outputs]


def tuple_of(lines: int) -> Callable:
    """A function that reads so many numbers of one row; written out, as a loop over them would not be vectorised."""

    @register_jitable(**INLINE)
    def one(array, i, partner):
        return (wrap(array[0, i], partner),)

    @register_jitable(**INLINE)
    def two(array, i, partner):
        return wrap(array[0, i], partner), wrap(array[1, i], partner)

    @register_jitable(**INLINE)
    def three(array, i, partner):
        return wrap(array[0, i], partner), wrap(array[1, i], partner), wrap(array[2, i], partner)

    return (one, two, three)[lines - 1]


def store_from(place: int, k: int, times: Callable) -> Callable:
    """A function that writes k of the values of a row, times a weight; ``place`` is that of the first."""
    a, b, c = place, place + 1, place + 2

    @register_jitable(**INLINE)
    def one(result, i, values, w):
        result[0, i] = unwrap(times(values[a], w))

    @register_jitable(**INLINE)
    def two(result, i, values, w):
        result[0, i], result[1, i] = unwrap(times(values[a], w)), unwrap(times(values[b], w))

    @register_jitable(**INLINE)
    def three(result, i, values, w):
        result[0, i], result[1, i] = unwrap(times(values[a], w)), unwrap(times(values[b], w))
        result[2, i] = unwrap(times(values[c], w))

    return (one, two, three)[k - 1]
