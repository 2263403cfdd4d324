"""CatBoost: the loss as objective and as metric."""

import pickle

import catboost
import numpy as np
import pandas as pd
import pytest
from cases import every_boosted_loss
from catboost import CatBoostError, Pool
from catboost_models import (
    FAST,
    ONE_STEP,
    SIGNAL,
    WEIGHT,
    WEIGHTS,
    X,
    drop_in,
    raw_prediction,
    target,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import boostloss as bl
from boostloss.boosting import catboost_objective
from boostloss.boosting.catboost_objective import RoundObjective
from boostloss.boosting.gradients import boosting_step
from boostloss.boosting.objective import boosting_gradients
from boostloss.catboost import metric, objective

rng = np.random.default_rng(1)


def plain(loss, **params):
    regression = loss.task == "regression"
    estimator = catboost.CatBoostRegressor if regression else catboost.CatBoostClassifier
    return estimator(loss_function=objective(loss), eval_metric=metric(loss), **FAST | params)


@WEIGHTS
@every_boosted_loss
def test_objective_in_every_api(loss, weight):
    y = target(loss)
    model = drop_in(loss, **ONE_STEP).fit(X, y, sample_weight=weight)
    _, intercept = model.get_scale_and_bias()
    data = Pool(X, y, weight=weight, baseline=np.full(len(y), intercept))
    expected = raw_prediction(model) - intercept
    assert np.ptp(expected) > 0.03
    estimator = plain(loss, **ONE_STEP)
    native = estimator.get_params()
    if loss.boosted_as.kinked:  # each block has a width of its own
        expected = raw_prediction(estimator.fit(data))
    for fitted in (estimator.fit(data), catboost.train(data, native)):
        np.testing.assert_allclose(raw_prediction(fitted), expected, rtol=1e-9, atol=1e-9)


def test_a_start_beyond_float32():
    pairs = objective(bl.Huber(1.0)).calc_ders_range(np.full(2, 1e154), np.zeros(2), None)
    np.testing.assert_array_equal(pairs, [[-1.0, -0.1], [-1.0, -0.1]])


def test_another_thread_ends_the_first_round_meanwhile(monkeypatch):
    run, columns = objective(bl.Huber(1.0)), catboost_objective.columns

    def ended(*rows):
        run.first_round = None
        return columns(*rows)

    monkeypatch.setattr(catboost_objective, "columns", ended)
    for f in (np.zeros(2), np.arange(2.0)):
        run.first_round = []
        pairs = run.calc_ders_range(f, np.full(2, 3.0, np.float32), None)
        np.testing.assert_array_equal(pairs[:, 0], 1.0)


def test_masked_rows_are_missing():
    masked = np.ma.masked_array(np.zeros(3), [False, False, True])
    with pytest.raises(ValueError, match="in row 2 of a block"):
        objective(bl.Huber(1.0)).calc_ders_range(masked, np.zeros(3), None)


def test_rows_of_any_container_are_named():
    raw = pd.DataFrame({"f": [0.0, 0.0, 1e16]})
    with pytest.raises(ValueError, match=r"got 1e\+16 in row 2 of a block"):
        objective(bl.Poisson()).calc_ders_range(raw, np.zeros(3), None)


@pytest.mark.parametrize("fitted", [plain, drop_in])
def test_a_baseline_of_counts_and_not_of_their_logarithms_is_refused(fitted):
    y = np.linspace(1.0, 2000.0, len(X))
    with pytest.raises(Exception, match=r"with finite derivatives, got .* in row"):
        fitted(bl.Poisson()).fit(X, y, baseline=y)


@pytest.mark.filterwarnings("error")
def test_a_last_block_of_one_row_is_no_start():
    run, y = objective(bl.Huber(1.0)), np.full(5, 1000.0, np.float32)
    run.calc_ders_range(np.zeros(1), y[:1], None)
    run.calc_ders_range(np.arange(5.0), y, None)  # a start of the user
    assert run.first_round is None
    run = objective(bl.Huber(1.0))
    run.calc_ders_range(np.zeros(1), y[:1], None)
    run.calc_ders_range(np.ones(5), y, None)
    assert run.first_round is None


@WEIGHTS
@pytest.mark.parametrize(
    ("loss", "own"), [(bl.SquaredError(), "RMSE"), (bl.Logistic(), "Logloss")], ids=repr
)
def test_parity_with_the_own_loss(loss, own, weight):
    y = target(loss)
    ours = drop_in(loss, **ONE_STEP | {"iterations": 40}).fit(X, y, sample_weight=weight)
    start = np.full(len(y), ours.get_scale_and_bias()[1])
    kind = catboost.CatBoostRegressor if own == "RMSE" else catboost.CatBoostClassifier
    theirs = kind(loss_function=own, **FAST | ONE_STEP | {"iterations": 40})
    theirs.fit(X, y, sample_weight=weight, baseline=start)
    np.testing.assert_allclose(raw_prediction(ours), raw_prediction(theirs) + start, rtol=1e-12)


@every_boosted_loss
def test_objective_answers_as_catboost_needs(loss):
    y = target(loss).astype(np.float32)
    raw = loss.fit_intercept(y) + X[:, 2]
    raw.flags.writeable = False
    gradient, hessian = boosting_gradients(loss, y, raw, WEIGHT.astype(np.float32))
    ders = objective(loss).calc_ders_range(raw, y, WEIGHT.astype(np.float32))
    assert ders.shape == (900, 2)
    # Those in float32 are computed in float32, and lose digits where gradients are near 0.
    expected = np.column_stack([-gradient, -hessian])
    atol = 1e-6 * np.abs(expected).max()
    np.testing.assert_allclose(ders, expected, rtol=1e-5, atol=atol)


def test_cross_validation_with_early_stopping(tmp_path):
    loss = bl.Huber(1.0)
    data = Pool(X, SIGNAL, weight=WEIGHT)
    params = {"loss_function": objective(loss), "eval_metric": metric(loss), "learning_rate": 0.5}
    params |= {"train_dir": str(tmp_path)}  # where it makes folders even if it must not write
    table = catboost.cv(
        data, params, iterations=300, early_stopping_rounds=5, logging_level="Silent"
    )
    values = table["test-Huber-mean"]
    assert values.min() < 0.2 * values[0]
    assert len(values) < 300
    assert values.idxmin() >= len(values) - 6


@every_boosted_loss
def test_metric_is_the_weighted_mean(loss):
    y, raw = target(loss), X[:, 3]
    judge = metric(loss)
    assert not judge.is_max_optimal()
    assert type(judge).__name__ == type(loss).__name__
    for weight in (None, WEIGHT):
        value = judge.get_final_error(*judge.evaluate((raw,), y, weight))
        assert value == pytest.approx(np.average(loss.loss(y, raw), weights=weight), rel=1e-12)
    assert judge.get_final_error(*judge.evaluate((raw,), y, 0.0 * WEIGHT)) == 0.0
    twin = pickle.loads(pickle.dumps(judge))
    assert (twin.loss, type(twin).__name__) == (loss, type(loss).__name__)


def test_plain_estimator_can_be_cloned_and_searched():
    model = plain(bl.SquaredError())
    assert clone(model).get_params() == model.get_params()
    grid = {"loss_function": [objective(bl.SquaredError()), objective(bl.Welsch(scale=0.5))]}
    outliers = np.where(np.abs(X[:, 3]) > 1.2, 30.0 * np.sign(X[:, 3]), 0.0)
    search = GridSearchCV(model, grid, scoring="neg_median_absolute_error", cv=2, n_jobs=2)
    search.fit(X[:, :3], SIGNAL + outliers)
    assert search.best_params_["loss_function"].loss == bl.Welsch(scale=0.5)


@pytest.mark.parametrize("function", [objective, metric])
def test_only_a_loss_is_accepted(function):
    with pytest.raises(TypeError, match=r"boostloss\.Huber\(\), got 'RMSE'"):
        function("RMSE")


@WEIGHTS
def test_far_start_warns_once_and_only_in_the_plain_library(weight):
    loss = bl.Huber(1.0)
    y = np.tile(target(loss), 4)  # several blocks
    rows = np.tile(X, (4, 1))
    weight = None if weight is None else np.tile(weight, 4)
    for _ in range(2):
        with pytest.warns(UserWarning, match="the best constant") as caught:
            plain(loss).fit(rows, y, sample_weight=weight)
        assert len(caught) == 1
    plain(loss).fit(rows, y - 100.0, sample_weight=weight)  # warnings are errors here
    plain(loss).fit(rows, y, sample_weight=weight, baseline=np.full(len(y), 100.0))
    drop_in(loss).fit(rows, y, sample_weight=weight)
    search = drop_in(loss)
    search.grid_search({"depth": [2, 3]}, rows, y, verbose=False)
    assert search.score(rows, y) > 0.5


@pytest.mark.parametrize("loss", [bl.Cauchy(1.0), bl.Quantile(0.9)], ids=repr)
def test_threads_give_the_same_model_again(loss):
    rows = np.random.default_rng(2).normal(size=(20_000, 3))
    y = rows[:, 0] + np.sin(3.0 * rows[:, 1])
    twins = (drop_in(loss, thread_count=4).fit(rows, y).predict(rows) for _ in range(2))
    np.testing.assert_array_equal(*twins)


@WEIGHTS
@pytest.mark.parametrize("steps", [1, 2])
def test_a_quantile_follows_the_residuals_of_the_round_before(weight, steps, monkeypatch):
    found, begin = [], RoundObjective.begin_round

    def record(run, rows):
        begin(run, rows)
        found.append(run.pairs.computation)

    monkeypatch.setattr(RoundObjective, "begin_round", record)
    loss = bl.Quantile(0.8)
    y = target(loss)
    model = drop_in(loss, leaf_estimation_iterations=steps).fit(X, y, sample_weight=weight)
    _, intercept = model.get_scale_and_bias()
    trees = model.staged_predict(X, prediction_type="RawFormulaVal")
    stages = [np.full(len(y), intercept), *trees][:-1]
    expected = [boosting_step(loss, y, stage, weight).parameters for stage in stages]
    parameters = [computation.parameters for computation in found]
    assert len(parameters) == len(expected) + 1
    np.testing.assert_allclose(parameters[0], expected[0], rtol=1e-4, atol=1e-6)
    if steps == 1:  # or the steps between count as well
        np.testing.assert_allclose(parameters[1:], expected, rtol=1e-4, atol=1e-6)


def test_rows_of_no_weight_decide_nothing():
    rows = np.random.default_rng(2).normal(size=(6000, 2))
    y = 1e-3 * (rows[:, 0] + np.sin(3.0 * rows[:, 1]))
    weight = np.arange(6000) % 2.0
    loss = bl.Quantile(0.9)
    found = drop_in(loss, iterations=30).fit(rows, y, sample_weight=weight).predict(rows)
    assert loss.mean_loss(y, found) < 0.5 * loss.mean_loss(y, np.full(6000, np.quantile(y, 0.9)))


@pytest.mark.parametrize(
    ("weight", "match"),
    [(0.1, "must be 0 or at least 2e-15 .* got 1e-16"), (1.0, "must not differ by .* 1e-16 to 1;")],
)
def test_weights_by_which_no_row_can_be_held_out(weight, match):
    y = target(bl.Cauchy(1.0))
    weights = np.full(len(y), weight)
    weights[::2] = 1e-16
    with pytest.raises(ValueError, match=f"sample_weight {match}"):
        drop_in(bl.Cauchy("adaptive")).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile(0.9), bl.Focal()], ids=repr)
