"""The race of ``boostloss compare``: who is dropped, and who stays."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from homes import QUICK, homes, invoke

import boostloss
from boostloss.compare import outcome, race, wording
from boostloss.compare.candidates import Candidate
from boostloss.compare.data import prepare
from boostloss.compare.libraries import Rows, Settings, share_cores
from boostloss.compare.results import Dropped, Results
from boostloss.compare.run import Fit, Fold, score_blocks

BEST, LEVEL, SLOW, OWN, OTHER, RIVAL = CANDIDATES = (
    Candidate("xgboost", boostloss.Huber()),
    Candidate("xgboost", boostloss.LogCosh()),
    Candidate("xgboost", boostloss.SquaredError()),
    Candidate("xgboost", "reg:squarederror"),
    Candidate("lightgbm", boostloss.SquaredError()),
    Candidate("lightgbm", boostloss.Huber()),
)
BEHIND = dict(zip(CANDIDATES, (0.0, 0.001, 0.5, 0.5, 0.5, 0.501), strict=True))


@pytest.fixture
def table():
    return prepare(homes(), "homes", "price")


def made_fit(candidate, number, metrics=None, weight=None, text="", **blocks):
    """A fit that has scored these blocks of test rows."""
    ((name, scores),) = blocks.items()
    weight = np.ones(len(scores)) if weight is None else weight
    metrics = metrics or {name: float(np.average(scores, weights=weight))}
    blocks = {name: scores, "weight": weight}
    return Fit(candidate, number, 1.0, text, metrics, blocks=blocks)


def fold(number):
    return Fold(number, *[None] * 3, np.empty(0), 1.0)  # no fit looks at its rows


@pytest.fixture
def racers(table, monkeypatch):
    """A race whose fits are made up: they have an error of 1 with noise, and stay behind as `BEHIND` says."""
    calls = []

    def evaluate(candidate, fold, task, settings):
        calls.append((candidate, fold.number))
        noise = np.random.default_rng([fold.number, CANDIDATES.index(candidate)])
        blocks = 1.0 + BEHIND[candidate] + 0.1 * noise.normal(size=20)
        metrics = {"mae": float(blocks.mean()), "rmse": 1.0}
        text = str(candidate.objective)
        return made_fit(candidate, fold.number, metrics, mae=blocks, text=text)

    monkeypatch.setattr(race, "evaluate", evaluate)
    results = Results(table, Settings(folds=3), [BEST, LEVEL, SLOW, OWN, OTHER], "mae")
    return results, calls


def race_all(results):
    for number in range(results.settings.folds):
        wanted = results.racing
        assert [fit.candidate for fit in race.run(results, fold(number), results.fits)] == wanted
        race.drop(results)


def test_who_is_behind_beyond_doubt_is_dropped(racers):
    results, calls = racers
    race_all(results)
    (dropped,) = results.dropped
    assert dropped.candidate is SLOW
    assert dropped.folds == 1
    assert dropped.behind == pytest.approx(0.5, abs=0.1)
    assert [number for candidate, number in calls if candidate is SLOW] == [0]
    assert len(calls) == 5 + 4 + 4
    (line,) = wording.dropped(results)
    assert line.startswith("Dropped after 1 fold")
    assert "XGBoost SquaredError() (" in line
    assert results.to_json()["dropped"][0]["loss"] == "SquaredError()"


def test_both_sides_of_every_library_are_judged_on_all_folds(racers):
    results, _ = racers
    race_all(results)
    assert results.compared_folds == [0, 1, 2]
    assert {row.candidate for row in results.rows(None)} == {BEST, LEVEL, OWN, OTHER}
    (verdict,) = results.verdicts()
    assert (verdict.ours.candidate.library, verdict.own.candidate) == ("xgboost", OWN)
    assert len(verdict.own.folds) == 3


def test_who_may_be_the_best_of_its_library_stays(racers):
    results, _ = racers
    results.candidates = [BEST, OTHER, RIVAL]  # two far behind the best, level with each other
    race_all(results)
    assert not results.dropped


def test_a_thorough_comparison_drops_nobody(racers):
    results, calls = racers
    results.settings = replace(results.settings, thorough=True)
    race_all(results)
    assert not results.dropped
    assert len(calls) == 15


def test_who_failed_is_not_fitted_again(racers, monkeypatch):
    results, calls = racers
    evaluate = race.evaluate

    def fail(candidate, *arguments):
        found = evaluate(candidate, *arguments)
        return replace(found, error="out of luck") if candidate is OWN else found

    monkeypatch.setattr(race, "evaluate", fail)
    race_all(results)
    assert [number for candidate, number in calls if candidate is OWN] == [0]
    assert results.compared_folds == [0, 1, 2]


@pytest.mark.parametrize("thorough", [False, True])
def test_a_large_table_has_a_heat(tmp_path, monkeypatch, thorough):
    """Who is dropped on a sample of the first fold is fitted on no whole one."""
    pytest.importorskip("lightgbm")
    monkeypatch.setattr(race, "LARGE", 400)
    monkeypatch.setattr(race, "HEAT_ROWS", 200)
    homes().sample(500, replace=True, random_state=0).to_csv(tmp_path / "homes.csv", index=False)
    arguments = [tmp_path / "homes.csv", "-t", "price", "-l", "lightgbm", "-o", tmp_path]
    losses = ["--loss", "SquaredError", "--loss", "Welsch(scale=1e-3)"]  # which learns nothing
    quick = [option for option in QUICK if option != "--thorough" or thorough]
    result = invoke(*arguments, *losses, *quick, "--rounds", "30")
    told = "Dropped after a fold of 200 rows, so far behind the best ± standard error: "
    assert (told in " ".join(result.stdout.split())) is not thorough
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    names = [row["loss"] for row in found["results"]]
    assert ("Welsch(scale=0.001)" in names) is thorough
    assert [each["folds"] for each in found["dropped"]][:1] == ([] if thorough else [0])


def test_a_large_table_has_fewer_folds(tmp_path, monkeypatch):
    pytest.importorskip("lightgbm")
    homes().to_csv(tmp_path / "homes.csv", index=False)
    arguments = [tmp_path / "homes.csv", "-t", "price", "-l", "lightgbm", "--loss", "Huber"]
    for large, folds in ((121, 5), (120, 3)):
        monkeypatch.setattr(race, "LARGE", large)
        assert f" fits: {folds} folds," in invoke(*arguments, "--rounds", "2").stderr


def test_a_heat_holds_both_classes():
    y = np.zeros(race.LARGE)
    y[:3] = 1.0
    frame = pd.DataFrame({"x": y * 2, "y": y})
    table = prepare(frame.sample(frac=1.0, random_state=0), "rare", "y", task="binary")
    results = Results(table, Settings(folds=2), [BEST], "log-loss")
    parts = slice(1, -10), slice(5), slice(5)
    rows = [Rows(frame[["x"]][part], y[part], None) for part in parts]
    assert race.heat(results, Fold(0, *rows, np.arange(0), 1.0)) is None


def test_higher_is_better_for_some_metrics(table):
    results = Results(table, Settings(folds=3), [BEST, LEVEL, SLOW], "average-precision")
    noise = np.random.default_rng(0)
    for candidate, mean in ((BEST, 0.9), (LEVEL, 0.9), (SLOW, 0.5)):
        scores = mean + 0.02 * noise.normal(size=20)
        fit = made_fit(candidate, 0, **{"average-precision": scores})
        results.fits.append(fit)
    race.drop(results)
    assert [dropped.candidate for dropped in results.dropped] == [SLOW]


def test_folds_that_share_training_rows_count_for_less(table):
    """Nadeau & Bengio: the variance of a fold's mean times 1 / folds + test rows / training rows."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40))

    def difference(a, b, results):
        fits = [
            [made_fit(c, k, mae=x[20 * k : 20 * k + 20]) for k in (0, 1)]
            for c, x in ((BEST, a), (LEVEL, b))
        ]
        results.fits = fits[0]
        return race.block_difference(*fits, "mae", results)

    results = Results(table, Settings(folds=5), [BEST], "mae")
    mean, error = difference(a, b, results)
    assert mean == pytest.approx(np.mean(a - b))
    assert error == pytest.approx(np.sqrt((1 / 2 + 1 / 4) * np.var(a - b, ddof=1) / 20))
    one = [[made_fit(BEST, 0, mae=x[:1])] for x in (a, b)]
    assert race.block_difference(*one, "mae", results)[1] == np.inf
    in_order = Results(
        replace(table, time=pd.Series(np.arange(len(table.y)))), Settings(folds=5), [BEST], "mae"
    )
    # The first fold of five in the order of time trains on as many rows as it tests, the second on twice as many.
    assert difference(a, b, in_order)[1] == pytest.approx(
        error * np.sqrt((1 / 2 + 3 / 4) / (3 / 4))
    )


