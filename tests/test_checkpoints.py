"""The models that XGBoost's `TrainingCheckPoint` writes while a fit goes on."""

import numpy as np
import pytest
import xgboost as xgb
from boosting import X, target
from cases import every_boosted_loss
from drop_in import drop_in, raw_prediction

import boostloss as bl


def small(loss, n_estimators=8, **parameters):
    return drop_in("xgboost", loss, rounds=n_estimators, **parameters)


@every_boosted_loss
def test_a_checkpoint_loads_as_the_model_of_its_round(loss, tmp_path):
    y = target(loss)
    saving = xgb.callback.TrainingCheckPoint(tmp_path, name="model", interval=4)
    model = small(loss, callbacks=[saving]).fit(X, y)
    assert saving in model.get_params()["callbacks"]
    loaded = small(loss)
    loaded.load_model(tmp_path / "model_4.ubj")
    assert loaded.loss_ == loss
    rounds = loaded.get_booster().num_boosted_rounds()
    staged = model.predict(X, iteration_range=(0, rounds))
    np.testing.assert_allclose(loaded.predict(X), staged, rtol=1e-5)
    np.testing.assert_allclose(
        raw_prediction("xgboost", loaded, X),
        model.predict(X, output_margin=True, iteration_range=(0, rounds)),
    )
    loaded.save_model(tmp_path / "again.json")
    again = small(loss)
    again.load_model(tmp_path / "again.json")
    np.testing.assert_array_equal(again.predict(X), loaded.predict(X))


@every_boosted_loss
def test_training_goes_on_from_a_checkpoint(loss, tmp_path):
    y = target(loss)
    saving = xgb.callback.TrainingCheckPoint(tmp_path, name="model", interval=4)
    whole = small(loss, callbacks=[saving]).fit(X, y)
    path = tmp_path / "model_4.ubj"
    rounds = 8 - xgb.Booster(model_file=path).num_boosted_rounds()
    rest = small(loss, n_estimators=rounds).fit(X, y, xgb_model=path)
    np.testing.assert_allclose(rest.predict(X), whole.predict(X), rtol=1e-4)
    attributes = rest.get_booster().attributes()
    assert "boostloss_linkless" not in attributes


@pytest.mark.parametrize(
    ("loss", "link"), [(bl.Poisson(), "log"), (bl.Huber(1.0), "log"), (bl.Logistic(), "logit")]
)
def test_a_record_of_a_link_that_does_not_lack_is_refused(loss, link, tmp_path):
    model = small(loss).fit(X, target(loss))  # whose link is there, or is not of the loss
    model.get_booster().set_attr(boostloss_linkless=link)
    model.save_model(tmp_path / "edited.json")
    with pytest.raises(ValueError, match=f"record says that it lacks the link '?{link}"):
        small(loss).load_model(tmp_path / "edited.json")
