"""Losses of one's own: what the decorator makes of a function, and what it says to one that is no loss."""

import copy
import math
import pickle
import warnings

import mpmath as mp
import numpy as np
import pytest
from own_losses import (
    OWN,
    overstock,
    own_barron,
    own_focal,
    own_huber,
    own_log_cosh,
    poisson,
    power_loss,
    probit,
    savage,
    softplus_squares,
)
from scipy import special
from sklearn.base import clone

import boostloss as bl
from boostloss import kernels
from boostloss.losses.catalogue import to_string

every_loss = pytest.mark.parametrize("loss", OWN, ids=repr)


def test_a_loss_is_a_frozen_dataclass_with_the_parameters_of_the_function():
    loss = overstock(over=4)
    assert repr(loss) == "overstock(over=4.0, cap=100.0)"
    assert (loss.over, loss.cap) == (4.0, 100.0)
    assert loss == overstock(4.0)
    assert loss != overstock()
    assert len({loss, overstock(4.0), overstock()}) == 2
    assert isinstance(loss, bl.Loss)
    assert overstock.__doc__.startswith("Too much costs")
    with pytest.raises(AttributeError):
        loss.over = 5.0
    with pytest.raises(ValueError, match="over must be a finite number, got inf"):
        overstock(over=math.inf)
    with pytest.raises(TypeError, match="over must be a finite number, got 'big'"):
        overstock(over="big")


@every_loss
def test_a_loss_is_copied_pickled_and_written(loss):
    for other in (
        copy.copy(loss),
        copy.deepcopy(loss),
        clone(loss, safe=False),
        pickle.loads(pickle.dumps(loss)),
        bl.from_string(repr(loss)),
        bl.from_string(to_string(loss)),
    ):
        assert other == loss
        assert hash(other) == hash(loss)
        assert type(other) is type(loss)


def test_the_value_is_that_of_the_function():
    y, f = np.array([0.0, 0.0, 1.0, 1.0]), np.array([50.0, -3.0, 3.0, -300.0])
    np.testing.assert_array_equal(overstock().loss(y, f), [100, 3, 6, 100])
    np.testing.assert_array_equal(overstock().gradient_hessian(y, f)[0], [0, -1, 3, 0])
    np.testing.assert_allclose(savage().loss(y, f), 4 / (1 + np.exp([-50, 3, 3, -300])) ** 2)
    np.testing.assert_allclose(poisson().loss(y, f), np.exp(f) - y * f)
    np.testing.assert_allclose(
        poisson().gradient_hessian(y, f, curvature="exact"), [np.exp(f) - y, np.exp(f)]
    )
    np.testing.assert_allclose(
        softplus_squares().loss(y, f), (np.logaddexp(0.0, f) - y) ** 2, rtol=1e-12
    )


def test_a_formula_may_ask_for_its_parameters():
    assert "log1p(" in own_barron(alpha=0.0).trace.text
    assert "power(" in own_barron(alpha=1.0).trace.text
    y, f = np.zeros(3), np.array([0.1, 2.0, 30.0])
    for alpha in (0.0, 1.0):
        np.testing.assert_allclose(
            own_barron(alpha).loss(y, f), bl.Barron(alpha, 1.0).loss(y, f), 1e-12
        )


def test_a_textbook_formula_keeps_its_digits():
    """Cancelling and overflowing arithmetic is replaced where an identity allows it."""
    f = np.array([-800.0, -40.0, -1e-9, 1e-9, 40.0, 700.0])
    y = np.ones_like(f)

    @bl.loss
    def textbook_logistic(margin):
        return np.log(1 + np.exp(-margin))

    for column, expected in zip(
        (textbook_logistic().loss(y, f), *textbook_logistic().gradient_hessian(y, f)),
        (bl.Logistic().loss(y, f), *bl.Logistic().gradient_hessian(y, f)),
        strict=True,
    ):
        np.testing.assert_allclose(column, expected, rtol=1e-14, atol=1e-320)
    np.testing.assert_allclose(
        own_focal().gradient_hessian(y, f)[0], bl.Focal().gradient_hessian(y, f)[0], rtol=1e-12
    )
    x = np.array([1e-9, 1e-3, 0.2, 5.0, 900.0])
    np.testing.assert_allclose(
        own_log_cosh(1.0).loss(0 * x, x), bl.LogCosh(1.0).loss(0 * x, x), rtol=1e-13
    )


@bl.loss(link="log")
def gamma_shape(target, prediction, rate=2.0):
    """Of a gamma distribution, whose shape is predicted."""
    log_density = special.xlogy(prediction, rate) + (prediction - 1) * np.log(target)
    return math.lgamma(prediction) - log_density + rate * target


