"""Masks and their predictions as counts of pixels: what is common to the losses of overlap."""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from boostloss.formulas.overlap import overlap
from boostloss.torch._class_loss import MOST_CLASSES
from boostloss.torch._class_overlap import ClassOverlap
from boostloss.torch._derivative import dual, has_kernel, weighted
from boostloss.torch._overlap import Overlap, PlainOverlap
from boostloss.torch._shapes import spread
from boostloss.torch.reduction import which_count, without_others

Mode = Literal["binary", "multilabel", "multiclass"]


MANY = 1024  # pixels of an image, from which on the kernel of classes is faster than operations


class Counts(NamedTuple):
    """Weighted numbers of pixels, soft as the predictions are: a row for each image, a column for each class.

    Attributes
    ----------
    true_positives, false_positives, false_negatives : Tensor
    size : Tensor
        Of the target.
    pixels : Tensor of shape (n, 1)
    """

    true_positives: Tensor
    false_positives: Tensor
    false_negatives: Tensor
    size: Tensor
    pixels: Tensor


def mode_of(mode: Mode | None, input: Tensor, target: Tensor) -> Mode:
    """The mode that was given, or the one that the shapes tell."""
    if mode is None:
        mode = "multiclass" if target.ndim == input.ndim - 1 else "binary"
    dim = 1 if mode == "multiclass" and target.ndim == input.ndim - 1 else None
    expected = [size for place, size in enumerate(input.shape) if place != dim]
    if list(target.shape) != expected or input.ndim < (1 if mode == "binary" else 2):
        raise ValueError(
            f"target must have the shape of input, {tuple(input.shape)}, or, of indices of classes, that without the "
            f"second dimension: got {tuple(target.shape)} in mode {mode!r}."
        )
    if mode == "multiclass" and input.shape[1] < 2:
        raise ValueError(f"input must have at least 2 classes, got shape {tuple(input.shape)}.")
    if dim is not None and (target.is_floating_point() or target.is_complex()):
        raise ValueError(f"target must hold integers, indices of classes, got {target.dtype}.")
    if input.is_complex() or target.is_complex():
        raise TypeError(f"input and target must be real, got {input.dtype} and {target.dtype}.")
    if target.requires_grad:
        raise ValueError("target must not require a gradient: masks have none.")
    return mode


def counts_of(
    input: Tensor,
    target: Tensor,
    mode: Mode,
    weight: Tensor | None,
    mask: Tensor | None,
    ignore_index: int | None,
) -> Counts:
    """The counts of every image and class.

    Parameters
    ----------
    input, target : Tensor
        Logits and what they are for.
    mode : {"binary", "multilabel", "multiclass"}
    weight, mask : Tensor, optional
        Of the pixels, or the first dimensions of their shape.
    ignore_index : int, optional
    """
    dtype = torch.promote_types(input.dtype, torch.float32)
    logits = input.to(dtype)
    pixels = logits if mode != "multiclass" else logits[:, 0]
    if weight is not None:
        weight = spread(weight, pixels)
    kept = which_count(target, pixels, ignore_index, mask)
    if kept is not None:
        logits, target, weight = without_others(kept, 1, logits, target, weight, pixels)
    n, size = len(logits), math.prod(pixels.shape[1:])
    if weight is not None:
        weight = weight.reshape(n, size)
    if mode == "multiclass":
        k = input.shape[1]
        if target.ndim == pixels.ndim:
            return of_indices(logits.reshape(n, k, size), target.reshape(n, size).long(), weight)
        return of_shares(logits.reshape(n, k, size), target.reshape(n, k, size).to(dtype), weight)
    masks = 1 if mode == "binary" else input.shape[1]
    return of_masks(logits.reshape(n, size), target.reshape(n, size).to(dtype), weight, masks)


