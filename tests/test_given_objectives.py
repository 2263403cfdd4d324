"""What is given as objective and as metric: a loss under any name, the class of one, a loss beside a library's own."""

import numpy as np
import pandas as pd
import pytest
from boosting import SIGNAL, TRAIN, VALID, X
from drop_in import drop_in, each_library, fit, fitted_loss
from own_losses import overstock

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.catboost import metric as catboost_metric
from boostloss.lightgbm import metric as lgb_metric
from boostloss.xgboost import metric as xgb_metric

LABEL = (SIGNAL > 0.0).astype(int)


@each_library
@pytest.mark.parametrize(
    "kind", [bl.Huber, bl.Normal, bl.Focal, overstock], ids=lambda k: k.__name__
)
@pytest.mark.parametrize("task", ["regression", "binary"])
def test_the_class_of_a_loss_is_refused(library, kind, task):
    name = LIBRARIES[library].objective
    model = LIBRARIES[library].estimator(task)(**{name: kind})
    message = rf"^{name} must be an instance such as {kind.__name__}\(\), got the class {kind.__name__}\.$"
    with pytest.raises(TypeError, match=message):
        fit(library, model, X, LABEL)


@pytest.mark.parametrize("objective", [None, "regression"])
@pytest.mark.parametrize(
    ("parameters", "options"),
    [
        ({"metric": bl.Huber(1.0)}, {}),
        ({"metrics": ["l2", bl.Huber(1.0)]}, {}),
        ({}, {"eval_metric": bl.Huber(1.0)}),
        ({}, {"eval_metric": ["l2", bl.Huber(1.0)]}),
    ],
)
def test_a_loss_as_a_metric_beside_an_objective_of_lightgbm(objective, parameters, options):
    model = LIBRARIES["lightgbm"].estimator("regression")(objective=objective, **parameters)
    message = rf"Huber\(delta=1.0\) must not be a metric beside the objective {objective!r}"
    with pytest.raises(ValueError, match=message):
        model.fit(X, SIGNAL, eval_X=(X,), eval_y=(SIGNAL,), **options)


@pytest.mark.parametrize("metric", [bl.Huber(1.0), ["rmse", bl.Huber(1.0)]], ids=repr)
def test_a_loss_as_a_metric_beside_an_objective_of_xgboost(metric):
    model = drop_in("xgboost", "reg:squarederror", eval_metric=metric)
    with pytest.raises(ValueError, match="must not be a metric beside the objective 'reg:squared"):
        model.fit(X, SIGNAL, eval_set=[(X, SIGNAL)])


def test_a_loss_as_the_parameter_metric_of_lightgbm():
    with pytest.raises(ValueError, match=r"metric must be a name or a list, .* write \[Quantile"):
        drop_in("lightgbm", bl.Huber(1.0), metric=bl.Quantile(0.9)).fit(X, SIGNAL)
    model = drop_in("lightgbm", bl.Huber(1.0), metric=[bl.Quantile(0.9)])
    model.fit(X[TRAIN], SIGNAL[TRAIN], eval_X=(X[VALID],), eval_y=(SIGNAL[VALID],))
    expected = bl.Quantile(0.9).mean_loss(SIGNAL[VALID], model.predict(X[VALID]))
    (values,) = model.evals_result_["valid_0"].items()
    assert (values[0], values[1][-1]) == ("Quantile", pytest.approx(expected))


@pytest.mark.filterwarnings("ignore:Found .* in params")
@pytest.mark.parametrize("name", ["objective_type", "app", "application", "loss"])
def test_other_names_of_lightgbm_for_the_objective(name):
    model = LIBRARIES["lightgbm"].estimator("regression")(**{name: bl.Huber(1.0)}, verbose=-1)
    assert fitted_loss("lightgbm", model.fit(X, SIGNAL)) == bl.Huber(1.0)


@pytest.mark.parametrize("as_tuple", [False, True])
def test_soft_labels_in_eval_y(as_tuple):
    soft = np.stack([1.0 - 0.8 * LABEL, 0.8 * LABEL], axis=1)
    model = drop_in("lightgbm", bl.Logistic())
    table, labels = ((X,), (soft,)) if as_tuple else (X, soft)
    model.fit(X, soft, eval_X=table, eval_y=labels)
    expected = bl.Logistic().mean_loss(soft, model.predict(X, raw_score=True))
    assert model.evals_result_["valid_0"]["Logistic"][-1] == pytest.approx(expected)


def test_a_loaded_model_of_lightgbm_knows_the_names_of_features(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd"))
    for table, named in ((frame, True), (X, False)):
        model = fit("lightgbm", drop_in("lightgbm", bl.Huber(1.0)), table, SIGNAL)
        model.save_model(tmp_path / "model.txt")
        loaded = type(model)().load_model(tmp_path / "model.txt")
        assert hasattr(model, "feature_names_in_") == hasattr(loaded, "feature_names_in_") == named
        np.testing.assert_array_equal(loaded.predict(table), model.predict(table))
    loaded.fit(frame, SIGNAL)
    assert loaded.feature_names_in_.tolist() == list("abcd")


def of_two_classes(library, own, **options):
    record = LIBRARIES[library]
    settings = {record.rounds: 8, record.threads: 1} | record.parameters(own) | record.settings
    return record.estimator("binary")(**settings | options)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_loss_as_a_metric_reads_the_scores_of_catboosts_own_objectives(wrapped):
    given = catboost_metric(bl.Focal(2.0)) if wrapped else bl.Focal(2.0)
    model = of_two_classes("catboost", "Logloss", eval_metric=given)
    model.fit(X[TRAIN], LABEL[TRAIN], eval_set=(X[VALID], LABEL[VALID]))
    raw = bl.Focal(2.0).link(model.predict_proba(X[VALID])[:, 1])
    last = model.evals_result_["validation"]["Focal"][-1]
    assert last == pytest.approx(bl.Focal(2.0).mean_loss(LABEL[VALID], raw), rel=1e-5)


@pytest.mark.parametrize(("library", "made"), [("xgboost", xgb_metric), ("lightgbm", lgb_metric)])
def test_a_metric_of_raw_scores_beside_an_objective_of_the_library(library, made):
    """The library would hand it probabilities."""
    own = LIBRARIES[library].own_objectives["binary"][0]
    options = {"eval_metric": made(bl.Logistic())}
    given = options if library == "xgboost" else {}
    model = of_two_classes(library, own, **given)
    with pytest.raises(ValueError, match="must not be a metric beside the objective"):
        model.fit(X, LABEL, **({} if given else options))


@each_library
def test_the_class_of_a_loss_as_a_metric_is_refused(library):
    given = {"eval_metric": bl.Huber}
    model = drop_in(library, bl.Cauchy(1.0), **({} if library == "lightgbm" else given))
    with pytest.raises(TypeError, match=r"must be an instance such as Huber\(\)"):
        model.fit(X, SIGNAL, **(given if library == "lightgbm" else {}))
