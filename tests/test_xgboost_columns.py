"""Labels and weights read where XGBoost keeps them."""

import gc

import numpy as np
import pytest
import xgboost as xgb

import boostloss as bl
from boostloss.boosting import xgboost_columns
from boostloss.boosting.xgboost_columns import Lent, lent

X = np.random.default_rng(0).standard_normal((300, 3))
Y = X[:, 0] + np.random.default_rng(1).standard_normal(300)
WEIGHT = np.random.default_rng(2).random(300)
KINDS = [xgb.DMatrix, xgb.QuantileDMatrix]


@pytest.fixture(autouse=True)
def understood(monkeypatch):
    """After the first look at each kind of matrix, which compares."""
    monkeypatch.setattr(xgboost_columns, "understood", {})
    for kind in KINDS:
        assert not isinstance(lent(kind(X, Y), "label").base, Lent)
    assert xgboost_columns.understood == dict.fromkeys(KINDS, True)


@pytest.fixture
def unknown_library(monkeypatch):
    """An XGBoost that does not say where its columns are."""
    monkeypatch.setattr(xgboost_columns, "in_place", lambda matrix, field: None)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_views_of_what_xgboost_copies(kind):
    data = kind(X, Y, weight=WEIGHT)
    for field, copy in (("label", data.get_label()), ("weight", data.get_weight())):
        column = lent(data, field)
        assert isinstance(column.base, Lent)
        assert not column.flags.writeable
        np.testing.assert_array_equal(column, copy)
        assert column.dtype == copy.dtype


@pytest.mark.parametrize("kind", KINDS)
def test_views_keep_the_matrix(kind):
    column = lent(kind(X, Y), "label")
    gc.collect()
    np.testing.assert_array_equal(column, Y.astype(np.float32))


def test_new_labels_are_seen():
    data = xgb.DMatrix(X, Y)
    lent(data, "label")
    data.set_label(-Y)
    np.testing.assert_array_equal(lent(data, "label"), -Y.astype(np.float32))


def test_no_labels_and_no_weights():
    data = xgb.DMatrix(X)
    assert len(lent(data, "label")) == len(lent(data, "weight")) == 0


def test_several_outputs_are_copied():
    labels = np.column_stack([Y, -Y])
    found = lent(xgb.DMatrix(X, labels), "label")
    assert not isinstance(found.base, Lent)
    np.testing.assert_array_equal(found, labels.astype(np.float32))


def test_a_matrix_with_labels_of_its_own_is_asked():
    class Doubled(xgb.DMatrix):
        def get_label(self):
            return 2.0 * super().get_label()

    np.testing.assert_array_equal(lent(Doubled(X, Y), "label"), 2.0 * Y.astype(np.float32))


def test_other_data_are_asked():
    class Data:
        def get_label(self):
            return [1.0]

    assert lent(Data(), "label") == [1.0]


def test_another_xgboost_is_asked(unknown_library):
    data = xgb.DMatrix(X, Y)
    assert not isinstance(lent(data, "label").base, Lent)


def test_an_xgboost_that_says_something_else_is_asked(monkeypatch):
    data = xgb.DMatrix(X, Y)
    monkeypatch.setattr(xgboost_columns, "understood", {})
    monkeypatch.setattr(xgboost_columns, "in_place", lambda matrix, field: np.zeros(len(Y)))
    for _ in range(2):
        np.testing.assert_array_equal(lent(data, "label"), Y.astype(np.float32))


def test_a_matrix_that_tells_nothing_decides_nothing(monkeypatch):
    monkeypatch.setattr(xgboost_columns, "understood", {})
    lent(xgb.DMatrix(X), "label")
    lent(xgb.DMatrix(X, np.column_stack([Y, Y])), "label")
    lent(xgb.DMatrix(X, Y), "weight")
    assert xgboost_columns.understood == {}


def test_no_matrix_is_made(monkeypatch):
    """In a training of several workers that would wait for the others."""
    data = xgb.DMatrix(X, Y)
    with monkeypatch.context() as patch:
        patch.setattr(xgboost_columns, "understood", {})
        patch.setattr(xgb.DMatrix, "__init__", None)
        lent(data, "label")
        assert isinstance(lent(data, "label").base, Lent)


def test_an_xgboost_without_the_entry(monkeypatch):
    data = xgb.DMatrix(X, Y)
    with monkeypatch.context() as patch:  # data need the library at their end
        patch.setattr(xgb.core, "_LIB", None)
        assert xgboost_columns.in_place(data, "label") is None


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.8), bl.Cauchy("adaptive")], ids=repr)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_the_model_is_the_same(loss, weight, request):
    def model():
        params = {"base_score": float(np.median(Y)), "max_depth": 3}
        data = xgb.DMatrix(X, Y, weight=weight)
        return xgb.train(params, data, 5, obj=loss).save_raw()

    views = model()
    request.getfixturevalue("unknown_library")
    assert model() == views


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_rows_is_not_read_in_place(kind):
    """XGBoost says that it lies at address 0, which NumPy 2.0 refuses."""
    weight = lent(kind(X, Y), "weight")
    assert weight.shape == (0,)
    assert not isinstance(weight.base, Lent)
