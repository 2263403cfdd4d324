"""The warning of rows that a loss has ignored although features predict their residuals."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from drop_in import drop_in, each_library
from scipy.sparse import csr_matrix

import boostloss as bl
from boostloss.boosting import ignored
from boostloss.boosting.libraries import LIBRARIES

_rng = np.random.default_rng(0)
X = _rng.normal(size=(600, 4))
NOISE = _rng.standard_normal(600)
CURVE = X[:, 0] + np.sin(2.0 * X[:, 1])
QUARTER = X[:, 2] > 0.7
PARTS = {
    "a quarter": np.where(QUARTER, 50.0 + 10.0 * X[:, 3], 0.0) + 0.5 * NOISE,
    "a sixteenth": CURVE + np.where(X[:, 2] > 1.5, 20.0, 0.0) + 0.5 * NOISE,
}
PARTS["a quarter beside wild labels"] = np.where(np.arange(600) % 50, PARTS["a quarter"], 1e3)
WITHOUT = {
    "wrong labels": np.where(_rng.random(600) < 0.2, 10.0 * _rng.standard_cauchy(600), 0.0),
    "wide noise on one side": NOISE * np.where(X[:, 2] > 0.0, 10.0, 0.3),
    "wrong labels on one side": np.where((_rng.random(600) < 0.45) & (X[:, 2] > 0.0), 20.0, 0.0),
    "skewed noise": np.exp(1.5 * NOISE),
}
START = {"xgboost": "base_margin", "lightgbm": "init_score", "catboost": "baseline"}
WELSCH = bl.Welsch(0.5)


def fit(library, y, loss=WELSCH, table=X, rounds=30, options=(), **parameters):
    """What a fit warns of."""
    model = drop_in(library, loss, rounds=rounds, learning_rate=0.3, **parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(table, y, **dict(options))
    return caught


@each_library
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_table_is_named_once(library, part):
    state = np.random.get_state()[1]  # noqa: NPY002
    (warning,) = fit(library, PARTS[part], bl.Cauchy(0.5))
    share = "[67]" if part == "a sixteenth" else "2."
    text = (
        rf"Cauchy\(scale=0.5\) gives about {share}% of the rows .*, scale='adaptive', more rounds"
    )
    assert re.match(text, str(warning.message))
    assert warning.filename == __file__
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@each_library
@pytest.mark.parametrize("noise", WITHOUT)
def test_noise_is_not(library, noise):
    loss = bl.Cauchy(0.5)
    assert not fit(library, CURVE + 0.2 * NOISE + WITHOUT[noise], loss, rounds=60)


@each_library
def test_an_adaptive_loss_is_judged_by_its_last_round(library):
    (warning,) = fit(library, PARTS["a quarter"], bl.Welsch(graduated=False))
    assert str(warning.message).startswith(
        "Welsch(scale='adaptive', graduated=False) gives about 2"
    )
    assert "Try a larger scale, more rounds" in str(warning.message)


@each_library
@pytest.mark.parametrize("noise", WITHOUT)
def test_noise_that_a_number_adapts_to(library, noise):
    y = CURVE + 0.2 * NOISE + WITHOUT[noise]
    for loss in (bl.Huber(), bl.Barron()):
        assert not fit(library, y, loss, rounds=60)


@each_library
def test_rows_of_no_weight_do_not_count(library):
    weight = np.where(QUARTER, 0.0, 1.0)
    assert not fit(library, PARTS["a quarter"], options={"sample_weight": weight})


@each_library
def test_residuals_are_those_above_the_start(library):
    start = 100.0 * X[:, 1]
    options = {START[library]: start}
    assert not fit(library, start + 0.5 * NOISE, options=options)
    assert len(fit(library, start + PARTS["a quarter"], options=options)) == 1


@each_library
def test_categories_and_missing_values_are_read_as_in_the_fit(library):
    kind = np.where(QUARTER, np.where(X[:, 3] > 0.0, "c", "b"), "a")
    table = pd.DataFrame({"kind": kind, "x": np.where(X[:, 1] > 1.0, np.nan, X[:, 1])})
    options = {"cat_features": ["kind"]}
    if not LIBRARIES[library].text_categories:
        table["kind"], options = table["kind"].astype("category"), {}
    assert len(fit(library, PARTS["a quarter"], table=table, options=options)) == 1


@each_library
def test_sparse_tables_are_examined(library):
    table = csr_matrix(np.where(X > 0.5, X, 0.0))
    assert len(fit(library, PARTS["a quarter"], table=table)) == 1


@each_library
def test_a_fit_does_not_fail_where_the_rows_cannot_be_examined(library, monkeypatch):
    def fail(*arguments):
        raise RuntimeError

    monkeypatch.setattr(ignored, "influence", fail)
    assert not fit(library, PARTS["a quarter"])


@each_library
def test_losses_that_keep_far_rows_are_not_examined(library, monkeypatch):
    calls = []
    monkeypatch.setattr(ignored, "influence", lambda *arguments: calls.append(arguments))
    for loss in (bl.Huber(0.5), bl.Charbonnier(0.5), bl.EpsilonInsensitive()):
        fit(library, PARTS["a quarter"], loss, rounds=2)
    assert not calls
