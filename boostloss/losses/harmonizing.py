"""Gradient harmonizing: a row weighs less the more rows have a gradient of the same size.

Li, Liu & Wang, "Gradient Harmonized Single-Stage Detector", AAAI 2019. Their code divides by the number of bins that
hold a row, so that the weights of all rows sum to their number; the momentum of its counts makes up for small batches,
and has no use where a round sees all rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.barron import barron
from boostloss.kernels.rows import GRADIENT, Computation, Rows, evaluate
from boostloss.losses.barron import Charbonnier
from boostloss.losses.base import Loss, Task
from boostloss.losses.binary import Logistic
from boostloss.losses.classes import are_soft, check_classes
from boostloss.losses.validation import SCALE, as_column, check_number, check_weight, has_columns


class Harmonized(Loss):
    """A loss of a row, times a weight that makes all sizes of gradients count alike."""

    bins: int

    @property
    def of_row(self) -> Loss:
        """The loss of a row by itself."""
        raise NotImplementedError

    @property
    def largest_gradient(self) -> float:
        """Of a row by itself."""
        return 1.0

    def sizes(self, y: NDArray, f: NDArray) -> NDArray:
        """Those of the gradients over the largest one, from 0 to 1."""
        gradient = Computation(self.formula, (GRADIENT,), self.parameters)
        (found,) = evaluate(gradient, Rows(y, f, None), np.float64)
        np.abs(found, out=found)
        found /= self.largest_gradient
        return found

    def row_weight(
        self,
        y_true: ArrayLike,
        raw_prediction: ArrayLike,
        sample_weight: ArrayLike | None = None,
        total: Callable[[NDArray], NDArray] = np.asarray,
    ) -> NDArray[np.floating]:
        """The weight of every row of a table, `sample_weight` included, and of the same sum.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, 2)
            Targets; for labels also the probability of each. A row without one counts in no bin.
        raw_prediction : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        total : callable, optional
            Sums an array over all workers, where these are the rows of one.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        f = as_column(raw_prediction, "raw_prediction")
        y = as_column(check_classes(y_true, 2)[:, 1] if are_soft(y_true) else y_true, "y_true")
        if len(y) != len(f):
            raise ValueError(f"y_true has {len(y)} rows, raw_prediction has {len(f)}.")
        weight = None if sample_weight is None else check_weight(sample_weight, len(y))
        size = self.sizes(y, f)
        counted, known = weight, ~np.isnan(size)
        if not known.all():
            size = np.where(known, size, 0.0)
            counted = known.astype(float) if weight is None else known * weight
        with np.errstate(over="ignore"):  # of labels that are refused later
            size *= self.bins
        place = np.minimum(size, self.bins - 1, out=size).astype(np.intp)
        del size  # of a long table
        mass = total(np.bincount(place, counted, self.bins).astype(np.float64))
        filled = mass > 0.0
        factor = np.zeros(self.bins)
        with np.errstate(over="ignore"):  # a bin of next to no weight
            factor[filled] = mass.sum() / (np.count_nonzero(filled) * mass[filled])
        factor = np.minimum(factor, np.finfo(f.dtype).max)
        of_bin = factor.astype(f.dtype)[place]
        return of_bin if weight is None else of_bin * weight

    def mean_loss(
        self, y_true: ArrayLike, raw_prediction: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """That of the rows by themselves, since their weights differ from round to round."""
        return self.of_row.mean_loss(y_true, raw_prediction, sample_weight)

    def _best_constant(self, y, weight):
        return self.of_row._best_constant(y, weight)

    def _computed(self, outputs, y_true, raw_prediction, sample_weight, dtype=None):
        if not has_columns(raw_prediction, "raw_prediction"):  # or it is refused
            sample_weight = self.row_weight(y_true, raw_prediction, sample_weight)
        return super()._computed(outputs, y_true, raw_prediction, sample_weight, dtype)

    def _check_bins(self) -> None:
        allowed = "a whole number from 1 to 10,000"
        check_number(self, "bins", allowed, lambda x: 1 <= x <= 1e4 and x == int(x))
        object.__setattr__(self, "bins", int(self.bins))


@dataclass(frozen=True)
class GHMC(Harmonized, Logistic):
    """Gradient harmonizing, GHM-C: N / (B * n_bin) * log(1 + exp(-margin)): all sizes of gradients count alike.

    The gradients |p - y|, p = sigmoid(raw_prediction), are sorted into equal bins from 0 to 1. A row weighs less the
    more rows share its bin: N are all rows, n_bin those of its bin, B the bins that are not empty. The many easy rows
    lose their majority, and so do many rows that are wrong alike. Where features tell nothing, both labels weigh the
    same whatever their shares, and probabilities go to one half.

    Each round counts anew. The authors' momentum, which makes up for small batches, brought nothing where a round sees
    all rows. `mean_loss`, by which training stops early, and `fit_intercept` are those of `Logistic`, and so is the
    link: the probability is the sigmoid. One recovered from the counts, as that of `Focal` is from its slopes, had the
    larger log-loss.

    It serves two classes, hard or soft labels, in XGBoost and LightGBM. In `benchmarks/harmony.py` it never ranks rows
    better than `Logistic`, and its log-loss is larger, but for trees that fit right labels too well.

    Parameters
    ----------
    bins : int, default 30
        How many, from 1, which gives the logistic loss, to 10,000.

    Raises
    ------
    TypeError, ValueError
        If it is not such a number.

    References
    ----------
    Li, Liu & Wang, "Gradient Harmonized Single-Stage Detector", AAAI 2019, whose code divides by the number of bins
    that are not empty.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.GHMC(bins=10)
    >>> loss.gradient_hessian([0, 0, 0, 1], [-3.0, -3.0, -3.0, -3.0])[0].round(4)  # three rows pull as one does
    array([ 0.0316,  0.0316,  0.0316, -1.9051])
    >>> bl.Logistic().gradient_hessian([0, 0, 0, 1], [-3.0, -3.0, -3.0, -3.0])[0].round(4)
    array([ 0.0474,  0.0474,  0.0474, -0.9526])
    """

    bins: int = 30
    label_smoothing: ClassVar[float] = 0.0  # type: ignore[misc]  # no parameter here
    proper: ClassVar[bool] = False
    kind: ClassVar[str] = "labels"  # two of them

    def __post_init__(self) -> None:
        self._check_bins()

    @property
    def of_row(self) -> Loss:
        return Logistic()


@dataclass(frozen=True)
class GHMR(Harmonized):
    """Gradient harmonizing, GHM-R: N / (B * n_bin) * (sqrt((error/mu)^2 + 1) - 1): all sizes of gradients count alike.

    The sizes of the gradients, ``|error| / sqrt(error^2 + mu^2)``, are sorted into equal bins from 0 to 1. A row weighs
    less the more rows share its bin: N are all rows, n_bin those of its bin, B the bins that are not empty. That of the
    authors is mu times this loss, which changes nothing.

    It is for XGBoost and LightGBM. Training stops early by the loss without the weights, that of `Charbonnier`, and
    starts from its best constant. In `benchmarks/harmony.py` it is behind `Charbonnier` on average.

    Parameters
    ----------
    mu : float
        The error at which the loss leaves the squared error, from 1e-150 to 1e150. The authors' 0.02 is for targets of
        about 1; far smaller than the errors it leaves all of them in one bin.
    bins : int, default 10
        How many, from 1, which gives `Charbonnier`, to 10,000.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Li, Liu & Wang, "Gradient Harmonized Single-Stage Detector", AAAI 2019.

    Examples
    --------
    >>> import boostloss as bl
    >>> loss = bl.GHMR(mu=1.0)
    >>> loss.gradient_hessian([0, 0, 0, 0], [0.1, 0.1, 0.1, 3.0])[0].round(4)  # three rows pull as one does
    array([0.0663, 0.0663, 0.0663, 1.8974])
    """

    mu: float
    bins: int = 10
    task: ClassVar[Task] = "regression"
    formula = barron

    def __post_init__(self) -> None:
        check_number(self, "mu", *SCALE)
        self._check_bins()

    @property
    def of_row(self) -> Loss:
        return Charbonnier(self.mu)

    @property
    def parameters(self) -> tuple[float, ...]:
        return self.of_row.parameters

    @property
    def largest_curvature(self) -> float:
        return self.of_row.largest_curvature

    @property
    def largest_gradient(self) -> float:
        return 1.0 / self.mu
