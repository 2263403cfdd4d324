"""Several quantiles or expectiles from one model, and many classes, in the estimators of XGBoost and LightGBM."""

import numpy as np
import pytest
from drop_in import drop_in, fit, fitted_loss, raw_prediction
from friedman import CLASSIFIERS, COLUMNS, LABELS, LEVELS, STOP, TEST, TRAIN, WEIGHT, X, y
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score
from sklearn.model_selection import cross_val_score

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")

MANY_CLASSES = [name for name in LIBRARIES if name != "catboost"]
each_library = pytest.mark.parametrize("library", LIBRARIES)
each_library_of_classes = pytest.mark.parametrize("library", MANY_CLASSES)
each_columns = pytest.mark.parametrize("loss", COLUMNS, ids=repr)
each_classes = pytest.mark.parametrize("loss", CLASSIFIERS, ids=repr)


def evaluation(library, rows, target=y):
    return LIBRARIES[library].evaluation(X[rows], target[rows], None, [])


@each_library
@each_columns
def test_columns_are_in_order_and_better_than_constants(library, loss):
    model = fit(library, drop_in(library, loss, rounds=60), X[TRAIN], y[TRAIN])
    found = model.predict(X[TEST])
    assert found.shape == (200, loss.n_outputs)
    assert (np.diff(found, axis=1) >= 0.0).all()
    constants = np.tile(loss.fit_intercept(y[TRAIN]), (200, 1))
    assert loss.mean_loss(y[TEST], found) < 0.7 * loss.mean_loss(y[TEST], constants)
    raw = raw_prediction(library, model, X[TEST])
    np.testing.assert_array_equal(np.sort(raw, axis=1), found)
    assert fitted_loss(library, model) is loss


@each_library
@pytest.mark.parametrize("loss", [COLUMNS[1], bl.Quantile([0.4, 0.6])], ids=repr)
def test_each_column_is_the_model_of_its_level(library, loss):
    # Not of quantiles far apart, whose distance says how wide the noise of a row is.
    several = raw_prediction(library, fit(library, drop_in(library, loss), X[TRAIN], y[TRAIN]), X)
    for j, each in enumerate(loss.columns):
        model = fit(library, drop_in(library, each), X[TRAIN], y[TRAIN])
        np.testing.assert_allclose(several[:, j], model.predict(X), rtol=1e-5)


