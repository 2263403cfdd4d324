"""Signals in the midst of the kernels: nothing is written to memory that is free, nothing hangs, nothing is lost."""

import signal

import pytest
from processes import output, run_python, start_python

from boostloss.kernels.rows import JIT_DISABLED

pytestmark = [
    pytest.mark.skipif(JIT_DISABLED, reason="about compiled code"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system"),
]

# The handler raises whenever a kernel is running, and often again while the interrupted call cleans up.
INTERRUPTS = """
import random, signal, sys
import numpy as np

class Interrupt(BaseException):
    pass

count = 0
random.seed(int(sys.argv[1]))

def interrupt(number, frame):
    global count
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 2e-3))
    while frame:
        if "kernels" in frame.f_code.co_filename:
            count += 1
            raise Interrupt
        frame = frame.f_back

def interrupted(call, times):
    call()  # compiles
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1e-3)
    while count < times:
        try:
            call()
        except Interrupt:
            pass
    signal.signal(signal.SIGALRM, signal.SIG_IGN)

"""


def test_interrupts_leave_no_helper_on_freed_memory(tmp_path):
    code = """
    from boostloss import Huber
    y = np.zeros(600_000, np.float32)
    f = np.linspace(-3, 3, 600_000).astype(np.float32)
    expected = Huber(1.0).gradient_hessian(y, f)
    interrupted(lambda: Huber(1.0).gradient_hessian(y, f), 60)
    np.testing.assert_array_equal(Huber(1.0).gradient_hessian(y, f), expected)
    """
    code = INTERRUPTS + code.replace("\n    ", "\n")
    processes = [
        start_python(code, tmp_path, arguments=(seed,), NUMBA_NUM_THREADS="4") for seed in range(4)
    ]
    for process in processes:
        output(process)


def test_interrupts_of_the_best_constant(tmp_path):
    code = """
    from boostloss import Cauchy
    y = np.random.default_rng(0).standard_cauchy(200_000)
    expected = Cauchy(1.0).fit_intercept(y)
    interrupted(lambda: Cauchy(1.0).fit_intercept(y), 40)
    assert Cauchy(1.0).fit_intercept(y) == expected
    """
    code = INTERRUPTS + code.replace("\n    ", "\n")
    run_python(code, tmp_path, arguments=(0,), NUMBA_NUM_THREADS="4")


@pytest.mark.torch
@pytest.mark.parametrize("openmp", ["_operators.OPENMP", "None"])
def test_interrupts_in_the_threads_of_torch(openmp, tmp_path):
    pytest.importorskip("torch")
    code = f"""
    import torch
    from boostloss.torch import HuberLoss, _operators
    _operators.OPENMP = {openmp}
    torch.set_num_threads(4)
    input = torch.linspace(-3, 3, 600_000)

    def call():
        variable = input.clone().requires_grad_()
        HuberLoss(reduction="sum")(variable, torch.zeros_like(input)).backward()
        return variable.grad

    interrupted(call, 40)
    torch.testing.assert_close(call(), input.clamp(-1.0, 1.0))
    """
    code = INTERRUPTS + code.replace("\n    ", "\n")
    run_python(code, tmp_path, arguments=(0,))


def test_interrupts_in_the_threads_of_lightgbm(tmp_path):
    pytest.importorskip("lightgbm")
    code = """
    import lightgbm
    from boostloss import Huber
    y = np.zeros(600_000, np.float32)
    f = np.linspace(-3, 3, 600_000).astype(np.float32)
    expected = Huber(1.0).gradient_hessian(y, f)
    # In a frame like one of LightGBM's.
    scope = {"__name__": "lightgbm.engine", "loss": Huber(1.0), "y": y, "f": f}
    exec("def call(): return loss.gradient_hessian(y, f)", scope)
    interrupted(scope["call"], 40)
    np.testing.assert_array_equal(scope["call"](), expected)
    """
    code = INTERRUPTS + code.replace("\n    ", "\n")
    run_python(code, tmp_path, arguments=(0,), NUMBA_NUM_THREADS="4")


def test_a_handler_that_computes(tmp_path):
    """While this thread compiles, for which the cache is empty, and while it waits for others."""
    code = """
    import signal
    import numpy as np
    from boostloss import Huber, LogCosh
    from boostloss.kernels import loops  # numba is there, and what follows compiles
    y, f = np.zeros(300_000), np.linspace(-3, 3, 300_000)
    calls = 0

    def compute(*_):
        global calls
        LogCosh(1.0).gradient_hessian(y, f)
        calls += 1
        if calls < 20:  # a signal after the last line would find no handler any more
            signal.setitimer(signal.ITIMER_REAL, 0.03)

    signal.signal(signal.SIGALRM, compute)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    Huber(1.0).gradient_hessian(y, f)
    while calls < 20:
        gradient, _ = Huber(1.0).gradient_hessian(y, f)
        np.testing.assert_array_equal(gradient, np.clip(f, -1.0, 1.0))
    """
    run_python(code, tmp_path, NUMBA_NUM_THREADS="4", NUMBA_CACHE_DIR=str(tmp_path))
