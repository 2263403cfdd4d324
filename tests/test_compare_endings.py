"""How ``boostloss compare`` ends: interrupted, with nobody reading, on a full disk; what is finished is kept."""

import errno
import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("typer")
pytest.importorskip("xgboost")

from homes import QUICK, homes, invoke
from processes import start_python

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import cli, libraries, report, run

HUBER = ["-l", "xgboost", "--loss", "Huber", *QUICK]
posix = pytest.mark.skipif(os.name != "posix", reason="signals, pipes and names of POSIX")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return the path of the table as CSV."""
    path = tmp_path_factory.mktemp("data") / "homes.csv"
    homes().to_csv(path, index=False)
    return path


def names(directory):
    return sorted(path.name for path in directory.iterdir())


# Signals


def ask_to_end(number=signal.SIGINT):
    os.kill(os.getpid(), number)
    for _ in range(1000):  # the main thread handles it soon
        pass


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("swallowed", [False, True])
def test_a_signal_ends_the_fits_and_keeps_what_is_finished(
    table, tmp_path, monkeypatch, number, swallowed
):
    calls = []

    def fit(*arguments):
        calls.append(arguments)
        if len(calls) == 6:
            try:
                ask_to_end(number)
            except KeyboardInterrupt:
                if not swallowed:
                    raise
                raise RuntimeError("what a library makes of it") from None
        return libraries.fit(*arguments)

    monkeypatch.setattr(run, "fit", fit)
    result = invoke(table, "-t", "price", *HUBER, "-o", tmp_path, code=130)
    assert len(calls) == 6
    assert "1 of 2 folds" in result.stdout
    assert result.stderr.splitlines()[-1] == "The run was interrupted: this is what was finished."
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert found["interrupted"]
    assert not found["failures"]
    assert names(tmp_path) == ["report.html", "results.json"]
    assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


@posix
@pytest.mark.parametrize(
    "place", [(cli, "load"), (cli, "list_candidates"), (run, "residual_scale")]
)
def test_a_signal_before_the_first_fit(table, tmp_path, monkeypatch, place):
    monkeypatch.setattr(*place, lambda *arguments, **options: ask_to_end())
    result = invoke(table, "-t", "price", *HUBER, "-o", tmp_path / "out", code=130)
    assert result.stderr.splitlines()[-1] == "Interrupted: nothing was finished."
    assert "Traceback" not in result.output
    assert not result.stdout
    assert not (tmp_path / "out").exists() or not names(tmp_path / "out")


@posix
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_signal_while_a_library_trains(table, library):
    pytest.importorskip(library)
    timer = threading.Timer(1.0, ask_to_end)
    timer.start()
    options = ["--learning-rate", "0.001", "--rounds", "1000000", "--folds", "2", "--threads", "1"]
    result = invoke(table, "-t", "price", "-l", library, "--loss", "Huber", *options, code=130)
    assert result.stderr.splitlines()[-1] == "Interrupted: nothing was finished."
    assert "Traceback" not in result.output


@posix
def test_signals_wait_while_the_outcome_is_written(table, tmp_path, monkeypatch):
    def replace(*arguments):
        ask_to_end()
        ask_to_end()
        return save(*arguments)

    save = report.save
    monkeypatch.setattr(report, "save", replace)
    result = invoke(table, "-t", "price", *HUBER, "-o", tmp_path, code=130)
    assert names(tmp_path) == ["report.html", "results.json"]
    assert not json.loads((tmp_path / "results.json").read_text("utf-8"))["interrupted"]
    assert "2 folds" in result.stdout


@posix
def test_what_is_ignored_stays_ignored(table):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cli.interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@posix
@pytest.mark.parametrize("module", ["typer", "pandas.core.frame"])
def test_a_signal_while_the_command_line_is_loaded(tmp_path, module):
    code = f"""
    import os, signal, sys

    class Finder:
        def find_spec(name, path=None, target=None):
            if name == {module!r}:
                os.kill(os.getpid(), signal.SIGINT)

    sys.meta_path.insert(0, Finder)
    sys.argv = ["boostloss", "compare"]
    from boostloss.__main__ import main
    main()
    """
    process = start_python(code, tmp_path)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors == "Interrupted: nothing was finished.\n"
    assert not printed


# Streams


def run_with_output(stream, monkeypatch, *arguments):
    """Run the command with a real file as standard output; return the exit code."""
    monkeypatch.setattr(sys, "stdout", stream)
    try:
        cli.app(["compare", *map(str, arguments)])
    except SystemExit as end:
        return end.code
    finally:
        monkeypatch.undo()
        stream.close()  # no error, which Python would show at its end


@posix
def test_nobody_reads(table, tmp_path, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    code = run_with_output(stream, monkeypatch, table, "-t", "price", *HUBER, "-o", tmp_path)
    assert code == 0
    assert names(tmp_path) == ["report.html", "results.json"]
    assert "error:" not in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_standard_output_on_a_full_disk(table, tmp_path, monkeypatch, capsys):
    stream = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    code = run_with_output(stream, monkeypatch, table, "-t", "price", *HUBER, "-o", tmp_path)
    assert code == 1
    assert names(tmp_path) == ["report.html", "results.json"]
    told = "error: standard output could not be written: No space left on device"
    assert capsys.readouterr().err.splitlines().count(told) == 1


# Files


def test_a_full_disk(table, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "results.json").write_text("of an earlier run")
    monkeypatch.setattr(os, "fsync", full)
    result = invoke(table, "-t", "price", *HUBER, "-o", tmp_path, code=1)
    told = f"error: results.json and report.html could not be written: {os.strerror(errno.ENOSPC)}"
    assert result.stderr.splitlines()[-1] == told
    assert "± s.e." in result.stdout
    assert names(tmp_path) == ["results.json"]
    assert (tmp_path / "results.json").read_text() == "of an earlier run"


def test_a_report_that_fails_loses_nothing_else(table, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("out of\nink")

    monkeypatch.setattr(report, "to_html", fail)
    result = invoke(table, "-t", "price", *HUBER, "-o", tmp_path, code=1)
    told = "error: report.html could not be written: RuntimeError: out of ink"
    assert result.stderr.splitlines()[-1] == told
    assert "± s.e." in result.stdout
    assert names(tmp_path) == ["results.json"]
    assert json.loads((tmp_path / "results.json").read_text("utf-8"))["results"]


def test_classes_that_look_like_mathematics(tmp_path):
    frame = homes().replace({"sold": {"no": "$0_to_$50", "yes": "$50^{_}$"}})
    frame.to_csv(tmp_path / "homes.csv", index=False)
    arguments = ["-t", "sold", "-l", "xgboost", *QUICK, "-o", tmp_path / "out"]
    invoke(tmp_path / "homes.csv", *arguments)
    assert names(tmp_path / "out") == ["report.html", "results.json"]


@posix
def test_a_file_name_that_is_no_text(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    try:
        homes().to_csv(path, index=False)
    except OSError:
        pytest.skip("the file system wants UTF-8")
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9"))
    invoke(path, "-t", "price", *HUBER, "-o", out)
    assert names(out) == ["report.html", "results.json"]
    assert json.loads((out / "results.json").read_text("utf-8"))["data"]["name"] == "caf\\udce9.csv"
    assert "caf\\udce9.csv" in (out / "report.html").read_text("utf-8")


def test_no_escape_sequence_reaches_the_terminal(table, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("\x1b[2Jgone \x9b31m \u202eevil")

    path = tmp_path / "a\x1b]0;title\x07.csv"
    path.write_bytes(table.read_bytes())
    monkeypatch.setattr(run, "fit", fail)
    result = invoke(path, "-t", "price", *HUBER, code=1)
    assert "gone" in result.stderr
    assert not set(result.output) & set("\x1b\x07\x9b\u202e")
