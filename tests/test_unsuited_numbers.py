"""The warning of a delta or scale that is far from the size of the residuals."""

import re
import warnings

import numpy as np
import pytest
from drop_in import drop_in, each_library

import boostloss as bl
from boostloss.boosting import unsuited
from boostloss.boosting.ignored import Part
from boostloss.boosting.unsuited import unsuited_number

_rng = np.random.default_rng(0)
X = _rng.normal(size=(400, 3))
CURVE = 2.0 * X[:, 0] + np.sin(3.0 * X[:, 1])
NOISE = _rng.standard_normal(400)
PRICES = 200_000.0 + 50_000.0 * CURVE + 10_000.0 * NOISE
START = {"xgboost": "base_margin", "lightgbm": "init_score", "catboost": "baseline"}


def said(library, y, loss, table=X, options=(), **parameters):
    """What a fit warns of."""
    model = drop_in(library, loss, **{"rounds": 20, "learning_rate": 0.3} | parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(table, y, **dict(options))
    assert all(each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


@each_library
@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Welsch(2.0), bl.Barron("adaptive", 1e-3)])
def test_one_far_too_small_warns_once(library, loss):
    # 80 rounds, since a graduated loss is nearly squared until the fit slows down; and not of ignored rows as well
    (text,) = said(library, PRICES, loss, rounds=80)
    name = "delta" if isinstance(loss, bl.Huber) else "scale"
    start = rf"{re.escape(repr(loss))} has a {name} far too small for this target: after the last round [01]% of"
    assert re.match(start, text)
    (suited,) = re.findall(rf"A {name} of about (\d+) would suit", text)
    assert 1e3 < float(suited) < 1e6


@each_library
@pytest.mark.parametrize("loss", [bl.LogCosh(1e7), bl.Cauchy(1e7)], ids=repr)
def test_one_far_too_large_warns_once(library, loss):
    (text,) = said(library, PRICES, loss)
    assert re.match(
        r"\w+\(scale=10000000.0\) has a scale far too large .* 100% .* squared error", text
    )
    (suited,) = re.findall(r"A scale of about (\d+) would suit", text)
    assert 3e3 < float(suited) < 3e4


@each_library
@pytest.mark.parametrize(
    ("loss", "wrong"),
    [
        (bl.SmoothL1(1.0), "beta far too small"),
        (bl.PseudoHuber(1e9), "delta far too large"),
        (bl.Tukey(1e9), "scale far too large"),
        (bl.EpsilonInsensitive(1e7), "has an epsilon far too large .* it counts no error"),
        (bl.Asymmetric(bl.Huber(1.0), 3.0), "delta far too small"),
        (bl.Linex(1.0), "a far too large .* a few rows decide"),
        (bl.Linex(1e-6), None),
        (bl.Asymmetric(bl.Huber(2e4), 3.0), None),
        (bl.Fair(1e4), None),
    ],
    ids=repr,
)
def test_every_loss_with_a_number(library, loss, wrong):
    if library == "catboost" and isinstance(loss, bl.EpsilonInsensitive):
        pytest.skip("CatBoost itself refuses to sample rows whose gradients are all 0")
    texts = said(library, PRICES, loss)
    assert len(texts) == (wrong is not None)
    assert wrong is None or re.search(wrong, texts[0])


SENSIBLE = {
    "three deviations of noise that nothing predicts": (NOISE, bl.Huber(3.0), {}),
    "three deviations of the noise": (CURVE + 0.1 * NOISE, bl.Huber(0.3), {}),
    "next to no noise": (CURVE + 0.02 * NOISE, bl.Huber(1.0), {"rounds": 60}),
    "nothing but ties": (np.round(CURVE), bl.Huber(0.5), {}),
    "mostly zero": (np.where(NOISE > 1.3, 1000.0 * np.abs(NOISE), 0.0), bl.Huber(1.0), {}),
    "nearly one value": (np.where(X[:, 0] > 2.8, 4.0, 3.0), bl.Welsch(1.0), {}),
    "the square alone": (PRICES, bl.Barron(2.0, 1.0), {}),
    "no number": (PRICES, bl.Huber(), {}),
}


@each_library
@pytest.mark.parametrize("name", SENSIBLE)
def test_a_sensible_number_does_not(library, name):
    y, loss, parameters = SENSIBLE[name]
    assert not said(library, y, loss, **parameters)


@each_library
@pytest.mark.parametrize("n", [2, 5, 12, 30])
def test_few_rows(library, n):
    assert not said(library, (CURVE + NOISE)[:n], bl.Huber(0.5), X[:n], rounds=3)


@each_library
def test_a_rounded_target_has_ties_that_do_not_count(library):
    (text,) = said(library, 20_000.0 * np.round(PRICES / 20_000.0), bl.Huber(1.0))
    assert "far too small" in text


@each_library
def test_rows_of_no_weight_do_not_count(library):
    y = np.where(np.arange(400) % 3, 1e6 * NOISE, CURVE)
    assert "far too small" in said(library, y, bl.Huber(1.0))[0]
    weight = np.where(np.arange(400) % 3, 0.0, 1.0)
    assert not said(library, y, bl.Huber(1.0), options={"sample_weight": weight})


@each_library
def test_residuals_are_those_above_the_start(library):
    options = {START[library]: 1e6 * X[:, 2]}
    y = 1e6 * X[:, 2] + CURVE
    assert not said(library, y, bl.Huber(1.0), options=options)
    assert "far too large" in said(library, y, bl.Huber(1e5), options=options)[0]


@pytest.mark.parametrize("loss", [bl.Cauchy(0.3), bl.Huber(1e-3)], ids=repr)
def test_residuals_that_vanish_where_trees_interpolate_condemn_no_number(loss):
    rows = Part(X, CURVE + 0.1 * NOISE, np.ones(400), None)
    assert unsuited_number(loss, loss, rows, lambda part: part.y + 1e-9 * NOISE) is None


def test_heavy_tails_are_what_a_large_number_is_for():
    y = _rng.standard_cauchy(4000)
    rows = Part(X, y, np.ones(4000), None)
    for number, warns in ((12.0, False), (1e5, True)):
        text = unsuited_number(bl.Huber(number), bl.Huber(number), rows, lambda part: 0.1 * part.y)
        assert (text is not None) is warns


@each_library
def test_a_model_is_asked_only_where_the_number_may_be_wrong(library, monkeypatch):
    asked = []
    monkeypatch.setattr(
        unsuited, "is_too_large", lambda value, before: asked.append(len(before)) or False
    )
    assert not said(library, PRICES, bl.Huber(1e4))
    assert asked == [200]
