"""Symbols: numbers that record what a formula does with them, to be written down and to be done again.

A function that is called with symbols leaves straight-line arithmetic in the language of `boostloss.ops`, with all
helpers, loops and constants resolved (see `traces`). NumPy's functions know symbols by NumPy's own protocols.

A parameter knows its number beside its name, so that a formula may ask ``if alpha == 2``: the trace is then that of
this number, and its tape names the parameters that were asked for. Data has no number: to ask for it is an error.
"""

import importlib
import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from boostloss import ops
from boostloss.ops import Operand

COMPARISONS: dict[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
CONDITIONS = COMPARISONS | {"&": operator.and_, "|": operator.or_}
OPERATORS = CONDITIONS | {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "neg": operator.neg,
    "abs": operator.abs,
}
OF_ONE: tuple[str, ...] = ("sqrt", "exp", "expm1", "exprel", "log", "log1p", "log1p_square")
OF_ONE += ("tanh", "expit", "softplus", "arctan", "sign", "lgamma", "digamma", "log_ndtr")
# What derivatives are written with, and a loss is not: jets know none of their own.
OF_DERIVATIVES = ("trigamma", "tetragamma", "inverse_mills", "normal_excess")
FUNCTIONS = (*OF_ONE, "where", "minimum", "maximum", "clip", "power", "logaddexp")
LONGEST = 20_000  # operations of a trace


class Symbol(Operand):
    """The result of one operation, or an argument, of a function that is traced."""

    __slots__ = ("known", "operands", "operation", "tape")
    rank = 1

    def __init__(self, tape: "Tape", operation: str, operands: tuple[Any, ...], known: Any):
        self.tape, self.operation, self.operands, self.known = tape, operation, operands, known

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or options:
            raise TypeError(f"np.{ufunc.__name__} takes one number for each of its arguments here")
        return _language().called(ufunc.__name__, *inputs)

    def __array_function__(self, function, types, args, options):
        return _language().called(function.__name__, *args, **options)

    def __array__(self, *args, **options):
        raise TypeError(
            f"a function of arrays is not in the language of losses, which has {_language().KNOWN}"
        )

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise TypeError(f"a loss is written for one row, a number that has no {name!r}")

    def __getitem__(self, key):
        raise TypeError("a loss is written for one row, a number that has no elements")

    __iter__ = __len__ = __getitem__

    def __bool__(self):
        if self.known is None:
            raise TypeError(
                "`if`, `and`, `or`, `not` and chained comparisons cannot ask for data: write "
                "np.where(condition, a, b), and conditions with & and |"
            )
        return bool(self.tape.asked(self))

    def __float__(self):
        if self.known is None:
            raise TypeError(
                f"a plain number is needed here, not data; the language has {_language().KNOWN}"
            )
        return float(self.tape.asked(self))

    def __int__(self):
        return int(float(self))

    def __index__(self):
        if not float(self).is_integer():
            raise TypeError(f"an integer is needed here, not {self.known!r}")
        return int(self)

    def __neg__(self):
        return record("neg", self)

    def __pos__(self):
        return operand(self)

    def __abs__(self):
        return record("abs", self)

    def __invert__(self):
        return record("==", where(self, 1.0, 0.0), 0.0)

    def __pow__(self, p):
        return power(self, p)

    def __rpow__(self, base):
        return power(base, self)

    __hash__ = object.__hash__


def _language() -> Any:
    """NumPy's names of the functions here, which are made of symbols."""
    return importlib.import_module("boostloss.autodiff.language")


def _operators(sign):
    def forward(a, b):
        return NotImplemented if _foreign(b) else record(sign, a, b)

    def reflected(b, a):
        return NotImplemented if _foreign(a) else record(sign, a, b)

    return forward, reflected


def _foreign(x):
    """Whether the operation is for the other operand to do: a jet of symbols."""
    return isinstance(x, Operand) and not isinstance(x, Symbol)


for _sign, _names in {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "&": "and",
    "|": "or",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "==": "eq",
    "!=": "ne",
}.items():
    _forward, _reflected = _operators(_sign)
    setattr(Symbol, f"__{_names}__", _forward)
    if _sign not in COMPARISONS:
        setattr(Symbol, f"__r{_names}__", _reflected)


class Tape:
    """What is recorded: every operation once, and the arguments whose numbers the function has asked for."""

    def __init__(self) -> None:
        self.symbols: dict[Any, Symbol] = {}
        self.inspected: set[str] = set()

    def argument(self, name: str, known: float | None = None) -> Any:
        """Data, or a parameter with its number."""
        return self._keep(name, Symbol(self, "argument", (name,), known))

    def operation(self, operation: str, operands: tuple[Any, ...]) -> Symbol:
        key = operation, *(id(x) if isinstance(x, Symbol) else repr(x) for x in operands)
        if key in self.symbols:
            return self.symbols[key]
        numbers = [x.known if isinstance(x, Symbol) else x for x in operands]
        known = None if None in numbers else applied(operation, numbers)
        return self._keep(key, Symbol(self, operation, operands, known))

    def asked(self, symbol: Symbol) -> Any:
        """The number of a parameter or of what is made of parameters alone."""
        self.inspected |= {x.operands[0] for x in reached([symbol]) if x.operation == "argument"}
        return symbol.known

    def _keep(self, key: Any, symbol: Symbol) -> Symbol:
        if len(self.symbols) == LONGEST:
            raise ValueError(f"a loss has at most {LONGEST} operations")
        self.symbols[key] = symbol
        return symbol


def reached(results: list[Any]) -> list[Symbol]:
    """The symbols that results are made of, operands first."""
    found: dict[int, Symbol] = {}
    waiting = [x for x in reversed(results) if isinstance(x, Symbol)]
    while waiting:
        symbol = waiting[-1]
        missing = [x for x in symbol.operands if isinstance(x, Symbol) and id(x) not in found]
        if missing:
            waiting += reversed(missing)
        else:
            found[id(waiting.pop())] = symbol
    return list(found.values())


def applied(operation: str, operands: list[Any]) -> Any:
    """An operation on numbers of any kind, jets and symbols among them."""
    function = OPERATORS.get(operation) or getattr(ops, operation)
    if not all(isinstance(x, float | bool) for x in operands):
        return function(*operands)
    with np.errstate(all="ignore"):
        result = function(*map(np.float64, operands))
    return bool(result) if operation in CONDITIONS else float(result)


def operand(x: Any) -> Any:
    """A symbol or a plain number to compute with; a condition counts as 1 or 0."""
    if isinstance(x, Symbol):
        return where(x, 1.0, 0.0) if x.operation in CONDITIONS else x
    if isinstance(x, str) or np.ndim(x) > 0:
        raise TypeError(f"a loss is made of numbers, one for each row, got {x!r}")
    return float(x)


def record(operation: str, *operands: Any) -> Any:
    """The symbol of an operation, or its number where all operands are plain numbers."""
    if operation == "where":
        return where(*operands)
    if operation in {"&", "|"}:
        if not all(map(is_condition, operands)):
            raise TypeError("& and | combine conditions, each in parentheses: (a < b) & (c < d)")
    else:
        operands = tuple(map(operand, operands))
    tapes = [x.tape for x in operands if isinstance(x, Symbol)]
    if not tapes:
        return applied(operation, list(operands))
    a, b = operands[0], operands[-1]
    if operation == "*" and 1.0 in (abs(x) for x in operands if isinstance(x, float)):
        x, factor = (b, a) if isinstance(a, float) else (a, b)
        return x if factor > 0.0 else -x
    if operation == "/" and _one(b):
        return a
    if operation == "/" and _one(a) and b.operation == "/" and _one(b.operands[0]):
        return b.operands[1]
    if operation == "neg" and a.operation == "neg":
        return a.operands[0]
    if operation in {"+", "-"} and isinstance(b, Symbol) and b.operation == "neg":
        return record("-" if operation == "+" else "+", a, b.operands[0])
    if operation == "+" and isinstance(a, Symbol) and a.operation == "neg":
        return record("-", b, a.operands[0])
    return tapes[0].operation(operation, operands)


def is_condition(x: Any) -> bool:
    return isinstance(x, bool | np.bool_) or (isinstance(x, Symbol) and x.operation in CONDITIONS)


def _one(x: Any) -> bool:
    return isinstance(x, float) and x == 1.0


def where(condition: Any, a: Any, b: Any) -> Any:
    if not isinstance(condition, Symbol):
        return a if condition else b
    if condition.operation not in CONDITIONS:
        condition = record("!=", condition, 0.0)
    return condition.tape.operation("where", (condition, operand(a), operand(b)))


def power(x: Any, p: Any) -> Any:
    """Products and roots where the exponent is a constant that allows it."""
    p = operand(p)
    if isinstance(p, Symbol) or not isinstance(x, Symbol):
        return record("power", x, p)
    if p == 0.0:
        return 1.0
    if p < 0.0 and 2.0 * p == int(2.0 * p):
        return 1.0 / power(x, -p)
    if p > 1.0 and 2.0 * p == int(2.0 * p) and p <= 16.0:
        half = power(x, p // 2.0)
        return half * half * power(x, p - 2.0 * (p // 2.0))
    exact: dict[float, Callable[..., Any]] = {0.5: lambda: record("sqrt", x), 1.0: lambda: x}
    return exact.get(p, lambda: record("power", x, p))()


def recorded(name):
    return lambda *operands: record(name, *operands)


def ordered(name: str) -> Callable[..., Any]:
    """minimum or maximum, data first: `ops` keeps a NaN there."""

    def function(x, *others):
        for other in others:
            data = isinstance(x, Symbol) and x.known is None
            x = record(name, *((x, other) if data else (other, x)))
        return x

    return function


Symbol.library = SimpleNamespace(
    where=where,
    power=power,
    minimum=ordered("minimum"),
    maximum=ordered("maximum"),
    **{name: recorded(name) for name in (*OF_ONE, *OF_DERIVATIVES, "logaddexp")},
)
