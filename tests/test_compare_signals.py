"""Ctrl-C at a real ``python -m boostloss compare``, from outside and at many moments of it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("typer")
pytest.importorskip("xgboost")

from homes import homes
from processes import REPOSITORY

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc to look at")

NOTHING = "Interrupted: nothing was finished."
FINISHED = "The run was interrupted: this is what was finished."
LONG = ["--rounds", "1000000", "--learning-rate", "0.001"]
FEW = ["--loss", "Huber", "--loss", "LogCosh"]
SHORT = ["--rounds", "4", *FEW]
OPTIONS = ["-t", "price", "-l", "xgboost", "--folds", "2", "--thorough", "--threads", "2"]
SHARED = Path("/dev/shm")
SOON = 60.0  # seconds, of a busy machine


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return the path of the table as CSV."""
    path = tmp_path_factory.mktemp("data") / "homes.csv"
    homes().to_csv(path, index=False)
    return path


def run(cwd, table, *arguments):
    """Start the command, which fits in processes of their own where it has two threads."""
    command = [sys.executable, "-m", "boostloss", "compare", table, *OPTIONS, *arguments]
    folders = {"TMPDIR": str(cwd / "tmp"), "JOBLIB_TEMP_FOLDER": str(cwd / "tmp")}
    (cwd / "tmp").mkdir()
    return subprocess.Popen(
        [*map(str, command), "-o", str(cwd / "out")],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | folders,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def session(number):
    """The processes of a session that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, *others = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has
            continue
        if int(others[2]) == number and state != "Z":
            found.append(path.parent)
    return found


def wait_until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(1e-3)


def read_until(process, words):
    """What a process tells up to these words."""
    told = ""
    for line in process.stderr:
        told += line
        if words in line:
            return told
    raise AssertionError(told)


def end(process, cwd, told, number=signal.SIGINT):
    """Send the signal to all, as a terminal does; return the report's text, if there is one."""
    start = time.monotonic()
    os.killpg(process.pid, number)
    try:
        printed, errors = process.communicate(timeout=SOON)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, errors
    # The process that removes what others have left may warn that it is gone already, even after the last word.
    lines = [line for line in errors.splitlines() if "resource_tracker" not in line]
    assert lines[-1] == told
    assert "Traceback" not in printed + errors
    wait_until(lambda: not session(process.pid))
    assert time.monotonic() - start < SOON
    assert not list((cwd / "tmp").iterdir())
    left = [path for sign in "_-" for path in SHARED.glob(f"*{sign}{process.pid}{sign}*")]
    assert not left
    out = cwd / "out"
    return sorted(path.name for path in out.iterdir()) if out.exists() else []


def test_amid_the_fits_of_other_processes(table, tmp_path):
    process = run(tmp_path, table, *LONG)
    read_until(process, "fits: 2 folds")
    wait_until(lambda: len(session(process.pid)) > 3)
    time.sleep(0.5)
    assert end(process, tmp_path, NOTHING) == []


@pytest.mark.slow
@pytest.mark.parametrize("module", ["pandas", "sklearn"])
def test_amid_the_imports(module, table, tmp_path):
    process = run(tmp_path, table, *SHORT)
    maps = Path(f"/proc/{process.pid}/maps")
    wait_until(lambda: f"/{module}/" in maps.read_text())
    assert end(process, tmp_path, NOTHING) == []


@pytest.mark.slow
def test_amid_the_data(tmp_path):
    pipe = tmp_path / "homes.csv"
    os.mkfifo(pipe)
    process = run(tmp_path, pipe, *SHORT)
    with pipe.open("w") as file:  # which waits until it is read
        file.write("size,price\n")
        file.flush()
        time.sleep(0.5)
        assert end(process, tmp_path, NOTHING) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_amid_the_second_fold(number, table, tmp_path):
    process = run(tmp_path, table, "--rounds", "300", *FEW)
    read_until(process, "fold 1 of 2 done")
    assert end(process, tmp_path, FINISHED, number) == ["report.html", "results.json"]
    found = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    assert found["interrupted"]
    assert not found["failures"]
    assert "</html>" in (tmp_path / "out/report.html").read_text("utf-8")


@pytest.mark.slow
def test_amid_the_report(table, tmp_path):
    process = run(tmp_path, table, *SHORT)
    wait_until((tmp_path / "out/results.json").exists)
    names = end(process, tmp_path, f"Wrote {tmp_path / 'out/report.html'}")
    assert names == ["report.html", "results.json"]
    assert not json.loads((tmp_path / "out/results.json").read_text("utf-8"))["interrupted"]
    assert "</html>" in (tmp_path / "out/report.html").read_text("utf-8")
