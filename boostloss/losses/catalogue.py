"""The catalogue of losses, by class and by name."""

import ast
import math
from typing import Any

from boostloss.losses import custom
from boostloss.losses.barron import Barron, Cauchy, Charbonnier, GemanMcClure, Welsch
from boostloss.losses.base import Loss
from boostloss.losses.binary import Focal, Logistic
from boostloss.losses.location import Huber, LogCosh, Quantile, SquaredError
from boostloss.losses.records import restored

LOSSES: tuple[type[Loss], ...] = (
    SquaredError,
    Huber,
    LogCosh,
    Quantile,
    Barron,
    Charbonnier,
    Cauchy,
    GemanMcClure,
    Welsch,
    Logistic,
    Focal,
)


def from_string(text: str) -> Loss:
    """The loss that a text such as ``"Barron(alpha=-inf, scale=2.0)"`` describes; the inverse of ``repr``.

    Parameters
    ----------
    text : str
        A name, or a call with numbers as arguments; inf is a number here. Or what `to_string` returns of a loss of
        one's own, which need not be defined in this process. Nothing in the text is run.

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        If the text names no loss, or a parameter is unknown or not a number.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.from_string("Barron(alpha=-inf, scale=2.0)").alpha
    -inf
    >>> bl.from_string("Cauchy")
    Cauchy(scale=1.0)
    """
    if ";" in text:
        return restored(text)
    names = {loss.__name__: loss for loss in LOSSES} | custom.defined
    try:
        node: Any = ast.parse(text.strip(), mode="eval").body
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        loss = names[call.func.id]  # type: ignore[attr-defined]
        arguments = [_literal(argument) for argument in call.args]
        keywords = {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords}
    except (SyntaxError, KeyError, AttributeError, ValueError):
        raise ValueError(
            f"a loss is written like 'Huber(delta=2.0)', by one of the names {', '.join(names)}; got {text!r}."
        ) from None
    try:
        return loss(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{text!r}: {error}") from None


def to_string(loss: Loss) -> str:
    """The text from which `from_string` makes the loss again, in any process: what saved models keep.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    str
        One line.
    """
    return loss.record if isinstance(loss, custom.CustomLoss) else repr(loss)


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_literal(node.operand)
    if isinstance(node, ast.Name) and node.id == "inf":
        return math.inf
    return ast.literal_eval(node)
