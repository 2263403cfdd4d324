"""The losses as torch modules, on the formulas of the core."""

from boostloss.torch.adaptive import AdaptiveBarronLoss
from boostloss.torch.binary import FocalLoss, LogisticLoss
from boostloss.torch.location import (
    BarronLoss,
    HuberLoss,
    LogCoshLoss,
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
