"""Pickles of another version, and pickles that were changed: refused in one sentence."""

import copy
import pickle

import numpy as np
import pytest
from boosting import X, target
from drop_in import drop_in, each_library, fit, fitted_loss
from own_losses import overstock

import boostloss as bl
from boostloss.boosting.estimators import STAMP
from boostloss.losses import pickles

LATER = r"is of boostloss 7\.0, in a form that boostloss 0.* cannot read: install boostloss 7\.0"


class OfAttributes:
    """A pickle as version 0.1.0 wrote it: a class, and the attributes of the object."""

    def __init__(self, kind, **attributes):
        self.kind, self.attributes = kind, attributes

    def __reduce__(self):
        return object.__new__, (self.kind,), self.attributes


def pickled_later(monkeypatch, value):
    with monkeypatch.context() as later:
        later.setattr(pickles, "FORM", 7)
        later.setattr(bl, "__version__", "7.0")
        return pickle.dumps(value)


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Barron(0.0, "adaptive"), overstock()], ids=repr)
def test_a_loss_of_a_later_form(loss, monkeypatch):
    with pytest.raises(ValueError, match=f"this pickle of a loss {LATER}"):
        pickle.loads(pickled_later(monkeypatch, loss))


@each_library
def test_an_estimator_of_a_later_form(library, monkeypatch):
    model = drop_in(library, bl.Huber(1.0))
    text = pickled_later(monkeypatch, model)
    with pytest.raises(ValueError, match=f"this pickle of .* {LATER}"):
        pickle.loads(text)


def test_a_parameter_that_is_not_valid():
    text = pickle.dumps(bl.Huber(2.0), protocol=0).replace(b"F2.0\n", b"F-2.0\n")
    with pytest.raises(ValueError, match=r"delta must be .*, got -2\.0"):
        pickle.loads(text)
    with pytest.raises(ValueError, match=r"of boostloss 0.* does not suit boostloss .*unknown"):
        pickles.read(pickles.FORM, "0.9", bl.Huber, {"unknown": 1.0})


@pytest.mark.parametrize(
    ("pickled", "message"),
    [
        (OfAttributes(bl.Huber, delta=-1.0), "delta must be"),
        (OfAttributes(bl.Huber, delta="x"), "delta must be"),
        (OfAttributes(bl.Focal, gamma=2.0, alpha=3.0), "alpha must be"),
        (OfAttributes(bl.Barron, alpha=0.0, scale=np.nan), "scale must be"),
    ],
)
def test_attributes_that_are_not_valid(pickled, message):
    with pytest.raises((ValueError, TypeError), match=message):
        pickle.loads(pickle.dumps(pickled))


@pytest.mark.parametrize(
    ("pickled", "expected"),
    [
        (OfAttributes(bl.Huber, delta=2.0), bl.Huber(2.0)),
        (OfAttributes(bl.Cauchy, alpha=0.0, scale="adaptive"), bl.Cauchy("adaptive")),
        (OfAttributes(bl.Welsch, alpha=3.0, scale=2.0), bl.Welsch(2.0)),
    ],
)
def test_attributes_as_version_0_1_0_wrote_them(pickled, expected):
    found = pickle.loads(pickle.dumps(pickled))
    assert found == expected
    assert type(found) is type(expected)
    assert vars(found) == vars(expected)


@each_library
def test_an_estimator_with_the_loss_of_the_other_task(library):
    model = fit(library, drop_in(library, bl.Huber(1.0)), X, target(bl.Huber(1.0)))
    assert fitted_loss(library, pickle.loads(pickle.dumps(model))) == bl.Huber(1.0)
    state = model.__getstate__()
    assert state[STAMP] == pickles.stamp()
    state["loss_function" if library == "catboost" else "loss_"] = bl.Logistic()
    with pytest.raises(ValueError, match="takes a regression loss, got Logistic"):
        type(model)().__setstate__(state)


@each_library
def test_an_estimator_without_a_stamp_is_of_version_0_1_0(library):
    model = fit(library, drop_in(library, bl.Huber(1.0)), X, target(bl.Huber(1.0)))
    state = {name: value for name, value in model.__getstate__().items() if name != STAMP}
    again = type(model)()
    again.__setstate__(state)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert STAMP not in vars(copy.copy(model))
