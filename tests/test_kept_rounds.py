"""The warning that of all rounds only the first is kept."""

import warnings

import numpy as np
import pytest
from drop_in import drop_in, each_library, fit

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 3))
SCORES = rng.choice([5.0, 6.0, 7.0], 600, p=[0.2, 0.6, 0.2])  # the median predicts most of them
CURVE = X[:, 0] + 0.1 * rng.normal(size=600)


def said(library, loss, y, rounds=40, **options):
    """What a fit warns of that stops by the last third of the rows."""
    record = LIBRARIES[library]
    model = drop_in(library, loss, rounds=rounds, stop=10, **options)
    evaluation = record.evaluation(X[400:], y[400:], None, [])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore", FutureWarning)  # of LightGBM about its own parameters
        warnings.simplefilter("always", UserWarning)
        fit(library, model, X[:400], y[:400], **evaluation)
    return [str(each.message) for each in caught], record.kept_rounds(model)


@each_library
@pytest.mark.parametrize("loss", [bl.Quantile(0.5), bl.Huber(1.0)], ids=repr)
def test_one_round_is_told(library, loss):
    (text,), kept = said(library, loss, SCORES, learning_rate=1.0)
    assert kept == 1
    assert text.startswith(f"{loss!r} was trained for ")
    assert "only the first is kept" in text
    assert LIBRARIES[library].early_stopping in text


@each_library
def test_of_several_outputs_too(library):
    loss = bl.Normal()
    (text,), kept = said(library, loss, SCORES, learning_rate=1.0)
    assert kept == 1
    assert text.startswith(f"{loss!r} was trained for ")


@each_library
@pytest.mark.parametrize("loss", [bl.Quantile(0.5), bl.Normal()], ids=repr)
def test_a_fit_that_learns_says_nothing(library, loss):
    texts, kept = said(library, loss, CURVE)
    assert kept > 1
    assert texts == []


@each_library
def test_the_only_round_says_nothing(library):
    texts, kept = said(library, bl.Quantile(0.5), SCORES, rounds=1)
    assert kept == 1
    assert texts == []


@pytest.mark.filterwarnings("ignore:.*only the first is kept")
@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@each_library
def test_training_goes_on_from_a_model_that_kept_one_round(library):
    """XGBoost's new model says that its best round is that of the old one, and has evaluated nothing."""
    record, loss = LIBRARIES[library], bl.Huber(1.0)
    first = drop_in(library, loss, rounds=40, stop=10, learning_rate=1.0)
    evaluation = record.evaluation(X[400:], SCORES[400:], None, [])
    fit(library, first, X[:400], SCORES[:400], **evaluation)
    assert record.kept_rounds(first) == 1
    model = drop_in(library, loss, rounds=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(library, model, X, SCORES, **{record.continue_from: first})
    assert np.isfinite(model.predict(X)).all()
