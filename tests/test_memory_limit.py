"""Too little memory is an error that says so, after which the process goes on: no crash, no wrong numbers."""

import sys

import numpy as np
import pandas as pd
import pytest
from processes import run_python

from boostloss.boosting.libraries import LIBRARIES

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no such limit")

# What a library needs to say that there is no memory: room for its text, and for its threads.
LIMITED = """
import resource, sys
import numpy as np
import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

def limit(room):
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))

def unlimited():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

"""


def limited(code, tmp_path, *arguments):
    return run_python(
        LIMITED + code.replace("\n    ", "\n"), tmp_path, arguments=arguments, NUMBA_NUM_THREADS="1"
    )


def test_losses(tmp_path):
    code = """
    small, y = np.linspace(-3, 3, 1000), np.zeros(4_000_000)
    calls = [
        lambda y: bl.Huber(1.0).gradient_hessian(y, y),
        lambda y: bl.Huber(1.0).fit_intercept(y),
        lambda y: bl.Logistic().loss(y % 3, np.zeros((len(y), 3))),
        lambda y: bl.Normal().gradient_hessian(y, np.zeros((len(y), 2))),
    ]
    expected = [call(small) if i != 2 else call(np.zeros(1000)) for i, call in enumerate(calls)]
    failed = 0
    for room in (8_000_000, 24_000_000, 40_000_000):
        for i, call in enumerate(calls):
            limit(room)
            try:
                call(y)
            except MemoryError:
                failed += 1
            unlimited()
            found = call(small) if i != 2 else call(np.zeros(1000))
            np.testing.assert_array_equal(found, expected[i])
    print(failed)
    """
    assert 6 <= int(limited(code, tmp_path)) <= 12


@pytest.mark.parametrize(
    "library",
    ["lightgbm", *(pytest.param(x, marks=pytest.mark.slow) for x in ("xgboost", "catboost"))],
)
def test_fits(library, tmp_path):
    if not LIBRARIES[library].installed:
        pytest.skip(f"{library} is not installed")
    code = """
    names = LIBRARIES[sys.argv[1]]
    X = np.random.default_rng(0).normal(size=(300_000, 10))
    y = X[:, 0] + 0.1 * X[:, 1]

    def model():
        settings = {names.rounds: 5, names.threads: 1, names.seed: 0} | names.settings
        return names.estimator("regression")(**names.parameters(bl.Huber(1.0)), **settings)

    small = X[:2000], y[:2000]
    expected = model().fit(*small).predict(X[:100])
    earlier = model().fit(*small)
    for room in (1_000_000, 30_000_000):
        limit(room)
        try:
            earlier.fit(X, y)
            error = None
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
        unlimited()
        print(error)
        kept = expected if error else model().fit(X, y).predict(X[:100])
        np.testing.assert_array_equal(earlier.predict(X[:100]), kept)
        np.testing.assert_array_equal(earlier.fit(*small).predict(X[:100]), expected)
    """
    told = limited(code, tmp_path, library).splitlines()
    if library != "catboost":  # which has mapped more than it uses
        assert told[0] != "None"
    assert all(each == "None" or "alloc" in each or "emory" in each for each in told)


@pytest.mark.slow
def test_compare(tmp_path):
    pytest.importorskip("typer")
    code = """
    from typer.testing import CliRunner
    from boostloss.compare import cli

    def compare(table, out):
        options = [table, "-t", "y", "-l", "lightgbm", "--loss", "Huber", "--folds", "2", "--rounds"]
        options += ["4", "--thorough", "--threads", "1", "-o", out]
        return CliRunner().invoke(cli.app, ["compare", *options])

    assert compare("small.csv", "before").exit_code == 0
    for room in (2_000_000, 30_000_000):
        limit(room)
        ended = compare("large.csv", f"{room}")
        unlimited()
        assert isinstance(ended.exception, SystemExit | None), ended.output
        assert "Traceback" not in ended.output
        if ended.exit_code:
            assert ended.stderr.splitlines()[-1].startswith("error: "), ended.stderr
        print(ended.exit_code)
        assert compare("small.csv", "after").exit_code == 0
    """
    for name, rows in (("small", 200), ("large", 150_000)):
        X = np.random.default_rng(0).normal(size=(rows, 8))
        table = pd.DataFrame(X).assign(y=X[:, 0] + X[:, 1] ** 2)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    codes = set(limited(code, tmp_path, "lightgbm").split())
    assert codes & {"1", "2"}
    for folder in tmp_path.glob("*/"):
        assert {path.name for path in folder.iterdir()} <= {"report.html", "results.json"}
