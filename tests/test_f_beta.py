"""F_beta: the threshold of given probabilities, and the labels of the estimators."""

import itertools
import pickle
import warnings

import catboost
import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from drop_in import NEW_PARAMETERS, drop_in, each_library, fit, fitted_loss, raw_prediction
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import f1_score, fbeta_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostloss as bl
import boostloss.catboost
from boostloss.boosting.adaptation import held_out
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.watched import Watched

_rng = np.random.default_rng(0)
X = _rng.standard_normal((6000, 4))
LABEL = (X[:, 0] + X[:, 1] + 1.5 * _rng.standard_normal(6000) > 3.5).astype(int)
TRAIN, TEST = slice(0, 2000), slice(2000, 6000)
SAVED = {"xgboost": "model.json", "lightgbm": "model.txt", "catboost": "model.cbm"}
STARTS = {"xgboost": "base_margin", "lightgbm": "init_score", "catboost": "baseline"}


def trained(library, loss=bl.FBeta(), labels=LABEL, rows=TRAIN, options=(), **parameters):  # noqa: B008
    model = drop_in(library, loss, **{"rounds": 30} | parameters)
    return fit(library, model, X[rows], labels[rows], **dict(options))


def threshold(library, model):
    found = model.loss_.threshold
    if library == "catboost":
        assert model.get_probability_threshold() == pytest.approx(found, rel=1e-12)
    return found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_no_choice_of_rows_has_a_larger_expected_ratio(beta, weighted):
    rng = np.random.default_rng(1)
    for n in (1, 2, 5, 8):
        p = rng.beta(0.5, 2.0, n)
        w = rng.integers(1, 4, n).astype(float) if weighted else np.ones(n)
        best_threshold = bl.FBeta(beta).fitted(p, w if weighted else None).threshold

        def ratio(chosen, p=p, w=w):
            hits = (w * p)[chosen].sum()
            return (1 + beta**2) * hits / (beta**2 * (w * p).sum() + w[chosen].sum())

        sets = [np.array(chosen) for chosen in itertools.product([False, True], repeat=n)]
        best = max(map(ratio, sets))
        assert ratio(p > best_threshold) == pytest.approx(best)
        assert best_threshold == pytest.approx(best / (1 + beta**2))


def test_a_weight_is_a_number_of_rows_and_zero_is_absence():
    p, times = np.random.default_rng(2).random(50), np.arange(50) % 4
    weighted = bl.FBeta().fitted(p, times).threshold
    assert weighted == pytest.approx(bl.FBeta().fitted(np.repeat(p, times)).threshold)
    assert weighted != pytest.approx(bl.FBeta().fitted(p).threshold)


def test_certain_and_impossible_rows():
    assert bl.FBeta().fitted([1.0, 1.0, 0.0]).threshold == pytest.approx(0.5)
    assert bl.FBeta().fitted([0.0, 0.0]).threshold > 0.0
    assert bl.FBeta().fitted([1.0]).threshold == 0.5


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: bl.FBeta(0.0), ValueError, r"beta must be a number from 1e-3 to 1e3, got 0.0"),
        (lambda: bl.FBeta("one"), TypeError, "beta must be a number"),
        (lambda: bl.FBeta(1.0, 1.0), ValueError, r"threshold must be a number in \(0, 1\)"),
        (lambda: bl.FBeta().fitted([0.5, 1.5]), ValueError, r"\[0, 1\], got 1.5 in row 1"),
        (lambda: bl.FBeta().fitted([np.nan]), ValueError, r"\[0, 1\], got nan in row 0"),
        (lambda: bl.FBeta().fitted([0.5], [0.0]), ValueError, "a row of positive weight"),
        (lambda: bl.FBeta().fitted([]), ValueError, "a row of positive weight"),
        (lambda: bl.FBeta().fitted([0.5], [1.0, 1.0]), ValueError, "sample_weight has 2 rows"),
    ],
)
def test_bad_input_is_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_a_row_has_the_logistic_loss():
    y, f = np.array([0.0, 1.0, 1.0]), np.array([-1.0, 0.5, 30.0])
    for method in ("loss", "gradient_hessian", "mean_loss"):
        ours, theirs = (getattr(loss, method)(y, f) for loss in (bl.FBeta(2.0), bl.Logistic()))
        np.testing.assert_array_equal(ours, theirs)
    loss = bl.FBeta(0.5, 0.25)
    assert bl.from_string(repr(loss)) == loss == pickle.loads(pickle.dumps(loss))
    assert loss.given_parameters() == {"beta": 0.5, "threshold": 0.25}


