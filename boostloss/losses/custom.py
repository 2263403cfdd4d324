"""Losses of one's own, from their value alone.

>>> import numpy as np
>>> import boostloss as bl
>>> @bl.loss
... def overstock(error, over=3.0, cap=100.0):
...     return min(np.where(error > 0, over * error, -error), cap)
>>> overstock(over=4.0)
overstock(over=4.0, cap=100.0)
"""

import inspect
import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from boostloss.autodiff.derivatives import Kind, boosting_formula, formula
from boostloss.autodiff.traces import Trace
from boostloss.kernels.rows import GRADIENT
from boostloss.losses.base import Loss
from boostloss.losses.best import best_constant
from boostloss.losses.binary import Binary
from boostloss.losses.digits import warn_of_lost_digits
from boostloss.losses.lifting import place, traced
from boostloss.losses.links import Link, link_of, solved
from boostloss.losses.shape import Shape, shape_of
from boostloss.losses.traced import Traced, default_numbers, defined, made_class, refuse_known
from boostloss.losses.validation import as_floats
from boostloss.ops import constant, where

CURVATURES = ("safe", "exact", "unit")
LABEL_WIDTH = 0.5  # of the kernel for a margin, whose unit is that of log odds


class CustomLoss(Traced, Loss):
    """A loss made of its value: what `boostloss.loss` returns is a subclass.

    Attributes
    ----------
    kind : {"error", "margin", "target"}
        What the value is a function of.
    boosting_curvature : {"safe", "exact", "unit"}
        What boosting divides by.
    smoothing : float or None
        The half-width of the kernel that smooths the loss for boosting; None follows the residuals.
    """

    kind: ClassVar[Kind]
    boosting_curvature: ClassVar[str]
    smoothing: ClassVar[float | None]
    prediction_link: ClassVar[Link]

    @cached_property
    def record(self) -> str:  # type: ignore[override]
        """A line from which `boostloss.from_string` makes the loss again, in any process."""
        options = f"curvature={self.boosting_curvature!r}, smoothing={self.smoothing!r}"
        if asked := self.trace.inspected or self.decided:
            options += f", decided={','.join(sorted(asked))!r}"
        links = self.prediction_link.statements if self.kind == "target" else []
        return "; ".join([repr(self), f"{self.kind}({options})", *links, self.trace.text])

    @cached_property
    def formula(self) -> Callable[..., Any]:  # type: ignore[override]
        """The value with its derivatives."""
        return formula(*self._described)

    @cached_property
    def smoothed_formula(self) -> Callable[..., Any]:
        """What boosting computes, smoothed by a kernel whose half-width is the last parameter."""
        return boosting_formula(*self._described, curvature=self.boosting_curvature)

    @cached_property
    def sharp_formula(self) -> Callable[..., Any]:
        """What boosting computes where nothing is smoothed."""
        return boosting_formula(*self._described, curvature=self.boosting_curvature, smooth=False)

    @property
    def _described(self) -> tuple[str, Trace, Kind, tuple[str, ...], Trace | None]:
        link = self.prediction_link.trace if self.kind == "target" else None
        return type(self).__name__, self.trace, self.kind, self.names, link

    @cached_property
    def shape(self) -> Shape:
        """Where the loss is least, whether it is convex, and how far."""
        return shape_of(self)

    @property
    def parameters(self) -> tuple[float, ...]:
        return (*self.given.values(), self.shape.minimiser)

    @property
    def label_width(self) -> float:
        """The half-width of the kernel for the loss of a label."""
        return LABEL_WIDTH if self.smoothing is None else self.smoothing

    @property
    def largest_curvature(self) -> float:
        return self.shape.largest_curvature

    def _best_constant(self, y, weight):
        return best_constant(self, y, weight)

    def link(self, y_pred):
        if self.kind == "margin":
            return solved(self.inverse_link, as_floats(y_pred, "y_pred").astype(np.float64))
        return self.prediction_link.forward(y_pred)

    def response(self, raw):
        if self.kind == "margin":
            return posterior(self, raw)
        return self.prediction_link.inverse_trace.replay({"raw_prediction": raw})

    def explain(self) -> str:
        """What boosting does with this loss, and why, in plain sentences."""
        from boostloss.boosting.custom import explained

        return explained(self)


class BinaryCustomLoss(CustomLoss, Binary):
    """A loss of labels 0 and 1 made of its value."""


def posterior(loss: CustomLoss, raw: Any) -> Any:
    """The probability of label 1 at which a raw prediction is optimal: the expected slopes of both labels cancel."""
    against, towards = (
        loss.formula(y, raw, *loss.given.values(), math.nan)[GRADIENT] for y in (0.0, 1.0)
    )
    probability = against / (against - towards)
    # Where both slopes are 0, or point away, the sign of the score is all there is.
    known = (probability >= 0.0) & (probability <= 1.0)
    side = where(raw > 0.0, 1.0, where(raw < 0.0, 0.0, constant(0.5, raw)))
    return where(raw == raw, where(known, probability, side), raw)


