"""Adaptive losses in the three libraries."""

import functools
import pickle
import warnings

import numpy as np
import pytest
from drop_in import each_library, each_library_with_new_parameters, fitted_loss
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import boostloss as bl
from boostloss.boosting.adaptation import Adaptation, held_out
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.objective import boosting_gradients
from boostloss.catboost import objective
from boostloss.losses.adaptive import Adaptive

BOTH = bl.Barron("adaptive", "adaptive")
LOSSES = [BOTH, bl.Huber("adaptive"), bl.LogCosh("adaptive"), bl.Welsch("adaptive")]
LOSSES += [bl.EpsilonInsensitive("adaptive")]

_rng = np.random.default_rng(0)
X = _rng.normal(size=(1500, 4))
TRUTH = 2.0 * X[:, 0] + np.sin(3.0 * X[:, 1])
NOISE = 0.3
Y = TRUTH + NOISE * _rng.standard_normal(1500)
WRONG = Y + np.where(_rng.random(1500) < 0.1, 50.0 * _rng.standard_cauchy(1500), 0.0)
_noise = _rng.standard_normal(1500)
TRAIN, VALID, TEST = slice(0, 900), slice(900, 1200), slice(1200, 1500)


def estimator(library, loss, stop=False, own=False, rounds=None, **options):
    names = LIBRARIES[library]
    settings = names.parameters(loss) | {names.seed: 0, names.threads: 2, names.learning_rate: 0.15}
    settings[names.rounds] = rounds or (200 if library == "catboost" else 60)
    if stop:
        settings[names.early_stopping] = 10
    return names.estimator("regression", own)(**settings | names.settings | options)


def fit(model, y=WRONG, **options):
    return model.fit(X[TRAIN], y[TRAIN], **options)


def error(model):
    return np.mean(np.abs(model.predict(X[TEST]) - TRUTH[TEST]))


@functools.cache
def error_of_squared_error(library):
    return error(fit(estimator(library, bl.SquaredError())))


@each_library
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_wrong_labels_do_little_harm_without_tuning(library, loss):
    model = fit(estimator(library, loss))
    assert error(model) < 0.35 < 0.5 * error_of_squared_error(library)
    for name in loss.adaptive:
        values = model.adaptation_[name]
        assert values.shape == (model.get_params()[LIBRARIES[library].rounds],)
        assert np.isfinite(values).all()


@each_library
def test_the_scale_comes_down_to_the_noise_and_does_not_collapse(library):
    loss = bl.Cauchy("adaptive")
    scale = fit(estimator(library, loss, rounds=300), Y).adaptation_["scale"]
    assert scale[0] > 1.0
    assert 0.9 * NOISE < scale[-1] < 2.0 * NOISE


@each_library
@pytest.mark.parametrize("loss", [bl.Cauchy(), bl.Welsch(), bl.Cauchy(0.5), bl.Welsch(1.0)])
def test_a_segment_that_features_tell_apart_is_learned(library, loss):
    segment = X[:, 2] > 0.7  # a quarter of the rows, far from the others
    y = np.where(segment, 50.0 + 10.0 * X[:, 3], 0.0) + 0.5 * _noise
    rounds = 300 if library == "catboost" else 150

    def mean_error(graduated):
        same = loss.with_parameters(graduated=graduated)
        model = fit(estimator(library, same, rounds=rounds), y)
        if same.scale == "adaptive":
            assert model.adaptation_["scale"][-1] < 2.0  # it ends robust
        return np.mean(np.abs(model.predict(X[TEST]) - y[TEST]))

    assert mean_error(True) < 1.5
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* gives about 2.% of the rows next to no influence")
        robust_at_once = mean_error(False)
    if loss.scale != "adaptive":  # or it suits what the trees move, a part of the quarter
        assert robust_at_once > 3.0  # it takes the quarter for outliers


def test_a_graduated_loss_with_numbers_ends_as_itself_and_all_rows_train_then():
    loss = bl.Welsch(0.5, graduated=True)
    assert loss == bl.from_string("Welsch(scale=0.5, graduated=True)") != bl.Welsch(0.5)
    assert bl.Welsch(0.5, graduated=False) == bl.Welsch(0.5)
    assert repr(bl.Welsch(0.5, graduated=np.True_)) == repr(loss)
    run, noise = Adaptation(loss), np.random.default_rng(0).standard_normal(400)
    for _ in range(20):
        gradient, _ = run(noise, np.zeros(400))
        assert (gradient[held_out(400)] == 0.0).all() == (run.rounds[-1].alpha > -np.inf)
    assert run.rounds[0].alpha == 0.5
    assert run.rounds[-1] == bl.Welsch(0.5)
    assert run.history == {}


def test_graduated_is_a_truth_value_of_losses_that_redescend():
    with pytest.raises(TypeError, match=r"graduated must be True, False or None, got 'yes'\."):
        bl.Cauchy(0.3, graduated="yes")
    with pytest.raises(TypeError, match="unexpected keyword argument 'graduated'"):
        bl.Huber(0.3, graduated=True)


