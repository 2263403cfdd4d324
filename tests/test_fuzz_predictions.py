"""Predictions and scores of fitted estimators, from rows in any container that the library takes.

As `test_fuzz.py`, a few examples with `make test`, and many with `make fuzz`.
"""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from drop_in import drop_in, each_library, fit
from fuzzing import (
    anything,
    bad_weights,
    extremes,
    forms,
    fuzzed,
    in_domain,
    in_forms,
    moderate,
    numbers,
    weights,
)
from hypothesis import given, note
from hypothesis import strategies as st

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore")  # of what a user should look at: all is odd here

X = np.random.default_rng(0).normal(size=(60, 3)).round(1)
SIGNAL = X[:, 0] + 0.5 * X[:, 1]
LOSSES = {
    "numbers": (bl.Huber(1.0), SIGNAL),
    "amounts": (bl.Poisson(), np.exp(SIGNAL)),
    "quantiles": (bl.Quantile([0.1, 0.9]), SIGNAL),
    "distributions": (bl.Normal(), SIGNAL),
    "labels": (bl.Focal(), np.where(SIGNAL > 0.0, "high", "low")),
    "classes": (bl.Focal(), np.array(list("abc"))[np.digitize(SIGNAL, [-0.5, 0.5])]),
}
NUMBERS = [name for name, (loss, _) in LOSSES.items() if loss.task == "regression"]
SPARSE = [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.coo_matrix]


@cache
def fitted(library, name):
    loss, y = LOSSES[name]
    return fit(library, drop_in(library, loss, rounds=3), X, y)


@cache
def own(library):
    """The library's own estimator, which says what a table is."""
    record = LIBRARIES[library]
    return record.estimator("regression", own=True)(**{record.rounds: 3} | record.settings).fit(
        X, SIGNAL
    )


def ways(model):
    """The ways to predict from a table."""

    def distribution(rows):
        found = model.predict_distribution(rows)
        return np.stack([found.mean(), found.std()], axis=1)

    loss = model.loss_
    found = {"predict": model.predict}
    if loss.task == "binary":
        found["probability"] = model.predict_proba
    if isinstance(loss, bl.Normal):
        found["distribution"] = distribution
    return found


def tried(call, rows):
    try:
        return np.asarray(call(rows))
    except Exception as error:
        return error


def reads_alike(library, rows, plain):
    """Whether the library reads the same numbers from both; None where it takes no such rows."""
    ours, theirs = tried(own(library).predict, rows), tried(own(library).predict, plain)
    return None if isinstance(ours, Exception) else np.array_equal(ours, theirs)


@st.composite
def tables(draw):
    """A table in some container, and the plain array of its numbers."""
    n = draw(st.integers(0, 5))
    plain = draw(numbers(draw(st.sampled_from([moderate, extremes, anything])), (n, 3)))
    kind = draw(st.sampled_from(["form", "sparse", "columns"]))
    if kind == "form":
        return draw(forms(plain))
    if kind == "sparse":  # XGBoost takes what is not there for missing
        plain = np.where(plain == 0.0, 1.0, plain)
        return draw(st.sampled_from(SPARSE))(plain), plain
    return pd.DataFrame({f"c{j}": pd.Series(plain[:, j], dtype="Float64") for j in range(3)}), plain


@each_library
@fuzzed(4)
@given(data=st.data())
def test_a_table_in_any_form(library, data):
    name = data.draw(st.sampled_from(list(LOSSES)))
    rows, plain = data.draw(tables())
    model = fitted(library, name)
    way, call = data.draw(st.sampled_from(list(ways(model).items())))
    note((name, way))
    found, expected = tried(call, rows), tried(call, plain)
    if library == "xgboost" and not getattr(rows, "dtype", X.dtype).isnative:
        assert isinstance(found, ValueError)
        assert "byte order" in str(found)
        return
    alike = reads_alike(library, rows, plain)
    if alike is None:
        assert isinstance(found, Exception)
    elif alike and not isinstance(rows, np.ma.MaskedArray):  # whose masks no library reads
        np.testing.assert_array_equal(found, expected)


@each_library
@fuzzed(2)
@given(data=st.data())
def test_predictions_are_possible(library, data):
    name = data.draw(st.sampled_from(list(LOSSES)))
    n = data.draw(
        st.integers(LIBRARIES[library].name == "lightgbm", 5)
    )  # which takes no empty table
    rows = data.draw(numbers(data.draw(st.sampled_from([extremes, anything])), (n, 3)))
    model, (loss, y) = fitted(library, name), LOSSES[name]
    prediction = model.predict(rows)
    assert len(prediction) == n
    if loss.task == "binary":
        assert np.isin(prediction, y).all()
        probability = model.predict_proba(rows)
        assert probability.shape == (n, len(model.classes_))
        assert (probability >= 0.0).all()
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-5)
        best = model.classes_[probability.argmax(axis=1)]
        np.testing.assert_array_equal(np.ravel(prediction), best)
        return
    assert np.isfinite(prediction).all()
    if name == "quantiles":
        assert prediction.shape == (n, 2)
        assert (np.diff(prediction, axis=1) >= 0.0).all()
    if name == "distributions":
        found = model.predict_distribution(rows)
        np.testing.assert_allclose(found.mean(), prediction, rtol=1e-6)
        assert (found.std() > 0.0).all()


@fuzzed(3)
@given(data=st.data())
def test_a_row_alone_in_catboost(data):
    model = fitted("catboost", data.draw(st.sampled_from(list(LOSSES))))
    row = data.draw(numbers(moderate, 3))
    for call in ways(model).values():
        np.testing.assert_array_equal(np.ravel(call(row)), np.ravel(call(row[None])))


@each_library
@pytest.mark.parametrize("name", LOSSES)
def test_what_is_no_table_is_refused(library, name):
    model = fitted(library, name)
    for bad in (
        None,
        "a",
        {},
        [],
        [[]],
        X[:2, :2],
        X[:2, :0],
        np.zeros((2, 3, 3)),
        [["a", "b", "c"]],
    ):
        assert reads_alike(library, bad, bad) is None
        for call in ways(model).values():
            assert isinstance(tried(call, bad), Exception), bad


# Scores

ARGUMENTS = re.compile(r"\by\b|y_true|sample_weight|[Ww]eights?\b|fit_intercept")


def scored(model, y, weight):
    """The score of the first rows, or the type of the error, which must name an argument."""
    try:
        return model.score(X[: len(y)], y, weight)
    except (ValueError, TypeError) as error:
        if ARGUMENTS.search(str(error)):
            return type(error)
        raise


@each_library
@fuzzed(4)
@given(data=st.data())
def test_scores(library, data):
    name = data.draw(st.sampled_from(NUMBERS))
    n = data.draw(st.integers(2, 8))
    y = data.draw(numbers(data.draw(st.sampled_from([moderate, moderate | st.just(np.nan)])), n))
    if name == "distributions" and data.draw(st.booleans()):
        y = np.stack([y, y + data.draw(numbers(st.sampled_from([0.0, 1.0]), n))], axis=1)
    y = in_domain(LOSSES[name][0], y)
    columns = [y]
    if data.draw(st.booleans()):
        columns.append(data.draw(numbers(data.draw(st.sampled_from([weights, bad_weights])), n)))
    given, plain = in_forms(data, columns)
    note(name)
    model = fitted(library, name)
    found, expected = scored(model, *given), scored(model, *plain)
    assert found == expected