def test_rows_held_out_do_not_pull():
    rng = np.random.default_rng(3)
    y, f, weight = rng.integers(0, 2, 1000), rng.standard_normal(1000), rng.integers(0, 3, 1000)
    run = Watched(bl.FBeta())
    for _ in range(2):
        gradient, hessian = run(y, f, weight)
    rows = held_out(1000, weight)
    assert len(rows) > 20
    others = np.setdiff1d(np.arange(1000), rows)
    expected = bl.Logistic()(y, f, weight)
    for found, logistic in zip((gradient, hessian), expected, strict=True):
        assert not found[rows].any()
        np.testing.assert_array_equal(found[others], logistic[others])


@each_library
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_the_threshold_is_that_of_rows_that_have_not_trained(library, beta):
    model = trained(library, bl.FBeta(beta))
    rows = held_out(2000)
    p = model.predict_proba(X)[:, 1]
    learned = bl.FBeta(beta).fitted(p[TRAIN][rows])
    assert threshold(library, model) == pytest.approx(learned.threshold, rel=1e-5)
    assert 0.02 < learned.threshold < 0.45
    np.testing.assert_array_equal(model.predict(X), p > threshold(library, model))
    np.testing.assert_allclose(
        p, 1.0 / (1.0 + np.exp(-raw_prediction(library, model, X))), rtol=1e-5
    )
    assert bl.FBeta(beta) in model.get_params().values()


@each_library
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_labels_have_a_larger_f_than_those_of_one_half(library, beta):
    ours, plain = trained(library, bl.FBeta(beta)), trained(library, bl.Logistic())
    found = [fbeta_score(LABEL[TEST], m.predict(X[TEST]), beta=beta) for m in (ours, plain)]
    assert found[0] > found[1] + 0.05
    assert np.corrcoef(ours.predict_proba(X)[:, 1], plain.predict_proba(X)[:, 1])[0, 1] > 0.9


@each_library
def test_what_is_no_label_and_what_has_a_cost_is_untouched(library):
    model = trained(library)
    p, raw = model.predict_proba(X)[:, 1], raw_prediction(library, model, X)
    assert len(np.unique(raw)) > 50
    np.testing.assert_array_equal(model.predict(X, cost=[[0, 1], [1, 0]]), p > 0.5)
    if library == "lightgbm":
        np.testing.assert_array_equal(model.predict(X, True), raw)
        assert model.predict(X, pred_leaf=True).shape == (6000, 30)
        np.testing.assert_array_equal(model.decision_function(X) > 0.0, model.predict(X) == 1)


@each_library
def test_saved_pickled_and_cloned(library, tmp_path):
    labels = np.where(LABEL == 1, "yes", "no")
    model = trained(library, labels=labels)
    found = model.predict(X)
    assert set(found) == {"yes", "no"}
    path = tmp_path / SAVED[library]
    model.save_model(path)
    loaded = drop_in(library, bl.Logistic())
    loaded.load_model(path)
    for other in (loaded, pickle.loads(pickle.dumps(model))):
        assert threshold(library, other) == pytest.approx(threshold(library, model), rel=1e-12)
        np.testing.assert_array_equal(other.predict(X), found)
        raw = raw_prediction(library, other, X)
        np.testing.assert_allclose(raw, raw_prediction(library, model, X), rtol=1e-5)
    assert fitted_loss(library, loaded) == bl.FBeta(1.0, threshold(library, model))
    if library == "catboost":  # plain CatBoost decides by the threshold too
        plain = catboost.CatBoostClassifier().load_model(path)
        np.testing.assert_array_equal(plain.predict(X), found)
        p = plain.predict_proba(X)[:, 1]
        loaded.set_probability_threshold(0.3)
        np.testing.assert_array_equal(loaded.predict(X), np.where(p > 0.3, "yes", "no"))
    else:
        plain = xgb.Booster if library == "xgboost" else lgb.Booster
        p = plain(model_file=path).predict(xgb.DMatrix(X) if library == "xgboost" else X)
    np.testing.assert_allclose(p, model.predict_proba(X)[:, 1], rtol=1e-5)
    again = fit(library, clone(model), X[2000:4000], LABEL[2000:4000])
    assert threshold(library, again) != threshold(library, model)


