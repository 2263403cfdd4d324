"""Distributions whose parameters are raw predictions, such as a location and the logarithm of a scale.

The loss is the negative log-likelihood. Its mathematics is in `formulas`, and the distributions are in
`losses.location_scale`, `losses.dispersions` and, of one's own, `losses.densities`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.kernels.outputs import fill_outputs
from boostloss.kernels.rows import LOSS, Rows
from boostloss.losses.intervals import checked_ends, most_likely_of_intervals
from boostloss.losses.likelihood import check_scale
from boostloss.losses.linked import Linked
from boostloss.losses.validation import (
    LARGEST_SCALE,
    as_array,
    as_column,
    as_matrix,
    check_finite,
    check_weight,
)

NORMAL_CURVATURE = 4.0  # of the scale, where it is right: that of the formulas


class Distribution(Linked):
    """A distribution of the target given the features, of which trees predict the parameters.

    Raw predictions have shape (n_samples, n_outputs), a column for each of `outputs`. So have gradients and curvatures.
    The loss of a row is one number, and `inverse_link` gives the mean. The estimators of XGBoost, LightGBM and CatBoost
    have `predict_distribution`. Stop their training early: trees that have learned the noise of their rows make scales
    too small.
    """

    allowed = "a number"
    outputs: ClassVar[tuple[str, ...]] = ("location", "log_scale")
    # The output that is the larger, the wider the distribution is.
    spread: ClassVar[str | None] = "log_scale"
    center: ClassVar[str] = "mean"  # what is predicted
    positive: ClassVar[bool] = False  # whether targets are above 0
    discrete: ClassVar[bool] = False  # whether they are counts
    interval_formula: ClassVar[Callable[..., Any] | None] = None  # of both ends of an interval
    in_double: ClassVar[bool] = False  # whether float32 has too few digits for the formula
    steadied: ClassVar[tuple[str, ...]] = ()  # outputs whose curvatures boosting makes less unlike

    @property
    def n_outputs(self) -> int:
        return len(self.outputs)

    def distribution(self, raw_prediction: ArrayLike) -> Any:
        """The distributions that raw predictions describe; needs scipy, which comes with scikit-learn.

        Parameters
        ----------
        raw_prediction : array-like of shape (n_samples, n_outputs)

        Returns
        -------
        scipy.stats distribution with fixed parameters
            Or, of one's own, a `boostloss.losses.quadrature.NumericalDistribution`. Its ``mean()``, ``std()``,
            ``interval(0.9)``, ``rvs()``, and ``pdf``, ``cdf`` or ``ppf`` of a number for each row have shape
            (n_samples,). Of several quantiles, ``ppf([[0.1], [0.9]])`` has a row for each.
        """
        raw = as_matrix(raw_prediction, "raw_prediction", self.n_outputs).astype(np.float64)
        with np.errstate(over="ignore"):
            return self._frozen(*raw.T)

    def _frozen(self, *raw: Any, **_: Any) -> Any:
        raise NotImplementedError

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        return y <= 0.0 if self.positive else np.zeros(len(y), bool)

    def targets(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """Targets in an array: of shape (n_samples,), or (n_samples, 2) of intervals.

        Raises
        ------
        TypeError, ValueError
            If they are no numbers, out of their range, or no intervals.
        """
        if as_array(y_true, "y_true").shape[1:] != (2,):
            y = as_column(y_true, "y_true")
            self._check_range(y)
            return y
        if self.interval_formula is None:
            raise ValueError(
                f"y_true must have shape (n_samples,) for {self!r}, got {np.shape(y_true)}: it takes no intervals: "
                "give `log_density` its `log_survival`."
            )
        return checked_ends(as_matrix(y_true, "y_true", 2), self.positive, self.discrete)

    def check_target(self, y_true: ArrayLike) -> NDArray[np.floating]:
        """The target as a float array, finite, or as intervals of which an end may be infinite.

        Raises
        ------
        TypeError, ValueError
            As by `targets`, and if it is not finite.
        """
        y = self.targets(y_true)
        if y.ndim == 1:
            check_finite(y, "y_true")
        return y

    def fit_intercept(  # type: ignore[override]
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """The constant raw predictions of least weighted loss: the parameters of maximum likelihood.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,), or (n_samples, 2) of intervals
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        ndarray of shape (n_outputs,)

        Raises
        ------
        ValueError
            As that of other losses, if a target is larger than 1e150, whose square is next to too large, and if the
            likelihood grows as the scale goes to 0, since too many targets are the same, or all intervals hold one
            number, as where all rows are censored. Where it grows with the scale, of rows that lie all below one number
            or above a larger one, the scale is the spread of the ends.
        """
        y = self.check_target(y_true)
        if sample_weight is not None:
            y = y[check_weight(sample_weight, len(y)) > 0.0]
        finite = y[np.isfinite(y)]  # an end of an interval may be infinite
        largest = float(np.abs(finite).max(initial=0.0))
        if largest > LARGEST_SCALE:
            raise ValueError(
                f"y_true must be at most {LARGEST_SCALE:g} in size for {self!r}, got {largest:g}."
            )
        return super().fit_intercept(y_true, sample_weight)  # type: ignore[return-value]

    def inverse_link(self, raw_prediction: ArrayLike) -> NDArray[np.floating]:
        """The mean of the distribution of each row, or what `center` names where there may be none."""
        raw = as_matrix(raw_prediction, "raw_prediction", self.n_outputs)
        with np.errstate(all="ignore"):
            return np.asarray(self._mean(*raw.T.astype(np.float64)), raw.dtype)

    def _mean(self, *raw: Any, **_: Any) -> Any:
        raise NotImplementedError

    def curvature_output(self, curvature: str | None = None) -> int:
        if curvature == "exact":
            raise ValueError(
                f"curvature must be None or 'majorizer' for {self!r}, got {curvature!r}."
            )
        return super().curvature_output(curvature)

    def _computed(
        self,
        outputs: tuple[int, ...],
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None,
        dtype: DTypeLike | None = None,
    ) -> list[NDArray[np.floating]]:
        y, f = self.targets(y_true), as_matrix(raw_prediction, "raw_prediction", self.n_outputs)
        if len(y) != len(f):
            raise ValueError(f"y_true has {len(y)} rows, raw_prediction has {len(f)}.")
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        shape = len(y) if outputs == (LOSS,) else (self.n_outputs, len(y))
        results = [np.empty(shape, dtype or np.result_type(y, f)) for _ in outputs]
        self.fill(results, y, f, weight)
        return [result.T for result in results]

    def fill(
        self,
        results: Sequence[NDArray],
        y: NDArray,
        raw_prediction: NDArray,
        weight: NDArray | None,
    ) -> None:
        """Write losses, or derivatives and curvatures of each parameter, of targets that have been checked.

        Parameters
        ----------
        results : sequence of ndarray
            As for `kernels.outputs.fill_outputs`: one of shape (n_samples,), two of shape (n_outputs, n_samples), or
            one of each, for losses and derivatives.
        y : ndarray of shape (n_samples,) or (n_samples, 2)
        raw_prediction : ndarray of shape (n_samples, n_outputs)
        weight : ndarray of shape (n_samples,) or None
        """
        formula = self.formula
        # The probability between two near ends has few digits.
        dtype = np.float64 if y.ndim == 2 or self.in_double else raw_prediction.dtype
        columns = np.ascontiguousarray(raw_prediction.T, dtype)
        if y.ndim == 2:
            assert self.interval_formula is not None
            formula, y = self.interval_formula, np.ascontiguousarray(y.T)
        fill_outputs(results, formula, self.parameters, Rows(y, columns, weight))


class LocationScale(Distribution):
    """A distribution of a location, of log y if targets are positive, and of the logarithm of a scale."""

    scale_curvature: float = NORMAL_CURVATURE

    def _mean(self, location: NDArray, log_scale: NDArray) -> NDArray:
        return location

    def raw_target(self, y: NDArray) -> NDArray:
        """The target on the scale of the location."""
        return np.log(y) if self.positive else y

    def _best_constant(self, y: NDArray, weight: NDArray | None) -> Any:
        if y.ndim == 2:
            return most_likely_of_intervals(self, y, weight)
        kept = slice(None) if weight is None else weight > 0.0
        raw = self.raw_target(y[kept].astype(np.float64))
        w = np.ones(len(raw)) if weight is None else weight[kept].astype(np.float64)
        location, scale = self._most_likely(raw, w / w.sum())
        check_scale(self, scale, raw)
        return np.array([location, math.log(scale)])

    def _most_likely(self, y: NDArray, share: NDArray) -> tuple[float, float]:
        """The location and the scale of maximum likelihood, of weights that add up to 1."""
        location = float(share @ y)
        return location, math.sqrt(share @ (y - location) ** 2)
