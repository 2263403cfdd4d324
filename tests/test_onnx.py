"""Graphs that onnxruntime runs: the predictions and probabilities of the estimators."""

import numpy as np
import pandas as pd
import pytest
from boosting import SIGNAL, X
from cases import BINARY, REGRESSION
from own_losses import exponential, savage
from scipy import special
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("treelite")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
HOLES = np.where(np.random.default_rng(2).random(X.shape) < 0.1, np.nan, X)


@bl.loss(inverse_link="log")
def gamma_deviance(target, prediction):
    return target / prediction + np.log(prediction)


@bl.loss(inverse_link=lambda raw: np.arctan(raw) + np.log1p(np.exp(raw)) + np.tanh(raw) + 3)
def odd_link(target, prediction):
    return (target - prediction) ** 2


@bl.loss(inverse_link=lambda raw: special.gammaln(1 + raw * raw) - special.log_ndtr(-raw) + 1)
def special_link(target, prediction):
    return (target - prediction) ** 2


@pytest.fixture(params=LIBRARIES.values(), ids=list(LIBRARIES))
def library(request):
    pytest.importorskip(request.param.name)
    import boostloss.onnx  # noqa: F401

    return request.param


def fitted(library, loss, table, y, **options):
    parameters = {library.objective: loss, library.rounds: 8} | dict(library.settings) | options
    return library.estimator(loss.task)(**parameters).fit(table, y)


def session(model, table, **options):
    """The graph of a model, for tables of the dtype of this one."""
    graph = skl2onnx.to_onnx(model, table[:1], **options)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(model, table, **options):
    return session(model, table, **options).run(None, {"X": table})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "loss", [REGRESSION[1], gamma_deviance(), odd_link(), special_link()], ids=repr
)
def test_predictions(library, loss, dtype):
    rows = HOLES.astype(dtype)
    model = fitted(library, loss, rows, np.exp(0.3 * SIGNAL) + 3)
    (found,) = run(model, rows)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.ravel(), model.predict(rows), rtol=1e-5)


@pytest.mark.parametrize(
    "loss", [bl.Huber(1.0), bl.Quantile([0.2, 0.8]), bl.Normal()], ids=lambda x: type(x).__name__
)
def test_a_target_far_from_0_keeps_its_digits(library, loss):
    """What all rows have in common is added in float64; XGBoost itself adds it in float32."""
    model = fitted(library, loss, X, 1e6 + 0.3 + SIGNAL / np.std(SIGNAL))
    (found,) = run(model, X)
    expected = model.predict(X, **library.raw_prediction).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    if library.name == "xgboost":
        from xgboost import DMatrix

        rows = DMatrix(X, base_margin=np.zeros(found.shape))
        trees = model.get_booster().predict(rows, output_margin=True).reshape(found.shape)
        expected = trees + np.median(found - trees, axis=0)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("loss", [*BINARY, savage()], ids=repr)
@pytest.mark.parametrize("labels", [("no", "yes"), (False, True), (-3, 7), (1.0, 2.0)], ids=str)
def test_labels_and_probabilities(library, loss, labels):
    model = fitted(library, loss, HOLES, np.where(SIGNAL > 1, labels[1], labels[0]))
    label, probability = run(model, HOLES)
    np.testing.assert_allclose(probability, model.predict_proba(HOLES), atol=1e-5)
    expected = model.classes_[(model.predict_proba(HOLES)[:, 1] > 0.5).astype(int)]
    np.testing.assert_array_equal(label, expected)


@pytest.mark.parametrize("loss", [bl.Quantile([0.1, 0.5, 0.9]), bl.Expectile([0.3, 0.8])], ids=repr)
@pytest.mark.parametrize("strategy", [None, "multi_output_tree"])
def test_several_levels(library, loss, strategy):
    if strategy and library.name != "xgboost":
        pytest.skip("of XGBoost alone")
    options = {"multi_strategy": strategy} if strategy else {}
    model = fitted(library, loss, HOLES, SIGNAL, **options)
    (found,) = run(model, HOLES)
    np.testing.assert_allclose(found, model.predict(HOLES), rtol=1e-5, atol=1e-5)
    (output,) = skl2onnx.to_onnx(model, HOLES[:1]).graph.output
    shape = [each.dim_value for each in output.type.tensor_type.shape.dim]
    assert shape[1] == found.shape[1] == loss.n_outputs


MANY = [
    *(bl.Logistic(), bl.Focal(2.0), bl.Focal(1.0, [1.0, 3.0, 0.5, 2.0]), savage()),
    *(bl.GeneralizedCrossEntropy(), bl.SymmetricCrossEntropy(), bl.BiTemperedLogistic()),
]


