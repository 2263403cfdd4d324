"""What is compared: the losses of boostloss, and beside them each library's own objectives."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.data import InputError, Task
from boostloss.compare.metrics import Level
from boostloss.losses.base import Loss
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution
from boostloss.losses.sides import AdaptiveAsymmetric

# The losses that are compared when none is asked for.
LOSSES = {
    "regression": (
        "SquaredError", "Huber", "LogCosh", "Barron", "Charbonnier", "Cauchy", "GemanMcClure", "Welsch",
        "Quantile(quantile=0.1)", "Quantile(quantile=0.5)", "Quantile(quantile=0.9)",
    ),
    "binary": ("Logistic", "Focal(gamma=1.0)", "Focal(gamma=2.0)"),
    "multiclass": ("Logistic", "Focal(gamma=1.0)", "Focal(gamma=2.0)"),
}  # fmt: skip

COUNTS = "Poisson", "Tweedie(power=1.5)"  # beside them where the target holds counts

# What is compared where whole distributions are judged; the log-normal one where all targets are above 0.
DISTRIBUTIONS = "Normal", "LogNormal", "Laplace", "StudentT"

WHAT = {
    "quantiles": "several quantiles",
    "multiclass": "more than two classes",
    "distributions": "distributions",
}

# Huber's threshold for a library's own objective, in standard deviations of the residuals: it keeps 95 % of least
# squares' efficiency where the errors are normal (Holland & Welsch 1977, "Robust regression using iteratively
# reweighted least-squares", table 1). Our losses adapt.
HUBER = 1.345


@dataclass(frozen=True)
class Candidate:
    """One line of the comparison.

    Attributes
    ----------
    library : str
        The name of its record, a key of `boostloss.boosting.libraries.LIBRARIES`.
    objective : Loss or str
        A loss of boostloss, or one of the library's own objectives.
    quantile : float, tuple of float or None
        The level or levels at which it is judged; None in the main comparison.
    distribution : bool
        Whether it is judged by the whole distribution that it predicts.
    """

    library: str
    objective: Loss | str
    quantile: Level = None
    distribution: bool = False

    @property
    def own(self) -> bool:
        return isinstance(self.objective, str)

    @property
    def family(self) -> Distribution | None:
        """The distribution that its raw predictions describe; None where none is judged."""
        return cast(Distribution, self.minimised(1.0)) if self.distribution else None

    @property
    def side(self) -> tuple[str, bool]:
        """With whom it competes for a place in the verdicts: library, and whether own."""
        return self.library, self.own

    def at(self, scale: float) -> Loss | str:
        """The objective for residuals of this scale."""
        if isinstance(self.objective, Loss):
            return self.objective
        return self._filled(self.objective, scale)

    def minimised(self, scale: float) -> Loss:
        """The loss, or the one of boostloss that the own objective minimises."""
        if isinstance(self.objective, Loss):
            return self.objective
        text = LIBRARIES[self.library].minimised[self.objective]
        return boostloss.from_string(self._filled(text, scale))

    def _filled(self, text: str, scale: float) -> str:
        level = self.quantile
        levels = list(level) if isinstance(level, tuple) else [level]
        return text.format(
            huber=float(f"{scale * HUBER:.3g}"),
            quantile=levels if isinstance(level, tuple) else level,
            listed=",".join(map(str, levels)),
        )


def describe(objective: Loss | str) -> str:
    """The objective and its parameters, in the form that `boostloss.from_string` reads."""
    return re.sub(r"(?<=\d)\.0\b|, alpha=None", "", str(objective))


def installed_libraries(wanted: Iterable[str] = ()) -> list[str]:
    """The libraries to use, those asked for or all; an `InputError` where one is missing."""
    wanted = list(wanted)
    found = [name for name, library in LIBRARIES.items() if library.installed]
    for library in wanted:
        if library not in LIBRARIES:
            raise InputError(f"--library: {library!r} is none of {', '.join(LIBRARIES)}")
        if library not in found:
            raise InputError(
                f"--library: {library} is not installed: pip install 'boostloss[{library}]'"
            )
    if not found:
        raise InputError("no boosting library is installed: pip install 'boostloss[all]'")
    return [library for library in found if library in wanted or not wanted]


def list_candidates(
    task: Task,
    libraries: list[str],
    losses: Iterable[str] = (),
    quantiles: Iterable[float] = (),
    counts: bool = False,
    distributions: bool = False,
    positive: bool = False,
) -> list[Candidate]:
    """All candidates, in the order in which they are fitted.

    Parameters
    ----------
    losses : iterable of str
        Losses as `boostloss.from_string` reads them; a shape or scale that is not given adapts.
        All that suit the task by default, if no quantiles are asked for. A quantile other than the
        median has a comparison of its own, and so have several from one model.
    quantiles : iterable of float
        Levels of a further loss, `boostloss.Quantile`: of one prediction, or of several by one model.
    counts : bool, default False
        Whether losses of counts suit the task as well. Beside them, or where they are asked for, stand the libraries'
        own.
    distributions : bool, default False
        Whether whole distributions are judged in the main comparison, of losses that predict one.
    positive : bool, default False
        Whether distributions of targets above 0 suit the task as well.
    """
    asked = dict.fromkeys(losses, "--loss")
    if levels := sorted(set(quantiles)):
        asked |= {f"Quantile({levels if len(levels) > 1 else levels[0]})": "--quantile"}
    suited = (*LOSSES[task], *(COUNTS if counts else ()))
    if distributions:
        suited = tuple(name for name in DISTRIBUTIONS if positive or name != "LogNormal")
    asked = asked or dict.fromkeys(suited, "--loss")
    ours = [_parse(text, task, option) for text, option in asked.items()]
    for (loss, quantile), (text, option) in zip(ours, asked.items(), strict=True):
        if distributions and quantile is None and not isinstance(loss, Distribution):
            raise InputError(
                f"{option} {text!r} predicts no distribution, which --metric nll and crps judge; "
                f"{', '.join(DISTRIBUTIONS)} do"
            )
        if distributions and isinstance(loss, Distribution) and loss.discrete:
            raise InputError(
                f"{option} {text!r} is a distribution of counts, whose probabilities cannot be compared with densities"
            )
    judged = {quantile for _, quantile in ours}
    amounts = any(loss.link_name == "log" for loss, _ in ours)
    result = []
    for name in libraries:
        library = LIBRARIES[name]
        own = library.own_objectives
        main = own["distributions" if distributions else task] if None in judged else ()
        result += [Candidate(name, text, None, distributions) for text in main]
        result += [Candidate(name, text) for text in own["amounts"] if amounts]
        for quantile in sorted(judged - {None}, key=group_order):
            texts = own[outputs(task, quantile) or "quantile"]
            result += [Candidate(name, text, quantile) for text in texts]
        result += [
            Candidate(name, loss, quantile, distributions and quantile is None)
            for loss, quantile in ours
            if outputs(task, quantile, distributions) in (None, *library.several)
        ]
    return result


def group_order(quantile: Level) -> tuple[bool, bool, float | tuple[float, ...]]:
    """What sorts the comparisons: the main one, quantiles, several quantiles."""
    return quantile is not None, isinstance(quantile, tuple), quantile or 0.0


def outputs(task: Task, quantile: Level, distribution: bool = False) -> str | None:
    """Of which kind several outputs are, as the libraries' records name it; None of one output."""
    if isinstance(quantile, tuple):
        return "quantiles"
    if distribution and quantile is None:
        return "distributions"
    return "multiclass" if task == "multiclass" else None


