"""A loss of a margin over K classes: values, derivatives, best scores, posterior, and the loops that compute them."""

import mpmath as mp
import numpy as np
import pytest
from cases import BINARY

import boostloss as bl
from boostloss.kernels import classes as kernels
from boostloss.kernels.classes import MOST_SCORES
from boostloss.losses.classes import scores_of


@bl.loss
def savage_classes(margin):
    return 4.0 / (1.0 + np.exp(margin)) ** 2


LOSSES = [
    bl.Logistic(),
    bl.Focal(2.0),
    bl.Focal(0.5, alpha=[1.0, 0.25, 3.0, 2.0]),
    savage_classes(),
]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def textbook(loss, label, scores):
    """The loss of one row, as its paper writes it."""
    powers = [mp.exp(score) for score in scores]
    p = powers[label] / mp.fsum(powers)
    if isinstance(loss, bl.Focal):
        balance = 1 if loss.alpha is None else mp.mpf(loss.alpha[label])
        return balance * (1 - p) ** mp.mpf(loss.gamma) * -mp.log(p)
    if isinstance(loss, bl.GeneralizedCrossEntropy):
        return (1 - p ** mp.mpf(loss.q)) / mp.mpf(loss.q)
    if isinstance(loss, bl.SymmetricCrossEntropy):
        return mp.mpf(loss.alpha) * -mp.log(p) + 4 * mp.mpf(loss.beta) * (1 - p)
    return -mp.log(p) if isinstance(loss, bl.Logistic) else 4 * (1 - p) ** 2


def rows(n=40, k=4, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, k, n).astype(float), rng.normal(scale=scale, size=(n, k))


@each_loss
def test_loss_gradient_and_hessian_are_those_of_the_textbook(loss):
    y, f = rows(12, scale=6.0)
    value, (gradient, hessian) = loss.loss(y, f), loss.gradient_hessian(y, f, curvature="exact")
    with mp.workdps(60):
        for i, label in enumerate(y.astype(int)):
            point = tuple(map(mp.mpf, f[i]))
            assert value[i] == pytest.approx(float(textbook(loss, label, point)), rel=1e-13)
            largest = np.abs(gradient[i]).max()
            for j in range(4):
                order = [int(place == j) for place in range(4)]
                first, second = (
                    mp.diff(
                        lambda *scores, label=label: textbook(loss, label, scores),
                        point,
                        tuple(times * m for m in order),
                    )
                    for times in (1, 2)
                )
                assert gradient[i, j] == pytest.approx(float(first), rel=1e-12, abs=1e-13 * largest)
                assert hessian[i, j] == pytest.approx(float(second), rel=1e-10, abs=1e-12 * largest)


def test_two_classes_are_the_binary_loss():
    y, f = rows(50, 2)
    for loss in (bl.Logistic(), bl.Focal(1.5)):
        np.testing.assert_allclose(loss.loss(y, f), loss.loss(y, f[:, 1] - f[:, 0]), rtol=1e-13)
        both = loss.gradient_hessian(y, f)[0]
        np.testing.assert_allclose(
            both[:, 1], loss.gradient_hessian(y, f[:, 1] - f[:, 0])[0], rtol=1e-12
        )
        np.testing.assert_allclose(
            loss.inverse_link(f)[:, 1], loss.inverse_link(f[:, 1] - f[:, 0]), rtol=1e-12
        )


@each_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layouts_threads_and_numpy_agree(loss, dtype, monkeypatch):
    y, f = rows(3000, 4)
    y, f, weight = y.astype(dtype), f.astype(dtype), np.linspace(0.5, 2.0, 3000)
    expected = [loss.loss(y, f, weight), *loss.gradient_hessian(y, f, weight)]
    assert expected[0].dtype == dtype
    padded = np.zeros((3000, 9), dtype)
    padded[:, 1::2] = f
    for layout in (np.asfortranarray(f), padded[:, 1::2]):
        for result, same in zip(
            [loss.loss(y, layout, weight), *loss.gradient_hessian(y, layout, weight)],
            expected,
            strict=True,
        ):
            np.testing.assert_array_equal(result, same)
    monkeypatch.setattr(kernels, "BLOCK", 2000)  # rows in several blocks, so in several threads
    np.testing.assert_array_equal(loss.gradient_hessian(y, f, weight)[0], expected[1])
    monkeypatch.setattr(kernels, "JIT_DISABLED", True)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    for result, same in zip(
        [loss.loss(y, f, weight), *loss.gradient_hessian(y, f, weight)], expected, strict=True
    ):
        np.testing.assert_allclose(result, same, rtol=tolerance, atol=tolerance)


