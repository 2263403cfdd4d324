"""Every example runs to its end, quickly."""

import re
import runpy
from pathlib import Path

import pytest

from boostloss.boosting.libraries import LIBRARIES

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = {path.stem: path for path in sorted((REPOSITORY / "examples").glob("*.py"))}
THAT_WRITE = {"adaptive_regression", "loss_pictures", "robust_vae"}  # have tests of their own


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
    loss, alpha, scale, slope, intercept = map(float, found["adaptive, here at the end"])
    assert loss == pytest.approx(-1.5147, abs=1e-4)
    assert alpha == pytest.approx(0.0109, rel=0.02)
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