def of_masks(logits: Tensor, target: Tensor, weight: Tensor | None, masks: int) -> Counts:
    """The counts of so many masks for each image, which know nothing of each other."""
    n, size = logits.shape
    shape = n, masks, size // masks
    by_mask = None if weight is None else weight.reshape(shape)
    logits, target = logits.reshape(shape), target.reshape(shape)
    if needs_operations(logits, weight):
        found = overlap(target, logits)
        positives, negatives, labels = (weighted(x, by_mask).sum(-1) for x in found)
    else:
        differentiable = logits.requires_grad and torch.is_grad_enabled()
        function = PlainOverlap if has_kernel(logits) else Overlap
        positives, negatives, labels, _ = function.apply(logits, target, by_mask, differentiable)
    logits = logits.reshape(n, size)
    return Counts(labels - negatives, positives, negatives, labels, total(logits, weight))


def needs_operations(logits: Tensor, weight: Tensor | None) -> bool:
    """Whether the functions that are written for the gradient by the logits alone would lose another derivative."""
    by_weight = weight is not None and weight.requires_grad and torch.is_grad_enabled()
    return by_weight or dual(logits)


def of_shares(logits: Tensor, target: Tensor, weight: Tensor | None) -> Counts:
    """The counts of classes of which every pixel has a share, in shape (n, classes, pixels)."""
    each = None if weight is None else weight.unsqueeze(1)
    excess = logits.softmax(1) - target
    positives, negatives, labels = (
        weighted(x, each).sum(-1) for x in (excess.relu(), (-excess).relu(), target)
    )
    return Counts(labels - negatives, positives, negatives, labels, total(logits[:, 0], weight))


def of_indices(logits: Tensor, index: Tensor, weight: Tensor | None) -> Counts:
    """The counts of classes of which every pixel has one, whose index is given."""
    k = logits.shape[1]
    fits = k <= MOST_CLASSES and index.shape[1] >= MANY
    if fits and has_kernel(logits) and not needs_operations(logits, weight):
        differentiable = logits.requires_grad and torch.is_grad_enabled()
        sums = ClassOverlap.apply(logits, index, weight, differentiable)
        positives, negatives, labels, right = sums.unbind(1)
        return Counts(right, positives, negatives, labels, total(logits[:, 0], weight))
    p = logits.softmax(1)
    own = p.gather(1, index.unsqueeze(1)).squeeze(1)  # the probability of the true class
    ones = torch.ones_like(own) if weight is None else weight
    predicted = weighted(p, None if weight is None else weight.unsqueeze(1)).sum(-1)
    right, labels = by_class(weighted(own, weight), index, k), by_class(ones, index, k)
    # What is left is below 0 by rounding alone.
    positives, negatives = (predicted - right).clamp(min=0.0), (labels - right).clamp(min=0.0)
    right, labels = right.to(p.dtype), labels.to(p.dtype)
    positives, negatives = positives.to(p.dtype), negatives.to(p.dtype)
    return Counts(right, positives, negatives, labels, total(own, weight))


def by_class(values: Tensor, index: Tensor, k: int) -> Tensor:
    """The sums of the values of each class, in shape (n, classes)."""
    if has_kernel(values):
        none = values.new_zeros((len(values), k), dtype=torch.float64)  # one after another is added
        return none.scatter_add(1, index, values.double())
    # Threads of a GPU would wait for each other where many add to few numbers; and in a graph all this is one pass.
    there = index.unsqueeze(1) == torch.arange(k, device=index.device).unsqueeze(1)
    return values.unsqueeze(1).where(there, 0.0).sum(-1)


def total(pixels: Tensor, weight: Tensor | None) -> Tensor:
    """The weight of all pixels of each image, in a column."""
    if weight is None:
        return pixels.new_full((len(pixels), 1), float(pixels.shape[1]))
    return weight.sum(1, keepdim=True)


def with_background(counts: Counts) -> Counts:
    """The counts of what is around one mask, and of the mask."""
    right, more, less, size, pixels = counts
    rest = pixels - right - more - less
    pairs = (rest, right), (less, more), (more, less), (pixels - size, size)
    true, more, less, size = (torch.cat(pair, 1) for pair in pairs)
    return Counts(true, more, less, size, pixels)
