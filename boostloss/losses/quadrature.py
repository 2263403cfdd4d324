"""A distribution by its log-density alone: probabilities, quantiles and moments by quadrature."""

import math
import warnings
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.distribution import gauss
from boostloss.losses.validation import as_floats

# Places where the top of a density is looked for first; each further round of 11 is five times as narrow.
SIZES = 10.0 ** np.linspace(-12.0, 15.0, 109)
ROUNDS = 18
# How far below its top a log-density is followed: what lies beyond has less than 1e-15 of the mass, even where the
# density falls like y^-2.
DEPTH = 80.0
BISECTIONS = 60
MASS_ERROR = 1e-4  # of an integral, which else is right to 1e-9
PANELS, NODES = 24, 10  # on each side of the top, of equal width in asinh(distance)


class NumericalDistribution:
    """Distributions of which a log-density is known, one for each row: continuous, finite, with a single top.

    Methods are named as in scipy.stats. Probabilities are right to about 1e-9 where the density is smooth on each side
    of its top, and its tails fall within 80 of the logarithm. A moment that does not exist comes out as some number. A
    row whose log-density is a number nowhere has NaN in all.

    Warns
    -----
    UserWarning
        If a density does not integrate to 1 at the parameters that are given.

    Parameters
    ----------
    log_density : callable
        Of targets in shape (m, n), m for each row: the logarithm of the density, in that shape. NaN counts as none.
    n : int
        How many rows.
    positive : bool
        Whether targets are above 0.
    """

    def __init__(self, log_density: Callable[[NDArray], NDArray], n: int, positive: bool):
        self._log_density, self._n, self._positive = log_density, n, positive

    def logpdf(self, x: ArrayLike) -> NDArray[np.float64]:
        """Logarithm of the density, of a number for each row, or of several in rows of an array.

        A single distribution takes arrays of any shape.
        """
        x, shape = self._by_row(x)
        return self._log(x).reshape(shape)

    def pdf(self, x: ArrayLike) -> NDArray[np.float64]:
        """The density."""
        return np.exp(self.logpdf(x))

    def cdf(self, x: ArrayLike) -> NDArray[np.float64]:
        """Probability of a target of at most ``x``."""
        x, shape = self._by_row(x)
        below, above = self._parts(x)
        return np.where(below < above, below, 1.0 - above).reshape(shape)

    def sf(self, x: ArrayLike) -> NDArray[np.float64]:
        """Probability of a target above ``x``."""
        x, shape = self._by_row(x)
        below, above = self._parts(x)
        return np.where(above < below, above, 1.0 - below).reshape(shape)

    def ppf(self, q: ArrayLike) -> NDArray[np.float64]:
        """Quantile, the inverse of `cdf`; NaN outside [0, 1]."""
        return self._inverse(q, upper=False)

    def isf(self, q: ArrayLike) -> NDArray[np.float64]:
        """The inverse of `sf`."""
        return self._inverse(q, upper=True)

    def _inverse(self, q: ArrayLike, upper: bool) -> NDArray[np.float64]:
        wanted, shape = self._by_row(q)
        low = np.broadcast_to(-self._ends[0], wanted.shape).copy()
        high = np.broadcast_to(self._ends[1], wanted.shape).copy()
        for _ in range(BISECTIONS):  # of asinh of the distance
            middle = 0.5 * (low + high)
            below, above = self._parts(self._at(middle))
            # By the smaller of both probabilities, which has more digits.
            if upper:
                less = np.where(above < below, above > wanted, below < 1.0 - wanted)
            else:
                less = np.where(below < above, below < wanted, above > 1.0 - wanted)
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        found = self._at(0.5 * (low + high))
        found = np.where((wanted >= 0.0) & (wanted <= 1.0), found, np.nan)
        lowest = 0.0 if self._positive else -np.inf
        first, last = (np.inf, lowest) if upper else (lowest, np.inf)
        found = np.where(wanted == 0.0, first, np.where(wanted == 1.0, last, found))
        return found.reshape(shape)

    def interval(self, confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both ends of the interval around the median that has this probability."""
        low, high = self.ppf([[0.5 - 0.5 * confidence], [0.5 + 0.5 * confidence]])
        return low, high

    def median(self) -> NDArray[np.float64]:
        return self.ppf(0.5)

    def mean(self) -> NDArray[np.float64]:
        return self._top + self._expectation(lambda y: y - self._top)

    def var(self) -> NDArray[np.float64]:
        mean = self.mean()
        return self._expectation(lambda y: (y - mean) ** 2)

    def std(self) -> NDArray[np.float64]:
        return np.sqrt(self.var())

    def rvs(
        self,
        size: int | tuple[int, ...] | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> NDArray[np.float64]:
        """Random targets: one for each row, or of a size whose last number is that of the rows."""
        shape = (self._n,) if size is None else size
        return self.ppf(np.random.default_rng(random_state).random(shape))

    def mass(self) -> NDArray[np.float64]:
        """The integral of the density, which should be 1."""
        return self._tails[:, 0].sum(axis=0)

    def _by_row(self, x: ArrayLike) -> tuple[NDArray[np.float64], tuple[int, ...]]:
        """Numbers in a matrix with a column for each distribution, and the shape of what comes of them."""
        x = as_floats(x, "x").astype(np.float64)
        shape = np.broadcast_shapes(x.shape, (self._n,))
        n_rows = math.prod(shape if self._n == 1 else shape[:-1])
        return np.broadcast_to(x, shape).reshape(n_rows, self._n), shape

    def _log(self, y: NDArray) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            found = np.asarray(self._log_density(y), np.float64)
        found = np.where(np.isnan(found), -np.inf, found)
        return np.where(y > 0.0, found, -np.inf) if self._positive else found

    @cached_property
    def _top(self) -> NDArray[np.float64]:
        """Where the density is largest."""
        places = SIZES if self._positive else np.r_[-SIZES[::-1], 0.0, SIZES]
        best, highest = np.zeros(self._n, np.intp), np.full(self._n, -np.inf)
        for i, place in enumerate(places):
            value = self._log(np.full((1, self._n), place))[0]
            higher = value > highest
            best[higher], highest[higher] = i, value[higher]
        low = places[np.maximum(best - 1, 0)]
        high = places[np.minimum(best + 1, len(places) - 1)]
        for _ in range(ROUNDS):
            grid = low + (high - low) * np.linspace(0.0, 1.0, 11)[:, None]
            best = self._log(grid).argmax(axis=0)
            low, high = (
                np.take_along_axis(grid, np.clip(best + step, 0, 10)[None], axis=0)[0]
                for step in (-1, 1)
            )
        return np.where(np.isfinite(highest), 0.5 * (low + high), np.nan)

    @cached_property
    def _units(self) -> NDArray[np.float64]:
        """The distance on each side within which a log-density falls by 1/2."""
        return np.stack([self._reach(side, 0.5) for side in (-1.0, 1.0)])

    @cached_property
    def _ends(self) -> NDArray[np.float64]:
        """asinh of the farthest distance on each side, in units."""
        return np.arcsinh(
            np.stack([self._reach(side, DEPTH) for side in (-1.0, 1.0)]) / self._units
        )

    @property
    def _borders(self) -> NDArray[np.float64]:
        """asinh of the distances of the borders of the panels on each side, from the top."""
        shares = np.linspace(0.0, 1.0, PANELS + 1)[:, None]
        return np.stack([-self._ends[0] * shares, self._ends[1] * shares])

    def _reach(self, side: float, depth: float) -> NDArray[np.float64]:
        """The distance from the top, on one side, at which the log-density has fallen by a depth."""
        height = self._log(self._top[None])[0] - depth
        least = np.maximum(np.abs(self._top), 1e-300) * 1e-14
        low, high = np.log(least), np.full(self._n, math.log(1e40))
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            within = self._log((self._top + side * np.exp(middle))[None])[0] >= height
            low, high = np.where(within, middle, low), np.where(within, high, middle)
        return np.exp(low)

    def _at(self, v: NDArray) -> NDArray[np.float64]:
        """The target at a distance of sinh(v) units from the top."""
        below, above = self._units
        unit = np.where(v < 0.0, below, above)
        return self._top + unit * np.sinh(v)

    def _density(self, v: NDArray) -> NDArray[np.float64]:
        """The density of v."""
        below, above = self._units
        unit = np.where(v < 0.0, below, above)
        return np.exp(self._log(self._at(v))) * unit * np.cosh(v)

    @cached_property
    def _tails(self) -> NDArray[np.float64]:
        """On each side the probabilities beyond the border of each panel: sums from the far end, which keep digits."""
        found = np.zeros((2, PANELS + 1, self._n))
        for tails, borders in zip(found, self._borders, strict=True):
            parts = np.abs([self._integral(a, b) for a, b in pairwise(borders)])
            tails[:-1] = np.cumsum(parts[::-1], axis=0)[::-1]
        mass = found[:, 0].sum(axis=0)
        found[:, :, np.isnan(self._top)] = np.nan
        wrong = (np.abs(mass - 1.0) > MASS_ERROR) & ~np.isnan(self._top)
        if wrong.any():
            warnings.warn(
                f"The density of {np.count_nonzero(wrong)} rows integrates to other numbers than 1, such as "
                f"{mass[wrong][0]:.4g}: it has several tops there, or none that is finite. Quantiles are not right.",
                UserWarning,
                stacklevel=2,
            )
        return found

    def _integral(
        self, start: NDArray, end: NDArray, of: Callable[[NDArray], NDArray] | None = None
    ) -> NDArray[np.float64]:
        """The integral of the density of v, times a function of the target, by Gauss's rule."""
        total, half = 0.0 * start, 0.5 * (end - start)
        for t, w in gauss(NODES):
            v = start + half * (1.0 + t)
            shape = v.reshape(math.prod(v.shape[:-1]), self._n)
            density = self._density(shape).reshape(v.shape)
            total = total + w * (density if of is None else density * of(self._at(v)))
        return half * total

    def _parts(self, y: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The probabilities below and above."""
        units = np.where(y < self._top, *self._units)
        v = np.arcsinh((y - self._top) / units)
        side = (v >= 0.0).astype(np.intp)
        end = np.where(side, self._ends[1], self._ends[0])
        v = np.clip(v, -self._ends[0], self._ends[1])
        share = np.nan_to_num(np.abs(v) / end)
        panel = np.minimum((share * PANELS).astype(np.intp), PANELS - 1)
        tails, rows = self._tails, np.arange(self._n)
        border = np.where(side, 1.0, -1.0) * end * (panel + 1) / PANELS
        # Farther from the top.
        tail = tails[side, panel + 1, rows] + np.abs(self._integral(v, border))
        rest = tails[:, 0].sum(axis=0) - tail
        return np.where(side, rest, tail), np.where(side, tail, rest)

    def _expectation(self, function: Callable[[NDArray], Any]) -> NDArray[np.float64]:
        below, above = (
            np.sum([self._integral(a, b, function) for a, b in pairwise(borders)], axis=0)
            for borders in self._borders
        )
        return above - below  # which is counted from the top down
