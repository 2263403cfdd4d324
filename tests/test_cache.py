"""Object code on disk: found again where it is the same, never run where it is not, or may be another's."""

import functools
import os
import shutil
import stat
from pathlib import Path

import numba
import numpy as np
import pytest
from processes import run_python

from boostloss import ops
from boostloss.kernels import cache
from boostloss.kernels.rows import JIT_DISABLED, Computation, Rows, evaluate

compiled_only = pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
private_only = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind")

K, TABLE = 2.0, (1.0, 2.0)


def helper(x):
    return K * x


def made(source, **names):
    """A function of this name from source, with its globals."""
    names |= {"np": np, "ops": ops}
    exec(source, names)
    return names["formula"]


def closure(value):
    def formula(y, f):
        return value, f, f, f

    return formula


def inner(value):
    return lambda x: value * x


# Pairs of formulas that differ in one thing.
DIFFERENT = {
    "bytecode": [made(f"def formula(y, f): return f {sign} y, y, y, y") for sign in "+-"],
    "constant": [made(f"def formula(y, f): return f * {k}, y, y, y") for k in (2.0, 3.0)],
    "type of a constant": [made(f"def formula(y, f): return f * {k}, y, y, y") for k in (2, 2.0)],
    "default": [made("def formula(y, f, k=k): return f * k, y, y, y", k=k) for k in (2.0, 3.0)],
    "keyword": [made("def formula(y, f, *, k=k): return f * k, y, y, y", k=k) for k in (2.0, 3.0)],
    "closure": [closure(value) for value in (2.0, 3.0)],
    "closure of a closure": [closure(inner(value)) for value in (2.0, 3.0)],
    "global": [made("def formula(y, f): return K * f, y, y, y", K=k) for k in (2.0, 3.0)],
    "table": [
        made("def formula(y, f): return K[0] * f, y, y, y", K=np.array(k)) for k in ([2.0], [3.0])
    ],
    "helper": [
        made("def formula(y, f): return h(f), y, y, y", h=made(f"def formula(x): return {k} * x"))
        for k in (2.0, 3.0)
    ],
    "global of a helper": [
        made(
            "def formula(y, f): return h(f), y, y, y",
            h=made("def formula(x): return K * x", K=k),
        )
        for k in (2.0, 3.0)
    ],
    "operation": [made(f"def formula(y, f): return ops.{op}(f), y, y, y") for op in ("exp", "log")],
    "function of a name": [
        made("def formula(y, f): return op(f), y, y, y", op=op) for op in (ops.exp, ops.log)
    ],
    "code inside": [
        made(f"def formula(y, f): return (lambda x: x * {k})(f), y, y, y") for k in (2.0, 3.0)
    ],
    "argument of a partial": [functools.partial(helper, k) for k in (2.0, 3.0)],
    "keyword of a partial": [functools.partial(helper, x=k) for k in (2.0, 3.0)],
    "function of a partial": [functools.partial(closure(k)) for k in (2.0, 3.0)],
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_has_another_name(what):
    first, second = map(cache.digest, DIFFERENT[what])
    assert first is not None
    assert second is not None
    assert first != second
    assert first == cache.digest(DIFFERENT[what][0])
    assert first != cache.digest(DIFFERENT[what][0], "another variant")


def test_what_is_built_again_has_the_same_name():
    assert cache.digest(closure(2.0)) == cache.digest(closure(2.0))
    assert cache.digest(closure(inner(2.0))) == cache.digest(closure(inner(2.0)))
    source = "def formula(y, f): return formula(y, f)"  # which calls itself
    assert cache.digest(made(source)) == cache.digest(made(source)) is not None


def test_an_attribute_of_a_module():
    module = type(os)("settings")
    formula = made("def formula(y, f): return settings.K * f, y, y, y", settings=module)
    names = []
    for module.K in (2.0, 3.0, 2.0):
        names.append(cache.digest(formula))
    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize(
    "value",
    [object(), [1.0], {"k": 1.0}, os, type("Class", (), {})],
    ids=["object", "list", "dict", "module", "class"],
)
def test_what_cannot_be_described_has_no_name(value):
    assert cache.digest(closure(value)) is None
    assert cache.digest(made("def formula(y, f): return K, y, y, y", K=value)) is None


@pytest.mark.parametrize(
    "setting", ["CPU_NAME", "CPU_FEATURES", "SLP_VECTORIZE", "LOOP_VECTORIZE", "OPT", "ENABLE_AVX"]
)
def test_settings_of_numba_are_part_of_the_name(setting, monkeypatch):
    monkeypatch.delenv(f"NUMBA_{setting}", raising=False)
    name = cache.digest(helper)
    monkeypatch.setenv(f"NUMBA_{setting}", "1")
    assert cache.digest(helper) != name
    monkeypatch.delenv(f"NUMBA_{setting}")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "7")
    assert cache.digest(helper) == name


def test_versions_are_part_of_the_name(monkeypatch):
    name = cache.digest(helper)
    for module in (cache.llvmlite, cache.np):
        with monkeypatch.context() as patch:
            patch.setattr(module, "__version__", "0")
            assert cache.digest(helper) != name
    version, *_ = cache.environment()
    assert b"version" in version  # numba's own file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path / "boostloss"


@private_only
def test_the_folder_is_private(folder):
    before = os.umask(0)
    try:
        cache.save("name", b"code")
    finally:
        os.umask(before)
    assert cache.load("name") == b"code"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "name").stat().st_mode) == 0o600


