"""What a fit is given beside its rows: evaluation sets, their weights, and initial scores, in any container.

As `test_fuzz.py`, a few examples with `make test`, and many with `make fuzz`.
"""

import re

import catboost
import numpy as np
import pytest
from drop_in import drop_in, each_library, fit, raw_prediction
from fuzzing import anything, bad_weights, forms, fuzzed, in_domain, in_forms, moderate, numbers
from hypothesis import assume, given, note
from hypothesis import strategies as st
from test_fuzz_fits import ERRORS, LOSSES
from test_fuzz_predictions import SIGNAL, X

from boostloss.boosting.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore")  # of what a user should look at: all is odd here
STARTS = {"xgboost": "base_margin", "lightgbm": "init_score"}
NAMES = re.compile(
    r"eval_|evaluation|\bvalid|margin|init_score|initial|\bscore|baseline|y_true|[Tt]arget|[Ll]abel|[Ww]eight|\by\b"
)


def outcome(call):
    """What a call returns, or the type of its error, which must name an argument."""
    try:
        return call()
    except ERRORS as error:
        if NAMES.search(str(error)):
            return type(error)
        raise


def takes(call):
    """Whether the library takes what it is given for an objective of its own."""
    try:
        call()
    except Exception:
        return False
    return True


def own(library, task):
    record = LIBRARIES[library]
    name = record.own_objectives[task][0]
    settings = {record.rounds: 1, record.threads: 1} | record.parameters(name) | record.settings
    return record.estimator(task, True)(**settings)


def assert_alike(library, ours, expected):
    if isinstance(ours, type) or isinstance(expected, type):
        assert ours is expected, (ours, expected)
    else:  # CatBoost keeps the precision of some containers
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def native(library, arrays):
    """Whether the library reads their byte order: XGBoost would misread the other one."""
    arrays = [values for values in arrays if isinstance(values, np.ndarray)]
    return library != "xgboost" or all(values.dtype.isnative for values in arrays)


@each_library
@fuzzed(1)
@given(data=st.data())
def test_evaluation_sets(library, data):
    """The figures of a set, whatever holds its targets and weights, are those of plain arrays."""
    loss = data.draw(st.sampled_from(LOSSES))
    n = data.draw(st.integers(1, 12))
    y = data.draw(numbers(data.draw(st.sampled_from([moderate, moderate, anything])), n))
    columns = [in_domain(loss, y) if data.draw(st.booleans()) else y]
    if data.draw(st.booleans()):
        columns.append(data.draw(numbers(bad_weights, n)))
    given, plain = in_forms(data, columns)
    note(loss)
    record, training = LIBRARIES[library], (X, in_domain(loss, SIGNAL))

    def history(y, weight):
        model = drop_in(library, loss, rounds=2)
        fit(library, model, *training, **record.evaluation(X[:n], y, weight, []))
        found = record.metric_history(model)
        return np.concatenate([np.ravel(x) for figures in found.values() for x in figures.values()])

    def own_fit(y, weight):
        sets = record.evaluation(X[:n], y, weight, [])
        fit(library, own(library, loss.task), *training, **sets)

    assume(native(library, given))
    assume(not isinstance(given[1], np.ma.MaskedArray))  # no library reads the mask of such weights
    assume(loss.task != "binary" or np.asarray(given[0]).dtype.kind != "O")
    assume(takes(lambda: own_fit(*given)))
    assert_alike(library, outcome(lambda: history(*given)), outcome(lambda: history(*plain)))


@each_library
@fuzzed(1)
@given(data=st.data())
def test_initial_scores(library, data):
    """The model that begins with initial scores, whatever holds them but a mask, is that of plain arrays."""
    loss = data.draw(st.sampled_from([loss for loss in LOSSES if loss.n_outputs == 1]))
    y = in_domain(loss, SIGNAL)
    start = data.draw(numbers(data.draw(st.sampled_from([moderate, anything])), len(X)))
    given, plain = data.draw(forms(start))
    note((loss, given))

    def trained(start, of=None):
        model = drop_in(library, loss, rounds=2) if of is None else of
        if library == "catboost":
            fit(library, model, catboost.Pool(X, y, baseline=start), None)
        else:
            fit(library, model, X, y, **{STARTS[library]: start})
        return raw_prediction(library, model, X)

    assume(native(library, [given]) and not isinstance(given, np.ma.MaskedArray))
    assume(takes(lambda: trained(given, own(library, loss.task))))
    assert_alike(library, outcome(lambda: trained(given)), outcome(lambda: trained(plain)))