@pytest.mark.parametrize("loss", MANY, ids=repr)
def test_many_classes(library, loss):
    names = np.array(["a", "d", "c", "b"] if loss == MANY[0] else [3, 1, 7, 2])
    y = names[np.digitize(SIGNAL, [-1.0, 0.0, 1.0])]
    model = fitted(library, loss, HOLES, y)
    label, probability = run(model, HOLES)
    np.testing.assert_allclose(probability, model.predict_proba(HOLES), atol=1e-5)
    assert probability.shape == (len(X), 4)
    np.testing.assert_array_equal(label, np.ravel(model.predict(HOLES)))


@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal(1.0)], ids=repr)
def test_soft_labels_of_two_classes(library, loss):
    share = 1.0 / (1.0 + np.exp(-SIGNAL))
    model = fitted(library, loss, HOLES, np.column_stack([1.0 - share, share]))
    label, probability = run(model, HOLES)
    np.testing.assert_allclose(probability, model.predict_proba(HOLES), atol=1e-5)
    np.testing.assert_array_equal(label, model.predict(HOLES))


def test_many_classes_in_the_operators_of_older_runtimes(library):
    model = fitted(library, bl.Focal(1.0), X, np.digitize(SIGNAL, [-1.0, 0.0, 1.0]))
    _, probability = run(model, X, target_opset=15)
    np.testing.assert_allclose(probability, model.predict_proba(X), atol=1e-5)


def test_early_stopping_and_a_pipeline(library):
    steps = make_pipeline(StandardScaler(), library.estimator("regression")())
    steps[-1].set_params(**{library.objective: bl.Quantile(0.9), library.rounds: 5})
    steps.fit(X, SIGNAL)
    np.testing.assert_allclose(run(steps, X)[0].ravel(), steps.predict(X), rtol=1e-5, atol=1e-5)


def test_rounds_after_the_best_one_are_left_out():
    xgboost = pytest.importorskip("boostloss.xgboost")
    import boostloss.onnx  # noqa: F401

    model = xgboost.XGBRegressor(
        objective=bl.Huber(1.0), n_estimators=60, early_stopping_rounds=3, learning_rate=1.0
    )
    model.fit(X[:200], SIGNAL[:200], eval_set=[(X[200:], SIGNAL[200:])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    np.testing.assert_allclose(run(model, X)[0].ravel(), model.predict(X), rtol=1e-5, atol=1e-5)


def test_values_on_a_threshold(library):
    grid = np.round(X, 1)  # float64 thresholds that float32 cannot hold lie between
    model = fitted(library, bl.Huber(1.0), grid, SIGNAL, **{library.rounds: 30})
    np.testing.assert_allclose(run(model, grid)[0].ravel(), model.predict(grid), rtol=1e-5)


def test_another_missing_value():
    xgboost = pytest.importorskip("boostloss.xgboost")
    import boostloss.onnx  # noqa: F401

    rows = np.nan_to_num(HOLES, nan=-99.0)
    model = xgboost.XGBRegressor(objective=bl.Huber(1.0), n_estimators=5, missing=-99.0)
    model.fit(rows, SIGNAL)
    np.testing.assert_allclose(run(model, rows)[0].ravel(), model.predict(rows), rtol=1e-5)


def test_categories_go_in_as_codes(library):
    kind = np.array(list("abcdefg"))[(3 * X[:, 2]).astype(int) % 7]
    table = pd.DataFrame({"x": X[:, 0], "kind": pd.Categorical(kind)})
    y = SIGNAL + 3 * table["kind"].cat.codes.isin([0, 3, 5]).to_numpy()
    if library.text_categories:
        model = fitted(library, bl.Huber(1.0), table, y, cat_features=["kind"])
        with pytest.raises(Exception, match="categorical features"):
            run(model, X[:, :2])
        return
    table.loc[::9, "kind"] = None
    model = fitted(library, bl.Huber(1.0), table, y)
    codes = table["kind"].cat.codes.where(table["kind"].notna())
    rows = np.column_stack([table["x"], codes])
    np.testing.assert_allclose(
        run(model, rows)[0].ravel(), model.predict(table), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("loss", [bl.Normal(), bl.FreeStudentT(), exponential()], ids=repr)
def test_distributions_have_their_raw_predictions(library, loss):
    y = np.exp(SIGNAL / np.abs(SIGNAL).max())
    model = fitted(library, loss, X, y)
    expected = model.predict(X, **library.raw_prediction).reshape(len(X), -1)
    (found,) = run(model, X)
    assert found.shape == (len(X), loss.n_outputs)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(loss.inverse_link(found), model.predict(X), rtol=1e-4)


def test_what_cannot_be_converted_is_refused(library):
    own = library.estimator("regression")(**{library.rounds: 2}).fit(X, SIGNAL)
    with pytest.raises(ValueError, match="converts what a loss of boostloss has fitted"):
        run(own, X)
    if library.name == "lightgbm":
        for option in ("zero_as_missing", "linear_tree"):
            model = fitted(library, bl.Huber(1.0), X, SIGNAL, **{option: True})
            with pytest.raises(ValueError, match=option):
                run(model, X)
