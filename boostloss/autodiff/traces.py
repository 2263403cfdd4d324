"""Traces: the value of a loss as straight-line arithmetic; its text, its derivatives, and the way back from the text.

A text is one line in Python's syntax: assignments and, last, the value. It is read on the syntax tree: numbers, the
names that the text defines, arithmetic, comparisons and the functions of `boostloss.ops`, nothing else. So what a
model file says of its loss is computed with, and never run.
"""

import ast
import hashlib
import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from boostloss import ops
from boostloss.autodiff.symbols import (
    CONDITIONS,
    FUNCTIONS,
    Symbol,
    Tape,
    applied,
    is_condition,
    reached,
    record,
    where,
)

PRECEDENCE = {"|": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "neg": 5}
DEEPEST = 8  # operations in one expression of a text
LONGEST_TEXT = 200_000


@dataclass(frozen=True, eq=False)
class Trace:
    """The value of a function of data and parameters, as recorded on a tape."""

    result: Symbol
    inspected: frozenset[str] = frozenset()  # parameters whose numbers the function has asked for

    @property
    def symbols(self) -> list[Symbol]:
        """All operations and arguments, operands first."""
        return reached([self.result])

    @property
    def text(self) -> str:
        """The value in one line."""
        return self.assigned("")

    def assigned(self, name: str) -> str:
        """The value in one line, with a name."""
        statements, (result,) = written([self.result])
        return "; ".join([*statements, f"{name} = {result}" if name else result])

    def replay(self, arguments: Mapping[str, Any]) -> Any:
        """The value at other numbers, which may be of any kind that `boostloss.ops` computes with."""
        return replayed([self.result], arguments)[0]


def replayed(results: Sequence[Any], arguments: Mapping[str, Any]) -> list[Any]:
    """What results are at other numbers for the arguments."""
    values: dict[int, Any] = {}

    def of(x):
        return values[id(x)] if isinstance(x, Symbol) else x

    for symbol in reached(list(results)):
        if symbol.operation == "argument":
            values[id(symbol)] = arguments[symbol.operands[0]]
        else:
            values[id(symbol)] = applied(symbol.operation, [of(x) for x in symbol.operands])
    return [of(x) for x in results]


def written(
    results: Sequence[Any], rename: Mapping[str, str] | None = None
) -> tuple[list[str], list[str]]:
    """Assignments and expressions for results; what is used twice, or lies too deep, gets a name."""
    symbols = reached(list(results))
    arguments = {x.operands[0] for x in symbols if x.operation == "argument"}
    prefix = "t"
    while any(name.startswith(prefix) and name[len(prefix) :].isdigit() for name in arguments):
        prefix += "t"
    uses: dict[int, int] = {}
    for x in [*(x for symbol in symbols for x in symbol.operands), *results]:
        uses[id(x)] = uses.get(id(x), 0) + 1
    last = {id(x) for x in results}
    statements: list[str] = []
    expressions: dict[int, tuple[str, int, int]] = {}  # with precedence and depth

    def of(x, least=0):
        text, precedence, _ = expressions[id(x)] if isinstance(x, Symbol) else (repr(x), 9, 0)
        if not isinstance(x, Symbol) and text.startswith("-"):
            precedence = PRECEDENCE["neg"]
        return text if precedence >= least else f"({text})"

    for symbol in symbols:
        operation, operands = symbol.operation, symbol.operands
        if operation == "argument":
            name = operands[0]
            expressions[id(symbol)] = (rename or {}).get(name, name), 9, 0
            continue
        precedence = PRECEDENCE.get(operation, 0 if operation in CONDITIONS else 9)
        if operation == "neg":
            text = "-" + of(operands[0], precedence)
        elif operation in PRECEDENCE or operation in CONDITIONS:
            left = of(operands[0], precedence + (operation in CONDITIONS))
            text = f"{left} {operation} {of(operands[1], precedence + 1)}"
        else:
            text = f"{operation}({', '.join(of(x) for x in operands)})"
        depth = 1 + max(expressions[id(x)][2] for x in operands if isinstance(x, Symbol))
        if uses[id(symbol)] > 1 or (depth >= DEEPEST and id(symbol) not in last):
            name = f"{prefix}{len(statements)}"
            statements.append(f"{name} = {text}")
            text, precedence, depth = name, 9, 0
        expressions[id(symbol)] = text, precedence, depth
    return statements, [of(x) for x in results]


