"""Losses by name: in any spelling, by the names of other libraries, or by what is said of them."""

from difflib import get_close_matches

from boostloss.losses.entries import Entry
from boostloss.losses.guide import ENTRIES


def find(text: str) -> list[Entry]:
    """The entries of a name, in any case and with or without parameters: of a loss, or one that a library gives it."""
    wanted = plain(text)
    named = [item for item in ENTRIES if plain(item.name) == wanted]
    return named or [
        item for item in ENTRIES if any(wanted in map(plain, own) for own in item.names.values())
    ]


def near(text: str) -> list[str]:
    """The names of losses that are much like a text, or whose docstring has it."""
    wanted, names = plain(text), {plain(item.name): item.name for item in ENTRIES}
    found = [names[name] for name in get_close_matches(wanted, names, n=3, cutoff=0.6)]
    if len(wanted) > 2:
        found += [name for key, name in names.items() if wanted in key or key in wanted]
        found += [
            x.name for x in ENTRIES if wanted in plain_letters(f"{x.use} {x.cost} {x.kind.__doc__}")
        ]
    return list(dict.fromkeys(found))[:4]


def plain(text: str) -> str:
    """A name without its parameters, in small letters and without signs."""
    name = text.partition("(")[0].lower()
    # XGBoost writes the kind of task before a colon, CatBoost the parameters behind it.
    return plain_letters(name if name.startswith(KINDS) else name.partition(":")[0])


KINDS = "reg:", "count:", "binary:", "multi:"


def plain_letters(text: str) -> str:
    """Letters and digits alone."""
    return "".join(filter(str.isalnum, text.lower()))
