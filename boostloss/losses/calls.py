"""A loss as text, a name or a call of constants, which is read and never run."""

import ast
import math
from typing import Any

LONGEST = 10_000  # characters of a call


def call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """The name, the arguments and the keywords of a call, or of a name alone.

    Raises
    ------
    ValueError
        If the text is no such call, or an argument no constant.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    try:
        return parts(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(str(error) or "it is nested too deeply") from None


def parts(node: ast.expr) -> tuple[str, list[Any], dict[str, Any]]:
    """Those of a call, as it has been parsed."""
    match node if isinstance(node, ast.Call) else ast.Call(node, [], []):
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            given = {str(keyword.arg): constant(keyword.value) for keyword in keywords}
            if len(given) < len(keywords):
                raise ValueError("a parameter is given twice")
            return name, [constant(argument) for argument in arguments], given
    raise ValueError("it is no loss with its parameters")


def constant(node: ast.expr) -> Any:
    """A number, which may be negative or inf, a text, a truth value, None, or a list of such."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [constant(element) for element in elements]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = constant(operand)
            if isinstance(value, int | float):
                return -value
        case ast.Name(id="inf"):
            return math.inf
        case ast.Constant(value=int() | float() | str() | None):
            if isinstance(node.value, int) and node.value.bit_length() > 1023:
                raise ValueError("it holds a number that is too large")
            return node.value
    raise ValueError("an argument is no number")


def excerpt(text: str) -> str:
    """The text, quoted, or its beginning."""
    return repr(text if len(text) <= 200 else f"{text[:200]}...")
