"""Derivatives by one of several scores, with labels and soft labels: those of the loss in all scores."""

import numpy as np
import pytest
from friedman import CLASSIFIERS

import boostloss as bl
from boostloss.boosting.class_rounds import rounds_of
from boostloss.boosting.objective import boosting_gradients
from boostloss.boosting.several import several_gradients
from boostloss.kernels import one_score
from boostloss.kernels.one_score import log_sums_without

K, N = 4, 60
rng = np.random.default_rng(0)
SCORES = 3.0 * rng.normal(size=(N, K))
SCORES[:K] = np.diag([600.0] * K)  # a class that is sure
WEIGHT = rng.uniform(0.5, 2.0, N)
LABEL = rng.integers(0, K, N).astype(float)
SOFT = rng.dirichlet(np.ones(K), N)
SOFT[:8] = np.eye(K)[np.arange(8) % K]
START = np.array([0.5, -0.25, 0.0, -0.25])
compiled_or_not = pytest.mark.parametrize("jit", [True, False])


@compiled_or_not
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("y", [LABEL, SOFT], ids=["labels", "soft labels"])
@pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)
def test_they_are_those_of_the_loss(loss, y, weight, jit, monkeypatch):
    monkeypatch.setattr(one_score, "JIT_DISABLED", one_score.JIT_DISABLED or not jit)
    rounds = rounds_of(loss, y, START, 1)
    rounds.begin(SCORES.T)
    expected = several_gradients(loss, y, SCORES, weight, np.float64)
    place = rng.permutation(N).astype(np.int32)
    for j in range(K):
        codes = rng.permutation(N)[:37]
        rows = place[codes]
        given = None if weight is None else weight[rows]
        scores = SCORES[rows, j] - START[j]
        pairs = rounds.pairs(j, place, codes.astype(np.float32), scores, given)
        for found, whole in zip(pairs.T, expected, strict=True):
            np.testing.assert_allclose(found, whole[rows, j], rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("y", [LABEL, SOFT], ids=["labels", "soft labels"])
@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal(2.0)], ids=repr)
def test_the_slope_is_that_of_the_loss_where_the_score_has_moved_since(loss, y):
    """As the later steps of a leaf ask."""
    rounds, scores = rounds_of(loss, y, np.zeros(K), 1), rng.normal(size=(N, K))
    rounds.begin(scores.T)
    every, step = np.arange(N), 1e-5
    for j in range(K):
        moved = scores.copy()
        moved[:, j] += 0.5
        pairs = rounds.pairs(
            j, every.astype(np.int32), every.astype(np.float32), moved[:, j].copy(), None
        )
        up, down = moved.copy(), moved.copy()
        up[:, j] += step
        down[:, j] -= step
        slope = (loss.loss(y, up) - loss.loss(y, down)) / (2.0 * step)
        np.testing.assert_allclose(pairs[:, 0], slope, atol=1e-8)


def test_blocks_of_rows_do_not_matter(monkeypatch):
    whole, parts = (
        rounds_of(bl.Focal(1.0), np.arange(3000.0) % K, np.zeros(K), 2) for _ in range(2)
    )
    scores = rng.normal(size=(K, 3000))
    whole.begin(scores)
    monkeypatch.setattr("boostloss.boosting.class_rounds.BLOCK", 1)
    parts.begin(scores)
    np.testing.assert_allclose(parts.rest, whole.rest, rtol=1e-14)


def test_sums_without_a_class_do_not_cancel():
    scores = np.array([[0.0], [50.0], [-np.inf], [-50.0]])
    expected = [[50.0], [np.logaddexp(0.0, -50.0)], [50.0], [50.0]]
    np.testing.assert_allclose(log_sums_without(scores), expected, rtol=1e-12, atol=1e-12)
    alone = np.array([[0.0], [-np.inf], [-np.inf]])
    assert np.isfinite(log_sums_without(alone)).all()


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_two_classes_have_one_score(weight):
    one = rng.uniform(size=N)
    loss, y = bl.Focal(2.0, alpha=0.25), np.column_stack([1.0 - one, one])
    rounds = rounds_of(loss, y, np.array([0.5]), 1)
    place, codes = rng.permutation(N).astype(np.int32), rng.permutation(N)[:37]
    rows = place[codes]
    given = None if weight is None else weight[rows]
    score = rng.normal(size=len(rows))
    pairs = rounds.pairs(0, place, codes.astype(np.float32), score - 0.5, given)
    sides = [
        boosting_gradients(loss, np.full(37, label), score, given, float) for label in (0.0, 1.0)
    ]
    for found, zero, first in zip(pairs.T, *sides, strict=True):
        expected = (1.0 - one[rows]) * zero + one[rows] * first
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    losses = [loss.loss(np.full(37, label), score) for label in (0.0, 1.0)]
    expected = np.average((1.0 - one[rows]) * losses[0] + one[rows] * losses[1], weights=given)
    found = rounds.mean_loss(y[rows], score[None], given)
    assert found == pytest.approx(expected, rel=1e-12)