def test_weights_that_catboost_takes_for_none(loss):
    y = target(loss)
    for data in ((X, y, np.full(len(y), 1e-9)), (Pool(X, y, weight=np.full(len(y), 1e-9)),)):
        options = {"sample_weight": data[2]} if len(data) > 1 else {}
        with pytest.raises(
            ValueError, match=r"sample_weight.* must reach 1e-08 .* got at most 1e-09"
        ):
            drop_in(loss, bootstrap_type="No").fit(*data[:2], **options)
    few = np.full(len(y), 1e-7)
    found = drop_in(loss, bootstrap_type="No", iterations=30).fit(X, y, sample_weight=few)
    assert np.ptp(raw_prediction(found)) > 0.1


def test_training_goes_on_from_a_snapshot(tmp_path):
    loss, y = bl.Quantile(0.8), target(bl.Quantile())
    kept = {"save_snapshot": True, "snapshot_file": str(tmp_path / "snapshot")}
    written = {"allow_writing_files": True, "train_dir": str(tmp_path)}
    drop_in(loss, iterations=5, **kept, **written).fit(X, y)
    resumed = drop_in(loss, iterations=12, **kept, **written).fit(X, y)
    whole = drop_in(loss, iterations=12, save_snapshot=True, **written).fit(X, y)
    np.testing.assert_allclose(raw_prediction(resumed), raw_prediction(whole))
    with pytest.raises(ValueError, match="save_snapshot must not be given with Cauchy"):
        drop_in(bl.Cauchy("adaptive"), **kept, **written).fit(X, y)


