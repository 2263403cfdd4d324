"""The same seed gives the same model, bit for bit: in every process, from any state of the cache, with more threads."""

import json
import os

import pytest
from processes import output, start_python

from boostloss.boosting.libraries import LIBRARIES

# What a fresh process finds: of each library and loss a digest of the raw predictions.
FITTED = """
import hashlib, json, os, sys, warnings
import numpy as np
import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)  # with threads
LOSSES = {
    "plain": bl.LogCosh(1.0),
    "adaptive": bl.Barron("adaptive", "adaptive"),
    "quantile": bl.Quantile(0.9),
    "levels": bl.Quantile([0.1, 0.9]),
    "classes": bl.Focal(),
    "distribution": bl.Normal(),
}
rng = np.random.default_rng(0)
X = rng.normal(size=(3000, 4))
y = X[:, 0] + rng.standard_t(3, 3000)
digest = lambda array: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]

def fitted(name, kind, threads):
    names, loss = LIBRARIES[name], LOSSES[kind]
    task = "binary" if kind == "classes" else "regression"
    settings = {names.rounds: 12, names.threads: threads, names.seed: 7} | names.settings
    model = names.estimator(task)(**names.parameters(loss), **settings)
    model.fit(X, np.digitize(y, [-1.0, 1.0]) if kind == "classes" else y)
    return digest(model.predict(X, **names.raw_prediction))

def everything(names, kinds, threads):
    return {f"{name} {kind}": fitted(name, kind, threads) for name in names for kind in kinds}

if __name__ == "__main__":
    names, kinds, threads, start = json.loads(sys.argv[1])
    if start == "fork":  # of a process that has computed, in threads of its own
        big = np.linspace(-3.0, 3.0, 500_000)
        bl.LogCosh(1.0).gradient_hessian(big, big)
        child = os.fork()
        if child:
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(everything(names, kinds, threads)), flush=True)
"""
KINDS = ["plain", "adaptive", "quantile", "levels", "classes", "distribution"]
INSTALLED = [name for name, library in LIBRARIES.items() if library.installed]


def start(tmp_path, names=INSTALLED, kinds=KINDS, threads=1, begin="", **variables):
    asked = json.dumps([names, kinds, threads, begin])
    return start_python(FITTED, tmp_path, arguments=(asked,), **variables)


def found(process):
    return json.loads(output(process, timeout=600.0))


def cold(tmp_path):
    return {"NUMBA_CACHE_DIR": str(tmp_path / "cold")}


def test_threads_and_a_cold_cache_change_nothing(tmp_path):
    some = {"names": INSTALLED[:1], "kinds": ["plain"]}
    one = start(tmp_path, **some, NUMBA_NUM_THREADS="1")
    other = start(tmp_path, **some, threads=2, NUMBA_NUM_THREADS="2", **cold(tmp_path))
    assert found(one) == found(other) != {}


@pytest.mark.slow
def test_no_process_differs(tmp_path):
    expected = found(start(tmp_path, NUMBA_NUM_THREADS="1"))
    assert len(set(expected.values())) == len(INSTALLED) * len(KINDS)
    two = {"threads": 2, "NUMBA_NUM_THREADS": "2"}
    for given in ({}, two, two | cold(tmp_path), cold(tmp_path)):  # compiled, and then loaded
        assert found(start(tmp_path, **given)) == expected, given
    if hasattr(os, "fork"):
        assert found(start(tmp_path, begin="fork")) == expected
