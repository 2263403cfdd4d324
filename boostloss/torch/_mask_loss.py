"""What the losses of overlap have in common: from counts to one number."""

import math
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from torch import Tensor, nn

from boostloss.losses.validation import check_number
from boostloss.torch._masks import Counts, Mode, counts_of, mode_of
from boostloss.torch.reduction import (
    Reduction,
    check_choice,
    check_reduction,
    hold_class_weights,
    reduced,
)

Over = Literal["image", "batch"]


class Options(TypedDict, total=False):
    """What all losses of overlap can be told."""

    mode: Mode | None
    over: Over
    class_weight: Sequence[float] | Tensor | None
    ignore_index: int | None
    smooth: float
    reduction: Reduction


class OverlapLoss(nn.Module):
    """A function of true and false positives and false negatives."""

    class_weight: Tensor | None

    def __init__(
        self,
        mode: Mode | None = None,
        over: Over = "image",
        class_weight: Sequence[float] | Tensor | None = None,
        ignore_index: int | None = None,
        smooth: float = 0.0,
        reduction: Reduction = "mean",
    ):
        super().__init__()
        check_choice("mode", mode, (None, "binary", "multilabel", "multiclass"))
        check_choice("over", over, ("image", "batch"))
        self.mode: Mode | None = mode
        self.over: Over = over
        hold_class_weights(self, "class_weight", class_weight)
        self.ignore_index: int | None = ignore_index
        self.smooth: float = smooth
        check_number(self, "smooth", "a number of at least 0", lambda x: 0.0 <= x < math.inf)
        self.reduction: Reduction = check_reduction(reduction)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of predicted masks.

        Parameters
        ----------
        input : Tensor
            Logits: of a mask in shape (n, ...), of several or of classes in shape (n, C, ...).
        target : Tensor
            Labels, or probabilities of them, in the shape of the input; or indices of classes in shape (n, ...).
        weight : Tensor, optional
            Non-negative. Of shape (n,) it weighs images: in the mean, or over the batch in the counts. Of more
            dimensions it weighs pixels, in the counts: its shape is that of the input, without the dimension of
            classes, or the first dimensions of that.
        mask : Tensor of bool, optional
            True for the pixels that count, likewise. What it hides may be NaN.

        Returns
        -------
        Tensor
            A scalar. Without a reduction of shape (n, C), (n,) of one mask, or over the batch (C,) or (). Half
            precision is computed and returned in float32.
        """
        mode = mode_of(self.mode, input, target)
        images = None
        if weight is not None and weight.ndim == 1 and self.over == "image":
            images, weight = weight, None
        counts = counts_of(input, target, mode, weight, mask, self.ignore_index)
        if self.over == "batch":
            counts = Counts(*(x.sum(0, keepdim=True) for x in counts))
        value = self.value(counts)
        if images is not None and images.shape != value.shape[:1]:
            raise ValueError(
                f"weight must hold a number for each of {len(value)} images, got shape {tuple(images.shape)}."
            )
        if value.ndim == 2:
            classes = self.weights(value)
            if mode == "binary":
                value = value[:, 0]
            elif classes is not None:
                images = classes if images is None else images.unsqueeze(1) * classes
                images = images.expand(value.shape)
        if self.over == "batch":
            value, images = value[0], None if images is None else images[0]
        return reduced(value, self.reduction, images)

    def weights(self, columns: Tensor) -> Tensor | None:
        """The weights of the classes, if there are some."""
        if self.class_weight is None:
            return None
        k = columns.shape[1]
        if k == 1 or len(self.class_weight) != k:
            raise ValueError(
                f"class_weight must be None for one mask, or hold a number for each of {k} classes, got "
                f"{len(self.class_weight)}."
            )
        return self.class_weight.to(columns.dtype)

    def value(self, counts: Counts) -> Tensor:
        """The loss of every image and class, in a matrix, or of every image."""
        raise NotImplementedError

    def ratio(self, wrong: Tensor, all: Tensor) -> Tensor:
        """The share of what is wrong, smoothed; of nothing it is 0."""
        all = all + self.smooth
        return wrong / all.where(all > 0.0, 1.0)

    def extra_repr(self) -> str:
        shown: dict[str, Any] = {
            name: value
            for name, value in vars(self).items()
            if name[0] != "_" and name != "training"
        }
        if self.class_weight is not None:
            shown["class_weight"] = f"tensor of shape {tuple(self.class_weight.shape)}"
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())
