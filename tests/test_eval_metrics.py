"""The metrics of a user beside a loss: what they are given, and which are refused."""

import numpy as np
import pytest
from boosting import TRAIN, VALID, WEIGHT, X
from drop_in import drop_in, each_library, fit, raw_prediction
from own_losses import poisson, savage, softplus_squares
from sklearn.metrics import accuracy_score, log_loss

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")

LABEL = (X[:, 0] > 0.0).astype(int)
AMOUNT = np.exp(X[:, 0])
OPTIONS = {"eval_set": [(X[VALID], LABEL[VALID])]}
with_callables = pytest.mark.parametrize("library", ["xgboost", "lightgbm"])


def fit_with(library, loss, y, function, sample_weight=None, **parameters):
    """A fit with a metric of the user, and the values of this metric."""
    weights = {"xgboost": "sample_weight_eval_set", "lightgbm": "eval_sample_weight"}[library]
    options = {"eval_set": [(X[VALID], y[VALID])], weights: [sample_weight]}

    def metric(y_true, y_pred, sample_weight=None):
        return "of_mine", function(y_true, y_pred, sample_weight=sample_weight), False

    def value(y_true, y_pred, sample_weight=None):
        return function(y_true, y_pred, sample_weight=sample_weight)

    value.__name__ = "of_mine"
    if library == "xgboost":
        parameters["eval_metric"] = value
    else:
        options["eval_metric"] = [metric]
    model = drop_in(library, loss, **parameters)
    fit(library, model, X[TRAIN], y[TRAIN], **options)
    (log,) = LIBRARIES[library].metric_history(model).values()
    return model, log["of_mine"]


@with_callables
@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal(2.0, 0.25), savage()], ids=repr)
def test_a_callable_gets_the_probabilities_of_predict_proba(library, loss):
    model, values = fit_with(library, loss, LABEL, log_loss, WEIGHT[VALID])
    probability = model.predict_proba(X[VALID])[:, 1]
    expected = log_loss(LABEL[VALID], probability, sample_weight=WEIGHT[VALID])
    assert values[-1] == pytest.approx(expected, abs=1e-6)


def error(y_true, y_pred, sample_weight=None):
    return 1.0 - accuracy_score(y_true, y_pred > 0.5, sample_weight=sample_weight)


@with_callables
@pytest.mark.filterwarnings("ignore:.*only the first is kept")
def test_early_stopping_by_a_thresholded_metric(library):
    noisy = (X[:, 0] + 2.0 * X[:, 2] > 0.5).astype(int)
    noisy[::5] = 1 - noisy[::5]
    model, values = fit_with(library, bl.Focal(2.0, 0.75), noisy, error, rounds=40, stop=10)
    assert len(values) < 40
    np.testing.assert_allclose(min(values), 1.0 - model.score(X[VALID], noisy[VALID]), atol=1e-6)


@with_callables
@pytest.mark.parametrize("loss", [bl.Huber(1.0), poisson(), softplus_squares()], ids=repr)
def test_a_callable_gets_predictions_on_the_scale_of_the_target(library, loss):
    def bias(y_true, y_pred, sample_weight):
        return np.mean(y_pred - y_true)

    model, values = fit_with(library, loss, AMOUNT, bias)
    expected = np.mean(model.predict(X[VALID]) - AMOUNT[VALID])
    assert values[-1] == pytest.approx(expected, abs=2e-6)


@each_library
@pytest.mark.parametrize("several", [False, True])
def test_the_name_of_a_metric_that_does_not_know_the_link_is_refused(library, several):
    name = {"xgboost": "rmse", "lightgbm": "rmse", "catboost": "RMSE"}[library]
    parameter = {"xgboost": "eval_metric", "lightgbm": "metric", "catboost": "custom_metric"}[
        library
    ]
    model = drop_in(library, poisson(), **{parameter: [name] if several else name})
    with pytest.raises(ValueError, match=rf"{parameter} must not be .*{name}.* which has a link"):
        model.fit(X, AMOUNT)
    fit(library, drop_in(library, bl.Huber(1.0), **{parameter: name}), X, AMOUNT)


