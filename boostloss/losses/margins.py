"""Losses of the margin of support vector machines and of AdaBoost; their mathematics is in `formulas`."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.exponential import exponential
from boostloss.formulas.pinball import hinge
from boostloss.formulas.squared_hinge import modified_huber, squared_hinge
from boostloss.kernels.rows import MAJORIZER
from boostloss.losses.base import Curvature
from boostloss.losses.binary import Improper
from boostloss.losses.validation import as_floats
from boostloss.ops import clip, log, maximum

# The half-width of the kernel that smooths the hinge for boosting, in margins: half the way from the decision to where
# a row no longer counts. It is that of own losses of a margin, `boostloss.losses.custom.LABEL_WIDTH`.
HINGE_WIDTH = 0.5


@dataclass(frozen=True)
class Hinge(Improper):
    """Hinge loss of support vector machines: max(1 - margin, 0). Boosting smooths its corner.

    Its best score is the likelier label itself, -1 or 1, and tells no probability. `inverse_link` is (1 + score) / 2,
    cut to [0, 1], to decide and to rank by. For probabilities take `Logistic`, or calibrate on other rows.

    References
    ----------
    Cortes & Vapnik, "Support-Vector Networks", Machine Learning 1995; Bartlett & Tewari, "Sparseness vs Estimating
    Conditional Probabilities", JMLR 2007.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Hinge().loss([1, 1, 0], [0.25, 3.0, 0.5])
    array([0.75, 0.  , 1.5 ])
    """

    curvature: ClassVar[Curvature] = "majorizer"
    formula = hinge

    @property
    def parameters(self) -> tuple[float, ...]:
        return (0.0,)

    @property
    def boosted_as(self) -> "Hinge":
        return _SmoothedHinge()

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        return 2.0 * as_floats(y_pred, "y_pred").astype(np.float64) - 1.0

    def response(self, raw: Any) -> Any:
        return clip(0.5 + 0.5 * raw, 0.0, 1.0)

    def log_slope(self, margin):
        # Of the squared hinge, since the slope of the hinge itself says only which label is likelier.
        return log(maximum(1.0 - margin, 0.0))

    def _computed(self, outputs, y_true, raw_prediction, sample_weight, dtype=None):
        results = super()._computed(outputs, y_true, raw_prediction, sample_weight, dtype)
        if MAJORIZER in outputs and self.boosted_as is not self:  # infinite at the corner
            smoothed = self.boosted_as._computed(
                outputs, y_true, raw_prediction, sample_weight, dtype
            )
            results[outputs.index(MAJORIZER)] = smoothed[outputs.index(MAJORIZER)]
        return results

    def _best_constant(self, y, weight):
        return 1.0 if np.average(y, weights=weight) > 0.5 else -1.0


@dataclass(frozen=True)
class _SmoothedHinge(Hinge):
    """The hinge loss as it is boosted."""

    @property
    def parameters(self) -> tuple[float, ...]:
        return (HINGE_WIDTH,)

    @property
    def largest_curvature(self) -> float:
        return 0.5 / HINGE_WIDTH

    @property
    def boosted_as(self) -> "Hinge":
        return self


@dataclass(frozen=True)
class SquaredHinge(Improper):
    """Squared hinge loss: max(1 - margin, 0)^2. A score in (-1, 1) tells the probability (1 + score) / 2.

    References
    ----------
    Zhang, "Statistical Behavior and Consistency of Classification Methods Based on Convex Risk Minimization", Annals of
    Statistics 2004.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.SquaredHinge().loss([1, 1, 0], [0.5, 3.0, 0.5])
    array([0.25, 0.  , 2.25])
    """

    formula = squared_hinge

    @property
    def largest_curvature(self) -> float:
        return 2.0


@dataclass(frozen=True)
class ModifiedHuber(Improper):
    """Modified Huber loss: max(1 - margin, 0)^2 down to the margin -1, and -4 margin below.

    Wrong labels pull less than under the squared hinge. A score in (-1, 1) tells the probability (1 + score) / 2.

    References
    ----------
    Zhang, "Statistical Behavior and Consistency of Classification Methods Based on Convex Risk Minimization", Annals of
    Statistics 2004.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.ModifiedHuber().loss([1, 1, 0], [0.5, -3.0, 0.5])
    array([ 0.25, 12.  ,  2.25])
    """

    formula = modified_huber

    @property
    def largest_curvature(self) -> float:
        return 2.0


@dataclass(frozen=True)
class Exponential(Improper):
    """Exponential loss of AdaBoost: exp(-margin). A wrong label pulls the more, the surer the model is of the other.

    Its best score is half the logit of the probability.

    References
    ----------
    Freund & Schapire, "A Decision-Theoretic Generalization of On-Line Learning and an Application to Boosting", Journal
    of Computer and System Sciences 1997.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.Exponential().loss([1, 0], [0.0, 1.0]).round(4)
    array([1.    , 2.7183])
    >>> bl.Exponential().inverse_link([0.5]).round(4)
    array([0.7311])
    """

    floored = False
    formula = exponential

    def log_slope(self, margin):
        return -margin

    @property
    def largest_curvature(self) -> float:
        return 1.0
