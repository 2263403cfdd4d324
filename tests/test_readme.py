"""The Python code of the README runs as it stands there."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from boostloss.boosting.libraries import LIBRARIES as BOOSTING

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")
CODE = r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?"  # and what it prints, if that is long
EXAMPLES = re.findall(CODE, README, flags=re.DOTALL | re.MULTILINE)
BLOCKS = [block for block, _ in EXAMPLES]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
LIBRARIES = (*BOOSTING, "torch")


def libraries(block: str) -> list[str]:
    return [
        name for name in LIBRARIES if re.search(rf"import.* {name}|from .*{name} import", block)
    ]


def test_every_library_has_an_example():
    assert not libraries(BLOCKS[0])
    assert {name for block in BLOCKS for name in libraries(block)} == set(LIBRARIES)


@pytest.mark.parametrize(
    ("block", "output"),
    [
        pytest.param(
            block,
            output,
            id="-".join(libraries(block)),
            marks=[pytest.mark.torch] if "torch" in block else [],
        )
        for block, output in EXAMPLES[1:]
    ],
)
def test_block_runs_and_prints_what_it_says(block, output, tmp_path, monkeypatch, capsys):
    for library in libraries(block):
        pytest.importorskip(library)
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)  # CatBoost writes its logs where it runs
    names = {}
    exec(BLOCKS[0], names)  # the table that the examples share
    exec(block, names)
    comments = re.findall(r"^print\(.*\)  # (.*)$", block, flags=re.MULTILINE)
    said = [*comments, *output.splitlines()]
    printed = capsys.readouterr().out.splitlines()
    assert said, "an example shows what it prints"
    if "xgboost" in libraries(block) and not version("xgboost").startswith("3.2."):
        return  # it stops early by other rounds
    for expected, line in zip(said, printed, strict=True):
        assert NUMBER.sub("#", line) == NUMBER.sub("#", expected)
        # Releases of the libraries differ in the last digits that are shown.
        wanted = [float(text) for text in NUMBER.findall(expected)]
        assert [float(text) for text in NUMBER.findall(line)] == pytest.approx(wanted, rel=0.1)


def test_files_named_exist():
    linked = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    scripts = [
        f"{name.replace('.', '/')}.py" for name in re.findall(r"-m (benchmarks\.\w+)", README)
    ]
    assert linked
    assert all((REPOSITORY / path).exists() for path in linked + scripts)
