"""What the guide knows of a loss: what is written in `guide`, and what the class itself says.

Formula and parameters are read from the docstring, link and curvature from what the loss does.
"""

import inspect
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property

import numpy as np

from boostloss.losses.base import Loss
from boostloss.losses.binary import Binary
from boostloss.losses.distributions import Distribution
from boostloss.losses.location import SquaredError
from boostloss.losses.quantiles import Quantile
from boostloss.ops import expit

SITUATIONS = {
    "numbers": "Numbers",
    "outliers": "Numbers, some of them wrong",
    "many outliers": "Numbers, many of them wrong",
    "levels": "Intervals and levels",
    "distributions": "Whole distributions",
    "sides": "Costs that differ by side",
    "amounts": "Counts and amounts",
    "shares": "Shares",
    "labels": "Labels",
    "rare": "A rare class",
    "noisy": "Labels, some of them wrong",
}
LIBRARIES = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "sklearn": "scikit-learn",
    "torch": "torch",
}


@dataclass(frozen=True)
class Entry:
    """What the class of a loss does not say itself.

    Attributes
    ----------
    loss : Loss
        With numbers as parameters, to be drawn and tried.
    situation : str
        A key of `SITUATIONS`.
    use : str
        What it is for, in a few words.
    constant : str
        The best constant prediction, which boosting starts from.
    cost : str
        What happens where it is the wrong choice, in a sentence.
    names : mapping of str to tuple of str
        For the keys of `LIBRARIES` what they call it, with the parameters of this loss in the places of their own.
    """

    loss: Loss
    situation: str
    use: str
    constant: str
    cost: str
    names: Mapping[str, tuple[str, ...]]

    @property
    def kind(self) -> type[Loss]:
        return type(self.loss)

    @property
    def name(self) -> str:
        return self.kind.__name__

    @cached_property
    def formula(self) -> str:
        """The first sentence of the docstring, after the name."""
        line = (inspect.getdoc(self.kind) or "").partition("\n")[0]
        return line.partition(": ")[2].partition(". ")[0].removesuffix(".").replace("`", "")

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The parameters and their defaults, as code; empty where there is none."""
        given = [field for field in fields(self.kind) if field.init]  # type: ignore[arg-type]
        return {x.name: "" if x.default is MISSING else repr(x.default) for x in given}

    @cached_property
    def parameters(self) -> dict[str, str]:
        """What the docstring says of each parameter."""
        text = inspect.getdoc(self.kind) or ""
        section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-+$|\Z)", text, re.S | re.M)
        rows = re.findall(r"^(\w+) : .*\n((?:    .*\n?)+)", section[1] if section else "", re.M)
        return {name: " ".join(said.split()) for name, said in rows}

    @property
    def signature(self) -> str:
        """How it is made."""
        given = (f"{name}={value}" if value else name for name, value in self.defaults.items())
        return f"{self.name}({', '.join(given)})"

    @property
    def facts(self) -> dict[str, str]:
        """All of it but formula and names, under headings."""
        return {
            "for": self.use,
            "what it costs": self.cost,
            **self.parameters,
            "best constant": self.constant,
            "link": self.link,
            "curvature": self.curvature,
        }

    @property
    def called(self) -> dict[str, tuple[str, ...]]:
        """The names of the libraries that have it, under the titles of these."""
        return {title: self.names[key] for key, title in LIBRARIES.items() if key in self.names}

    @property
    def link(self) -> str:
        """What makes a prediction of the raw prediction."""
        if isinstance(self.loss, Distribution):
            names = " and ".join(self.loss.outputs)
            return (
                f"{names} are raw predictions: prediction = {self.loss.center} of the distribution"
            )
        if not isinstance(self.loss, Binary):
            return LINK_TEXTS[self.loss.link_name]
        scores = np.linspace(-3.0, 3.0, 7)
        if np.allclose(self.loss.inverse_link(scores), expit(scores)):
            return "probability = sigmoid(raw prediction)"
        return "a probability by `inverse_link`, which is not the sigmoid of the score"

    @property
    def least(self) -> str:
        share = self.loss.boosted_as.least_share
        return (
            f"{'a tenth' if share == 0.1 else f'{100.0 * share:g} %'} of its largest value at least"
        )

    @property
    def curvature(self) -> str:
        """What boosting divides by."""
        loss, boosted = self.loss, self.loss.boosted_as
        if isinstance(loss, Distribution):
            return OF_DISTRIBUTIONS
        if isinstance(loss, SquaredError):
            return "the second derivative, which is 1"
        if isinstance(boosted, Quantile):
            return f"{QUADRATIC}, its corner smoothed, and less in the first rounds; {self.least}"
        if boosted.kinked or boosted is not loss:
            return f"{QUADRATIC}, its corners smoothed; {self.least}"
        if loss.curvature == "exact":
            text = "the second derivative" + (f"; {self.least}" if loss.floored else "")
            return text + (OF_CLASSES if getattr(loss, "curvature_of_classes", None) else "")
        if not loss.floored:
            return "one with which no row steps past its best value, as no quadratic lies above the loss"
        return f"{QUADRATIC}; {self.least}"


def entry(
    situation: str, loss: Loss, use: str, constant: str, cost: str, **names: str | tuple[str, ...]
) -> Entry:
    """An entry, in which one name of a library needs no tuple."""
    listed = {key: (name,) if isinstance(name, str) else name for key, name in names.items()}
    return Entry(loss, situation, use, constant, cost, listed)


QUADRATIC = "that of a quadratic that touches the loss and lies above it"
OF_DISTRIBUTIONS = (
    "of the center at least the Fisher information; of the spread more, for half as long steps"
)
OF_CLASSES = ". Of more than two classes that of a quadratic above the loss"
LINK_TEXTS = {
    "identity": "none: the raw prediction is the prediction",
    "log": "log: prediction = exp(raw prediction)",
    "logit": "logit: prediction = sigmoid(raw prediction)",
}
