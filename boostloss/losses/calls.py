"""A loss as text, a name or a call of constants, which is read and never run."""

import ast
import math
from typing import Any, NamedTuple

LONGEST = 10_000  # characters of a call


class Call(NamedTuple):
    """A name, and the arguments that it is called with: constants, or calls again."""

    name: str
    arguments: list[Any]
    keywords: dict[str, Any]


def call(text: str) -> Call:
    """The name, the arguments and the keywords of a call, or of a name alone.

    Raises
    ------
    ValueError
        If the text is no such call, or an argument neither a constant nor a call.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    try:
        return parts(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(str(error) or "it is nested too deeply") from None


def parts(node: ast.expr) -> Call:
    """Those of a call, as it has been parsed."""
    match node if isinstance(node, ast.Call) else ast.Call(node, [], []):
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            given = {str(keyword.arg): constant(keyword.value) for keyword in keywords}
            if len(given) < len(keywords):
                raise ValueError("a parameter is given twice")
            return Call(name, [constant(argument) for argument in arguments], given)
    raise ValueError("it is no loss with its parameters")


def constant(node: ast.expr) -> Any:
    """A number, which may be negative or inf, a text, a truth value, None, a call, or a list of such."""
    match node:
        case ast.Call():
            return parts(node)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [constant(element) for element in elements]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = constant(operand)
            if isinstance(value, int | float):
                return -value
        case ast.Name(id="inf"):
            return math.inf
        case ast.Name():
            return parts(node)
        case ast.Constant(value=int() | float() | str() | None):
            if isinstance(node.value, int) and node.value.bit_length() > 1023:
                raise ValueError("it holds a number that is too large")
            return node.value
    raise ValueError("an argument is no number")


def excerpt(text: str) -> str:
    """The text, quoted, or its beginning."""
    return repr(text if len(text) <= 200 else f"{text[:200]}...")