def test_rows_whose_quantiles_are_as_far_apart_are_smoothed_alike():
    loss, rng = bl.Quantile(LEVELS), np.random.default_rng(0)
    middle, target = rng.normal(size=(2, 2000))
    alike = middle[:, None] + np.array([-1.5, 0.0, 1.5])
    gradient, hessian = loss(target, alike)
    for j, each in enumerate(loss.columns):
        one, other = each(target, alike[:, j])
        np.testing.assert_allclose(gradient[:, j], one, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(hessian[:, j], other, rtol=1e-5)


def test_a_row_with_a_wide_noise_has_a_wide_kernel():
    loss, rng = bl.Quantile(LEVELS), np.random.default_rng(0)
    size = np.where(np.arange(4000) % 2 == 0, 0.01, 1.0)
    target = size * rng.normal(size=4000)
    f = size[:, None] * np.array([-1.645, 0.0, 1.645])
    gradient, hessian = loss(target, f)
    # In the unit of its own noise each row is what the rows of the other half are.
    narrow, wide = hessian[::2].mean(axis=0), hessian[1::2].mean(axis=0)
    np.testing.assert_allclose(narrow / wide, 100.0, rtol=0.1)
    inside = [
        np.mean(np.abs(each[:, 1]) < 0.49 * np.abs(gradient[:, 1]).max())
        for each in (gradient[::2], gradient[1::2])
    ]
    assert inside[0] == pytest.approx(inside[1], abs=0.05)
    assert inside[0] > 0.2


@each_library
@pytest.mark.parametrize("scale", [0.1, 1e6])
def test_quantiles_do_not_depend_on_the_unit_of_the_target(library, scale):
    loss = COLUMNS[0]
    one = fit(library, drop_in(library, loss), X[TRAIN], y[TRAIN]).predict(X)
    other = fit(library, drop_in(library, loss), X[TRAIN], scale * y[TRAIN]).predict(X)
    np.testing.assert_allclose(other / scale, one, rtol=2e-3)


def test_targets_that_are_all_the_same():
    found = drop_in("lightgbm", COLUMNS[0]).fit(X[TRAIN], np.full(500, 7.0)).predict(X[TEST])
    np.testing.assert_allclose(found, 7.0, atol=1e-6)


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_xgboost_grows_both_kinds_of_trees(strategy):
    model = drop_in("xgboost", COLUMNS[0], rounds=60, multi_strategy=strategy).fit(
        X[TRAIN], y[TRAIN]
    )
    found = model.predict(X[TEST])
    assert found.shape == (200, 3)
    assert (np.diff(found, axis=1) >= 0.0).all()
    trees = len(model.get_booster().get_dump())
    assert trees == (180 if strategy == "one_output_per_tree" else 60)


@each_library_of_classes
def test_early_stopping_is_by_the_mean_pinball_loss(library):
    loss = COLUMNS[0]
    model = fit(
        library,
        drop_in(library, loss, rounds=400, stop=20),
        X[TRAIN],
        y[TRAIN],
        **evaluation(library, STOP),
    )
    (history,) = LIBRARIES[library].metric_history(model).values()
    (values,) = [values for name, values in history.items() if name == "Quantile"]
    kept = LIBRARIES[library].kept_rounds(model)
    assert kept < 400
    assert np.argmin(values) == kept - 1
    raw = raw_prediction(library, model, X[STOP])
    assert values[kept - 1] == pytest.approx(loss.mean_loss(y[STOP], raw), rel=1e-5)


@each_library_of_classes
@pytest.mark.parametrize("loss", [COLUMNS[0], CLASSIFIERS[0]], ids=repr)
def test_a_weight_of_two_is_the_row_twice(library, loss):
    target = y if loss.task == "regression" else LABELS
    options = {"min_child_samples": 1} if library == "lightgbm" else {}
    weighted = drop_in(library, loss, rounds=3, **options)
    fit(library, weighted, X[TRAIN], target[TRAIN], sample_weight=WEIGHT[TRAIN])
    rows = np.repeat(np.arange(500), WEIGHT[TRAIN].astype(int))
    repeated = fit(library, drop_in(library, loss, rounds=3, **options), X[rows], target[rows])
    one, other = (raw_prediction(library, model, X[TEST]) for model in (weighted, repeated))
    assert np.median(np.abs(one - other)) < 0.05 * one.std()


@each_library_of_classes
@pytest.mark.parametrize("loss", [*COLUMNS, *CLASSIFIERS], ids=repr)
def test_a_saved_model_is_complete(library, loss, tmp_path):
    target, path = y if loss.task == "regression" else LABELS, tmp_path / "model.json"
    model = fit(library, drop_in(library, loss), X[TRAIN], target[TRAIN])
    model.save_model(path)
    loaded = LIBRARIES[library].estimator(loss.task)()
    loaded.load_model(path)
    assert fitted_loss(library, loaded) == loss
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    if loss.task == "binary":
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
        assert loaded.classes_.tolist() == list("abcd")
    if library == "xgboost":
        import xgboost

        plain = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(X))
    else:
        import lightgbm

        plain = lightgbm.Booster(model_file=path).predict(X)
    if loss.task == "regression":
        np.testing.assert_array_equal(np.sort(plain, axis=1), model.predict(X))
    elif isinstance(loss, bl.Logistic):
        np.testing.assert_allclose(plain, model.predict_proba(X), atol=1e-6)


@each_library_of_classes
@each_classes
def test_classes_are_learned_and_their_probabilities_sum_to_one(library, loss):
    model = fit(library, drop_in(library, loss, rounds=40), X[TRAIN], LABELS[TRAIN])
    probability = model.predict_proba(X[TEST])
    assert probability.shape == (200, 4)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(
        model.predict(X[TEST]), np.array(list("abcd"))[probability.argmax(axis=1)]
    )
    assert model.score(X[TEST], LABELS[TEST]) > 0.6
    assert model.classes_.tolist() == list("abcd")
    share = probability.mean(axis=0)
    np.testing.assert_allclose(share, [np.mean(LABELS[TEST] == each) for each in "abcd"], atol=0.06)


