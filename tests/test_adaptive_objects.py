"""Adaptive losses as Python objects: arguments, copies, comparisons."""

import copy
import dataclasses
import inspect
import math
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import boostloss as bl
from boostloss.boosting.gradients import curvature_scale
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss

KINDS = [loss for loss in bl.LOSSES if hasattr(loss, "estimates")]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@dataclasses.dataclass(frozen=True)
class OneSided(bl.Huber):
    """A subclass of a user, with a parameter of its own."""

    extra: float = 3.0


class Renamed(bl.Cauchy):
    """A subclass of a user that changes nothing."""


@each_kind
@pytest.mark.parametrize("word", ["adaptive", np.str_("adaptive")])
def test_an_adaptive_loss_is_a_value(kind, word):
    loss = kind(word)
    assert isinstance(loss, Loss)
    for twin in (kind("adaptive"), copy.copy(loss), pickle.loads(pickle.dumps(loss))):
        assert twin == loss
        assert hash(twin) == hash(loss)
        assert repr(twin) == repr(loss) == repr(bl.from_string(repr(loss)))
    assert copy.deepcopy(loss) is loss
    assert clone(loss, safe=False) is loss
    assert loss not in {kind(2.0), *(other("adaptive") for other in KINDS if other is not kind)}


@each_kind
def test_arguments_are_bound_as_those_of_numbers(kind):
    (first, *others) = (field.name for field in dataclasses.fields(kind) if field.init)
    assert kind("adaptive") == kind(**{first: "adaptive"})
    assert getattr(kind("adaptive"), first) == "adaptive"
    for value in (2.0, "adaptive"):
        too_many = (value,) * (2 + len(others))
        for arguments, keywords in (
            (too_many, {}),
            ((value,), {first: value}),
            ((value,), {"unknown": 1.0}),
            ((), {"unknown": value}),
        ):
            with pytest.raises(TypeError, match=rf"{kind.__name__}\.__init__\(\)"):
                kind(*arguments, **keywords)


def test_the_shape_of_a_named_loss_is_no_argument():
    for alpha in (1.0, "adaptive"):
        with pytest.raises(TypeError, match=r"Cauchy\.__init__\(\).* unexpected .*'alpha'"):
            bl.Cauchy(alpha=alpha)


@pytest.mark.parametrize("shape", [2, 2.0, np.float32(2.0), np.array(2.0)])
def test_numbers_beside_adaptive_ones_are_floats(shape):
    loss = bl.Barron(shape, "adaptive")
    assert type(loss.alpha) is float
    assert loss == bl.Barron(2.0, "adaptive") == bl.from_string(repr(loss))


@pytest.mark.parametrize("shape", ["1.0", "Adaptive", True, None, np.ones(2), [1.0]])
def test_others_beside_adaptive_ones_are_refused(shape):
    with pytest.raises(TypeError, match="alpha must be a number, inf or -inf, or 'adaptive', got"):
        bl.Barron(shape, "adaptive")
    with pytest.raises(ValueError, match="scale must be a number from"):
        bl.Barron("adaptive", -1.0)


def test_immutable():
    for name in ("delta", "kind", "given", "new"):
        with pytest.raises(AttributeError):
            setattr(bl.Huber("adaptive"), name, 1.0)


@each_kind
def test_signatures_are_those_of_the_parameters(kind):
    parameters = inspect.signature(kind).parameters
    assert list(parameters) == [field.name for field in dataclasses.fields(kind) if field.init]
    assert "fitted" in dir(kind("adaptive"))


def test_a_copy_with_other_parameters():
    assert dataclasses.replace(bl.Huber(2.0), delta="adaptive") == bl.Huber("adaptive")
    assert dataclasses.replace(bl.Barron(0.5, 1.0), scale="adaptive") == bl.Barron(0.5, "adaptive")
    with pytest.raises(TypeError, match="delta"):
        dataclasses.replace(bl.Huber("adaptive"), delta=2.0)


@pytest.mark.parametrize("loss", [OneSided("adaptive", 4), Renamed("adaptive")], ids=repr)
def test_subclasses_of_users_adapt(loss):
    assert pickle.loads(pickle.dumps(loss)) == loss
    fixed = loss.fitted([1.0, -2.0, 3.0])
    assert type(fixed) is loss.kind
    assert repr(loss).startswith(loss.kind.__name__)
    assert getattr(fixed, "extra", 4.0) == 4.0


@each_kind
def test_what_it_does_not_know_yet_is_said(kind):
    loss = kind("adaptive")
    for ask in (
        lambda: loss.parameters,
        lambda: loss.largest_curvature,
        lambda: curvature_scale(loss),
    ):
        with pytest.raises(
            ValueError, match="before it is fitted to residuals: see its method `fitted`"
        ):
            ask()
    with pytest.raises(AttributeError, match="'Adaptive' object has no attribute 'nothing'"):
        _ = loss.nothing


def test_an_infinite_shape_stays():
    loss = bl.Barron(-math.inf, "adaptive")
    assert isinstance(loss, Adaptive)
    assert loss.fitted([1.0, -2.0, 3.0]).alpha == -math.inf
