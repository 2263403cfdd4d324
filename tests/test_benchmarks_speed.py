"""The parts of `benchmarks.speed`, how cost grows, and XGBoost's protocol of absolute errors: figures of few rows."""

import json
from argparse import Namespace

import numpy as np
import pytest
from pictures import coloured

import boostloss as bl
from benchmarks import _catalogue_speed as catalogue
from benchmarks import _published_speed as published
from benchmarks import _speed_pictures, _speed_report, absolute_error, growth, speed
from benchmarks._results import Results
from boostloss.losses.catalogue import KNOWN


def test_the_catalogue_has_every_public_loss():
    subjects = list(catalogue.subjects())
    assert {type(loss) for loss, form in subjects if not form} >= {*KNOWN}
    shown = [(repr(loss), form) for loss, form in subjects]
    assert len(set(shown)) == len(shown)
    for name, form in (
        ("Quantile([0.1, 0.5, 0.9])", ""),
        ("Huber(delta='adaptive')", ""),
        ("Logistic()", catalogue.BY_ROWS),
        ("Logistic()", catalogue.BY_CLASSES),
        ("Normal()", catalogue.INTERVALS),
    ):
        assert (name, form) in shown


@pytest.mark.parametrize(
    ("loss", "form"),
    [
        (bl.Cauchy(1.0), ""),
        (bl.Quantile([0.1, 0.9]), ""),
        (bl.Normal(), ""),
        (bl.Poisson(), ""),
        (bl.Logistic(), catalogue.BY_ROWS),
        (bl.Logistic(), catalogue.BY_CLASSES),
    ],
    ids=str,
)
def test_a_round_of_the_catalogue_is_what_the_objective_gives(loss, form):
    y, f = catalogue.arrays(loss, form, 1000, "float32")
    assert f.size == 1000
    results = [np.empty(f.T.shape, np.float32) for _ in range(2)]
    catalogue.round_of(loss, y, f, results)()
    for ours, expected in zip(results, loss(y, f), strict=True):
        np.testing.assert_allclose(ours.T, expected, rtol=1e-5, atol=1e-7)


def test_what_is_too_large_for_the_memory_is_left_out(monkeypatch, capsys):
    assert speed.fits(1000, "float32")
    free = Namespace(available=2 * speed.kernels.bytes_needed(10**8, "float32") - 1)
    monkeypatch.setattr(speed.psutil, "virtual_memory", lambda: free)
    options = Namespace(size=None, largest=10**8, threads=1, repeats=1)
    cells = [cell for cell, _ in speed.kernel_cells(options)]
    sizes = {dtype: max(c["rows"] for c in cells if c["dtype"] == dtype) for dtype in speed.TYPES}
    assert sizes == {"float32": 10**8, "float64": 10**7}
    assert "100,000,000 rows of float64 take" in capsys.readouterr().out


def test_missing_packages_are_told_with_the_way_to_get_them(monkeypatch, capsys):
    monkeypatch.setattr(speed.kernels, "is_installed", lambda name: name == "bokbokbok")
    speed.tell_missing(["kernels"])
    assert not capsys.readouterr().out
    speed.tell_missing(["calls", "published"])
    shown = capsys.readouterr().out
    assert "boost-loss, jaxboost, gbnet" in shown
    assert "pip install" in shown
    assert not list(speed.published_cells(Namespace(rows=10, repeats=1)))


def test_losses_are_chosen_by_their_class():
    cell = {"part": "calls", "loss": "Huber(delta=1.0)"}
    assert speed.is_wanted(cell, None)
    assert speed.is_wanted(cell, ["LogCosh", "Huber"])
    assert not speed.is_wanted(cell, ["Hub"])


def test_a_published_training_is_measured_beside_ours():
    theirs = published.partial(published.trained, bl.SquaredError())
    common = published.readme_table, theirs, "xgboost", {}, bl.SquaredError(), 3
    found = published.training_figures(published.SetUp("peer", "README", 200, *common), 200, 1)
    assert found["theirs: error"] == found["ours: error"] > 0.0
    assert found["theirs"] > 0.0

    def broken(*given):
        raise TypeError("of an older library")

    common = published.readme_table, broken, "xgboost", {}, bl.SquaredError(), 3
    found = published.training_figures(published.SetUp("peer", "README", 200, *common), 200, 1)
    assert found == {"failed": "TypeError: of an older library"}


