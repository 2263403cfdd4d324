"""The public entries beside the losses' own methods: texts, metrics, scores, exposure, and Barron's distribution.

As `test_fuzz.py`, some hundred examples with `make test`, and many with `make fuzz`.
"""

import pickle

import numpy as np
import pytest
from fuzzing import (
    ADAPTIVE,
    ANY,
    CLASSES,
    DISTRIBUTIONS,
    LEVELS,
    SINGLE,
    anything,
    assert_form_does_not_matter,
    assert_same,
    dtypes,
    extremes,
    fuzzed,
    held,
    in_domain,
    maybe_weights,
    moderate,
    number_of_rows,
    numbers,
    outcome,
    own_squares,
    tried,
    values,
    weights,
)
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import boostloss as bl
from boostloss import plot
from boostloss.boosting.exposure import rate
from boostloss.distribution import BarronDistribution
from boostloss.losses.catalogue import to_string

RATES = [bl.Poisson(), bl.Gamma(), bl.Tweedie(1.5)]


# Texts

NAMED = [
    *SINGLE,
    *CLASSES,
    *DISTRIBUTIONS,
    *ADAPTIVE,
    *LEVELS,
    own_squares(),
    bl.GHMC(),
    bl.FBeta(),
]
PIECES = [
    *"()[],=.-;' \n#",
    "nan",
    "inf",
    "None",
    "True",
    "1e999",
    "9" * 400,
    "-2",
    "1_0",
    "Huber(1)",
]
PIECES += ["'adaptive'", "alpha", "Huber", "**{}", "lambda:0", "error", "error();", "\\", '"', "\0"]