def loss(
    function: Callable[..., Any] | None = None,
    /,
    *,
    link: str | Callable[..., Any] | None = None,
    inverse_link: str | Callable[..., Any] | None = None,
    curvature: str = "safe",
    smoothing: float | None = None,
) -> Any:
    """Make a loss of the function of its value: of one row, in plain Python with NumPy's functions.

    The name of the first argument says what the value is a function of: ``error``, the raw prediction less the target;
    ``margin``, the raw prediction of label 1, its negative for label 0; or ``target, prediction``. All others are
    parameters, with numbers as defaults. Derivatives, best constant, probabilities and all else follow.

    Parameters
    ----------
    function : callable
        The value. ``if`` may ask for parameters; for data write ``np.where(condition, a, b)``, ``min`` and ``max``.
    link, inverse_link : {"identity", "log", "logit"} or callable, optional
        Of a loss of target and prediction: boosting adds up raw predictions, the link of the prediction. A name stands
        for both; of a function only one is needed, such as ``inverse_link=np.exp``. With "logit" the target is a label.
    curvature : {"safe", "exact", "unit"}, default "safe"
        What boosting divides by: see `boostloss.losses.custom.CustomLoss.explain` of the loss.
    smoothing : float, optional
        The half-width of the kernel by which boosting smooths the loss, in units of the raw prediction; 0 for none. The
        default is half the median distance to the least loss or more, in every round.

    Returns
    -------
    type
        A subclass of `boostloss.Loss`, to be called with the parameters.

    Raises
    ------
    ValueError, TypeError
        If the function is not one of one row, naming the line.

    Warns
    -----
    UserWarning
        If the formula loses digits that its derivatives need, with the range.

    Examples
    --------
    >>> import numpy as np
    >>> import boostloss as bl
    >>> @bl.loss
    ... def savage(margin):
    ...     return 4 / (1 + np.exp(margin)) ** 2
    >>> float(savage().inverse_link(np.array([0.0]))[0])
    0.5
    """
    options: dict[str, Any] = {"link": link, "inverse_link": inverse_link}
    options |= {"curvature": curvature, "smoothing": smoothing}
    if function is None:
        return lambda given: loss(given, **options)
    if not inspect.isfunction(function):
        raise TypeError(f"loss takes a plain Python function, got {function!r}.")
    kind, data, parameters = signature_of(function)
    if not function.__name__.isidentifier():
        raise ValueError("a loss needs a name, by which models keep it: define it with def.")
    if kind != "target" and (link is not None or inverse_link is not None):
        raise ValueError(f"{place(function)}: only a loss of (target, prediction) has a link.")
    prediction_link = link_of(link, inverse_link)

    def value(given: Mapping[str, float]) -> Trace:
        if kind != "target":
            return traced(function, data, given)
        return traced(function, data, given, prediction_link.inverse_trace)

    made = own_class(
        function.__name__, kind, parameters, value, prediction_link, curvature, smoothing
    )
    made.__doc__, made.__module__ = function.__doc__, function.__module__
    made.__qualname__ = function.__qualname__
    warn_of_lost_digits(made())
    defined[function.__name__] = made
    return made


def own_class(
    name: str,
    kind: Kind,
    parameters: Mapping[str, float],
    value: Callable[[Mapping[str, float]], Trace],
    link: Link,
    curvature: str,
    smoothing: float | None,
    decided: tuple[str, ...] = (),
) -> type[CustomLoss]:
    """A class of losses, whose parameters are its fields."""
    refuse_known(name, "loss")
    if curvature not in CURVATURES:
        raise ValueError(f"curvature must be one of {list(CURVATURES)}, got {curvature!r}.")
    if smoothing is not None and not (
        isinstance(smoothing, int | float) and 0.0 <= smoothing < math.inf
    ):
        raise ValueError(f"smoothing must be a number >= 0 or None, got {smoothing!r}.")
    binary = kind == "margin" or link.name == "logit"
    space = {
        "kind": kind,
        "task": "binary" if binary else "regression",
        "value": staticmethod(value),
        "prediction_link": link,
        "link_name": "identity" if binary else link.name,
        "boosting_curvature": curvature,
        "smoothing": None if smoothing is None else float(smoothing),
        "decided": decided,
    }
    return made_class(name, BinaryCustomLoss if binary else CustomLoss, parameters, space)


def signature_of(function: Callable[..., Any]) -> tuple[Kind, tuple[str, ...], dict[str, float]]:
    """The kind of a loss, the names of its data, and its parameters with their defaults."""
    given = inspect.signature(function).parameters
    names = list(given)
    kinds: dict[str, Kind] = {"error": "error", "margin": "margin", "target": "target"}
    kind = kinds.get(names[0] if names else "")
    data: tuple[str, ...] = ("target", "prediction") if kind == "target" else tuple(names[:1])
    if kind is None or tuple(names[: len(data)]) != data:
        raise TypeError(
            f"{place(function)}: a loss is a function of `error`, of `margin`, or of `target, prediction`, and of "
            f"parameters with defaults; got ({', '.join(names)})."
        )
    return kind, data, default_numbers(function, names[len(data) :], "loss")
