"""What the benchmarks of speed and accuracy rest on: kept results, wrong labels, tables, and pictures."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb
from pictures import coloured

from benchmarks import _accuracy_report, accuracy, history, own_losses, speed
from benchmarks._results import Results
from benchmarks._training_speed import Copies, Playback, Recorder
from boostloss import Huber, loss

SCRIPTS = [path.stem for path in Path(speed.__file__).parent.glob("[!_]*.py")]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_names_what_the_package_has(name):
    try:
        importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] in ("boostloss", "benchmarks", "tests"):
            raise
        pytest.skip(f"{error.name} is not installed")


def test_results_go_on_where_they_stopped(tmp_path):
    cells = [{"loss": name, "seed": seed} for name in ("a", "b") for seed in (0, 1)]
    path = tmp_path / "folder" / "some.jsonl"
    results = Results(path)
    for cell in cells[:2]:
        results.add(cell, {"mae": 1.0})
    with path.open("a") as file:
        file.write('{"cell": {"loss": "b", "se')  # interrupted as it wrote
    again = Results(path)
    tasks = [(cell, None) for cell in cells]
    assert again.missing(tasks) == tasks[2:]
    again.add(cells[2], {"mae": 2.0})
    again.add(cells[0], {"mae": 3.0})
    assert [line["figures"]["mae"] for line in Results(path).latest()] == [3.0, 1.0, 2.0]
    other = Results(path)
    other.made_with = {"source": "edited"}
    assert other.missing(tasks) == tasks
    other.fit([(cell, lambda: {"mae": 4.0}) for cell in cells], jobs=1)
    assert [line["figures"]["mae"] for line in other.latest()] == [4.0] * 4


@pytest.mark.parametrize("kind", accuracy.WRONG)
def test_labels_are_wrong_in_a_share_of_the_rows(kind):
    rng = np.random.default_rng(0)
    y = rng.standard_normal(10_000)
    noisy = accuracy.WRONG[kind](rng, y[:, None], y, 0.2)
    assert np.mean(noisy != y) == pytest.approx(0.2, abs=0.015)
    if kind == "one-sided":
        assert np.all(noisy >= y)
    if kind == "swapped":
        np.testing.assert_array_equal(np.sort(noisy), np.sort(y))


def test_a_segment_is_apart_in_the_test_rows_too():
    def table():
        X = np.random.default_rng(0).standard_normal((5000, 3))
        return X, X[:, 0]

    parts = accuracy.split(table, 4000, "segment", 0.1, seed=1)
    clean = accuracy.split(table, 4000, "clean", 0.0, seed=1)
    for (X, y), (X_clean, y_clean) in zip(parts, clean, strict=True):
        np.testing.assert_array_equal(X, X_clean)
        apart = np.abs(y - y_clean) > 1e-9
        np.testing.assert_allclose((y - y_clean)[apart], 6.0)
        assert apart.mean() == pytest.approx(0.1, abs=0.04)
    parts = accuracy.split(table, 4000, "cauchy", 0.1, seed=1)
    np.testing.assert_array_equal(parts[2][1], clean[2][1])
    assert np.mean(parts[0][1] != clean[0][1]) == pytest.approx(0.1, abs=0.03)


def fits():
    """Lines as the benchmark writes them: ours is 10 % better than the best own objective, and in half of its time."""
    errors = {"reg:squarederror": 2.0, "reg:absoluteerror": 1.0, "Huber(delta='adaptive')": 0.9}
    for table in ("a", "b"):
        for seed in (0, 1):
            for objective, mae in errors.items():
                cell = {"table": table, "kind": "clean", "share": 0.0, "seed": seed, "rows": 10}
                cell |= {"library": "xgboost", "version": "3", "objective": objective}
                curve = [[10, 2 * mae], [50, 1.0], [100, mae]]
                figures = {"own": objective.startswith("reg:"), "mae": mae, "rmse": mae}
                figures |= {"rounds": 100, "seconds": 3.0, "curve": curve}
                made_with = {"source": f"of seed {seed}", "processor": "one"}
                yield {"cell": cell, "figures": figures, "with": made_with}


def test_accuracy_counts_relative_to_the_best_own_objective(tmp_path, capsys):
    lines = list(fits())
    # A condition in which not all were fitted is left out.
    lines.append({**lines[0], "cell": lines[0]["cell"] | {"seed": 2}})
    _accuracy_report.write(lines, tmp_path)
    printed = capsys.readouterr().out
    assert "2 tables, 2 seeds" in printed
    assert "| XGBoost | `Huber()` |" in printed
    rows = {row["objective"]: row for row in json.loads((tmp_path / "accuracy.json").read_text())}
    assert rows["reg:squarederror"]["own"]
    assert rows["reg:squarederror"]["all"] == pytest.approx(2)
    ours = rows["Huber(delta='adaptive')"]
    assert not ours["own"]
    assert (ours["source"], ours["processor"]) == (["of seed 0", "of seed 1"], ["one"])
    assert ours["all"] == pytest.approx(0.9)
    assert ours["rank"] == 1
    assert ours["better : worse"] == "2 : 0 of 2"
    assert ours["time"] == "0.50 (100%)"
    # Demsar's table 5a: q = 2.343 for three classifiers.
    assert ours["critical"] == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 2)), rel=1e-3)
    assert coloured(tmp_path / "accuracy.png") > 100


@pytest.mark.parametrize("floor", [Playback, Copies])
def test_the_floor_gives_back_what_the_loss_gave(floor):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 3))
    data = xgb.DMatrix(X, X[:, 0] + rng.standard_normal(500))
    recorder = Recorder(Huber(1.0))
    first = xgb.train({"base_score": 0.0}, data, 5, obj=recorder)
    second = xgb.train({"base_score": 0.0}, data, 5, obj=floor(recorder.answers))
    assert first.get_dump() == second.get_dump()


def test_speed_is_kept_and_reported(tmp_path, monkeypatch, capsys):
    command = [
        "speed",
        "--part",
        "kernels",
        "--largest",
        "1000",
        "--repeats",
        "1",
        "--threads",
        "1",
    ]
    monkeypatch.setattr("sys.argv", [*command, "--results", str(tmp_path)])
    monkeypatch.setattr(speed.kernels, "LOSSES", [Huber(1.0)])
    monkeypatch.setattr(speed.kernels, "OF_CLASSES", [])
    speed.main()
    lines = json.loads((tmp_path / "speed.json").read_text())
    assert {line["cell"]["dtype"] for line in lines} == {"float32", "float64"}
    assert all(line["figures"].keys() == {"limit", "ours", "numpy"} for line in lines)
    assert capsys.readouterr().out.count("`Huber(delta=1.0)`") == 2
    monkeypatch.setattr(speed.kernels, "kernel_seconds", pytest.fail)  # nothing is left to do
    speed.main()
    names = history.figures(tmp_path)
    assert set(names) == {
        f"kernels, Huber(delta=1.0), {dtype}, 1000, 1 threads" for dtype in ("float32", "float64")
    }


@pytest.mark.parametrize("rule", ["exact", "unit", "ratio", "box"])
@pytest.mark.parametrize("name", ["asymmetric_huber", "poisson", "tempered"])
def test_rules_for_own_losses_give_derivatives_of_every_row(name, rule):
    function = getattr(own_losses, name)
    own = loss(function, link=own_losses.LINKS.get(function))()
    _, y = own_losses.table(name, np.random.default_rng(0), 50)
    found = own_losses.by_rule(rule, own, y, np.full(50, own.fit_intercept(y)))
    assert np.isfinite(found).all()
    assert np.ptp(found[0]) > 0.0