@st.composite
def texts(draw):
    """Any text, or that of a loss with some of its characters replaced."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.text(max_size=20))
    text = to_string(draw(st.sampled_from(NAMED)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        piece = draw(st.sampled_from(PIECES) | st.text(max_size=3))
        text = text[:start] + piece + text[start + draw(st.integers(0, 3)) :]
    return text


@fuzzed(30)
@given(texts())
def test_a_text_is_a_loss_or_refused(text):
    loss, refused = tried(bl.from_string, text)
    if refused:
        assert len(refused) < 3000
    else:
        assert isinstance(loss, bl.Loss)
        assert bl.from_string(to_string(loss)) == loss


@fuzzed(15)
@given(st.data())
def test_a_loss_is_the_loss_of_its_text(data):
    loss = data.draw(st.sampled_from(NAMED))
    given = {name: x for name, x in loss.given_parameters().items() if isinstance(x, float)}
    several = st.lists(st.floats(0.0, 1.0), max_size=3)
    drawn = anything | st.floats(0.0, 2.0) | several
    found, refused = tried(lambda: loss.with_parameters(**{x: data.draw(drawn) for x in given}))
    assert not refused or any(name in refused for name in given)
    loss = found or loss
    assert bl.from_string(repr(loss)) == loss == pickle.loads(pickle.dumps(loss))
    assert repr(bl.from_string(repr(loss))) == repr(loss)


# Metrics and scores


@pytest.mark.filterwarnings("ignore:XGBoost keeps six decimals")
@fuzzed(10)
@given(st.data())
def test_metrics_are_the_mean_loss(data):
    loss = data.draw(st.sampled_from(SINGLE + ADAPTIVE))
    n = number_of_rows(data)
    y = in_domain(loss, data.draw(numbers(moderate, n)))
    f, weight = data.draw(numbers(values(data), n)), maybe_weights(data, n)
    library = data.draw(st.sampled_from([bl.xgboost, bl.lightgbm]))

    def value(*given):
        found = library.metric(loss)(*given)
        return found[1] if isinstance(found, tuple) else found

    assert_same(outcome(value, y, f, weight), outcome(loss.mean_loss, y, f, weight))
    assert_form_does_not_matter(data, value, (y, f, weight))


LAYOUTS = ("as it is", "swapped bytes", "unaligned", "read-only", "strided", "backwards")


@fuzzed(6)
@given(st.data())
def test_the_metric_of_catboost_is_the_mean_loss(data):
    loss = data.draw(st.sampled_from(SINGLE))
    n = number_of_rows(data)
    arrays = [data.draw(numbers(values(data), n)) for _ in range(2)]
    arrays = [in_domain(loss, arrays[0]), arrays[1], data.draw(numbers(weights, n))]
    y, f, weight = (
        ANY[data.draw(st.sampled_from(LAYOUTS))](held(x, data.draw(dtypes))) for x in arrays
    )
    metric = bl.catboost.metric(loss)

    def value(y, f, weight):
        return metric.get_final_error(*metric.evaluate((f,), y, weight))

    weight = weight if data.draw(st.booleans()) else None
    if n == 0 or (weight is not None and not weight.any()):
        assert value(y, f, weight) == 0.0
        return
    found, expected = outcome(value, y, f, weight), outcome(loss.mean_loss, y, f, weight)
    if isinstance(found, type):
        assert found is expected
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@fuzzed(5)
@given(st.data())
def test_the_score_of_several_levels(data):
    loss = data.draw(st.sampled_from(LEVELS))
    n = number_of_rows(data)
    odd = st.sampled_from([1e100, -1e100, 1e-320, np.nan, np.inf])  # whose squares are finite
    y = data.draw(numbers(data.draw(st.sampled_from([st.integers(-2, 2), moderate | odd])), n))
    f = data.draw(numbers(st.integers(-3, 3), (n, loss.n_outputs)))
    weight = maybe_weights(data, n)
    assert_form_does_not_matter(data, loss.score, (y, f, weight))
    found = outcome(loss.score, y, f, weight)
    if isinstance(found, list):
        assert found[0] <= 1.0


# Residuals and exposure


@fuzzed(4)
@given(st.data())
def test_residuals_of_adaptive_losses(data):
    loss = data.draw(st.sampled_from(ADAPTIVE))
    n = number_of_rows(data)
    error = data.draw(numbers(values(data), n))

    def parameters(error, weight):
        return np.array(loss.fitted(error, weight).parameters)

    weight = maybe_weights(data, n)
    assert_form_does_not_matter(data, parameters, (error, weight))
    found = outcome(parameters, error, weight)
    if isinstance(found, list):
        assert not np.isnan(found).any()


@fuzzed(6)
@given(st.data())
def test_exposure(data):
    loss = data.draw(st.sampled_from(RATES))
    n = number_of_rows(data)
    y = in_domain(loss, data.draw(numbers(data.draw(st.sampled_from([moderate, extremes])), n)))
    positive = st.floats(0.1, 10.0)
    units = data.draw(numbers(data.draw(st.sampled_from([positive, anything])), n))

    def rates(y, units, weight):
        return rate(loss, y, weight, units, "exposure")

    weight = maybe_weights(data, n)
    assert_form_does_not_matter(data, rates, (y, units, weight))
    found = outcome(rates, y, units, weight)
    if isinstance(found, list):
        assert not np.isinf(found[0]).any()
        assert (found[1] >= 0.0).all()


# Barron's distribution

positive = st.floats(0.0, exclude_min=True, allow_infinity=False)
shapes = st.sampled_from([0.0, 1.0, 2.0, np.inf]) | st.floats(0.0, 3.0) | st.floats(0.0)


@fuzzed(8)
@given(st.data())
def test_forms_of_errors_and_levels(data):
    distribution = BarronDistribution(data.draw(shapes), data.draw(positive))
    name = data.draw(st.sampled_from(["logpdf", "cdf", "ppf", "fit"]))
    n = number_of_rows(data)
    drawn = [data.draw(numbers(values(data), n))]
    if name == "fit":

        def call(*given):
            found = BarronDistribution.fit(*given)
            return np.array([found.alpha, found.scale])

        assert_form_does_not_matter(data, call, (*drawn, maybe_weights(data, n)))
    else:
        call = getattr(distribution, name)
        assert_form_does_not_matter(data, lambda x: np.ravel(call(x)), drawn)


@fuzzed(10)
@given(shapes, positive, numbers(extremes | st.floats(-5.0, 5.0), 6), numbers(st.floats(0, 1), 4))
def test_a_distribution_of_any_shape_and_scale(alpha, scale, x, q):
    distribution = BarronDistribution(alpha, scale)
    x = np.sort(np.concatenate([x, [-np.inf, 0.0, np.inf], np.clip(x, -1.0, 1.0) * scale]))
    p, likelihood = distribution.cdf(x), distribution.logpdf(x)
    assert not np.isnan(likelihood).any()
    assert ((p >= 0.0) & (p <= 1.0)).all()
    assert (np.diff(p) >= -1e-12).all()
    np.testing.assert_allclose(distribution.cdf(-x), 1.0 - p, atol=1e-12)
    at = distribution.ppf(q)
    assert not np.isnan(at).any()
    if scale > 1e-300:  # of which a float holds all digits
        here = np.abs(at / scale) < 1e300
        np.testing.assert_allclose(distribution.cdf(at)[here], q[here], atol=1e-9)
    assert not np.isnan(distribution.rvs(3, random_state=0)).any()


@fuzzed(6)
@given(numbers(extremes, 9), numbers(weights, 9))
def test_the_likeliest_distribution(error, weight):
    found, refused = tried(BarronDistribution.fit, error, weight)
    if refused:
        assert "error must be other than 0" in refused
    else:
        assert 0.0 <= found.alpha <= 2.0
        assert np.isfinite(found.scale)
        assert found.scale > 0.0


# Pictures


def drawn(plot, *rows):
    """The lines of a picture, end to end."""
    return np.concatenate([line.get_xydata() for line in plot(*rows, ax=Figure().subplots()).lines])


@fuzzed(1)
@given(st.data())
def test_pictures(data):
    n = number_of_rows(data)
    odd = moderate | st.sampled_from([1e100, -1e-300, np.nan, np.inf])
    y = data.draw(numbers(data.draw(st.sampled_from([moderate, odd])), n))
    f = data.draw(numbers(moderate, (n, 2)))
    share = data.draw(numbers(st.sampled_from([0.0, 0.25, 1.0, np.nan]), n))
    described = bl.Normal().distribution(f)
    calls = {
        "quantiles": (lambda f, y, ax: plot.plot_quantiles(f, [0.1, 0.9], y, ax=ax), (f, y)),
        "reliability": (lambda p, ax: plot.plot_reliability(f[:, 0] > 0.0, p, ax=ax), (share,)),
        "pit": (lambda y, ax: plot.plot_pit(y, described, ax=ax), (y,)),
        "coverage": (lambda y, ax: plot.plot_coverage(y, described, ax=ax), (y,)),
    }
    call, arrays = calls[data.draw(st.sampled_from(list(calls)))]
    assert_form_does_not_matter(data, lambda *given: drawn(call, *given), arrays)
    found = outcome(lambda *given: drawn(call, *given), *arrays)
    if isinstance(found, list):
        assert np.isfinite(found[0]).all()
