"""What a loss of one's own may call: NumPy's names, those of `math` and of `scipy.special`, on symbols.

What has no function in `boostloss.ops` is written in those that have.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from boostloss.autodiff.symbols import OF_ONE, ordered, power, record, recorded, where


def clip(x, a_min=None, a_max=None, min=None, max=None):
    low, high = (min if a_min is None else a_min), (max if a_max is None else a_max)
    x = x if low is None else ordered("maximum")(x, low)
    return x if high is None else ordered("minimum")(x, high)


def log(x, base=None):
    return record("log", x) if base is None else record("log", x) / math.log(base)


def cosh(x):
    return 0.5 * (record("exp", x) + record("exp", -x))


def sinh(x):
    return 0.5 * (record("expm1", x) - record("expm1", -x))


def _operator(sign):
    return lambda a, b: record(sign, a, b)


# NumPy's names, math's and scipy.special's, for what a loss may call.
LANGUAGE: dict[str, Callable[..., Any]] = {
    **{name: recorded(name) for name in (*OF_ONE, "logaddexp")},
    **{
        name: ordered(short)
        for short in ("minimum", "maximum")
        for name in (short, f"f{short[:3]}")
    },
    "where": where,
    "clip": clip,
    "power": power,
    "float_power": power,
    "pow": power,
    "log": log,
    "abs": operator.abs,
    "absolute": operator.abs,
    "fabs": operator.abs,
    "cosh": cosh,
    "sinh": sinh,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "log2": lambda x: log(x, 2.0),
    "log10": lambda x: log(x, 10.0),
    "atan": recorded("arctan"),
    "gammaln": recorded("lgamma"),
    "loggamma": recorded("lgamma"),
    "psi": recorded("digamma"),
    "exp2": lambda x: record("exp", math.log(2.0) * x),
    "negative": operator.neg,
    "hypot": lambda a, b: record("sqrt", a * a + b * b),
    "positive": operator.pos,
    "log_expit": lambda x: -record("softplus", -x),
    "logical_not": operator.invert,
    "xlogy": lambda a, b: where(a == 0.0, 0.0, a * record("log", b)),
    "add": _operator("+"),
    "subtract": _operator("-"),
    "multiply": _operator("*"),
    "divide": _operator("/"),
    "true_divide": _operator("/"),
    "less": _operator("<"),
    "less_equal": _operator("<="),
    "greater": _operator(">"),
    "greater_equal": _operator(">="),
    "equal": _operator("=="),
    "not_equal": _operator("!="),
    "logical_and": _operator("&"),
    "logical_or": _operator("|"),
    "bitwise_and": _operator("&"),
    "bitwise_or": _operator("|"),
    "invert": operator.invert,
}
KNOWN = "where, minimum, maximum, clip, abs, sign, sqrt, square, power, exp, expm1, log, log1p, tanh, sinh, cosh, "
KNOWN += "arctan, logaddexp, expit, softplus, xlogy, lgamma, digamma, log_ndtr, + - * / **, comparisons, & and |"


def called(name: str, *operands: Any, **options: Any) -> Any:
    """A function of NumPy, math or scipy.special on symbols."""
    if name not in LANGUAGE:
        raise TypeError(f"{name} is not in the language of losses, which has {KNOWN}")
    return LANGUAGE[name](*operands, **options)
