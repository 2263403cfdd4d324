"""The probability distribution whose negative log-likelihood is Barron's loss."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.formulas.barron import barron, barron_alpha
from boostloss.formulas.log_partition import log_partition
from boostloss.kernels.rows import GRADIENT, HESSIAN, Computation, Rows, evaluate
from boostloss.losses.validation import (
    POSITIVE,
    as_column,
    as_floats,
    check_finite,
    check_number,
    check_weight,
)

__all__ = ["BarronDistribution"]

# Pieces of v, the square root of the loss, for the quadrature of the distribution function; narrow near 0, where the
# error bends as a function of v if alpha is near 2. exp(-700) is close to the least number.
EDGES = np.concatenate([[0.0, 0.02, 0.1, 0.25], np.linspace(0.5, math.sqrt(700.0), 53)])
SHAPES = np.linspace(0.0, 2.0, 9)  # the values of alpha among which a fit starts
TOLERANCE = 1e-10  # of a fitted alpha, and of the logarithm of a fitted scale
FARTHEST = 1e150  # scales, whose square is finite
LEAST = 1e-290  # what counts as an error beside one of 1: the scale may be some digits smaller


@dataclass(frozen=True)
class BarronDistribution:
    """Barron's distribution: p(x) = exp(-rho(x, alpha, scale)) / (scale * Z(alpha)).

    Its members are Cauchy's distribution (alpha = 0, with scale sqrt(2)), a hyperbolic one (1) and the normal one (2).
    The negative log-likelihood of an error, rho + log(scale) + log Z(alpha), is ``-logpdf(error)``. Methods are named
    as in scipy.stats, take numbers or arrays, and return what they take.

    Parameters
    ----------
    alpha : float
        Shape, from 0 to infinity: the tail falls more steeply the larger it is.
    scale : float
        Size of an error at which the loss leaves the parabola, in units of the error.

    Raises
    ------
    TypeError, ValueError
        If alpha is negative or the scale is not a positive finite number.

    References
    ----------
    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, section 2.

    Examples
    --------
    >>> from boostloss.distribution import BarronDistribution
    >>> distribution = BarronDistribution(alpha=1.0, scale=2.0)
    >>> distribution.cdf([0.0, 2.0]).round(4)
    array([0.5   , 0.7657])
    >>> float(distribution.ppf(0.975).round(4))
    6.7735
    >>> distribution.rvs(3, random_state=0).shape
    (3,)
    >>> BarronDistribution.fit([-1.2, 0.3, 0.8, -0.4, 0.1, 5.0, -0.2, 0.6])
    BarronDistribution(alpha=0.100..., scale=0.390...)
    """

    alpha: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "alpha", "a number from 0 to infinity", lambda x: x >= 0.0)
        check_number(self, "scale", *POSITIVE)

    def logpdf(self, x: ArrayLike) -> Any:
        """Logarithm of the density.

        Parameters
        ----------
        x : float or array-like
            Errors.

        Returns
        -------
        float or ndarray
        """
        log_z = float(log_partition(self.alpha)[0])
        return -(self._loss(x) + math.log(self.scale) + log_z)[()]

    def cdf(self, x: ArrayLike) -> Any:
        """Probability of an error of at most ``x``, to 1e-12, and relatively so in the lower tail.

        Parameters
        ----------
        x : float or array-like

        Returns
        -------
        float or ndarray
        """
        x = as_floats(x, "x").astype(np.float64)
        tail = self._tail(np.sqrt(np.minimum(self._loss(x), 700.0)))
        return np.where(x > 0.0, 1.0 - tail, tail)[()]

    def ppf(self, q: ArrayLike) -> Any:
        """Quantile, the inverse of `cdf`; NaN outside [0, 1].

        Parameters
        ----------
        q : float or array-like
            Probabilities.

        Returns
        -------
        float or ndarray
        """
        q = as_floats(q, "q").astype(np.float64)
        tail = np.minimum(q, 1.0 - q)
        total = 2.0 * self._integrals[0]
        with np.errstate(all="ignore"):
            target = np.log(tail)
            v = np.interp(-target, -np.log(self._integrals[:-1] / total), EDGES[:-1])
            for _ in range(6):  # Newton's method on log(tail), which is concave
                now = self._tail(v)
                v = v + (np.log(now) - target) * now * total / self._slope(v)
                v = np.clip(v, 0.0, EDGES[-2])
            x = self.scale * (v * np.sqrt(self._square(v * v)[0]))
        x = np.where(tail == 0.0, np.inf, np.where(tail >= 0.0, x, np.nan))
        return np.copysign(x, q - 0.5)[()]

    def rvs(
        self, size: int | tuple[int, ...] = 1, random_state: int | np.random.Generator | None = None
    ) -> NDArray[np.float64]:
        """Random errors; the same ones for the same integer ``random_state``.

        Parameters
        ----------
        size : int or tuple of int, default 1
        random_state : int or numpy.random.Generator, optional

        Returns
        -------
        ndarray of shape `size`
        """
        # The loss grows with alpha, so that Cauchy's density times a constant is an envelope: 45 % or more is accepted.
        generator = np.random.default_rng(random_state)
        unit, cauchy = BarronDistribution(self.alpha), BarronDistribution(0.0)
        result = np.empty(math.prod(np.atleast_1d(size).tolist()))
        filled = 0
        while filled < result.size:
            x = math.sqrt(2.0) * generator.standard_cauchy(result.size - filled)
            uniform = generator.random(x.size)
            accepted = x[uniform < np.exp(cauchy._loss(x) - unit._loss(x))]
            result[filled : filled + accepted.size] = accepted
            filled += accepted.size
        with np.errstate(over="ignore"):
            return self.scale * result.reshape(size)

    @classmethod
    def fit(cls, error: ArrayLike, sample_weight: ArrayLike | None = None) -> "BarronDistribution":
        """The distribution of the greatest likelihood with alpha in [0, 2].

        Parameters
        ----------
        error : array-like of shape (n_samples,)
            Residuals, of which less than half may be 0: otherwise the likelihood has no maximum.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        BarronDistribution
            With alpha and log(scale) to 1e-8 or better.

        Raises
        ------
        TypeError, ValueError
            If half of the errors are 0, or one is not finite.
        """
        error = as_column(error, "error").astype(np.float64)
        weight = np.ones_like(error)
        if sample_weight is not None:
            weight = check_weight(sample_weight, len(error)).astype(np.float64)
        check_finite(error, "error")
        error, weight = error[weight > 0.0], weight[weight > 0.0]
        weight = weight / weight.sum()
        unit = float(np.abs(error).max(initial=0.0)) or 1.0
        error = error / unit
        if weight @ (np.abs(error) < LEAST) >= 0.5 or not error.size:
            raise ValueError("error must be other than 0 in more than half of the (weighted) rows.")
        scale = 1.0

        def likeliest(alpha: float) -> "BarronDistribution":
            nonlocal scale
            scale = likeliest_scale(error, weight, alpha, scale)
            return cls(alpha, scale)

        def slope(alpha: float) -> float:
            """Derivative in alpha of the mean negative log-likelihood, at the scale that is best for alpha."""
            best = likeliest(alpha)
            with np.errstate(all="ignore"):
                data = weight @ barron_alpha(0.0, error, alpha, best.scale)
            return float(data + log_partition(alpha)[1])

        # A few errors may have two maxima.
        shapes = SHAPES.tolist()
        best = int(np.argmax([weight @ likeliest(alpha).logpdf(error) for alpha in shapes]))
        alpha = minimum_between(slope, shapes[max(best - 1, 0)], shapes[min(best + 1, 8)])
        return cls(alpha, likeliest(alpha).scale * unit)

    def _loss(self, x: ArrayLike) -> NDArray[np.float64]:
        x = as_floats(x, "x").astype(np.float64)
        with np.errstate(all="ignore"):
            loss = np.asarray(barron(0.0, x / self.scale, self.alpha, 1.0)[0])
        return np.where(np.isnan(loss) & ~np.isnan(x), np.inf, loss)  # of what is beyond all scales

    def _square(self, loss: NDArray[Any]) -> tuple[NDArray[Any], NDArray]:
        """(x / scale)^2 / loss, which is 2 at 0, and twice the derivative of the loss in (x / scale)^2, inverted."""
        loss = np.maximum(loss, 1e-30)
        alpha = self.alpha
        if math.isinf(alpha):
            return 2.0 * np.log1p(loss) / loss, 1.0 / (1.0 + loss)
        b = abs(alpha - 2.0) or 1.0  # at 2 any b gives x^2 = 2 loss
        log_power = np.log1p(alpha / b * loss)  # (alpha / 2) log(1 + x^2 / b)
        log_u = 2.0 / alpha * log_power if alpha > 1e-20 else 2.0 / b * loss
        return b * np.expm1(log_u) / loss, np.exp(log_u - log_power)

    def _slope(self, v: NDArray[Any]) -> NDArray[Any]:
        """The density of v, the square root of the loss with the sign of the error, times Z."""
        square, inverse = self._square(v * v)
        return 2.0 * np.exp(-v * v) * inverse / np.sqrt(square)

    def _pieces(self, start: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
        """Integrals of `_slope`, by Gauss's rule."""
        half = 0.5 * (end - start)
        return half * sum(w * self._slope(start + half * (1.0 + t)) for t, w in gauss(20))

    @cached_property
    def _integrals(self) -> NDArray[Any]:
        """Integrals of `_slope` from each of `EDGES` to infinity."""
        pieces = self._pieces(EDGES[:-1], EDGES[1:])
        return np.append(np.cumsum(pieces[::-1])[::-1], 0.0)

    def _tail(self, v: NDArray[Any]) -> NDArray[Any]:
        """Probability that the square root of the loss, with the sign of the error, is above v >= 0."""
        end = np.clip(np.searchsorted(EDGES, v, "right"), 1, len(EDGES) - 1)
        return (self._integrals[end] + self._pieces(v, EDGES[end])) / (2.0 * self._integrals[0])


