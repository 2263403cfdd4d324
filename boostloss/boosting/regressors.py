"""What the regressors of all libraries tell of a fitted loss that has several raw predictions a row."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from boostloss.boosting.intervals import are_intervals
from boostloss.boosting.libraries import Library
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution
from boostloss.losses.validation import as_column, check_finite, check_weight


def score_by(library: Library) -> Callable[..., float]:
    """The method `score` of a library's regressor."""

    def score(self: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions, `Columns.score` of several quantiles, or the mean log-likelihood of intervals.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or (n_samples, 2) of intervals
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        loss = self.loss_
        if isinstance(loss, Distribution) and are_intervals(y):
            return -loss.mean_loss(y, self.predict(X, **library.raw_prediction), sample_weight)
        if isinstance(loss, Columns):
            return loss.score(y, self.predict(X), sample_weight)
        if loss is not None:  # scikit-learn reads what a mask hides, and weights below 0
            y = as_column(y, "y")
            check_finite(y, "y")
            sample_weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        return RegressorMixin.score(self, X, y, sample_weight)

    return score


def distribution_by(library: Library) -> Callable[..., Any]:
    """The method `predict_distribution` of a library's regressor."""

    def predict_distribution(self: Any, X: Any, **options: Any) -> Any:
        """The distribution of the target of each row, after a fit with a loss that is one, such as `Normal`.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        **options
            As for `predict`.

        Returns
        -------
        scipy.stats distribution with fixed parameters
            As `boostloss.losses.distributions.Distribution.distribution` makes it.

        Raises
        ------
        ValueError
            If the loss of the fit has no distribution.
        """
        if not isinstance(self.loss_, Distribution):
            raise ValueError(
                f"predict_distribution needs a fit with a distribution such as boostloss.Normal(), got {self.loss_!r}."
            )
        raw = self.predict(X, **{**options, **library.raw_prediction})
        # CatBoost takes a row alone as well, and has no columns where there is one output.
        return self.loss_.distribution(np.reshape(raw, (-1, self.loss_.n_outputs)))

    return predict_distribution
