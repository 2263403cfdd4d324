"""The losses as torch modules, on the formulas of the core."""

from boostloss.torch.adaptive import AdaptiveBarronLoss
from boostloss.torch.losses import (
    BarronLoss,
    FocalLoss,
    HuberLoss,
    LogCoshLoss,
    LogisticLoss,
    QuantileLoss,
    SquaredErrorLoss,
)
from boostloss.torch.module import LossModule

__all__ = [
    "AdaptiveBarronLoss",
    "BarronLoss",
    "FocalLoss",
    "HuberLoss",
    "LogCoshLoss",
    "LogisticLoss",
    "LossModule",
    "QuantileLoss",
    "SquaredErrorLoss",
]
