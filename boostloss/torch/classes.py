"""Losses of a margin between classes, as modules."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from boostloss.losses.margins import Hinge, SquaredHinge
from boostloss.losses.validation import check_number
from boostloss.torch.module import LossModule
from boostloss.torch.reduction import (
    Reduction,
    check_choice,
    check_reduction,
    hold_class_weights,
    reduced,
    which_count,
    without_others,
)
from boostloss.torch.several import check_classes, class_dim


class HingeLoss(LossModule):
    """Hinge loss of scores: max(0, 1 - s input), s = 1 for the label 1 and -1 for the label 0.

    A label between 0 and 1 has the expected loss.

    Parameters
    ----------
    squared : bool, default False
        Whether the loss is squared, which makes its slope continuous.
    reduction : {"mean", "sum", "none"}, default "mean"
    ignore_index : int, optional
        A label that does not count.

    Raises
    ------
    TypeError, ValueError
        If a parameter or the reduction is not valid.

    References
    ----------
    Cortes & Vapnik, "Support-Vector Networks", Machine Learning 1995.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import HingeLoss
    >>> HingeLoss(reduction="none")(torch.tensor([-0.5, 0.5, 2.0]), torch.tensor([1, 1, 1]))
    tensor([1.5000, 0.5000, 0.0000])
    """

    def __init__(
        self,
        squared: bool = False,
        reduction: Reduction = "mean",
        ignore_index: int | None = None,
    ):
        loss = SquaredHinge() if squared else Hinge()
        super().__init__(loss, reduction, "binary", ignore_index)


class MultiClassHingeLoss(nn.Module):
    """Hinge loss of classes: max(0, margin + s_j - s_y) for the largest s_j, or summed over all j, other than y.

    The scores s are the input, and y is the class. The largest is that of Crammer & Singer, the sum that of Weston &
    Watkins. The latter is what `torch.nn.MultiMarginLoss` divides by the number of classes.

    Parameters
    ----------
    kind : {"crammer-singer", "weston-watkins"}, default "crammer-singer"
    margin : float, default 1.0
        Positive.
    class_weight : sequence of float or Tensor, optional
        What the loss of each class is multiplied by, not negative; trained if it is a `torch.nn.Parameter`.
    ignore_index : int, optional
        A class that does not count.
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError, ValueError
        If a parameter is not valid, or shapes do not go together.

    References
    ----------
    Crammer & Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2001; Weston
    & Watkins, "Support Vector Machines for Multi-Class Pattern Recognition", ESANN 1999.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import MultiClassHingeLoss
    >>> scores, classes = torch.tensor([[2.0, 1.5, 1.5]]), torch.tensor([0])
    >>> MultiClassHingeLoss("crammer-singer")(scores, classes), MultiClassHingeLoss("weston-watkins")(scores, classes)
    (tensor(0.5000), tensor(1.))
    """

    class_weight: Tensor | None

    def __init__(
        self,
        kind: Literal["crammer-singer", "weston-watkins"] = "crammer-singer",
        margin: float = 1.0,
        class_weight: Sequence[float] | Tensor | None = None,
        ignore_index: int | None = None,
        reduction: Reduction = "mean",
    ):
        super().__init__()
        check_choice("kind", kind, ("crammer-singer", "weston-watkins"))
        self.kind: Literal["crammer-singer", "weston-watkins"] = kind
        self.margin: float = margin
        check_number(self, "margin", "a positive number", lambda x: 0.0 < x < math.inf)
        hold_class_weights(self, "class_weight", class_weight)
        self.ignore_index: int | None = ignore_index
        self.reduction: Reduction = check_reduction(reduction)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of scores.

        Parameters
        ----------
        input : Tensor
            Scores in shape (n, C, ...), or (C,).
        target : Tensor
            Indices of classes in shape (n, ...), or ().
        weight : Tensor, optional
            Non-negative, of the shape of the target or its first dimensions.
        mask : Tensor of bool, optional
            True for what counts, likewise.

        Returns
        -------
        Tensor
            A scalar, or without a reduction of the shape of the target. Half precision is computed and returned in
            float32.
        """
        dim = class_dim(input)
        elements = input.select(dim, 0).to(torch.promote_types(input.dtype, torch.float32))
        kept = which_count(target, elements, self.ignore_index, mask)
        if kept is not None:
            input, target, weight = without_others(kept, dim, input, target, weight, elements)
        scores, index = check_classes(input, target)
        slack = (scores - scores.gather(dim, index)).add_(self.margin)  # of the class the margin
        if self.kind == "crammer-singer":
            value = slack.scatter_(dim, index, 0.0).amax(dim)
        else:
            value = slack.relu_().sum(dim) - self.margin
        if self.class_weight is not None:
            if self.class_weight.numel() != input.shape[dim]:
                raise ValueError(
                    f"class_weight must hold a number for each of {input.shape[dim]} classes, got "
                    f"{self.class_weight.numel()}."
                )
            value = value * self.class_weight.to(value.dtype)[index.squeeze(dim)]
        return reduced(value, self.reduction, weight)

    def extra_repr(self) -> str:
        return f"{self.kind!r}, margin={self.margin}, reduction={self.reduction!r}"