def made_up():
    """A line of every part but the kernels, and a failure."""
    with_threads = {"dtype": "float32", "threads": 2, "rows": 1000}
    yield (
        {"part": "catalogue", "loss": "Huber()", "form": "", **with_threads},
        {"limit": 1e-3, "ours": 2e-3},
    )
    peer = {"package": "peer", "version": "1.0", "loss": "Huber()", "rows": 1000}
    yield {"part": "calls", **peer}, {"ours": 1e-3, "theirs": 3e-3}
    yield {"part": "calls", **peer, "loss": "Cauchy()"}, {}
    common = {"part": "training", "library": "xgboost", "version": "3", "rows": 9, "threads": 1}
    times = {"own squared error": 2.0, "floor": 2.5, "ours": 3.0}
    yield common | {"loss": "SquaredError()"}, times
    yield common | {"loss": "LogCosh()"}, times
    yield common | {"loss": "Huber()"}, times | {"own": 4.0}
    run = {
        "part": "published",
        **peer,
        "set-up": "README",
        "library": "xgboost",
        "library version": "3",
    }
    errors = {"theirs: error": 0.5, "ours: error": 0.25}
    yield run, {"theirs": 4.0, "ours": 2.0, **errors}
    yield run | {"rows": 5}, {"failed": "TypeError: no"}


def test_tables_and_pictures_of_all_parts(tmp_path):
    lines = [{"cell": cell, "figures": figures} for cell, figures in made_up()]
    tables = {}
    for part in ("catalogue", "calls", "training", "published"):
        of_part = [line for line in lines if line["cell"]["part"] == part]
        tables[part] = _speed_report.TABLES[part](of_part)
        _speed_pictures.draw(part, of_part, tmp_path)
        assert coloured(tmp_path / f"speed_{part}.png") > 100
        assert len({len(row) for row in tables[part]}) == 1
    assert tables["catalogue"][1] == ["`Huber()`", "2000.00 (2.0)"]
    assert tables["calls"][1:] == [["`Huber()`", "peer 1.0", "1,000", "1.000", "3.000", "3.0"]]
    assert [row[-1] for row in tables["training"]] == ["to nearest own", "1.50", "", "0.75"]
    assert tables["published"][1][4:] == ["4.00", "2.00", "2.00", "0.5", "0.25"]
    assert tables["published"][2][4] == "TypeError: no"


def test_growth_fits_power_laws_and_draws_them(tmp_path, monkeypatch, capsys):
    a, b = growth.power_law({n: 2e-6 * n**1.5 for n in (10, 100, 1000)})
    assert (a, b) == (pytest.approx(2e-6), pytest.approx(1.5))
    assert np.isnan(growth.power_law({10: 1.0, 1000: 1.0}, least=100)).all()
    options = Namespace(largest=100_000, columns=2, rounds=1, repeats=1, threads=2)
    wanted = [cell for cell, _ in growth.tasks(options)]
    results = Results(tmp_path / "growth.jsonl")
    for cell in wanted:
        results.add(cell, dict.fromkeys(cell["of"], 1e-6 * cell["place"] ** 2))
    assert not results.missing(growth.tasks(options))
    found = growth.curves(wanted, results)
    assert list(found) == ["rows", "outputs", "threads"]
    growth.show("outputs", found["outputs"])
    assert "| call `quantiles` | 0.001 | 0.009 | 0.1 | 0.9 | 10 | 2.00 |" in capsys.readouterr().out
    growth.plot(found, tmp_path / "growth.png")
    assert coloured(tmp_path / "growth.png") > 100


def test_absolute_errors_take_tables_of_files(tmp_path, monkeypatch, capsys):
    X = np.random.default_rng(0).standard_normal((60, 2))
    rows = np.column_stack([X, X.sum(axis=1)])
    np.savetxt(tmp_path / "mine.csv", rows, delimiter=",", header="a,b,y", comments="")
    command = ["absolute_error", "--rounds", "3", "--seeds", "1", "--threads", "1"]
    command += ["--data", str(tmp_path), "--table", "mine", "--results", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    absolute_error.main()
    assert "| XGBoost | objective | error | mine | all |" in capsys.readouterr().out
    found = json.loads((tmp_path / "absolute_error.json").read_text())
    names = [str(objective) for objective in absolute_error.OBJECTIVES[1:]]
    assert "LogCosh(scale='adaptive')" in names
    assert [row["objective"] for row in found[::3]] == names
    assert all(row["mine"] == row["all"] > 0.0 for row in found)