def lacking(task: Task, libraries: list[str], candidates: list[Candidate]) -> list[str]:
    """Which libraries have no candidates of boostloss in some comparison, in sentences."""
    kinds = {outputs(task, c.quantile, c.distribution) for c in candidates} - {None}
    return [
        f"{LIBRARIES[name].title} is compared with its own objective only: boostloss does not train "
        f"{WHAT[kind]} in it."
        for name in libraries
        for kind in sorted(map(str, kinds))
        if kind not in LIBRARIES[name].several
    ]


def _parse(text: str, task: Task, option: str) -> tuple[Loss, Level]:
    """The loss, and the level or levels at which it is judged."""
    try:
        loss = boostloss.from_string(text)
    except (ValueError, TypeError) as error:
        raise InputError(f"{option} {text!r}: {error}") from error
    if loss.task != ("binary" if task == "multiclass" else task):
        raise InputError(f"{option} {text!r} is for a {loss.task} task, and this is {task}")
    if isinstance(loss, Columns):
        if loss.kind is not boostloss.Quantile:
            raise InputError(
                f"{option} {text!r}: of losses with several levels Quantile is compared"
            )
        return loss, loss.levels
    if isinstance(loss, boostloss.Quantile):
        return loss, (None if loss.quantile == 0.5 else loss.quantile)
    if _costs_differ(loss):
        raise InputError(
            f"{option} {text!r} costs more on one side, which no metric here judges; where costs grow in proportion "
            "to the error, Quantile(level) is compared by its own"
        )
    return loss, None


def _costs_differ(loss: Loss) -> bool:
    """Whether an error costs more on one side, so that no mean and no median is what is predicted."""
    if isinstance(loss, boostloss.Expectile):
        return loss.expectile != 0.5
    if isinstance(loss, AdaptiveAsymmetric):
        loss = loss.example
    return isinstance(loss, boostloss.Linex) or (
        isinstance(loss, boostloss.Asymmetric) and loss.ratio != 1.0
    )
