"""What regression losses with a link have in common: a range of targets, checked wherever they come in."""

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.base import Loss, Task
from boostloss.losses.validation import as_column, check_finite


class Linked(Loss):
    """A regression loss whose raw prediction is the link of a mean."""

    task: ClassVar[Task] = "regression"
    floored = False  # as the libraries' own
    allowed: ClassVar[str]  # what targets must be, in words

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which targets are not allowed; a missing one is."""
        raise NotImplementedError

    def check_target(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """The target as a 1-d float array.

        Raises
        ------
        ValueError
            If it is not finite, or out of its range.
        """
        y = as_column(y_true, "y_true")
        check_finite(y, "y_true")
        self._check_range(y)
        return y

    def _checked_rows(self, y_true, raw_prediction, sample_weight):
        rows, dtype = super()._checked_rows(y_true, raw_prediction, sample_weight)
        self._check_range(rows.y_true)
        return rows, dtype

    def _check_range(self, y: NDArray[np.floating]) -> None:
        wrong = self.is_wrong(y)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"y_true must be {self.allowed} for {type(self).__name__}, got {y[row]} in row {row}."
            )
