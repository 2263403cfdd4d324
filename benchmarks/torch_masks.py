"""Forward and backward pass of the losses of masks, classes and harmonised gradients beside popular ones, on the CPU.

The popular ones are those of their packages where these are installed, else their formulas stated again here, which
have the same tensor operations in the same order. Times are the best of several interleaved rounds, in milliseconds,
with the mean as reduction, in eager mode. On a busy machine one thread and its processor time tell more.

    python -m benchmarks.torch_masks [--images 8] [--side 512] [--classes 8] [--threads 2] [--processor-time]
"""

import argparse
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import boostloss.torch as bt
from benchmarks.torch_cpu import best, timing

EPSILON = 1e-5  # of MONAI's ratios


def from_package(
    module: str, make: Callable[[Any], Callable], formula: Callable
) -> tuple[str, Callable]:
    """The loss of a package if it is installed, else its formula, with its name."""
    package = module.partition(".")[0]
    if find_spec(package) is None:
        return f"{package}'s formula", formula
    return package, make(import_module(module))


def one_hot(target: Tensor, classes: int) -> Tensor:
    return F.one_hot(target, classes).movedim(-1, 1).float()


def monai_dice(input: Tensor, target: Tensor) -> Tensor:
    """MONAI's DiceLoss(sigmoid=True)."""
    p, axes = input.sigmoid(), tuple(range(2, input.ndim))
    both = (target * p).sum(axes)
    sizes = target.sum(axes) + p.sum(axes)
    return (1.0 - (2.0 * both + EPSILON) / (sizes + EPSILON)).mean()


def monai_dice_of_classes(input: Tensor, target: Tensor) -> Tensor:
    """MONAI's DiceLoss(softmax=True, to_onehot_y=True)."""
    p, g = input.softmax(1), one_hot(target, input.shape[1])
    both = (g * p).sum((2, 3))
    sizes = g.sum((2, 3)) + p.sum((2, 3))
    return (1.0 - (2.0 * both + EPSILON) / (sizes + EPSILON)).mean()


def monai_tversky(input: Tensor, target: Tensor, alpha: float = 0.3, beta: float = 0.7) -> Tensor:
    """MONAI's TverskyLoss(sigmoid=True)."""
    p, axes = input.sigmoid(), tuple(range(2, input.ndim))
    rest, empty = 1.0 - p, 1.0 - target
    true = (p * target).sum(axes)
    wrong = alpha * (p * empty).sum(axes) + beta * (rest * target).sum(axes)
    return (1.0 - (true + EPSILON) / (true + wrong + EPSILON)).mean()


def monai_generalized_dice(input: Tensor, target: Tensor) -> Tensor:
    """MONAI's GeneralizedDiceLoss(softmax=True, to_onehot_y=True)."""
    p, g = input.softmax(1), one_hot(target, input.shape[1])
    both, sizes = (g * p).sum((2, 3)), g.sum((2, 3))
    weights = torch.reciprocal(sizes * sizes)
    weights = torch.where(torch.isinf(weights), 0.0, weights)
    weights = weights + weights.amax(1, keepdim=True) * (sizes == 0)
    total = sizes + p.sum((2, 3))
    above, below = 2.0 * (both * weights).sum(1), (total * weights).sum(1)
    return (1.0 - (above + EPSILON) / (below + EPSILON)).mean()


def smp_tversky(input: Tensor, target: Tensor, alpha: float = 0.3, beta: float = 0.7) -> Tensor:
    """segmentation_models_pytorch's TverskyLoss("multiclass"): over the batch, classes that are absent left out."""
    n, k = input.shape[:2]
    p = input.log_softmax(1).exp().view(n, k, -1)
    g = F.one_hot(target.view(n, -1), k).permute(0, 2, 1).type_as(p)
    size, predicted = g.sum((0, 2)), p.sum((0, 2))
    true = 0.5 * (predicted + size - torch.linalg.vector_norm(p - g, 1, (0, 2)))
    wrong = alpha * (predicted - true) + beta * (size - true)
    return ((1.0 - true / (true + wrong).clamp(min=1e-7)) * (size > 0)).mean()


