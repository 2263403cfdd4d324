"""Whole distributions in ``boostloss compare``: their scores, their calibration, the best constant one."""

import base64
import contextlib
import html
import io
import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from homes import QUICK, homes, invoke

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import outcome, plots, race, run, sheet, sheet_plots, wording
from boostloss.compare.candidates import Candidate, lacking, list_candidates
from boostloss.compare.data import InputError, prepare
from boostloss.compare.libraries import Rows, Settings
from boostloss.compare.metrics import score
from boostloss.compare.results import Results, Row, difference
from boostloss.compare.run import Fit, score_blocks, split
from boostloss.metrics import crps, negative_log_likelihood

ALL = list(LIBRARIES)
OURS = {"Normal()", "LogNormal()", "Laplace()", "StudentT(df=4.0)"}


def rents(n=400):
    """A target above 0 whose spread grows with age, and weights."""
    rng = np.random.default_rng(0)
    size, age = rng.uniform(20.0, 120.0, n), rng.uniform(0.0, 60.0, n)
    rent = 9.0 * size * np.exp(0.05 * (1.0 + 0.1 * age) * rng.normal(size=n))
    return pd.DataFrame({"size": size, "age": age, "rent": rent, "weight": rng.uniform(1, 2, n)})


@pytest.fixture(scope="module")
def table():
    return prepare(rents(), "rents", "rent", weight="weight")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return the path of the table as CSV."""
    path = tmp_path_factory.mktemp("data") / "homes.csv"
    homes().to_csv(path, index=False)
    return path


def test_the_candidates_predict_distributions():
    found = list_candidates("regression", ALL, distributions=True, positive=True)
    assert all(candidate.distribution for candidate in found)
    assert [(c.library, c.objective) for c in found if c.own] == [
        ("catboost", "RMSEWithUncertainty")
    ]
    for name in ALL:
        ours = {str(c.objective) for c in found if c.library == name and not c.own}
        assert ours == (OURS if "distributions" in LIBRARIES[name].several else set())
    assert {str(c.objective) for c in list_candidates("regression", ["xgboost"], distributions=True)} == (
        OURS - {"LogNormal()"}
    )  # fmt: skip


def test_losses_that_are_asked_for_are_distributions_or_quantiles():
    asked = ["StudentT(3)", "Quantile(0.9)", "Quantile([0.1, 0.9])"]
    found = list_candidates("regression", ["lightgbm"], asked, distributions=True)
    assert [c.quantile for c in found if c.distribution] == [None]
    assert {c.quantile for c in found if not c.distribution} == {0.9, (0.1, 0.9)}
    with pytest.raises(InputError, match=r"--loss 'Huber' predicts no distribution, which .*nll"):
        list_candidates("regression", ["lightgbm"], ["Huber"], distributions=True)
    by_mean = list_candidates("regression", ["lightgbm"], ["Normal"])
    assert not any(c.distribution for c in by_mean)


def test_a_library_without_distributions_is_told(monkeypatch):
    record = replace(LIBRARIES["catboost"], several=frozenset({"quantiles"}))
    monkeypatch.setitem(LIBRARIES, "catboost", record)
    candidates = list_candidates("regression", ["catboost"], distributions=True)
    assert [c.own for c in candidates] == [True]
    (told,) = lacking("regression", ["catboost"], candidates)
    assert told.endswith("boostloss does not train distributions in it.")


@pytest.mark.parametrize("weight", [None, np.random.default_rng(1).uniform(1, 3, 60)])
def test_scores_are_those_of_the_distribution(weight):
    rng = np.random.default_rng(0)
    y, raw, loss = rng.normal(size=60), rng.normal(size=(60, 2)), bl.Laplace()
    predicted = loss.distribution(raw)
    low, high = predicted.ppf([[0.05], [0.95]])
    found = score(y, raw, "regression", None, weight, loss)
    assert found == pytest.approx({
        "nll": negative_log_likelihood(y, predicted, weight),
        "crps": crps(y, predicted, weight),
        "coverage": np.average((low <= y) & (y <= high), weights=weight),
        "width": np.average(high - low, weights=weight),
    })  # fmt: skip
    blocks = score_blocks(Rows(None, y, weight), raw, "regression", None, loss)
    for name, value in found.items():
        assert np.average(blocks[name], weights=blocks["weight"]) == pytest.approx(value)


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_candidate_beats_the_constant(table, library):
    pytest.importorskip(library)
    settings = Settings(folds=2, rounds=60, learning_rate=0.3)
    fold = next(split(table, settings))
    for candidate in list_candidates("regression", [library], distributions=True, positive=True):
        family = candidate.family
        raw = np.tile(family.fit_intercept(fold.train.y, fold.train.weight), (200, 1))
        constant = score(fold.test.y, raw, "regression", None, fold.test.weight, family)
        fit = run.evaluate(candidate, fold, "regression", settings)
        assert not fit.error
        assert not fit.warnings, fit.warnings
        assert fit.prediction.shape == (200, 2)
        assert fit.metrics["crps"] < 0.8 * constant["crps"]
        assert fit.metrics["nll"] < constant["nll"]


def test_the_own_distribution_starts_from_the_best_constants():
    pytest.importorskip("catboost")
    settings, scores = Settings(folds=2, rounds=5), []
    own = Candidate("catboost", "RMSEWithUncertainty", distribution=True)
    for shift in (0.0, 1e4):
        frame = homes().assign(price=lambda frame, s=shift: frame["price"] + s)
        first = next(split(prepare(frame, "homes", "price"), settings))
        scores.append(run.evaluate(own, first, "regression", settings).metrics["crps"])
    assert scores[1] == pytest.approx(scores[0], rel=0.02)


def test_a_distribution_without_a_density_is_a_failure(table, monkeypatch):
    """A scale that is rounded to 0."""
    pytest.importorskip("xgboost")
    settings = Settings(folds=2, rounds=2)
    fold = next(split(table, settings))
    candidate = list_candidates("regression", ["xgboost"], ["Normal"], distributions=True)[0]

    def fit(*arguments):
        found = run_fit(*arguments)
        return replace(found, predict=lambda X: found.predict(X) - [0.0, 1e3])

    run_fit = run.fit
    monkeypatch.setattr(run, "fit", fit)
    failed = run.evaluate(candidate, fold, "regression", settings)
    assert failed.error == "FloatingPointError: its predictions are not finite"


@pytest.fixture(scope="module")
def results(table):
    """XGBoost's and CatBoost's distributions on two folds, ranked by the likelihood."""
    for library in ("xgboost", "catboost"):
        pytest.importorskip(library)
    settings = Settings(folds=2, rounds=30, learning_rate=0.3)
    candidates = list_candidates(
        "regression", ["xgboost", "catboost"], ["Normal", "StudentT(3)"], distributions=True
    )
    fits = [
        run.evaluate(candidate, fold, "regression", settings)
        for fold in split(table, settings)
        for candidate in candidates
    ]
    return Results(table, settings, candidates, "nll", fits)


def test_likelihoods_are_told_by_their_differences(results):
    best, *others = results.rows(None)
    for row in others:
        assert row.behind == pytest.approx(row.mean["nll"] - best.mean["nll"])
    headings = {column.heading: column for column in outcome.ranking(results, None)}
    assert {"NLL", "CRPS", "coverage (90%)", "width"} < set(headings)
    assert headings["behind ★"].cells[1] == f"{others[0].behind:.3f}"
    assert not any("%" in cell for cell in headings["behind ★"].cells)
    assert wording.OF_DIFFERENCES in wording.legend(wording.LEGEND, results, [None, 0.9])
    assert wording.legend(wording.LEGEND, results, [0.9]) == wording.LEGEND
    by_crps = replace(results, metric="crps")
    assert wording.legend(wording.LEGEND, by_crps, [None]) == wording.LEGEND


def test_likelihoods_race_and_are_judged_by_their_differences(table):
    """A log-likelihood that changes its sign with the unit of the target."""
    behind = {
        Candidate("catboost", bl.Normal(), distribution=True): 0.0,
        Candidate("catboost", "RMSEWithUncertainty", distribution=True): 0.1,
        Candidate("catboost", bl.Laplace(), distribution=True): 0.5,
    }
    blocks = np.random.default_rng(0).normal(0.0, 0.01, 20)
    for shift in (0.0, -0.1, 7.0):
        fits = [
            Fit(c, 0, 1.0, str(c.objective), {"nll": shift + gap}, blocks={
                "nll": shift + gap + (k + 1) * blocks, "weight": np.ones(20),
            })
            for k, (c, gap) in enumerate(behind.items())
        ]  # fmt: skip
        results = Results(table, Settings(folds=2), list(behind), "nll", fits)
        race.drop(results)
        (dropped,) = results.dropped
        assert dropped.behind == pytest.approx(0.5)
        assert "CatBoost Laplace() (0.500 ± 0.0" in wording.dropped(results)[0]
        (verdict,) = results.verdicts()
        assert outcome.verdict_text("nll", verdict) == "0.100 better"
        (told,) = [c for c in outcome.verdicts(results, [verdict]) if c.heading == "own best"]
        assert told.cells == [f"{shift + 0.1:.3f}"]
        assert "its NLL is 0.100 higher." in wording.answer(results)


def test_the_constant_is_the_best_of_the_fitted_distributions(results):
    name, value = wording.constant(results, None)
    y, weight = results.table.y, results.table.weight
    found = {}
    for loss in (bl.Normal(), bl.StudentT(3.0)):
        raw = np.tile(loss.fit_intercept(y, weight), (len(y), 1))
        found[loss] = negative_log_likelihood(y, loss.distribution(raw), weight)
    best = min(found, key=found.get)
    assert name == f"the fitted {repr(best).replace('.0', '')}"
    assert value == pytest.approx(found[best])
    assert value > results.rows(None)[0].mean["nll"]


def test_calibration_is_shown_of_the_best_of_each_library(results, monkeypatch):
    figures = []
    for module in (plots, sheet_plots):
        monkeypatch.setattr(module, "svg", figures.append)
    plots.distributions(results)
    sheet_plots.deciles(results, results.rows(None)[0])
    titles = [axes.get_title(loc="left") for axes in figures[0].axes]
    assert {title.partition(",")[0] for title in titles} == {"XGBoost", "CatBoost", ""}
    y, predicted = results.pooled_distribution(results.rows(None)[0].candidate)
    first = figures[0].axes[0]
    heights = [bar.get_height() for bar in first.patches if bar.get_width() == 0.05]
    counts, _ = np.histogram(predicted.cdf(y), 20, (0.0, 1.0))
    np.testing.assert_allclose(heights, 100.0 * counts / len(y))
    low, high = predicted.interval(0.9)
    order = np.argsort(predicted.median(), kind="stable")
    within = ((low <= y) & (y <= high))[order]
    points = figures[1].axes[0].containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(points, [part.mean() for part in np.array_split(within, 10)])


def test_the_sheet_of_distributions_ends_where_the_fit_does(results):
    found = sheet.examine(results)
    first = next(fit for fit in results.fits_of(found.row.candidate) if fit.fold == 0)
    assert found.rounds[-1] == first.rounds
    assert found.curve["test"][-1] == pytest.approx(first.metrics["nll"], rel=1e-6)
    assert found.importance["mean"].idxmax() == "size" or found.importance["mean"].iloc[0] > 0


@pytest.mark.parametrize(
    ("library", "metric", "options"),
    [("xgboost", "nll", []), ("lightgbm", "crps", []), ("catboost", "crps", ["--weight", "size"])],
)
def test_distributions_from_the_command_line(path, tmp_path, monkeypatch, library, metric, options):
    monkeypatch.setenv("COLUMNS", "200")
    pytest.importorskip(library)
    options = ["-t", "price", "-l", library, "--metric", metric, *options]
    result = invoke(path, *options, *QUICK, "-o", tmp_path)
    assert wording.OF_DISTRIBUTIONS in result.stderr
    assert re.search(r"a constant, the fitted \w+\(.*\), has", result.stdout)
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert {row["judged_by"] for row in found["results"]} == {metric}
    scores = [row["mean"][metric] for row in found["results"]]
    assert scores == sorted(scores)
    page = (tmp_path / "report.html").read_text("utf-8")
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)">', page)
    assert len(images) == 5
    assert all(b"<svg" in base64.b64decode(image) for image in images)
    for text in ("<h2>Calibration</h2>", "coverage (90%)", "intervals of 90%"):
        assert text in page
    code = html.unescape(re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)[0])
    assert ("predict_distribution" in code) == (not found["results"][0]["own"])
    with contextlib.redirect_stdout(io.StringIO()) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LightGBM's, of an option that older versions need
        exec(code, {})
    assert float(stream.getvalue()) == pytest.approx(scores[0], rel=1e-6)


def test_wrong_labels_leave_the_log_normal_out(path):
    """Noise makes some of them negative."""
    pytest.importorskip("xgboost")
    options = ["-t", "price", "-l", "xgboost", "--metric", "crps", *QUICK]
    assert "LogNormal()" in invoke(path, *options).stdout
    assert "LogNormal()" not in invoke(path, *options, "--contaminate", 0.1).stdout


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_infinite_crps_is_told(tmp_path):
    """Tails of less than half a degree of freedom, which the likelihood favours."""
    pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = X[:, 0] + rng.standard_t(0.3, size=600).clip(-1e12, 1e12)
    pd.DataFrame(X).assign(y=y).to_csv(tmp_path / "a.csv", index=False)
    options = tmp_path / "a.csv", "-t", "y", "--library", "lightgbm", "--rounds", 10
    options += "--loss", "FreeStudentT", "--metric"
    ranking = invoke(*options, "crps", "--loss", "StudentT", "-o", tmp_path).stdout
    assert re.search(r"★  LightGBM  StudentT.*\n +LightGBM  FreeStudentT\(\) +inf ", ranking)
    assert re.search(r"★  LightGBM  FreeStudentT.* inf ", invoke(*options, "nll").stdout)
    alone = invoke(*options, "crps").stdout
    assert re.search(r"★  LightGBM  FreeStudentT.* inf ", alone)
    assert "nan" not in alone


def test_of_infinite_scores_equal_ones_are_level():
    nothing = dict.fromkeys(["candidate", "label", "error", "rounds", "seconds"])
    finite, one, other = (
        Row(mean={"crps": score}, folds=np.full(2, score), **nothing)
        for score in (3.0, np.inf, np.inf)
    )
    assert [difference(row, one, "crps")[0] for row in (finite, one, other)] == [-np.inf, 0.0, 0.0]
    assert difference(one, finite, "crps")[0] == np.inf


def test_classes_have_no_distribution(path):
    result = invoke(path, "-t", "sold", "--metric", "crps", code=2)
    assert "'crps' is none of those for binary: log-loss" in result.stderr
    result = invoke(path, "-t", "price", "--metric", "crisp", code=2)
    assert "r2, nll, crps" in result.stderr


def test_counts_are_not_compared_with_densities(path):
    options = ["-t", "price", "-l", "xgboost", "--metric", "nll"]
    result = invoke(path, *options, "--loss", "NegativeBinomialDistribution", code=2)
    assert "is a distribution of counts" in result.stderr