@private_only
@pytest.mark.parametrize("mode", [0o722, 0o720, 0o702, 0o777, 0o1777])
def test_where_others_may_write_nothing_is_read(folder, mode):
    cache.save("name", b"code")
    folder.chmod(mode)
    assert cache.load("name") is None
    cache.save("another", b"code")
    assert not (folder / "another").exists()
    folder.chmod(0o755)
    assert cache.load("name") == b"code"
    (folder / "name").chmod(mode)
    assert cache.load("name") is None


@private_only
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_another_user_owns_is_not_read(folder, what, monkeypatch):
    cache.save("name", b"code")
    user, fstat = os.geteuid(), os.fstat

    def planted(descriptor):
        status = fstat(descriptor)
        if stat.S_ISDIR(status.st_mode) == (what == "folder"):
            values = list(status)
            values[stat.ST_UID] = user + 1
            return os.stat_result(values)
        return status

    monkeypatch.setattr(cache.os, "fstat", planted)
    assert cache.load("name") is None


@private_only
def test_what_is_no_file_is_not_read(folder):
    cache.save("name", b"code")
    os.mkfifo(folder / "pipe", 0o600)
    (folder / "zeros").symlink_to("/dev/zero")
    (folder / "link").symlink_to("name")
    (folder / "inside").mkdir()
    with open(folder / "large", "wb") as file:
        file.truncate(cache.LARGEST_FILE)
    for name in ("pipe", "zeros", "link", "inside", "large", "missing"):
        assert cache.load(name) is None


@private_only
def test_nothing_is_left_where_writing_fails(folder, monkeypatch):
    cache.save("name", b"code")

    def fail(*arguments, **options):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "replace", fail)
        cache.save("another", b"code")
    assert [path.name for path in folder.iterdir()] == ["name"]


def test_no_home(tmp_path, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    for variable in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    cache.save("name", b"code")
    assert cache.load("name") is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.save("name", b"code")
    assert cache.load("name") == (b"code" if hasattr(os, "geteuid") else None)


# A formula whose numbers come from elsewhere, in a module that has a file.
MODULE = """
import functools
from settings import K

def helper(x):
    return K * x

def formula(y, f, k=1.0):
    return k * helper(f - y), y, y, y

def built(k):
    def formula(y, f, k=k):
        return k * (f - y), y, y, y
    return formula

def of_value(value):
    def formula(y, f):
        return value(f - y), y, y, y
    return formula

def shown(function):
    import numpy as np
    from boostloss.kernels import native
    from boostloss.kernels.rows import Computation, Rows, evaluate
    (found,) = evaluate(Computation(function, (0,)), Rows(np.zeros(1), np.ones(1)), np.float64)
    print(found[0], native.compilations)
"""


# Formulas that have no file; the functions they are told apart by are all that the digest has of them.
WITHOUT_A_FILE = """
import sys; sys.path.insert(0, '.')
from module import *

def first(y, f):
    x = f - y
    return x, x, x, x

def second(y, f):
    return 3.0 * (f - y), y, y, y

"""


@compiled_only
def test_numbers_from_elsewhere(tmp_path):
    (tmp_path / "module.py").write_text(MODULE, "utf-8")
    formulas = {
        "formula": "2.0",
        "functools.partial(formula, k=2.0)": "4.0",
        "built(2.0)": "2.0",
        "built(3.0)": "3.0",
        "of_value(lambda x: helper(x) + 1.0)": "3.0",
        "first": "1.0",
        "second": "3.0",
    }

    def printed(k, *formulas):
        # The comment changes the size too: files are told apart by it, and by their seconds.
        (tmp_path / "settings.py").write_text(f"K = {k}\n# {'x' * int(k)}", "utf-8")
        code = WITHOUT_A_FILE + "\n".join(f"shown({formula})" for formula in formulas)
        words = run_python(code, tmp_path, NUMBA_CACHE_DIR=str(tmp_path)).split()
        return words[::2], [int(count) for count in words[1::2]]

    values, each = list(formulas.values()), range(1, len(formulas) + 1)
    assert printed(2.0, *formulas) == (values, list(each))
    assert printed(2.0, *formulas) == (values, [0] * len(formulas))
    assert printed(3.0, "first", "built(3.0)", "formula") == (["1.0", "3.0", "3.0"], [0, 0, 1])


@compiled_only
def test_every_source_of_the_kernels_is_part_of_the_name(tmp_path, monkeypatch):
    package = Path(cache.__file__).parents[1]
    language = [tmp_path / name for name in ("ops.py", "special.py")]
    for path in language:
        shutil.copyfile(package / path.name, path)
    shutil.copytree(package / "kernels", tmp_path / "kernels")
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "kernels" / "cache.py"))
    monkeypatch.setattr(cache, "source_digest", cache.source_digest.__wrapped__)
    paths = *language, *(tmp_path / "kernels").glob("*.py")
    names = {cache.digest(helper)}
    for path in paths:
        path.write_text(path.read_text("utf-8") + "# edited\n", "utf-8")
        names.add(cache.digest(helper))
    assert len(names) == 1 + len(paths) > 5


@compiled_only
def test_what_has_no_name_is_compiled_all_the_same(folder):
    twice = numba.njit(lambda x: 2.0 * x)

    def formula(y, f):
        return twice(1.0) * (f - y), y, y, y

    assert evaluate(Computation(formula, (0,)), Rows(np.zeros(1), np.ones(1)), float)[0] == [2.0]
    assert not folder.exists()
