"""The losses as torch modules, on the formulas of the core, and those of samples, images and sums."""

from boostloss.torch.adaptive import AdaptiveBarronLoss
from boostloss.torch.binary import FocalLoss, LogisticLoss
from boostloss.torch.classes import HingeLoss, MultiClassHingeLoss
from boostloss.torch.generative import (
    AdversarialLoss,
    CycleConsistencyLoss,
    GaussianKLLoss,
    VAELoss,
)
from boostloss.torch.harmonized import GHMCLoss, GHMRLoss
from boostloss.torch.images import FeatureLoss, StyleLoss, TotalVariationLoss
from boostloss.torch.label_noise import (
    BiTemperedLogisticLoss,
    GeneralizedCrossEntropyLoss,
    SymmetricCrossEntropyLoss,
)
from boostloss.torch.location import (
    BarronLoss,
    HuberLoss,
    LogCoshLoss,
    QuantileLoss,
    SquaredErrorLoss,
)
from boostloss.torch.matrix import MatrixCrossEntropyLoss
from boostloss.torch.module import LossModule
from boostloss.torch.overlap import (
    DiceLoss,
    FocalTverskyLoss,
    GeneralizedDiceLoss,
    JaccardLoss,
    TverskyLoss,
)
from boostloss.torch.sampled import InBatchSoftmaxLoss, NegativeSamplingLoss, SampledSoftmaxLoss
from boostloss.torch.sums import SumLoss

__all__ = [
    "AdaptiveBarronLoss",
    "AdversarialLoss",
    "BarronLoss",
    "BiTemperedLogisticLoss",
    "CycleConsistencyLoss",
    "DiceLoss",
    "FeatureLoss",
    "FocalLoss",
    "FocalTverskyLoss",
    "GHMCLoss",
    "GHMRLoss",
    "GaussianKLLoss",
    "GeneralizedCrossEntropyLoss",
    "GeneralizedDiceLoss",
    "HingeLoss",
    "HuberLoss",
    "InBatchSoftmaxLoss",
    "JaccardLoss",
    "LogCoshLoss",
    "LogisticLoss",
    "LossModule",
    "MatrixCrossEntropyLoss",
    "MultiClassHingeLoss",
    "NegativeSamplingLoss",
    "QuantileLoss",
    "SampledSoftmaxLoss",
    "SquaredErrorLoss",
    "StyleLoss",
    "SumLoss",
    "SymmetricCrossEntropyLoss",
    "TotalVariationLoss",
    "TverskyLoss",
    "VAELoss",
]
