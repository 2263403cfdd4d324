"""The recipes for neighbouring packages run, and what each claims of itself is true."""

import re
import runpy
from pathlib import Path

import pytest

RECIPES = sorted((Path(__file__).resolve().parents[1] / "examples/neighbours").glob("*.py"))


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:Parameter n_jobs will"
)
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe(path, tmp_path, monkeypatch, capsys):
    for name in set(re.findall(r"^(?:import|from) (\w+)", path.read_text("utf-8"), re.M)):
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr().out
    assert "True" in printed
    assert "False" not in printed
