"""What is compared: the losses of boostloss, and beside them each library's own objectives."""

import ast
import dataclasses
import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np

import boostloss
from boostloss.compare.data import InputError, Task
from boostloss.loss import Loss

LIBRARIES = {"xgboost": "XGBoost", "lightgbm": "LightGBM", "catboost": "CatBoost"}

# The losses that are compared when none is asked for.
LOSSES = {
    "regression": (
        "SquaredError", "Huber", "LogCosh", "Charbonnier", "Cauchy", "GemanMcClure", "Welsch",
        "Quantile(quantile=0.1)", "Quantile(quantile=0.5)", "Quantile(quantile=0.9)",
    ),
    "binary": ("Logistic", "Focal(gamma=1.0)", "Focal(gamma=2.0)"),
}  # fmt: skip

# The libraries' own objectives, as the table shows them. {huber} takes Huber's tuned threshold,
# {quantile} the level.
OWN = {
    "xgboost": {
        "regression": (
            "reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror(huber_slope={huber})",
        ),
        "quantile": ("reg:quantileerror(quantile_alpha={quantile})",),
        "binary": ("binary:logistic",),
    },
    "lightgbm": {
        "regression": ("regression", "regression_l1", "huber(alpha={huber})"),
        "quantile": ("quantile(alpha={quantile})",),
        "binary": ("binary",),
    },
    "catboost": {
        "regression": ("RMSE", "MAE", "Huber:delta={huber}"),
        "quantile": ("Quantile:alpha={quantile}",),
        "binary": ("Logloss",),
    },
}  # fmt: skip

# A loss that scales with its residuals is tuned to keep this share of least squares' efficiency
# when the errors are normal, as is usual in robust regression (Holland & Welsch 1977, "Robust
# regression using iteratively reweighted least-squares", table 1).
EFFICIENCY = 0.95


@dataclass(frozen=True)
class Candidate:
    """One line of the comparison.

    Attributes
    ----------
    library : str
        A key of `LIBRARIES`.
    objective : Loss or str
        A loss of boostloss, or one of the library's `OWN` objectives.
    quantile : float or None
        The level at which it is judged; None in the main comparison.
    scale_parameter : str or None
        The loss's parameter that follows the scale of the residuals; None if it was given.
    """

    library: str
    objective: Loss | str
    quantile: float | None = None
    scale_parameter: str | None = None

    @property
    def own(self) -> bool:
        return isinstance(self.objective, str)

    def at(self, scale: float) -> Loss | str:
        """The objective for residuals of this scale."""
        if isinstance(self.objective, str):
            huber = _rounded(scale * tuning_constant(boostloss.Huber(), "delta"))
            return self.objective.format(huber=huber, quantile=self.quantile)
        if self.scale_parameter is None:
            return self.objective
        constant = tuning_constant(self.objective, self.scale_parameter)
        return _with(self.objective, self.scale_parameter, _rounded(scale * constant))


def describe(objective: Loss | str) -> str:
    """The objective and its parameters, in the form that `boostloss.from_string` reads."""
    return re.sub(r"(?<=\d)\.0\b|, alpha=None", "", str(objective))


def _with(loss: Loss, parameter: str, value: float) -> Loss:
    return dataclasses.replace(cast(Any, loss), **{parameter: value})


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


@cache
def tuning_constant(loss: Loss, parameter: str) -> float:
    """The parameter's value, for errors of standard deviation 1, that gives `EFFICIENCY`.

    The efficiency of the location estimate is E[psi']^2 / E[psi^2], and E[psi'] = E[e psi] where
    e is standard normal (Stein), so that the gradient alone tells it.
    """
    errors = np.linspace(-8.0, 8.0, 4001)
    density = np.exp(-(errors**2) / 2)
    density /= density.sum()

    def efficiency(value: float) -> float:
        psi, _ = _with(loss, parameter, value).gradient_hessian(np.zeros_like(errors), errors)
        return float(((density * errors) @ psi) ** 2 / (density @ psi**2))

    low, high = 0.1, 10.0
    if efficiency(low) >= EFFICIENCY or efficiency(high) <= EFFICIENCY:
        return 1.0  # squared error in disguise, or steeper: no scale makes it robust
    for _ in range(30):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if efficiency(middle) > EFFICIENCY else (middle, high)
    return high


def installed_libraries(wanted: Iterable[str] = ()) -> list[str]:
    """The libraries to use, those asked for or all; an `InputError` where one is missing."""
    wanted = list(wanted)
    found = [library for library in LIBRARIES if importlib.util.find_spec(library)]
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
        Losses as `boostloss.from_string` reads them; a scale that is not given follows the data.
        All that suit the task by default. A quantile other than the median has a comparison of
        its own.
    """
    ours = [_parse(text, task) for text in dict.fromkeys(losses or LOSSES[task])]
    levels = sorted({quantile for _, quantile, _ in ours if quantile is not None})
    main = any(quantile is None for _, quantile, _ in ours)
    result = []
    for library in libraries:
        own = OWN[library]
        result += [Candidate(library, text) for text in own[task] if main]
        result += [Candidate(library, text, q) for q in levels for text in own["quantile"]]
        result += [Candidate(library, *loss) for loss in ours]
    return result


def _parse(text: str, task: Task) -> tuple[Loss, float | None, str | None]:
    """The loss, the level at which it is judged, and the parameter that follows the data."""
    try:
        loss = boostloss.from_string(text)
    except (ValueError, TypeError) as error:
        raise InputError(f"--loss {text!r}: {error}") from error
    if loss.task != task:
        raise InputError(f"--loss {text!r} is for a {loss.task} task, and this is {task}")
    if isinstance(loss, boostloss.Quantile):
        return loss, (None if loss.quantile == 0.5 else loss.quantile), None
    names = [field.name for field in dataclasses.fields(cast(Any, loss)) if field.init]
    scale_parameter = next((name for name in names if name in ("delta", "scale")), None)
    call = ast.parse(text.strip(), mode="eval").body
    if scale_parameter and isinstance(call, ast.Call):
        given = [*names[: len(call.args)], *(keyword.arg for keyword in call.keywords)]
        if scale_parameter in given:
            scale_parameter = None
    return loss, None, scale_parameter
