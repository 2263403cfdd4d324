"""The models that XGBoost's `TrainingCheckPoint` writes on Dask's workers while a fit goes on."""

import numpy as np
import pytest
import xgboost as xgb

import boostloss as bl
from boostloss import xgboost as one_machine

pytest.importorskip("distributed")

from dask_clusters import COUNTS, KIND, LABEL, MARKS, XGB, X, Y, cluster, parts, train

from boostloss.dask import DaskXGBClassifier, DaskXGBRegressor

pytestmark = MARKS
CASES = [(bl.Huber(), Y), (bl.Poisson(), COUNTS), (bl.Focal(2.0), LABEL), (bl.Logistic(), KIND)]


@pytest.fixture(scope="module")
def two():
    with cluster(2) as client:
        yield client


@pytest.mark.parametrize(("loss", "y"), CASES, ids=str)
def test_load_on_one_machine_as_the_model_of_their_round(loss, y, two, tmp_path):
    regression = loss.task == "regression"
    kind = DaskXGBRegressor if regression else DaskXGBClassifier
    saving = xgb.callback.TrainingCheckPoint(tmp_path, name="model", interval=4)
    rows = parts(X)
    model = train(kind(objective=loss, callbacks=[saving], **XGB), rows, parts(y))
    loaded = one_machine.XGBRegressor() if regression else one_machine.XGBClassifier()
    loaded.load_model(tmp_path / "model_4.ubj")
    assert loaded.loss_ == loss
    rounds = loaded.get_booster().num_boosted_rounds()
    assert 0 < rounds < model.get_booster().num_boosted_rounds()
    options = {"iteration_range": (0, rounds)}
    if regression:
        staged = model.predict(rows, **options).compute()
        np.testing.assert_allclose(loaded.predict(X), staged, rtol=1e-5)
    else:
        staged = model.predict_proba(rows, **options).compute()
        np.testing.assert_allclose(loaded.predict_proba(X), staged, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(loaded.classes_, np.unique(y))
    assert not any("linkless" in name for name in model.get_booster().attributes())
