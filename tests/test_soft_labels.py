"""Soft labels, a probability for each class, in losses and in the estimators of XGBoost and LightGBM."""

import numpy as np
import pandas as pd
import pytest
from drop_in import drop_in, fit, raw_prediction
from friedman import LABELS, STOP, TEST, TRAIN, X

import boostloss as bl
from boostloss.boosting.objective import boosting_gradients

HARD = np.unique(LABELS, return_inverse=True)[1]
SURE = np.eye(4)[HARD]
TWO = (HARD > 1).astype(int)
SOFT_TWO = 0.8 * np.eye(2)[TWO] + 0.1
SOFT = 0.7 * SURE + 0.1 * np.roll(SURE, 1, axis=1) + 0.05
each_library = pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
each_loss = pytest.mark.parametrize(
    "loss", [bl.Logistic(), bl.Focal(1.0), bl.GeneralizedCrossEntropy(0.2)], ids=repr
)
pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")


@each_library
@each_loss
def test_labels_that_are_sure_are_hard_labels(library, loss):
    soft = fit(library, drop_in(library, loss), X[TRAIN], SURE[TRAIN])
    hard = fit(library, drop_in(library, loss), X[TRAIN], HARD[TRAIN])
    np.testing.assert_allclose(
        raw_prediction(library, soft, X), raw_prediction(library, hard, X), atol=1e-4
    )
    assert soft.classes_.tolist() == [0, 1, 2, 3]
    assert soft.predict(X[TEST]).shape == (200,)


@each_library
@each_loss
def test_probabilities_are_those_of_the_labels(library, loss):
    model = fit(library, drop_in(library, loss, rounds=80), X, SOFT)
    np.testing.assert_allclose(model.predict_proba(X).mean(axis=0), SOFT.mean(axis=0), atol=0.02)
    assert np.abs(model.predict_proba(X) - SOFT).mean() < 0.12
    assert model.predict_proba(X).max() < 0.95


@each_library
def test_rows_to_stop_by_have_hard_labels_and_weights_count(library):
    options = {"eval_set": [(X[STOP], HARD[STOP])]}
    model = drop_in(library, bl.Logistic(), rounds=300, stop=10)
    fit(library, model, X[TRAIN], SOFT[TRAIN], sample_weight=1.0 + HARD[TRAIN], **options)
    assert model.predict_proba(X[TEST]).shape == (200, 4)
    plain = fit(library, drop_in(library, bl.Logistic()), X, SOFT).predict_proba(X)
    heavy = fit(
        library, drop_in(library, bl.Logistic()), X, SOFT, sample_weight=1.0 + 9.0 * (HARD == 2)
    )
    assert heavy.predict_proba(X)[:, 2].mean() > plain[:, 2].mean() + 0.05


@each_library
def test_a_class_that_is_never_the_most_probable_is_one(library):
    soft = np.column_stack([0.8 * SURE + 0.03, np.full(len(X), 0.08)])
    model = fit(library, drop_in(library, bl.Logistic()), X, soft)
    assert model.predict_proba(X).shape == (900, 5)
    np.testing.assert_allclose(model.predict_proba(X)[:, 4].mean(), 0.08, atol=0.01)


