"""The rules of the design that a reader of one file cannot see."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cases import default

import boostloss
from boostloss import LOSSES
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses import catalogue
from boostloss.losses.distributions import Distribution

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "boostloss"
SOURCES = sorted(
    path
    for folder in ("boostloss", "tests", "examples", "benchmarks", "tools")
    for path in (REPOSITORY / folder).rglob("*.py")
)
FORMULAS = sorted(path for path in (PACKAGE / "formulas").glob("*.py") if path.stem != "__init__")

# An import points to the same layer or to one before it; a function may import upwards when it is called.
LAYERS = (
    {"ops", "special"},
    {"formulas"},
    {"autodiff"},
    {"kernels"},
    {"losses", "distribution"},
    {"boosting", "torch", "plot", "metrics"},
    set(LIBRARIES),
    {"check", "compare", "dask", "_onnx_trees", "onnx"},
)

# Loaded by `import boostloss`, each of these would cost every user who does not need it.
HEAVY = ("joblib", "matplotlib", "pandas", "rich", "scipy", "sklearn", "torch", "typer", *LIBRARIES)


def imports(path: Path) -> set[str]:
    """Return the names of the modules that a file of the package imports, anywhere."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {name for node in nodes for name in named(node)}


def named(node: ast.AST) -> set[str]:
    """The modules that a statement imports; a linter's rule sees to it that all names are absolute."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        # `from boostloss import ops` names a module too.
        module = str(node.module)
        return {f"{module}.{x.name}" if module == "boostloss" else module for x in node.names}
    return set()


def run_python(code: str) -> str:
    """Run code in a fresh interpreter at the repository root and return what it prints."""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_there_are_formulas_and_losses():
    # Otherwise the parametrised tests below would pass by running on nothing.
    assert len(FORMULAS) >= 5
    assert len(LOSSES) >= 11


@pytest.mark.parametrize("path", FORMULAS, ids=lambda path: path.stem)
def test_formula_imports_only_the_operations_and_other_formulas(path):
    others = {name for name in imports(path) if not name.startswith("boostloss.formulas.")}
    assert others <= {"boostloss.ops", "boostloss.special"}


def layer(module: str) -> int | None:
    """The place of a module of the package among `LAYERS`, None of any other."""
    package, _, rest = module.partition(".")
    places = {name: place for place, names in enumerate(LAYERS) for name in names}
    return places.get(rest.partition(".")[0]) if package == "boostloss" else None


def imports_at_the_top(path: Path) -> set[str]:
    """The modules that are imported when the file is, and not by a function when it is called."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = [x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    nodes = [
        x
        for x in ast.walk(tree)
        if isinstance(x, ast.ImportFrom | ast.Import) and id(x) not in inside
    ]
    return {name for node in nodes for name in named(node)}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_downwards(path):
    own = layer(".".join(path.relative_to(REPOSITORY).with_suffix("").parts))
    if own is None:
        return
    for name in imports_at_the_top(path):
        other = layer(name)
        assert other is None or other <= own, f"{path} imports {name}"


def test_only_the_kernels_are_compiled():
    files = {path.stem: path for path in PACKAGE.rglob("*.py")}
    meet_numba = {
        stem
        for stem, path in files.items()
        if {name.split(".")[0] for name in imports(path)} & {"numba", "llvmlite"}
    }
    kernels = {
        "array_loop",
        "cache",
        "class_loop",
        "class_overlap_loop",
        "cuda",
        "float32",
        "intrinsics",
        "loops",
        "native",
        "numba_ops",
        "outputs_loop",
        "score_loop",
        "series",
    }
    assert meet_numba == kernels
    loops = {stem for stem in meet_numba if re.search(r"\bnjit\b", files[stem].read_text("utf-8"))}
    assert loops == {"loops"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_file_is_short(path):
    lines = path.read_text("utf-8").count("\n")
    assert lines <= 350


def test_import_loads_nothing_heavy():
    loaded = run_python("import boostloss, sys; print(*sys.modules)").split()
    assert "boostloss" in loaded
    assert not set(HEAVY) & set(loaded)


def test_every_loss_is_public():
    defined = {
        kind
        for kind in vars(catalogue).values()
        if inspect.isclass(kind) and issubclass(kind, boostloss.Loss) and hasattr(kind, "formula")
    }
    known = {*LOSSES, *catalogue.DISTRIBUTIONS}
    assert defined - {Distribution} == known
    assert all(getattr(boostloss, kind.__name__) is kind for kind in known)
    assert {kind.__name__ for kind in known} < set(boostloss.__all__)


@pytest.mark.parametrize(
    "kind", [*LOSSES, *catalogue.DISTRIBUTIONS], ids=lambda kind: kind.__name__
)
def test_loss_is_documented(kind):
    text = inspect.getdoc(kind).split("\n\n")[0]
    assert re.search(r": .*[*/^(]", text), "the first line gives the formula"
    source = inspect.getdoc(inspect.getmodule(default(kind).formula))
    assert re.search(r"\b(1[89]|20)\d\d\b", source), "the formula's module names a source"


@pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.__name__)
def test_the_table_of_formulas_has_the_loss(kind):
    assert f"\n| `{kind.__name__}(" in (REPOSITORY / "docs/choosing.md").read_text("utf-8")
