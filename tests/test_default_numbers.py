"""Losses without numbers: what is not given adapts, in boosting; what cannot adapt says how to give numbers."""

import pickle

import numpy as np
import pytest
from boosting import SIGNAL, X
from drop_in import drop_in, each_library, fit

import boostloss as bl
from boostloss.losses.adaptive import Adaptable
from boostloss.plot import plot_loss

KINDS = [kind for kind in bl.LOSSES if issubclass(kind, Adaptable)]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
PRICES = 200_000.0 + 70_000.0 * SIGNAL


@each_library
@each_kind
def test_prices_are_learned_without_numbers(library, kind):
    model = fit(library, drop_in(library, kind(), rounds=30, learning_rate=0.3), X, PRICES)
    constant = np.abs(PRICES - np.median(PRICES)).mean()
    assert np.abs(PRICES - model.predict(X)).mean() < 0.4 * constant
    assert set(model.adaptation_) == set(kind().adaptive)


@each_kind
def test_the_defaults_are_adaptive(kind):
    loss = kind()
    words = dict.fromkeys(loss.adaptive, "adaptive")
    assert (
        loss == kind(**words) == bl.from_string(kind.__name__) == pickle.loads(pickle.dumps(loss))
    )
    assert (
        repr(loss)
        == f"{kind.__name__}({', '.join(f'{name}={word!r}' for name, word in words.items())})"
    )
    assert (
        loss.with_parameters(**dict.fromkeys(words, 1.0))
        == loss.example
        == kind(*[1.0] * len(words))
    )


def test_one_number_leaves_the_other_adaptive():
    assert bl.Barron(0.0) == bl.Barron(0.0, "adaptive") == bl.from_string("Barron(alpha=0)")
    assert bl.Barron(scale=2.0) == bl.Barron("adaptive", 2.0) == bl.from_string("Barron(scale=2)")


@each_kind
def test_by_itself_it_takes_the_numbers_of_its_rows(kind):
    raw = PRICES[::-1]
    fixed = kind().fitted(raw - PRICES)
    assert isinstance(fixed, kind)
    np.testing.assert_array_equal(kind().loss(PRICES, raw), fixed.loss(PRICES, raw))


@pytest.mark.parametrize(
    "ask", [lambda loss: bl.catboost.objective(loss), plot_loss], ids=["catboost", "plot"]
)
def test_what_cannot_adapt_shows_how_to_give_numbers(ask):
    with pytest.raises(
        ValueError, match=r"as in Huber\(delta=1\.0\), got Huber\(delta='adaptive'\)"
    ):
        ask(bl.Huber())


def test_what_has_no_value_yet_shows_how_to_give_numbers():
    with pytest.raises(ValueError, match=r"`fitted`, or give it numbers, as in Barron\(alpha=0\.0"):
        _ = bl.Barron(0.0).largest_curvature
