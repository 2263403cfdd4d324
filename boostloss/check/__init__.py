"""Is a loss what it says? Its derivatives, curvature, best constant, weights and backends, one by one.

>>> import boostloss as bl
>>> bl.check_loss(bl.Huber(2.0), libraries=False).passed
True
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from boostloss.check import distributions, mathematics
from boostloss.check.backends import backends, same_record
from boostloss.check.rows import Failure, Skipped
from boostloss.losses.adaptive import Adaptive
from boostloss.losses.base import Loss
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution

__all__ = ["Check", "Report", "check_loss"]


@dataclass(frozen=True)
class Check:
    """One question to a loss and its answer.

    Attributes
    ----------
    name : str
        What must hold.
    passed : bool or None
        Whether it does; None where it need not.
    detail : str
        A figure, or what is wrong.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.check_loss(bl.Huber(2.0), libraries=False).checks[0].name
    'derivatives in float64'
    """

    name: str
    passed: bool | None
    detail: str


@dataclass(frozen=True)
class Report:
    """What `check_loss` has found; ``print`` shows a line for each check.

    Attributes
    ----------
    loss : Loss
    checks : tuple of Check

    Examples
    --------
    >>> import boostloss as bl
    >>> report = bl.check_loss(bl.Huber(2.0), libraries=False)
    >>> report.passed
    True
    >>> [check.name for check in report.checks if check.passed is False]
    []
    """

    loss: Loss
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check has failed."""
        return all(check.passed is not False for check in self.checks)

    def __str__(self) -> str:
        words = {True: "passed", False: "FAILED", None: "noted"}
        lines = [f"{words[x.passed]:8} {x.name}: {x.detail}" for x in self.checks]
        return "\n".join([repr(self.loss), *lines])


def check_loss(loss: Loss, *, accuracy: float = 1e-10, libraries: bool = True) -> Report:
    """Test a loss or a distribution, one of the catalogue or one of your own.

    Needs mpmath, which ``pip install boostloss[check]`` brings.

    Parameters
    ----------
    loss : Loss
        An adaptive one is tested with the parameters that suit normal residuals.
    accuracy : float, default 1e-10
        The relative error of a derivative that is allowed in float64; 1e9 times as much, at most 1e-3, in float32.
    libraries : bool, default True
        Whether to train a few trees in each boosting library that is installed, and to compute in torch if it is.

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        If it is no `Loss`.
    ValueError
        If it has several levels, such as ``Quantile([0.1, 0.9])``: each is a loss of its own.
    ModuleNotFoundError
        If mpmath is not installed.

    Examples
    --------
    >>> import boostloss as bl
    >>> report = bl.check_loss(bl.LogCosh(0.5), libraries=False)
    >>> print(str(report).splitlines()[1])
    passed   derivatives in float64: relative error at most 1e-10 at 31 points
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss such as boostloss.Huber(), got {loss!r}.")
    if isinstance(loss, Columns):
        raise ValueError(f"loss must have one level to be checked, got {loss!r}.")
    if importlib.util.find_spec("mpmath") is None:
        raise ModuleNotFoundError("check_loss needs mpmath: pip install 'boostloss[check]'")
    fixed = loss
    if isinstance(loss, Adaptive):
        fixed = loss.fitted(np.random.default_rng(0).standard_normal(1000))
    asked = distributions if isinstance(loss, Distribution) else mathematics
    checks = [_answer(name, function, fixed) for name, function in asked.questions(accuracy)]
    checks.append(_answer("record", same_record, loss))
    if libraries:
        checks += [_answer(name, function, loss) for name, function in backends(fixed)]
    return Report(loss, tuple(checks))


def _answer(name: str, function: Callable[[Loss], str], loss: Loss) -> Check:
    try:
        return Check(name, True, function(loss))
    except Skipped as reason:
        return Check(name, None, str(reason))
    except Failure as failure:
        return Check(name, False, str(failure))
    except Exception as error:  # a loss of one's own may raise anything
        return Check(name, False, f"{type(error).__name__}: {error}")
