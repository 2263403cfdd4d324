"""What the losses of the catalogue are to each other, to other libraries, and when something is wrong with them."""

import math
import pickle

import numpy as np
import pytest
from drop_in import drop_in, each_library, fit, fitted_loss
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn._loss import loss as sklearn_loss
from sklearn.base import clone

import boostloss as bl
from boostloss.losses.robust import FAIR, PSEUDO_HUBER, TUKEY

_rng = np.random.default_rng(0)
Y, F = _rng.normal(size=300) * 3.0, _rng.normal(size=300) * 3.0
COUNT, LABEL = _rng.poisson(2.0, 300).astype(float), (_rng.random(300) < 0.5).astype(float)


def outputs(loss, y=Y, f=F):
    return [loss.loss(y, f), *loss.gradient_hessian(y, f, curvature="exact")]


@pytest.mark.parametrize(
    ("loss", "other", "factor"),
    [
        (bl.AbsoluteError(), bl.Quantile(0.5), 2.0),
        (bl.SmoothL1(0.5), bl.Huber(0.5), 2.0),
        (bl.PseudoHuber(0.5), bl.Charbonnier(0.5), 0.25),
        (bl.Asymmetric(bl.SquaredError(), 3.0), bl.Expectile(0.75), 4.0),
        (bl.Asymmetric(bl.AbsoluteError(), 3.0), bl.Quantile(0.75), 4.0),
        (bl.Asymmetric(bl.Cauchy(2.0), 1.0), bl.Cauchy(2.0), 1.0),
    ],
    ids=repr,
)
def test_multiples_of_other_losses(loss, other, factor):
    for ours, theirs in zip(outputs(loss), outputs(other), strict=True):
        np.testing.assert_allclose(ours, factor * theirs, rtol=1e-12, atol=1e-14)
    assert loss.fit_intercept(Y) == pytest.approx(other.fit_intercept(Y), rel=1e-9)


def test_a_loss_of_sides_that_overflows_has_its_curvature():
    y, f = [-1e154, 1e154, -1.0], [1e154, -1e154, 1.0]
    gradient, majorizer = bl.Asymmetric(bl.SquaredError(), 0.25).gradient_hessian(y, f)
    np.testing.assert_allclose(gradient, [2e154, -5e153, 2.0], rtol=1e-15)
    np.testing.assert_array_equal(majorizer, 1.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "y", "constant"),
    [
        (bl.Poisson(), sklearn_loss.HalfPoissonLoss(), COUNT, True),
        (bl.Gamma(), sklearn_loss.HalfGammaLoss(), COUNT + 0.5, True),
        (bl.Tweedie(1.3), sklearn_loss.HalfTweedieLoss(power=1.3), COUNT, True),
        (bl.CrossEntropy(), sklearn_loss.HalfBinomialLoss(), LABEL, False),
        (bl.AbsoluteError(), sklearn_loss.AbsoluteError(), Y, False),
    ],
    ids=lambda x: repr(x) if isinstance(x, bl.Loss) else "",
)
def test_as_scikit_learn(ours, theirs, y, constant):
    # The value that scikit-learn leaves out does not depend on the prediction.
    left_out = theirs.constant_to_optimal_zero(y) if constant else 0.0
    value = theirs.loss(y_true=y, raw_prediction=F) + left_out
    gradient, hessian = theirs.gradient_hessian(y_true=y, raw_prediction=F)
    np.testing.assert_allclose(ours.loss(y, F), value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.gradient_hessian(y, F)[0], gradient, rtol=1e-9, atol=1e-12)
    if not isinstance(ours, bl.AbsoluteError):
        exact = ours.gradient_hessian(y, F, curvature="exact")[1]
        np.testing.assert_allclose(exact, hessian, rtol=1e-9)
    assert ours.fit_intercept(y) == pytest.approx(theirs.fit_intercept_only(y_true=y))


