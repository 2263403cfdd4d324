"""Losses that bear wrong labels, as modules."""

from boostloss.losses.label_noise import (
    BiTemperedLogistic,
    GeneralizedCrossEntropy,
    SymmetricCrossEntropy,
)
from boostloss.torch.module import LossModule, Mode
from boostloss.torch.reduction import Reduction


class GeneralizedCrossEntropyLoss(LossModule):
    """Generalized cross-entropy of logits: (1 - p^q) / q, p the probability of the label, or class.

    Parameters
    ----------
    q : float, default 0.7
        Near 0 cross-entropy, near 1 the absolute error of p; in (0, 1).
    reduction : {"mean", "sum", "none"}, default "mean"
    ignore_index : int, optional
        A label that does not count.
    mode : {"binary", "multiclass"}, optional
        By default "multiclass" where the target has one dimension less than the input, else "binary".

    Attributes
    ----------
    q : float

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    References
    ----------
    Zhang & Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", NeurIPS 2018.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import GeneralizedCrossEntropyLoss
    >>> GeneralizedCrossEntropyLoss(0.5, "none")(torch.tensor([0.0, -8.0]), torch.ones(2))
    tensor([0.5858, 1.9634])
    """

    q: float

    def __init__(
        self,
        q: float = 0.7,
        reduction: Reduction = "mean",
        ignore_index: int | None = None,
        mode: Mode | None = None,
    ):
        super().__init__(GeneralizedCrossEntropy(q), reduction, mode, ignore_index)
        self.keep(q=self.loss.q)


class SymmetricCrossEntropyLoss(LossModule):
    """Symmetric cross-entropy of logits: alpha (-log p) + 4 beta (1 - p), p the probability of the label, or class.

    Parameters
    ----------
    alpha : float, default 0.1
        Of the cross-entropy, from 1e-3 to 1e3.
    beta : float, default 1.0
        Of the reverse cross-entropy, in which -4 stands for the logarithm of 0; from 0 to 1e3.
    reduction : {"mean", "sum", "none"}, default "mean"
    ignore_index : int, optional
        A label that does not count.
    mode : {"binary", "multiclass"}, optional
        By default "multiclass" where the target has one dimension less than the input, else "binary".

    Attributes
    ----------
    alpha, beta : float

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    References
    ----------
    Wang et al., "Symmetric Cross Entropy for Robust Learning With Noisy Labels", ICCV 2019.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import SymmetricCrossEntropyLoss
    >>> SymmetricCrossEntropyLoss(0.1, 0.25, "none")(torch.tensor([0.0, -8.0]), torch.ones(2))
    tensor([0.5693, 1.7997])
    """

    alpha: float
    beta: float

    def __init__(
        self,
        alpha: float = 0.1,
        beta: float = 1.0,
        reduction: Reduction = "mean",
        ignore_index: int | None = None,
        mode: Mode | None = None,
    ):
        super().__init__(SymmetricCrossEntropy(alpha, beta), reduction, mode, ignore_index)
        self.keep(alpha=self.loss.alpha, beta=self.loss.beta)


class BiTemperedLogisticLoss(LossModule):
    """Bi-tempered logistic loss of logits: log_t1(1/p) less (1 - p^(2-t1) - r^(2-t1)) / (2-t1), p that of the label.

    Here log_t(x) = (x^(1-t) - 1) / (1-t), r = 1 - p, and log_t2(p) - log_t2(r) is the logit of the label, or that of
    the class against all others. Of more than two classes this is not the tempered softmax of the paper.

    Parameters
    ----------
    t1 : float, default 0.5
        Temperature of the loss, from 0 to 1.
    t2 : float, default 1.5
        Temperature of the probability, from 1 to 2. Both 1 give the logistic loss.
    reduction : {"mean", "sum", "none"}, default "mean"
    ignore_index : int, optional
        A label that does not count.
    mode : {"binary", "multiclass"}, optional
        By default "multiclass" where the target has one dimension less than the input, else "binary".

    Attributes
    ----------
    t1, t2 : float

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    References
    ----------
    Amid et al., "Robust Bi-Tempered Logistic Loss Based on Bregman Divergences", NeurIPS 2019.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import BiTemperedLogisticLoss
    >>> BiTemperedLogisticLoss(0.5, 1.5, "none")(torch.tensor([-1e9, 0.0, 2.0]), torch.ones(3))
    tensor([2.0000, 0.3905, 0.0950])
    """

    t1: float
    t2: float

    def __init__(
        self,
        t1: float = 0.5,
        t2: float = 1.5,
        reduction: Reduction = "mean",
        ignore_index: int | None = None,
        mode: Mode | None = None,
    ):
        super().__init__(BiTemperedLogistic(t1, t2), reduction, mode, ignore_index)
        self.keep(t1=self.loss.t1, t2=self.loss.t2)
