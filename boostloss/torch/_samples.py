"""What the losses of samples, images and sums have in common: precision, options, checks of what they are given."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from boostloss.torch.reduction import Reduction, check_reduction


class SampleLoss(nn.Module):
    """A loss with a reduction, which shows its options."""

    shown: tuple[str, ...] = ()  # names of attributes

    def __init__(self, reduction: Reduction = "mean"):
        super().__init__()
        self.reduction: Reduction = check_reduction(reduction)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in (*self.shown, "reduction"))


def floats(**tensors: Tensor) -> list[Tensor]:
    """All in one float dtype, of at least 32 bits."""
    dtype = torch.float32
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(tensor).__name__}.")
        if tensor.is_complex():
            raise TypeError(f"{name} must be real, got {tensor.dtype}.")
        if tensor.is_floating_point():
            dtype = torch.promote_types(dtype, tensor.dtype)
    return [tensor.to(dtype) for tensor in tensors.values()]


def widened(value: Any) -> Any:
    """A float tensor in at least 32 bits; anything else, such as indices, as it is."""
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.to(torch.promote_types(value.dtype, torch.float32))
    return value


def full_precision(tensor: Tensor) -> AbstractContextManager[Any]:
    """Without autocast, which would multiply matrices in half precision."""
    kind = tensor.device.type
    if not torch.amp.is_autocast_available(kind):
        return nullcontext()
    return torch.autocast(kind, enabled=False)


def check_shape(name: str, tensor: Tensor, allowed: Sequence[Sequence[int]]) -> None:
    """Raise unless the tensor has one of the shapes."""
    shapes = [tuple(shape) for shape in allowed]
    if tuple(tensor.shape) not in shapes:
        wanted = " or ".join(map(str, dict.fromkeys(shapes)))
        raise ValueError(f"{name} must have shape {wanted}, got {tuple(tensor.shape)}.")


def elementwise(name: str, module: nn.Module) -> nn.Module:
    """The module, if it is a loss that leaves the reduction to others."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"{name} must be a loss module, got {module!r}.")
    found = getattr(module, "reduction", None)
    if found != "none":
        raise ValueError(
            f"{name} must be a loss module with reduction='none', got {module!r} with reduction={found!r}."
        )
    return module


def by_sample(value: Tensor, n: int) -> Tensor:
    """The losses of the elements of each of n samples, in one row each."""
    if value.ndim == 0 or len(value) != n:
        raise ValueError(
            f"a loss module must return a loss for each of {n} samples along the first dimension, "
            f"got shape {tuple(value.shape)}."
        )
    return value.reshape(n, -1)
