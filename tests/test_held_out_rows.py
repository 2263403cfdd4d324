"""Rows that are held out of a fit, in tables whose rows cannot be taken, and starts of several raw predictions."""

import numpy as np
import pytest
from boosting import SIGNAL, X
from drop_in import drop_in, each_library, fit
from scipy import sparse

import boostloss as bl

pytestmark = [  # what SciPy and the libraries say of such tables
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
    pytest.mark.filterwarnings("ignore:Unknown data type", "ignore:Converting .* to"),
]
LABEL = (SIGNAL > 0.0).astype(int)
FORMATS = [sparse.coo_matrix, sparse.dia_matrix, sparse.bsr_matrix, sparse.coo_array]
LOSSES = [(bl.Normal(), SIGNAL), (bl.FBeta(), LABEL)]


@each_library
@pytest.mark.parametrize(("loss", "y"), LOSSES, ids=["Normal", "FBeta"])
@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.__name__)
def test_sparse_tables_of_every_format(library, loss, y, kind):
    if library == "catboost" and kind is not sparse.coo_matrix:
        kind = sparse.csc_matrix  # the only others that CatBoost takes
    table = kind(X)
    model = fit(library, drop_in(library, loss, rounds=3), table, y)
    expected = fit(library, drop_in(library, loss, rounds=3), table.tocsr(), y)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert repr(getattr(model, "loss_", loss)) == repr(getattr(expected, "loss_", loss))


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.__name__)
def test_sparse_rows_of_soft_labels_to_stop_by(kind):
    soft = np.stack([1.0 - 0.8 * LABEL, 0.8 * LABEL], axis=1)
    model = drop_in("xgboost", bl.Logistic(), rounds=3)
    fit("xgboost", model, X, soft, eval_set=[(kind(X), soft)])
    (values,) = model.evals_result()["validation_0"].values()
    assert values[-1] < values[0]


@pytest.mark.parametrize(
    ("library", "name", "order"), [("xgboost", "base_margin", "C"), ("lightgbm", "init_score", "F")]
)
def test_a_start_of_several_raw_predictions_in_one_dimension(library, name, order):
    start = np.stack([SIGNAL, np.full(len(X), 1.0)], axis=1)
    models = [
        fit(library, drop_in(library, bl.Normal(), rounds=3), X, SIGNAL, **{name: given})
        for given in (start, start.ravel(order), start.ravel(order).tolist())
    ]
    for model in models[1:]:
        np.testing.assert_array_equal(model.predict(X), models[0].predict(X))


def test_a_start_of_one_column_in_lightgbm():
    start = 0.5 * SIGNAL
    fits = [
        fit("lightgbm", drop_in("lightgbm", bl.FBeta(), rounds=3), X, LABEL, init_score=given)
        for given in (start, start[:, None])
    ]
    assert fits[0].loss_ == fits[1].loss_