@pytest.mark.parametrize("make", [plain, drop_in])
def test_sorted_rows_do_not_look_like_a_far_start(make):
    rows = np.sort(rng.normal(size=(5000, 2)), axis=0)
    model = make(bl.Huber(1.0), has_time=True).fit(
        rows, rows.sum(axis=1)
    )  # warnings are errors here
    assert model.is_fitted()


def test_label_of_no_class_stops_the_plain_library():
    y = np.where(np.arange(5000) == 4000, 2, np.arange(5000) % 2)
    with pytest.raises(CatBoostError, match=r"y_true must be 0 or 1, got 2\.0"):
        plain(bl.Logistic()).fit(np.arange(5000)[:, None], y)


def test_plain_classifier_with_labels_and_class_weights():
    labels = np.where(target(bl.Logistic()), "yes", "no")
    params = {"class_names": ["no", "yes"], "class_weights": [1.0, 3.0]}
    ours = plain(bl.Logistic(), **params, **ONE_STEP).fit(X, labels)
    theirs = catboost.CatBoostClassifier(boost_from_average=False, **FAST, **params, **ONE_STEP)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.fit(X, labels).predict_proba(X))
    assert set(ours.predict(X)) == {"no", "yes"}


def test_plain_library_names_what_it_wants_instead_of_a_loss():
    X = np.random.default_rng(0).normal(size=(50, 2))
    model = catboost.CatBoostRegressor(
        loss_function=bl.Huber(1.0), eval_metric="RMSE", iterations=2, allow_writing_files=False
    )
    with pytest.raises(CatBoostError, match=r"boostloss\.catboost\.objective\(Huber"):
        model.fit(X, X[:, 0], verbose=False)


def test_a_block_that_a_kernel_cannot_read_is_copied():
    wide = np.random.default_rng(0).normal(size=(100, 3))
    f, y, weight = wide.T  # not contiguous
    found = objective(bl.Huber(1.0)).calc_ders_range(f, y, weight)
    expected = boosting_gradients(bl.Huber(1.0), y, f, weight, np.float64, -1.0)
    np.testing.assert_array_equal(found, np.column_stack(expected))


def test_a_model_that_was_fitted_with_an_objective_pickles():
    loss = bl.Huber(1.0)
    settings = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    model = catboost.CatBoostRegressor(
        loss_function=objective(loss), eval_metric=metric(loss), **settings
    ).fit(X, X[:, 0])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.fit(X, X[:, 0]).predict(X), model.predict(X))
