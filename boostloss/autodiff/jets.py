"""Jets: numbers that carry their first and second derivative in one variable through a formula.

Griewank & Walther, "Evaluating Derivatives", 2008, chapter 13. The members are numbers of any kind that
`boostloss.ops` computes with: floats, arrays, tensors, mpmath numbers, or symbols, of which the rules make the text of
a gradient and a Hessian.

A member that is None is zero by structure: it takes part in no operation, so that zero times infinity never arises.
``where`` selects derivatives as it selects values, so that the arm that is not taken cannot spoil them. At a corner of
abs, minimum and maximum the derivatives are those of the right side, in the variable: sums of such corners that are
smooth have their derivative there too, and even losses their curvature.
"""

import sys

from boostloss import ops
from boostloss.ops import Operand


class Jet(Operand):
    """A value with its first and second derivative."""

    __slots__ = ("first", "second", "value")
    __array_ufunc__ = None  # an array on the left leaves the operation to the jet
    library = sys.modules[__name__]
    rank = 2

    def __init__(self, value, first=None, second=None):
        self.value, self.first, self.second = value, first, second

    def __neg__(self):
        return Jet(-self.value, times(-1.0, self.first), times(-1.0, self.second))

    def __add__(self, other):
        return Jet(
            self.value + value(other),
            plus(self.first, first(other)),
            plus(self.second, second(other)),
        )

    __radd__ = __add__

    def __sub__(self, other):
        return Jet(
            self.value - value(other),
            minus(self.first, first(other)),
            minus(self.second, second(other)),
        )

    def __rsub__(self, other):
        return -self + other if isinstance(other, Jet) else Jet(other, None, None) - self

    def __mul__(self, other):
        a, b, slopes = self.value, value(other), times(self.first, first(other))
        return Jet(
            a * b,
            plus(times(self.first, b), times(first(other), a)),
            plus(plus(times(self.second, b), times(second(other), a)), times(2.0, slopes)),
        )

    __rmul__ = __mul__

    def __truediv__(self, other):
        return divide(self, other)

    def __rtruediv__(self, other):
        return divide(other, self)

    def __pow__(self, p):
        return ops.power(self, p)

    def __rpow__(self, base):
        return ops.power(base, self)

    def __abs__(self):
        return where(less(self, 0.0), -self, self)

    def __lt__(self, other):
        return self.value < value(other)

    def __le__(self, other):
        return self.value <= value(other)

    def __gt__(self, other):
        return self.value > value(other)

    def __ge__(self, other):
        return self.value >= value(other)

    def __eq__(self, other):
        return self.value == value(other)

    def __ne__(self, other):
        return self.value != value(other)

    __hash__ = None  # type: ignore[assignment]


def variable(number):
    """The variable itself, at a number."""
    return Jet(number, 1.0)


def value(x):
    """The number of a jet or of a constant."""
    return x.value if isinstance(x, Jet) else x


def first(x):
    """The first derivative; None if it is zero."""
    return x.first if isinstance(x, Jet) else None


def second(x):
    """The second derivative; None if it is zero."""
    return x.second if isinstance(x, Jet) else None


def plus(a, b):
    """A sum of derivatives."""
    if a is None or b is None:
        return b if a is None else a
    return a + b


def times(a, b):
    """A product with a derivative; a literal 1, as the derivative of the variable itself, leaves no operation."""
    if a is None or b is None:
        return None
    for x, y in ((a, b), (b, a)):
        if isinstance(x, float) and abs(x) == 1.0:
            return y if x > 0.0 else -y
    return a * b


def minus(a, b):
    """A difference of derivatives."""
    return plus(a, times(-1.0, b))


def over(a, b):
    """A derivative divided by a number."""
    return None if a is None else a / b


def chain(x, number, slope, bend=None):
    """A function of a jet, by its value and derivatives there."""
    curved = times(bend, times(x.first, x.first))
    return Jet(number, times(slope, x.first), plus(curved, times(slope, x.second)))


def divide(a, b):
    quotient = value(a) / value(b)
    if not isinstance(b, Jet):
        inverse = 1.0 / b
        return Jet(quotient, times(first(a), inverse), times(second(a), inverse))
    inverse = 1.0 / b.value
    slope = times(minus(first(a), times(quotient, b.first)), inverse)
    turn = plus(times(times(2.0, slope), b.first), times(quotient, b.second))
    return Jet(quotient, slope, times(minus(second(a), turn), inverse))


def where(condition, a, b):
    def choose(x, y):
        if x is None and y is None:
            return None
        return ops.where(condition, 0.0 if x is None else x, 0.0 if y is None else y)

    members = choose(value(a), value(b)), choose(first(a), first(b)), choose(second(a), second(b))
    return Jet(*members)


def less(a, b):
    """Whether ``a`` is less than ``b``, or comes to be just right of here."""
    x, y = (number if number is not None else 0.0 for number in (first(a), first(b)))
    if isinstance(x, float) and isinstance(y, float):
        return value(a) <= value(b) if x < y else value(a) < value(b)
    return (value(a) < value(b)) | ((value(a) == value(b)) & (x < y))


def minimum(x, bound):
    return where(less(bound, x), bound, x)


def maximum(x, bound):
    return where(less(x, bound), bound, x)


def sqrt(x):
    root = ops.sqrt(x.value)
    inverse = 0.5 / root
    slope = times(inverse, x.first)
    return Jet(root, slope, minus(times(inverse, x.second), over(times(slope, slope), root)))


def sign(x):
    return Jet(ops.sign(x.value))


