"""What the pages in docs must name, and where the version stands. `make docs` tells of links and pages nobody finds."""

import re
import tomllib
from pathlib import Path

import pytest

import boostloss
from tools.public_types import public_objects

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"


def listed():
    """The names in the API reference, in full."""
    module, names = "", []
    for line in (DOCS / "api.md").read_text("utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (.*)", line):
            module = found[1]
        elif found := re.match(r"   (\w+)$", line):
            names.append(f"{module}.{found[1]}")
    return names


def test_the_reference_has_all_that_is_public():
    names = listed()
    assert len(names) == len(set(names))
    public = dict(public_objects())
    reached = {public[name] for name in names if name in public}
    assert {name for name, value in public.items() if value not in reached} == set()
    others = {name for name in names if name not in public}
    assert all(name.startswith("boostloss.torch.") for name in others)  # where torch is absent


@pytest.mark.torch
def test_the_reference_has_all_modules_of_torch():
    pytest.importorskip("torch")
    listed_there = {x.rpartition(".")[2] for x in listed() if x.startswith("boostloss.torch.")}
    assert listed_there == set(boostloss.torch.__all__)


def test_every_formula_is_derived():
    text = (DOCS / "mathematics.md").read_text("utf-8")
    derived = re.findall(r"automodule:: boostloss\.formulas\.(\w+)$", text, re.M)
    modules = {path.stem for path in (REPOSITORY / "boostloss/formulas").glob("[a-z]*.py")}
    assert sorted(derived) == sorted(modules)


def test_the_version_stands_in_one_place():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "boostloss/__init__.py"
    changes = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## \[?([\d.]+)", changes, re.M)[1] == boostloss.__version__


def test_code_that_is_shown_stands_in_its_file():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    shown = re.findall(r"^```py\n# (.*?)\n(.*?)^```$", text, re.M | re.DOTALL)
    assert shown
    for path, code in shown:
        assert code in (REPOSITORY / path).read_text("utf-8")
