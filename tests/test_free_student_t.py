"""Student's t distribution with predicted degrees of freedom: three raw predictions a row."""

import numpy as np
import pytest
from drop_in import drop_in, each_library, fit, raw_prediction
from likelihoods import exact, not_learned

import boostloss as bl

LOSS = bl.FreeStudentT()


def rows(n=40):
    rng = np.random.default_rng(0)
    raw = np.stack([rng.normal(size=n), rng.normal(size=n), 1.0 + 1.5 * rng.normal(size=n)], axis=1)
    return 3.0 * rng.standard_t(2, n), raw


def test_value_and_derivatives_are_exact():
    y, raw = rows()
    np.testing.assert_allclose(LOSS.loss(y, raw), -LOSS.distribution(raw).logpdf(y), rtol=1e-10)
    gradient, hessian = LOSS.gradient_hessian(y, raw)
    assert (hessian > 0.0).all()
    for target, each, found, bend in zip(y, raw, gradient, hessian, strict=True):
        for place in range(3):
            true = exact(LOSS.formula, target, each, place)
            assert found[place] == pytest.approx(true, rel=1e-8, abs=1e-9)
            # That of the scale is no bound: it is the one with which no leaf passes its best scale.
            second = exact(LOSS.formula, target, each, place, order=2)
            assert place == 1 or bend[place] >= second - 1e-7


def test_the_constant_is_that_of_maximum_likelihood():
    y = LOSS.distribution(np.tile([2.0, 0.5, np.log(3.0)], (5000, 1))).rvs(random_state=0)
    best = LOSS.fit_intercept(y)
    gradient, _ = LOSS.gradient_hessian(y, np.tile(best, (5000, 1)))
    assert np.abs(gradient.mean(axis=0)).max() < 1e-6
    assert np.abs(best - [2.0, 0.5, np.log(3.0)]).max() < 0.15
    normal = LOSS.fit_intercept(np.random.default_rng(0).normal(size=2000))
    assert np.isfinite(normal).all()
    assert normal[2] > 2.5
    with pytest.raises(ValueError, match="targets that differ"):
        LOSS.fit_intercept(np.ones(5))
    zeros = np.concatenate([np.zeros(65), np.arange(35.0)])
    for weight in (None, np.append(np.ones(99), 0.0)):
        with pytest.raises(ValueError, match="or where most are the same"):
            LOSS.fit_intercept(zeros, weight)


@each_library
def test_trees_learn_tails(library):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, (6000, 3))
    raw = np.stack([np.sin(3.0 * X[:, 0]), 0.0 * X[:, 0], np.where(X[:, 1] > 0, 0.5, 3.5)], axis=1)
    y = LOSS.distribution(raw).rvs(random_state=rng)
    model = drop_in(library, LOSS, rounds=120, learning_rate=0.1, max_depth=3)
    fit(library, model, X[:5000], y[:5000])
    found = raw_prediction(library, model, X[5000:])
    heavy, light = found[X[5000:, 1] > 0, 2], found[X[5000:, 1] < 0, 2]
    assert np.median(heavy) < 1.2 < 1.8 < np.median(light)
    constant = LOSS.fit_intercept(y[:5000])
    assert not_learned(library, model, X[5000:], y[5000:], raw[5000:], constant) < 0.35
    assert model.predict_distribution(X[:3]).ppf(0.9).shape == (3,)