@each_library
def test_what_is_no_probability_is_refused(library):
    for wrong, message in (
        (SOFT + 0.1, "sum to 1 in each row"),
        (np.where(SOFT > 0.5, 1.5, -0.1), "sum to 1 in each row"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(library, drop_in(library, bl.Logistic()), X, wrong)
    with pytest.raises(ValueError, match="a row for each of 4 classes, got 3 rows"):
        fit(library, drop_in(library, bl.Logistic()), X[:3], SOFT[:3])
    if library == "lightgbm":
        with pytest.raises(ValueError, match="class_weight must not be given with soft labels"):
            fit(library, drop_in(library, bl.Logistic(), class_weight="balanced"), X, SOFT)


@bl.loss
def exponential(margin):
    return np.exp(-margin)


of_two_labels = pytest.mark.parametrize(
    "loss",
    [bl.Logistic(), bl.Logistic(0.1), bl.Focal(2.0, 0.3), bl.BiTemperedLogistic(), exponential()],
    ids=repr,
)


@of_two_labels
def test_a_soft_label_of_two_is_a_row_for_each(loss):
    rng = np.random.default_rng(0)
    f, weight, p = rng.normal(size=50), rng.uniform(0.5, 2.0, 50), rng.uniform(size=50)
    y = np.column_stack([1 - p, p])
    for weights in (None, weight):
        against, towards = (
            (1 - p) * (1 if weights is None else weight),
            p * (1 if weights is None else weight),
        )
        for compute in (loss.loss, *(lambda *a, i=i: loss.gradient_hessian(*a)[i] for i in (0, 1))):
            expected = compute(np.zeros(50), f, against) + compute(np.ones(50), f, towards)
            np.testing.assert_allclose(compute(y, f, weights), expected, rtol=1e-12)
    sure = np.eye(2)[(p > 0.5).astype(int)]
    for given, expected in zip(
        boosting_gradients(loss, sure, f, weight, np.float64),
        boosting_gradients(loss, p > 0.5, f, weight, np.float64),
        strict=True,
    ):
        np.testing.assert_allclose(given, expected, rtol=1e-12)


@of_two_labels
def test_the_best_constant_of_soft_labels_of_two_is_theirs(loss):
    y = np.column_stack([np.full(40, 0.7), np.full(40, 0.3)])
    best = loss.fit_intercept(y)
    values = [loss.mean_loss(y, np.full(40, best + shift)) for shift in (-0.05, 0.0, 0.05)]
    assert values[1] == min(values)
    if loss != bl.Logistic(0.1):
        np.testing.assert_allclose(loss.inverse_link([best]), 0.3, atol=1e-4)


@each_library
@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal(1.0)], ids=repr)
def test_two_soft_classes_train_one_score(library, loss):
    soft = fit(library, drop_in(library, loss), X[TRAIN], np.eye(2)[TWO[TRAIN]])
    hard = fit(library, drop_in(library, loss), X[TRAIN], TWO[TRAIN])
    np.testing.assert_allclose(
        raw_prediction(library, soft, X), raw_prediction(library, hard, X), atol=1e-4
    )
    model = fit(library, drop_in(library, loss, rounds=60), X, SOFT_TWO)
    assert model.predict_proba(X).shape == (900, 2)
    np.testing.assert_allclose(
        model.predict_proba(X).mean(axis=0), SOFT_TWO.mean(axis=0), atol=0.02
    )
    constant = np.abs(SOFT_TWO.mean(axis=0) - SOFT_TWO).mean()
    assert np.abs(model.predict_proba(X) - SOFT_TWO).mean() < 0.75 * constant
    assert 0.02 < model.predict_proba(X).min() < 0.2
    assert set(model.predict(X)) == {0, 1}


@each_library
@pytest.mark.parametrize("hard", [HARD, TWO], ids=["four", "two"])
@pytest.mark.parametrize("frame", [np.asarray, pd.DataFrame], ids=["array", "frame"])
def test_rows_to_stop_by_may_be_soft(library, hard, frame):
    loss = bl.Focal(1.0)
    k = hard.max() + 1
    soft = 0.6 * np.eye(k)[hard] + 0.4 / k
    weight = 1.0 + (X[STOP][:, 0] > 0.5)
    model = drop_in(library, loss, rounds=40, stop=5)
    name = "sample_weight_eval_set" if library == "xgboost" else "eval_sample_weight"
    stop = frame(X[STOP]), soft[STOP]
    fit(library, model, frame(X[TRAIN]), soft[TRAIN], eval_set=[stop], **{name: [weight]})
    results = model.evals_result() if library == "xgboost" else model.evals_result_
    (values,) = next(iter(results.values())).values()
    raw = {
        "xgboost": lambda n: model.predict(
            frame(X[STOP]), output_margin=True, iteration_range=(0, n)
        ),
        "lightgbm": lambda n: model.predict(frame(X[STOP]), raw_score=True, num_iteration=n),
    }[library]
    assert np.isclose(values[2], loss.mean_loss(soft[STOP], raw(3), weight), rtol=1e-5)
    best = int(np.argmin(values))
    found = model.best_iteration if library == "xgboost" else model.best_iteration_ - 1
    assert found == best


