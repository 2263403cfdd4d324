"""What XGBoost takes as an objective: the loss itself, or one whose rows of label 1 weigh more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.boosting import targets
from boostloss.boosting.estimators import given_loss, refuse_losses
from boostloss.boosting.objective import read_call, require_loss
from boostloss.losses.base import Loss


def objective(loss: Loss, scale_pos_weight: float | None = None) -> Callable:
    """The objective for ``obj`` of `xgboost.train` and ``objective`` of its estimators.

    Parameters
    ----------
    loss : Loss
    scale_pos_weight : float, optional
        A factor for the weights of the rows of label 1, for a binary loss. XGBoost ignores the parameter of
        this name when it is given a custom objective.

    Returns
    -------
    callable
        The loss itself where there is nothing to scale.

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.xgboost import objective
    >>> objective(bl.Logistic(), scale_pos_weight=4.0)([0, 1, 0], [0.0, 0.1, 0.2])[0].round(2)
    array([ 0.5 , -1.9 ,  0.55], dtype=float32)
    """
    return scaled(require_loss(loss), loss, scale_pos_weight)


def loss_in(estimator: Any) -> Loss | None:
    """The loss that an estimator is to fit, or None; then none of its metrics may be one."""
    loss = given_loss(estimator.objective, "objective")
    if loss is None:
        refuse_losses(estimator.eval_metric, estimator.objective)
    return loss


def scaled(given: Callable, loss: Loss, scale_pos_weight: float | None) -> Callable:
    """The objective of a loss, the loss itself or one run of it, with a factor for the rows of label 1."""
    if scale_pos_weight is None or scale_pos_weight == 1.0:
        return given
    targets.check_positive_weight(scale_pos_weight)
    if loss.task != "binary":
        raise ValueError(
            f"scale_pos_weight needs a binary loss, got {scale_pos_weight!r} and {loss!r}."
        )
    return Scaled(given, float(scale_pos_weight))


@dataclass(frozen=True)
class Scaled:
    """The objective whose rows of label 1 weigh more."""

    loss: Callable
    scale_pos_weight: float

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        y_true, y_pred, sample_weight = read_call(y_true, y_pred, sample_weight)
        return self.loss(
            y_true, y_pred, class_weights(y_true, sample_weight, self.scale_pos_weight)
        )


def class_weights(y_true: Any, sample_weight: Any, scale_pos_weight: float | None) -> Any:
    """The weights times `scale_pos_weight`, in XGBoost's precision."""
    factors = np.array([1.0, scale_pos_weight or 1.0], np.float32)
    return targets.weigh_classes(y_true, sample_weight, factors)