@pytest.mark.parametrize("library", NEW_PARAMETERS)
def test_every_fit_learns_anew(library, tmp_path):
    model = trained(library)
    model.save_model(tmp_path / SAVED[library])
    loaded = drop_in(library, bl.Logistic())
    loaded.load_model(tmp_path / SAVED[library])
    again = fit(library, loaded, X[2000:4000], LABEL[2000:4000])
    assert threshold(library, again) != threshold(library, model)
    fit(library, model.set_params(objective=bl.Logistic()), X[TRAIN], LABEL[TRAIN])
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X)[:, 1] > 0.5)


@each_library
def test_early_stopping_decides_by_the_rounds_that_are_kept(library):
    options = LIBRARIES[library].evaluation(X[4000:], LABEL[4000:], None, [])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")
        model = trained(library, options=options, rounds=200, stop=5, learning_rate=0.5)
    assert LIBRARIES[library].kept_rounds(model) < 190
    p = model.predict_proba(X[TRAIN])[:, 1]
    expected = bl.FBeta().fitted(p[held_out(2000)]).threshold
    assert threshold(library, model) == pytest.approx(expected, rel=1e-5)
    *_, history = LIBRARIES[library].metric_history(model).values()
    assert "Logistic" in history


@each_library
def test_starts_and_models_to_go_on_from(library):
    start = np.where(X[:, 2] > 0.0, 1.0, -4.0)
    model = trained(library, options={STARTS[library]: start[TRAIN]})
    raw = raw_prediction(library, model, X[TRAIN]) + start[TRAIN]
    if library == "xgboost":
        raw = model.predict(X[TRAIN], output_margin=True, base_margin=start[TRAIN])
    p = 1.0 / (1.0 + np.exp(-raw[held_out(2000)]))
    assert threshold(library, model) == pytest.approx(bl.FBeta().fitted(p).threshold, rel=1e-4)
    first = trained(library)
    more = trained(library, options={LIBRARIES[library].continue_from: first})
    p = more.predict_proba(X[TRAIN])[held_out(2000), 1]
    assert threshold(library, more) == pytest.approx(bl.FBeta().fitted(p).threshold, rel=1e-5)


@each_library
def test_weights_count_in_training_and_in_the_threshold(library):
    weight = np.random.default_rng(4).integers(0, 4, 2000).astype(float)
    model = trained(library, options={"sample_weight": weight}, scale_pos_weight=3.0)
    weight *= np.where(LABEL[TRAIN] == 1, 3.0, 1.0)
    rows = held_out(2000, weight)
    p = model.predict_proba(X[TRAIN])[rows, 1]
    expected = bl.FBeta().fitted(p, weight[rows]).threshold
    assert threshold(library, model) == pytest.approx(expected, rel=1e-5)
    assert expected != pytest.approx(bl.FBeta().fitted(p).threshold, rel=1e-3)


@each_library
def test_soft_labels_are_like_hard_ones(library):
    hard = trained(library)
    soft = trained(library, labels=np.stack([1.0 - LABEL, LABEL], axis=1))
    assert threshold(library, soft) == pytest.approx(threshold(library, hard), rel=1e-4)
    np.testing.assert_array_equal(soft.predict(X), hard.predict(X))


