"""A plain Python function of one row as a `Trace`: called once, with symbols for its arguments.

NumPy's functions know symbols by themselves. Python's min and max and the functions of `math` do not: the function, and
those of its own module that it calls, run with stand-ins for them in its globals.
"""

import builtins
import linecache
import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boostloss.autodiff.identities import improved
from boostloss.autodiff.language import KNOWN, called
from boostloss.autodiff.symbols import CONDITIONS, OF_DERIVATIVES, Symbol, Tape, ordered
from boostloss.autodiff.traces import Trace


def traced(
    function: Callable[..., Any],
    data: Sequence[str],
    parameters: Mapping[str, float],
    inverse_link: Trace | None = None,
) -> Trace:
    """The trace of a function's value.

    Parameters
    ----------
    function : callable
        Of the data, by position, and the parameters, by keyword.
    data : sequence of str
        The names of the data.
    parameters : mapping of str to float
    inverse_link : Trace, optional
        What the last of the data is of the raw prediction, which it is traced back to.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        If the function does what cannot be done to the numbers of one row, naming the line.
    """
    tape = Tape()
    arguments = [tape.argument(name) for name in data]
    if inverse_link is not None:
        raw = tape.argument("raw_prediction")
        arguments[-1] = inverse_link.replay({"raw_prediction": raw})
    numbers = {name: tape.argument(name, value) for name, value in parameters.items()}
    try:
        result = lifted(function, {})(*arguments, **numbers)
    except Exception as error:
        raise ValueError(f"{place(function, error)}: {error}.") from error
    if not isinstance(result, Symbol) or result.operation in CONDITIONS:
        raise ValueError(
            f"{place(function)}: a loss returns one number for each row that depends on "
            f"{' and '.join(data)}, got {'a condition' if isinstance(result, Symbol) else repr(result)}."
        )
    result = improved(result)
    if unknown := {x.operation for x in Trace(result).symbols} & {*OF_DERIVATIVES}:
        raise ValueError(
            f"{place(function)}: {min(unknown)} is not in the language of losses, which has {KNOWN}."
        )
    used = {x.operands[0] for x in Trace(result).symbols if x.operation == "argument"}
    if not used & {data[-1], "raw_prediction"}:
        raise ValueError(f"{place(function)}: the loss does not depend on {data[-1]}.")
    return Trace(result, frozenset(tape.inspected))


def place(function: Callable[..., Any], error: BaseException | None = None) -> str:
    """The function and, of an error, its line: the last one that is not of a library."""
    code, name = getattr(function, "__code__", None), getattr(function, "__name__", repr(function))
    line, file = (code.co_firstlineno, code.co_filename) if code else (0, "")
    step = error.__traceback__ if error else None
    while step is not None:
        if step.tb_frame.f_code.co_filename == file:
            line = step.tb_lineno
        step = step.tb_next
    if error is None or not line:
        return name
    source = linecache.getline(file, line).strip()
    return f"{name}, line {line}" + (f" ({source!r})" if source else "")


def lifted(function: Any, done: dict[int, Any]) -> Any:
    """The function with stand-ins for what does not know symbols, in it and in the functions of its module."""
    if not isinstance(function, types.FunctionType):
        return function
    if id(function) in done:
        return done[id(function)]
    space = dict(function.__globals__)
    closure = tuple(types.CellType() for _ in function.__closure__ or ())
    new = types.FunctionType(
        function.__code__, space, function.__name__, function.__defaults__, closure or None
    )
    new.__kwdefaults__ = function.__kwdefaults__
    done[id(function)] = new
    for name in names_of(function.__code__):
        if name in space:
            space[name] = stand_in(space[name], function, done)
        elif hasattr(builtins, name):
            space[name] = stand_in(getattr(builtins, name), function, done)
    for cell, original in zip(closure, function.__closure__ or (), strict=True):
        cell.cell_contents = stand_in(original.cell_contents, function, done)
    return new


def names_of(code: types.CodeType) -> set[str]:
    """The globals that a function and those within it may ask for."""
    inner = (x for x in code.co_consts if isinstance(x, types.CodeType))
    return set(code.co_names).union(*map(names_of, inner))


def stand_in(x: Any, function: Any, done: dict[int, Any]) -> Any:
    """What stands for an object that a function refers to."""
    if x is min or x is max:
        return extremum(x)
    if x is math:
        return types.SimpleNamespace(
            **{name: stand_in(value, function, done) for name, value in vars(math).items()}
        )
    if isinstance(x, types.BuiltinFunctionType) and x.__module__ == "math":
        return of_numbers(x)
    if isinstance(x, types.FunctionType) and x.__module__ == function.__module__:
        return lifted(x, done)
    return x


def extremum(function: Callable[..., Any]) -> Callable[..., Any]:
    """Python's min or max, of symbols too."""
    of_symbols = ordered("minimum" if function is min else "maximum")

    def stand_in(*arguments: Any, **options: Any) -> Any:
        items = tuple(arguments[0]) if len(arguments) == 1 else arguments
        if options or not any(isinstance(x, Symbol) for x in items):
            return function(*arguments, **options)
        return of_symbols(*items)

    return stand_in


def of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `math`, of symbols too."""

    def stand_in(*arguments: Any) -> Any:
        if any(isinstance(x, Symbol) for x in arguments):
            return called(function.__name__, *arguments)
        return function(*arguments)

    return stand_in
