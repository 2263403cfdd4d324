"""Losses of a target in [0, 1], a share or a probability: the raw prediction is the logit of the prediction."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.logistic import kl_divergence, logistic
from boostloss.losses.base import Curvature
from boostloss.losses.binary import logit
from boostloss.losses.linked import Linked
from boostloss.ops import expit


class Share(Linked):
    """A loss of a target in [0, 1] and of the logit of its mean."""

    link_name = "logit"
    allowed = "in [0, 1]"
    curvature: ClassVar[Curvature] = "exact"

    def is_wrong(self, y: NDArray[np.floating]) -> NDArray[np.bool_]:
        return (y < 0.0) | (y > 1.0)

    @property
    def largest_curvature(self) -> float:
        return 0.25

    def link(self, y_pred: ArrayLike) -> NDArray[np.floating]:
        return logit(y_pred)

    def response(self, raw: Any) -> Any:
        return expit(raw)

    def _best_constant(self, y, weight):
        # The logit of a mean of 0 or 1 is infinite, and a mean this near to it does as well.
        return float(logit(np.clip(np.average(y, weights=weight), 1e-6, 1.0 - 1e-6)))


@dataclass(frozen=True)
class CrossEntropy(Share):
    """Cross-entropy of a share y: -y log p - (1 - y) log(1 - p), p = sigmoid(raw prediction).

    For labels 0 and 1, and for a probability of each class, take `Logistic` in a classifier.

    References
    ----------
    Papke & Wooldridge, "Econometric Methods for Fractional Response Variables", Journal of Applied Econometrics 1996.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.CrossEntropy().loss([0.25, 1.0], [0.0, 2.0]).round(4)
    array([0.6931, 0.1269])
    """

    formula = logistic

    @property
    def parameters(self) -> tuple[float, ...]:
        return (0.0,)


@dataclass(frozen=True)
class KLDivergence(Share):
    """Kullback-Leibler divergence: y log(y / p) + (1 - y) log((1 - y) / (1 - p)), p = sigmoid(raw prediction).

    It is `CrossEntropy` less what no prediction can avoid: 0 where p = y, with the same gradient.

    References
    ----------
    Kullback & Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 1951.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.KLDivergence().loss([0.5, 0.25], [0.0, 0.0]).round(4)
    array([0.    , 0.1308])
    """

    formula = kl_divergence

    @property
    def parameters(self) -> tuple[float, ...]:
        return ()