@lru_cache
def gauss(n: int) -> list[tuple[float, float]]:
    """Gauss's n nodes in [-1, 1] and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return list(zip(nodes.tolist(), weights.tolist(), strict=True))


def likeliest_scale(error: NDArray[Any], weight: NDArray[Any], alpha: float, start: float) -> float:
    """The scale of the greatest likelihood: where the weighted mean of error * gradient is 1."""
    log_scale, low, high, target = math.log(start), -math.inf, math.inf, 0.0 * error
    computation = Computation(barron, (GRADIENT, HESSIAN), (alpha, 1.0))
    for _ in range(200):
        x = np.clip(error / math.exp(log_scale), -FARTHEST, FARTHEST)
        gradient, hessian = evaluate(computation, Rows(target, x), np.float64)
        slope = x * gradient
        mean = max(float(weight @ slope), LEAST)
        low, high = (log_scale, high) if mean > 1.0 else (low, log_scale)
        # Newton's method on log(mean), close to a line in log(scale); a gap between the errors bends it
        fall = max(float(weight @ (slope + x * (x * hessian))), TOLERANCE)
        step = min(max(math.log(mean) * mean / fall, -5.0), 5.0)
        if abs(step) < TOLERANCE:
            break
        log_scale += step
        if not low < log_scale < high:
            log_scale = 0.5 * (low + high)
    return math.exp(log_scale)


def minimum_between(slope: Callable[[float], float], a: float, b: float) -> float:
    """Where a function with this derivative is least on [a, b], by the method of Anderson and Björck (1973)."""
    at_a, at_b = slope(a), slope(b)
    if at_a >= 0.0 or at_b <= 0.0:
        return a if at_a >= 0.0 else b
    step = b - a
    while step > TOLERANCE and at_b != 0.0:
        c = (a * at_b - b * at_a) / (at_b - at_a)
        at_c = slope(c)
        if (at_c < 0.0) != (at_b < 0.0):
            a, at_a = b, at_b
        else:
            shrunk = 1.0 - at_c / at_b
            at_a *= shrunk if shrunk > 0.0 else 0.5
        step, b, at_b = abs(c - b), c, at_c
    return b