@bl.loss(inverse_link=lambda raw: np.log1p(np.exp(raw)))
def mean_logarithm(target, prediction):
    return (special.psi(1 + prediction) - np.log1p(target)) ** 2


@bl.loss
def truncated(margin, cut=0.5):
    return special.log_ndtr(cut) - special.log_ndtr(margin)


@pytest.mark.parametrize("loss", [gamma_shape(), mean_logarithm(), truncated()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gammas_and_the_normal_distribution(loss, dtype):
    f = np.array([-4.0, -1.5, 0.0, 0.3, 0.5, 2.5, 4.5], dtype)
    y = np.ones_like(f) if loss.kind == "margin" else np.full_like(f, 1.5)
    columns = (loss.loss(y, f), *loss.gradient_hessian(y, f, curvature="exact"))
    with mp.workdps(40):
        data = {"target": mp.mpf(1.5)}
        parameters = {name: mp.mpf(number) for name, number in loss.given.items()}

        def exact(x):
            point = {"margin": x} if loss.kind == "margin" else {"raw_prediction": x}
            return loss.trace.replay(data | point | parameters)

        true = [[mp.diff(exact, mp.mpf(float(x)), order) for x in f] for order in range(3)]
    rtol = 1e-13 if dtype == np.float64 else 2e-5
    for column, expected in zip(columns, np.array(true, float), strict=True):
        np.testing.assert_allclose(column, expected, rtol=rtol, atol=rtol)
    assert bl.from_string(repr(loss)) == loss
    assert bl.from_string(loss.record) == loss


def test_probit_in_both_tails():
    f = np.array([-1e4, 8.0])
    slope, bend = probit().gradient_hessian(np.ones(2), f, curvature="exact")
    np.testing.assert_allclose(slope, [-1e4 - 1e-4 + 2e-12, -5.052271083536893e-15], rtol=1e-14)
    np.testing.assert_allclose(bend, [1 - 1e-8 + 6e-16, 8 * 5.052271083536893e-15], rtol=1e-13)


@pytest.mark.parametrize(
    ("own", "hand"),
    [
        (own_huber(0.7), bl.Huber(0.7)),
        (own_log_cosh(0.5), bl.LogCosh(0.5)),
        (own_barron(0.0, 0.4), bl.Cauchy(0.4)),
        (own_barron(-2.0, 0.3), bl.GemanMcClure(0.3)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("n", [1, 2, 301, 100_000])
def test_the_best_constant_is_that_of_the_loss_written_by_hand(own, hand, n):
    rng = np.random.default_rng(n)
    y, weight = rng.standard_t(2, n), rng.integers(0, 3, n) + (np.arange(n) == 0)
    expected = hand.fit_intercept(y, weight)
    found = own.fit_intercept(y, weight)
    assert own.mean_loss(y, np.full(n, found), weight) <= own.mean_loss(
        y, np.full(n, expected), weight
    ) * (1 + 1e-9)


def test_the_best_constant_of_other_losses():
    rng = np.random.default_rng(0)
    counts = rng.poisson(3.0, 1000).astype(float)
    assert poisson().fit_intercept(counts) == pytest.approx(np.log(counts.mean()), rel=1e-9)
    assert poisson().fit_intercept(np.zeros(5)) < -0.9
    label = (rng.random(1000) < 0.2).astype(float)
    logit = math.log(label.mean() / (1 - label.mean()))
    # Savage's loss is proper: 1 / (1 + exp(-2 margin)) of the margin halved ... is the probability.
    assert savage().inverse_link(savage().fit_intercept(label)) == pytest.approx(
        label.mean(), rel=1e-6
    )
    assert own_focal(0.0).fit_intercept(label) == pytest.approx(logit, rel=1e-6)
    assert math.isfinite(savage().fit_intercept(np.ones(4)))
    # Three times as dear to be too high: the quantile of 1/4.
    y = rng.normal(size=2001)
    assert overstock(cap=1e4).fit_intercept(y) == pytest.approx(np.quantile(y, 0.25), abs=0.01)


def test_probabilities_are_those_at_which_the_slopes_cancel():
    raw = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(
        own_focal(2.0).inverse_link(raw), bl.Focal(2.0).inverse_link(raw), 1e-12
    )
    np.testing.assert_allclose(
        own_focal(2.0).link(bl.Focal(2.0).inverse_link(raw)), raw, 1e-7, 1e-9
    )

    @bl.loss
    def hinge(margin):
        return max(1 - margin, 0.0)

    expected = [0.0, 0.5, 0.5, 0.5, 1.0]
    np.testing.assert_array_equal(hinge().inverse_link(np.array([-2, -0.5, 0, 0.5, 2])), expected)
    assert np.isnan(hinge().inverse_link(np.array([np.nan]))).all()


def test_links():
    np.testing.assert_allclose(poisson().inverse_link([0.0, 1.0]), [1.0, math.e])
    np.testing.assert_allclose(poisson().link([1.0, math.e]), [0.0, 1.0], atol=1e-15)
    prediction = np.array([1e-3, 0.5, 4.0])
    found = softplus_squares().link(prediction)
    np.testing.assert_allclose(found, np.log(np.expm1(prediction)), rtol=1e-9)

    def squares(target, prediction):
        return (target - prediction) ** 2

    assert bl.loss(squares, inverse_link=np.exp)().link(1.0) == pytest.approx(0.0)

    @bl.loss(link="logit")
    def brier(target, prediction):
        return (target - prediction) ** 2

    assert brier().task == "binary"
    np.testing.assert_allclose(brier().inverse_link([0.0]), [0.5])
    for options in ({"link": "probit"}, {"link": "log", "inverse_link": "logit"}):
        with pytest.raises(ValueError, match="link must be one of"):
            bl.loss(squares, **options)
    with pytest.raises(ValueError, match="only a loss of \\(target, prediction\\) has a link"):
        bl.loss(half_square, link="log")


def half_square(error):
    return error**2 / 2


def test_names():
    def Huber(error):
        return error**2

    with pytest.raises(ValueError, match="Huber is a loss of boostloss already"):
        bl.loss(Huber)

    def Weibull(error):
        return error**2

    with pytest.raises(ValueError, match="Weibull is a loss of boostloss already"):
        bl.loss(Weibull)
    with pytest.raises(ValueError, match="a loss needs a name"):
        bl.loss(lambda error: error**2)

    def named_so(error, loss=1.0):
        return loss * error**2

    with pytest.raises(ValueError, match="a parameter cannot be called 'loss'"):
        bl.loss(named_so)

    def redefined(error):
        return error**2

    first = bl.loss(redefined)()

    def redefined(error):
        return 2 * error**2

    second = bl.loss(redefined)()
    assert first != second
    assert bl.from_string("redefined()") == second
    assert pickle.loads(pickle.dumps(first)) == first
    assert pickle.loads(pickle.dumps(first)).loss([0.0], [1.0]) == [1.0]
    assert bl.loss(redefined)() == second  # as when a cell of a notebook runs again


def test_parameters_may_have_any_other_name():
    @bl.loss
    def named(error, power=2.0, exp=1.0, t0=3.0, y=0.5, f=0.25):
        return abs(error) ** power * exp + t0 * error**2 + y * f * error**4

    loss = named()
    np.testing.assert_allclose(loss.loss([0.0], [2.0]), [4 + 12 + 0.125 * 16])
    assert bl.from_string(to_string(loss)) == loss


def test_options():
    with pytest.raises(ValueError, match="curvature must be one of"):
        bl.loss(half_square, curvature="newton")
    with pytest.raises(ValueError, match="smoothing must be a number >= 0 or None"):
        bl.loss(half_square, smoothing=-1)


def test_digits_that_fail_are_said_when_the_loss_is_defined():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # none of these
        bl.loss(half_square)

    def overflowing(error):
        return np.exp(error) ** 2 / (1 + np.exp(error) ** 2) + error**2

    with pytest.warns(UserWarning, match=r"overflowing: of its value.* 0 digits are right for"):
        bl.loss(overflowing)

    def cancelling(error):
        return np.sqrt(1e12 + error**2) - 1e6

    with pytest.warns(UserWarning, match=r"cancelling: of its .* digits are right for \|error\| "):
        bl.loss(cancelling)


def test_explain_says_what_boosting_does():
    text = overstock().explain()
    assert "function of the error" in text
    assert "not convex, and least at 0" in text
    assert "Hessian is zero nearly everywhere" in text
    assert "half the median distance" in text
    assert "half-width is 0.5" in savage().explain()
    assert "with the link 'log'" in poisson().explain()
    assert "least where the prediction is the target" in poisson().explain()
    assert "It is convex" in power_loss().explain()
    unit = bl.loss(half_square, curvature="unit", smoothing=0)
    assert "divides by 1" in unit().explain()
    assert "does not smooth" in unit().explain()


@pytest.mark.parametrize("loss", [x for x in OWN if x != softplus_squares()], ids=repr)
def test_losses_are_what_they_say(loss, monkeypatch):
    monkeypatch.setattr(kernels.rows, "JIT_DISABLED", True)  # other tests compile them
    report = bl.check_loss(loss, libraries=False)
    assert report.passed, str(report)
