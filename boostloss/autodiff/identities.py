"""Identities that keep digits: what a textbook writes, in the functions that lose none of them.

``1 - exp(-x)``, ``log(1 + exp(x))`` or ``log(1 / (1 + exp(-x)))`` cancel, overflow or underflow as they stand. Each
rule replaces an operation by one that is equal for every argument, and more exact for some.
"""

import math
from typing import Any

from boostloss.autodiff.symbols import Symbol, Tape, reached, record
from boostloss.ops import exp, expm1, log, log1p, where


def improved(result: Symbol) -> Symbol:
    """The same value by operations that keep digits."""
    values: dict[int, Any] = {}
    tape = Tape()
    for symbol in reached([result]):
        if symbol.operation == "argument":
            values[id(symbol)] = tape.argument(symbol.operands[0], symbol.known)
        else:
            operands = [values[id(x)] if isinstance(x, Symbol) else x for x in symbol.operands]
            values[id(symbol)] = rewritten(symbol.operation, operands)
    return values[id(result)]


def rewritten(operation: str, operands: list[Any]) -> Any:
    """An operation, or what says the same with more digits."""
    a, b = operands[0], operands[-1]
    match operation, *map(parts, operands):
        case "/", ("exp", u), ("+", 1.0, ("exp", v)) | ("+", ("exp", v), 1.0) if u is v:
            return record("expit", u)
        case "/", _, ("+", 1.0, ("exp", u)) | ("+", ("exp", u), 1.0):
            return a * record("expit", -u)
        case "/", _, ("*", _, _) if (
            b.operands[0] is b.operands[1] and sum_to(b.operands[0]) is not None
        ):
            p = record("expit", -sum_to(b.operands[0]))
            return a * (p * p)
        case "-", 1.0, ("expit", u):
            return record("expit", -u)
        case "-", 1.0, ("exp", u):
            return -record("expm1", u)
        case "-", ("exp", u), 1.0:
            return record("expm1", u)
        case "log", ("exp", u):
            return u
        case "log", ("expit", u):
            return -record("softplus", -u)
        case ("log", ("+", 1.0, ("exp", u)) | ("+", ("exp", u), 1.0)) | ("log1p", ("exp", u)):
            return record("softplus", u)
        case "log1p", ("neg", x) if kind(x) == "expit":
            return -record("softplus", x.operands[0])
        case ("log1p", ("neg", x)) if kind(x) == "exp":
            return log_of_rest(x.operands[0])
        case ("log", ("neg", x)) if kind(x) == "expm1":
            return log_of_rest(x.operands[0])
        case "log", ("+", 1.0, _):
            return record("log1p", a.operands[1])
        case "log", ("+", _, 1.0):
            return record("log1p", a.operands[0])
        case "log", ("-", 1.0, _):
            return record("log1p", -a.operands[1])
        case "log", ("*", 0.5, _) if (u := opposite(a.operands[1])) is not None:
            return log_cosh(u)
        case "power", ("+", 1.0, ("exp", u)) | ("+", ("exp", u), 1.0), _:
            return record("exp", b * record("softplus", u))
        case "power", ("expit", u), _:
            return record("exp", -(b * record("softplus", -u)))
    return record(operation, *operands)


def parts(x: Any) -> Any:
    """A symbol as its operation and its operands, as far as the rules look at them."""
    if kind(x) in {"exp", "expit", "neg"}:
        return x.operation, x.operands[0]
    if kind(x) in {"+", "-", "*"}:
        return x.operation, *(
            parts(y) if kind(y) in {"exp", "expit"} else leaf(y) for y in x.operands
        )
    return leaf(x)


def leaf(x: Any) -> Any:
    """What no rule looks into: symbols do not compare."""
    return ("symbol", x) if isinstance(x, Symbol) else x


def kind(x: Any) -> str:
    return x.operation if isinstance(x, Symbol) else ""


def sum_to(x: Any) -> Any:
    """u, of 1 + exp(u)."""
    match parts(x):
        case ("+", 1.0, ("exp", u)) | ("+", ("exp", u), 1.0):
            return u
    return None


def opposite(x: Any) -> Any:
    """u, of exp(u) + exp(-u)."""
    if kind(x) == "+" and all(kind(y) == "exp" for y in x.operands):
        u, v = (y.operands[0] for y in x.operands)
        if kind(v) == "neg" and v.operands[0] is u:
            return u
    return None


def log_of_rest(u: Any) -> Any:
    """log(1 - exp(u)) of u <= 0, a symbol or a jet: each of two ways loses the digits that the other has."""
    near = u > -math.log(2.0)
    close = log(-expm1(where(near, u, -1.0)))
    return where(near, close, log1p(-exp(where(near, -1.0, u))))


def log_cosh(u: Symbol) -> Any:
    """log cosh u: log1p(2 sinh(u/2)^2) near 0, where the logarithm of 2 would cancel."""
    size = abs(u)
    p, m = record("exp", -size), record("expm1", -size)
    near = size < 1.0
    far = record("where", near, 0.0, size - math.log(2.0))
    return far + record("log1p", record("where", near, 0.5 * m * m / p, p * p))
