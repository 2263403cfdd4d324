"""Losses of a positive and some negatives out of very many classes or items."""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from boostloss.torch._samples import SampleLoss, check_shape, floats
from boostloss.torch.reduction import reduced


class NegativeSamplingLoss(SampleLoss):
    """Negative sampling: -log sigmoid(positive) - sum_j log sigmoid(-negative_j).

    A pair that was seen is told from k pairs that were drawn. The sum is over the k negatives of a row, and the mean
    over rows, as in the source.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If a score is not real.
    ValueError
        If the reduction or a shape is not valid, or ids are given for one side only.

    See Also
    --------
    SampledSoftmaxLoss : Estimates the softmax over all classes, which this loss does not.

    References
    ----------
    Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NeurIPS 2013,
    equation 4.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import NegativeSamplingLoss
    >>> positive, negative = torch.tensor([2.0, 0.0]), torch.tensor([[-1.0, 0.0], [1.0, 0.5]])
    >>> NegativeSamplingLoss(reduction="none")(positive, negative)
    tensor([1.1333, 2.9805])
    >>> ids = torch.tensor([7, 8]), torch.tensor([[3, 7], [5, 6]])  # the second negative is the first row's positive
    >>> NegativeSamplingLoss(reduction="none")(positive, negative, positive_id=ids[0], negative_id=ids[1])
    tensor([0.4402, 2.9805])
    """

    def forward(
        self,
        positive: Tensor,
        negative: Tensor,
        *,
        positive_id: Tensor | None = None,
        negative_id: Tensor | None = None,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of scores.

        Parameters
        ----------
        positive : Tensor of shape (...)
            Scores (logits) of what was seen.
        negative : Tensor of shape (..., k)
            Scores of what was drawn.
        positive_id, negative_id : Tensor, optional
            Which classes they are, to leave out negatives that are the row's positive; in the shapes of the scores, or
            (k,) for negatives that all rows share.
        weight, mask : Tensor, optional
            A non-negative weight for each row, and True where it counts.

        Returns
        -------
        Tensor
            Of the shape of `positive`, or a scalar, of at least float32.
        """
        positive, negative = scores(positive, negative, mask)
        negative = without(negative, accidental_hits(negative, positive_id, negative_id))
        value = -logsigmoid(positive) - logsigmoid(-negative).sum(-1)
        return reduced(value, self.reduction, weight, mask)


class SampledSoftmaxLoss(SampleLoss):
    """Sampled softmax: log(exp(p) + sum_j exp(n_j)) - p, of scores p and n less the log of how often they are drawn.

    Correcting the scores of the negatives makes the sum an estimate of that over all classes. With every class as a
    negative once this is the cross-entropy. There are two ways, both with the ids given, so that negatives that are the
    positive are left out; they agree in the limit of many negatives:

    - negatives have log(k q) for k draws with probabilities q, and the positive, which is always there, has no
      correction: the expected sum is that over all classes (importance sampling: Bengio and Senécal);
    - the positive too has the log of the probability that it is drawn: this is the loss of the posterior which of the
      candidates is the positive. The scores that minimise it are those that minimise the cross-entropy, if classes are
      drawn independently of each other, however few they are; and then a common factor of all q does not matter. Most
      libraries do so.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If a score is not real.
    ValueError
        If the reduction or a shape is not valid, ids are given for one side only, or `positive_log_q` without
        `negative_log_q`.

    See Also
    --------
    InBatchSoftmaxLoss : Where the positives of other rows are the negatives.

    References
    ----------
    Bengio and Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language Model",
    IEEE Transactions on Neural Networks, 2008. Jean et al., "On Using Very Large Target Vocabulary for Neural Machine
    Translation", ACL 2015.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import SampledSoftmaxLoss
    >>> logits, target = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([2])
    >>> every = torch.arange(3)  # all classes once, of which the positive is left out
    >>> SampledSoftmaxLoss()(logits[:, 2], logits, positive_id=target, negative_id=every)
    tensor(0.4076)
    >>> torch.nn.functional.cross_entropy(logits, target)
    tensor(0.4076)
    """

    def forward(
        self,
        positive: Tensor,
        negative: Tensor,
        *,
        positive_log_q: Tensor | None = None,
        negative_log_q: Tensor | None = None,
        positive_id: Tensor | None = None,
        negative_id: Tensor | None = None,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of scores.

        Parameters
        ----------
        positive : Tensor of shape (...)
            Scores (logits) of the true classes.
        negative : Tensor of shape (..., k)
            Scores of the classes that were drawn.
        positive_log_q, negative_log_q : Tensor, optional
            The logarithms of how often each is drawn; in the shapes of the scores, or (k,) for negatives that all rows
            share.
        positive_id, negative_id : Tensor, optional
            Which classes they are, to leave out negatives that are the row's positive; likewise.
        weight, mask : Tensor, optional
            A non-negative weight for each row, and True where it counts.

        Returns
        -------
        Tensor
            Of the shape of `positive`, or a scalar, of at least float32.
        """
        positive, negative = scores(positive, negative, mask)
        hits = accidental_hits(negative, positive_id, negative_id)
        if negative_log_q is not None:
            check_shape("negative_log_q", negative_log_q, [negative.shape, negative.shape[-1:]])
            negative = negative - negative_log_q.to(negative.dtype)
        if positive_log_q is not None:
            if negative_log_q is None:
                raise ValueError("positive_log_q needs negative_log_q, got None.")
            check_shape("positive_log_q", positive_log_q, [positive.shape])
            positive = positive - positive_log_q.to(positive.dtype)
        return reduced(among(positive, without(negative, hits)), self.reduction, weight, mask)


class InBatchSoftmaxLoss(SampleLoss):
    """Softmax within a batch: -log(exp(s_ii) / sum_j exp(s_ij)), of scores s less the log frequency of the items.

    The item of row i is that of column i; the items of other rows are its negatives. A batch draws items as often as
    they occur, which `log_q` corrects. Two rows with the same item are no negatives of each other.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If the scores are not real.
    ValueError
        If the reduction or a shape is not valid.

    References
    ----------
    Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import InBatchSoftmaxLoss
    >>> user = item = torch.eye(3)[[0, 1, 1]]
    >>> scores = user @ item.T / 0.5  # dot products over a temperature
    >>> frequency = torch.tensor([0.1, 0.6, 0.6])
    >>> InBatchSoftmaxLoss()(scores, item_id=torch.tensor([4, 9, 9]), log_q=frequency.log())
    tensor(0.4110)
    """

    def forward(
        self,
        scores: Tensor,
        *,
        item_id: Tensor | None = None,
        log_q: Tensor | None = None,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss of scores.

        Parameters
        ----------
        scores : Tensor of shape (n, m), m >= n
            Scores (logits) of row i with item j. The first n items are the positives of the rows; any further ones are
            more negatives, such as hard ones.
        item_id : Tensor of shape (m,), optional
            Which items they are, to leave out negatives that are the row's positive.
        log_q : Tensor of shape (m,), optional
            The logarithms of how often each is in a batch, up to a constant.
        weight, mask : Tensor, optional
            A non-negative weight for each row, and True where it counts. The item of a row that does not count stays a
            negative of the others.

        Returns
        -------
        Tensor
            Of shape (n,), or a scalar, of at least float32.
        """
        (scores,) = floats(scores=scores)
        if scores.ndim != 2 or scores.shape[0] > scores.shape[1]:
            raise ValueError(
                f"scores must have shape (n, m) with m >= n, got {tuple(scores.shape)}."
            )
        n, m = scores.shape
        hits = torch.eye(n, m, dtype=torch.bool, device=scores.device)
        if item_id is not None:
            check_shape("item_id", item_id, [(m,)])
            hits = hits | (item_id[:n, None] == item_id)
        if log_q is not None:
            check_shape("log_q", log_q, [(m,)])
            scores = scores - log_q.to(scores.dtype)
        if mask is not None:
            check_shape("mask", mask, [(n,)])
            scores = scores.where((mask != 0)[:, None], 0.0)
        value = among(scores.diagonal(), without(scores, hits))
        return reduced(value, self.reduction, weight, mask)


def scores(positive: Tensor, negative: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Both in one dtype, if their shapes match, and 0 in rows that do not count, where they may be NaN."""
    positive, negative = floats(positive=positive, negative=negative)
    if negative.ndim == 0 or negative.shape[:-1] != positive.shape:
        raise ValueError(
            f"negative must have the shape of positive and a dimension more, {(*positive.shape, 'k')}, "
            f"got {tuple(negative.shape)}."
        )
    if mask is None:
        return positive, negative
    check_shape("mask", mask, [positive.shape])
    counts = mask != 0
    return positive.where(counts, 0.0), negative.where(counts[..., None], 0.0)


def accidental_hits(
    negative: Tensor, positive_id: Tensor | None, negative_id: Tensor | None
) -> Tensor | None:
    """True where a negative is the positive of its row."""
    if positive_id is None or negative_id is None:
        if positive_id is not None or negative_id is not None:
            raise ValueError("positive_id and negative_id must be given together, got one of them.")
        return None
    check_shape("positive_id", positive_id, [negative.shape[:-1]])
    check_shape("negative_id", negative_id, [negative.shape, negative.shape[-1:]])
    return positive_id[..., None] == negative_id


def without(negative: Tensor, hits: Tensor | None) -> Tensor:
    """Scores that add nothing where there are hits; finite, so that a row without any negative has a gradient."""
    if hits is None:
        return negative
    return negative.masked_fill(hits, torch.finfo(negative.dtype).min)


def among(positive: Tensor, negative: Tensor) -> Tensor:
    """The negative log of the positive's share, precise where that is near 1 too."""
    return -logsigmoid(positive - negative.logsumexp(-1))
