"""Links between prediction and raw prediction, by name or as functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostloss import ops
from boostloss.autodiff.traces import Trace
from boostloss.losses.lifting import traced
from boostloss.losses.validation import as_floats

FARTHEST = 1e9


def log_odds(prediction):
    return ops.log(prediction) - ops.log1p(-prediction)


FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "identity": (lambda prediction: 1.0 * prediction, lambda raw_prediction: 1.0 * raw_prediction),
    "log": (lambda prediction: np.log(prediction), lambda raw_prediction: np.exp(raw_prediction)),
    "logit": (log_odds, lambda raw_prediction: ops.expit(raw_prediction)),
}


@dataclass(frozen=True, eq=False)
class Link:
    """A link and its inverse, as traces; a link that nobody has given is found by bisection."""

    name: str
    trace: Trace | None
    inverse_trace: Trace

    def inverse(self, raw: Any) -> Any:
        """The prediction of a raw prediction."""
        raw = np.asarray(raw)
        with np.errstate(all="ignore"):
            found = self.inverse_trace.replay({"raw_prediction": raw})
        return np.asarray(found, np.result_type(raw, np.float32))

    def forward(self, prediction: Any) -> Any:
        """The raw prediction of a prediction."""
        prediction = as_floats(prediction, "y_pred").astype(np.float64)
        with np.errstate(all="ignore"):
            if self.trace is not None:
                return np.asarray(self.trace.replay({"prediction": prediction}))
            return solved(self.inverse, prediction)

    @property
    def statements(self) -> list[str]:
        """Both as assignments."""
        lines = [self.inverse_trace.assigned("inverse_link")]
        return lines if self.trace is None else [self.trace.assigned("link"), *lines]


def link_of(link: Any, inverse_link: Any) -> Link:
    """The link that names or functions describe."""
    names = {x for x in (link, inverse_link) if isinstance(x, str)}
    if not names and link is None and inverse_link is None:
        names = {"identity"}
    if names:
        if len(names) > 1 or not names <= set(FUNCTIONS):
            raise ValueError(
                f"link must be one of {list(FUNCTIONS)} or a function, got {link!r} and {inverse_link!r}."
            )
        (name,) = names
        forward, inverse = FUNCTIONS[name]
        return Link(
            name, traced(forward, ("prediction",), {}), traced(inverse, ("raw_prediction",), {})
        )
    for known, (forward, inverse) in (("log", (np.log, np.exp)),):
        if inverse_link is inverse and link in (None, forward):
            return link_of(known, None)
    if inverse_link is None:
        raise ValueError("inverse_link must be given with a link that is a function.")
    for name, function in (("link", link), ("inverse_link", inverse_link)):
        if function is not None and not callable(function):
            raise TypeError(
                f"{name} must be one of {list(FUNCTIONS)} or a function, got {function!r}."
            )
    forward_trace = None if link is None else traced(link, ("prediction",), {})
    return Link("", forward_trace, traced(inverse_link, ("raw_prediction",), {}))


def solved(function: Callable[[Any], Any], y: Any) -> Any:
    """Where a monotone function is y, to the last bit; infinite where that is farther than 1e9 from 0."""
    low, high = np.full_like(y, -FARTHEST), np.full_like(y, FARTHEST)
    rising = np.nanmean(np.sign(np.diff(function(np.linspace(-5.0, 5.0, 11))))) > 0.0
    for _ in range(120):
        middle = 0.5 * (low + high)
        below = (function(middle) < y) == rising
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    middle = 0.5 * (low + high)
    return np.where(np.abs(middle) < 0.999 * FARTHEST, middle, np.copysign(np.inf, middle))