@each_library
def test_few_rows_and_one_label(library):
    few = trained(library, rows=slice(0, 100))
    p = few.predict_proba(X[:100])[:, 1]
    assert threshold(library, few) == pytest.approx(bl.FBeta().fitted(p).threshold, rel=1e-5)
    for label in {"lightgbm": (0, 1), "xgboost": (0,)}.get(library, ()):  # others they refuse
        single = trained(library, labels=np.full(6000, label))
        assert threshold(library, single) == 0.5
        assert (single.predict(X) == label).all()
    weight = (LABEL[TRAIN] == 0).astype(float)
    weighted = trained(library, options={"sample_weight": weight})
    assert not weighted.predict(X).any()
    rare = np.zeros(6000, int)
    rare[held_out(2000)[0]] = 1  # the only row of its label
    assert 0.0 < threshold(library, trained(library, labels=rare)) < 0.5
    tiny = trained(library, labels=np.arange(6000) % 2, rows=slice(0, 2))
    assert tiny.predict(X).shape == (6000,)


@each_library
def test_tables_of_other_kinds_and_pipelines(library):
    plain = trained(library)
    for table in (pd.DataFrame(X, columns=list("abcd")), sparse.csr_matrix(X)):
        model = fit(library, drop_in(library, bl.FBeta(), rounds=30), table[:2000], LABEL[:2000])
        assert threshold(library, model) == pytest.approx(threshold(library, plain), rel=1e-3)
        assert f1_score(plain.predict(X), model.predict(table)) > 0.95
    pipe = make_pipeline(StandardScaler(), drop_in(library, bl.FBeta(2.0), rounds=30))
    pipe.set_params(**{f"{pipe.steps[-1][0]}__{LIBRARIES[library].objective}__beta": 1.0})
    pipe.fit(X[TRAIN], LABEL[TRAIN])
    assert bl.FBeta(1.0) in pipe[-1].get_params().values()
    assert f1_score(plain.predict(X), pipe.predict(X)) > 0.8


@pytest.mark.parametrize("library", LIBRARIES)
def test_more_classes_are_refused_before_training(library):
    labels = np.digitize(X[:, 0], [-0.5, 0.5])
    with pytest.raises(ValueError, match=r"FBeta.*a loss of two labels"):
        trained(library, labels=labels)


def test_plain_libraries_are_refused():
    with pytest.raises(ValueError, match=r"learns the threshold.*boostloss\.xgboost"):
        xgb.XGBClassifier(objective=bl.FBeta()).fit(X[TRAIN], LABEL[TRAIN])
    with pytest.raises(ValueError, match="learns the threshold"):
        lgb.train({"objective": bl.FBeta(), "verbose": -1}, lgb.Dataset(X, LABEL), 2)
    with pytest.raises(ValueError, match="learns the threshold"):
        boostloss.catboost.objective(bl.FBeta())


def test_a_parameter_of_this_name_in_a_loss_of_ones_own_decides_nothing():
    @bl.loss
    def softened(margin, threshold=0.1):
        return np.log1p(np.exp(-margin)) + threshold

    model = trained("xgboost", softened())
    np.testing.assert_array_equal(model.predict(X), model.predict_proba(X)[:, 1] > 0.5)


def test_a_pool_of_catboost_is_a_table_too():
    weight = np.random.default_rng(5).integers(0, 4, 2000).astype(float)
    weights = {"class_weights": [1.0, 3.0]}
    options = {"sample_weight": weight}
    model = trained("catboost", options=options, **weights)
    pool = catboost.Pool(X[TRAIN], LABEL[TRAIN], weight=weight)
    other = drop_in("catboost", bl.FBeta(), rounds=30, **weights).fit(pool)
    found = model.get_probability_threshold()
    assert other.get_probability_threshold() == pytest.approx(found)
    total = weight * np.where(LABEL[TRAIN] == 1, 3.0, 1.0)
    rows = held_out(2000, total)
    p = model.predict_proba(X[TRAIN])[rows, 1]
    assert found == pytest.approx(bl.FBeta().fitted(p, total[rows]).threshold)
    np.testing.assert_array_equal(np.asarray(pool.get_label()), LABEL[TRAIN])
