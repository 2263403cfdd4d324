"""Two outputs side by side, of a few rows at a time, as CatBoost asks for them.

It asks for at most 1000 rows at a time, in threads that wait for each other while Python runs. So what does not depend
on the rows is looked up once, and a loop is given the addresses of the arrays themselves, where it finds those of
their data sooner than Python does. With `fill` a call takes more than three times as long, and a round of a million
rows one and a half times.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.rows import (
    READABLE,
    Computation,
    Rows,
    address,
    fill,
    in_memory,
    known_to_fit,
    loop_for,
    struct_address,
)

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
Pairs = Callable[[NDArray, NDArray, "NDArray | None"], NDArray[np.float64]]


class PairsOfFewRows:
    """What computes an array of shape (n, 2), for rows as `Rows` takes them; an error where a loop cannot read them.

    Attributes
    ----------
    compute : callable
        Takes target, raw prediction and weight.
    """

    def __init__(self, computation: Computation):
        self.computation = computation
        self.compute = pairs_of_few_rows(computation)

    def __reduce__(self) -> tuple[Any, ...]:
        return PairsOfFewRows, (self.computation,)  # addresses are those of this process


def pairs_of_few_rows(computation: Computation) -> Pairs:
    """The function of `PairsOfFewRows`."""
    _, _, values, factor, floor = computation
    memory, parameters = in_memory(values)
    ndarray, empty = np.ndarray, np.empty  # found sooner than names of a module
    loops: dict[bool, Callable[..., None] | None] = {}  # without weights (True), and with them

    def compute(
        y: NDArray,
        f: NDArray,
        weight: NDArray | None,
        alive: Any = memory,  # as long as its address, that of the parameters, is used
    ) -> NDArray[np.float64]:
        n = len(f)
        shape = (n,)
        pairs = empty((n, 2))
        by = y if weight is None else weight
        loop = loops.get(weight is None)
        if loop is None:
            loop = loops[weight is None] = look_up(computation, None if weight is None else "f")
        if (
            loop is not None
            and type(y) is type(f) is type(by) is ndarray
            and y.dtype is by.dtype is FLOAT32
            and f.dtype is FLOAT64
            and y.shape == f.shape == by.shape == shape
            and y.flags.num & f.flags.num & by.flags.num & READABLE == READABLE
        ):
            loop(n, id(y), id(f), id(by), factor, floor, parameters, id(pairs))
        else:
            fill([pairs], computation, Rows(y, f, weight))
        return pairs

    return compute


def look_up(computation: Computation, weight: str | None) -> Callable[..., None] | None:
    """The loop over CatBoost's own memory, unless it would need rows more precise, or is not compiled."""
    if address is not struct_address or not known_to_fit(computation.parameters):
        return None
    loop = loop_for(computation, ("f", "d", weight), "d", "pairs of arrays")
    return getattr(loop, "holding_the_gil", loop)
