"""From a log-density to a formula of several raw predictions: loss, derivatives, and curvatures to divide by."""

from collections.abc import Callable, Sequence
from typing import Any

from boostloss.autodiff.derivatives import number, propagates, typed
from boostloss.autodiff.jets import first, second, variable
from boostloss.autodiff.symbols import Tape
from boostloss.autodiff.traces import Trace, compiled, safe, written
from boostloss.ops import maximum, where

LINKED = ("log_", "logit_")  # how names of outputs begin that have no unit
# Of the square of the gradient, for outputs that have a unit: no row steps farther than 4 over its gradient, which for
# a normal density are four scales at one scale's distance. `benchmarks/density_curvatures.py` shows what it does.
LEAST_SHARE = 0.25


def density_formula(
    name: str, trace: Trace, outputs: Sequence[str], parameters: Sequence[str]
) -> Callable[..., Any]:
    """The formula of a log-density: its negative, a derivative for each output, and a curvature for each.

    The exact Hessian is zero or negative for many rows, and a step by it passes the minimum by far where the curvature
    grows. Of an output whose name begins with ``log_`` or ``logit_`` the curvature is the Hessian, where it is
    positive, and the size of the gradient, to which boosting adds a share of their mean over all rows. For the scale of
    a normal density, with z = (y - m) / s, they are 2 z^2 + |1 - z^2|, at least 1 + z^2, with which no leaf passes its
    best scale (`formulas.normal`). Of another output it is the larger of the Hessian's size and a quarter of the
    gradient's square, whose expectation is the Fisher information, as the Hessian's is.

    Parameters
    ----------
    name : str
        Of the function.
    trace : Trace
        The logarithm of the density, of the target, the outputs and the parameters.
    outputs, parameters : sequence of str

    Returns
    -------
    function
        Of the target, the outputs and the parameters.

    Raises
    ------
    ValueError
        If the log-density does not depend on an output.
    """
    tape = Tape()
    data = ("target", *outputs)
    rename = safe((*data, *parameters))
    given = {each: tape.argument(each) for each in (*data, *parameters)}
    gradients, curvatures = [], []
    for output in outputs:
        jet = trace.replay(given | {output: variable(given[output])})
        if first(jet) is None:
            raise ValueError(f"{name}: the log-density does not depend on {output}.")
        slope, bend = -number(first(jet)), -number(second(jet))
        gradients.append(slope)
        if output.startswith(LINKED):
            curvatures.append(maximum(bend, 0.0) + abs(slope))
        else:
            curvatures.append(maximum(abs(bend), LEAST_SHARE * (slope * slope)))
    results = [-trace.replay(given), *gradients, *curvatures]
    x = given["target"]
    for output in outputs:
        x = x + given[output]
    results = [r if propagates(r, x) else where(x == x, r, x) for r in results]
    statements, values = written(typed(results, x, data), rename)
    body = (*statements, f"return {', '.join(values)}")
    return compiled(name, tuple(rename.values()), body)
