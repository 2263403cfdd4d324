"""The losses of labels as modules, and of classes through the margin of the true one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from boostloss.losses.binary import Focal, Logistic
from boostloss.losses.validation import check_number
from boostloss.torch.module import LossModule, Mode
from boostloss.torch.reduction import Reduction, hold_class_weights


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

    A target of the shape of the input holds a label for each logit, which may be a probability: the loss is the one to
    expect. A target of shape (n, ...) for an input of shape (n, C, ...) holds indices of classes; one of probabilities
    of classes has the input's shape, and needs the mode "multiclass".

    Parameters
    ----------
    gamma : float, default 2.0
        Focusing; 0 gives logistic loss and cross entropy; not negative.
    alpha : float or sequence of float, optional
        Balance. For labels: alpha weighs label 1, 1 - alpha label 0. For classes: a weight for each, not negative; they
        are trained if they are a `torch.nn.Parameter`. The default weighs all 1.
    reduction : {"mean", "sum", "none"}, default "mean"
    label_smoothing : float, default 0.0
        The share of every label that goes to all labels, or classes, alike; from 0 to below 1.
    ignore_index : int, optional
        A label that does not count.
    mode : {"binary", "multiclass"}, optional
        By default "multiclass" where the target has one dimension less than the input, else "binary".

    Attributes
    ----------
    gamma, label_smoothing : float
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
        label_smoothing: float = 0.0,
        ignore_index: int | None = None,
        mode: Mode | None = None,
    ):
        if isinstance(alpha, Sequence | Tensor | np.ndarray) and np.ndim(alpha) > 0:
            super().__init__(Focal(gamma), reduction, mode, ignore_index)
            hold_class_weights(self, "alpha", alpha)
        else:
            number: Any = alpha
            super().__init__(Focal(gamma, number), reduction, mode, ignore_index)
            self.keep(alpha=self.loss.alpha)
        self.keep(gamma=self.loss.gamma)
        self.label_smoothing = label_smoothing
        check_number(self, "label_smoothing", "a number in [0, 1)", lambda x: 0.0 <= x < 1.0)

    def class_weights(self, k: int) -> Tensor | None:
        if self.loss.alpha is not None:
            raise ValueError("alpha must be None or hold a number for each class, got one number.")
        if isinstance(self.alpha, Tensor) and self.alpha.numel() != k:
            raise ValueError(
                f"alpha must hold a number for each of {k} classes, got {self.alpha.numel()}."
            )
        return self.alpha if isinstance(self.alpha, Tensor) else None

    def labels(self, target: Tensor) -> tuple[Tensor, Callable[..., Any]]:
        if isinstance(self.alpha, Tensor):
            raise ValueError("alpha must be None or a number for labels, got one for each class.")
        return super().labels(target)
