"""The loop over rows of two raw predictions, such as the parameters of a distribution."""

from collections.abc import Callable

from numba import carray
from numba.extending import register_jitable

from boostloss.kernels.float32 import unwrap, wrap
from boostloss.kernels.intrinsics import load_tuple, prefer_widest_vectors
from boostloss.kernels.native import Variant
from boostloss.kernels.numba_ops import INLINE


def make_outputs_loop(formula: Callable, variant: Variant) -> Callable:
    """The loop that leaves the loss of every row, or two derivatives and their two curvatures.

    The formula returns all five. A number, ``shape``, says how far apart in memory are both raw predictions of a row,
    and both results of one kind.
    """
    weighted, n_parameters = variant.weight is not None, variant.n_parameters

    @register_jitable(**INLINE)
    def row(y, f, weight, i, p):
        target = wrap(y[i], f[0, i])
        values = formula(target, wrap(f[0, i], y[i]), wrap(f[1, i], y[i]), *p)
        return values, wrap(weight[i], unwrap(target)) if weighted else 1.0

    def loop_of_losses(n, y, f, weight, factor, floor, parameters, shape, first):
        prefer_widest_vectors()
        p, (step,) = load_tuple(parameters, n_parameters), load_tuple(shape, 1)
        y, weight, f, first = (
            carray(y, n),
            carray(weight, n),
            carray(f, (2, step)),
            carray(first, n),
        )
        for i in range(n):
            values, w = row(y, f, weight, i, p)
            first[i] = unwrap(values[0] * w)

    def loop_of_derivatives(n, y, f, weight, factor, floor, parameters, shape, first, second):
        prefer_widest_vectors()
        p, (step,) = load_tuple(parameters, n_parameters), load_tuple(shape, 1)
        y, weight, f = carray(y, n), carray(weight, n), carray(f, (2, step))
        first, second = carray(first, (2, step)), carray(second, (2, step))
        for i in range(n):
            values, w = row(y, f, weight, i, p)
            first[0, i], first[1, i] = unwrap(values[1] * w), unwrap(values[2] * w)
            second[0, i], second[1, i] = unwrap(values[3] * w), unwrap(values[4] * w)

    return loop_of_derivatives if len(variant.outputs) == 2 else loop_of_losses