@each_loss
def test_a_soft_label_is_a_sum_over_labels(loss):
    _, f = rows(30)
    soft = np.random.default_rng(1).dirichlet(np.ones(4), 30)
    soft[0] = [0.0, 1.0, 0.0, 0.0]
    for each in (
        loss.loss,
        lambda y, f: loss.gradient_hessian(y, f)[0],
        lambda y, f: loss.gradient_hessian(y, f)[1],
    ):
        shares = [
            each(np.full(30, float(j)), f)
            * (soft[:, j] if each(np.full(30, 0.0), f).ndim == 1 else soft[:, [j]])
            for j in range(4)
        ]
        np.testing.assert_allclose(each(soft, f), np.sum(shares, axis=0), rtol=1e-12, atol=1e-14)


@each_loss
def test_the_posterior_is_that_for_which_the_scores_are_best(loss):
    # Among four classes Savage's loss gives up those below a fifth or so: its best score for them is -infinity.
    rare = isinstance(loss, bl.Logistic | bl.Focal)
    probability = np.array([0.5, 0.3, 0.15, 0.05] if rare else [0.3, 0.27, 0.23, 0.2])
    scores = scores_of(loss, probability)
    assert scores.mean() == pytest.approx(0.0, abs=1e-12)
    found = loss.inverse_link(scores[None])
    np.testing.assert_allclose(found, [probability], rtol=1e-5)


@each_loss
def test_best_scores_count_weights_and_soft_labels(loss):
    y = np.array([0.0, 0.0, 1.0, 2.0, 3.0, 3.0, 3.0])
    weight = np.array([1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0])
    best = loss.fit_intercept(y, weight, 4)
    repeated = np.repeat(y, weight.astype(int))
    np.testing.assert_allclose(best, loss.fit_intercept(repeated, n_classes=4), atol=1e-6)
    np.testing.assert_allclose(
        best, loss.fit_intercept(np.eye(4)[y.astype(int)], weight), atol=1e-6
    )
    constant = np.broadcast_to(best, (len(y), 4))
    slope, _ = loss.gradient_hessian(y, constant, weight)
    np.testing.assert_allclose(slope.sum(axis=0), 0.0, atol=1e-5)


def test_a_class_without_rows_has_finite_scores():
    best = bl.Logistic().fit_intercept([0.0, 1.0, 1.0], n_classes=3)
    assert np.isfinite(best).all()
    assert best[2] < best[0] - 5.0


@each_loss
@pytest.mark.parametrize("size", [1e-30, 50.0, 700.0, 1e30, 1e300])
def test_finite_for_finite_scores(loss, size):
    y, f = rows(60, seed=2, scale=1.0)
    f *= size
    for values in (loss.loss(y, f), *loss.gradient_hessian(y, f), loss.inverse_link(f)):
        assert np.isfinite(values).all()
    np.testing.assert_allclose(loss.inverse_link(f).sum(axis=1), 1.0)


@pytest.mark.parametrize(("n", "k"), [(300, 1000), (3, MOST_SCORES), (3, MOST_SCORES + 1)])
def test_very_many_classes(n, k):
    y, f = rows(n, k)
    gradient, hessian = bl.Logistic().gradient_hessian(y, f)
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gradient, p - (y[:, None] == np.arange(k)), atol=1e-14)
    np.testing.assert_allclose(hessian, p * (1 - p), rtol=1e-10, atol=1e-16)


def test_missing_scores_and_labels_stay_missing():
    y, f = rows(5)
    y[1], f[2, 3] = np.nan, np.nan
    value = bl.Focal(2.0).loss(y, f)
    for found in (value, *bl.Focal(2.0).gradient_hessian(y, f)):
        assert np.isnan(found[[1, 2]]).all()
        assert np.isfinite(found[[0, 3, 4]]).all()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.0, 4.0], "whole number from 0 below 4, got 4.0 in row 1"),
        ([0.0, 1.5], "got 1.5 in row 1"),
        ([-1.0, 0.0], "got -1.0 in row 0"),
        (
            [[0.5, 0.5, 0.0, 0.1], [1.0, 0.0, 0.0, 0.0]],
            r"sum to 1 in each row, got \[0.5, 0.5, 0.0, 0.1\] in row 0",
        ),
        ([[1.5, -0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]], "in row 0"),
        ([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], r"shape \(n_samples, 4\)"),
        ([0.0, 1.0, 2.0], "y_true has 3 rows"),
    ],
)
def test_labels_that_are_none(y, message):
    with pytest.raises(ValueError, match=message):
        bl.Logistic().loss(y, np.zeros((2, 4)))