@pytest.mark.parametrize(
    ("library", "objective"),
    [*((name, bl.Huber(1.0)) for name in LIBRARIES), ("catboost", "RMSE")],
    ids=repr,
)
def test_a_loss_is_a_metric(library, objective):
    options, parameters = {"eval_set": [(X[VALID], AMOUNT[VALID])]}, {}
    (options if library == "lightgbm" else parameters)["eval_metric"] = bl.Quantile(0.9)
    model = drop_in(library, objective, **parameters)
    fit(library, model, X[TRAIN], AMOUNT[TRAIN], **options)
    *_, log = LIBRARIES[library].metric_history(model).values()
    expected = bl.Quantile(0.9).mean_loss(AMOUNT[VALID], model.predict(X[VALID]))
    assert log["Quantile"][-1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("given", ["", [], "binary", ["binary", ""], "binary,auc"], ids=repr)
def test_what_lightgbm_calls_its_metric_of_labels(given):
    model = drop_in("lightgbm", bl.Logistic(), metric=given).fit(X, LABEL, **OPTIONS)
    expected = {"binary": "binary_logloss", "auc": "auc"}
    names = given.split(",") if isinstance(given, str) else given
    expected = [expected[name] for name in names if name] or ["Logistic"]
    assert sorted(model.evals_result_["valid_0"]) == sorted(expected)
    assert model.get_params()["metric"] == given


def fit_beside(library, loss, judge, y, **parameters):
    """A fit with a loss as a metric, and its values."""
    options = {"eval_set": [(X[VALID], y[VALID])]}
    (options if library == "lightgbm" else parameters)["eval_metric"] = judge
    model = drop_in(library, loss, **parameters)
    fit(library, model, X[TRAIN], y[TRAIN], **options)
    *_, log = LIBRARIES[library].metric_history(model).values()
    return model, log[type(judge).__name__]


IMPROPER = [bl.Focal(2.0), bl.Focal(1.0, 0.25), bl.Exponential(), bl.Hinge(), savage()]


@each_library
@pytest.mark.parametrize("loss", IMPROPER, ids=repr)
def test_a_proper_loss_beside_one_that_is_not_reads_probabilities(library, loss):
    model, values = fit_beside(library, loss, bl.Logistic(), LABEL)
    probability = np.clip(model.predict_proba(X[VALID])[:, 1].astype(float), 1e-15, 1 - 1e-15)
    expected = log_loss(LABEL[VALID], probability)
    assert values[-1] == pytest.approx(expected, abs=2e-6)


@each_library
@pytest.mark.parametrize("metric", [*IMPROPER[:-1], bl.SquaredError()], ids=repr)
@pytest.mark.parametrize("loss", [bl.Logistic(), bl.SquaredHinge()], ids=repr)
def test_any_loss_is_a_metric_of_the_probability(library, loss, metric):
    model, values = fit_beside(library, loss, metric, LABEL)
    raw = metric.link(model.predict_proba(X[VALID])[:, 1])
    assert values[-1] == pytest.approx(metric.mean_loss(LABEL[VALID], raw), rel=1e-4, abs=1e-6)


@with_callables
@pytest.mark.parametrize("loss", [bl.Focal(2.0), bl.Exponential()], ids=repr)
def test_of_three_classes_too(library, loss):
    kind = np.digitize(X[:, 0], [-0.5, 0.5])
    model, values = fit_beside(library, loss, bl.Logistic(), kind)
    probability = model.predict_proba(X[VALID]).astype(float)
    expected = log_loss(kind[VALID], probability / probability.sum(axis=1, keepdims=True))
    assert values[-1] == pytest.approx(expected, abs=2e-6)
    with pytest.raises(ValueError, match=r"must not be Hinge\(\) beside .* and 3 classes"):
        fit_beside(library, loss, bl.Hinge(), kind)


def test_smoothing_of_three_classes_is_a_metric_in_catboost():
    kind, metric = np.digitize(X[:, 0], [-0.5, 0.5]), bl.Logistic(0.1)
    model, values = fit_beside("catboost", bl.Logistic(), metric, kind)
    expected = metric.mean_loss(kind[VALID], raw_prediction("catboost", model, X[VALID]))
    assert min(values) == pytest.approx(expected)  # that of the round which is kept


@each_library
@pytest.mark.filterwarnings("ignore:.*only the first is kept")
def test_early_stopping_by_a_loss_that_reads_probabilities(library):
    noisy = np.where(np.arange(len(LABEL)) % 5, LABEL, 1 - LABEL)
    # LightGBM stops by the first metric that no longer improves, the loss among them, unless it has `metric`.
    first = {"metric": "binary_logloss"} if library == "lightgbm" else {}
    options = {"rounds": 300, "stop": 5} | first
    model, values = fit_beside(library, bl.Focal(5.0, 0.9), bl.Logistic(), noisy, **options)
    kept = LIBRARIES[library].kept_rounds(model)
    assert kept < len(values) < 300
    assert kept == np.argmin(values) + 1
    expected = log_loss(noisy[VALID], model.predict_proba(X[VALID])[:, 1].astype(float))
    assert values[kept - 1] == pytest.approx(expected, abs=2e-6)
