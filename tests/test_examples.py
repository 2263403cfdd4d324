"""Every example runs to its end, quickly."""

import re
import runpy
from pathlib import Path

import pytest

from boostloss.boosting.libraries import LIBRARIES

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = {path.stem: path for path in sorted((REPOSITORY / "examples").glob("*.py"))}
THAT_WRITE = {  # have tests of their own
    "adaptive_regression",
    "delivery_times",
    "flat_prices",
    "insurance",
    "loss_pictures",
    "pump_failures",
    "robust_vae",
}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """What an example prints, run as a script in a folder of its own, but in this process, which has its imports."""

    def printed(name):
        path = EXAMPLES[name]
        for library in (*LIBRARIES, "sklearn", "torch", "matplotlib"):
            if library in path.read_text("utf-8"):
                pytest.importorskip(library)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        monkeypatch.setattr("sys.argv", [str(path)])
        runpy.run_path(str(path), run_name="__main__")
        return capsys.readouterr().out

    return printed


def test_there_is_one_for_each_library_and_a_pipeline():
    kinds = {name.split("_")[0] for name in EXAMPLES}
    assert kinds >= {*LIBRARIES, "pipeline"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.torch] if "torch" in path.read_text("utf-8") else [])
        for name, path in EXAMPLES.items()
        if name not in THAT_WRITE
    ],
)
def test_example_runs(name, run):
    assert run(name).strip(), "an example prints what it found"


@pytest.mark.torch
def test_the_published_line_fit(run, tmp_path):
    rows = dict(re.findall(r"^(.*, .*?)  +(.*)$", run("adaptive_regression"), re.M))
    found = {name: re.findall(r"-?\d+\.?\d*", row) for name, row in rows.items()}
    loss, *_ = map(float, found["squared error, here"])
    assert loss == pytest.approx(1.673694, abs=1e-6)
    loss, alpha, scale, *_ = map(float, found["adaptive, here at step 1900"])
    assert (loss, alpha, scale) == pytest.approx((-1.514423, 0.011832, 0.012073), rel=0.01)
    loss, alpha, scale, slope, intercept = map(float, found["adaptive, here in the last 100"])
    assert loss == pytest.approx(-1.5147, abs=1e-4)
    assert alpha == pytest.approx(0.0109, rel=0.05)
    assert scale == pytest.approx(0.01206, rel=0.01)
    assert (slope, intercept) == pytest.approx((0.7150, 0.1487), abs=1e-3)

    Image = pytest.importorskip("PIL.Image")
    path = tmp_path / "adaptive_regression.gif"
    assert path.stat().st_size < 1e6
    with Image.open(path) as animation:
        assert animation.n_frames >= 50


@pytest.mark.torch
def test_robust_reconstructions(run, tmp_path):
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    try:
        printed = run("robust_vae")
    finally:
        torch.set_num_threads(threads)
    row = r"^(\w+) +mean absolute error (.*), root mean square (.*)$"
    rows = re.findall(row, printed, re.M)
    found = {name: (float(mean), float(root)) for name, mean, root in rows}
    assert found.keys() == {"corrupted", "normal", "adaptive"}
    assert found["adaptive"][0] < 0.9 * found["normal"][0]
    assert found["adaptive"][1] < found["normal"][1] < found["corrupted"][1]
    Image = pytest.importorskip("PIL.Image")
    with Image.open(tmp_path / "robust_vae.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 100


def test_pictures_are_drawn(run, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    files = [tmp_path / name for name in run("loss_pictures").split()]
    assert len(files) == 4
    for path in files:
        with Image.open(path) as picture:
            assert min(picture.size) >= 400
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 20, "more than empty axes"


def drawn(path):
    Image = pytest.importorskip("PIL.Image")
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(1 << 24)) > 20


def test_a_promise_that_knows_the_costs_is_cheaper(run, tmp_path):
    printed = run("delivery_times")
    found = re.findall(r"^(\S.*?)  +([\d.]+) +([\d.]+)% +([\d.]+) +([\d.]+)$", printed, re.M)
    assert len(found) == 5
    cost = {name: float(text) for name, text, *_ in found}
    for _, total, _, late, early in found:
        assert float(total) == pytest.approx(4.0 * float(late) + float(early), abs=0.05)
    assert cost["Asymmetric(Huber)"] < 0.8 * cost["Huber"] < 0.8 * cost["squared error"]
    assert cost["Quantile(0.8)"] < 0.85 * cost["Huber"]
    assert drawn(tmp_path / "delivery_times.png")


def test_premiums_are_near_the_truth(run, tmp_path):
    printed = run("insurance")
    explained = re.findall(r"^  (?:frequency|severity) +([\d.]+)% \(([\d.]+)%\)$", printed, re.M)
    assert len(explained) == 2
    for model, truth in explained:
        assert 0.5 * float(truth) < float(model) < 1.2 * float(truth)
    premiums = re.findall(r"^  (\D*?)  +([\d.]+) +([\d.]+) +([\d.]+)$", printed, re.M)
    gini, balance, distance = (
        {name: float(row[place]) for name, *row in premiums} for place in range(3)
    )
    assert len(premiums) == 4
    for name in ("frequency times severity", "Tweedie"):
        assert 0.8 * gini["the truth"] < gini[name]
        assert 0.9 < balance[name] < 1.1
        assert distance[name] < 0.7 * distance["constant"]
    assert drawn(tmp_path / "insurance.png")


def test_quoted_prices_are_honest(run, tmp_path):
    text = run("flat_prices")
    within = float(re.search(r"intervals of 90 % hold ([\d.]+)%", text)[1])
    assert 88.0 < within < 91.0
    found, best = map(
        float, re.search(r"likelihood ([\d.]+), that of the truth ([\d.]+)", text).groups()
    )
    assert best < found < best + 0.05
    quotes = re.findall(
        r"([\d,]+), nine times out of ten ([\d,]+) to ([\d,]+);.* chance of (\d+)%", text
    )
    assert len(quotes) == 2
    widths = []
    for quote in quotes:
        median, low, high, chance = (float(part.replace(",", "")) for part in quote)
        assert low < median < high
        assert 10.0 < chance < 50.0
        widths.append(high / low)
    assert widths[1] > 1.5 * widths[0]  # of an old flat far out
    assert (tmp_path / "flat_prices.png").stat().st_size > 20_000


def test_pumps_that_run_are_learned_from(run, tmp_path):
    text = run("pump_failures")
    within = float(re.search(r"intervals of 90 % hold ([\d.]+)%", text)[1])
    assert 87.0 < within < 93.0
    found, best = map(float, re.search(r"trained (-[\d.]+), of the truth (-[\d.]+)", text).groups())
    assert best - 0.03 < found < best
    ratios = dict(re.findall(r"learned from (.*) are ([\d.]+) times the true ones", text))
    assert 0.9 < float(ratios["all pumps"]) < 1.1
    assert float(ratios["the failed alone"]) < 0.8
    pumps = re.findall(
        r"in ([\d.]+) years, nine of ten between ([\d.]+) and ([\d.]+); (\d+)% .* (\d+)% for one",
        text,
    )
    assert len(pumps) == 3
    for pump in pumps:
        median, low, high, chance, later = map(float, pump)
        assert low < median < high
        assert (chance > 50.0) == (median > 3.0)
        assert 0.0 < later < 100.0
    wears_out, any_age = ([float(x) for x in pump[1:3]] for pump in pumps[:2])
    assert any_age[1] / any_age[0] > 2.0 * wears_out[1] / wears_out[0]
    assert drawn(tmp_path / "pump_failures.png")