def test_weights_of_classes_are_checked():
    for alpha in ([1.0], [1.0, 0.0], [1.0, np.inf], [1.0, "a"]):
        with pytest.raises(
            ValueError, match="alpha must hold a positive finite number for each class"
        ):
            bl.Focal(2.0, alpha)
    with pytest.raises(ValueError, match="for each of 4 classes"):
        bl.Focal(2.0, [1.0, 2.0]).loss([0.0], np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"for each of 4 classes, got 0\.25"):
        bl.Focal(2.0, 0.25).loss([0.0], np.zeros((1, 4)))
    assert bl.from_string(repr(bl.Focal(2.0, [1.0, 3.0]))) == bl.Focal(2.0, (1, 3))
    y, f = np.array([0.0, 1.0]), np.zeros(2)
    np.testing.assert_allclose(
        bl.Focal(2.0, [0.75, 0.25]).loss(y, f), bl.Focal(2.0, 0.25).loss(y, f)
    )


def test_a_loss_of_two_labels_only_has_no_more_classes():
    @bl.loss(link="logit")
    def brier_of_two(target, prediction):
        return (prediction - target) ** 2

    with pytest.raises(ValueError, match="function of `margin`"):
        brier_of_two().loss([0.0], np.zeros((1, 3)))


def test_smoothing_gives_a_share_to_all_labels():
    loss, plain = bl.Logistic(0.3), bl.Logistic()
    y, f = rows(20, 4)
    everywhere = np.mean([plain.loss(np.full(20, float(j)), f) for j in range(4)], axis=0)
    np.testing.assert_allclose(loss.loss(y, f), 0.7 * plain.loss(y, f) + 0.3 * everywhere)
    label, score = (y > 1).astype(float), f[:, 0]
    both = plain.loss(label, score), plain.loss(1.0 - label, score)
    np.testing.assert_allclose(loss.loss(label, score), 0.85 * both[0] + 0.15 * both[1])
    best = loss.fit_intercept(y, n_classes=4)
    slope, _ = loss.gradient_hessian(y, np.broadcast_to(best, (20, 4)))
    np.testing.assert_allclose(slope.sum(axis=0), 0.0, atol=1e-12)
    slope, _ = loss.gradient_hessian(label, np.full(20, loss.fit_intercept(label)))
    assert slope.sum() == pytest.approx(0.0, abs=1e-12)
    assert bl.from_string(repr(loss)) == loss
    assert repr(plain) == "Logistic()"
    with pytest.raises(ValueError, match=r"label_smoothing must be a number in \[0, 1\), got 1"):
        bl.Logistic(1)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_other_classes_may_be_left_out(plain, dtype, monkeypatch):
    if plain:
        monkeypatch.setattr("boostloss.kernels.classes.JIT_DISABLED", True)
    f, y = np.array([[1.0, -np.inf, -np.inf]], dtype), np.array([0])
    assert bl.Focal(2.0).loss(y, f) == 0.0
    assert (bl.Focal(2.0).gradient_hessian(y, f)[0] == 0.0).all()


@bl.loss
def ramp(margin):
    return np.minimum(np.maximum(1.0 - margin, 0.0), 2.0)


def test_classes_at_which_a_bounded_loss_does_not_pull_are_alike():
    np.testing.assert_array_equal(ramp().inverse_link(np.zeros((2, 5))), np.full((2, 5), 0.2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [*BINARY, savage_classes()], ids=repr)
def test_an_infinite_score_is_certain(loss, dtype):
    scores = np.array([-np.inf, np.inf, np.nan], dtype)
    np.testing.assert_allclose(loss.inverse_link(scores), [0.0, 1.0, np.nan], atol=1e-6)
    ends = loss.inverse_link(loss.link(np.array([0.0, 1.0], dtype)))
    if not isinstance(loss, bl.Hinge):  # whose scores are -1 and 1
        np.testing.assert_allclose(ends, [0.0, 1.0], atol=1e-6)
    if getattr(loss, "alpha", None) is None and hasattr(loss, "log_slope"):
        rows = np.array([[np.inf, 0.0, 1.0], [0.0, -np.inf, 0.0], [np.nan, 0.0, 0.0]], dtype)
        found = loss.inverse_link(rows)
        np.testing.assert_allclose(found[0], [1.0, 0.0, 0.0], atol=1e-6)
        np.testing.assert_allclose(found[1], [0.5, 0.0, 0.5], atol=1e-6)
        assert np.isnan(found[2]).all()
