"""``boostloss losses`` shows the guide, on terminals and in pipes."""

import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from boostloss.compare import cli
from boostloss.losses.entries import SITUATIONS
from boostloss.losses.guide import ENTRIES


def invoke(*arguments, code=0):
    """What the command tells on both streams, which must end with this exit code."""
    result = CliRunner().invoke(cli.app, ["losses", *arguments])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def words(text):
    return " ".join(text.split())


def test_without_a_name_all_are_listed_by_situation():
    shown, _ = invoke()
    kinds = [item.kind for item in ENTRIES]
    places = [shown.index(f"\n    {kind.__name__} ") for kind in kinds]
    assert places == sorted(places)
    assert len(places) == len(ENTRIES)
    titles = [shown.index(f"\n  {title} ") for title in SITUATIONS.values()]
    assert titles == sorted(titles)
    assert "error^2 / 2 " in shown


@pytest.mark.parametrize("item", ENTRIES, ids=lambda item: item.name)
def test_with_a_name_all_that_is_known_is_told(item, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    shown, _ = invoke(item.name)
    lines = words(shown)
    facts = [item.formula, item.use, item.cost, item.constant, item.link, item.curvature]
    names = [name for own in item.names.values() for name in own]
    for text in (item.signature, *facts, *item.parameters.values(), *names):
        assert words(text) in lines
    assert ("none of XGBoost" in lines) == (not names)


def test_the_name_of_a_library_tells_ours():
    assert invoke("reg:pseudohubererror")[0].startswith("PseudoHuber(delta='adaptive')")
    assert invoke("focal")[0].startswith("Focal(")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("hubr", "did you mean Huber?"), ("[bold]zzz", "lists all of them")],
)
def test_an_unknown_name_is_refused_with_the_near_ones(name, hint):
    shown, told = invoke(name, code=2)
    assert shown == ""
    assert repr(name) in words(told)
    assert hint in words(told)


def test_in_a_pipe_it_is_plain():
    for arguments in ([], ["Poisson"]):
        shown, _ = invoke(*arguments)
        assert "Poisson" in shown
        assert "\x1b" not in shown
        assert "[bold" not in shown  # rich's marks
        assert "[/" not in shown
