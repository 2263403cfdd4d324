"""Every example runs to its end, quickly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.py"))


def test_there_is_one_for_each_library_and_a_pipeline():
    kinds = {path.stem.split("_")[0] for path in EXAMPLES}
    assert kinds >= {"xgboost", "lightgbm", "catboost", "pipeline"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path):
    for library in ("xgboost", "lightgbm", "catboost", "sklearn", "torch"):
        if library in path.read_text("utf-8"):
            pytest.importorskip(library)
    result = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip(), "an example prints what it found"
