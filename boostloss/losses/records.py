"""The record of a loss of one's own: a line of text that is read back, and never run.

    overstock(over=4.0, cap=100.0); error(curvature='safe', smoothing=None); minimum(where(error > 0.0, ...), cap)

It holds the loss as it prints, what its value is a function of, with what boosting was told, links, and the value.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from boostloss.autodiff.derivatives import DATA
from boostloss.autodiff.traces import Trace, read
from boostloss.losses.calls import call, excerpt
from boostloss.losses.custom import CustomLoss, own_class
from boostloss.losses.densities import restored_class
from boostloss.losses.links import Link, link_of
from boostloss.losses.traced import defined

# What a record may say of each kind.
OPTIONS = {kind: {"curvature", "smoothing", "decided"} for kind in DATA}
OPTIONS["density"] = {"outputs", "positive", "decided"}


def restored(text: str) -> Any:
    """The loss of a record: of the class that this process has defined, if its value is the same, else of a new one.

    Raises
    ------
    ValueError
        If the text is no such record.
    """
    try:
        name, arguments, given = call(first(text)[0])
        kind, others, options = call(first(first(text)[1])[0])
        body = first(first(text)[1])[1]
        if kind not in OPTIONS or not set(options) <= OPTIONS[kind]:
            raise ValueError(f"{kind!r} is no kind of loss")
        if arguments or others or {type(number) for number in given.values()} - {float, int}:
            raise ValueError("its parameters are no numbers")
        numbers = {key: float(number) for key, number in given.items()}
        if not all(map(math.isfinite, numbers.values())):
            raise ValueError("its parameters are not finite")
        known = defined.get(name)
        if known is not None:
            try:
                loss = known(**numbers)
            except (TypeError, ValueError):
                pass
            else:
                if loss.record == text:
                    return loss
        described = tuple(numbers.items()), tuple(options.items()), body
        return (
            restored_class(name, *described)()
            if kind == "density"
            else made(name, kind, *described)()
        )
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(
            f"this record of a loss cannot be read ({str(error)[:200]}): {excerpt(text)}."
        ) from None


def first(text: str) -> tuple[str, str]:
    head, _, rest = text.partition(";")
    return head.strip(), rest.strip()


@lru_cache(maxsize=256)
def made(
    name: str, kind: Any, numbers: tuple[tuple[str, float], ...], options: Any, body: str
) -> type[CustomLoss]:
    """A class of losses whose value is a text."""
    data, parameters, told = DATA[kind], dict(numbers), dict(options)
    decided = tuple(filter(None, str(told.get("decided", "")).split(",")))
    traces = read(
        body, (*data, *parameters, *(["prediction"] if kind == "target" else [])), parameters
    )
    link = link_of(None, None)
    if kind == "target":
        if "inverse_link" not in traces:
            raise ValueError("it has no inverse link")
        link = named(traces.get("link"), traces["inverse_link"])

    def value(given: Mapping[str, float]) -> Trace:
        return read(body, (*data, *given, *(["prediction"] if kind == "target" else [])), given)[""]

    smoothing = told.get("smoothing")
    curvature = str(told.get("curvature", "safe"))
    return own_class(name, kind, parameters, value, link, curvature, smoothing, decided)


def named(link: Trace | None, inverse: Trace) -> Link:
    """The link of a name, if it is one."""
    for name in ("identity", "log", "logit"):
        known = link_of(name, None)
        if inverse.text == known.inverse_trace.text:
            return known
    return Link("", link, inverse)
