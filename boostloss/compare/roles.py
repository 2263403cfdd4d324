"""The columns with a part of their own: the target, and those that weigh, group or order the rows."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from boostloss.compare.columns import NestedError, Numbers, Text, as_numbers, as_text
from boostloss.compare.reading import InputError, clean

Task = Literal["regression", "binary", "multiclass"]
TASKS: tuple[Task, ...] = ("regression", "binary", "multiclass")

FEW_VALUES = 20  # a numeric target with no more may be meant as classes: say what was assumed
# Whole numbers that count on from 0 or 1 without a gap are taken as classes, where they are few and none is as rare as
# the largest counts of something usually are.
MOST_NUMBERED, LEAST_ROWS = 10, 10
MOST_CLASSES = (
    50  # more different texts are names or keys, unless the user says that they are classes
)
SHOWN_COLUMNS = 30
MOST_WORDS = (
    0.01  # of a target's rows: where more hold a word such as "none", it may well be a class
)
LARGEST_TARGET = 1e15  # XGBoost squares sums of gradients in float32
SMALL_SPREAD = 1e-2  # XGBoost makes no split that gains less than 1e-6
LARGEST_WEIGHT = float(np.finfo(np.float32).max)
AS_NUMBERS = "Read as numbers"
AS_DATES = "Read as dates, in days since the first"
AS_MISSING = "Taken as missing"


def find_column(columns: list[str], name: str, option: str) -> str:
    """The column called `name`, or else at the position that it says."""
    for known in (name, clean(name)):
        if known in columns:
            return known
    try:
        return columns[int({"first": "0", "last": "-1"}.get(name, name))]
    except (ValueError, IndexError):
        close = [c for c in columns if c.strip().casefold() == name.strip().casefold()]
        hint = f"Did you mean {close[0]!r}?" if close else f"The columns are: {listed(columns)}."
        raise InputError(
            f"{option}: there is no column {name!r}. {hint} "
            "A position works too: first, last, 0, 1, ... or -1 for the last"
        ) from None


def listed(names: Iterable[str]) -> str:
    """The names with commas between them; the first ones if there are many."""
    names = list(names)
    return ", ".join(names[:SHOWN_COLUMNS]) + (", ..." if len(names) > SHOWN_COLUMNS else "")


def remark(column: str, found: Numbers | Text, remarks: dict[str, list[str]]) -> None:
    """Note how the column was read, if it is neither plain numbers nor plain text."""
    if isinstance(found, Text):
        for word, count in found.words.items():
            text = f"{word!r} in {count:,} rows of {column!r} (rename it to keep it)"
            remarks[AS_MISSING].append(text)
        return
    if found.example or found.dates:
        example = f" ({found.example})" if found.example else ""
        remarks[AS_DATES if found.dates else AS_NUMBERS].append(f"{column!r}{example}")
    if signs := (*found.marks, *found.words):
        remarks[AS_MISSING].append(f"{' and '.join(map(repr, signs))} in {column!r}")


def read_target(column: pd.Series, decimal: str, remarks: dict[str, list[str]]) -> pd.Series:
    """The target as float64 or as text, None or NaN where it is missing."""
    flags = pd.api.types.infer_dtype(column, skipna=True) == "boolean"
    numbers = None
    try:
        numbers = None if flags else as_numbers(column, decimal)
        if numbers is None:
            return _read_classes(column, remarks)
    except NestedError as error:
        raise InputError(f"the target {column.name!r} holds {error}") from error
    if numbers.words:
        raise InputError(
            f"the target {column.name!r} holds text such as {numbers.words[0]!r} beside numbers: "
            "leave these rows out, or leave the cells empty"
        )
    remark(column.name, numbers, remarks)
    return numbers.values


def _read_classes(column: pd.Series, remarks: dict[str, list[str]]) -> pd.Series:
    """A target of text; an error where words that stand for missing values are many."""
    text = as_text(column)
    if sum(text.words.values()) > MOST_WORDS * len(column):
        found = " and ".join(f"{word!r} in {count:,} rows" for word, count in text.words.items())
        raise InputError(
            f"the target {column.name!r} holds {found}, which may stand for a missing value or for a class: "
            "give it another name if it is a class, or leave these cells empty"
        )
    remark(column.name, text, remarks)
    return text.values


def read_role(
    column: pd.Series, option: str, decimal: str, remarks: dict[str, list[str]]
) -> pd.Series:
    """The weights, groups or times as float64, NaN where they are missing; groups are numbered."""
    try:
        if option == "--group":
            groups = as_text(column)
            remark(column.name, groups, remarks)
            codes, _ = pd.factorize(groups.values)
            return pd.Series(codes, name=column.name, dtype=np.float64).replace(-1, np.nan)
        numbers = as_numbers(column, decimal)
    except NestedError as error:
        raise InputError(f"{option}: {column.name!r} holds {error}") from error
    wanted = "numbers" if option == "--weight" else "numbers or dates"
    if numbers is None or numbers.words or (numbers.dates and option == "--weight"):
        text = numbers.words[0] if numbers and numbers.words else str(column.dropna().iloc[0])
        raise InputError(f"{option}: {column.name!r} holds {text!r}, and {wanted} are needed")
    remark(column.name, numbers, remarks)
    return numbers.values.rename(column.name)


def check_weight(values: pd.Series) -> None:
    """Refuse weights that are not finite numbers from 0."""
    for trouble, rows in (
        ("missing", values.isna()),
        ("negative", values < 0),
        ("infinite", values > LARGEST_WEIGHT),
    ):
        if rows.any():
            raise InputError(
                f"--weight: {values.name!r} is {trouble} in {rows.sum():,} rows; "
                "weights are numbers from 0"
            )


class Target(NamedTuple):
    """The target as floats, the task, the labels behind 0, 1, ..., and a sentence that says so."""

    y: np.ndarray
    task: Task
    classes: tuple[str, ...]
    note: str


def encode_target(values: pd.Series, target: str, task: Task | None) -> Target:
    """Choose the task, unless it is given, and encode the target for it."""
    is_number = values.dtype == np.float64
    labels = sorted(values.unique())
    count = len(labels)
    if count == 1:
        raise InputError(f"the target {target!r} is constant: every value is {_name(labels[0])}")
    if task == "regression" and not is_number:
        raise InputError(
            f"the target {target!r} holds text such as {values.iloc[0]!r} and {count:,} different "
            "values; regression needs numbers"
        )
    if (task == "binary") != (count == 2) and task in ("binary", "multiclass"):
        wanted = "two values" if task == "binary" else "three values or more"
        raise InputError(f"--task {task} needs {wanted} in {target!r}, which has {count:,}")
    found = task or _detected_task(values, target, labels)
    if found == "regression":
        return _encode_numbers(values.to_numpy(), target, count if task is None else 0)
    return _encode_classes(values, target, labels, found, is_number and task is None)


def _detected_task(values: pd.Series, target: str, labels: list) -> Task:
    count = len(labels)
    if count == 2:
        return "binary"
    if values.dtype == np.float64:
        numbered = labels[0] in (0, 1) and labels == [labels[0] + k for k in range(count)]
        common = numbered and count <= MOST_NUMBERED and values.value_counts().min() >= LEAST_ROWS
        return "multiclass" if common else "regression"
    if count > MOST_CLASSES:
        raise InputError(
            f"the target {target!r} holds text such as {values.iloc[0]!r} and {count:,} different "
            f"values, too many to be taken as classes: --task multiclass would do it"
        )
    return "multiclass"


def _name(label: object) -> str:
    """A class as the user knows it."""
    return clean(label) if isinstance(label, str) else f"{label:.15g}"


def _encode_numbers(y: np.ndarray, target: str, count: int) -> Target:
    """A target of numbers; the count of its values, if they were taken as numbers unasked."""
    beyond = np.abs(y) > LARGEST_TARGET
    if beyond.any():
        raise InputError(
            f"the target {target!r} is beyond {LARGEST_TARGET:g} in {beyond.sum():,} rows, as in "
            f"{y[beyond][0]:g}: XGBoost trains in float32 and would overflow. Leave these rows "
            "out, or divide the target by a constant"
        )
    note = f"Regression: {target!r} holds numbers from {y.min():,.6g} to {y.max():,.6g}"
    if 2 < count <= FEW_VALUES:
        note += f" ({count} different values: --task multiclass would take them as classes)"
    note += "."
    if y.std() < SMALL_SPREAD:
        note += (
            f" Its standard deviation is {y.std():.1g}: XGBoost makes no split that gains less "
            "than 1e-6, so multiply the target by a constant to be fair to it."
        )
    return Target(y, "regression", (), note)


def _encode_classes(
    values: pd.Series, target: str, labels: list, task: Task, doubtful: bool
) -> Target:
    """A target of classes; whether they are numbers that were taken as classes unasked."""
    place = {label: float(k) for k, label in enumerate(labels)}
    y = values.map(place).to_numpy(dtype=np.float64)
    names = tuple(map(_name, labels))
    if task == "binary":
        note = (
            f"Binary classification: {target!r} is {names[1]!r} in {y.mean():.1%} of the rows "
            f"and {names[0]!r} in the others"
        )
    else:
        shares = np.bincount(y.astype(np.intp)) / len(y)
        parts = [f"{name!r} ({share:.1%})" for name, share in zip(names, shares, strict=True)]
        note = f"Multiclass: {target!r} has {len(names)} classes: {listed(parts)}"
    if doubtful:
        note += " (--task regression would take them as numbers)"
    return Target(y, task, names, note + ".")
