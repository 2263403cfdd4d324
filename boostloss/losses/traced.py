"""What losses and log-densities of one's own have in common: numbers as parameters, a trace of the value, a record."""

import inspect
import keyword
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields, make_dataclass
from functools import cached_property
from typing import Any, ClassVar

from boostloss.autodiff.traces import Trace
from boostloss.losses.lifting import place
from boostloss.losses.pickles import written
from boostloss.losses.validation import check_number

RESERVED = {"target", "raw_prediction", "prediction", "error", "margin", "minimiser", "half_width"}
RESERVED |= {"inf", "nan", "link", "inverse_link", "log_survival", "reduction", "numbers"}
RESERVED |= {"training"}
defined: dict[str, type[Any]] = {}  # the latest of each name, of losses and of densities


class Traced:
    """A loss whose value is a function of the user's, or was read from a record of one."""

    value: ClassVar[Callable[[Mapping[str, float]], Trace]]
    # Parameters of a loss read from text that may not change.
    decided: ClassVar[tuple[str, ...]] = ()
    record: str  # a line from which `boostloss.from_string` makes the loss again, in any process

    def __post_init__(self) -> None:
        for name in self.names:
            check_number(self, name, "a finite number", math.isfinite)
            default = getattr(type(self), name)
            if name in self.decided and getattr(self, name) != default:
                raise ValueError(
                    f"{name} must be {default!r}: the value of {type(self).__name__} was recorded for it."
                )
        self.trace  # noqa: B018  an error of the function comes now

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={value!r}" for name, value in self.given.items())
        return f"{type(self).__name__}({parameters})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Traced) and self.record == other.record

    def __hash__(self) -> int:
        return hash(self.record)

    def __reduce__(self) -> Any:
        from boostloss.losses.catalogue import from_string

        return written(from_string, {"text": self.record})

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(x.name for x in fields(self))  # type: ignore[arg-type]

    @property
    def given(self) -> dict[str, float]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in self.names}

    @cached_property
    def trace(self) -> Trace:
        """The value, in the language of `boostloss.ops`."""
        return type(self).value(self.given)


def default_numbers(
    function: Callable[..., Any], names: Sequence[str], what: str
) -> dict[str, float]:
    """The parameters of a function of the user's, which have numbers as defaults."""
    given, found = inspect.signature(function).parameters, {}
    for name in names:
        parameter = given[name]
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise TypeError(
                f"{place(function)}: a {what} takes no *{name}: no * and no ** arguments."
            )
        if isinstance(parameter.default, bool) or not isinstance(parameter.default, int | float):
            raise TypeError(
                f"{place(function)}: the parameter {name} needs a number as its default, as in {name}=1.0."
            )
        found[name] = float(parameter.default)
    return found


def refuse_known(name: str, what: str) -> None:
    """Refuse a name of a loss of the catalogue, which a saved model would take it for."""
    from boostloss.losses.catalogue import KNOWN

    if name in {kind.__name__ for kind in KNOWN}:
        raise ValueError(f"{name} is a {what} of boostloss already: give yours another name.")


def made_class(
    name: str, base: type, parameters: Mapping[str, float], space: dict[str, Any], *data: str
) -> Any:
    """A subclass, whose fields are the parameters; ``data`` are names that are arguments too."""
    for each in (*data, *parameters):
        if each in RESERVED or hasattr(base, each) or keyword.iskeyword(each):
            raise ValueError(f"{name}: a parameter cannot be called {each!r} here.")
    columns = [(key, float, field(default=number)) for key, number in parameters.items()]
    return make_dataclass(
        name, columns, bases=(base,), namespace=space, frozen=True, eq=False, repr=False
    )
