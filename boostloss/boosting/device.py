"""The objective where raw predictions are in the memory of a GPU, in which the derivatives are computed and stay."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.gradients import boosting_step, computation_of, fixed_step, row_share
from boostloss.boosting.objective import call_objective, not_finite
from boostloss.boosting.several import takes_columns
from boostloss.boosting.start import check_start, is_constant
from boostloss.kernels import cuda
from boostloss.kernels.rows import Rows
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.harmonizing import Harmonized
from boostloss.losses.smoothing import sample
from boostloss.losses.validation import as_array, as_column, on_gpu


def device_gradients(loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Those of `call_objective`, as float32 arrays of the library that the raw predictions are of.

    A kernel computes those of a loss with one raw prediction a row. What is decided for all rows, such as the
    smoothing of a quantile, is decided on the CPU by copies of the same rows, and of all weights. Any other loss is
    computed on the CPU, from copies of everything.

    Parameters
    ----------
    loss : Loss
    y_true, sample_weight : array of the GPU or of the CPU
        Those of the CPU are copied in every call.
    y_pred : array of the GPU

    Returns
    -------
    gradient, hessian : array of the GPU
    """
    step = None
    if one_score(loss, y_true, y_pred):
        y, f = device_column(y_true, "y_true"), device_column(y_pred, "y_pred")
        weight = None if sample_weight is None else device_column(sample_weight, "sample_weight")
        rows = checked(Rows(y, f, weight))
        step = device_step(loss, rows)
    if step is None or not cuda.compiles(step.formula):
        given = (
            None if x is None else as_array(x, "array") for x in (y_true, y_pred, sample_weight)
        )
        found = call_objective(loss, *given)
        return cuda.like(y_pred, found[0]), cuda.like(y_pred, found[1])
    if starts(f):
        check_start(loss, y_true, float(f[0]), sample_weight)
    results = [cuda.empty_like(y_pred, (len(f),), np.float32) for _ in range(2)]
    computation = computation_of(step, loss, row_share(loss))
    bad = cuda.fill([cuda.view(result) for result in results], computation, rows)
    if bad < len(f):
        raise not_finite(loss, bad, f[bad])
    return results[0], results[1]


def one_score(loss: Loss, y_true: Any, y_pred: Any) -> bool:
    """Whether a row has one target and one raw prediction, and its derivatives depend on no other row."""
    shapes = [tuple(x.shape) if on_gpu(x) else np.shape(x) for x in (y_true, y_pred)]
    several = any(len(shape) == 2 and shape[-1] > 1 for shape in shapes)
    return not (several or takes_columns(loss) or isinstance(loss, Adaptive | Harmonized))


def device_column(values: Any, name: str) -> Any:
    """A column in the memory of the GPU."""
    return cuda.column(values, name) if on_gpu(values) else cuda.to_device(as_column(values, name))


def checked(rows: Rows) -> Rows:
    """The rows, if they are of one length."""
    for name, array in zip(("y_true", "sample_weight"), (rows.y_true, rows.weight), strict=True):
        if array is not None and len(array) != len(rows.raw_prediction):
            raise ValueError(
                f"{name} has {len(array)} rows, y_pred has {len(rows.raw_prediction)}."
            )
    return rows


def device_step(loss: Loss, rows: Rows, stream: Any = 0) -> Any:
    """What the next round computes; of some losses some rows decide on it, which are copied."""
    return fixed_step(loss) or boosting_step(loss, *deciding(rows, stream))


def deciding(rows: Rows, stream: Any = 0) -> tuple[NDArray, NDArray, NDArray | None]:
    """Copies of the rows that the CPU would choose to decide for all."""
    weight = None if rows.weight is None else cuda.host(rows.weight, stream)
    places = np.arange(len(rows.raw_prediction))[sample(len(rows.raw_prediction), weight)]
    y, f = (cuda.taken(array, places, stream) for array in rows[:2])
    return y, f, None if weight is None else weight[places]


def starts(f: Any) -> bool:
    """Whether all raw predictions are the same, as before the first round."""
    return bool(len(f)) and f[0] == f[len(f) - 1] and is_constant(cuda.host(f))
