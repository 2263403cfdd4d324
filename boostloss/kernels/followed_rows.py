"""Some rows of every block of a round, which decide on the next round.

CatBoost asks some thousand times a round, each time for rows that it does not name, and its threads wait while Python
runs. So the loop over a block appends the rows itself, to an array that it is given, while it holds the GIL.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.kernels.rows import Rows

SCATTER = 2654435761  # 2^32 over the golden ratio (Knuth, "The Art of Computer Programming", 6.4)
SEEDS = 2**31  # whose products with that are exact in 64 bits

# An array begins with these numbers, then come the target, the raw prediction and the weight of each row.
EVERY, LIMIT, COUNT, HEAD = range(4)
ROW = 3
CAPACITY = 2**15  # rows of an array: a round of a million rows has 20,000


def place_in_group(group: Any, every: Any, seed: Any) -> Any:
    """The place of the one that is chosen of a group of rows: at equal distances all might be of one kind."""
    return (((group + seed) * SCATTER) % 2**32 >> 16) % every


def seed_of(y: NDArray) -> int:
    """A number for the targets of a block: all blocks are alike in length, and threads bring them in any order."""
    return int(np.ascontiguousarray(y, np.float32).view(np.int32).sum(dtype=np.int64)) % SEEDS


class FollowedRows:
    """One of every so many of the rows whose weight is positive and below a limit.

    Parameters
    ----------
    every : int
        The size of a group, of which one row is taken.
    limit : float

    Attributes
    ----------
    array : ndarray of shape (HEAD + ROW * capacity,)
        To which a loop appends.
    """

    def __init__(self, every: int = 1, limit: float = math.inf):
        self.every, self.limit = every, limit
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.arrays: list[NDArray[np.float64]] = []
        self.others: list[NDArray[np.float64]] = []  # which no loop could read
        self.make_room(0)

    def make_room(self, n: int) -> None:
        """Let `array` be one to which n rows can be appended.

        A thread may still append to the one before, so that nothing is taken away from that.
        """
        array = np.empty(HEAD + ROW * max(CAPACITY, n))
        array[:HEAD] = self.every, self.limit, 0
        self.arrays.append(array)
        self.array = array

    def rows(self, y: NDArray, weight: NDArray | None) -> NDArray[np.intp]:
        """Which rows of a block are followed."""
        rows = np.arange(len(y))
        if weight is not None:
            rows = rows[(weight > 0.0) & (weight < self.limit)]
        groups = np.arange(-(-len(rows) // self.every))
        chosen = self.every * groups + place_in_group(groups, self.every, seed_of(y))
        return rows[chosen[chosen < len(rows)]]

    def append(self, y: NDArray, f: NDArray, weight: NDArray | None) -> None:
        """Append those of a block, as a loop does."""
        rows = self.rows(y, weight)
        by = np.ones(len(rows)) if weight is None else weight[rows]
        self.others.append(np.column_stack([y[rows], f[rows], by]).astype(np.float64))

    def take(self) -> Rows:
        """The rows of all blocks, in the order of their errors; they are forgotten here.

        The order does not hang on that of the blocks.
        """
        filled = (array[HEAD:].reshape(-1, ROW)[: int(array[COUNT])] for array in self.arrays)
        y, f, weight = np.concatenate([*filled, *self.others]).T
        self.clear()
        return Rows(*in_order(y, f, weight))


def in_order(y: NDArray, f: NDArray, weight: NDArray) -> NDArray[np.float64]:
    """The rows by their errors, those of the same error by the others, for which few need a slower sort."""
    error = f - y
    order = error.argsort()
    found = np.array([error, f, weight])[:, order]
    same = found[:, 1:] == found[:, :-1]
    if (same[0] & ~same.all(axis=0)).any():
        order = np.lexsort((weight, f, error))
    return np.array([y, f, weight])[:, order]


NOTHING = np.zeros(HEAD)  # the array of a loop that follows no rows