def read(text: str, arguments: Iterable[str], known: Mapping[str, float]) -> dict[str, Trace]:
    """The traces that a text describes, of data and of parameters with their numbers; that of the value is under "".

    Raises
    ------
    ValueError
        If the text is anything but assignments and a value in the language of losses.
    """
    tape = Tape()
    names: dict[str, Any] = {name: tape.argument(name, known.get(name)) for name in arguments}
    try:
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"it is longer than {LONGEST_TEXT} characters")
        *assignments, last = ast.parse(text).body or [ast.Pass()]
        for statement in assignments:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=expression):
                    names[name] = _evaluated(expression, names)
                case _:
                    raise ValueError(f"{ast.unparse(statement)!r} is no assignment")
        if not isinstance(last, ast.Expr):
            raise ValueError("it does not end in a value")
        names[""] = _evaluated(last.value, names)
    except (SyntaxError, RecursionError, MemoryError, TypeError, ArithmeticError) as error:
        raise ValueError(str(error)) from None
    traces = {name: Trace(x) for name, x in names.items() if isinstance(x, Symbol)}
    value = traces[""].symbols if "" in traces else []
    if not any(x.operation == "argument" and x.known is None for x in value) or is_condition(
        names[""]
    ):
        raise ValueError("its value does not depend on the prediction")
    return traces


SIGNS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def _evaluated(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What an expression of the language records; anything else is an error."""
    match node:
        case ast.Constant(value=bool(number)):
            return number
        case ast.Constant(value=float(number) | int(number)):
            return float(number)
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Name(id="inf" | "nan"):
            return float(node.id)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return -_evaluated(x, names)
        case ast.BinOp(left=a, op=sign, right=b) if type(sign) in SIGNS:
            return record(SIGNS[type(sign)], _evaluated(a, names), _evaluated(b, names))
        case ast.Compare(left=a, ops=[sign], comparators=[b]) if type(sign) in SIGNS:
            return record(SIGNS[type(sign)], _evaluated(a, names), _evaluated(b, names))
        case ast.Call(func=ast.Name(id="abs"), args=[x], keywords=[]):
            return record("abs", _evaluated(x, names))
        case ast.Call(func=ast.Name(id="where"), args=[c, a, b], keywords=[]):
            return where(*(_evaluated(x, names) for x in (c, a, b)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            if len(arguments) != ARITY.get(name, 1):
                raise ValueError(f"{name} takes {ARITY.get(name, 1)} numbers")
            return record(name, *(_evaluated(x, names) for x in arguments))
    raise ValueError(f"{ast.unparse(node)!r} is not in the language of losses")


ARITY = {"minimum": 2, "maximum": 2, "clip": 3, "power": 2, "logaddexp": 2}


@lru_cache(maxsize=1024)
def compiled(name: str, arguments: tuple[str, ...], body: tuple[str, ...]) -> Callable[..., Any]:
    """A function of the language of `boostloss.ops`, once for each text that was written by `written`.

    Its globals are those of `boostloss.ops`: of a module that can be imported, which torch's compiler needs.
    """
    lines = "".join(f"    {line}\n" for line in body)
    source = f"def {name}({', '.join(arguments)}):\n{lines}"
    space: dict[str, Any] = {}
    exec(compile(source, f"<{name} of boostloss>", "exec"), vars(ops), space)
    function = space[name]
    function.__module__ = __name__
    function.__qualname__ = f"{name}_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    function.source = source
    return function


def safe(names: Sequence[str]) -> dict[str, str]:
    """Names for the arguments of a function that hide no other name."""
    taken = {*vars(ops), *keyword.kwlist, *names}
    return {
        name: name if name not in {*vars(ops), *keyword.kwlist} else _free(name, taken)
        for name in names
    }


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
