"""From the value of a loss to a formula: loss, gradient, Hessian and a curvature that is safe to divide by.

The value is a `Trace` of the error, of the margin, or of target and raw prediction. Done again on jets of symbols it
leaves the text of its derivatives, which is compiled as if it had been written by hand.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from boostloss.autodiff.jets import first, second, value, variable
from boostloss.autodiff.symbols import Symbol, Tape, reached
from boostloss.autodiff.traces import Trace, compiled, safe, written
from boostloss.ops import maximum, where

Kind = Literal["error", "margin", "target"]
DATA = {"error": ("error",), "margin": ("margin",), "target": ("target", "raw_prediction")}
# From here on a float32 has lost half of its digits in the difference of two losses.
LOST = 4096.0


def formula(
    name: str, trace: Trace, kind: Kind, parameters: Sequence[str], link: Trace | None = None
) -> Callable[..., Any]:
    """The formula of a value: loss, gradient, Hessian, and the larger of the Hessian and |gradient| / distance.

    The distance is that to the least loss of the row: a full step with this curvature never passes it.

    Parameters
    ----------
    name : str
        Of the function.
    trace : Trace
        The value.
    kind : {"error", "margin", "target"}
        What its data are: the error, the margin, or target and raw prediction.
    parameters : sequence of str
        The names of its parameters, in order.
    link : Trace, optional
        Of the prediction, for the kind "target": the loss is least at the link of the target.

    Returns
    -------
    function
        Of target, raw prediction, the parameters, and the place of the least loss: of the error or of the margin. For
        the kind "target" it is counted from the link of the target. NaN, where it is not known, leaves the Hessian.
    """
    row = Row(kind, parameters, link)
    jet = row.jet(trace)
    slope, bend = number(first(jet)), number(second(jet))
    ratio = where(row.distance > 0.0, abs(slope) / row.distance, 0.0)
    return row.function(name, value(jet), slope, bend, maximum(ratio, bend))


def boosting_formula(
    name: str,
    trace: Trace,
    kind: Kind,
    parameters: Sequence[str],
    link: Trace | None = None,
    curvature: str = "safe",
    smooth: bool = True,
) -> Callable[..., Any]:
    """The formula that boosting divides by: smoothed by a uniform kernel, and with half of the safe ratio.

    With w the half-width, the gradient is (l(x + w) - l(x - w)) / 2w and the Hessian (l'(x + w) - l'(x - w)) / 2w: the
    derivatives of the mean of the loss within w, which has no corner and is flat nowhere near one. The curvature is the
    larger of that Hessian and |gradient| / (2 max(distance, w)): with any learning rate up to 1/2 no row steps past
    its least loss, and a full step lands where an even loss is as large as before, the bound of over-relaxation.

    Parameters
    ----------
    name, trace, kind, parameters, link
        As for `formula`.
    curvature : {"safe", "exact", "unit"}, default "safe"
        The one above, the Hessian of the smoothed loss, or 1.
    smooth : bool, default True
        False for a formula without a kernel, which has no half-width.

    Returns
    -------
    function
        As of `formula`, with the half-width, positive, as one more argument.
    """
    row = Row(kind, parameters, link, *(["half_width"] if smooth else []))
    jet = row.jet(trace)
    slope, bend, reach = number(first(jet)), number(second(jet)), row.distance
    if smooth:
        width = row.given["half_width"]
        right, left = row.jet(trace, width), row.jet(trace, -width)
        after, before = number(first(right)), number(first(left))
        step = 0.5 / width
        bend = (after - before) * step
        size, steepest = abs(value(right)) + abs(value(left)), abs(after) + abs(before)
        slope = where(
            size > (LOST * width) * steepest,
            0.5 * (after + before),
            (value(right) - value(left)) * step,
        )
        reach = maximum(reach, width)
    ratio = where(row.distance > 0.0, 0.5 * abs(slope) / reach, 0.0)
    divisor = {"safe": maximum(ratio, bend), "exact": bend, "unit": 1.0}[curvature]
    return row.function(name, value(jet), slope, bend, divisor)


class Row:
    """The symbols of one row: its data, its variable, and the parameters of a formula."""

    def __init__(self, kind: Kind, parameters: Sequence[str], link: Trace | None, *further: str):
        tape = Tape()
        names = (*parameters, "minimiser", *further)
        self.rename = safe(("target", "raw_prediction", *names))
        self.kind = kind
        self.y = tape.argument("target")
        self.f = tape.argument("raw_prediction")
        self.given = {name: tape.argument(name) for name in names}
        self.sign: Any = 2.0 * self.y - 1.0 if kind == "margin" else 1.0
        self.variable = {"error": self.f - self.y, "margin": self.sign * self.f}.get(kind, self.f)
        least: Any = self.given["minimiser"]
        if kind == "target":
            least = least + (link.replay({"prediction": self.y}) if link else self.y)
        self.distance = abs(self.variable - least)

    def jet(self, trace: Trace, shift: Any = None) -> Any:
        """The value and its derivatives in the variable, at or beside its place."""
        x = variable(self.variable if shift is None else self.variable + shift)
        data = {"target": self.y, "raw_prediction": x} if self.kind == "target" else {self.kind: x}
        return trace.replay(data | self.given)

    def function(self, name, loss, slope, *bends):
        """The compiled formula; NaN in gives NaN out, even where a derivative is constant."""
        x = self.variable if self.kind != "target" else self.variable + self.y
        results = [loss, self.sign * slope, *bends]
        results = [r if propagates(r, x) else where(x == x, r, x) for r in results]
        statements, values = written(typed(results, x), self.rename)
        body = (*statements, f"return {', '.join(values)}")
        return compiled(name, tuple(self.rename.values()), body)


def typed(
    results: Sequence[Any], x: Any, names: Sequence[str] = ("target", "raw_prediction")
) -> list[Any]:
    """The same results, in which a choice between two numbers has the precision of the data.

    Torch would make it float32, and numba float64, since it knows of no data there.
    """
    values: dict[int, Any] = {}

    def of(operand):
        return values[id(operand)] if isinstance(operand, Symbol) else operand

    data = {id(x)}
    for symbol in reached([x, *results]):
        operands = [of(operand) for operand in symbol.operands]
        if symbol.operation == "argument":
            data |= {id(symbol)} if symbol.operands[0] in names else set()
            values[id(symbol)] = symbol
            continue
        arms = symbol.operands[1:] if symbol.operation == "where" else symbol.operands
        if data & {id(arm) for arm in arms}:
            data.add(id(symbol))
        elif symbol.operation == "where" and not all(map(exact_in_float32, arms)):
            operands[1] = where(x == x, operands[1], x)
            data.add(id(symbol))
        values[id(symbol)] = symbol.tape.operation(symbol.operation, tuple(operands))
    return [of(result) for result in results]


def exact_in_float32(x: Any) -> bool:
    return isinstance(x, float) and float(np.float32(x)) == x


def propagates(result, x):
    """Whether an expression is NaN for certain where ``x`` is."""
    if result is x or not isinstance(result, Symbol):
        return result is x
    if result.operation == "where":
        return all(propagates(arm, x) for arm in result.operands[1:])
    if result.operation in {"minimum", "maximum", "clip", "power"}:
        return propagates(result.operands[0], x)
    return any(propagates(operand, x) for operand in result.operands)


def number(x):
    """A derivative that is zero by structure as a number."""
    return 0.0 if x is None else x
