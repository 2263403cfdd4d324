"""The catalogue of losses, by class and by name."""

from typing import Any

from boostloss.losses import tables
from boostloss.losses.barron import Barron, Cauchy, Charbonnier, GemanMcClure, Welsch
from boostloss.losses.barron_likelihood import BarronLikelihood
from boostloss.losses.base import Loss
from boostloss.losses.binary import Focal, Logistic
from boostloss.losses.calls import Call, call, excerpt
from boostloss.losses.counts import Gamma, NegativeBinomial, Poisson, Tweedie
from boostloss.losses.dispersions import GammaDistribution, NegativeBinomialDistribution
from boostloss.losses.distributions import Distribution
from boostloss.losses.free_student_t import FreeStudentT
from boostloss.losses.label_noise import (
    BiTemperedLogistic,
    GeneralizedCrossEntropy,
    SymmetricCrossEntropy,
)
from boostloss.losses.location import Huber, LogCosh, SmoothL1, SquaredError
from boostloss.losses.location_scale import (
    Laplace,
    LogLogistic,
    LogNormal,
    Normal,
    StudentT,
    Weibull,
)
from boostloss.losses.margins import Exponential, Hinge, ModifiedHuber, SquaredHinge
from boostloss.losses.quantiles import AbsoluteError, EpsilonInsensitive, Expectile, Quantile
from boostloss.losses.records import restored
from boostloss.losses.robust import Fair, PseudoHuber, Tukey
from boostloss.losses.shares import CrossEntropy, KLDivergence
from boostloss.losses.sides import Asymmetric, Linex
from boostloss.losses.traced import Traced, defined

LOSSES: tuple[type[Loss], ...] = (
    SquaredError,
    AbsoluteError,
    Huber,
    SmoothL1,
    PseudoHuber,
    LogCosh,
    Fair,
    Quantile,
    Expectile,
    EpsilonInsensitive,
    Asymmetric,
    Linex,
    Barron,
    Charbonnier,
    Cauchy,
    GemanMcClure,
    Welsch,
    Tukey,
    Poisson,
    Gamma,
    Tweedie,
    NegativeBinomial,
    CrossEntropy,
    KLDivergence,
    Logistic,
    Focal,
    GeneralizedCrossEntropy,
    SymmetricCrossEntropy,
    BiTemperedLogistic,
    Hinge,
    SquaredHinge,
    ModifiedHuber,
    Exponential,
)

DISTRIBUTIONS: tuple[type[Distribution], ...] = (
    Normal,
    LogNormal,
    Laplace,
    StudentT,
    BarronLikelihood,
    LogLogistic,
    Weibull,
    GammaDistribution,
    NegativeBinomialDistribution,
    FreeStudentT,
)
KNOWN: tuple[type[Loss], ...] = (*LOSSES, *tables.LOSSES_OF_TABLES, *DISTRIBUTIONS)


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
    names = {loss.__name__: loss for loss in KNOWN} | defined

    unreadable = ValueError(
        f"a loss is written like 'Huber(delta=2.0)', by one of the names {', '.join(names)}; got {excerpt(text)}."
    )

    def made(given: Any) -> Any:
        if not isinstance(given, Call):
            return given
        keywords = {name: made(value) for name, value in given.keywords.items()}
        return names[given.name](*map(made, given.arguments), **keywords)

    try:
        described = call(text)
    except ValueError:
        raise unreadable from None
    try:
        return made(described)
    except KeyError:
        raise unreadable from None
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
    return loss.record if isinstance(loss, Traced) else repr(loss)
