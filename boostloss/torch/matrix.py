"""Cross-entropy with a matrix of penalties."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from boostloss.torch._samples import SampleLoss, check_shape, floats, full_precision
from boostloss.torch.reduction import Reduction, reduced
from boostloss.torch.several import class_dim


class MatrixCrossEntropyLoss(SampleLoss):
    """Cross-entropy and penalties: -sum_i t_i log2 o_i + sum_i ((A - I) t)_i exp(o_i), o = softmax(input).

    Entry (i, j) of the matrix A less the identity I is the price of probability on class i where class j is true.
    The identity gives the cross-entropy in bits. Since exp(0) = 1, a price is also paid where the probability is 0: a
    perfect prediction costs the prices of its class, and only their differences between classes guide the training.

    The formula is from an article and has no paper behind it: we know of no study of it, and offer it as it stands. It
    is not the matrix cross-entropy of density matrices, which has the same name. Where the costs of decisions are
    known, train with cross-entropy and decide by the costs.

    Parameters
    ----------
    matrix : Tensor or sequence of sequences of float, of shape (C, C)
        The matrix A; finite.
    reduction : {"mean", "sum", "none"}, default "mean"
    ignore_index : int, default -100
        The index that stands for no class; as a target its loss is 0, and the mean is over the others.

    Attributes
    ----------
    matrix : Tensor
        A buffer.

    Raises
    ------
    TypeError
        If the input is not real.
    ValueError
        If the matrix, the reduction or a shape is not valid.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import MatrixCrossEntropyLoss
    >>> MatrixCrossEntropyLoss(torch.eye(4))(torch.zeros(1, 4), torch.tensor([2]))  # one of four: two bits
    tensor(2.)
    >>> loss = MatrixCrossEntropyLoss([[1.0, 0.5], [0.0, 1.0]], reduction="none")  # a price on 0 where 1 is true
    >>> loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    tensor([1.0000, 1.8244])
    """

    matrix: Tensor

    def __init__(
        self,
        matrix: Tensor | Sequence[Sequence[float]],
        reduction: Reduction = "mean",
        ignore_index: int = -100,
    ):
        super().__init__(reduction)
        (prices,) = floats(matrix=torch.as_tensor(matrix))
        if prices.ndim != 2 or prices.shape[0] != prices.shape[1] or len(prices) < 2:
            raise ValueError(
                f"matrix must have shape (C, C) with C >= 2, got {tuple(prices.shape)}."
            )
        if not prices.is_meta and not prices.isfinite().all():
            raise ValueError(f"matrix must be finite, got {prices.tolist()}.")
        self.register_buffer("matrix", prices)
        self.ignore_index: int = ignore_index

    def forward(self, input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The loss of logits.

        Parameters
        ----------
        input : Tensor of shape (C,), (n, C) or (n, C, ...)
            Logits.
        target : Tensor
            Indices of classes, in the shape of the input without its dimension of classes, or probabilities in the
            shape of the input.
        weight : Tensor, optional
            A non-negative weight for each target.

        Returns
        -------
        Tensor
            Of the shape of the targets, or a scalar, of at least float32.
        """
        (input,) = floats(input=input)
        count, dim = len(self.matrix), class_dim(input)
        if input.ndim == 0 or input.shape[dim] != count:
            raise ValueError(
                f"input must have {count} classes, as the matrix, in dimension {dim}, got shape {tuple(input.shape)}."
            )
        mask = None
        if target.is_floating_point():
            check_shape("target (probabilities)", target, [input.shape])
            share = target.to(input.dtype)
        else:
            check_shape("target (indices)", target, [(*input.shape[:dim], *input.shape[dim + 1 :])])
            mask = target != self.ignore_index
            index = target.where(mask, 0).long().unsqueeze(dim)
            share = torch.zeros_like(input).scatter(dim, index, 1.0)
        log_o = input.log_softmax(dim)
        prices = self.matrix.to(input.dtype) - torch.eye(
            count, dtype=input.dtype, device=input.device
        )
        with full_precision(input):
            penalty = torch.tensordot(share.movedim(dim, -1), prices, ([-1], [1]))
        nats = (share * log_o).where(share != 0.0, 0.0)  # a score of -inf is no NaN
        bits = -nats.sum(dim) / math.log(2.0)
        value = bits + (penalty * log_o.exp().exp().movedim(dim, -1)).sum(-1)
        return reduced(value, self.reduction, weight, mask)

    def extra_repr(self) -> str:
        shape = tuple(self.matrix.shape)
        return f"matrix of shape {shape}, ignore_index={self.ignore_index}, reduction={self.reduction!r}"
