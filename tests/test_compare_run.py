"""What ``boostloss compare`` fits, on which folds, and how it ranks the outcome."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from homes import ROWS, homes
from sklearn import metrics as sklearn_metrics

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import run
from boostloss.compare.candidates import (
    Candidate,
    describe,
    installed_libraries,
    list_candidates,
)
from boostloss.compare.data import InputError, prepare
from boostloss.compare.libraries import Settings
from boostloss.compare.metrics import score
from boostloss.compare.results import Results
from boostloss.compare.run import Fit, contaminate, split


@pytest.fixture(scope="module")
def frame():
    return homes()


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "xgboost" or None)
    assert installed_libraries() == ["xgboost"]
    with pytest.raises(InputError, match=r"pip install 'boostloss\[catboost\]'"):
        installed_libraries(["catboost"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="no boosting library is installed"):
        installed_libraries()


@pytest.mark.parametrize(
    ("text", "at_two"),
    [
        ("Huber", "Huber(delta='adaptive')"),
        ("Huber(delta=5)", "Huber(delta=5.0)"),
        ("Huber(5)", "Huber(delta=5.0)"),
        ("Barron", "Barron(alpha='adaptive', scale='adaptive')"),
        ("Barron(alpha=0)", "Barron(alpha=0.0, scale='adaptive')"),
        ("Barron(0)", "Barron(alpha=0.0, scale='adaptive')"),
        ("Barron(scale=1)", "Barron(alpha='adaptive', scale=1.0)"),
        ("Barron(scale=1, alpha=0)", "Barron(alpha=0.0, scale=1.0)"),
        ("Welsch()", "Welsch(scale='adaptive')"),
        ("Welsch(3)", "Welsch(scale=3.0)"),
        ("SquaredError", "SquaredError()"),
    ],
)
def test_a_parameter_that_is_not_given_adapts(text, at_two):
    candidate = list_candidates("regression", ["xgboost"], [text])[-1]
    assert repr(candidate.at(2.0)) == at_two


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (boostloss.Huber(49500), "Huber(delta=49500)"),
        (boostloss.Barron(-np.inf, 10.05), "Barron(alpha=-inf, scale=10.05)"),
        (boostloss.Barron(0, 1e17), "Barron(alpha=0, scale=1e+17)"),
        (boostloss.Focal(2), "Focal(gamma=2)"),
        (boostloss.Focal(1, 0.25), "Focal(gamma=1, alpha=0.25)"),
        ("Huber:delta=2.0", "Huber:delta=2"),
    ],
)
def test_an_objective_is_described_shortly(loss, text):
    assert describe(loss) == text
    if not isinstance(loss, str):
        assert boostloss.from_string(text) == loss


def test_counts_are_compared_with_the_librarys_own_losses_of_counts():
    names = [str(c.objective) for c in list_candidates("regression", ["lightgbm"], counts=True)]
    assert names[3:5] == ["poisson", "tweedie(tweedie_variance_power=1.5)"]
    assert names[-2:] == ["Poisson()", "Tweedie(power=1.5)"]
    asked = list_candidates("regression", ["catboost"], ["Gamma"])
    assert [str(c.objective) for c in asked][-3:-1] == ["Poisson", "Tweedie:variance_power=1.5"]
    assert not any("oisson" in str(c.objective) for c in list_candidates("regression", ["xgboost"]))


@pytest.mark.parametrize(
    ("y", "counts"),
    [([0, 3, 7], True), ([1, 3, 7], False), ([0, 0.5, 2], False), ([-1, 0, 2], False)],
)
def test_what_looks_like_counts(y, counts):
    frame = pd.DataFrame({"x": np.arange(60.0), "n": np.tile(y, 60 // len(y))})
    table = prepare(frame, "t", "n", task="regression")
    assert table.holds_counts is counts


@pytest.mark.parametrize("library", LIBRARIES)
def test_own_losses_of_counts_predict_means(library):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    frame = pd.DataFrame({"x": x, "n": rng.poisson(5.0 * np.exp(0.5 * x))})
    table = prepare(frame, "t", "n", task="regression")
    settings = Settings(folds=3, rounds=60, learning_rate=0.3, threads=1)
    fold = next(split(table, settings))
    for candidate in list_candidates("regression", [library], ["Poisson"]):
        if candidate.minimised(1.0) == boostloss.Poisson():
            fit = run.evaluate(candidate, fold, "regression", settings)
            assert fit.metrics["rmse"] < 0.9 * np.std(table.y)


def test_quantiles_are_compared_with_the_librarys_own_at_their_level():
    names = [
        (c.quantile, c.own) for c in list_candidates("regression", ["lightgbm"], ["Quantile(0.3)"])
    ]
    assert names == [(0.3, True), (0.3, False)]
    median = list_candidates("regression", ["lightgbm"], ["Quantile(0.5)", "Quantile(0.5)"])
    assert {c.quantile for c in median} == {None}
    assert sum(not c.own for c in median) == 1


@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_candidate_can_be_fitted(frame, library, task):
    pytest.importorskip(library)
    table = prepare(frame, "homes", "price" if task == "regression" else "sold")
    settings = Settings(folds=2, rounds=3)
    fold = next(split(table, settings))
    for candidate in list_candidates(task, [library]):
        fit = run.evaluate(candidate, fold, task, settings)
        assert not fit.error
        assert 1 <= fit.rounds <= 3
        assert not fit.warnings, fit.warnings
        if task == "binary":
            assert ((fit.prediction > 0) & (fit.prediction < 1)).all()


@pytest.mark.parametrize("library", LIBRARIES)
def test_awkward_columns_are_no_obstacle(library):
    """Almost nothing known, one value only, a category of which a fold has seen nothing."""
    pytest.importorskip(library)
    rng = np.random.default_rng(0)
    known = np.where(np.arange(ROWS) == 3, 1.0, np.nan)
    rare = np.where(np.arange(ROWS) == 5, "rare", None)
    text = np.where(np.arange(ROWS) == 7, "odd", "even")
    columns = {"known": known, "one": 1.0, "rare": rare, "text": text, "x": rng.normal(size=ROWS)}
    table = prepare(pd.DataFrame(columns | {"y": rng.normal(size=ROWS)}), "awkward", "y")
    settings = Settings(folds=2, rounds=3)
    for fold in split(table, settings):
        for candidate in list_candidates("regression", [library], ["Huber"]):
            assert not run.evaluate(candidate, fold, "regression", settings).error


# Folds, noise, metrics


@pytest.mark.parametrize("target", ["price", "sold"])
def test_contamination_leaves_the_test_folds_clean(frame, target):
    table = prepare(frame, "homes", target)
    clean = list(split(table, Settings(folds=3)))
    noisy = list(split(table, Settings(folds=3, contaminate=0.25)))
    for before, after in zip(clean, noisy, strict=True):
        np.testing.assert_array_equal(after.test.y, table.y[after.test_index])
        np.testing.assert_array_equal(before.test_index, after.test_index)
        assert len(set(after.test_index)) == len(after.test.y) == 40
        if target == "price":  # the stratified inner split follows the flipped labels
            pd.testing.assert_frame_equal(before.train.X, after.train.X)
            changed = np.concatenate(
                [before.train.y != after.train.y, before.stop.y != after.stop.y]
            )
            assert changed.sum() == 20
    assert sorted(np.concatenate([fold.test_index for fold in clean])) == list(range(ROWS))


def test_contamination_changes_the_share_it_says():
    y = np.random.default_rng(0).normal(size=1000)
    noisy = contaminate(y, 0.1, "regression", np.random.default_rng(1))
    assert (noisy != y).sum() == 100
    # Cauchy errors of the labels' scale: half of them are smaller than the scale, a tenth beyond 6.3
    assert 0.35 < np.mean(np.abs(noisy - y)[noisy != y] < 1.0) < 0.65
    assert np.abs(noisy - y).max() > 10
    labels = (y > 0).astype(float)
    flipped = contaminate(labels, 0.1, "binary", np.random.default_rng(1))
    assert (flipped != labels).sum() == 100
    assert set(flipped) == {0.0, 1.0}


def test_metrics_are_scikit_learns():
    rng = np.random.default_rng(0)
    y, prediction = rng.normal(size=50), rng.normal(size=50)
    found = score(y, prediction, "regression", None)
    assert found["mae"] == pytest.approx(sklearn_metrics.mean_absolute_error(y, prediction))
    assert found["rmse"] == pytest.approx(sklearn_metrics.root_mean_squared_error(y, prediction))
    found = score(y, prediction, "regression", 0.9)
    wanted = sklearn_metrics.mean_pinball_loss(y, prediction, alpha=0.9)
    assert found["pinball"] == pytest.approx(wanted)
    assert found["coverage"] == np.mean(y <= prediction)
    labels, chance = (y > 0).astype(float), rng.uniform(size=50)
    found = score(labels, chance, "binary", None)
    assert found["log-loss"] == pytest.approx(sklearn_metrics.log_loss(labels, chance))
    assert found["brier"] == pytest.approx(sklearn_metrics.brier_score_loss(labels, chance))


def test_the_pilot_finds_the_scale_of_the_errors():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(3000, 2))
    y = 100 * x[:, 0] + rng.normal(0, 5.0, 3000)
    y[::15] += 1000 * rng.standard_cauchy(200)
    table = prepare(pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}), "x", "y")
    assert 4.5 < next(split(table, Settings())).scale < 7.5


# Ranking


@pytest.fixture
def results(frame):
    """Three candidates on three folds; b beats a by 1 on each, c is level with b."""
    table = prepare(frame, "homes", "price")
    candidates = [
        Candidate("xgboost", "reg:squarederror"),
        Candidate("xgboost", boostloss.SquaredError()),
        Candidate("lightgbm", "huber(alpha={huber})"),
    ]
    scores = [[3.0, 4.0, 5.0], [2.0, 3.0, 4.0], [2.2, 2.8, 4.1]]
    fits = [
        Fit(
            candidate,
            k,
            1.0 + k,
            str(candidate.at(1.0 + k)),
            {"mae": values[k], "rmse": 1.0},
            7,
            0.5,
        )
        for k in range(3)
        for candidate, values in zip(candidates, scores, strict=True)
    ]
    return Results(table, Settings(folds=3), candidates, "mae", fits)


def test_the_best_is_marked_and_differences_are_paired(results):
    best, level, worst = results.rows(None)
    assert [best.place, level.place, worst.place] == ["best", "level", ""]
    assert best.candidate.objective == boostloss.SquaredError()
    assert best.mean["mae"] == 3.0
    assert best.error["mae"] == pytest.approx(1 / 3**0.5)
    assert worst.behind == pytest.approx(1 / 3)
    assert worst.behind_error == pytest.approx(0, abs=1e-12)  # 1 worse on every fold
    assert level.behind == pytest.approx(0.1 / 3 / 3)
    assert level.behind_error == pytest.approx(np.std([0.2, -0.2, 0.1], ddof=1) / 3**0.5 / 3)
    assert level.label == "huber(alpha≈2.69)"
    (verdict,) = results.verdicts()
    assert verdict.gain == pytest.approx(1 / 4)


def test_only_folds_that_everyone_has_finished_are_compared(results):
    results.fits = results.fits[:-1]
    assert results.compared_folds == [0, 1]
    assert results.rows(None)[0].mean["mae"] == 2.5
    results.fits = results.fits[:2]
    assert results.compared_folds == [0]
    assert [row.mean["mae"] for row in results.rows(None)] == [2.0, 3.0]
    assert np.isnan(results.rows(None)[0].error["mae"])


def test_the_time_left_follows_the_fits(results):
    assert results.seconds_left == 0
    results.fits = results.fits[:3]
    assert results.seconds_left == pytest.approx(3 * 2 * 0.5)
