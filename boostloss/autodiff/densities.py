"""From a log-density to a formula of several raw predictions: loss, derivatives, and curvatures to divide by."""

from collections.abc import Callable, Sequence
from typing import Any

from boostloss.autodiff.derivatives import number, propagates, typed
from boostloss.autodiff.identities import log_of_rest
from boostloss.autodiff.jets import first, second, value, variable
from boostloss.autodiff.symbols import Tape
from boostloss.autodiff.traces import Trace, compiled, safe, written
from boostloss.formulas.intervals import LARGEST
from boostloss.ops import log, maximum, where

LINKED = ("log_", "logit_")  # how names of outputs begin that have no unit
# Of the square of the gradient, for outputs that have a unit: no row steps farther than 4 over its gradient, which for
# a normal density are four scales at one scale's distance. `benchmarks/density_curvatures.py` shows what it does.
LEAST_SHARE = 0.25
# A change of log(survival) over an interval, below which the density of the middle times the width is its probability:
# the relative error is of the order of its square, and the difference has lost half of its digits.
NARROW = 1e-8
NOTHING = 1e-300  # a probability whose logarithm has derivatives that overflow
FARTHEST = 700.0  # between the logarithms of two, of which the smaller is nothing beside the other


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
    return differentiated(
        name, ("target",), outputs, parameters, lambda given: -trace.replay(given)
    )


def density_interval_formula(
    name: str,
    trace: Trace,
    survival: Trace,
    outputs: Sequence[str],
    parameters: Sequence[str],
    lowest: float,
) -> Callable[..., Any]:
    """That of an interval: -log(S(lower) - S(upper)), where S is the probability to exceed a target.

    Parameters
    ----------
    name, trace, outputs, parameters
        As of `density_formula`.
    survival : Trace
        The logarithm of S, of what the log-density is a function of.
    lowest : float
        What all targets are above.
    """

    def loss(given):
        lower, upper = given["lower"], given["upper"]
        begins, ends = lower > max(lowest, -LARGEST), upper <= LARGEST

        def at(log_value, target):
            return log_value.replay(given | {"target": target})

        # What stands for ends that are no targets.
        some = where(begins, lower, where(ends, upper, 1.0))
        above = where(begins, at(survival, some), 0.0)
        change = at(survival, where(ends, upper, some)) - above
        # Where the probability has no digits, in a tail, the density at its end stands for it.
        lost = begins & (value(above) < -LARGEST) | (ends & (value(change) > -NOTHING))
        narrow = begins & ends & (value(change) > -NARROW)
        part = log_of_rest(where(lost | narrow, -1.0, change))
        told = ends & (value(change) > -FARTHEST)
        middle = where(narrow, 0.5 * (lower + upper), some)
        width = where(narrow & (lower < upper), upper - lower, 1.0)
        log_p = above + where(told, part, 0.0)
        return -where(lost | narrow, at(trace, middle) + log(width), log_p)

    return differentiated(name, ("lower", "upper"), outputs, parameters, loss)


def differentiated(
    name: str,
    targets: Sequence[str],
    outputs: Sequence[str],
    parameters: Sequence[str],
    loss: Callable[[dict[str, Any]], Any],
) -> Callable[..., Any]:
    """The function of targets, outputs and parameters that returns a loss, its derivatives and their curvatures."""
    tape = Tape()
    data = (*targets, *outputs)
    rename = safe((*data, *parameters))
    given = {each: tape.argument(each) for each in (*data, *parameters)}
    gradients, curvatures = [], []
    for output in outputs:
        jet = loss(given | {output: variable(given[output])})
        if first(jet) is None:
            raise ValueError(f"{name}: the log-density does not depend on {output}.")
        slope, bend = number(first(jet)), number(second(jet))
        gradients.append(slope)
        if output.startswith(LINKED):
            curvatures.append(maximum(bend, 0.0) + abs(slope))
        else:
            curvatures.append(maximum(abs(bend), LEAST_SHARE * (slope * slope)))
    results = [loss(given), *gradients, *curvatures]
    x = given[targets[-1]]
    for output in outputs:
        x = x + given[output]
    results = [r if propagates(r, x) else where(x == x, r, x) for r in results]
    statements, values = written(typed(results, x, data), rename)
    body = (*statements, f"return {', '.join(values)}")
    return compiled(name, tuple(rename.values()), body)