def test_a_small_part_is_learned_to_its_end():
    noise = np.random.default_rng(2).standard_normal(2000)
    small, wrong = np.arange(2000) % 25 == 0, np.arange(2000) % 25 == 1

    def convex_rounds(far):
        """Where these rows are far away and learned as the others are, and others are wrong for ever."""
        run = Adaptation(bl.Welsch("adaptive"))
        for t in range(100):
            run(
                noise + np.where(far, 60.0, 3.0) * 0.9**t + np.where(wrong, 50.0, 0.0),
                np.zeros(2000),
            )
        return len(run.progress)

    assert 60.0 * 0.9 ** convex_rounds(small) < 5.0
    assert convex_rounds(np.zeros(2000, bool)) < 25  # not for wrong labels alone


@pytest.mark.parametrize("n_rounds", [50, 400])
@pytest.mark.parametrize("rate", [0.3, 0.1])
def test_short_and_long_runs_end_robust(rate, n_rounds):
    run = Adaptation(bl.Welsch("adaptive"))
    noise = np.random.default_rng(1).standard_normal(500)
    signal = np.where(np.arange(500) % 5 == 0, 40.0, 3.0)
    for t in range(n_rounds):
        run(noise + signal * (1.0 - rate) ** t, np.zeros(500))
    alphas = np.array([loss.alpha for loss in run.rounds])
    assert alphas[0] == 0.5
    assert (alphas[1:] <= alphas[:-1]).all()
    assert alphas[-1] == -np.inf
    assert not isinstance(run.rounds[0], bl.Welsch)
    assert isinstance(run.rounds[-1], bl.Welsch)
    learned = np.argmax(alphas < 0.5)
    assert 40.0 * (1.0 - rate) ** learned < 8.0


def test_a_call_without_rounds_is_robust_at_once():
    y, f = np.random.default_rng(0).standard_cauchy(500), np.zeros(500)
    loss = bl.Welsch("adaptive")
    error = (f - y)[held_out(500)]
    expected = boosting_gradients(loss.fitted(error), y, f)
    np.testing.assert_array_equal(
        np.delete(loss(y, f)[0], held_out(500)), np.delete(expected[0], held_out(500))
    )
    assert loss.fitted(error, temperature=1.0).alpha == 0.5
    assert bl.Huber("adaptive").fitted(error, temperature=1.0) == bl.Huber("adaptive").fitted(error)


@each_library
def test_the_shape_tells_wrong_labels_from_right_ones(library):
    right, wrong = (fit(estimator(library, BOTH), y).adaptation_["alpha"][-1] for y in (Y, WRONG))
    assert wrong == 0.0 < right


@each_library
def test_two_fits_are_equal_and_a_fit_leaves_the_loss_as_it_is(library):
    model = estimator(library, BOTH)
    first, second = (fit(clone(model)) for _ in range(2))
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    for name in BOTH.adaptive:
        np.testing.assert_array_equal(first.adaptation_[name], second.adaptation_[name])
    assert bl.Barron("adaptive", "adaptive") == BOTH


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@each_library
def test_early_stopping_judges_by_the_absolute_error(library):
    model = estimator(library, BOTH, stop=True, rounds=2000, learning_rate=0.3)
    fit(model, eval_set=[(X[VALID], WRONG[VALID])], **LIBRARIES[library].fit_options())
    *_, metrics = (log for log in LIBRARIES[library].metric_history(model).values() if log)
    expected = np.mean(np.abs(model.predict(X[VALID]) - WRONG[VALID]))
    assert min(metrics["MAE"]) == pytest.approx(expected, rel=1e-5)
    assert len(metrics["MAE"]) < 2000
    assert len(model.adaptation_["scale"]) == len(metrics["MAE"])


@each_library
def test_pickles_and_saved_models_predict_the_same_and_know_the_loss(library, tmp_path):
    model = fit(estimator(library, BOTH))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.adaptation_["scale"], model.adaptation_["scale"])
    model.save_model(str(tmp_path / "model.json"))
    loaded = estimator(library, BOTH)
    loaded.load_model(str(tmp_path / "model.json"))
    np.testing.assert_allclose(loaded.predict(X), model.predict(X), rtol=1e-6)
    assert fitted_loss(library, loaded) == BOTH
    fit(loaded)
    assert "scale" in loaded.adaptation_


@each_library
def test_a_fixed_loss_has_no_history(library):
    assert not hasattr(fit(estimator(library, bl.Cauchy(1.0))), "adaptation_")


@each_library_with_new_parameters
def test_a_new_fit_forgets_the_history(library):
    model = fit(estimator(library, BOTH))
    assert not hasattr(fit(model.set_params(objective=bl.Cauchy(1.0))), "adaptation_")


