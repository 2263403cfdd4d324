"""Negative sampling and sampled softmax against NumPy, the full cross-entropy, and all that may be sampled."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import cross_entropy  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch


def drawn(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True)


def test_negative_sampling_is_the_formula():
    positive, negative = drawn(3), drawn(3, 5, seed=1)
    value = bt.NegativeSamplingLoss(reduction="none")(positive, negative)
    p, n = positive.detach().numpy(), negative.detach().numpy()
    sigmoid = lambda x: 1.0 / (1.0 + np.exp(-x))  # noqa: E731
    expected = -np.log(sigmoid(p)) - np.log(sigmoid(-n)).sum(1)
    np.testing.assert_allclose(value.detach(), expected, rtol=1e-13)
    of_positive, of_negative = torch.autograd.grad(value.sum(), (positive, negative))
    np.testing.assert_allclose(of_positive, sigmoid(p) - 1.0, rtol=1e-13)
    np.testing.assert_allclose(of_negative, sigmoid(n), rtol=1e-13)


@pytest.mark.parametrize("kind", [bt.NegativeSamplingLoss, bt.SampledSoftmaxLoss])
def test_a_negative_that_is_the_positive_is_left_out(kind):
    positive, negative = drawn(3), drawn(3, 4, seed=1)
    true = torch.tensor([2, 7, 5])
    shared = torch.tensor([7, 2, 3, 2])
    each = torch.tensor([[7, 2, 3, 2], [7, 2, 7, 2], [1, 2, 3, 2]])
    for ids in (shared, each):
        value = kind(reduction="none")(positive, negative, positive_id=true, negative_id=ids)
        for row in range(3):
            kept = negative[row, ids.expand(3, 4)[row] != true[row]]
            expected = kind()(positive[row], kept)
            torch.testing.assert_close(value[row], expected)
    gradient = torch.autograd.grad(value.sum(), negative)[0]
    assert ((gradient == 0.0) == (each == true[:, None])).all()
    only = kind()(positive[:1], negative[:1], positive_id=true[:1], negative_id=true[[0] * 4])
    alone = kind()(positive[:1], negative[:1, :0])
    torch.testing.assert_close(only, alone)
    gradients = torch.autograd.grad(only + alone, (positive, negative))
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("columns", [(), (4,)])
def test_all_classes_once_are_the_full_softmax(columns):
    logits = drawn(6, *columns, 9)
    target = torch.arange(logits[..., 0].numel()).reshape(logits.shape[:-1]) % 9
    full = cross_entropy(logits.flatten(0, -2), target.flatten())
    positive = logits.gather(-1, target[..., None])[..., 0]
    ids = {"positive_id": target, "negative_id": torch.arange(9)}
    loss = bt.SampledSoftmaxLoss()
    constant = {
        "positive_log_q": torch.full(target.shape, -2.0),
        "negative_log_q": torch.full((9,), -2.0),
    }
    others = torch.stack([torch.arange(9)[torch.arange(9) != t] for t in target.flatten()])
    negative = logits.gather(-1, others.reshape(*target.shape, 8))
    for value in (
        loss(positive, logits, **ids),
        loss(positive, logits, **ids, **constant),
        loss(positive, negative),
    ):
        torch.testing.assert_close(value, full)
        found, expected = (
            torch.autograd.grad(x, logits, retain_graph=True)[0] for x in (value, full)
        )
        torch.testing.assert_close(found, expected)


def test_the_sum_over_draws_is_unbiased():
    scores, q, k = drawn(5).detach(), torch.tensor([0.3, 0.1, 0.2, 0.25, 0.15]).double(), 3
    positive, expected = torch.tensor(0), 0.0
    for draws in itertools.product(range(5), repeat=k):
        index = torch.tensor(draws)
        value = bt.SampledSoftmaxLoss()(
            scores[positive],
            scores[index],
            negative_log_q=(k * q[index]).log(),
            positive_id=positive,
            negative_id=index,
        )
        expected += q[index].prod() * torch.exp(value + scores[positive])  # the estimated sum
    torch.testing.assert_close(expected, scores.exp().sum())


def test_the_minimum_of_sampled_softmax_is_that_of_the_full_one():
    truth = torch.tensor([0.1, 0.2, 0.3, 0.4]).double()
    q = torch.tensor(
        [0.6, 0.2, 0.5, 0.1]
    ).double()  # how probable it is that a class is among the negatives
    scores = (truth.log() + 1.7).requires_grad_()
    expected = {True: 0.0, False: 0.0}
    for there in itertools.product([False, True], repeat=4):
        chosen = torch.tensor(there)
        index = chosen.nonzero()[:, 0]
        share = torch.where(chosen, q, 1.0 - q).prod()
        for corrected in (True, False):
            log_q = {"positive_log_q": q.log(), "negative_log_q": q.log()[index]}
            value = bt.SampledSoftmaxLoss(reduction="none")(
                scores,
                scores[index].expand(4, -1),
                positive_id=torch.arange(4),
                negative_id=index,
                **(log_q if corrected else {}),
            )
            expected[corrected] = expected[corrected] + share * (truth * value).sum()
    slope, biased = (torch.autograd.grad(expected[key], scores)[0] for key in (True, False))
    torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0.0, atol=1e-15)
    assert biased.abs().max() > 0.01, "without the correction it is elsewhere"


def test_in_batch_softmax_is_the_formula():
    scores, ids = drawn(4, 6), np.array([3, 1, 3, 2, 1, 9])
    q = np.array([0.3, 0.2, 0.3, 0.1, 0.2, 0.4])
    log_q = torch.tensor(np.log(q))
    value = bt.InBatchSoftmaxLoss(reduction="none")(scores, item_id=torch.tensor(ids), log_q=log_q)
    for i, row in enumerate(scores.detach().numpy()):
        share = np.exp(row) / q
        among = [j == i or ids[j] != ids[i] for j in range(6)]
        assert value[i].item() == pytest.approx(-np.log(share[i] / share[among].sum()), rel=1e-12)


def test_in_batch_softmax_of_items_that_differ_is_cross_entropy():
    scores, log_q = drawn(5, 7), drawn(7, seed=1).detach()
    value = bt.InBatchSoftmaxLoss()(scores, item_id=torch.arange(7), log_q=log_q)
    torch.testing.assert_close(value, cross_entropy(scores - log_q, torch.arange(5)))
    torch.testing.assert_close(
        bt.InBatchSoftmaxLoss()(scores), cross_entropy(scores, torch.arange(5))
    )
    alone = bt.InBatchSoftmaxLoss()(scores[:1, :1])
    assert alone == 0.0
    assert torch.autograd.grad(alone, scores)[0].eq(0.0).all()


def test_a_mask_leaves_rows_out():
    mask = torch.tensor([True, False, True, True, False])
    broken = torch.where(mask, 0.0, torch.nan)  # as padding may be
    scores, positive, negative = drawn(5, 5), drawn(5), drawn(5, 2)
    value = bt.InBatchSoftmaxLoss()(scores + broken[:, None], mask=mask)
    each = cross_entropy(scores, torch.arange(5), reduction="none")
    torch.testing.assert_close(value, each[mask].mean())
    (gradient,) = torch.autograd.grad(value, scores)
    assert (gradient.ne(0.0).all(1) == mask).all()
    for kind in (bt.NegativeSamplingLoss, bt.SampledSoftmaxLoss):
        value = kind()(positive + broken, negative + broken[:, None], mask=mask)
        torch.testing.assert_close(value, kind()(positive[mask], negative[mask]))
        for gradient in torch.autograd.grad(value, (positive, negative)):
            assert (gradient.reshape(5, -1).ne(0.0).all(1) == mask).all()


def test_large_scores():
    size = torch.tensor([1e4, -1e4, 1e30, -1e30, 40.0], requires_grad=True)
    negative = torch.zeros(5, 2) + torch.tensor([-0.5, 0.5])
    for kind in (bt.NegativeSamplingLoss, bt.SampledSoftmaxLoss):
        value = kind(reduction="none")(size, negative)
        assert value.isfinite().all()
        assert torch.autograd.grad(value.sum(), size)[0].isfinite().all()
    small = value[4].item()  # where 1 - p is lost in float32
    assert small == pytest.approx(np.exp(-40.0) * 2.0 * np.cosh(0.5), rel=1e-5)


TWO = torch.zeros(2)
WRONG = {
    "negative must have the shape of positive and a dimension more, .2, 'k'., got .3, 4.": (
        lambda: bt.NegativeSamplingLoss()(TWO, torch.zeros(3, 4))
    ),
    "positive_id and negative_id must be given together": (
        lambda: bt.SampledSoftmaxLoss()(TWO, torch.zeros(2, 3), positive_id=TWO)
    ),
    "negative_id must have shape .2, 3. or .3,., got .2,": (
        lambda: bt.SampledSoftmaxLoss()(TWO, torch.zeros(2, 3), positive_id=TWO, negative_id=TWO)
    ),
    "negative_log_q must have shape": (
        lambda: bt.SampledSoftmaxLoss()(TWO, torch.zeros(2, 3), negative_log_q=TWO)
    ),
    "positive_log_q needs negative_log_q": (
        lambda: bt.SampledSoftmaxLoss()(TWO, torch.zeros(2, 3), positive_log_q=TWO)
    ),
    "scores must have shape .n, m. with m >= n, got .3, 2.": (
        lambda: bt.InBatchSoftmaxLoss()(torch.zeros(3, 2))
    ),
    "mask must have shape .2,., got .3,.": (
        lambda: bt.NegativeSamplingLoss()(TWO, torch.zeros(2, 3), mask=torch.ones(3))
    ),
    "mask must have shape .2,., got .2, 2.": (
        lambda: bt.InBatchSoftmaxLoss()(torch.zeros(2, 2), mask=torch.ones(2, 2))
    ),
    "item_id must have shape .3,., got .2,.": (
        lambda: bt.InBatchSoftmaxLoss()(torch.zeros(2, 3), item_id=TWO)
    ),
    "log_q must have shape .3,., got .2,.": (
        lambda: bt.InBatchSoftmaxLoss()(torch.zeros(2, 3), log_q=TWO)
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


def test_scores_are_real_tensors():
    with pytest.raises(TypeError, match=r"negative must be real, got torch\.complex64"):
        bt.NegativeSamplingLoss()(TWO, torch.zeros(2, 3, dtype=torch.complex64))
    with pytest.raises(TypeError, match="positive must be a tensor, got list"):
        bt.NegativeSamplingLoss()([0.0, 1.0], torch.zeros(2, 3))