@each_library_of_classes
def test_softmax_is_the_librarys_own(library):
    position = np.unique(LABELS, return_inverse=True)[1]
    ours = fit(library, drop_in(library, bl.Logistic(), rounds=30), X, LABELS).predict_proba(X)
    if library == "lightgbm":
        own = fit(
            library,
            LIBRARIES[library].estimator("binary", own=True)(
                n_estimators=30, n_jobs=1, verbose=-1, num_leaves=7
            ),
            X,
            position,
        )
        np.testing.assert_allclose(ours, own.predict_proba(X), rtol=1e-6)
        return
    import xgboost

    class Doubled:
        """XGBoost's curvature is 2 p (1 - p), ours 4/3 of p (1 - p) for four classes."""

        def __call__(self, y_true, y_pred):
            gradient, hessian = bl.Logistic()(y_true, y_pred)
            return gradient, 1.5 * hessian

    options = {
        "n_estimators": 30,
        "max_depth": 3,
        "base_score": np.log([0.1, 0.2, 0.3, 0.4]).tolist(),
    }
    ours, own = (
        xgboost.XGBClassifier(objective=objective, **options).fit(X, position).predict_proba(X)
        for objective in (Doubled(), "multi:softprob")
    )
    np.testing.assert_allclose(ours, own, atol=1e-6)


@each_library_of_classes
def test_labels_of_an_evaluation_set_and_metrics_of_the_library(library):
    metrics = {"xgboost": ["mlogloss", "merror"], "lightgbm": ["multi_logloss", "multi_error"]}[
        library
    ]
    given = {"eval_metric": metrics}
    model = drop_in(library, bl.Focal(2.0), rounds=5, **(given if library == "xgboost" else {}))
    options = given if library == "lightgbm" else {}
    fit(library, model, X[TRAIN], LABELS[TRAIN], **evaluation(library, STOP, LABELS), **options)
    (history,) = LIBRARIES[library].metric_history(model).values()
    label = model.predict(X[STOP])
    if library == "lightgbm":  # of the posterior; XGBoost takes the softmax
        assert history["multi_error"][-1] == pytest.approx(np.mean(label != LABELS[STOP]))
    assert set(metrics) <= set(history)
    with pytest.raises(ValueError, match=r"must hold the classes|unseen labels"):
        fit(library, model, X[TRAIN], LABELS[TRAIN], **evaluation(library, STOP, np.full(900, "z")))


@each_library
def test_the_score_is_that_of_scikit_learn(library):
    model = fit(library, drop_in(library, COLUMNS[0]), X[TRAIN], y[TRAIN])
    found = model.predict(X[TEST])
    for weight in (None, WEIGHT[TEST]):
        expected = [
            d2_pinball_score(y[TEST], found[:, j], alpha=level, sample_weight=weight)
            for j, level in enumerate(LEVELS)
        ]
        assert model.score(X[TEST], y[TEST], weight) == pytest.approx(np.mean(expected), rel=2e-3)
    assert np.isfinite(cross_val_score(drop_in(library, COLUMNS[0]), X, y, cv=2)).all()


@each_library
def test_cloned_searched_and_pickled(library):
    import pickle

    loss = COLUMNS[0]
    model = drop_in(library, loss, rounds=3)
    assert clone(model).get_params()[LIBRARIES[library].objective] == loss
    fit(library, model, X[TRAIN], y[TRAIN])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    if library in MANY_CLASSES:
        classifier = drop_in(library, bl.Focal(1.0), rounds=3)
        assert cross_val_score(classifier, X, LABELS, cv=2).mean() > 0.4


def test_what_is_for_two_classes_is_refused():
    with pytest.raises(ValueError, match="scale_pos_weight is for two classes"):
        drop_in("xgboost", bl.Logistic(), scale_pos_weight=2.0).fit(X, LABELS)
    with pytest.raises(ValueError, match="scale_pos_weight is for two classes"):
        drop_in("lightgbm", bl.Logistic(), scale_pos_weight=2.0).fit(X, LABELS)
    with pytest.raises(ValueError, match="is_unbalance is for two classes"):
        drop_in("lightgbm", bl.Logistic(), is_unbalance=True).fit(X, LABELS)