def power(x, p):
    if isinstance(p, Jet):
        if isinstance(x, Jet):
            return exp(p * log(x))
        number, rate = ops.power(x, p.value), ops.log(x)
        return chain(p, number, number * rate, number * rate * rate)
    v = x.value
    # From x**(p - 1), which is there where x**p has underflowed; beside 0 both quotients by x are exact enough.
    lower, zero = ops.power(v, p - 1.0), v == 0.0
    inverse = 1.0 / v
    slope = p * lower
    bend = (p - 1.0) * (slope * inverse)
    factor = p * (p - 1.0)
    if isinstance(p, float):
        at_zero = 0.0 if factor == 0.0 or p > 2.0 else 2.0 if p == 2.0 else factor * inverse
        slope = slope if p else 0.0 * v
    else:
        flat = (factor == 0.0) | (p > 2.0)
        at_zero = ops.where(flat, 0.0, ops.where(p == 2.0, 2.0, factor * inverse))
        slope = ops.where(p == 0.0, 0.0, slope)
    return chain(x, ops.power(v, p), slope, ops.where(zero, at_zero, bend))


def exp(x):
    e = ops.exp(x.value)
    return chain(x, e, e, e)


def expm1(x):
    e = ops.exp(x.value)
    return chain(x, ops.expm1(x.value), e, e)


def exprel(x):
    v = x.value
    near = abs(v) < 1.0
    short, far = ops.where(near, v, 0.0), ops.where(near, 1.0, v)
    # The derivative is the sum of (k + 1) x^k / (k + 2)!, the second that of (k + 1) (k + 2) x^k / (k + 3)!.
    slope, bend, factorial = 0.0, 0.0, SERIES
    for k in range(SERIES_TERMS, -1, -1):
        slope = slope * short + (k + 1.0) / factorial[k + 2]
        bend = bend * short + (k + 1.0) * (k + 2.0) / factorial[k + 3]
    relative, e = ops.exprel(v), ops.exp(far)
    far_slope = (e - ops.exprel(far)) / far
    slope = ops.where(near, slope, far_slope)
    bend = ops.where(near, bend, (e - 2.0 * far_slope) / far)
    return chain(x, relative, slope, bend)


SERIES_TERMS = 18
SERIES = [1.0]
for _k in range(1, SERIES_TERMS + 4):
    SERIES.append(SERIES[-1] * _k)


def logarithm(x, number, argument):
    """log of an argument whose derivatives are those of x: first / argument, whose square may not underflow apart."""
    inverse = 1.0 / argument
    slope = times(inverse, x.first)
    return Jet(number, slope, minus(times(inverse, x.second), times(slope, slope)))


def log(x):
    return logarithm(x, ops.log(x.value), x.value)


def log1p(x):
    return logarithm(x, ops.log1p(x.value), 1.0 + x.value)


def log1p_square(x):
    v = x.value
    size = abs(v)
    # v / (1 + v^2) and (1 - v^2) / (1 + v^2), divided by the larger of v^2 and 1, which may overflow
    large = size > 1.0
    other = ops.where(large, 1.0 / ops.where(large, v, 1.0), v)
    square = other * other
    below = 1.0 / (1.0 + square)
    slope = 2.0 * other * below
    scale = ops.where(large, square, 1.0)
    bend = 2.0 * ops.where(large, square - 1.0, 1.0 - square) * scale * below * below
    return chain(x, ops.log1p_square(v), slope, bend)


def tanh(x):
    e = ops.exp(-2.0 * abs(x.value))
    t = ops.tanh(x.value)
    slope = 4.0 * e / ((1.0 + e) * (1.0 + e))  # 1 - t^2 would cancel
    return chain(x, t, slope, -2.0 * (t * slope))


def _logistic(v):
    """The sigmoid, what it lacks to 1, and its derivative."""
    e = ops.exp(-abs(v))
    below = 1.0 / (1.0 + e)
    rest = e * below
    return ops.where(v < 0.0, rest, below), ops.where(v < 0.0, below, rest), rest * below


def expit(x):
    p, _, slope = _logistic(x.value)
    return chain(x, p, slope, -(slope * ops.tanh(0.5 * x.value)))


def softplus(x):
    p, _, slope = _logistic(x.value)
    return chain(x, ops.softplus(x.value), p, slope)


def logaddexp(a, b):
    p, q, slope = _logistic(value(a) - value(b))
    tilt = minus(first(a), first(b))
    bend = plus(times(p, second(a)), times(q, second(b)))
    return Jet(
        ops.logaddexp(value(a), value(b)),
        plus(times(p, first(a)), times(q, first(b))),
        plus(times(slope, times(tilt, tilt)), bend),
    )


def arctan(x):
    v = x.value
    slope = 1.0 / (1.0 + v * v)
    return chain(x, ops.arctan(v), slope, -2.0 * v * (slope * slope))


def lgamma(x):
    return by_recurrence(x, log, ops.lgamma, ops.digamma, ops.trigamma)


def digamma(x):
    return by_recurrence(x, lambda x: 1.0 / x, ops.digamma, ops.trigamma, ops.tetragamma)


def by_recurrence(x, step, function, derivative, second_derivative):
    """f(x), as f(x + 1) - step(x) below 1: of x = exp(z) no factor overflows where the product does not."""
    v = x.value
    near = v < 1.0
    y = ops.where(near, v + 1.0, v)
    slope, bend = derivative(y), second_derivative(y)
    curved = times(times(bend, x.first), x.first)
    far = Jet(function(v), times(slope, x.first), plus(curved, times(slope, x.second)))
    result = where(near, far - step(x), far)
    return Jet(far.value, result.first, result.second)


def log_ndtr(x):
    slope = ops.inverse_mills(x.value)
    return chain(x, ops.log_ndtr(x.value), slope, -(slope * ops.normal_excess(x.value)))