@each_library
def test_soft_rows_to_stop_by_beside_hard_labels(library):
    names = np.array(["a", "b", "c", "d"])[HARD]
    model = drop_in(library, bl.Logistic(), stop=5)
    fit(library, model, X[TRAIN], names[TRAIN], eval_set=[(X[STOP], SOFT[STOP])])
    assert model.classes_.tolist() == ["a", "b", "c", "d"]
    for wrong in (SOFT[STOP][:, :3] / SOFT[STOP][:, :3].sum(axis=1, keepdims=True), SOFT[STOP] * 2):
        with pytest.raises(ValueError, match=r"^eval_set\[0\]: y_true must"):
            fit(library, model, X[TRAIN], names[TRAIN], eval_set=[(X[STOP], wrong)])


def test_lightgbm_takes_soft_labels_in_every_form_of_its_sets():
    model = drop_in("lightgbm", bl.Logistic(), stop=5)
    parts = {"eval_X": (X[STOP], X[TEST]), "eval_y": (SOFT[STOP], HARD[TEST])}
    apart = model.fit(X[TRAIN], SOFT[TRAIN], **parts).evals_result_
    sets = [(X[STOP], SOFT[STOP]), (X[TEST], HARD[TEST])]
    assert model.fit(X[TRAIN], SOFT[TRAIN], None, None, sets).evals_result_ == apart
    single = model.fit(X[TRAIN], SOFT[TRAIN], eval_set=sets[0]).evals_result_
    assert single["valid_0"] == apart["valid_0"]
    start = [np.zeros((len(X[STOP]), 4))]
    begun = model.fit(
        *(X[TRAIN], SOFT[TRAIN]),
        init_score=np.zeros((len(X[TRAIN]), 4)),
        eval_set=sets[:1],
        eval_init_score=start,
    )
    assert begun.evals_result_["valid_0"] != apart["valid_0"]


@each_library
def test_weights_of_classes_are_refused_beside_soft_labels(library):
    with pytest.raises(ValueError, match="scale_pos_weight must not be given with soft labels"):
        fit(library, drop_in(library, bl.Logistic(), scale_pos_weight=2.0), X, SOFT_TWO)
    if library == "lightgbm":
        with pytest.raises(ValueError, match="is_unbalance must not be given with soft labels"):
            fit(library, drop_in(library, bl.Logistic(), is_unbalance=True), X, SOFT_TWO)


@each_library
def test_lengths_that_differ_are_refused(library):
    names = {
        "xgboost": ("sample_weight_eval_set", "base_margin_eval_set"),
        "lightgbm": ("eval_sample_weight", "eval_init_score"),
    }
    weight, start = names[library]
    sets = [(X[STOP], SOFT[STOP])]
    for wrong, options, message in (
        (
            [(X[STOP], SOFT[STOP][:60])],
            {},
            r"eval_set\[0\]: X must have a row for each of 60 labels, got 200",
        ),
        (
            sets,
            {start: [np.zeros((150, 4))]},
            r"the initial score must have a row for each of 200 labels, got 150",
        ),
        (
            sets * 2,
            {weight: [np.ones(200)]},
            f"{weight} must hold one for each of 2 evaluation sets, got 1",
        ),
    ):
        model = drop_in(library, bl.Logistic())
        with pytest.raises(ValueError, match=message):
            fit(library, model, X[TRAIN], SOFT[TRAIN], eval_set=wrong, **options)


def test_it_does_not_matter_how_shares_lie_in_memory():
    share = np.random.default_rng(0).dirichlet(np.ones(4), 3)
    loss, weight = bl.Logistic(), [0.0, 1.0, 0.9510494]
    best = loss.fit_intercept(share, weight)
    for other in (np.asfortranarray(share), np.repeat(share, 2, axis=0)[::2]):
        np.testing.assert_array_equal(loss.fit_intercept(other, weight), best)