@pytest.mark.parametrize(("library", "name"), [("xgboost", "mae"), ("lightgbm", "l1")])
def test_metrics_beside_several_quantiles(library, name):
    key = {"xgboost": "eval_metric", "lightgbm": "metric"}[library]
    with pytest.raises(ValueError, match=f"metric must not be '{name}' beside Quantile"):
        drop_in(library, COLUMNS[0], **{key: name}).fit(X, y)

    def crossing(y_true, y_pred):
        value = float(np.mean(np.diff(y_pred, axis=1) < 0.0)) + 0.5
        return value if library == "xgboost" else ("crossing", value, False)

    given = {"eval_metric": crossing}
    model = drop_in(library, COLUMNS[0], rounds=3, **(given if library == "xgboost" else {}))
    options = given if library == "lightgbm" else {}
    fit(library, model, X[TRAIN], y[TRAIN], **evaluation(library, STOP), **options)
    (history,) = LIBRARIES[library].metric_history(model).values()
    assert history["crossing"] == [0.5] * 3  # of rows in order


def test_class_weight_counts():
    plain = drop_in("lightgbm", bl.Logistic(), rounds=20).fit(X, LABELS).predict_proba(X)
    heavy = drop_in("lightgbm", bl.Logistic(), rounds=20, class_weight={"a": 10.0}).fit(X, LABELS)
    assert heavy.predict_proba(X)[:, 0].mean() > plain[:, 0].mean() + 0.05


def test_native_interfaces_see_the_number_in_the_shape():
    import lightgbm
    import xgboost

    loss, position = bl.Logistic(), np.unique(LABELS, return_inverse=True)[1]
    rows = xgboost.DMatrix(X, position)
    booster = xgboost.train({"num_class": 4, "objective": "multi:softprob"}, rows, 5, obj=loss)
    assert loss.mean_loss(position, booster.predict(rows, output_margin=True)) < 1.0
    table = lightgbm.Dataset(X, position)
    model = lightgbm.train({"num_class": 4, "objective": loss, "verbose": -1}, table, 5)
    assert loss.mean_loss(position, model.predict(X)) < 1.0
    with pytest.raises(
        ValueError, match=r"has 3 predictions per row, got predictions of shape \(900, 4\)"
    ):
        xgboost.train({"num_target": 4}, xgboost.DMatrix(X, y), 1, obj=COLUMNS[0])
    with pytest.raises(
        ValueError, match=r"has 3 predictions per row, got predictions of shape \(900,\)"
    ):
        xgboost.train({}, xgboost.DMatrix(X, y), 1, obj=COLUMNS[0])
    with pytest.raises(ValueError, match="has one prediction per row, got predictions of shape"):
        xgboost.train({"num_target": 3}, xgboost.DMatrix(X, y), 1, obj=bl.Huber(1.0))


def test_a_start_far_from_all_quantiles_warns():
    import xgboost

    with pytest.warns(UserWarning, match=r"starts far from \[.*\], the best constant of Quantile"):
        xgboost.train({"num_target": 3}, xgboost.DMatrix(X, y + 100), 1, obj=COLUMNS[0])


@pytest.mark.parametrize("kind", [bl.Quantile, bl.Expectile])
def test_levels(kind):
    for levels in ([0.9, 0.1], [0.5, 0.5]):
        with pytest.raises(ValueError, match="at least two that increase"):
            kind(levels)
    with pytest.raises(ValueError, match=r"a number in .*, got 2"):
        kind([0.5, 2])
    with pytest.raises(TypeError, match=r"got \[0.5\]"):
        kind([0.5])
    several = kind(np.array([0.25, 0.75]))
    assert bl.from_string(repr(several)) == several == kind((0.25, 0.75))
    assert several.with_parameters(**{several.name: [0.1, 0.2]}) == kind([0.1, 0.2])
    values = several.loss(y, np.zeros((900, 2)))
    for j, each in enumerate(several.columns):
        np.testing.assert_array_equal(values[:, j], each.loss(y, np.zeros(900)))
    with pytest.raises(ValueError, match=r"shape \(n_samples, 2\)"):
        several.loss(y, np.zeros(900))


def test_expectiles_against_their_definition():
    for level in (0.1, 0.5, 0.9):
        m = bl.Expectile(level).fit_intercept(y, WEIGHT)
        above, below = np.maximum(y - m, 0.0) @ WEIGHT, np.maximum(m - y, 0.0) @ WEIGHT
        assert level * above == pytest.approx((1 - level) * below, rel=1e-9)
