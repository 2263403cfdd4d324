"""Two outputs side by side, of a few rows at a time, as CatBoost asks for them.

It asks for at most 1000 rows at a time, in threads that wait for each other while Python runs. So what does not depend
on the rows is looked up once, and Python calls a loop as it calls a function written in C, which looks at the arrays
itself. With `fill` a call takes 4 to 12 times as long, the more the simpler the formula is.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels import structs
from boostloss.kernels.followed_rows import NOTHING, FollowedRows
from boostloss.kernels.native import DONE, FULL, NOT_FINITE, UNREADABLE
from boostloss.kernels.rows import Computation, Rows, fill, known_to_fit, loop_for

SINGLE = np.empty(0, np.float32)
Pairs = Callable[..., NDArray[np.float64]]


class NotFinite(ArithmeticError):
    """The first row of which an output is infinite or NaN."""

    @property
    def row(self) -> int:
        return self.args[0]


class PairsOfFewRows:
    """What computes an array of shape (n, 2), for rows as `Rows` takes them; an error where a loop cannot read them.

    Attributes
    ----------
    compute : callable
        Takes target, raw prediction and weight, and `FollowedRows` to which some rows are appended, or None. It raises
        `NotFinite` where an output is infinite or NaN.
    """

    def __init__(self, computation: Computation):
        self.computation = computation
        self.compute = pairs_of_few_rows(computation)

    def __reduce__(self) -> tuple[Any, ...]:
        return PairsOfFewRows, (self.computation,)  # code is that of this process


def pairs_of_few_rows(computation: Computation) -> Pairs:
    """The function of `PairsOfFewRows`."""
    _, _, parameters, factor, floor = computation
    settings = np.array([factor, floor, *parameters], np.float64)
    empty, single, nothing = np.empty, SINGLE, NOTHING  # found sooner than names of a module
    loops: dict[bool, Callable[..., int] | None] = {}  # without weights (True), and with them

    def compute(
        y: NDArray, f: NDArray, weight: NDArray | None, followed: FollowedRows | None = None
    ) -> NDArray[np.float64]:
        pairs = empty((len(f), 2))
        loop = loops.get(weight is None)
        if loop is None:
            loop = loops[weight is None] = look_up(computation, None if weight is None else "f")
        by = y if weight is None else weight
        append_to = nothing if followed is None else followed.array
        found = loop(y, f, by, pairs, settings, single, append_to) if loop else UNREADABLE
        if found == DONE:
            return pairs
        if found == FULL and followed is not None:
            followed.make_room(len(f))
            return compute(y, f, weight, followed)
        if found != NOT_FINITE:
            fill([pairs], computation, Rows(y, f, weight))
            if followed is not None:
                followed.append(y, f, weight)
        finite = np.isfinite(pairs).all(axis=1)  # the sum alone may be too large
        if not finite.all():
            raise NotFinite(int(np.argmin(finite)))
        return pairs

    return compute


def look_up(computation: Computation, weight: str | None) -> Callable[..., int] | None:
    """The loop over CatBoost's own memory, unless rows would have to be more precise, or it is not compiled."""
    if structs.KNOWN and known_to_fit(computation.parameters):
        return loop_for(computation, ("f", "d", weight), "d", "arrays")
    return None
