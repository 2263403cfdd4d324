"""Python in a process of its own, for what a test process must not do to itself."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def start_python(
    code: str,
    cwd: Path,
    arguments: tuple[object, ...] = (),
    package: Path = REPOSITORY,
    **variables: str,
) -> subprocess.Popen[str]:
    """Start code in a fresh process that imports boostloss from a folder.

    It shares the object code on disk with all other tests, unless NUMBA_CACHE_DIR is among the variables.
    """
    environment = os.environ | {"PYTHONPATH": str(package), "NUMBA_DISABLE_JIT": "0"} | variables
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # which `output` can end with all that it has forked
    )


def output(process: subprocess.Popen[str], timeout: float = 120.0) -> str:
    """What a process prints, which must end well and in time."""
    try:
        printed, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        # A forked child holds the pipes, and would be waited for.
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        printed, errors = process.communicate()
        raise AssertionError(f"still running after {timeout} s\n{printed}\n{errors}") from None
    assert process.returncode == 0, f"exit status {process.returncode}\n{printed}\n{errors}"
    return printed


def run_python(code: str, cwd: Path, **options: object) -> str:
    """What a fresh process prints."""
    return output(start_python(code, cwd, **options))