def test_blocks_count_by_what_they_weigh(table):
    """Heavy blocks in which the better one is better outweigh light ones in which it is worse."""
    noise = 0.01 * np.random.default_rng(0).normal(size=20)
    weight, heavy = np.where(np.arange(20) < 6, 20.0, 1.0), np.arange(20) < 6
    results = Results(table, Settings(folds=5), [OTHER, RIVAL], "mae")
    results.fits = [
        made_fit(OTHER, 0, weight=weight, mae=1.0 + np.where(heavy, -0.1, 0.3) + noise),
        made_fit(RIVAL, 0, weight=weight, mae=np.ones(20)),
    ]
    assert [each.candidate for each in race.left_behind(results, None)] in ([], [RIVAL])
    mean, _ = race.block_difference(results.fits[:1], results.fits[1:], "mae", results)
    assert mean == pytest.approx(np.average(np.where(heavy, -0.1, 0.3) + noise, weights=weight))


def test_who_is_first_by_the_metric_of_whole_folds_is_never_dropped(table):
    """A mean of the roots of blocks is no root of a mean: one residual makes the whole fold worse."""
    results = Results(table, Settings(folds=5), [OTHER, RIVAL], "rmse")
    blocks = np.linspace(3.0, 3.1, 20)
    results.fits = [
        made_fit(OTHER, 0, {"rmse": 9.0}, rmse=blocks + 0.5),
        made_fit(RIVAL, 0, {"rmse": 10.0}, rmse=blocks),
    ]
    assert not race.left_behind(results, None)


