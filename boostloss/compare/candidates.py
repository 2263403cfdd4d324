"""What is compared: the losses of boostloss, and beside them each library's own objectives."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.data import InputError, Task
from boostloss.losses.base import Loss

# The losses that are compared when none is asked for.
LOSSES = {
    "regression": (
        "SquaredError", "Huber", "LogCosh", "Barron", "Charbonnier", "Cauchy", "GemanMcClure", "Welsch",
        "Quantile(quantile=0.1)", "Quantile(quantile=0.5)", "Quantile(quantile=0.9)",
    ),
    "binary": ("Logistic", "Focal(gamma=1.0)", "Focal(gamma=2.0)"),
}  # fmt: skip

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
    quantile : float or None
        The level at which it is judged; None in the main comparison.
    """

    library: str
    objective: Loss | str
    quantile: float | None = None

    @property
    def own(self) -> bool:
        return isinstance(self.objective, str)

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
        return text.format(huber=float(f"{scale * HUBER:.3g}"), quantile=self.quantile)


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
    task: Task, libraries: list[str], losses: Iterable[str] = ()
) -> list[Candidate]:
    """All candidates, in the order in which they are fitted.

    Parameters
    ----------
    losses : iterable of str
        Losses as `boostloss.from_string` reads them; a shape or scale that is not given adapts.
        All that suit the task by default. A quantile other than the median has a comparison of
        its own.
    """
    ours = [_parse(text, task) for text in dict.fromkeys(losses or LOSSES[task])]
    levels = sorted({quantile for _, quantile in ours if quantile is not None})
    main = any(quantile is None for _, quantile in ours)
    result = []
    for library in libraries:
        own = LIBRARIES[library].own_objectives
        result += [Candidate(library, text) for text in own[task] if main]
        result += [Candidate(library, text, q) for q in levels for text in own["quantile"]]
        result += [Candidate(library, *loss) for loss in ours]
    return result


def _parse(text: str, task: Task) -> tuple[Loss, float | None]:
    """The loss, and the level at which it is judged."""
    try:
        loss = boostloss.from_string(text)
    except (ValueError, TypeError) as error:
        raise InputError(f"--loss {text!r}: {error}") from error
    if loss.task != task:
        raise InputError(f"--loss {text!r} is for a {loss.task} task, and this is {task}")
    if isinstance(loss, boostloss.Quantile):
        return loss, (None if loss.quantile == 0.5 else loss.quantile)
    return loss, None
