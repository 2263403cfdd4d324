"""Python in a process of its own, for what a test process must not do to itself."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def start_python(
    code: str,
    cache: Path,
    arguments: tuple[object, ...] = (),
    folder: Path = REPOSITORY,
    **variables: str,
) -> subprocess.Popen[str]:
    """Start code in a fresh process that imports boostloss from a folder and keeps its object code in a cache."""
    environment = (
        os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(folder)} | variables
    )
    environment.pop("NUMBA_DISABLE_JIT", None)
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=cache,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str], timeout: float = 120.0) -> str:
    """What a process prints, which must end well and in time."""
    try:
        printed, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, errors = process.communicate()
        raise AssertionError(f"still running after {timeout} s\n{printed}\n{errors}") from None
    assert process.returncode == 0, f"exit status {process.returncode}\n{printed}\n{errors}"
    return printed


def run_python(code: str, cache: Path, **options: object) -> str:
    """What a fresh process prints."""
    return output(start_python(code, cache, **options))