def test_a_failure_after_others_were_dropped_wins_nothing(table):
    results = Results(table, Settings(folds=3), [OTHER, RIVAL], "mae")
    fits = [made_fit(OTHER, k, {"mae": 1.0, "rmse": 1.0}, mae=np.ones(2)) for k in (0, 1)]
    failed = Fit(OTHER, 2, 1.0, "", error="out of luck")
    results.fits = [*fits, made_fit(RIVAL, 0, {"mae": 2.0, "rmse": 2.0}, mae=np.ones(2)), failed]
    results.dropped = [Dropped(RIVAL, 1, 1.0, 0.1)]
    assert [row.candidate for row in results.rows(None)] == [RIVAL]


def test_a_level_candidate_is_dropped_as_often_as_the_level_says(table):
    """Of two that differ by chance alone it is always the one behind that is tested: twice as often."""
    rng = np.random.default_rng(0)
    out = 0
    for _ in range(400):
        results = Results(table, Settings(folds=5), [OTHER, RIVAL], "mae")
        for candidate in results.candidates:
            results.fits.append(made_fit(candidate, 0, mae=1.0 + 0.1 * rng.normal(size=20)))
        out += len(race.left_behind(results, None))
    assert out / 400 < 2 * race.LEVEL


@pytest.mark.parametrize(
    ("candidate", "title"),
    [
        (BEST, "XGBoost adaptive Huber"),
        (OWN, "XGBoost own reg:squarederror"),
        (
            Candidate("xgboost", "reg:pseudohubererror(huber_slope={huber})"),
            "XGBoost own reg:pseudohubererror",
        ),
        (Candidate("lightgbm", "quantile(alpha={quantile})", 0.9), "LightGBM own quantile(0.9)"),
        (Candidate("catboost", "Quantile:alpha={quantile}", 0.9), "CatBoost own Quantile(0.9)"),
        (Candidate("catboost", boostloss.Cauchy(2.0)), "CatBoost Cauchy(scale=2)"),
    ],
)
def test_who_is_dropped_has_a_short_name(candidate, title):
    assert outcome.title(candidate) == title


