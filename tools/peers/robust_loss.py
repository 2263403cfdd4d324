"""The losses of robust_loss_pytorch, computed by ours.

Its loss is not multiplied by the square of the scale, as ours is not; the shapes and dtypes of the arguments, and the
leading axis of the learned parameters, are its own.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from boostloss.formulas.log_partition import log_partition
from boostloss.torch import AdaptiveBarronLoss, BarronLoss

DTYPES = {np.float32: torch.float32, np.float64: torch.float64}


def lossfun(
    x: Tensor, alpha: Tensor, scale: Tensor, approximate: bool = False, epsilon: float = 1e-6
) -> Tensor:
    """In the place of `general.lossfun`; ours is exact at every shape, and needs no approximation."""
    return BarronLoss(alpha, scale, reduction="none")(x, torch.zeros_like(x))


class AdaptiveLossFunction(AdaptiveBarronLoss):
    """In the place of the class of this name."""

    def __init__(self, num_dims: int, float_dtype: Any, device: Any, **options: Any):
        dtype = DTYPES.get(float_dtype, float_dtype)
        options = {name: None if x is None else float(x) for name, x in options.items()}
        super().__init__(num_dims, reduction="none", device=device, dtype=dtype, **options)

    def alpha(self) -> Tensor:
        return super().alpha()[None]

    def scale(self) -> Tensor:
        return super().scale()[None]

    def lossfun(self, x: Any, **options: Any) -> Tensor:
        x = torch.as_tensor(x)
        return self(x, torch.zeros_like(x))


def log_base_partition_function(self: Any, alpha: Any) -> Tensor:
    """In the place of the spline of `distribution.Distribution`."""
    return log_partition(torch.as_tensor(alpha))[0]


def substitute(suite: str) -> None:
    """Put ours where the tests, and the rest of the package, look theirs up."""
    import robust_loss_pytorch
    from robust_loss_pytorch import adaptive, distribution, general

    general.lossfun = robust_loss_pytorch.lossfun = lossfun
    adaptive.AdaptiveLossFunction = AdaptiveLossFunction
    robust_loss_pytorch.AdaptiveLossFunction = AdaptiveLossFunction
    distribution.Distribution.log_base_partition_function = log_base_partition_function
