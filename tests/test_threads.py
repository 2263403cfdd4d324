"""The helper threads: where the interpreter ends, where a process forks, and how many there are."""

import os
import time

import numpy as np
import pytest
from processes import output, run_python, start_python

from boostloss.kernels import threads
from boostloss.kernels.rows import BLOCK, JIT_DISABLED

compiled_only = pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
MANY_ROWS = """
import atexit, os, sys, threading, time, warnings
import numpy as np
import numpy.testing  # a fork amid an import in another thread leaves the child a locked module
from boostloss import Huber, LogCosh
y, f = np.zeros(500_000), np.linspace(-3, 3, 500_000)
expected = [np.clip(f, -1.0, 1.0), 1.0 / np.maximum(1.0, abs(f))]

def compute(name):
    np.testing.assert_allclose(Huber(1.0).gradient_hessian(y, f), expected)
    print(name, flush=True)

"""


@compiled_only
@pytest.mark.parametrize("earlier", ["", "compute('before')\n"], ids=["first", "again"])
def test_where_the_interpreter_ends(earlier, tmp_path):
    code = MANY_ROWS + earlier
    code += """
class Last:
    def __del__(self):
        compute("del")

def outlive():
    threading.main_thread().join()
    compute("thread")

last = Last()
atexit.register(compute, "atexit")
threading.Thread(target=outlive).start()
"""
    variables = {} if earlier else {"NUMBA_CACHE_DIR": str(tmp_path)}  # compiles amid the end
    names = run_python(code, tmp_path, NUMBA_NUM_THREADS="3", **variables).split()
    assert set(names) - {"before", "del"} == {"thread", "atexit"}


@compiled_only
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_while_a_thread_compiles(tmp_path):
    code = (
        MANY_ROWS
        + """
import signal
from boostloss.kernels import loops, native  # numba is there, and what follows compiles

warnings.simplefilter("ignore", DeprecationWarning)  # forks with threads
thread = threading.Thread(target=compute, args=("parent",))
thread.start()
while not native._compiling and thread.is_alive():
    time.sleep(1e-3)
child = os.fork()
if child == 0:
    signal.alarm(30)
    LogCosh(1.0).gradient_hessian(y, f)  # compiles itself
    Huber(1.0).gradient_hessian(y, f)
    os._exit(0)
thread.join()
print(os.waitpid(child, 0)[1])
"""
    )
    process = start_python(code, tmp_path, NUMBA_NUM_THREADS="3", NUMBA_CACHE_DIR=str(tmp_path))
    assert output(process, timeout=60.0).split() == ["parent", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_that_hangs_fails_a_test(tmp_path):
    process = start_python("import os, time; os.fork(); time.sleep(60)", tmp_path)
    start = time.monotonic()
    with pytest.raises(AssertionError, match=r"still running after 0\.5 s"):
        output(process, timeout=0.5)
    assert time.monotonic() - start < 30.0


@pytest.mark.parametrize("count", ["abc", "0", "-1", "1.5", "²"])
def test_a_number_of_threads_that_is_none(count, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", count)
    with pytest.raises(ValueError, match=f"NUMBA_NUM_THREADS must be .*{count}"):
        threads.thread_count()


def test_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", " 3 ")
    assert threads.thread_count() == 3
    for unset in (monkeypatch.delenv, lambda name: monkeypatch.setenv(name, "")):
        unset("NUMBA_NUM_THREADS")
        assert 1 <= threads.thread_count() <= os.cpu_count()


def test_what_any_thread_raises_is_raised(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "4")
    for wrong in range(0, 100, 7):

        def task(item, wrong=wrong):
            if item == wrong:
                raise LookupError(item)
            return -item

        with pytest.raises(LookupError, match=f"^{wrong}$"):
            threads.parallel_map(task, range(100))
    assert threads.parallel_map(lambda x: -x, range(100)) == [-x for x in range(100)]


def test_threads_that_cannot_start(monkeypatch):
    class Thread(threads.threading.Thread):
        def start(self):
            raise RuntimeError("can't start new thread")

    monkeypatch.setenv("NUMBA_NUM_THREADS", "4")
    monkeypatch.setattr(threads, "_helpers", [])
    monkeypatch.setattr(threads.threading, "Thread", Thread)
    assert threads.parallel_map(lambda x: -x, range(100)) == [-x for x in range(100)]


def test_nested_maps(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")

    def total(item):
        return sum(threads.parallel_map(lambda x: x * item, range(10)))

    assert threads.parallel_map(total, range(20)) == [45 * item for item in range(20)]


def test_a_map_lets_go_of_what_it_has_computed_with(monkeypatch):
    import gc
    import weakref

    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    array = np.zeros(BLOCK)
    alive = weakref.ref(array)
    threads.parallel_map(lambda start, array=array: array[start : start + 10].sum(), range(100))
    del array
    gc.collect()
    # Of an invitation that came too late nothing is left but its queue.
    assert alive() is None
