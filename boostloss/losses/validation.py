"""What is given for rows and parameters, checked and in the form that the rest expects."""

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.kernels.rows import CHARACTERS, readable

# Objects of which some have a conversion to float all the same.
NOT_NUMBERS = str, bytes, complex, np.complexfloating, np.datetime64, np.timedelta64


def as_column(values: ArrayLike, name: str = "array") -> NDArray[np.floating]:
    """A contiguous and aligned 1-d array of float32 or float64, in the machine's byte order."""
    if readable(values, 1):
        return values  # type: ignore[return-value]
    array = as_floats(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (n_samples,), got shape {array.shape}.")
    return np.require(array, requirements=["C_CONTIGUOUS", "ALIGNED"])


def as_matrix(values: ArrayLike, name: str, k: int | None = None) -> NDArray[np.floating]:
    """An aligned 2-d array of float32 or float64, in C or Fortran order, of k columns; a single one may be 1-d."""
    array = as_floats(values, name)
    if array.ndim == k == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != (k or array.shape[1]):
        raise ValueError(
            f"{name} must have shape (n_samples, {k or 'n_outputs'}), got shape {array.shape}."
        )
    if not (array.flags.aligned and (array.flags.c_contiguous or array.flags.f_contiguous)):
        array = np.require(array, requirements=["C_CONTIGUOUS", "ALIGNED"])
    return array


def as_floats(values: ArrayLike, name: str = "array") -> NDArray[np.floating]:
    """Numbers as an array of float32 or float64, in which NaN stands for None and for what a mask hides."""
    array = as_array(values, name)
    if array.dtype not in CHARACTERS:
        if array.dtype.kind == "O":
            array = numbers_of(array, name)
        elif array.dtype.kind == "c":  # scikit-learn's checks ask for this error and these words
            raise ValueError(f"Complex data not supported: {name} has dtype {array.dtype}.")
        elif array.dtype.kind not in "biuf":
            raise TypeError(
                f"{name} must hold integers, floats or booleans, got dtype {array.dtype}."
            )
        array = array.astype(np.float64)
    if isinstance(values, np.ma.MaskedArray):
        array = np.where(np.ma.getmaskarray(values), array.dtype.type(np.nan), array)
    return array


def on_gpu(values: Any) -> bool:
    """Whether it is an array in the memory of a GPU: one of CuPy, of torch, of numba or of cuDF."""
    return hasattr(values, "__cuda_array_interface__")


def as_given(values: Any, found: list[NDArray[Any]]) -> list[Any]:
    """The arrays, on the GPU if the values are there."""
    if on_gpu(values):
        from boostloss.kernels import cuda

        return [cuda.like(values, array) for array in found]
    return found


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """What NumPy makes of it, of an array of a GPU a copy."""
    if on_gpu(values):
        from boostloss.kernels import cuda

        return cuda.host(values)
    try:
        return np.asarray(values)
    except ValueError as error:  # such as rows of several lengths
        raise ValueError(f"{name} must be an array of numbers: {error}") from None


def has_columns(values: ArrayLike, name: str) -> bool:
    """Whether it has two axes, and more than one column."""
    shape = as_array(values, name).shape
    return len(shape) == 2 and shape[1] > 1


def numbers_of(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    """An array of objects, such as decimals or the integers of pandas that may be missing, as numbers."""
    missing = {id(None), id(getattr(sys.modules.get("pandas"), "NA", None))}
    result = np.empty(array.shape)
    for i, value in enumerate(array.flat):
        try:
            if isinstance(value, NOT_NUMBERS):
                raise TypeError
            result.flat[i] = math.nan if id(value) in missing else float(value)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(
                f"{name} must hold integers, floats or booleans, got {value!r} in row {i}."
            ) from None
    return result


def check_finite(array: NDArray[np.floating], name: str) -> None:
    """Refuse NaN and infinity."""
    finite = np.isfinite(array)
    if not finite.all():
        row = int(np.argwhere(~finite)[0, 0])
        raise ValueError(f"{name} must be finite, got {array[row].tolist()} in row {row}.")


def check_weight(sample_weight: ArrayLike, n: int) -> NDArray[np.floating]:
    """The weights as a 1-d float array: one for each row, not negative, and so small that their sum is finite."""
    weight = as_column(sample_weight, "sample_weight")
    if len(weight) != n:
        raise ValueError(f"sample_weight has {len(weight)} rows, y_true has {n}.")
    if n and not (weight.min() >= 0.0 and float(weight.max()) <= LARGEST_SCALE):  # NaN passes
        row = next(i for i, x in enumerate(weight.tolist()) if not 0.0 <= x <= LARGEST_SCALE)
        raise ValueError(
            f"sample_weight must be finite and >= 0, 1e150 at most, got {weight[row]} in row {row}."
        )
    return weight


def lifted(weight: NDArray[np.floating]) -> NDArray[np.floating]:
    """Weights of which only the ratios matter, lifted where a product with them may underflow."""
    largest = weight.max()
    return weight / largest if largest < SMALLEST_SCALE else weight


def is_sequence(value: Any) -> bool:
    """Whether a parameter is several numbers rather than one."""
    return (
        isinstance(value, Sequence | np.ndarray)
        and not isinstance(value, str)
        and np.ndim(value) > 0
    )


# What `check_number` allows, in words and as a test. Losses form the square of a scale, and its inverse.
SMALLEST_SCALE, LARGEST_SCALE = 1e-150, 1e150
SCALE = "a number from 1e-150 to 1e150", lambda x: SMALLEST_SCALE <= x <= LARGEST_SCALE
POSITIVE = "a positive finite number", lambda x: 0.0 < x < math.inf


def allowed_scale(scale: float) -> float:
    """The nearest scale that a loss may have."""
    return min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)


def check_number(owner: Any, name: str, allowed: str, valid: Callable[[float], bool]) -> None:
    """Make a parameter a float, or say what it may be."""
    value = getattr(owner, name)
    try:
        single = np.asarray(value)
        if single.ndim or single.dtype.kind not in "iufO":  # nor a boolean
            raise TypeError
        number = float(value)
    except OverflowError:  # an integer beyond all floats
        number = math.nan
    except (TypeError, ValueError, RuntimeError):  # the last of a tensor that is trained
        raise TypeError(f"{name} must be {allowed}, got {value!r}.") from None
    if not valid(number):
        raise ValueError(f"{name} must be {allowed}, got {value!r}.")
    object.__setattr__(owner, name, number)


def check_class_weights(name: str, values: Any) -> tuple[float, ...]:
    """Positive finite numbers, one for each class."""
    try:
        weights = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        weights = ()
    if len(weights) < 2 or not all(0.0 < weight < math.inf for weight in weights):
        raise ValueError(
            f"{name} must hold a positive finite number for each class, got {values!r}."
        )
    return weights
