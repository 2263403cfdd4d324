"""Several quantiles in CatBoost: a training for each, and one model."""

import numpy as np
import pytest
from drop_in import drop_in, fit, raw_prediction
from friedman import LEVELS, STOP, TRAIN, X, y

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

LOSS = bl.Quantile(LEVELS)


def test_catboost_stops_each_level_by_its_own_loss(tmp_path):
    loss = LOSS
    model = drop_in("catboost", loss, rounds=200, stop=20, learning_rate=0.1)
    fit("catboost", model, X[TRAIN], y[TRAIN], eval_set=(X[STOP], y[STOP]))
    assert list(model.best_iteration_) == [repr(each) for each in loss.columns]
    kept = [best + 1 for best in model.best_iteration_.values()]
    assert model.tree_count_ == sum(kept)
    for each, rounds in zip(loss.columns, kept, strict=True):
        alone = fit(
            "catboost",
            drop_in("catboost", each, rounds=rounds, learning_rate=0.1),
            X[TRAIN],
            y[TRAIN],
        )
        np.testing.assert_allclose(
            raw_prediction("catboost", model, X)[:, loss.columns.index(each)],
            alone.predict(X),
            rtol=1e-12,
        )
        assert model.best_score_["validation"][f"{each!r} Quantile"] == pytest.approx(
            each.mean_loss(y[STOP], alone.predict(X[STOP])), rel=1e-6
        )
    assert model.feature_importances_.shape == (10,)
    assert model.predict(X[0]).shape == (3,)
    model.save_model(str(tmp_path / "model.cbm"))
    loaded = LIBRARIES["catboost"].estimator("regression")().load_model(str(tmp_path / "model.cbm"))
    assert loaded.loss == loss
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_catboost_refuses_what_is_of_one_training():
    model = drop_in("catboost", LOSS)
    for name, value in (
        ("init_model", "x.cbm"),
        ("baseline", np.zeros(900)),
        ("save_snapshot", True),
    ):
        with pytest.raises(ValueError, match=f"{name} must not be given with Quantile"):
            model.fit(X, y, **{name: value})


def test_native_training_takes_the_metric_and_not_the_objective():
    from catboost import CatBoostRegressor

    from boostloss.catboost import metric, objective

    with pytest.raises(ValueError, match="one raw prediction a row, got Quantile"):
        objective(LOSS)
    native = CatBoostRegressor(
        loss_function="MultiQuantile:alpha=0.05,0.5,0.95",
        eval_metric=metric(LOSS),
        iterations=5,
        verbose=False,
        allow_writing_files=False,
    )
    native.fit(X[TRAIN], y[TRAIN], eval_set=(X[STOP], y[STOP]))
    (value,) = native.get_evals_result()["validation"]["Quantile"][-1:]
    assert value == pytest.approx(LOSS.mean_loss(y[STOP], native.predict(X[STOP])), rel=1e-6)
