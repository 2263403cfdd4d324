"""The winner's sheet of ``boostloss compare``: pictures, and code that repeats its figure."""

import contextlib
import html
import io
import json
import os
import re
import signal
import warnings

import numpy as np
import pytest

pytest.importorskip("typer")

from homes import QUICK, homes, invoke

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import cli, code, sheet
from boostloss.compare.data import prepare
from boostloss.compare.libraries import Settings
from boostloss.compare.results import Results
from boostloss.compare.run import evaluate, split


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return the path of the table as CSV."""
    path = tmp_path_factory.mktemp("data") / "homes.csv"
    homes().to_csv(path, index=False)
    return path


def printed(text):
    with contextlib.redirect_stdout(io.StringIO()) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LightGBM's, of an option that older versions need
        exec(text, {})
    return float(stream.getvalue())


@pytest.mark.parametrize(
    ("library", "options"),
    [
        ("xgboost", ["-t", "price", "--loss", "Huber", "--drop", "age"]),
        ("lightgbm", ["-t", "price", "--loss", "Quantile(0.9)", "--rows", "100"]),
        ("catboost", ["-t", "sold", "--loss", "Logistic", "--contaminate", "0.1"]),
        ("xgboost", ["-t", "price", "--loss", "Huber", "--weight", "size"]),
        ("lightgbm", ["-t", "sold", "--loss", "Logistic", "--weight", "size"]),
        ("catboost", ["-t", "price", "--loss", "Cauchy(9, graduated=True)", "--weight", "size"]),
        ("xgboost", ["-t", "town", "--weight", "size"]),
        ("lightgbm", ["-t", "town", "--loss", "Focal", "--contaminate", "0.1"]),
        ("xgboost", ["-t", "price", "-q", "0.1", "-q", "0.9", "--weight", "size"]),
        ("lightgbm", ["-t", "price", "--loss", "Quantile([0.1, 0.5, 0.9])"]),
    ],
)
def test_the_code_of_the_report_prints_the_figure(table, tmp_path, library, options):
    pytest.importorskip(library)
    invoke(table, "-l", library, *options, *QUICK, "-o", tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    blocks = [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]
    rows = json.loads((tmp_path / "results.json").read_text("utf-8"))["results"]
    ours = [row for row in rows if not row["own"]][:1]
    wanted = rows[:1] + ([] if ours == rows[:1] else ours)
    assert len(blocks) == len(wanted) + 1
    for block, row in zip(blocks, wanted, strict=False):
        assert printed(block) == pytest.approx(row["mean"][row["judged_by"]], rel=1e-6)
    assert ("from boostloss." + library) in blocks[len(wanted) - 1]


def test_an_interrupted_run_repeats_the_finished_folds():
    pytest.importorskip("xgboost")
    table = prepare(homes(), "homes.csv", "price")
    from boostloss.compare.candidates import list_candidates

    candidates = list_candidates("regression", ["xgboost"], ["Huber"])[-1:]
    settings = Settings(folds=3, rounds=4)
    fold = next(split(table, settings))
    fits = [evaluate(candidate, fold, "regression", settings) for candidate in candidates]
    results = Results(table, settings, candidates, "mae", fits)
    text = code.reproduction(results, results.rows(None)[0], "load(Path('homes.csv'), 'price')")
    assert "in islice(split(table, settings), 1):" in text
    assert "settings = Settings(folds=3, rounds=4)" in text


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("target", ["price", "sold"])
def test_the_sheet_ends_where_the_fit_does(library, target):
    pytest.importorskip(library)
    from boostloss.compare.candidates import list_candidates

    table = prepare(homes(), "homes.csv", target)
    candidates = list_candidates(table.task, [library])[-1:]
    settings = Settings(folds=2, rounds=4)
    fits = [evaluate(candidates[0], fold, table.task, settings) for fold in split(table, settings)]
    metric = next(iter(fits[0].metrics))
    if candidates[0].quantile is not None:
        metric = "pinball"
    results = Results(table, settings, candidates, metric, fits)
    found = sheet.examine(results)
    assert found.rounds[-1] == fits[0].rounds
    assert found.curve["test"][-1] == pytest.approx(fits[0].metrics[metric], rel=1e-6)
    assert sorted(found.importance.index) == sorted(table.columns)
    assert found.importance["mean"].idxmax() in ("size", "price")
    assert np.isfinite(found.importance.to_numpy()).all()


def test_a_sheet_that_fails_leaves_a_report(table, tmp_path, monkeypatch):
    pytest.importorskip("xgboost")

    def fail(results):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(cli, "examine", fail)
    options = ["-t", "price", "-l", "xgboost", "--loss", "Huber", *QUICK, "-o", tmp_path]
    result = invoke(table, *options)
    assert "The winner could not be fitted again: RuntimeError: out of luck" in result.stderr
    assert "The winner:" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_ends_the_sheet_and_leaves_a_report(table, tmp_path, monkeypatch):
    pytest.importorskip("xgboost")
    monkeypatch.setattr(cli, "examine", lambda results: os.kill(os.getpid(), signal.SIGINT))
    options = ["-t", "price", "-l", "xgboost", "--loss", "Huber", *QUICK, "-o", tmp_path]
    invoke(table, *options, code=130)
    assert "The winner:" in (tmp_path / "report.html").read_text("utf-8")
