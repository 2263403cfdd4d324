"""Distributions in CatBoost's regressor, a training of each parameter: what differs from other libraries."""

import catboost
import numpy as np
import pandas as pd
import pytest
from drop_in import drop_in, raw_prediction
from test_densities import skewed
from test_distribution_boosting import made
from test_intervals import survival

import boostloss as bl
from boostloss.boosting import catboost_lockstep as lockstep
from boostloss.boosting.distribution_rounds import DistributionRounds
from boostloss.boosting.several import several_gradients

TRAIN, STOP = slice(0, 500), slice(500, 700)
X, Y, _ = made(bl.Normal(), 700)
WEIGHT = np.random.default_rng(0).uniform(0.5, 2.0, 700)


def regressor(loss=None, rounds=15, **params):
    return drop_in("catboost", loss or bl.Normal(), rounds=rounds, learning_rate=0.2, **params)


def raw(model, rows=X):
    return raw_prediction("catboost", model, rows)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"grow_policy": "Lossguide", "bootstrap_type": "Bernoulli"},
        {"model_shrink_rate": 0.2, "leaf_estimation_iterations": 3},
        {"boosting_type": "Ordered", "leaf_estimation_method": "Gradient"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("loss", [bl.Normal(), bl.FreeStudentT()], ids=repr)
def test_what_is_exchanged_are_the_predictions_of_the_model(loss, params, lockstep_runs):
    model = regressor(loss, **params).fit(
        X[TRAIN], Y[TRAIN], eval_set=(X[STOP], Y[STOP]), use_best_model=False
    )
    np.testing.assert_allclose(lockstep_runs[0].scores.T, raw(model), atol=1e-9)
    assert model.tree_count_ == 15 * loss.n_outputs
    (history,) = model.evals_result_["validation"].values()
    assert history[-1] == pytest.approx(loss.mean_loss(Y[STOP], raw(model)[STOP]), rel=1e-9)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("loss", [bl.Normal(), bl.BarronLikelihood(), skewed(df=5.0)], ids=repr)
def test_derivatives_are_those_of_all_parameters(loss, weight):
    rng = np.random.default_rng(1)
    scores, place = rng.normal(size=(loss.n_outputs, 700)), rng.permutation(700).astype(np.int32)
    start = loss.fit_intercept(Y)
    rounds = DistributionRounds(loss, Y, weight, start, None)
    rounds.begin(scores)
    expected = several_gradients(loss, Y, scores.T, weight, np.float64)
    codes = rng.permutation(700)[:37]
    rows = place[codes]
    for j in range(loss.n_outputs):
        known = rounds.pairs(j, place, codes.astype(np.float32), scores[j, rows] - start[j], None)
        for found, whole in zip(known.T, expected, strict=True):
            np.testing.assert_allclose(found, whole[rows, j], rtol=1e-9, atol=1e-12)
        own = scores[j, rows] - start[j]
        own[0] += 1e-9  # so that nothing is looked up
        moved = rounds.pairs(j, place, codes.astype(np.float32), own, None)
        np.testing.assert_allclose(moved, known, rtol=1e-6, atol=1e-9)


def test_they_are_of_the_score_that_has_moved():
    loss = bl.Laplace()
    rounds = DistributionRounds(loss, Y, None, np.zeros(2), None)
    scores = np.random.default_rng(2).normal(size=(2, 700))
    rounds.begin(scores)
    every = np.arange(700)
    for j in range(2):
        moved = scores.copy()
        moved[j] += 0.5
        pairs = rounds.pairs(j, every.astype(np.int32), every.astype(np.float32), moved[j], None)
        gradient, hessian = loss.gradient_hessian(Y, moved.T)
        for found, true in ((pairs[:, 0], gradient[:, j]), (pairs[:, 1], hessian[:, j])):
            np.testing.assert_allclose(found, rounds.units[j] * true, rtol=1e-9)


class Coverage:
    """A metric that is to become large."""

    def __init__(self, loss):
        self.loss, self.seen = loss, set()

    def __deepcopy__(self, memo):
        return self

    def is_max_optimal(self):
        return True

    def evaluate(self, approxes, target, weight):
        self.seen.add((len(approxes), np.shape(target), None if weight is None else len(weight)))
        low, high = self.loss.distribution(np.stack(approxes, axis=1)).interval(0.5)
        y = target if target.ndim == 1 else target[:, 0]
        return float(np.sum((low < y) & (y < high))), float(len(y))

    def get_final_error(self, error, weight):
        return error / weight


def test_metrics_of_ones_own():
    metric = Coverage(bl.Normal())
    pool = catboost.Pool(X[STOP], Y[STOP], weight=WEIGHT[STOP])
    model = regressor(eval_metric=metric).fit(X[TRAIN], Y[TRAIN], eval_set=pool)
    assert metric.seen == {(2, (200,), 200)}
    history = model.evals_result_["validation"]["Coverage"]
    assert model.best_score_["validation"]["Coverage"] == max(history)
    assert model.best_iteration_ == np.argmax(history)
    metric = Coverage(bl.Weibull())
    table, _, ends, _ = survival(bl.Weibull(), 300)
    model = regressor(bl.Weibull(), eval_metric=metric)
    model.fit(table, ends, eval_set=(table[:50], ends[:50]))
    assert metric.seen == {(2, (50, 2), None)}
    other = regressor(eval_metric=bl.Laplace())
    other.fit(X[TRAIN], Y[TRAIN], eval_set=(X[STOP], Y[STOP]), use_best_model=False)
    (name, history), = other.evals_result_["validation"].items()  # fmt: skip
    assert name == "Laplace"
    assert history[-1] == pytest.approx(bl.Laplace().mean_loss(Y[STOP], raw(other)[STOP]))
    with pytest.raises(ValueError, match="eval_metric must not be 'RMSE' beside Normal"):
        regressor(eval_metric="RMSE").fit(X, Y)


def test_rows_to_stop_by_weigh_in_a_pool():
    pool = catboost.Pool(X[STOP], Y[STOP], weight=WEIGHT[STOP])
    model = regressor(rounds=300, stop=10).fit(X[TRAIN], Y[TRAIN], eval_set=pool)
    expected = bl.Normal().mean_loss(Y[STOP], raw(model)[STOP], WEIGHT[STOP])
    assert model.best_score_["validation"]["Normal"] == pytest.approx(expected, rel=1e-5)
    assert len(model.evals_result_["validation"]["Normal"]) == model.best_iteration_ + 11 < 300


@pytest.mark.parametrize(
    ("params", "options", "patience"),
    [
        ({"od_type": "Iter", "od_wait": 30}, {}, 30),
        ({"od_type": "Iter"}, {}, 20),
        ({"od_type": "Iter", "od_wait": 30}, {"early_stopping_rounds": 10}, 10),
        ({"od_wait": 30}, {}, 30),
        ({}, {}, 300),
    ],
    ids=str,
)
def test_how_long_it_waits(params, options, patience):
    model = regressor(rounds=300, **params)
    model.fit(X[TRAIN], Y[TRAIN], eval_set=(X[STOP], Y[STOP]), **options)
    history = model.evals_result_["validation"]["Normal"]
    assert len(history) == min(300, model.best_iteration_ + patience + 1)


def test_the_targets_of_a_pool_may_be_numbers_of_rows(lockstep_runs):
    """By its first target a metric knows the rows to stop by."""
    y = np.arange(500.0)
    pool = catboost.Pool(X[TRAIN], y)
    model = regressor(rounds=5).fit(X[TRAIN], y, eval_set=pool, use_best_model=False)
    np.testing.assert_allclose(lockstep_runs[0].scores[:, :500], raw(model)[TRAIN].T, atol=1e-8)
    np.testing.assert_allclose(lockstep_runs[0].scores[:, 500:], raw(model)[TRAIN].T, atol=1e-8)


def test_pools_of_numbers_train():
    pool = catboost.Pool(X, Y, weight=WEIGHT)
    one, other = regressor().fit(pool), regressor().fit(X, Y, sample_weight=WEIGHT)
    np.testing.assert_allclose(raw(one), raw(other), atol=1e-4)
    table, _, ends, _ = survival(bl.LogNormal(), 300)
    ends = ends[np.isfinite(ends).all(axis=1)] + [[0.0, 0.5]]
    table = table[: len(ends)]
    one = regressor(bl.LogNormal()).fit(catboost.Pool(table, ends))
    other = regressor(bl.LogNormal()).fit(table, ends)
    np.testing.assert_allclose(raw(one, table), raw(other, table), atol=1e-3)
    assert one.score(catboost.Pool(table, ends)) == pytest.approx(
        -bl.LogNormal().mean_loss(ends, raw(one, table)), rel=1e-5
    )


def test_categories():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(X[:, :2], columns=["a", "b"])
    table["town"] = town = rng.choice(list("uvwxyz"), len(X))
    spread = np.where(town < "x", 0.2, 2.0)
    y = np.where(town < "w", 3.0, 0.0) + spread * rng.normal(size=len(X))
    train, stop = table[:500], table[500:]
    pool = catboost.Pool(stop, y[STOP], ["town"], weight=WEIGHT[STOP])
    constant = bl.Normal().mean_loss(
        y[STOP], np.tile(bl.Normal().fit_intercept(y[TRAIN]), (200, 1))
    )
    for options in ({}, {"one_hot_max_size": 2, "rounds": 80}):
        for given in ({"eval_set": (stop, y[STOP])}, {"eval_set": pool}, {}):
            model = regressor(bl.Normal(), **{"rounds": 40} | options)
            model.fit(train, y[TRAIN], cat_features=["town"], **given)
            assert bl.Normal().mean_loss(y[STOP], raw(model, stop)) < constant - 0.6
            assert model.predict_distribution(stop).std().shape == (200,)


def test_a_row_alone():
    model = regressor().fit(X, Y)
    assert model.predict(X[0]) == model.predict(X[:1])[0]
    assert np.ndim(model.predict(X[0])) == 0
    assert raw(model, X[0]).shape == (2,)
    assert model.predict_distribution(X[0]).mean() == model.predict(X[0])


def test_it_repeats_and_does_not_depend_on_the_threads_that_compute():
    found = [raw(regressor(thread_count=n).fit(X, Y)) for n in (1, 1, 3, 16)]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-9)
    np.testing.assert_array_equal(found[0], found[1])


