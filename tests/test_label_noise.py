"""What is special about the losses of labels that may be wrong: limits, bounds and recovered probabilities."""

import numpy as np
import pytest
from cases import all_outputs, rows
from drop_in import drop_in, fit
from scipy.optimize import minimize_scalar

import boostloss as bl
from boostloss.boosting.objective import boosting_gradients
from boostloss.boosting.several import class_computation, several_gradients
from boostloss.kernels.rows import GRADIENT, MAJORIZER
from boostloss.losses.classes import scores_of

LOSSES = [
    bl.GeneralizedCrossEntropy(0.3),
    bl.GeneralizedCrossEntropy(0.7),
    bl.SymmetricCrossEntropy(0.1, 1.0),
    bl.SymmetricCrossEntropy(6.0, 0.1),
    bl.BiTemperedLogistic(0.7, 1.3),
    bl.BiTemperedLogistic(0.2, 1.8),
    bl.BiTemperedLogistic(1.0, 1.5),
]
LIMITS = [
    bl.SymmetricCrossEntropy(1.0, 0.0),
    bl.BiTemperedLogistic(1.0, 1.0),
]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


@pytest.mark.parametrize("loss", LIMITS, ids=repr)
def test_the_limit_is_logistic(loss):
    y, f = rows(loss)
    ours, logistic = all_outputs(loss, y, f), all_outputs(bl.Logistic(), y, f)
    for i in (0, 1, 2):
        np.testing.assert_allclose(ours[i], logistic[i], rtol=1e-13)
    np.testing.assert_allclose(loss.inverse_link(f), bl.Logistic().inverse_link(f), rtol=1e-14)


@each_loss
@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.8, 0.99])
def test_the_posterior_is_where_the_expected_loss_is_least(loss, p):
    def expected(f):
        one, zero = loss.loss([1.0, 0.0], [f, f])
        return p * one + (1.0 - p) * zero

    best = minimize_scalar(expected, bounds=(-100.0, 100.0), options={"xatol": 1e-10}).x
    assert loss.inverse_link(best) == pytest.approx(p, rel=1e-3)
    assert float(loss.link(p)) == pytest.approx(best, rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(loss.fit_intercept([1.0, 0.0], [p, 1.0 - p]), loss.link(p))


@each_loss
def test_the_slope_is_that_of_the_formula(loss):
    margin = np.linspace(-30.0, 30.0, 121)
    gradient, _ = loss.gradient_hessian(np.ones_like(margin), margin)
    np.testing.assert_allclose(loss.log_slope(margin), np.log(-gradient), rtol=1e-12, atol=1e-12)


@each_loss
def test_probabilities_of_extreme_scores(loss):
    raw = np.array([-1e300, -1e4, 1e4, 1e300])
    p = loss.inverse_link(raw)
    assert (np.diff(p) >= 0.0).all()
    np.testing.assert_allclose(p[[0, 3]], [0.0, 1.0], atol=1e-9)
    several = loss.inverse_link(np.array([[1e4, 0.0, -1e4], [1e9, -1e9, 0.0]]))
    assert (np.diff(several[0]) <= 0.0).all()
    np.testing.assert_allclose(several[1, 0], 1.0, atol=1e-6)


@each_loss
def test_classes_that_are_rare_have_a_finite_score(loss):
    probability = np.array([0.9, 0.07, 0.02, 0.01])
    found = loss.inverse_link(scores_of(loss, probability)[None])
    np.testing.assert_allclose(found, [probability], rtol=1e-3)


@pytest.mark.parametrize(
    ("loss", "bound"),
    [
        (bl.GeneralizedCrossEntropy(0.5), 2.0),
        (bl.BiTemperedLogistic(0.5, 1.0), 2.0),
    ],
    ids=repr,
)
def test_a_label_that_is_wrong_for_sure_costs_little(loss, bound):
    value = loss.loss(np.ones(3), [-50.0, -1e5, -1e30])
    np.testing.assert_allclose(value, bound, rtol=1e-4)
    gradient, _ = loss.gradient_hessian(np.ones(1), [-50.0])
    assert abs(gradient[0]) < 1e-5


def test_largest_curvature():
    margin = np.linspace(-40.0, 40.0, 80_001)
    for loss in [*LOSSES, *LIMITS]:
        _, curvature = loss.gradient_hessian(np.ones_like(margin), margin, curvature="exact")
        assert loss.largest_curvature == pytest.approx(curvature.max(), rel=1e-4)


@each_loss
def test_the_quadratic_of_a_boosting_step_lies_above_the_loss(loss):
    start = np.linspace(-12.0, 12.0, 97)[:, None]
    margin = np.linspace(-60.0, 60.0, 1201)
    ones = np.ones_like(start[:, 0])
    gradient, majorizer = loss.gradient_hessian(ones, start[:, 0], curvature="majorizer")
    step = margin - start
    quadratic = loss.loss(ones, start[:, 0])[:, None] + gradient[:, None] * step
    quadratic += 0.5 * majorizer[:, None] * step * step
    value = loss.loss(np.ones_like(margin), margin)
    assert (quadratic - value > -1e-12 * (1.0 + value)).all()


@pytest.mark.parametrize("loss", LOSSES[:4], ids=repr)
def test_the_majorizer_is_that_of_the_cross_entropy_weighted_or_the_largest_curvature(loss):
    f = np.linspace(-20.0, 20.0, 401)
    slope, majorizer = loss.gradient_hessian(np.ones_like(f), f, curvature="majorizer")
    plain, weighted = bl.Logistic().gradient_hessian(np.ones_like(f), f, curvature="majorizer")
    bound = np.minimum(slope / plain * weighted, loss.largest_curvature)
    np.testing.assert_allclose(majorizer, bound, rtol=1e-12)
    assert majorizer[0] < 0.11 * majorizer.max()


@pytest.mark.parametrize("loss", LOSSES[:3], ids=repr)
def test_more_than_two_classes_are_boosted_by_the_majorizer(loss):
    """At the start of ten classes the second derivative is negative, and would be a tenth of the largest."""
    computation = class_computation(loss)
    assert computation.outputs == (GRADIENT, MAJORIZER)
    f = np.full(1, -np.log(9.0))
    _, bound = loss.gradient_hessian(np.ones(1), f, curvature="majorizer")
    _, hessian = several_gradients(loss, np.zeros(1), np.zeros((1, 10)), None)
    np.testing.assert_allclose(hessian[0, 0], 10.0 / 9.0 * bound[0], rtol=1e-5)
    _, exact = boosting_gradients(loss, np.ones(1), f)
    assert exact[0] < 0.5 * bound[0]


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("k", [2, 4])
@each_loss
def test_wrong_labels_are_forgiven(library, k, loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4))
    clean = np.digitize(X[:, 0] + X[:, 1], np.linspace(-1.0, 1.0, k + 1)[1:-1])
    wrong = rng.random(1500) < 0.2
    y = np.where(wrong, (clean + 1) % k, clean)
    model = fit(library, drop_in(library, loss, rounds=60), X[:1000], y[:1000])
    assert np.mean(model.predict(X[1000:]) == clean[1000:]) > 0.75