def kornia_tversky(input: Tensor, target: Tensor, alpha: float = 0.3, beta: float = 0.7) -> Tensor:
    """kornia's tversky_loss."""
    p, g = input.softmax(1), one_hot(target, input.shape[1])
    true = (p * g).sum((1, 2, 3))
    more, less = (p * (1.0 - g)).sum((1, 2, 3)), ((1.0 - p) * g).sum((1, 2, 3))
    return (1.0 - true / (true + alpha * more + beta * less + 1e-8)).mean()


def focal_tversky(input: Tensor, target: Tensor) -> Tensor:
    """The authors' focal Tversky loss, on a sigmoid."""
    p, axes = input.sigmoid(), tuple(range(2, input.ndim))
    true = (p * target).sum(axes)
    less, more = (target * (1.0 - p)).sum(axes), ((1.0 - target) * p).sum(axes)
    return ((1.0 - (true + 1.0) / (true + 0.7 * less + 0.3 * more + 1.0)) ** 0.75).mean()


def torchvision_focal(input: Tensor, target: Tensor) -> Tensor:
    """torchvision's sigmoid_focal_loss."""
    p = input.sigmoid()
    loss = F.binary_cross_entropy_with_logits(input, target, reduction="none")
    right = p * target + (1.0 - p) * (1.0 - target)
    loss = loss * ((1.0 - right) ** 2.0)
    return ((0.25 * target + 0.75 * (1.0 - target)) * loss).mean()


def kornia_focal(input: Tensor, target: Tensor) -> Tensor:
    """kornia's focal_loss of classes."""
    logs = input.log_softmax(1)
    each = -((1.0 - logs.exp()) ** 2.0) * logs * one_hot(target, input.shape[1])
    return each.sum(1).mean()


def generalized_cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    """The authors' generalized cross-entropy of classes."""
    p = input.softmax(1).gather(1, target.unsqueeze(1))
    return ((1.0 - p**0.7) / 0.7).mean()


def symmetric_cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    """The authors' symmetric cross-entropy of classes."""
    p = input.softmax(1).clamp(1e-7, 1.0)
    g = one_hot(target, input.shape[1]).clamp(1e-4, 1.0)
    reverse = -(p * g.log()).sum(1)
    return 0.1 * F.cross_entropy(input, target) + reverse.mean()


class LoopedGHMC(nn.Module):
    """mmdetection's GHMC: a pass for each bin, and a count that the host waits for."""

    def __init__(self, bins: int = 10, momentum: float = 0.75):
        super().__init__()
        self.bins, self.momentum = bins, momentum
        self.register_buffer("edges", torch.arange(bins + 1).float() / bins)
        self.edges[-1] += 1e-6
        self.register_buffer("averages", torch.zeros(bins))

    def weights(self, norm: Tensor) -> Tensor:
        weights, total, holding = torch.zeros_like(norm), float(norm.numel()), 0
        for k in range(self.bins):
            inside = (norm >= self.edges[k]) & (norm < self.edges[k + 1])
            count = inside.sum().item()
            if count > 0:
                self.averages[k] = self.momentum * self.averages[k] + (1 - self.momentum) * count
                weights[inside] = total / self.averages[k]
                holding += 1
        return weights / holding

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        weights = self.weights((input.sigmoid().detach() - target).abs())
        loss = F.binary_cross_entropy_with_logits(input, target, weights, reduction="none")
        return loss.sum() / input.numel()