@bl.log_density
def of_a_spread(target, log_scale):
    """A normal distribution around 0."""
    z = target * np.exp(-log_scale)
    return -0.5 * z * z - log_scale - 0.5 * np.log(2.0 * np.pi)


def test_one_output():
    loss, y = of_a_spread(), np.exp(X[:, 1]) * np.random.default_rng(0).normal(size=700)
    model = regressor(loss, rounds=60).fit(X[TRAIN], y[TRAIN], eval_set=(X[STOP], y[STOP]))
    assert np.corrcoef(raw(model)[STOP], X[STOP, 1])[0, 1] > 0.9
    assert model.predict_distribution(X[:3]).mean().shape == model.predict(X[:3]).shape == (3,)
    assert model.predict(X[0]) == model.predict(X[:1])[0]
    expected = loss.mean_loss(y[STOP], raw(model)[STOP, None])
    assert model.best_score_["validation"]["of_a_spread"] == pytest.approx(expected, rel=1e-9)


def test_starts_of_0():
    model = regressor(rounds=1, boost_from_average=False).fit(X, Y)
    assert model.get_scale_and_bias() == (1.0, [0.0, 0.0])
    start = regressor(rounds=1).fit(X, Y).get_scale_and_bias()[1]
    np.testing.assert_array_equal(start, bl.Normal().fit_intercept(Y))