@each_library
def test_training_goes_on_from_a_model(library):
    model = fit(estimator(library, bl.Cauchy("adaptive")))
    before = model.get_booster() if library == "xgboost" else model
    more = fit(
        estimator(library, bl.Cauchy("adaptive")), **{LIBRARIES[library].continue_from: before}
    )
    assert more.adaptation_["scale"][0] < 0.7 * model.adaptation_["scale"][0]
    assert error(more) < 1.15 * error(model)


@each_library
def test_weights_count_and_rows_of_weight_zero_do_not(library):
    loss, bad = bl.Cauchy("adaptive"), np.arange(1500) % 3 == 0
    y = np.where(bad, 1e4, Y)
    weight = np.where(bad, 0.0, 2.0)[TRAIN]
    model = fit(estimator(library, loss), y, sample_weight=weight)
    assert model.adaptation_["scale"].max() < 10.0
    assert error(model) < 0.35


@each_library
def test_a_table_too_small_to_hold_rows_out(library):
    model = estimator(library, BOTH, rounds=20).fit(X[:60], WRONG[:60])
    assert np.isfinite(model.predict(X)).all()
    assert len(model.adaptation_["alpha"]) == 20


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_the_plain_library_takes_it_too(library):
    model = fit(estimator(library, BOTH, own=True))
    assert error(model) < 0.4


def test_plain_catboost_is_told_who_adapts():
    with pytest.raises(ValueError, match=r"boostloss\.catboost\.CatBoostRegressor adapts it"):
        objective(BOTH)


def test_catboost_calls_back_the_user_too():
    class Stop:
        def after_iteration(self, info):
            return info.iteration < 7

    model = fit(estimator("catboost", BOTH), callbacks=[Stop()])
    assert model.tree_count_ == len(model.adaptation_["scale"]) == 7


@pytest.mark.parametrize("loss", [BOTH, bl.Cauchy(), bl.Welsch()], ids=repr)
def test_catboost_adapts_with_ordered_boosting(loss):
    """Whose rounds see the same held-out rows, but some of them more often than others."""
    model = fit(estimator("catboost", loss, boosting_type="Ordered"))
    assert error(model) < 0.35


@pytest.mark.parametrize("kind", ["Plain", "Ordered"])
@pytest.mark.parametrize("steps", [1, 5])
def test_catboost_counts_every_held_out_row_once(steps, kind, monkeypatch):
    counts = []
    adapt = Adaptive.fitted
    monkeypatch.setattr(
        Adaptive, "fitted", lambda loss, e, *rest: counts.append(len(e)) or adapt(loss, e, *rest)
    )
    fit(estimator("catboost", BOTH, leaf_estimation_iterations=steps, boosting_type=kind))
    assert set(counts[1:]) == {len(held_out(900))}  # the first is of the best constant


def test_catboost_says_what_its_own_search_cannot():
    with pytest.raises(ValueError, match="GridSearchCV"):
        estimator("catboost", BOTH).grid_search({"depth": [2, 3]}, X[TRAIN], WRONG[TRAIN])


def test_catboost_weights_too_far_apart_are_refused():
    weight = np.where(np.arange(900) == 0, 1e20, 1.0)
    with pytest.raises(ValueError, match="sample_weight must not differ"):
        fit(estimator("catboost", BOTH), sample_weight=weight)
    assert error(fit(estimator("catboost", BOTH), sample_weight=np.full(900, 1e20))) < 0.35


@each_library
def test_a_search_chooses_among_adaptive_losses(library):
    parameter = LIBRARIES[library].objective
    losses = [bl.SquaredError(), bl.Cauchy("adaptive")]
    options = {"depth": 4} if library == "catboost" else {}
    search = GridSearchCV(
        estimator(library, losses[0], rounds=30, **options),
        {parameter: losses},
        cv=2,
        scoring="neg_median_absolute_error",
    )
    assert search.fit(X[TRAIN], WRONG[TRAIN]).best_params_[parameter] == losses[1]
    assert len(search.best_estimator_.adaptation_["scale"]) == 30


def test_catboost_does_not_train_on_what_is_held_out():
    y = Y[TRAIN].copy()
    y[held_out(900)] += 1e6
    loss = bl.Barron(alpha=2.0, scale="adaptive")  # squared error, which any row would pull
    model = estimator("catboost", loss).fit(X[TRAIN], y, baseline=np.zeros(900))
    assert error(model) < 0.35


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_rows_without_weight_and_no_rows_tell_nothing(loss):
    zeros = np.zeros(3)
    for y, weight in (([], None), ([], []), ([1.0, 2.0, 5.0], zeros)):
        gradient, hessian = loss(y, zeros[: len(y)], weight)
        np.testing.assert_array_equal([gradient, hessian], np.zeros((2, len(y))))


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_infinite_raw_predictions_are_refused_without_a_warning(loss):
    with pytest.raises(ValueError, match="raw predictions must be finite, got -inf"):
        loss([0.0, 0.0, 0.0, 1.0], [0.0, 0.0, -np.inf, -np.inf])


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_infinite_weights_are_refused(loss):
    with pytest.raises(ValueError, match="sample_weight must be finite and >= 0, got inf"):
        loss([0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, np.inf])
