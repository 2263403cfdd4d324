"""Masks of classes: false positives, false negatives and labels by a softmax over each pixel's scores."""

import ctypes
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.formulas.overlap import pixel_cost, share_slope
from boostloss.kernels.classes import MOST_SCORES
from boostloss.kernels.native import Variant, native_loop
from boostloss.kernels.rows import (
    BLOCK,
    JIT_DISABLED,
    address,
    check_array,
)
from boostloss.kernels.structs import WRITABLE
from boostloss.kernels.threads import RunInThreads, parallel_map, run_in_threads
from boostloss.ops import exp

SUMS, SLOPES = "class overlap", "class overlap slopes"  # layouts


def class_sums(
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    shares: NDArray | None,
    run: RunInThreads = run_in_threads,
) -> NDArray[np.float64]:
    """Weighted false positives, false negatives, labels and true positives of each image and class: (n, 4, k).

    Parameters
    ----------
    y : ndarray of shape (n, pixels)
        Positions of classes, all valid, as floats in the dtype of the scores.
    f : ndarray of shape (n, k, pixels)
        Scores.
    weight : ndarray of shape (n, pixels), optional
    shares : ndarray of shape (n, k, pixels), optional
        Where to leave the probabilities.
    run : callable
    """
    n, k, pixels = f.shape
    size = block_size(k)
    totals = np.zeros((n, -(-pixels // size), 4 * k))  # so that threads change nothing
    if not run_native(SUMS, y, f, weight, totals, shares, run):
        for image in range(n):
            w = np.ones(pixels) if weight is None else weight[image]
            true = y[image] == np.arange(k)[:, None]
            powers = exp(f[image] - f[image].max(axis=0))
            others = np.where(true, 0.0, powers)
            rest = others.sum(axis=0)
            total = (powers * true).sum(axis=0) + rest
            share = powers / total
            columns = others / total, true * (rest / total), true, true * share
            totals[image, 0] = np.concatenate([(column * w).sum(axis=1) for column in columns])
            if shares is not None:
                shares[image] = share
    return totals.sum(axis=1).reshape(n, 4, k)


def fill_class_slopes(
    y: NDArray,
    shares: NDArray,
    weight: NDArray | None,
    costs: NDArray[np.float64],
    run: RunInThreads = run_in_threads,
) -> None:
    """Make the probabilities that `class_sums` leaves the gradient by the scores, in place.

    ``costs``, of shape (n, 2, k), are the derivatives by the false positives and the false negatives of each class, of
    which the true positives are the labels less these.
    """
    if not run_native(SLOPES, y, shares, weight, costs, shares, run):
        for image, (more, less) in enumerate(costs.astype(shares.dtype)):
            true = y[image] == np.arange(len(more))[:, None]
            more, less = more[:, None], less[:, None]
            own = (shares[image] * true).sum(axis=0)
            cost = pixel_cost(true, more, less, np.where(own < 0.5, 0.0, (less * true).sum(axis=0)))
            slope = share_slope(shares[image], cost, (shares[image] * cost).sum(axis=0))
            shares[image] = slope if weight is None else slope * weight[image]


def block_size(k: int) -> int:
    """The pixels that a thread takes at a time."""
    return max(1024, BLOCK // k)


def run_native(
    layout: str,
    y: NDArray,
    f: NDArray,
    weight: NDArray | None,
    numbers: NDArray[np.float64],
    shares: NDArray | None,
    run: RunInThreads,
) -> bool:
    """Run the native loop over blocks of images, in several threads; false where there is no compiled code.

    It adds to ``numbers``, which has a row for each block, or reads one of each image.
    """
    n, k, pixels = f.shape
    kinds = check_array("y", y, (n, pixels)), check_array("f", f, f.shape)
    weight_kind = None if weight is None else check_array("weight", weight, (n, pixels))
    if shares is not None:
        check_array("shares", shares, f.shape, WRITABLE)
    variant = Variant((0, 1), 0, *kinds, weight_kind, kinds[1], layout)
    loop = None if JIT_DISABLED or k > MOST_SCORES else native_loop(share_slope, variant)
    if loop is None:
        return False
    sizes = (ctypes.c_ssize_t * 3)(k, pixels, 0 if shares is None else pixels)
    arrays = [y, f, y if weight is None else weight, f if shares is None else shares]
    addresses = [(address(x), x.strides[0], x.itemsize) for x in arrays]
    first, by_image = address(numbers), numbers.strides[0]
    by_block = numbers.strides[1] if layout == SUMS else 0
    size = block_size(k)

    # An interrupt may leave helpers behind: the block, not only its caller, keeps alive what it has addresses of.
    def block(place: tuple[int, int], keep_alive: Any = (arrays, numbers, sizes)) -> None:
        image, part = place
        *at, result = (begin + image * far + part * size * near for begin, far, near in addresses)
        own = first + image * by_image + part * by_block
        count = min(size, pixels - part * size)
        loop(count, *at, 1.0, 0.0, own, ctypes.addressof(sizes), own, result)

    places = list(product(range(n), range(-(-pixels // size))))
    if n * pixels < 2 * size:
        for place in places:
            block(place)
    else:
        parallel_map(block, places, run)
    return True
