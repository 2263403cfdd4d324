"""Pickles say which form they have, and what they hold is checked as if it were given anew."""

from collections.abc import Callable, Mapping
from typing import Any

FORM = 1  # of what pickles hold; another one cannot be read


def stamp() -> tuple[int, str]:
    """The form of a pickle, and the version that writes it."""
    import boostloss

    return FORM, boostloss.__version__


def check_stamp(what: str, form: Any, version: str) -> None:
    """Refuse the pickle of something, of another form."""
    if form != FORM:
        raise ValueError(
            f"this pickle of {what} is of boostloss {version}, in a form that boostloss {stamp()[1]} cannot read: "
            f"install boostloss {version}."
        )


def written(make: Callable[..., Any], given: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a pickle holds of a loss, which is made of these arguments."""
    return read, (*stamp(), make, dict(given))


def read(form: int, version: str, make: Callable[..., Any], given: dict[str, Any]) -> Any:
    """The loss of a pickle.

    Raises
    ------
    ValueError
        If the form is another one, or a parameter is not valid.
    """
    check_stamp("a loss", form, version)
    try:
        return make(**given)
    except TypeError as error:
        raise ValueError(
            f"this pickle of a loss, of boostloss {version}, does not suit boostloss {stamp()[1]}: {error}"
        ) from None
