"""Several losses of one target side by side: a column of raw predictions for each of them."""

from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.base import Loss, Task
from boostloss.losses.validation import as_matrix, check_weight, is_sequence


class Levelled(Loss):
    """A loss of the error with one parameter, a level in (0, 1): with several levels it becomes `Columns`."""

    task: ClassVar[Task] = "regression"

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        given = [*args, *kwargs.values()]
        (name,) = (field.name for field in fields(cls))  # type: ignore[arg-type]
        if (
            len(given) == 1
            and set(kwargs) <= {name}
            and is_sequence(given[0])
            and len(given[0]) > 1
        ):
            return Columns(cls, tuple(given[0]))
        return super().__new__(cls)


@dataclass(frozen=True, repr=False)
class Columns(Loss):
    """Several levels of one loss, such as ``Quantile([0.1, 0.5, 0.9])``: a column of predictions for each.

    Raw predictions, losses, gradients and curvatures have shape (n_samples, n_levels). `inverse_link` puts the
    predictions of a row in order, as the levels are: this never raises the pinball loss.

    Parameters
    ----------
    kind : type
        The class of the loss, such as `Quantile`.
    levels : tuple of float
        At least two, increasing.

    Raises
    ------
    TypeError, ValueError
        If the levels are not such numbers.

    References
    ----------
    Chernozhukov, Fernández-Val & Galichon, "Quantile and Probability Curves Without Crossing", Econometrica 2010.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.Quantile([0.1, 0.5, 0.9])
    >>> loss.fit_intercept(range(11))
    array([1., 5., 9.])
    >>> loss.inverse_link([[1.0, 3.0, 2.0]])
    array([[1., 2., 3.]])
    """

    kind: type[Loss]
    levels: tuple[float, ...]
    task: ClassVar[Task] = "regression"

    def __post_init__(self) -> None:
        levels = tuple(getattr(each, self.name) for each in self.columns)
        if len(levels) < 2 or not all(a < b for a, b in pairwise(levels)):
            raise ValueError(
                f"{self.name} must be a number, or at least two that increase, got {list(levels)}."
            )
        object.__setattr__(self, "levels", levels)

    def __repr__(self) -> str:
        return f"{self.kind.__name__}({list(self.levels)})"

    def __getattr__(self, name: str) -> Any:
        if "kind" in vars(self) and name == self.name:
            return self.levels
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def name(self) -> str:
        """Of the parameter."""
        return fields(self.kind)[0].name  # type: ignore[arg-type]

    @cached_property
    def columns(self) -> tuple[Loss, ...]:
        """The loss of each column."""
        return tuple(self.kind(level) for level in self.levels)  # type: ignore[call-arg]

    @property
    def n_outputs(self) -> int:
        return len(self.levels)

    def given_parameters(self) -> dict[str, Any]:
        return {self.name: self.levels}

    def _remade(self, given: dict[str, Any]) -> Loss:
        return self.kind(**given)

    def fit_intercept(  # type: ignore[override]
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """The constant raw prediction of least weighted loss of every column."""
        return np.array([each.fit_intercept(y_true, sample_weight) for each in self.columns])

    def inverse_link(self, raw_prediction: ArrayLike) -> NDArray[np.floating]:
        """The predictions of each row in order."""
        return np.sort(as_matrix(raw_prediction, "raw_prediction", self.n_outputs), axis=1)

    def score(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """The share of the best constants' loss that predictions save, the mean over the levels: 1 is perfect.

        Where the targets are all the same, so that nothing can be saved, a level counts 1 if it is perfect and else 0.
        Of quantiles it is the R1 of Koenker & Machado, "Goodness of Fit and Related Inference Processes for Quantile
        Regression", JASA 1999, and `sklearn.metrics.d2_pinball_score`.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
        y_pred : array-like of shape (n_samples, n_levels)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        y = self.check_target(y_true)
        constants = np.tile(self.fit_intercept(y, sample_weight), (len(y), 1))
        weight = None
        if sample_weight is not None:
            weight = check_weight(sample_weight, len(y))
            weight = weight / weight.max()  # whose products with losses are finite
        left, all_of_it = (
            self.loss(y, each, weight).sum(axis=0, dtype=np.float64) for each in (y_pred, constants)
        )
        known = all_of_it > 0.0
        with np.errstate(over="ignore"):  # of what is next to nothing
            share = 1.0 - left / np.where(known, all_of_it, 1.0)
        return float(np.mean(np.where(known, share, left == 0.0)))

    def _computed(self, outputs, y_true, raw_prediction, sample_weight, dtype=None):
        f = as_matrix(raw_prediction, "raw_prediction", self.n_outputs)
        found = [
            each._computed(outputs, y_true, column, sample_weight, dtype)
            for each, column in zip(self.columns, np.ascontiguousarray(f.T), strict=True)
        ]
        return [np.stack(columns, axis=1) for columns in zip(*found, strict=True)]