def test_other_definitions():
    mean = np.exp(F)
    half = 0.5 * metrics.mean_tweedie_deviance(COUNT, mean, power=1.6)
    assert bl.Tweedie(1.6).mean_loss(COUNT, F) == pytest.approx(half)
    # Twice the distance of the log-likelihoods of a mean and of the target itself is the deviance.
    number = 1.0 / 0.4

    def likelihood(mean):
        return stats.nbinom.logpmf(COUNT, number, number / (number + mean))

    best = likelihood(np.where(COUNT > 0, COUNT, 1e-300))
    np.testing.assert_allclose(
        bl.NegativeBinomial(0.4).loss(COUNT, F), best - likelihood(mean), rtol=1e-9, atol=1e-9
    )
    share = _rng.random(300)
    p = 1.0 / (1.0 + np.exp(-F))
    divergence = stats.entropy([share, 1.0 - share], [p, 1.0 - p])
    np.testing.assert_allclose(bl.KLDivergence().loss(share, F), divergence, rtol=1e-9, atol=1e-12)
    assert bl.Hinge().mean_loss(LABEL, F) == pytest.approx(metrics.hinge_loss(LABEL, F))
    exponential = sklearn_loss.ExponentialLoss()
    value = exponential.loss(y_true=LABEL, raw_prediction=F)
    np.testing.assert_allclose(bl.Exponential().loss(LABEL, F), value, rtol=1e-12)
    assert bl.Exponential().fit_intercept(LABEL) == pytest.approx(
        exponential.fit_intercept_only(y_true=LABEL)
    )


CONSTANTS = [
    bl.AbsoluteError(), bl.SmoothL1(0.7), bl.PseudoHuber(0.7), bl.Fair(0.7), bl.Tukey(2.0), bl.EpsilonInsensitive(1.0),
    bl.Linex(0.7), bl.Linex(-0.3), bl.Asymmetric(bl.Huber(0.5), 4.0), bl.Asymmetric(bl.Tukey(2.0), 0.2),
    bl.Asymmetric(bl.AbsoluteError(), 4.0), bl.Asymmetric(bl.EpsilonInsensitive(0.5), 3.0),
    bl.Asymmetric(bl.Welsch(1.0), 3.0),
]  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("loss", CONSTANTS, ids=repr)
def test_no_constant_is_better(loss, weighted):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = np.concatenate([rng.normal(size=60), rng.exponential(3.0, 20)])
        weight = rng.random(80) if weighted else None

        def total(constant, y=y, weight=weight):
            return loss.mean_loss(y, np.full(80, constant), weight)

        grid = np.linspace(y.min() - 1.0, y.max() + 1.0, 2001)
        start = grid[np.argmin([total(constant) for constant in grid])]
        found = minimize_scalar(total, bounds=(start - 0.01, start + 0.01), method="bounded")
        assert total(loss.fit_intercept(y, weight)) <= found.fun * (1.0 + 1e-9)


def test_boosting_asymmetric_squares_is_boosting_the_expectile():
    X, y = _rng.normal(size=(300, 3)), Y
    for library in ("xgboost", "lightgbm", "catboost"):
        step = {"leaf_estimation_iterations": 1} if library == "catboost" else {}
        found = [
            fit(library, drop_in(library, loss, **step), X, y).predict(X)
            for loss in (bl.Asymmetric(bl.SquaredError(), 3.0), bl.Expectile(0.75))
        ]
        np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-9)


def test_boosting_absolute_error_is_boosting_the_median():
    X, y = _rng.normal(size=(300, 3)), Y
    for library in ("xgboost", "lightgbm", "catboost"):
        found = [
            fit(library, drop_in(library, loss), X, y).predict(X)
            for loss in (
                bl.AbsoluteError(),
                bl.Quantile(0.5),
                bl.Asymmetric(bl.AbsoluteError(), 1.0),
            )
        ]
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        (bl.PseudoHuber, lambda x: (1.0 + x * x) ** -0.5),
        (bl.Fair, lambda x: 1.0 / (1.0 + x)),
        (bl.Tukey, lambda x: (1.0 - x * x) ** 2),
    ],
)
def test_adaptive_scales_keep_two_elevenths_at_three_deviations(kind, weight):
    error = _rng.normal(size=900)
    (scale,) = kind().fitted(error).parameters
    deviation = scale / {bl.PseudoHuber: PSEUDO_HUBER, bl.Fair: FAIR, bl.Tukey: TUKEY}[kind]
    assert deviation == pytest.approx(1.0, rel=0.1)
    assert weight(3.0 * deviation / scale) == pytest.approx(2.0 / 11.0)
    hot = kind().fitted(error, temperature=1.0)
    assert isinstance(hot, bl.Barron if kind is bl.Tukey else kind)


# Asymmetric


