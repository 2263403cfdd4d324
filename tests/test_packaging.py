"""What the Makefile installs is locked, and what is checked is what contributors are told."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"].values()
LOCK = (REPOSITORY / "constraints.txt").read_text("utf-8").splitlines()


def requirements(lines):
    return [Requirement(line) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_every_requirement_has_one_locked_version(python):
    locked = {}
    for pin in requirements(LOCK):
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            (version,) = pin.specifier
            assert version.operator == "=="
            assert locked.setdefault(pin.name, version.version) == version.version
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    for requirement in requirements([*wanted, *(line for extra in EXTRAS for line in extra)]):
        if requirement.name != "boostloss":
            assert locked[requirement.name] in requirement.specifier


def test_continuous_integration_types_what_contributors_are_told():
    commands = re.findall(r"^make .*", (REPOSITORY / ".ci/run").read_text("utf-8"), re.M)
    told = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    assert commands == ["make test", "make docs", "make test-torch"]
    assert set(commands) <= set(re.findall(r"^make [\w-]+", told, re.M))


@pytest.mark.parametrize(
    "name", ["CONTRIBUTING.md", ".github/workflows/checks.yml", ".github/workflows/weekly.yml"]
)
def test_targets_that_are_named_are_in_the_makefile(name):
    targets = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.M)
    text = (REPOSITORY / name).read_text("utf-8")
    named = re.findall(r"(?:^|`|run: )make ([\w-]+)", text, re.M)
    assert named
    assert set(named) <= set(targets)


def test_what_needs_torch_is_marked():
    # Or `make test-torch` would leave it out.
    for path in (REPOSITORY / "tests").glob("test_*.py"):
        text = path.read_text("utf-8")
        assert 'importorskip("torch")' not in text or "pytest.mark.torch" in text, path.name
