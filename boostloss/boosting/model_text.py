"""What a trained LightGBM model must hold and no call of the library can give it: its link and the record of its loss.

The text of a model is a head, the trees, and the parameters it was trained with. LightGBM trusts the length that the
head states for each tree, and ends the process where one is wrong: they are checked before the text is edited.
Golden files of several versions pin what is edited (``tests/golden``).
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostloss.boosting.records import CLASSES, LOSS, VERSION
from boostloss.losses.base import Loss

NAMES = {LOSS: "loss", CLASSES: "classes", VERSION: "version"}  # in the lines of a record
LINKS = {
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "log"),
    **dict.fromkeys(("cross_entropy", "binary"), "logit"),
    **dict.fromkeys(
        ("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"
    ),
}
RECORD_LINE = re.compile(r"^\[boostloss (\w+) (.*): \]$", re.MULTILINE)


def complete(
    booster: Any, intercept: float | NDArray, link: str | None, record: dict[str, str]
) -> None:
    """Put the intercept, the link and the record of the loss into a trained booster.

    Parameters
    ----------
    booster : lightgbm.Booster
        Trained with a custom objective.
    intercept : float or ndarray of shape (n_outputs,)
        Added to every leaf of the first tree, or of the first tree for each output.
    link : str or None
        LightGBM's objective whose inverse link turns raw predictions into predictions; None where they are the same.
    record : dict of str to str
        As `boostloss.boosting.records.record` makes it.
    """
    constants = np.atleast_1d(intercept).tolist()
    if any(constants):
        trees = booster.dump_model(num_iteration=1)["tree_info"]
        for place, (tree, constant) in enumerate(zip(trees, constants, strict=True)):
            for leaf in range(tree["num_leaves"]):
                booster.set_leaf_output(
                    place, leaf, booster.get_leaf_output(place, leaf) + constant
                )
    text = booster.model_to_string(num_iteration=-1)
    for place, constant in enumerate(constants):
        text = shift_tree(text, place, constant)
    booster.model_from_string(add_record(add_link(text, link), record))


def has_names(booster: Any) -> bool:
    """Whether the features have other names than those that LightGBM gives them."""
    return any(name != f"Column_{j}" for j, name in enumerate(booster.feature_name()))


def link_of(loss: Loss, n_classes: int) -> str | None:
    """LightGBM's objective that has the link of a loss; None if there is none, or no objective has it."""
    if loss.task != "binary":
        return {"log": "poisson", "logit": "cross_entropy"}.get(loss.link_name)
    return "binary sigmoid:1" if n_classes <= 2 else f"multiclass num_class:{n_classes}"


def link_in(text: str) -> str | None:
    """The link of LightGBM's objective for a regression that a model names, None where it names no such."""
    found = re.search(r"^objective=(\w+)", text, re.MULTILINE)
    return LINKS.get(found[1]) if found else None


def shift_tree(text: str, place: int, constant: float) -> str:
    """Add a constant to what `Booster.set_leaf_output` does not reach in one tree.

    These are the constants of linear leaves, which predict in place of the leaf values, and the values that plots show
    for inner nodes.
    """
    if not constant:
        return text

    def shifted(line: re.Match) -> str:
        return line[1] + " ".join(repr(float(value) + constant) for value in line[2].split())

    head, tree, rest = _parts(text, place)
    moved = re.sub(r"^((?:leaf_const|internal_value)=)(.*)", shifted, tree, flags=re.MULTILINE)
    return _with_size(head, place, len(tree), len(moved)) + moved + rest


def add_link(text: str, link: str | None) -> str:
    """Name the objective whose inverse link LightGBM applies to raw predictions; a custom one has left no name."""
    return text if link is None else _insert(text, f"objective={link}\n", before="feature_names=")


def add_record(text: str, record: dict[str, str]) -> str:
    """Keep the record among the parameters.

    LightGBM keeps a parameter that it does not know through a further save, and is silent only about an empty one: the
    text is in the name.
    """
    lines = (f"[boostloss {NAMES[key]} {_escape(value)}: ]\n" for key, value in record.items())
    return _insert(text, "".join(lines), before="[boosting: ")


def read_record(text: str) -> dict[str, str]:
    """The record that `add_record` has written, empty where there is none."""
    found = dict(RECORD_LINE.findall(text))
    return {key: _unescape(found[name]) for key, name in NAMES.items() if name in found}


def _parts(text: str, place: int) -> tuple[str, str, str]:
    """What stands before, in, and after one tree."""
    start = text.find(f"\nTree={place}\n")
    end = text.find(f"\nTree={place + 1}\n", start)
    end = text.find("\nend of trees", start) if end < 0 else end
    if min(start, end) < 0:
        raise _unknown(text, "first tree" if place == 0 else f"tree {place}")
    return text[:start], text[start:end], text[end:]


def _with_size(head: str, place: int, before: int, after: int) -> str:
    """What stands before a tree, with the length of the tree changed from one to the other."""
    found = re.search(r"^tree_sizes=(.*)$", head, re.MULTILINE)
    sizes = found[1].split() if found else []
    if found is None or sizes[place : place + 1] != [str(before)]:
        raise _unknown(
            head,
            f"line that begins with 'tree_sizes={before}'"
            if place == 0
            else f"size {before} of tree {place}",
        )
    sizes[place] = str(after)
    return head[: found.start(1)] + " ".join(sizes) + head[found.end(1) :]


def _insert(text: str, lines: str, before: str) -> str:
    """The text with lines before the first one that begins as given."""
    if f"\n{before}" not in text:
        raise _unknown(text, f"line that begins with {before!r}")
    return text.replace(f"\n{before}", f"\n{lines}{before}", 1)


def _unknown(text: str, what: str) -> ValueError:
    version = re.search(r"^version=.*", text, re.MULTILINE)
    return ValueError(
        f"The text of this LightGBM model ({version[0] if version else 'without a version'}) has no {what}: "
        "boostloss does not know this form, so the model cannot keep its loss. Install a version of lightgbm that "
        "pip install 'boostloss[lightgbm]' chooses."
    )


def _escape(value: str) -> str:
    """Without what ends a parameter's name or its line."""
    return re.sub(r"[\\:\r\n]", lambda found: f"\\u{ord(found[0]):04x}", value)


def _unescape(value: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), value)