def test_asymmetric_of_an_adaptive_loss():
    loss = bl.Asymmetric(bl.Cauchy(), ratio=3.0)
    assert repr(loss) == "Asymmetric(base=Cauchy(scale='adaptive'), ratio=3.0)"
    assert bl.from_string(repr(loss)) == loss == pickle.loads(pickle.dumps(loss))
    assert loss.adaptive == ["scale"]
    assert loss.graduates
    error = _rng.normal(size=500)
    assert loss.fitted(error) == bl.Asymmetric(bl.Cauchy().fitted(error), 3.0)
    assert loss.with_parameters(ratio=2.0).ratio == 2.0
    # Rounds are compared by absolute errors that count on both sides as the loss does.
    assert loss.mean_loss([0.0, 0.0], [-1.0, 1.0]) == 2.0
    with pytest.raises(ValueError, match="ratio must be a number from 1e-3 to 1e3, got -1"):
        bl.Asymmetric(bl.Huber(), -1.0)


@each_library
def test_asymmetric_costs_move_predictions(library, tmp_path):
    X = _rng.normal(size=(600, 3))
    y = X[:, 0] + _rng.normal(size=600)
    low, high = (
        fit(library, drop_in(library, bl.Asymmetric(bl.Huber(), ratio), rounds=40), X, y)
        for ratio in (0.1, 10.0)
    )
    assert (low.predict(X) < high.predict(X)).mean() > 0.98
    assert np.mean(y < high.predict(X)) > 0.75 > 0.25 > np.mean(y < low.predict(X))
    assert high.adaptation_["delta"].size == 40
    path = str(tmp_path / "model")
    high.save_model(path + (".json" if library == "xgboost" else ""))
    again = type(high)()
    again.load_model(path + (".json" if library == "xgboost" else ""))
    assert fitted_loss(library, again) == bl.Asymmetric(bl.Huber(), 10.0)
    np.testing.assert_array_equal(again.predict(X), high.predict(X))
    assert clone(high).get_params(deep=True) == high.get_params(deep=True)


@pytest.mark.parametrize(
    "base",
    [
        bl.Quantile(0.9), bl.Quantile([0.1, 0.9]), bl.Expectile(0.5), bl.Linex(), bl.Poisson(), bl.Logistic(),
        bl.Barron(3.0, 1.0), bl.Asymmetric(bl.Huber(1.0), 2.0), bl.Asymmetric(bl.Huber(), 2.0),
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_made_asymmetric(base):
    with pytest.raises(ValueError, match="base must be a loss of the error that is the same"):
        bl.Asymmetric(base, 2.0)


def test_arguments_that_are_wrong():
    with pytest.raises(
        TypeError, match=r"base must be a loss of boostloss, such as Huber\(\), got 3"
    ):
        bl.Asymmetric(3, 2.0)
    for text in ("Asymmetric(Hubert(), 2)", "Asymmetric", "Asymmetric(Huber(delta=1), ratio='x')"):
        with pytest.raises(ValueError, match="Asymmetric"):
            bl.from_string(text)
    for kind, value in (
        (bl.Tweedie, 2.0), (bl.Tweedie, 0.5), (bl.NegativeBinomial, 0.0), (bl.Linex, 0.0), (bl.Tukey, -1.0),
        (bl.Fair, math.nan), (bl.PseudoHuber, math.inf), (bl.EpsilonInsensitive, 0.0), (bl.SmoothL1, 0.0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"must be a(?: positive)? number"):
            kind(value)


# Labels


@pytest.mark.parametrize(
    "loss", [bl.SquaredHinge(), bl.ModifiedHuber(), bl.Exponential()], ids=repr
)
def test_probability_at_the_best_score(loss):
    for share in (0.01, 0.3, 0.5, 0.77, 0.99):
        y, weight = np.array([0.0, 1.0]), np.array([1.0 - share, share])
        best = loss.fit_intercept(y, weight)
        other = minimize_scalar(
            lambda f, y=y, weight=weight: loss.mean_loss(y, np.full(2, f), weight),
            bounds=(-20.0, 20.0),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert best == pytest.approx(other.x, abs=1e-5)
        assert loss.inverse_link([best])[0] == pytest.approx(share)


@each_library
@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize(
    "loss", [bl.Hinge(), bl.SquaredHinge(), bl.ModifiedHuber(), bl.Exponential()], ids=repr
)
def test_classes_are_found(library, k, loss):
    X = _rng.normal(size=(600, 3))
    y = np.digitize(X[:, 0] + 0.3 * _rng.normal(size=600), [0.0, 0.8][: k - 1])
    model = fit(library, drop_in(library, loss, rounds=40), X, y)
    assert model.score(X, y) > 0.85
    probability = model.predict_proba(X)
    assert probability.shape == (600, k)
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-5)
