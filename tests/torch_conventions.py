"""Losses that all keep the same conventions, with an input and a target for each."""

import pytest

torch = pytest.importorskip("torch")

import boostloss as bl  # noqa: E402
import boostloss.torch as bt  # noqa: E402

N, K, SIDE = 4, 3, 5


def labels(generator):
    return torch.randint(0, 2, (N, K, SIDE), generator=generator).double()


def shares(generator):
    return torch.rand((N, K, SIDE), generator=generator, dtype=torch.float64).softmax(1)


def indices(generator):
    return torch.randint(0, K, (N, SIDE), generator=generator)


def numbers(generator):
    return torch.randn((N, K, SIDE), generator=generator, dtype=torch.float64)


def evaluated(module):
    """A module that gives the same loss again for the same input."""
    return module.eval()


CASES = {
    "tversky": (lambda: bt.TverskyLoss(0.3, 0.8), labels),
    "tversky-soft": (lambda: bt.TverskyLoss(0.3, 0.8), shares),
    "tversky-batch": (lambda: bt.TverskyLoss(0.3, 0.8, over="batch"), labels),
    "dice": (lambda: bt.DiceLoss(mode="multilabel", smooth=1.0), labels),
    "dice-classes": (lambda: bt.DiceLoss(class_weight=[1.0, 0.5, 2.0]), indices),
    "jaccard-shares": (lambda: bt.JaccardLoss(mode="multiclass"), shares),
    "focal-tversky": (lambda: bt.FocalTverskyLoss(), indices),
    "generalized-dice": (lambda: bt.GeneralizedDiceLoss(), labels),
    "generalized-dice-classes": (lambda: bt.GeneralizedDiceLoss(over="batch"), indices),
    "focal-soft": (lambda: bt.FocalLoss(2.0, 0.25, label_smoothing=0.1), labels),
    "focal-shares": (lambda: bt.FocalLoss(2.0, [0.2, 0.3, 0.5], mode="multiclass"), shares),
    "focal-smoothed": (lambda: bt.FocalLoss(2.0, label_smoothing=0.1), indices),
    "logistic-shares": (lambda: bt.LossModule(bl.Logistic(0.1), mode="multiclass"), shares),
    "hinge": (lambda: bt.HingeLoss(), labels),
    "squared-hinge": (lambda: bt.HingeLoss(squared=True), shares),
    "crammer-singer": (lambda: bt.MultiClassHingeLoss(class_weight=[1.0, 0.5, 2.0]), indices),
    "weston-watkins": (lambda: bt.MultiClassHingeLoss("weston-watkins"), indices),
    "generalized-cross-entropy": (lambda: bt.GeneralizedCrossEntropyLoss(), shares),
    "symmetric-cross-entropy": (lambda: bt.SymmetricCrossEntropyLoss(), indices),
    "bi-tempered": (lambda: bt.BiTemperedLogisticLoss(), labels),
    "harmonized": (lambda: evaluated(bt.GHMCLoss()), labels),
    "harmonized-regression": (lambda: evaluated(bt.GHMRLoss(0.5)), numbers),
}
each = pytest.mark.parametrize("name", CASES)


def case(name, dtype=torch.float64):
    """A module, an input of shape (N, K, SIDE) and a target for it."""
    generator = torch.Generator().manual_seed(0)
    make, target_of = CASES[name]
    input = 2.0 * torch.randn((N, K, SIDE), generator=generator, dtype=torch.float64)
    target = target_of(generator)
    return make(), input.to(dtype), target.to(dtype) if target.is_floating_point() else target


def pixels_of(module, input, target):
    """The shape of what a mask or a weight is for."""
    return tuple(target.shape) if target.ndim < input.ndim or module_mode(module) else (N, SIDE)


def module_mode(module):
    return getattr(module, "mode", None) != "multiclass"
