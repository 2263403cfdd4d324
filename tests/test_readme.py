"""The Python code of the README runs as it stands there."""

import re
from pathlib import Path

import pytest

from boostloss.boosting.libraries import LIBRARIES as BOOSTING

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
LIBRARIES = (*BOOSTING, "torch")


def libraries(block: str) -> list[str]:
    return [
        name for name in LIBRARIES if re.search(rf"import.* {name}|from .*{name} import", block)
    ]


def test_every_library_has_an_example():
    assert not libraries(BLOCKS[0])
    assert {name for block in BLOCKS for name in libraries(block)} == set(LIBRARIES)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(
            block,
            id="-".join(libraries(block)),
            marks=[pytest.mark.torch] if "torch" in block else [],
        )
        for block in BLOCKS[1:]
    ],
)
def test_block_runs(block, tmp_path, monkeypatch):
    for library in libraries(block):
        pytest.importorskip(library)
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)  # CatBoost writes its logs where it runs
    names = {}
    exec(BLOCKS[0], names)  # the table that the examples share
    exec(block, names)


def test_files_named_exist():
    linked = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    scripts = [
        f"{name.replace('.', '/')}.py" for name in re.findall(r"-m (benchmarks\.\w+)", README)
    ]
    assert linked
    assert all((REPOSITORY / path).exists() for path in linked + scripts)
