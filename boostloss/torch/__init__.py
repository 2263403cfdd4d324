"""The losses as torch modules, on the formulas of the core, and those of samples, images and sums."""

from boostloss.torch.adaptive import AdaptiveBarronLoss
from boostloss.torch.binary import FocalLoss, LogisticLoss
from boostloss.torch.generative import (
    AdversarialLoss,
    CycleConsistencyLoss,
    GaussianKLLoss,
    VAELoss,
)
from boostloss.torch.images import FeatureLoss, StyleLoss, TotalVariationLoss
from boostloss.torch.location import (
    BarronLoss,
    HuberLoss,
    LogCoshLoss,
    QuantileLoss,
    SquaredErrorLoss,
)
from boostloss.torch.matrix import MatrixCrossEntropyLoss
from boostloss.torch.module import LossModule
from boostloss.torch.sampled import InBatchSoftmaxLoss, NegativeSamplingLoss, SampledSoftmaxLoss
from boostloss.torch.sums import SumLoss

__all__ = [
    "AdaptiveBarronLoss",
    "AdversarialLoss",
    "BarronLoss",
    "CycleConsistencyLoss",
    "FeatureLoss",
    "FocalLoss",
    "GaussianKLLoss",
    "HuberLoss",
    "InBatchSoftmaxLoss",
    "LogCoshLoss",
    "LogisticLoss",
    "LossModule",
    "MatrixCrossEntropyLoss",
    "NegativeSamplingLoss",
    "QuantileLoss",
    "SampledSoftmaxLoss",
    "SquaredErrorLoss",
    "StyleLoss",
    "SumLoss",
    "TotalVariationLoss",
    "VAELoss",
]
