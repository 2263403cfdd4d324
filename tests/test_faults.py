"""What goes wrong around a process: no place for object code, others that write to it, many threads, many calls."""

import multiprocessing
import os
from pathlib import Path

import pytest
from processes import output, run_python, start_python

from boostloss.boosting.libraries import LIBRARIES
from boostloss.kernels.rows import JIT_DISABLED

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind")
proc_only = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc to count by")

COMPUTE = """
import numpy as np
from boostloss import Huber
from boostloss.kernels import native
gradient, _ = Huber(1.0).gradient_hessian(np.zeros(3), np.array([-3.0, 0.5, 3.0]))
assert gradient.tolist() == [-1.0, 0.5, 1.0]
print(native.compilations)
"""


def test_processes_that_compile_at_once(tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    processes = [start_python(COMPUTE, tmp_path, **cache) for _ in range(3)]
    assert all(int(output(process)) in (0, 1) for process in processes)
    (file,) = (tmp_path / "boostloss").iterdir()  # of all of them, and nothing half-written
    assert file.suffix == ".o"
    assert run_python(COMPUTE, tmp_path, **cache) == "0\n"


# What keeps a process from storing its object code.
NO_SPACE = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"


@posix
def test_a_full_disk(tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in range(2):
        assert run_python(NO_SPACE + COMPUTE, tmp_path, **cache) == "1\n"
    assert list((tmp_path / "boostloss").iterdir()) == []


@posix
@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    assert run_python(COMPUTE, Path.cwd(), NUMBA_CACHE_DIR=str(tmp_path)) == "1\n"
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no folder where root cannot write")
def test_a_place_where_nobody_may_write():
    assert run_python(COMPUTE, Path.cwd(), NUMBA_CACHE_DIR="/sys") == "1\n"
    assert not Path("/sys/boostloss").exists()


def test_a_home_that_is_none(tmp_path):
    (tmp_path / "home").write_text("a file")
    variables = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": str(tmp_path / "home")}
    assert run_python(COMPUTE, tmp_path, **variables) == "1\n"


STARTED = """
import multiprocessing, sys
import numpy as np
from boostloss import Huber
with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
    rows = [(np.zeros(1), np.array([x])) for x in (-3.0, 0.5)]
    print([float(gradient[0]) for gradient, _ in pool.starmap(Huber(1.0).gradient_hessian, rows)])
"""


@pytest.mark.parametrize("start", multiprocessing.get_all_start_methods())
def test_however_processes_start(start, tmp_path):
    assert run_python(STARTED, tmp_path, arguments=(start,)) == "[-1.0, 0.5]\n"


def test_sixteen_threads_give_what_one_does(tmp_path):
    code = """
    import os, threading
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    from boostloss import Huber
    y, f = np.random.default_rng(0).normal(size=(2, 3_000_000)).astype(np.float32)

    def bits(_=None):
        return [x.tobytes() for x in Huber(1.0).gradient_hessian(y, f)]

    os.environ["NUMBA_NUM_THREADS"] = "1"
    expected = bits()
    os.environ["NUMBA_NUM_THREADS"] = "16"
    assert bits() == expected
    with ThreadPoolExecutor(4) as threads:
        assert all(found == expected for found in threads.map(bits, range(4)))
    print(sum(thread.name == "boostloss" for thread in threading.enumerate()))
    """
    assert run_python(code, tmp_path) == "15\n"  # and the one that calls


# The pages of memory, the threads and the open files of a process, before and after many calls.
COUNTED = """
import gc, os, sys, threading

def counts():
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

def assert_no_growth(call, before, times, most):
    for _ in range(before):
        call()
    memory, *others = counts()
    for _ in range(times):
        call()
    grown, *now = counts()
    assert now == others, (others, now)
    assert grown - memory < most, f"{grown - memory} bytes more"

"""


@proc_only
def test_ten_thousand_small_calls_leave_nothing_behind(tmp_path):
    code = """
    import numpy as np
    import boostloss as bl
    y, f, scores = np.zeros(100), np.linspace(-3, 3, 100), np.zeros((100, 3))

    def calls():
        bl.Huber(np.random.uniform(1, 2)).gradient_hessian(y, f)  # parameters that no cache has seen
        bl.Logistic().loss(y, f)
        bl.Logistic().gradient_hessian(y, scores)
        bl.Normal().mean_loss(y, scores[:, :2])
        bl.Huber(1.0)(y, f)
        try:
            bl.Huber(1.0).loss(y, f[1:])
        except ValueError:
            pass

    np.random.seed(0)
    assert_no_growth(calls, 500, 2000, most=1_000_000)
    """
    run_python(COUNTED + code.replace("\n    ", "\n"), tmp_path, NUMBA_NUM_THREADS="2")


@proc_only
@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_two_hundred_fits_leave_nothing_behind(library, tmp_path):
    if not LIBRARIES[library].installed:
        pytest.skip(f"{library} is not installed")
    code = """
    import numpy as np
    import boostloss as bl
    from boostloss.boosting.libraries import LIBRARIES
    names = LIBRARIES[sys.argv[1]]
    X = np.random.default_rng(0).normal(size=(300, 3))
    y = X[:, 0] + 0.1 * X[:, 1]

    def fit():
        settings = {names.rounds: 5, names.threads: 2} | names.settings
        for loss in (bl.Huber(1.0), bl.Huber("adaptive"), bl.Quantile(0.9)):
            names.estimator("regression")(**names.parameters(loss), **settings).fit(X, y).predict(X)

    assert_no_growth(fit, 20, 200, most=20_000_000)
    """
    run_python(COUNTED + code.replace("\n    ", "\n"), tmp_path, arguments=(library,))
