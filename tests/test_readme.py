"""The Python code of the README and of the pages in docs runs as it stands there."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from boostloss.boosting.libraries import LIBRARIES as BOOSTING

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"
# Those that begin with a header are notebooks, which run when the pages are built.
PAGES = {
    path: text
    for path in [
        README,
        REPOSITORY / "CONTRIBUTING.md",
        *DOCS.glob("*.md"),
        *DOCS.glob("[bn]*/*.md"),
    ]
    if path != DOCS / "losses.md"  # tests/test_gallery.py has it
    for text in [path.read_text("utf-8")]
}
CODE = r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?"  # and what it prints, if that is long
TABLE, *_ = re.search(CODE, PAGES[README], flags=re.DOTALL | re.MULTILINE).groups()
EXAMPLES = [
    (path, block, output)
    for path, text in PAGES.items()
    for block, output in re.findall(CODE, text, flags=re.DOTALL | re.MULTILINE)
    if block != TABLE
]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
LIBRARIES = (*BOOSTING, "torch")


def libraries(block: str) -> list[str]:
    return [
        name for name in LIBRARIES if re.search(rf"import.* {name}|from .*{name} import", block)
    ]


def test_every_library_has_an_example():
    assert not libraries(TABLE)
    assert {name for _, block, _ in EXAMPLES for name in libraries(block)} == set(LIBRARIES)


def test_examples_show_the_table_that_they_share():
    names = "rng", "truth", "X_train", "y_train", "X_valid", "y_valid"
    assert all(name in TABLE for name in names)
    for path, block, _ in EXAMPLES:
        used = {x for x in names if re.search(rf"\b{x}\b", block)}
        used -= {x for x in names if re.search(rf"^[\w, ]*\b{x}\b[\w, ]* = ", block, re.M)}
        assert path == README or not used or ":start-after: <!-- table -->" in PAGES[path], path


@pytest.mark.parametrize(
    ("block", "output"),
    [
        pytest.param(
            block,
            output,
            id=f"{path.stem}-{'-'.join(libraries(block))}",
            marks=[pytest.mark.torch] if "torch" in block else [],
        )
        for path, block, output in EXAMPLES
    ],
)
def test_block_runs_and_prints_what_it_says(block, output, tmp_path, monkeypatch, capsys):
    for library in libraries(block):
        pytest.importorskip(library)
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)  # CatBoost writes its logs where it runs
    names = {}
    exec(TABLE, names)
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


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_files_named_exist(path):
    text = re.sub(r"^```.*?^```$", "", PAGES[path], flags=re.DOTALL | re.MULTILINE)
    linked = re.findall(r"\]\((?!https?://)([^)#]+)\)", text)
    linked += re.findall(r"^```\{(?:include|literalinclude)\} (.*)$", PAGES[path], re.M)
    made = DOCS / "api"  # by `make docs`
    missing = [name for name in linked if not (path.parent / name).exists()]
    assert [name for name in missing if (path.parent / name).parent != made] == []
    scripts = re.findall(r"-m\s+benchmarks\.(\w+)", text)
    scripts += re.findall(r"`(benchmarks/\w+)\.py`", text)
    if path.stem == "choosing":
        scripts += (named := re.findall(r"\(`([a-z_]+)`\)", text))
        assert named, "what a loss buys has a script"
    assert all((REPOSITORY / "benchmarks" / f"{Path(name).name}.py").exists() for name in scripts)


def test_parts_included_are_marked():
    for path, text in PAGES.items():
        pattern = r"^```\{include\} (.*)\n((?::.*\n)*)```$"
        for name, options in re.findall(pattern, text, re.M):
            for mark in re.findall(r": (<!-- .* -->)$", options, re.M):
                assert (path.parent / name).read_text("utf-8").count(mark) == 1, mark
