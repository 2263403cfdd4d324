"""The catalogue of losses, by class and by name."""

from boostloss.losses import custom
from boostloss.losses.barron import Barron, Cauchy, Charbonnier, GemanMcClure, Welsch
from boostloss.losses.base import Loss
from boostloss.losses.binary import Focal, Logistic
from boostloss.losses.calls import call, excerpt
from boostloss.losses.label_noise import (
    BiTemperedLogistic,
    GeneralizedCrossEntropy,
    SymmetricCrossEntropy,
)
from boostloss.losses.location import Expectile, Huber, LogCosh, Quantile, SquaredError
from boostloss.losses.records import restored

LOSSES: tuple[type[Loss], ...] = (
    SquaredError,
    Huber,
    LogCosh,
    Quantile,
    Expectile,
    Barron,
    Charbonnier,
    Cauchy,
    GemanMcClure,
    Welsch,
    Logistic,
    Focal,
    GeneralizedCrossEntropy,
    SymmetricCrossEntropy,
    BiTemperedLogistic,
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
    TypeError
        If it is no text.
    ValueError
        If the text names no loss, or a parameter is unknown, given twice or not valid.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.from_string("Barron(alpha=-inf, scale=2.0)").alpha
    -inf
    >>> bl.from_string("Cauchy")
    Cauchy(scale='adaptive')
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str such as 'Huber(delta=2.0)', got {text!r}.")
    if ";" in text:
        return restored(text)
    names = {loss.__name__: loss for loss in LOSSES} | custom.defined
    try:
        name, arguments, keywords = call(text)
        loss = names[name]
    except (KeyError, ValueError):
        raise ValueError(
            f"a loss is written like 'Huber(delta=2.0)', by one of the names {', '.join(names)}; got {excerpt(text)}."
        ) from None
    try:
        return loss(*arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{excerpt(text)}: {error}") from None


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
