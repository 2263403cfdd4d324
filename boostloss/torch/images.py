"""Losses of images: their total variation, and distances between what a network sees in them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from boostloss.torch._samples import (
    SampleLoss,
    by_sample,
    check_shape,
    elementwise,
    floats,
    full_precision,
    widened,
)
from boostloss.torch._variation import changes, total_norm
from boostloss.torch.reduction import Reduction, reduced


class TotalVariationLoss(SampleLoss):
    """Total variation of an image x: sum over pixels of \\|dx/di\\| + \\|dx/dj\\|, or of their Euclidean norm.

    The differences are forward ones, 0 past the last pixel. The sum is over pixels and channels of an image, so that it
    grows with the size of the image, and the mean is over images.

    Parameters
    ----------
    isotropic : bool, default False
        The Euclidean norm of the differences, sqrt((dx/di)^2 + (dx/dj)^2), instead of their absolute values. Where all
        are 0 its gradient is 0.
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If the input is not real.
    ValueError
        If the reduction or a shape is not valid.

    References
    ----------
    Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D, 1992.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import TotalVariationLoss
    >>> image = torch.zeros(1, 1, 4, 4)
    >>> image[..., :2, :2] = 1.0  # a corner: its border is four pixels long, and one of them has two sides
    >>> TotalVariationLoss()(image)
    tensor(4.)
    >>> TotalVariationLoss(isotropic=True)(image)
    tensor(3.4142)
    """

    shown = ("isotropic",)

    def __init__(self, isotropic: bool = False, reduction: Reduction = "mean"):
        super().__init__(reduction)
        self.isotropic: bool = bool(isotropic)

    def forward(
        self, input: Tensor, weight: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """The variation of a batch of images.

        Parameters
        ----------
        input : Tensor of shape (n, C, ...)
            Images, or signals or volumes: there is a difference along every dimension after the channels.
        weight : Tensor of shape (n,), optional
            A non-negative weight for each image.
        mask : Tensor of bool, optional
            True where a pixel counts; of the input's shape, or with one channel. A difference counts if both of its
            pixels do.

        Returns
        -------
        Tensor
            Of shape (n,), or a scalar, of at least float32.
        """
        (input,) = floats(input=input)
        if input.ndim < 3 or 0 in input.shape[2:]:
            raise ValueError(
                f"input must have shape (n, C, ...) with pixels, got {tuple(input.shape)}."
            )
        if mask is not None:
            check_shape("mask", mask, [input.shape, (input.shape[0], 1, *input.shape[2:])])
            if mask.dtype != torch.bool:
                raise TypeError(f"mask must be of dtype bool, got {mask.dtype}.")
            input = input.where(mask, 0.0)
        if self.isotropic:
            value = total_norm(input, mask)
        else:
            sizes = [each.abs().flatten(1).sum(1) for each in changes(input, mask)]
            value = torch.stack(sizes).sum(0)
        return reduced(value, self.reduction, weight)


class ExtractedLoss(SampleLoss):
    """A distance between what an extractor returns for an input and for a target, over layers."""

    def __init__(
        self,
        extractor: nn.Module,
        weights: Mapping[str, float] | Sequence[float] | None = None,
        distance: nn.Module | None = None,
        reduction: Reduction = "mean",
    ):
        super().__init__(reduction)
        if not isinstance(extractor, nn.Module):
            raise TypeError(f"extractor must be a torch.nn.Module, got {extractor!r}.")
        numbers = weights.values() if isinstance(weights, Mapping) else weights
        if numbers is not None and not (numbers and all(map(math.isfinite, numbers))):
            raise ValueError(f"weights must hold a finite number for each layer, got {weights!r}.")
        self.extractor: nn.Module = extractor.requires_grad_(False).eval()
        self.weights: Mapping[str, float] | Sequence[float] | None = weights
        distance = nn.MSELoss(reduction="none") if distance is None else distance
        self.distance: nn.Module = elementwise("distance", distance)

    def train(self, mode: bool = True) -> Self:
        """Train or evaluate; the extractor stays as it is in evaluation."""
        super().train(mode)
        self.extractor.eval()
        return self

    def forward(self, input: Any, target: Any, weight: Tensor | None = None) -> Tensor:
        """The distance of a batch of images from targets.

        Parameters
        ----------
        input, target : Tensor of shape (n, ...)
            Images, or what else the extractor takes.
        weight : Tensor of shape (n,), optional
            A non-negative weight for each image.

        Returns
        -------
        Tensor
            Of shape (n,), or a scalar, of at least float32.
        """
        found = layers(self.extractor(input))
        with torch.no_grad():
            wanted = layers(self.extractor(target))
        total: Any = 0.0
        for name, factor in self.chosen(found).items():
            total = total + factor * self.compared(found[name], wanted[name].detach())
        return reduced(total, self.reduction, weight)

    def chosen(self, found: Mapping[Any, Tensor]) -> Mapping[Any, float]:
        """The weight of each layer that counts."""
        if self.weights is None:
            return dict.fromkeys(found, 1.0)
        by_name = isinstance(self.weights, Mapping)
        chosen: Any = self.weights if by_name else dict(enumerate(self.weights))
        if not (chosen.keys() <= found.keys() if by_name else chosen.keys() == found.keys()):
            raise ValueError(
                f"weights must be for the layers {list(found)} that the extractor returns, got {self.weights!r}."
            )
        return chosen

    def compared(self, found: Tensor, wanted: Tensor) -> Tensor:
        """The distance of one layer, for every image."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"weights={self.weights}, reduction={self.reduction!r}"


