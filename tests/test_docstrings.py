"""Every public class and function is documented the same way, and its examples run."""

import doctest
import inspect
import re

import pytest

import boostloss as bl
from tools.public_types import public_objects

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


PUBLIC = dict(public_objects())
TORCH = {name: pytest.mark.torch for name in PUBLIC if name.startswith("boostloss.torch")}
each = pytest.mark.parametrize(
    "value", [pytest.param(x, id=name, marks=TORCH.get(name, ())) for name, x in PUBLIC.items()]
)


def sections(value):
    """The sections of a numpydoc text by their names."""
    _, *parts = re.split(r"^(\w[\w ]*)\n-+$", inspect.getdoc(value), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_there_are_public_objects():
    assert {*PUBLIC.values()} >= {*bl.LOSSES, bl.Loss, bl.from_string, bl.check_loss}


@each
def test_examples_run(value, monkeypatch, tmp_path):
    assert "Examples" in sections(value)
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    texts = []
    for test in doctest.DocTestFinder().find(value, value.__name__, globs={}):
        runner.run(test, out=texts.append)
    assert runner.failures == 0, "".join(texts)
    assert runner.tries > 0


@each
def test_parameters_are_documented(value):
    if inspect.isclass(value):
        maker = next(kind for kind in value.__mro__ if "__init__" in vars(kind))
        if maker.__module__.partition(".")[0] != "boostloss":
            return  # an estimator takes what its parent takes
    names = list(inspect.signature(value).parameters)
    found = sections(value)
    text = found.get("Parameters", "") + found.get("Attributes", "")
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("kind", bl.LOSSES, ids=lambda kind: kind.__name__)
def test_losses_name_their_sources_and_errors(kind):
    found = sections(kind)
    assert re.search(r"\b(1[89]|20)\d\d\b", found["References"])
    assert ("Raises" in found) == ("Parameters" in found)


@each
def test_public_methods_have_a_text(value):
    if not inspect.isclass(value):
        return
    for name, member in vars(value).items():
        inherited = any(name in vars(kind) for kind in value.__mro__[1:])
        method = inspect.isfunction(member) or isinstance(member, property)
        assert name.startswith("_") or inherited or not method or inspect.getdoc(member), name
