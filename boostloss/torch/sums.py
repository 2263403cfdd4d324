"""A weighted sum of named losses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from boostloss.torch._samples import widened


class SumLoss(nn.Module):
    """Weighted sum of named losses: sum_k w_k L_k, or with learned weights sum_k (exp(-s_k) w_k L_k + s_k / 2).

    With ``uncertainty=True`` each loss has an s = log sigma^2 of its own, which is trained with the network from 0 on.
    The formula is the negative log-likelihood, up to constants, of normal errors of variance sigma^2, if w L is half
    the squared error, and about that of a softmax of temperature sigma^2, if w L is the cross-entropy. So the factor is
    1 for `SquaredErrorLoss` and cross-entropy, and 0.5 for `torch.nn.MSELoss`, which lacks the half. For other losses
    it is a rule of thumb. At its minimum exp(-s) w L is 1/2, so that a factor changes s and not what the network
    learns. A loss must not be negative there: its s would fall without end.

    Parameters
    ----------
    losses : dict of str to float, torch.nn.Module, or pair of both
        For each name the loss, called as ``loss(*arguments)``, and its weight; 1 for a loss alone. A number alone is
        the weight of a loss that is computed elsewhere.
    uncertainty : bool, default False
        Whether to learn the weights. The optimiser must be given the parameters of this module then.
    device, dtype
        Of what is learned.

    Attributes
    ----------
    parts : dict of str to Tensor
        The losses of the last call without their weights and gradient. They stay on their device: read them when there
        is time to wait for it.
    log_variances : torch.nn.Parameter of shape (k,)
        The s, in the order of the names, if the weights are learned.

    Raises
    ------
    TypeError
        If a name, loss or weight is of no such kind.
    ValueError
        If there is no loss, a weight is not valid, what a call holds does not match the names, or a loss is no
        scalar.

    References
    ----------
    Kendall, Gal and Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics",
    CVPR 2018, equations 7 and 10.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import HuberLoss, SumLoss
    >>> loss = SumLoss({"depth": HuberLoss(), "label": (torch.nn.CrossEntropyLoss(), 0.5), "decay": 0.01})
    >>> depth = torch.full((4,), 3.0), torch.zeros(4)  # input and target
    >>> label = torch.zeros(4, 2), torch.tensor([0, 1, 1, 0])
    >>> total = loss({"depth": depth, "label": label, "decay": torch.tensor(10.0)})
    >>> total
    tensor(2.9466)
    >>> loss.parts
    {'depth': tensor(2.5000), 'label': tensor(0.6931), 'decay': tensor(10.)}
    >>> learned = SumLoss({"depth": HuberLoss(), "label": torch.nn.CrossEntropyLoss()}, uncertainty=True)
    >>> network = torch.nn.Linear(4, 3)
    >>> optimizer = torch.optim.Adam([*network.parameters(), *learned.parameters()])
    >>> learned({"depth": depth, "label": label}).backward()
    >>> learned.log_variances.grad
    tensor([-2.0000, -0.1931])
    """

    parts: dict[str, Tensor]

    def __init__(
        self,
        losses: Mapping[str, float | nn.Module | tuple[nn.Module, float]],
        uncertainty: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        if not losses:
            raise ValueError("losses must hold at least one loss, got none.")
        self.weights: dict[str, float] = {}
        self.losses: nn.ModuleList = nn.ModuleList()  # a ModuleDict would forbid some names
        self.places: dict[str, int] = {}
        for name, given in losses.items():
            if not isinstance(name, str):
                raise TypeError(f"losses must have names that are strings, got {name!r}.")
            module, weight = pair(name, given)
            if not math.isfinite(weight) or (uncertainty and weight <= 0.0):
                wanted = "positive and finite, to learn from it" if uncertainty else "finite"
                raise ValueError(
                    f"losses[{name!r}] must have a weight that is {wanted}, got {weight!r}."
                )
            if module is not None:
                self.places[name] = len(self.losses)
                self.losses.append(module)
            self.weights[name] = weight
        self.uncertainty: bool = bool(uncertainty)
        if uncertainty:
            zeros = torch.zeros(len(self.weights), device=device, dtype=dtype)
            self.log_variances: nn.Parameter = nn.Parameter(zeros)
        self.parts = {}

    def forward(self, given: Mapping[str, Tensor | Sequence[Any]]) -> Tensor:
        """The sum of all losses.

        Parameters
        ----------
        given : dict of str to Tensor or tuple
            For each name the value of the loss, a scalar tensor, or a tuple of arguments of its module, such as
            ``(input, target)`` or ``(input, target, weight)``.

        Returns
        -------
        Tensor
            A scalar, of at least float32.
        """
        if given.keys() != self.weights.keys():
            raise ValueError(
                f"a call must hold the losses {list(self.weights)}, got {list(given)}."
            )
        values = {name: self.value(name, given[name]) for name in self.weights}
        self.parts = {name: value.detach() for name, value in values.items()}
        total: Any = 0.0
        for place, (name, weight) in enumerate(self.weights.items()):
            term = weight * values[name]
            if self.uncertainty:
                s = widened(self.log_variances[place])
                term = torch.exp(-s) * term + 0.5 * s
            total = total + term
        return total

    def value(self, name: str, given: Any) -> Tensor:
        """The loss of a name, computed if arguments are given."""
        module = self.losses[self.places[name]] if name in self.places else None
        if not isinstance(given, Tensor):
            if not isinstance(given, tuple | list):
                raise TypeError(
                    f"{name!r} must be a scalar tensor or a tuple of arguments, got {type(given).__name__}."
                )
            if module is None:
                raise ValueError(
                    f"{name!r} must be a scalar tensor, as it has no loss module, got {len(given)} arguments."
                )
            given = module(*given)
        if given.ndim != 0:
            maker = "" if module is None else f" from {module}"
            raise ValueError(f"{name!r} must be a scalar, got shape {tuple(given.shape)}{maker}.")
        return widened(given)

    def extra_repr(self) -> str:
        return f"weights={self.weights}, uncertainty={self.uncertainty}"


def pair(name: str, given: Any) -> tuple[nn.Module | None, float]:
    """The module, if there is one, and the weight of what was given for a loss."""
    if isinstance(given, nn.Module):
        return given, 1.0
    module, weight = given if isinstance(given, tuple) and len(given) == 2 else (None, given)
    known = module is None or isinstance(module, nn.Module)
    if not known or isinstance(weight, bool) or not isinstance(weight, int | float):
        raise TypeError(
            f"losses[{name!r}] must be a number, a loss module or a pair of (module, number), got {given!r}."
        )
    return module, float(weight)
