"""From the value of a loss to a formula: loss, gradient, Hessian and a curvature that is safe to divide by.

The value is a `Trace` of the error, of the margin, or of target and raw prediction. Done again on jets of symbols it
leaves the text of its derivatives, which is compiled as if it had been written by hand.
"""

from collections.abc import Callable, Sequence
from typing import Any

from boostloss.jets import Jet, first, second, value, variable
from boostloss.ops import maximum, where
from boostloss.symbols import Symbol, Tape
from boostloss.traces import Trace, compiled, safe, written


def formula(name: str, trace: Trace, kind: str, parameters: Sequence[str]) -> Callable[..., Any]:
    """The formula of a value: loss, gradient, Hessian and its curvature as `curvature` has it.

    Parameters
    ----------
    name : str
        Of the function.
    trace : Trace
        The value.
    kind : {"error", "margin", "target"}
        What its data are: the error, the margin, or target and raw prediction.
    parameters : sequence of str
        The names of the other arguments, in order.

    Returns
    -------
    function
        Of target, raw prediction, the parameters, and the place of the least loss: the error, the margin or the raw
        prediction for the target.
    """
    row = Row(kind, parameters)
    jet = row.jet(trace)
    slope, bend = number(first(jet)), number(second(jet))
    distance = abs(row.variable - row.minimiser)
    ratio = where(distance == 0.0, 0.0, abs(slope) / distance)
    return row.function(name, value(jet), slope, bend, maximum(bend, ratio))


class Row:
    """The symbols of one row: its data, its variable, and the parameters of a formula."""

    def __init__(self, kind: str, parameters: Sequence[str], *further: str):
        tape = Tape()
        self.kind, self.parameters = kind, (*parameters, "minimiser", *further)
        self.y, self.f = tape.argument("y"), tape.argument("f")
        self.given = {name: tape.argument(name) for name in self.parameters}
        self.minimiser = self.given["minimiser"]
        self.sign: Any = 2.0 * self.y - 1.0 if kind == "margin" else 1.0
        self.variable = {"error": self.f - self.y, "margin": self.sign * self.f}.get(kind, self.f)

    def jet(self, trace: Trace, shift: Any = 0.0) -> Any:
        """The value and its derivatives in the variable, at or beside its place."""
        x = variable(self.variable + shift if isinstance(shift, Symbol) else self.variable)
        data = {"error": {"error": x}, "margin": {"margin": x}}
        return trace.replay(data.get(self.kind, {"target": self.y, "raw_prediction": x}) | self.given)

    def function(self, name, loss, slope, *bends):
        """The compiled formula; NaN in gives NaN out, even where a derivative is constant."""
        x = self.variable
        results = [loss, self.sign * slope, *bends]
        results = [r if propagates(r, x) else where(x == x, r, x) for r in results]
        rename = safe(("y", "f", *self.parameters))
        statements, results = written(results, rename)
        body = (*statements, f"return {', '.join(results)}")
        return compiled(name, tuple(rename.values()), body)


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