# Blocks and cores


def test_every_row_is_in_one_block():
    rng = np.random.default_rng(0)
    y, prediction = rng.normal(size=(2, 407))
    blocks = score_blocks(Rows(None, y, None), prediction, "regression", None)
    assert len(blocks["mae"]) == 20
    assert blocks["mae"].mean() == pytest.approx(np.abs(y - prediction).mean(), rel=1e-2)
    assert (
        len(score_blocks(Rows(None, y[:25], None), prediction[:25], "regression", None)["mae"]) == 2
    )
    assert (
        len(score_blocks(Rows(None, y[:5], None), prediction[:5], "regression", None)["mae"]) == 1
    )


def test_every_block_holds_both_classes():
    y = np.zeros(400)
    y[:7] = 1.0
    blocks = score_blocks(Rows(None, y, None), np.linspace(0.9, 0.1, 400), "binary", None)
    assert len(blocks["average-precision"]) == 7
    assert (blocks["average-precision"] == 1.0).all()


@pytest.mark.parametrize(
    ("cores", "rows", "jobs", "threads"),
    [(1, 10**6, 1, 1), (2, 10**6, 2, 1), (16, 10**6, 8, 2), (64, 4000, 8, 2), (64, 100, 8, 1)],
)
def test_fits_run_side_by_side_rather_than_on_many_threads(cores, rows, jobs, threads):
    assert share_cores(cores, rows) == (jobs, threads)


# The command


def test_fits_in_other_processes_are_those_of_this_one(tmp_path):
    pytest.importorskip("lightgbm")
    homes().to_csv(tmp_path / "homes.csv", index=False)
    arguments = [tmp_path / "homes.csv", "-t", "price", "-l", "lightgbm", "--loss", "Huber"]
    one, two = (invoke(*arguments, *QUICK[:-1], n).stdout.split() for n in (1, 2))
    without_times = [[word for word in words if not word.startswith("0.")] for words in (one, two)]
    assert without_times[0] == without_times[1]


def test_the_command_tells_who_was_dropped(tmp_path):
    pytest.importorskip("lightgbm")
    homes().to_csv(tmp_path / "homes.csv", index=False)
    arguments = [tmp_path / "homes.csv", "-t", "price", "-l", "lightgbm", "-o", tmp_path]
    losses = ["--loss", "SquaredError", "--loss", "Welsch(scale=1e-3)"]  # which learns nothing
    quick = [option for option in QUICK if option != "--thorough"]
    result = invoke(*arguments, *losses, *quick, "--rounds", "30")
    told = "Dropped after 1 fold, so far behind the best ± standard error: "
    shown = " ".join(result.stdout.split())
    assert told in shown
    assert "LightGBM Welsch(scale=0.001) (" in shown
    assert "At most 10 fits" in result.stderr
    assert "the better fit on the early-stopping rows counts" in result.stderr
    page = (tmp_path / "report.html").read_text("utf-8")
    assert told in page
    assert "the better fit on the early-stopping rows counts" in page
