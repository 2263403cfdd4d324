"""CatBoost's objective on a GPU.

CatBoost gives all rows of one GPU at once, in its memory, and takes what numba.cuda compiles: it asks for
``calc_ders_range_gpu[blocks, threads, stream]`` and calls that. Here this is no kernel but chooses one, with a grid of
its own, so that a loss that is smoothed may first look at some of the rows.
"""

from functools import partial
from typing import Any

import numpy as np

from boostloss.boosting.device import deciding, device_step
from boostloss.boosting.gradients import boosting_step, computation_of, fixed_step
from boostloss.boosting.start import check_start, is_constant
from boostloss.kernels import cuda
from boostloss.kernels.rows import Rows
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss


class DeviceObjective:
    """What CatBoost takes as ``calc_ders_range_gpu``.

    Parameters
    ----------
    loss : Loss
    known_start : bool
        Whether the start need not be checked.
    """

    def __init__(self, loss: Loss, known_start: bool):
        self.loss, self.known_start = loss, known_start

    def __getitem__(self, configuration: tuple[Any, ...]) -> Any:
        return partial(self.derivatives, configuration[2])

    def derivatives(
        self,
        stream: Any,
        _: int,
        approx: Any,
        target: Any,
        weight: Any,
        value: Any,
        first: Any,
        second: Any,
    ) -> None:
        """Add minus the weighted losses to `value`, and write minus the gradient and the curvature, times the weight.

        All are float32 arrays of the GPU. The weight, and a result that is not wanted, may be empty.
        """
        try:
            rows = Rows(target, approx, weight if len(weight) else None)
            if not self.known_start and len(approx):
                self.known_start = True
                y, f, some = deciding(rows, stream)
                if is_constant(f):
                    check_start(self.loss, y, float(f[0]), some)
            step = device_step(self.loss, rows, stream)
            computation = computation_of(step, self.loss, 1.0)
            cuda.add_up([first, second], value, computation, rows, stream)
        except BaseException:
            # CatBoost prints an exception and goes on with what is in the memory: it must not train with that.
            for result in (value, first, second):
                if len(result):
                    result.copy_to_device(np.full(len(result), np.nan, np.float32), stream=stream)
            raise


def check_device(loss: Loss) -> None:
    """Refuse to train on a GPU what cannot be, before CatBoost begins: it would go on after an exception.

    Raises
    ------
    ValueError
        If it is adaptive, its formula cannot be compiled, or numba finds no GPU.
    """
    if isinstance(loss, Adaptive):
        raise ValueError(
            f"task_type must be 'CPU' with {loss!r}, got 'GPU', where CatBoost says nothing of rounds: give numbers as "
            f"parameters, as in {loss.example!r}."
        )
    one = np.ones(1)
    step = fixed_step(loss) or boosting_step(loss, one, one, None)
    if not cuda.compiles(step.formula):
        raise ValueError(
            f"task_type must be 'CPU' with {loss!r}, got 'GPU', for which its formula cannot be compiled."
        )
    if problem := cuda.problem():
        raise ValueError(
            "task_type must be 'CPU' here, got 'GPU', where CatBoost calls an objective by numba, which finds no CUDA: "
            f"{problem}"
        )
    row = [cuda.to_device(one.astype(np.float32)) for _ in range(6)]
    DeviceObjective(loss, known_start=True)[1, 1, 0](0, *row)
    cuda.host(row[-1])  # waits
