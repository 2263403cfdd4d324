"""The losses of labels as modules, and of classes through the margin of the true one."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from boostloss.kernels.rows import LOSS
from boostloss.losses.binary import Focal, Logistic
from boostloss.torch._derivative import derivative
from boostloss.torch.module import LossModule, Reduction


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
            return self.of_classes(input, target)
        if isinstance(self.alpha, Tensor):
            raise ValueError("alpha must be None or a number for labels, got one for each class.")
        return None

    def of_classes(self, input: Tensor, target: Tensor) -> Tensor:
        """The binary formula at the logit of the true class's probability: its score less those of all others."""
        dim = min(1, input.ndim - 1)
        expected = (*input.shape[:dim], *input.shape[dim + 1 :])
        if target.is_floating_point() or target.shape != expected:
            raise ValueError(
                f"target must have the shape of input, {tuple(input.shape)}, or hold integers in shape {expected}: "
                f"got {target.dtype} in shape {tuple(target.shape)}."
            )
        if input.shape[dim] < 2:
            raise ValueError(f"input must have at least 2 classes, got shape {tuple(input.shape)}.")
        if self.loss.alpha is not None:
            raise ValueError("alpha must be None or hold a number for each class, got one number.")
        scores = input.to(torch.promote_types(input.dtype, torch.float32))
        index = target.long().unsqueeze(dim)
        others = scores.scatter(dim, index, -math.inf).logsumexp(dim)
        margin = scores.gather(dim, index).squeeze(dim) - others
        one = torch.ones_like(margin)
        value = derivative(self.formula, LOSS, margin, one, *self.numbers)
        if not isinstance(self.alpha, Tensor):
            return value
        if self.alpha.numel() != input.shape[dim]:
            raise ValueError(
                f"alpha must hold a number for each of {input.shape[dim]} classes, got {self.alpha.numel()}."
            )
        weight = self.alpha.to(value.dtype).index_select(0, target.reshape(-1))
        return value * weight.reshape(target.shape)
