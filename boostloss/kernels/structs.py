"""Where the fields of NumPy's arrays lie in memory, as `PyArrayObject` of its C API has them.

Kernels take addresses, which are found there sooner than by `array.ctypes`.
"""

import ctypes
import sys

import numpy as np
from numpy.typing import NDArray

# In pointers from the start of an array. CPython's fields of every object come first, of which the last is its type.
DATA = object.__basicsize__ // ctypes.sizeof(ctypes.c_void_p)
TYPE = DATA - 1
DIMENSIONS_COUNT = DATA + 1
DIMENSIONS = DATA + 2
DESCRIPTOR = DATA + 5
FLAGS = DATA + 6
INT = (1 << 8 * ctypes.sizeof(ctypes.c_int)) - 1  # the bits of a field of C's type int

READABLE = 0x0101  # NumPy's flags C_CONTIGUOUS and ALIGNED
WRITABLE = READABLE | 0x0400  # and WRITEABLE


def field(array: NDArray, place: int) -> int:
    """What lies in a field."""
    pointer = ctypes.c_size_t.from_address(id(array) + place * ctypes.sizeof(ctypes.c_void_p))
    return pointer.value


def struct_address(array: NDArray) -> int:
    """Where the data of an array lie."""
    return field(array, DATA)


def public_address(array: NDArray) -> int:
    """Where the data of an array lie, as NumPy says it."""
    return array.ctypes.data


def fields_found() -> bool:
    """Whether the arrays of this interpreter have their fields in these places."""
    if sys.implementation.name != "cpython":
        return False
    samples = np.arange(6.0), np.arange(6.0)[1:], np.zeros((3, 2), np.float32), np.arange(9)[::2]
    return all(map(as_expected, samples))


def as_expected(array: NDArray) -> bool:
    """Whether the fields of an array say what NumPy says of it."""
    dimensions = ctypes.c_ssize_t * array.ndim
    return (
        field(array, DATA) == public_address(array)
        and field(array, TYPE) == id(type(array))
        and field(array, DIMENSIONS_COUNT) & INT == array.ndim
        and tuple(dimensions.from_address(field(array, DIMENSIONS))) == array.shape
        and field(array, DESCRIPTOR) == id(array.dtype)
        and field(array, FLAGS) & INT == array.flags.num
    )


KNOWN = fields_found()
address = struct_address if KNOWN else public_address
