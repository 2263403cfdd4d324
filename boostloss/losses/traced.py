"""What losses and log-densities of one's own have in common: numbers as parameters, a trace of the value, a record."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, ClassVar

from boostloss.autodiff.traces import Trace
from boostloss.losses.pickles import written
from boostloss.losses.validation import check_number


class Traced:
    """A loss whose value is a function of the user's, or was read from a record of one."""

    value: ClassVar[Callable[[Mapping[str, float]], Trace]]
    decided: ClassVar[
        tuple[str, ...]
    ] = ()  # parameters of a loss read from text that may not change
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
