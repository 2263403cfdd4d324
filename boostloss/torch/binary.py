"""The losses of labels as modules, and of classes through the margin of the true one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from boostloss.losses.binary import Focal, Logistic
from boostloss.torch.module import LossModule
from boostloss.torch.reduction import Reduction
from boostloss.torch.several import class_dim, of_classes


class LogisticLoss(LossModule):
    """Logistic loss of a logit: -target log p - (1 - target) log(1 - p), p = sigmoid(input).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import LogisticLoss
    >>> LogisticLoss()(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    tensor(0.4100)
    """

    def __init__(self, reduction: Reduction = "mean"):
        super().__init__(Logistic(), reduction)


class FocalLoss(LossModule):
    """Focal loss of logits: alpha (1 - p)^gamma (-log p), p the probability of the true label or class.

    A target of the shape of the input holds a label 0 or 1, not a probability, for each logit. A target of shape
    (n, ...) for an input of shape (n, C, ...) holds indices of classes.

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing; 0 gives logistic loss and cross entropy; not negative.
    alpha : float or sequence of float, optional
        Balance. For labels: alpha weighs label 1, 1 - alpha label 0. For classes: a weight for each. The default weighs
        all 1.
    reduction : {"mean", "sum", "none"}, default "mean"

    Attributes
    ----------
    gamma : float
    alpha : float, Tensor or None

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import FocalLoss
    >>> FocalLoss(1.0)(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 1.0]))  # labels
    tensor(0.1744)
    >>> FocalLoss(1.0)(torch.zeros(5, 4), torch.arange(5) % 4)  # indices of four classes
    tensor(1.0397)
    """

    gamma: float
    alpha: float | Tensor | None

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | Tensor | None = None,
        reduction: Reduction = "mean",
    ):
        if isinstance(alpha, Sequence | Tensor):
            super().__init__(Focal(gamma), reduction)
            self.register_buffer("alpha", torch.as_tensor(alpha))
        else:
            super().__init__(Focal(gamma, alpha), reduction)
            self.keep(alpha=alpha)
        self.keep(gamma=gamma)

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
        if target.ndim < input.ndim:
            if self.loss.alpha is not None:
                raise ValueError(
                    "alpha must be None or hold a number for each class, got one number."
                )
            weights = self.alpha if isinstance(self.alpha, Tensor) else None
            count = input.shape[class_dim(input)]
            if weights is not None and weights.numel() != count:
                raise ValueError(
                    f"alpha must hold a number for each of {count} classes, got {weights.numel()}."
                )
            return of_classes(self.formula, self.numbers, input, target, weights)
        if isinstance(self.alpha, Tensor):
            raise ValueError("alpha must be None or a number for labels, got one for each class.")
        return None
