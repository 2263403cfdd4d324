"""The general loss as its author published it: every case of equation 8 on whole tensors, then a choice among them."""

import torch
from torch import Tensor, nn


class GeneralLoss(nn.Module):
    """Mean of Barron's loss by the published recipe, with its guards against division by zero.

    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8; the guards keep alpha and its distance
    from 2 at least one float32 rounding away from 0, and the cases 0, 2 and both infinities are computed apart.
    """

    def __init__(self, alpha: float | Tensor, scale: float | Tensor = 1.0):
        super().__init__()
        for name, value in (("alpha", alpha), ("scale", scale)):
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            else:
                self.register_buffer(name, torch.as_tensor(value))

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return general_loss(input - target, self.alpha, self.scale).mean()


def general_loss(error: Tensor, alpha: Tensor, scale: Tensor) -> Tensor:
    """The loss of every element."""
    epsilon = torch.finfo(torch.float32).eps
    alpha = alpha.to(error.dtype)
    square = (error / scale) ** 2
    quadratic = 0.5 * square
    distance = torch.clamp(abs(alpha - 2.0), min=epsilon)
    divisor = torch.where(alpha < 0.0, -1.0, 1.0) * torch.clamp(abs(alpha), min=epsilon)
    otherwise = distance / divisor * ((square / distance + 1.0) ** (0.5 * alpha) - 1.0)
    cauchy = torch.log1p(torch.clamp(quadratic, max=3e37))
    welsch = -torch.expm1(-quadratic)
    exponential = torch.expm1(torch.clamp(quadratic, max=87.5))
    infinite = torch.where(alpha == torch.inf, exponential, otherwise)
    finite = torch.where(alpha == -torch.inf, welsch, infinite)
    return torch.where(alpha == 2.0, quadratic, torch.where(alpha == 0.0, cauchy, finite))
