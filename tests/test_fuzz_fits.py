"""Fits to any numbers in any container that the library takes: the model of plain arrays, or an error that says why.

As `test_fuzz.py`, a few examples with `make test`, and many with `make fuzz`.
"""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from catboost import CatBoostError
from drop_in import drop_in, each_library, fit, raw_prediction
from fuzzing import anything, bad_weights, forms, fuzzed, in_domain, in_forms, moderate, numbers
from hypothesis import assume, given, note
from hypothesis import strategies as st

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore")  # of what a user should look at: all is odd here
LOSSES = [bl.Huber(1.0), bl.Quantile(0.9), bl.Poisson(), bl.Cauchy("adaptive")]
LOSSES += [bl.Focal(), bl.Quantile([0.1, 0.9]), bl.Normal()]
TABLES = {
    "array": np.array,
    "frame": pd.DataFrame,
    "nullable": lambda X: pd.DataFrame(X, dtype="Float64"),
    "polars": lambda X: pl.DataFrame(X, schema=["a", "b"]),
    "sparse": scipy.sparse.csr_matrix,
    "single": lambda X: X.astype(np.float32),
    "Fortran": np.asfortranarray,
}
ARGUMENTS = re.compile(
    r"\by\b|y_true|sample_weight|exposure|[Tt]argets?\b|[Ll]abels?\b|[Ww]eights?\b"
)
ERRORS = ValueError, TypeError, CatBoostError
positive = st.floats(1.0, 8.0)  # which integers hold


def library_takes(library, task, X, y, weight):
    """Whether the library trains one of its own objectives on these."""
    own = LIBRARIES[library].own_objectives[task][0]
    settings = {LIBRARIES[library].rounds: 1, LIBRARIES[library].threads: 1}
    settings |= LIBRARIES[library].parameters(own) | LIBRARIES[library].settings
    try:
        fit(
            library,
            LIBRARIES[library].estimator(task, True)(**settings),
            X,
            y,
            sample_weight=weight,
        )
    except Exception:
        return False
    return True


def found(library, loss, X, y, weight, **options):
    """The raw predictions of a fit, or the type of its error, which must name an argument."""
    model = drop_in(library, loss, rounds=2)
    try:
        fit(library, model, X, y, sample_weight=weight, **options)
    except ERRORS as error:
        if ARGUMENTS.search(str(error)):
            return type(error)
        raise
    return raw_prediction(library, model, X)


@each_library
@fuzzed(1)
@given(data=st.data())
def test_fits(library, data):
    loss = data.draw(st.sampled_from(LOSSES))
    n = data.draw(st.integers(2, 30))
    X = data.draw(numbers(st.integers(0, 3), (n, 2)))
    X[:, 0] = np.arange(n)
    sensible = data.draw(st.booleans())
    y = data.draw(numbers(moderate if sensible else anything, n))
    y = np.round(y, 6) if sensible else y  # float32, in which the libraries train, tells them apart
    y = in_domain(loss, y) if sensible or data.draw(st.booleans()) else y
    columns = [y]
    if data.draw(st.booleans()):
        columns.append(data.draw(numbers(st.floats(0.5, 2.0) if sensible else bad_weights, n)))
    given, plain = in_forms(data, columns)
    table = data.draw(st.sampled_from(list(TABLES)))
    note((loss, table))
    X = TABLES[table](X)
    assume(library_takes(library, loss.task, X, *given))
    arrays = [values for values in given if isinstance(values, np.ndarray)]
    # XGBoost would misread the other byte order, and these labels are of several types.
    assume(library != "xgboost" or all(values.dtype.isnative for values in arrays))
    assume(loss.task != "binary" or np.asarray(given[0]).dtype.kind != "O")
    # CatBoost keeps labels in float32.
    large = np.isfinite(plain[0]) & (np.abs(plain[0]) > 2**24)
    assume(library != "catboost" or loss.task != "binary" or not large.any())
    ours, expected = found(library, loss, X, *given), found(library, loss, X, *plain)
    if isinstance(ours, type) or isinstance(expected, type):
        assert ours is expected, (ours, expected)
        counted = plain[0] if plain[1] is None else plain[0][plain[1] > 0.0]
        alike = len(counted) == 0 or np.ptp(counted) == 0.0  # of which a Normal tells no scale
        assert alike or not sensible or loss.task == "binary", ours
    else:  # CatBoost keeps the precision of some containers
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)
        assert np.isfinite(ours).all()


@each_library
@fuzzed(1)
@given(data=st.data())
def test_exposure(library, data):
    """A fit with an exposure is that of the rates, which weigh, whatever holds the exposure."""
    loss, power = data.draw(st.sampled_from([(bl.Poisson(), 1.0), (bl.Tweedie(1.5), 1.5)]))
    n = data.draw(st.integers(2, 30))
    X = np.arange(n, dtype=np.float64)[:, None]
    y = np.abs(data.draw(numbers(moderate, n)))
    sensible = data.draw(st.booleans())
    given, units = data.draw(forms(data.draw(numbers(positive if sensible else anything, n))))
    note((loss, given))
    ours = found(library, loss, X, y, None, exposure=given)
    if isinstance(ours, type):
        # CatBoost refuses targets that are the same in float32.
        assert not sensible or np.ptp((y / units).astype(np.float32)) == 0.0
        return
    units = units.astype(np.float64)
    expected = found(library, loss, X, y / units, units ** (2.0 - power))
    np.testing.assert_array_equal(ours, expected)
    assert np.isfinite(ours).all()