@pytest.mark.parametrize(
    ("params", "options", "message"),
    [
        ({}, {"init_model": "x"}, "init_model must not be given with Normal"),
        ({}, {"baseline": np.zeros((700, 2))}, "baseline must not be given"),
        ({}, {"callbacks": [1]}, "callbacks must not be given"),
        ({"save_snapshot": True}, {}, "save_snapshot must not be given"),
        ({"custom_metric": ["MAE"]}, {}, r"custom_metric must not be \['MAE'\] beside Normal"),
        ({"task_type": "GPU"}, {}, "task_type must be 'CPU' with Normal.*, got 'GPU'"),
        ({"od_type": "IncToDec"}, {}, "od_type must be 'Iter'"),
        ({"od_pval": 0.01}, {}, "od_pval must not be given"),
        ({"target_border": 0.5}, {}, "target_border must not be given"),
        ({"simple_ctr": ["Counter"]}, {"cat_features": [0]}, "simple_ctr must not be given with"),
        ({}, {"eval_set": [(X, Y)] * 2}, "eval_set must be one, for a distribution"),
        ({}, {"eval_set": X}, r"eval_set must be \(X, y\) or a Pool with Normal"),
        ({}, {"eval_set": (X, np.full(700, np.nan))}, "y_true must be finite"),
        ({}, {"y": None}, r"y must be given with Normal\(\), unless X is a Pool"),
        ({}, {"y": np.full(700, 1.0)}, "targets that differ"),
        ({}, {"X": X[:650]}, "y must have a row for each of 650, got 700"),
        ({}, {"sample_weight": -WEIGHT}, "sample_weight"),
        ({"eval_metric": bl.Gamma()}, {}, "eval_metric must not be Gamma"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_done_is_refused_before_training(params, options, message, monkeypatch):
    monkeypatch.setattr(lockstep.Lockstep, "run", None)
    with pytest.raises(ValueError, match=message):
        regressor(**params).fit(**{"X": X, "y": Y} | options)


def test_pools_that_cannot_be_numbered_are_refused():
    table = pd.DataFrame({"a": X[:, 0], "town": "x"})
    with pytest.raises(ValueError, match="X must be a table, not a Pool of categories"):
        regressor().fit(catboost.Pool(table, Y, cat_features=["town"]))
    started = catboost.Pool(X, Y, baseline=np.zeros(700))
    for given in ({"X": started}, {"X": X, "y": Y, "eval_set": started}):
        with pytest.raises(ValueError, match="baseline must not be given in"):
            regressor().fit(**given)
    quantized = catboost.Pool(X, Y)
    quantized.quantize()
    with pytest.raises(ValueError, match="eval_set must be a table, not a Pool of"):
        regressor().fit(X, Y, eval_set=quantized)
    ends = np.stack([Y, Y + 1.0], axis=1)
    with pytest.raises(ValueError, match="not a Pool, where y holds intervals"):
        regressor().fit(X, ends, eval_set=catboost.Pool(X, ends))


def test_labels_and_weights_beside_a_pool_are_refused():
    pool, bare = catboost.Pool(X, Y), catboost.Pool(X)
    for given, options in ((pool, {}), (bare, {"y": Y})):
        with pytest.raises(ValueError, match="sample_weight must not be given with a Pool"):
            regressor().fit(given, sample_weight=WEIGHT, **options)
    with pytest.raises(ValueError, match="y must not be given with a Pool that has labels"):
        regressor().fit(pool, -Y)
    ends = np.stack([Y, Y + 1.0], axis=1)
    one, other = regressor(rounds=5).fit(bare, ends), regressor(rounds=5).fit(X, ends)
    np.testing.assert_allclose(raw(one), raw(other), atol=1e-8)


def test_a_failed_fit_leaves_the_earlier_one():
    model = regressor().fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="finite"):
        model.fit(X, np.full(700, np.inf))
    np.testing.assert_array_equal(model.predict(X), before)


def test_the_learning_rate_is_that_of_rmse(lockstep_runs, monkeypatch):
    asked, plain = [], lockstep.Training.train

    def train(self, params):
        asked.append(params["learning_rate"])
        return plain(self, params)

    monkeypatch.setattr(lockstep.Training, "train", train)
    options = {"eval_set": (X[STOP], Y[STOP])}
    own = catboost.CatBoostRegressor(iterations=20, verbose=False, allow_writing_files=False)
    own.fit(X[TRAIN], Y[TRAIN], **options)
    drop_in("catboost", bl.Normal(), rounds=20).fit(X[TRAIN], Y[TRAIN], **options)
    assert asked == pytest.approx([own.get_all_params()["learning_rate"]] * 2, rel=1e-6)
