"""scikit-learn's losses, computed by ours: the classes of `sklearn._loss` with other kernels inside.

Their constructors, links and intervals stay, since the tests read them; loss, derivatives, probabilities and the best
constant are ours. Of counts and amounts theirs drop the terms that no prediction changes, ours is half a deviance.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn._loss import loss as theirs

import boostloss as bl


class Kernels:
    """In the place of a loss of scikit-learn's in Cython: it writes into arrays that are given."""

    def __init__(self, shell: Any, ours: bl.Loss, **parameters: float):
        self.shell = shell
        self.ours = ours
        vars(self).update(parameters)  # which scikit-learn reads here

    def target(self, y_true: NDArray) -> NDArray:
        """The labels, or where some are shares, a probability for each of both."""
        if self.ours.task == "regression" or np.isin(y_true, range(self.shell.n_classes)).all():
            return y_true
        return np.column_stack([1 - y_true, y_true])

    def loss(self, y_true, raw_prediction, sample_weight, loss_out, n_threads=1):
        loss_out[...] = self.ours.loss(self.target(y_true), raw_prediction, sample_weight)
        if self.ours.link_name == "log":
            loss_out -= self.shell.constant_to_optimal_zero(y_true, sample_weight)

    def gradient(self, y_true, raw_prediction, sample_weight, gradient_out, n_threads=1):
        self.gradient_hessian(
            y_true, raw_prediction, sample_weight, gradient_out, np.empty_like(gradient_out)
        )

    def loss_gradient(
        self, y_true, raw_prediction, sample_weight, loss_out, gradient_out, n_threads=1
    ):
        self.loss(y_true, raw_prediction, sample_weight, loss_out)
        self.gradient(y_true, raw_prediction, sample_weight, gradient_out)

    def gradient_hessian(
        self, y_true, raw_prediction, sample_weight, gradient_out, hessian_out, n_threads=1
    ):
        gradient_out[...], hessian_out[...] = self.ours.gradient_hessian(
            self.target(y_true), raw_prediction, sample_weight, curvature="exact"
        )

    def gradient_proba(
        self, y_true, raw_prediction, sample_weight, gradient_out, proba_out, n_threads=1
    ):
        self.gradient(y_true, raw_prediction, sample_weight, gradient_out)
        proba_out[...] = self.ours.inverse_link(raw_prediction)


class Ours(theirs.BaseLoss):
    """What the classes below put in the place of scikit-learn's kernels."""

    names: tuple[str, ...] = ()  # of the parameters

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        parameters = {name: getattr(self.closs, name) for name in self.names}
        self.closs = Kernels(self, self.ours(**parameters), **parameters)

    @staticmethod
    def ours(**parameters: float) -> bl.Loss:
        raise NotImplementedError

    def fit_intercept_only(self, y_true, sample_weight=None):
        options = {"n_classes": self.n_classes} if self.is_multiclass else {}
        y = self.closs.target(y_true)
        best = self.closs.ours.fit_intercept(y, sample_weight, **options)
        return np.asarray(best, np.result_type(y_true, np.float32))[()]


class OfClasses(Ours):
    def predict_proba(self, raw_prediction):
        if self.is_multiclass:
            return self.closs.ours.inverse_link(raw_prediction)
        of_one = self.closs.ours.inverse_link(np.ravel(raw_prediction))
        return np.column_stack([1 - of_one, of_one])


class HalfSquaredError(Ours, theirs.HalfSquaredError):
    ours = staticmethod(bl.SquaredError)


class AbsoluteError(Ours, theirs.AbsoluteError):
    ours = staticmethod(bl.AbsoluteError)


class PinballLoss(Ours, theirs.PinballLoss):
    names = ("quantile",)
    ours = staticmethod(bl.Quantile)


class HuberLoss(Ours, theirs.HuberLoss):
    names = ("delta",)
    ours = staticmethod(bl.Huber)


class HalfPoissonLoss(Ours, theirs.HalfPoissonLoss):
    ours = staticmethod(bl.Poisson)


class HalfGammaLoss(Ours, theirs.HalfGammaLoss):
    ours = staticmethod(bl.Gamma)


class HalfTweedieLoss(Ours, theirs.HalfTweedieLoss):
    """Ours has the powers from 1 to 2, where a Tweedie distribution of amounts exists."""

    names = ("power",)

    def __new__(cls, sample_weight=None, power=1.5, **options):
        if 1.0 <= power <= 2.0:
            return super().__new__(cls)
        return theirs_of_tweedie(sample_weight=sample_weight, power=power, **options)

    @staticmethod
    def ours(power: float) -> bl.Loss:
        return bl.Gamma() if power == 2.0 else bl.Tweedie(power)


class HalfBinomialLoss(OfClasses, theirs.HalfBinomialLoss):
    ours = staticmethod(bl.Logistic)


class HalfMultinomialLoss(OfClasses, theirs.HalfMultinomialLoss):
    ours = staticmethod(bl.Logistic)


class ExponentialLoss(OfClasses, theirs.ExponentialLoss):
    ours = staticmethod(bl.Exponential)


theirs_of_tweedie = theirs.HalfTweedieLoss
SHELLS = Ours.__subclasses__() + OfClasses.__subclasses__()
REPLACED = {kind.__name__: kind for kind in SHELLS if kind is not OfClasses}


def substitute(suite: str) -> None:
    """Put our losses where scikit-learn's tests import theirs from."""
    for name, kind in REPLACED.items():
        setattr(theirs, name, kind)
    for key, kind in theirs._LOSSES.items():
        theirs._LOSSES[key] = REPLACED[kind.__name__]


def is_theirs(item: pytest.Item) -> bool:
    """Whether a test is of losses, and none of them is ours."""
    parameters = getattr(item, "callspec", None)
    values = list(parameters.params.values()) if parameters else []
    kinds = [x if isinstance(x, type) else type(x) for x in values]
    kinds = [x for x in kinds if issubclass(x, theirs.BaseLoss)]
    return bool(kinds) and not any(issubclass(x, Ours) for x in kinds)
