"""Losses of the overlap of masks: Tversky's index and what is made of it."""

import math
from collections.abc import Sequence
from typing import Unpack

from torch import Tensor

from boostloss.losses.validation import check_number
from boostloss.torch._mask_loss import Options, Over, OverlapLoss
from boostloss.torch._masks import Counts, Mode, with_background
from boostloss.torch.reduction import Reduction


class TverskyLoss(OverlapLoss):
    """Tversky loss of masks: 1 - TP / (TP + alpha FP + beta FN), from probabilities of logits.

    TP is the sum of min(p, g) over the pixels of a mask, p the probability and g the label, FP that of what p has
    beyond g, and FN that of what g has beyond p. With labels 0 and 1 these are the sums of p g, p (1 - g) and
    (1 - p) g. With soft labels, unlike those sums, they give a mask that is predicted as it is no loss.

    An empty mask has the loss 1 whatever is predicted, without a gradient, unless `smooth` is positive. It has the loss
    0 where every probability is 0 to the last digit, or no pixel counts.

    Parameters
    ----------
    alpha : float, default 0.5
        What a false positive weighs; not negative.
    beta : float, default 0.5
        What a false negative weighs; not negative. Both 1/2 are Dice's index, both 1 that of Jaccard.
    mode : {"binary", "multilabel", "multiclass"}, optional
        One mask for each image, by a sigmoid; or several that are independent, one for each place of the second
        dimension; or classes, by a softmax over the second dimension. By default "multiclass" if the target has one
        dimension less than the input, else "binary".
    over : {"image", "batch"}, default "image"
        Whether every image has a loss for each class, or the pixels of all images together have one.
    class_weight : sequence of float or Tensor, optional
        What the loss of each class weighs in the mean; 0 leaves it out.
    ignore_index : int, optional
        A label whose pixels do not count.
    smooth : float, default 0.0
        Added to TP and to the denominator.
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Salehi, Erdogmus & Gholipour, "Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep
    Networks", MLMI 2017; for soft labels Wang et al., "Jaccard Metric Losses: Optimizing the Jaccard Index with Soft
    Labels", NeurIPS 2023.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import TverskyLoss
    >>> truth = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    >>> bold, timid = torch.tensor([[9.0, 9.0, 9.0, -9.0], [9.0, -9.0, -9.0, -9.0]])
    >>> loss = TverskyLoss(alpha=0.2, beta=0.8)
    >>> loss(bold[None], truth), loss(timid[None], truth)
    (tensor(0.0910), tensor(0.4445))
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        mode: Mode | None = None,
        over: Over = "image",
        class_weight: Sequence[float] | Tensor | None = None,
        ignore_index: int | None = None,
        smooth: float = 0.0,
        reduction: Reduction = "mean",
    ):
        super().__init__(mode, over, class_weight, ignore_index, smooth, reduction)
        self.alpha: float = alpha
        self.beta: float = beta
        for name in ("alpha", "beta"):
            check_number(self, name, "a number of at least 0", lambda x: 0.0 <= x < math.inf)

    def value(self, counts: Counts) -> Tensor:
        wrong = self.alpha * counts.false_positives + self.beta * counts.false_negatives
        return self.ratio(wrong, counts.true_positives + wrong)


class DiceLoss(TverskyLoss):
    """Dice loss of masks: 1 - 2 TP / (2 TP + FP + FN), the Tversky loss whose alpha and beta are 1/2.

    Parameters
    ----------
    **options
        Those of `TverskyLoss` behind beta: mode, over, class_weight, ignore_index, smooth and reduction.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Milletari, Navab & Ahmadi, "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation",
    3DV 2016, with a sum of p, not of its square, in the denominator; for soft labels as `TverskyLoss`.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import DiceLoss
    >>> soft = torch.tensor([[0.9, 0.6, 0.1]])
    >>> DiceLoss()(soft.logit(), soft) < 1e-6  # a soft label that is predicted as it is
    tensor(True)
    >>> classes = torch.tensor([[0, 1, 2, 255]])
    >>> DiceLoss(ignore_index=255, reduction="none")(torch.zeros(1, 3, 4), classes)  # for each image and class
    tensor([[0.6667, 0.6667, 0.6667]])
    """

    def __init__(self, **options: Unpack[Options]):
        super().__init__(0.5, 0.5, **options)


class JaccardLoss(TverskyLoss):
    """Jaccard loss of masks: 1 - TP / (TP + FP + FN), one less intersection over union.

    It is the Tversky loss whose alpha and beta are 1, and a metric: it is 0 for equal masks alone, and obeys the
    triangle inequality.

    Parameters
    ----------
    **options
        Those of `TverskyLoss` behind beta: mode, over, class_weight, ignore_index, smooth and reduction.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Wang et al., "Jaccard Metric Losses: Optimizing the Jaccard Index with Soft Labels", NeurIPS 2023.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import JaccardLoss
    >>> JaccardLoss()(torch.zeros(1, 4), torch.tensor([[1.0, 1.0, 0.0, 0.0]]))
    tensor(0.6667)
    """

    def __init__(self, **options: Unpack[Options]):
        super().__init__(1.0, 1.0, **options)


class FocalTverskyLoss(TverskyLoss):
    """Focal Tversky loss of masks: (1 - TP / (TP + alpha FP + beta FN))^(1/gamma).

    The exponent is that of the paper, 1 / gamma: a gamma above 1 lifts losses that are small already. Libraries that
    name the exponent itself gamma have 0.75 for the 4/3 here.

    Parameters
    ----------
    alpha : float, default 0.3
        What a false positive weighs; the paper's beta.
    beta : float, default 0.7
        What a false negative weighs; the paper's alpha.
    gamma : float, default 4/3
        Positive.
    **options
        Those of `TverskyLoss` behind beta: mode, over, class_weight, ignore_index, smooth and reduction.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Abraham & Khan, "A Novel Focal Tversky Loss Function With Improved Attention U-Net for Lesion Segmentation", ISBI
    2019, equation 4.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import FocalTverskyLoss
    >>> FocalTverskyLoss(0.5, 0.5, gamma=2.0)(torch.zeros(1, 4), torch.tensor([[1.0, 1.0, 0.0, 0.0]]))  # root of 1/2
    tensor(0.7071)
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        gamma: float = 4.0 / 3.0,
        **options: Unpack[Options],
    ):
        super().__init__(alpha, beta, **options)
        self.gamma: float = gamma
        check_number(self, "gamma", "a positive number", lambda x: 0.0 < x < math.inf)

    def value(self, counts: Counts) -> Tensor:
        loss = super().value(counts)
        positive = loss > 0.0  # at 0 the slope of the power is infinite
        return (loss.where(positive, 1.0) ** (1.0 / self.gamma)).where(positive, 0.0)


