"""The names of tests, and patterns of them."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase


def name_of(nodeid: str) -> str:
    """What follows the file in the name of a test."""
    return nodeid.partition("::")[2] or nodeid


def matching(name: str, patterns: Iterable[str]) -> str | None:
    """The first of the patterns that a name matches; brackets are themselves."""
    return next((x for x in patterns if fnmatchcase(name, x.replace("[", "[[]"))), None)


def without_objective(nodeid: str) -> str:
    """The name of a test without the objective of an estimator that it is named after."""
    return re.sub(r"(loss_function|objective)=[^,]+,", "", nodeid)