class LoopedGHMR(LoopedGHMC):
    """mmdetection's GHMR."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        mu = 0.02
        difference = input - target
        loss = (difference * difference + mu * mu).sqrt() - mu
        norm = (difference / (mu * mu + difference * difference).sqrt()).abs().detach()
        return (loss * self.weights(norm)).sum() / input.numel()


def pairs() -> list[tuple[str, Callable, str, Callable, str]]:
    """Ours, what it is compared with, and what the target is."""
    smp, vision = "segmentation_models_pytorch.losses", "torchvision.ops"

    def monai(name: str, formula: Callable, **options: Any) -> tuple[str, Callable]:
        def loss(losses: Any) -> Callable:
            module, indices = getattr(losses, name)(**options), "to_onehot_y" in options
            return lambda x, y: module(x, y.unsqueeze(1) if indices else y)

        return from_package("monai.losses", loss, formula)

    classes = {"softmax": True, "to_onehot_y": True}
    numbers = {"alpha": 0.3, "beta": 0.7}
    return [
        ("TverskyLoss(0.3, 0.7)", bt.TverskyLoss(0.3, 0.7),
         *monai("TverskyLoss", monai_tversky, sigmoid=True, **numbers), "mask"),
        ("DiceLoss()", bt.DiceLoss(), *monai("DiceLoss", monai_dice, sigmoid=True), "mask"),
        ("FocalTverskyLoss()", bt.FocalTverskyLoss(smooth=1.0),
         "authors' formula", focal_tversky, "mask"),
        ("DiceLoss(), classes", bt.DiceLoss(),
         *monai("DiceLoss", monai_dice_of_classes, **classes), "classes"),
        ("GeneralizedDiceLoss(), classes", bt.GeneralizedDiceLoss(),
         *monai("GeneralizedDiceLoss", monai_generalized_dice, **classes), "classes"),
        ("TverskyLoss(over=\"batch\"), classes", bt.TverskyLoss(0.3, 0.7, over="batch"),
         *from_package(smp, lambda x: x.TverskyLoss("multiclass", **numbers), smp_tversky),
         "classes"),
        ("TverskyLoss(0.3, 0.7), classes", bt.TverskyLoss(0.3, 0.7),
         *from_package("kornia.losses", lambda x: x.TverskyLoss(**numbers), kornia_tversky),
         "classes"),
        ("FocalLoss(2.0, 0.25)", bt.FocalLoss(2.0, 0.25),
         *from_package(vision, lambda x: lambda input, target: x.sigmoid_focal_loss(
             input, target, 0.25, 2.0, "mean"), torchvision_focal), "mask"),
        ("FocalLoss(2.0), classes", bt.FocalLoss(2.0),
         *from_package("kornia.losses", lambda x: x.FocalLoss(None, 2.0, "mean"), kornia_focal),
         "classes"),
        ("GHMCLoss()", bt.GHMCLoss(), "mmdetection's formula", LoopedGHMC(), "mask"),
        ("GHMRLoss()", bt.GHMRLoss(), "mmdetection's formula", LoopedGHMR(), "numbers"),
        ("HingeLoss()", bt.HingeLoss(), "torch's operations",
         lambda x, y: (1.0 - (2.0 * y - 1.0) * x).relu().mean(), "mask"),
        ("MultiClassHingeLoss(\"weston-watkins\")", bt.MultiClassHingeLoss("weston-watkins"),
         "torch MultiMarginLoss", nn.MultiMarginLoss(), "rows"),
        ("GeneralizedCrossEntropyLoss()", bt.GeneralizedCrossEntropyLoss(),
         "authors' formula", generalized_cross_entropy, "classes"),
        ("SymmetricCrossEntropyLoss()", bt.SymmetricCrossEntropyLoss(),
         "authors' formula", symmetric_cross_entropy, "classes"),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--classes", type=int, default=8, help="of images of half the side")
    options, clock = timing(parser, rounds=15)
    n, k, side, half = options.images, options.classes, options.side, options.side // 2
    mask = torch.randn(n, 1, side, side), (torch.randn(n, 1, side, side) > 1.0).float()
    several = torch.randn(n, k, half, half), torch.randint(0, k, (n, half, half))
    data = {
        "mask": mask,
        "numbers": (mask[0], torch.randn_like(mask[0])),
        "classes": several,
        "rows": (several[0].movedim(1, -1).reshape(-1, k), several[1].reshape(-1)),
    }
    print(
        f"masks of {n} images of {side} x {side}, {k} classes of {half} x {half}, float32, {options.threads} threads"
    )
    print(f"{'':38s} {'':36s} {'ours':>8s} {'theirs':>8s} {'ratio':>6s}")
    for name, ours, other, theirs, kind in pairs():
        input, target = data[kind]
        variable = input.clone().requires_grad_()
        a, b = best([ours, theirs], variable, target, options.rounds, clock)
        print(f"{name:38s} {other:36s} {a:8.2f} {b:8.2f} {b / a:6.2f}", flush=True)


if __name__ == "__main__":
    main()