class GeneralizedDiceLoss(OverlapLoss):
    """Generalized Dice loss: 1 - 2 sum w TP / sum w (2 TP + FP + FN), over classes of weight w = 1 / size^2.

    The sums are over the classes of an image, or of the batch, so that there is one loss for all of them. A mask and
    what is around it are two classes. The size is the sum of the labels; a class of which there is no pixel has the
    largest weight of the others.

    Parameters
    ----------
    **options
        Those of `TverskyLoss` behind beta: mode, over, class_weight, which is multiplied into w, ignore_index, smooth,
        which is added to the denominator in units of the pixels of the smallest class, and reduction.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Sudre et al., "Generalised Dice Overlap as a Deep Learning Loss Function for Highly Unbalanced Segmentations", DLMIA
    2017; for soft labels as `TverskyLoss`.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import GeneralizedDiceLoss
    >>> GeneralizedDiceLoss()(torch.zeros(1, 4), torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    tensor(0.6250)
    """

    def __init__(self, **options: Unpack[Options]):
        super().__init__(**options)

    def value(self, counts: Counts) -> Tensor:
        if counts.size.shape[1] == 1:
            counts = with_background(counts)
        there = counts.size > 0.0
        smallest = counts.size.where(there, math.inf).amin(1, keepdim=True)
        weight = (smallest / counts.size.where(there, 1.0)).square().where(there, 1.0)
        classes = self.weights(counts.size)
        if classes is not None:
            weight = weight * classes
        wrong = counts.false_positives + counts.false_negatives
        right = 2.0 * counts.true_positives
        return self.ratio((weight * wrong).sum(1), (weight * (right + wrong)).sum(1))
