"""Adaptive losses: parameters that follow the residuals while boosting goes on.

The residuals of rows that train shrink as trees overfit, and a scale that follows them collapses. So a few rows are
held out of training, always the same ones, and their residuals, those of new rows, decide.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from boostloss.distribution import BarronDistribution
from boostloss.formulas.barron import barron
from boostloss.kernels.rows import LOSS, fill
from boostloss.losses.base import Loss
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.validation import ADAPTIVE, as_column, check_finite, check_weight

SHARE, FEWEST, MOST = 0.02, 50, 1000  # of the rows are held out, at least and at most
# An error of three standard deviations keeps 2/11 of its weight in every loss: Cauchy's takes one as its scale.
FAR_ERROR, KEPT_WEIGHT = 3.0, 2.0 / 11.0
NORMAL_MAD = 0.6744897501960817  # median |x| of a standard normal variable
SHAPES = np.linspace(0.0, 2.0, 9)
PLAUSIBLE = 1.92  # of the log-likelihood, what separates 95 % confidence from the maximum
PACE = 5  # the first rounds each re-estimate, later ones when there are a fifth more


@dataclass(frozen=True)
class Adaptive(Loss):
    """A loss of the error with parameters that may be ``"adaptive"``."""

    task = "regression"

    @property
    def adaptive(self) -> list[str]:
        """The names of the parameters that follow the residuals."""
        return [name for name, value in vars(self).items() if value == ADAPTIVE]

    @property
    def metric_name(self) -> str:
        return "MAE" if self.adaptive else super().metric_name

    def adaptation(self) -> "Adaptation | None":
        return Adaptation(self) if self.adaptive else None

    def fitted(self, error: ArrayLike, sample_weight: ArrayLike | None = None) -> "Adaptive":
        """The loss with the parameters that suit these residuals.

        Parameters
        ----------
        error : array-like of shape (n_samples,)
            Residuals of rows that have not trained.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        Adaptive
            With numbers for all parameters; the loss itself if they are numbers already.
        """
        if not self.adaptive:
            return self
        error = as_column(error, "error").astype(np.float64)
        check_finite(error, "error")
        weight = None
        if sample_weight is not None:
            weight = check_weight(sample_weight, len(error))
            error, weight = error[weight > 0.0], weight[weight > 0.0]
        if not len(error):
            raise ValueError("error must hold a row of positive weight, got none.")
        if len(error) > MOST:
            rows = _chosen(len(error), MOST)
            error, weight = error[rows], None if weight is None else weight[rows]
        estimates = self._estimates(error, weight, _spread(error, weight))
        return replace(self, **{name: estimates[name] for name in self.adaptive})

    def loss(self, y_true, raw_prediction, sample_weight=None):
        fixed = self._suited(y_true, raw_prediction, sample_weight)
        return super(Adaptive, fixed).loss(y_true, raw_prediction, sample_weight)

    def gradient_hessian(self, y_true, raw_prediction, sample_weight=None, curvature=None):
        fixed = self._suited(y_true, raw_prediction, sample_weight)
        return super(Adaptive, fixed).gradient_hessian(
            y_true, raw_prediction, sample_weight, curvature
        )

    def direction(self, y_true, raw_prediction, sample_weight=None, dtype=np.float32, factor=1.0):
        if self.adaptive:
            return Adaptation(self).direction(y_true, raw_prediction, sample_weight, dtype, factor)
        return super().direction(y_true, raw_prediction, sample_weight, dtype, factor)

    def mean_loss(self, y_true, raw_prediction, sample_weight=None):
        """As `Loss.mean_loss`, but with an adaptive parameter, which differs from round to round, the mean |error|."""
        if not self.adaptive:
            return super().mean_loss(y_true, raw_prediction, sample_weight)
        size = np.abs(as_column(raw_prediction).astype(np.float64) - as_column(y_true))
        weight = np.ones_like(size) if sample_weight is None else as_column(sample_weight)
        return float(np.sum(weight * size) / weight.sum(dtype=np.float64))

    def _suited(self, y_true, raw_prediction, sample_weight):
        if not self.adaptive:
            return self
        y, f, weight, _ = self._rows(y_true, raw_prediction, sample_weight)
        return self.fitted(f - y, weight)

    def _estimates(self, error: NDArray, weight: NDArray | None, spread: float) -> dict[str, float]:
        """A value for each parameter that may be adaptive."""
        raise NotImplementedError

    def _best_constant(self, y, weight):
        if not self.adaptive:
            return super()._best_constant(y, weight)
        return self.fitted(y - weighted_quantile(y, weight, 0.5), weight)._best_constant(y, weight)


class Adaptation:
    """One training run of an adaptive loss: its objective, and the parameters of every round."""

    def __init__(self, loss: Adaptive):
        self.loss = self.fixed = loss
        self.rounds: list[Adaptive] = []
        self.wake = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> "Adaptation":
        return self  # LightGBM trains with a copy of the objective

    @property
    def history(self) -> dict[str, NDArray[np.float64]]:
        """For every adaptive parameter its value in each round."""
        return {
            name: np.array([getattr(fixed, name) for fixed in self.rounds])
            for name in self.loss.adaptive
        }

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """The objective of XGBoost's and LightGBM's estimators."""
        return self.direction(y_true, y_pred, sample_weight)

    def direction(
        self,
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None = None,
        dtype: DTypeLike = np.float32,
        factor: float = 1.0,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """As `Loss.direction`, of the next round; the rows that are held out do not pull."""
        y, f = as_column(y_true), as_column(raw_prediction)
        weight = None if sample_weight is None else as_column(sample_weight)
        rows = held_out(len(y), weight)
        honest = rows if len(rows) else slice(None)
        error = f[honest].astype(np.float64) - y[honest]
        self.round(error, None if weight is None else weight[honest])
        gradient, hessian = self.fixed.direction(y, f, weight, dtype, factor)
        gradient[rows] = hessian[rows] = 0.0
        return gradient, hessian

    def round(self, error: NDArray, weight: NDArray | None) -> None:
        """Let the next round begin: `fixed` is its loss, after residuals of the rows that are held out."""
        if self.due:
            self.fixed = self.loss.fitted(error, weight)
            self.wake = len(self.rounds) + 1 + len(self.rounds) // PACE
        self.rounds.append(self.fixed)

    @property
    def due(self) -> bool:
        """Whether the next round re-estimates."""
        return len(self.rounds) >= self.wake


def held_out(n: int, weight: NDArray | None = None) -> NDArray[np.intp]:
    """The rows out of n that do not train, of positive weight; none of fewer than 200, which then decide together."""
    positive = None if weight is None or weight.all() else np.flatnonzero(weight)
    n = n if positive is None else len(positive)
    size = 0 if n < 200 else min(max(int(SHARE * n), min(n // 20, FEWEST)), MOST)
    rows = _chosen(n, size)
    return rows if positive is None else positive[rows]


@lru_cache(maxsize=8)
def _chosen(n: int, size: int) -> NDArray[np.intp]:
    """Rows at random, always the same, in order."""
    rows = np.random.default_rng(0).choice(n, size, replace=False)
    rows.sort()
    rows.flags.writeable = False
    return rows


def robust_shape(error: NDArray, weight: NDArray | None, spread: float) -> float:
    """The smallest, most robust, alpha in [0, 2] that is plausible for these residuals.

    Plausible is what a likelihood-ratio test at the level of 5 % does not reject, where each shape has the scale that
    gives its distribution the median of the residuals. A larger alpha than the likeliest is a catastrophe where labels
    are wrong, a smaller one costs next to nothing where they are right.
    """
    weight = np.ones_like(error) if weight is None else weight
    total = weight.sum()
    size, target = np.abs(error), np.zeros_like(error)
    log_z, medians = _shapes()
    scales = spread * NORMAL_MAD / medians
    losses = np.empty((len(SHAPES), len(size)))
    for row, *parameters in zip(losses, SHAPES.tolist(), scales.tolist(), strict=True):
        fill([row], barron, (LOSS,), target, size, weight, 1.0 / total, tuple(parameters))
    mean_losses = losses.sum(axis=1) + np.log(scales) + log_z
    rows = total**2 / (weight @ weight)  # as many of equal weight
    excess = rows * (mean_losses - mean_losses.min())
    return float(SHAPES[np.argmax(excess <= PLAUSIBLE)])


@lru_cache(maxsize=1)
def _shapes() -> tuple[NDArray, NDArray]:
    """log Z and the median of |x| for every shape, at a scale of 1."""
    distributions = [BarronDistribution(alpha) for alpha in SHAPES]
    log_z = [-each.logpdf(0.0) for each in distributions]
    return np.array(log_z), np.array([each.ppf(0.75) for each in distributions])


def _spread(error: NDArray, weight: NDArray | None) -> float:
    """The median size of the residuals as a standard deviation of normal ones, always positive."""
    size = np.abs(error)
    middle = float(np.median(size)) if weight is None else weighted_quantile(size, weight, 0.5)
    # Where most residuals are 0, those that are not decide.
    return (middle or float(np.average(size, weights=weight))) / NORMAL_MAD or 1.0