def layers(features: Any) -> dict[Any, Tensor]:
    """What an extractor returned, by name or position."""
    if isinstance(features, Tensor):
        features = [features]
    named = features.items() if isinstance(features, Mapping) else enumerate(features)
    return {name: widened(feature) for name, feature in named}


class FeatureLoss(ExtractedLoss):
    """Perceptual loss: sum over layers of weight \\|\\|phi(input) - phi(target)\\|\\|^2 / (C H W), phi the features.

    The extractor is frozen, because the loss is to change the images and not the eye that judges them: its parameters
    get no gradient, and it stays in evaluation, whatever `train` says. This changes the module that is given; give a
    copy of one that is trained elsewhere. The gradient of the input passes through it, that of the target does not. The
    extractor must itself scale the images as it needs them.

    Parameters
    ----------
    extractor : torch.nn.Module
        Takes images and returns features of shape (n, ...): a tensor, or a list or dict of them for several layers.
        `torch.nn.Identity()` if they are computed already.
    weights : sequence or dict of float, optional
        Of the layers, by position for a list and by name for a dict, of which layers without a name do not count. All
        1 by default.
    distance : torch.nn.Module, optional
        Loss of two tensors with ``reduction="none"``; by default the squared error, `torch.nn.MSELoss`, without the 1/2
        of `SquaredErrorLoss`.
    reduction : {"mean", "sum", "none"}, default "mean"
        Of images; the mean is over elements within a layer of one image.

    Raises
    ------
    TypeError
        If the extractor or the distance is no module.
    ValueError
        If the weights, the reductions or a shape are not valid.

    References
    ----------
    Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016,
    equation 2.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import BarronLoss, FeatureLoss
    >>> extractor = torch.nn.Conv2d(3, 8, 3)  # layers of a trained network
    >>> loss = FeatureLoss(extractor, distance=BarronLoss(alpha=0.0, reduction="none"))
    >>> image = torch.rand(2, 3, 16, 16)
    >>> loss(image, image)
    tensor(0.)
    """

    def compared(self, found: Tensor, wanted: Tensor) -> Tensor:
        check_shape("target (its features)", wanted, [found.shape])
        return by_sample(self.distance(found, wanted), len(found)).mean(1)


class StyleLoss(ExtractedLoss):
    """Style loss: sum over layers of weight \\|\\|G(input) - G(target)\\|\\|_F^2, G = F F^T / (C H W).

    F holds the features of a layer, of shape (C, H W). The Gram matrix G does not tell where a feature is, so that the
    target may have another size than the input. The extractor is frozen as that of `FeatureLoss`, and for the same
    reason.

    Parameters
    ----------
    extractor : torch.nn.Module
        Takes images and returns features of shape (n, C, ...): a tensor, or a list or dict of them for several layers.
        `torch.nn.Identity()` if they are computed already.
    weights : sequence or dict of float, optional
        Of the layers, by position for a list and by name for a dict, of which layers without a name do not count. All
        1 by default.
    distance : torch.nn.Module, optional
        Loss of two tensors with ``reduction="none"``, summed over the Gram matrix; by default the squared error,
        `torch.nn.MSELoss`, without the 1/2 of `SquaredErrorLoss`.
    reduction : {"mean", "sum", "none"}, default "mean"
        Of images.

    Raises
    ------
    TypeError
        If the extractor or the distance is no module.
    ValueError
        If the weights, the reductions or a shape are not valid.

    References
    ----------
    Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016,
    equations 3 and 4.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import StyleLoss
    >>> extractor = torch.nn.Conv2d(3, 8, 3, padding=1)  # layers of a trained network
    >>> loss = StyleLoss(extractor)
    >>> style = torch.rand(1, 3, 8, 8)  # one style for all images
    >>> loss(style.tile(4, 1, 2, 2), style).item() < 0.1
    True
    """

    def compared(self, found: Tensor, wanted: Tensor) -> Tensor:
        if found.ndim < 3:
            raise ValueError(
                f"extractor must return features of shape (n, C, ...), got {tuple(found.shape)}."
            )
        n = len(found)
        found, wanted = gram(found), gram(wanted)
        check_shape("target (its Gram matrix)", wanted, [found.shape, (1, *found.shape[1:])])
        return by_sample(self.distance(found, wanted.expand_as(found)), n).sum(1)


def gram(features: Tensor) -> Tensor:
    """The products of all channels with each other, over their number and that of the pixels."""
    rows = features.flatten(2)
    with full_precision(rows):
        return rows @ rows.mT / (rows.shape[1] * rows.shape[2])
