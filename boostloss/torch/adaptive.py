"""Barron's loss that learns its own shape and scale."""

import math

import torch
from torch import Tensor, nn

from boostloss.formulas.barron import barron
from boostloss.formulas.log_partition import log_partition
from boostloss.kernels.rows import LOSS
from boostloss.losses.barron import Barron
from boostloss.torch._derivative import derivative
from boostloss.torch.location import scaled, shaped
from boostloss.torch.module import LossModule
from boostloss.torch.reduction import Reduction


class AdaptiveBarronLoss(LossModule):
    """Negative log-likelihood of Barron's distribution: rho(error, alpha, scale) + log(scale) + log Z(alpha).

    Each dimension learns its shape alpha, in an interval, and its scale, above a floor. The optimiser must be given the
    parameters of this module too. The options and what is trained are those of the published adaptive loss.

    Parameters
    ----------
    num_dims : int
        Length of the last dimension of the input.
    alpha_lo, alpha_hi : float, default 0.001 and 1.999
        Ends of the interval of alpha, 0 <= alpha_lo <= alpha_hi. If they are equal, alpha is fixed.
    alpha_init : float, optional
        Where alpha starts; the middle of the interval by default.
    scale_lo : float, default 1e-5
        Floor of the scale; positive. If it is `scale_init`, the scale is fixed.
    scale_init : float, default 1.0
        Where the scale starts; at least `scale_lo`.
    reduction : {"mean", "sum", "none"}, default "mean"
    device, dtype
        Of the parameters.

    Raises
    ------
    ValueError
        If an option is not valid, or the input's last dimension is not `num_dims`.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, section 2 and appendix.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import AdaptiveBarronLoss
    >>> network = torch.nn.Linear(4, 2)
    >>> loss = AdaptiveBarronLoss(num_dims=2)
    >>> optimizer = torch.optim.Adam([*network.parameters(), *loss.parameters()])
    >>> loss(network(torch.ones(8, 4)), torch.zeros(8, 2)).backward()
    >>> optimizer.step()
    >>> loss.alpha().shape
    torch.Size([2])
    """

    def __init__(
        self,
        num_dims: int,
        alpha_lo: float = 0.001,
        alpha_hi: float = 1.999,
        alpha_init: float | None = None,
        scale_lo: float = 1e-5,
        scale_init: float = 1.0,
        reduction: Reduction = "mean",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        if num_dims < 1:
            raise ValueError(f"num_dims must be a positive integer, got {num_dims!r}.")
        if not 0.0 <= alpha_lo <= alpha_hi < math.inf:
            raise ValueError(
                f"alpha_lo and alpha_hi must be 0 <= alpha_lo <= alpha_hi, got {alpha_lo!r} and {alpha_hi!r}."
            )
        if alpha_init is None:
            alpha_init = 0.5 * (alpha_lo + alpha_hi)
        if not (alpha_lo < alpha_init < alpha_hi or alpha_lo == alpha_init == alpha_hi):
            raise ValueError(
                f"alpha_init must lie between {alpha_lo!r} and {alpha_hi!r}, got {alpha_init!r}."
            )
        if not 0.0 < scale_lo <= scale_init < math.inf:
            raise ValueError(
                f"scale_lo and scale_init must be 0 < scale_lo <= scale_init, got {scale_lo!r} and {scale_init!r}."
            )
        super().__init__(Barron(alpha_init, scale_init), reduction)
        self.num_dims: int = num_dims
        self.alpha_lo: float = alpha_lo
        self.alpha_hi: float = alpha_hi
        self.alpha_init: float = alpha_init
        self.scale_lo: float = scale_lo
        self.scale_init: float = scale_init

        share = 0.5 if alpha_lo == alpha_hi else (alpha_init - alpha_lo) / (alpha_hi - alpha_lo)
        latent_alpha = torch.full(
            (num_dims,), math.log(share / (1.0 - share)), device=device, dtype=dtype
        )
        self.hold("latent_alpha", latent_alpha, alpha_lo < alpha_hi)
        self.hold("latent_scale", torch.zeros_like(latent_alpha), scale_lo < scale_init)

    def hold(self, name: str, value: Tensor, trained: bool) -> None:
        """Register a tensor that is trained, or one that is not saved."""
        if trained:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value, persistent=False)

    def alpha(self) -> Tensor:
        """The shapes, of shape (num_dims,)."""
        return self.alpha_lo + (self.alpha_hi - self.alpha_lo) * torch.sigmoid(self.latent_alpha)

    def scale(self) -> Tensor:
        """The scales, of shape (num_dims,)."""
        rise = nn.functional.softplus(self.latent_scale + math.log(math.e - 1.0))  # 1 at 0
        return self.scale_lo + (self.scale_init - self.scale_lo) * rise

    def composed(self, input: Tensor, target: Tensor) -> Tensor | None:
        if input.shape[-1:] != (self.num_dims,):
            raise ValueError(
                f"input must have {self.num_dims} columns (num_dims), got shape {tuple(input.shape)}."
            )
        alpha, scale = self.alpha(), self.scale()
        x = scaled(input, target, scale)
        if self.alpha_lo == self.alpha_hi:
            rho = derivative(barron, LOSS, x, torch.zeros_like(x), self.alpha_lo, 1.0)
        else:
            rho = shaped(x, alpha)
        return rho + (torch.log(scale) + log_partition(alpha)[0])

    def extra_repr(self) -> str:
        return (
            f"{self.num_dims}, alpha_lo={self.alpha_lo}, alpha_hi={self.alpha_hi}, alpha_init={self.alpha_init}, "
            f"scale_lo={self.scale_lo}, scale_init={self.scale_init}, reduction={self.reduction!r}"
        )
