"""The command ``boostloss compare``: its output, its files, its interruption."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
xgboost = pytest.importorskip("xgboost")

from homes import QUICK, ROWS, homes, invoke  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

import boostloss  # noqa: E402
from boostloss.boosting.libraries import LIBRARIES  # noqa: E402
from boostloss.compare import cli, libraries, run  # noqa: E402


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return the path of the table as CSV."""
    path = tmp_path_factory.mktemp("data") / "homes.csv"
    homes().to_csv(path, index=False)
    return path


def json_of(directory):
    return json.loads((directory / "results.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def regression(table, tmp_path_factory):
    directory = tmp_path_factory.mktemp("regression")
    arguments = [table, "--target", "price", "--library", "xgboost", *QUICK]
    return invoke(*arguments, "--output", directory), directory


@pytest.fixture(scope="module")
def binary(table, tmp_path_factory):
    directory = tmp_path_factory.mktemp("binary")
    arguments = [table, "--target", "sold", "--library", "xgboost", "--contaminate", "0.1", *QUICK]
    return invoke(*arguments, "--output", directory), directory


def test_the_terminal_tells_the_outcome(regression):
    result, _ = regression
    for text in (
        "± s.e.",
        "own reg:absoluteerror",
        "adaptive Huber",
        "★",
        "XGBRegressor(",
    ):
        assert text in result.stdout
    assert result.stdout.index("Regression: price") < result.stdout.index("Quantile 0.1: price")
    for text in ("Regression: 'price' holds numbers", "fold 2 of 2 done", "report.html"):
        assert text in result.stderr


def test_fits_that_ran_out_of_rounds_are_told(regression):
    result, directory = regression
    used = [fold["rounds"] for row in json_of(directory)["results"] for fold in row["folds"]]
    assert f"{used.count(4)} fits were still improving after 4 rounds" in result.stderr


def test_a_binary_task_is_told(binary):
    result, directory = binary
    for text in (
        "± s.e.",
        "log-loss",
        "own binary:logistic",
        "Focal(gamma=2)",
    ):
        assert text in result.stdout
    assert "10% of the labels in the training folds get their class flipped" in result.stderr
    assert {row["loss"] for row in json_of(directory)["results"]} == {
        "binary:logistic", "Logistic()", "Focal(gamma=1)", "Focal(gamma=2)",
    }  # fmt: skip


def test_the_json_holds_everything(regression):
    _, directory = regression
    found = json_of(directory)
    assert found["versions"]["boostloss"] == boostloss.__version__
    assert found["versions"]["xgboost"] == xgboost.__version__
    assert found["data"]["target"] == "price"
    assert found["data"]["rows"] == ROWS
    assert found["settings"]["rounds"] == 4
    assert found["settings"]["metric"] == "mae"
    assert not found["interrupted"]
    assert not found["failures"]
    main = [row for row in found["results"] if row["quantile"] is None]
    assert main[0]["place"] == "best"
    assert sum(row["own"] for row in main) == 3
    assert {row["quantile"] for row in found["results"]} == {None, 0.1, 0.9}
    for row in main:
        scores = [fold["mae"] for fold in row["folds"]]
        assert len(scores) == 2
        assert row["mean"]["mae"] == pytest.approx(np.mean(scores))
        assert row["standard_error"]["mae"] == pytest.approx(np.std(scores, ddof=1) / 2**0.5)
        if not row["own"]:
            assert isinstance(boostloss.from_string(row["folds"][0]["loss"]), boostloss.Loss)
    means = [row["mean"]["mae"] for row in main]
    assert means == sorted(means)


@pytest.mark.parametrize("which", ["regression", "binary"])
def test_the_report_holds_everything_in_itself(which, request):
    _, directory = request.getfixturevalue(which)
    page = (directory / "report.html").read_text("utf-8")
    images = re.findall(r'<img alt="[^"]+" src="data:image/svg\+xml;base64,([^"]+)">', page)
    assert len(images) == page.count("<img") == (9 if which == "regression" else 5)
    for image in images:
        assert b"<svg" in base64.b64decode(image, validate=True)
    for outside in ("http", "<script", "<link", "@import", "url("):
        assert outside not in re.sub(r"base64,[^\"]+", "", page)


def test_the_report_escapes_names(tmp_path):
    homes().rename(columns={"price": "<b>[red]$p$"}).to_parquet(tmp_path / "a&b.parquet")
    arguments = ["--target", "<b>[red]$p$", "--library", "xgboost", "--loss", "Huber", *QUICK]
    result = invoke(tmp_path / "a&b.parquet", *arguments, "--output", tmp_path / "new" / "out")
    page = (tmp_path / "new" / "out" / "report.html").read_text("utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;[red]$p$" in page
    assert "a&amp;b.parquet" in page
    assert "Regression: <b>[red]$p$" in result.stdout


def without_times(found):
    for row in found["results"]:
        del row["seconds"]
        for fold in row["folds"]:
            del fold["seconds"]
    return found


def test_a_seed_repeats_a_run(table, tmp_path):
    found = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        arguments = [
            "--library",
            "xgboost",
            "--loss",
            "Huber",
            "--contaminate",
            "0.2",
            "--rows",
            80,
        ]
        invoke(table, "-t", "price", *arguments, "--seed", seed, *QUICK, "-o", tmp_path / name)
        found.append(without_times(json_of(tmp_path / name)))
    assert found[0] == found[1]
    assert found[0]["results"] != found[2]["results"]


def test_the_metric_decides(table, tmp_path):
    invoke(table, "-t", "price", "-l", "xgboost", "--metric", "rmse", *QUICK, "-o", tmp_path)
    rows = [row for row in json_of(tmp_path)["results"] if row["quantile"] is None]
    assert {row["judged_by"] for row in rows} == {"rmse"}
    scores = [row["mean"]["rmse"] for row in rows]
    assert scores == sorted(scores)


def test_higher_average_precision_wins(table, tmp_path):
    options = ["-l", "xgboost", "--metric", "average-precision"]
    invoke(table, "-t", "sold", *options, *QUICK, "-o", tmp_path)
    scores = [row["mean"]["average-precision"] for row in json_of(tmp_path)["results"]]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 1


def test_ctrl_c_keeps_what_is_finished(table, tmp_path, monkeypatch):
    calls = []

    def fit(library, objective, *arguments):
        calls.append(objective)
        if len(calls) == 6:  # in the second fold of four candidates
            raise KeyboardInterrupt
        return libraries.fit(library, objective, *arguments)

    monkeypatch.setattr(run, "fit", fit)
    options = ["-l", "xgboost", "--loss", "Huber", *QUICK, "-o", tmp_path]
    result = invoke(table, "-t", "price", *options, code=130)
    assert "1 of 2 folds" in result.stdout
    assert "Huber(delta=" in result.stdout
    assert "interrupted" in result.stderr
    found = json_of(tmp_path)
    assert found["interrupted"]
    assert found["compared_folds"] == [0]
    assert [len(row["folds"]) for row in found["results"] if row["loss"] == "reg:squarederror"] == [
        2
    ]
    assert found["results"][0]["standard_error"]["mae"] is None
    assert "interrupted" in (tmp_path / "report.html").read_text("utf-8")


def test_ctrl_c_before_anything_is_finished(table, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "fit", interrupt)
    invoke(table, "-t", "price", "-l", "xgboost", *QUICK, "-o", tmp_path, code=130)
    assert not list(tmp_path.iterdir())


def test_a_failure_is_told_and_the_others_go_on(table, tmp_path, monkeypatch):
    def fit(library, objective, *arguments):
        if objective == "reg:squarederror":
            raise RuntimeError("out of luck")
        return libraries.fit(library, objective, *arguments)

    monkeypatch.setattr(run, "fit", fit)
    options = ["-l", "xgboost", "--loss", "Huber", *QUICK, "-o", tmp_path]
    result = invoke(table, "-t", "price", *options)
    told = "XGBoost could not fit reg:squarederror: RuntimeError: out of luck"
    assert told in result.stderr
    found = json_of(tmp_path)
    assert found["failures"] == [told]
    assert len(found["results"]) == 3


def test_nothing_fitted_is_a_failure(table, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(run, "fit", fail)
    result = invoke(table, "-t", "price", "-l", "xgboost", *QUICK, code=1)
    assert "out of luck" in result.stderr


def test_the_embedded_data_set():
    result = invoke("-l", "xgboost", "--loss", "Huber", "--rows", "200", *QUICK)
    assert "10% of the labels in the training folds get Cauchy noise" in result.stderr
    clean = invoke("-l", "xgboost", "--loss", "Huber", "--rows", "200", "--contaminate", 0, *QUICK)
    assert "Cauchy noise" not in clean.stderr


def test_an_output_in_ascii(table):
    result = CliRunner(charset="ascii").invoke(
        cli.app, ["compare", str(table), "-t", "price", "-l", "xgboost", "--loss", "Huber", *QUICK]
    )
    assert result.exit_code == 0, result.exception
    assert "pseudohubererror(?" in result.stdout


def test_the_version():
    result = CliRunner().invoke(cli.app, ["--version"])
    assert result.stdout == f"boostloss {boostloss.__version__}\n"
    assert result.exit_code == 0


def python(code):
    root = Path(__file__).resolve().parents[1]
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)


def test_the_command_line_loads_no_boosting_library():
    code = f"import boostloss.compare.cli, sys; print([n for n in {list(LIBRARIES)} if n in sys.modules])"
    assert python(code).stdout.strip() == "[]"


def test_without_its_extra_the_command_line_says_so():
    done = python("import sys; sys.modules['typer'] = None; import boostloss.compare.cli")
    assert done.returncode != 0
    assert "pip install 'boostloss[cli]'" in done.stderr
    assert "Traceback" not in done.stderr
