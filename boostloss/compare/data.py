"""Find out which task a table holds, and make its columns fit for all libraries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1

from boostloss.compare.columns import NestedError, as_numbers, as_text
from boostloss.compare.reading import UNNAMED, InputError, clean, read
from boostloss.compare.roles import (
    AS_MISSING,
    Task,
    check_weight,
    encode_target,
    find_column,
    listed,
    read_role,
    read_target,
    remark,
)

TEXT_LEVELS = 50  # a text column with more levels than this, and than half of the rows, is a name
LARGEST_FEATURE = float(np.finfo(np.float32).max)
DEMO_ROWS = 2000
DEMO_CONTAMINATE = 0.1  # shows at once what a robust loss is for
DEMO_FOLDS = 3  # keep it under a minute


@dataclass(frozen=True)
class Table:
    """A table ready for all three libraries.

    Attributes
    ----------
    name, target : str
        The file and the column to predict.
    X : DataFrame
        float64 columns (missing as NaN) and categorical columns, named f0, f1, ...: the libraries
        refuse some characters in names.
    y : ndarray of float64
        The target; 0, 1, ... for classes.
    task : {"regression", "binary", "multiclass"}
    classes : tuple of str
        The labels behind 0, 1, ...; empty in a regression.
    columns : tuple of str
        The names that the columns of `X` have in the file.
    notes : tuple of str
        What was detected, left out or assumed, in sentences.
    weight, group, time : Series or None
        Of every row its weight (1 on average), the number of its group, and its time; each has the
        name of its column.
    """

    name: str
    target: str
    X: pd.DataFrame
    y: np.ndarray
    task: Task
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    weight: pd.Series | None = None
    group: pd.Series | None = None
    time: pd.Series | None = None

    @property
    def holds_counts(self) -> bool:
        """Whether the target looks like counts: whole numbers from 0, not all of which are 0."""
        whole = self.y == np.floor(self.y)
        return self.task == "regression" and bool(
            whole.all() and self.y.min() == 0.0 < self.y.max()
        )

    def sample(self, rows: int, seed: int) -> "Table":
        """The same table with at most `rows` rows, drawn at random and kept in their order."""
        if rows >= len(self.y):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self.y), rows, replace=False))
        y = self.y[chosen]
        if np.ptp(y) == 0:
            raise InputError(f"a sample of {rows} rows holds one value of the target: use more")
        missing = sorted(set(range(len(self.classes))) - set(y))
        if missing:
            name = self.classes[missing[0]]
            raise InputError(
                f"a sample of {rows} rows holds no row of the class {name!r}: use more"
            )
        note = f"Sampled {rows:,} of {len(self.y):,} rows."
        weight, group, time = (
            None if values is None else values.iloc[chosen].reset_index(drop=True)
            for values in (self.weight, self.group, self.time)
        )
        X = self.X.iloc[chosen].reset_index(drop=True)
        notes = (*self.notes, note)
        return replace(self, X=X, y=y, notes=notes, weight=weight, group=group, time=time)


def load(
    path: Path,
    target: str | None,
    *,
    task: Task | None = None,
    header: bool | None = None,
    drop: tuple[str, ...] = (),
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
) -> Table:
    """Read `path` and prepare it; every problem is an `InputError`.

    Parameters
    ----------
    path : Path
        A file as `boostloss.compare.reading.read` takes it.
    target : str or None
        A column's name; where no column has that name, ``"first"``, ``"last"`` or a position from
        0, counted from the end if negative.
    task : {"regression", "binary", "multiclass"}, optional
        Detected by default.
    header : bool, optional
        Whether the first row of a text file names the columns; detected by default. Without
        names the columns are called "0", "1", ...
    drop : tuple of str
        Columns to leave out, each given like `target`.
    weight, group, time : str, optional
        Columns, given like `target`, that weigh the rows, hold them together in the
        cross-validation, or order them for it. None of them is a feature.
    """
    source = read(path, header)
    roles = {"weight": weight, "group": group, "time": time}
    return prepare(
        source.frame, clean(path.name), target,
        task=task, drop=drop, decimal=source.decimal, notes=source.notes, **roles,
    )  # fmt: skip


def prepare(
    frame: pd.DataFrame,
    name: str,
    target: str | None,
    *,
    task: Task | None = None,
    drop: tuple[str, ...] = (),
    decimal: str = ".",
    notes: Iterable[str] = (),
    **roles: str | None,
) -> Table:
    """Choose the target, detect the task, and turn every column into numbers or categories.

    Parameters
    ----------
    decimal : {".", ","}
        The decimal sign of numbers in text that could be read with either.
    notes : iterable of str
        What there is to say about the file already.
    **roles : str or None
        The columns called weight, group and time, as `load` takes them.
    """
    columns = list(frame.columns)
    if target is None:
        raise InputError(
            f"--target: say which column to predict. The columns are: {listed(columns)}"
        )
    target = find_column(columns, target, "--target")
    found = {f"--{role}": find_column(columns, column, f"--{role}")
             for role, column in roles.items() if column is not None}  # fmt: skip
    dropped = {find_column(columns, column, "--drop") for column in drop}
    for option, column in (*found.items(), *(("--drop", column) for column in dropped)):
        if column == target:
            raise InputError(f"{option}: {target!r} is the target")
    if "--group" in found and "--time" in found:
        raise InputError(
            "--group and --time ask for folds of two kinds, of whole groups and in the order of "
            "time: give one of them"
        )

    notes = list(notes)
    remarks: dict[str, list[str]] = defaultdict(list)  # what columns were read as, by heading
    answers = read_target(frame[target], decimal, remarks)
    known = answers.notna()
    if known.mean() < 0.5:
        raise InputError(f"the target {target!r} is missing in {1 - known.mean():.0%} of the rows")
    if not known.all():
        notes.append(f"Left out {(~known).sum():,} rows in which the target is missing.")
    parts = {}
    for option, column in found.items():
        values = parts[option.strip("-")] = read_role(frame[column], option, decimal, remarks)
        if option == "--weight":
            check_weight(values[known])
        bad = known & (values.eq(0) if option == "--weight" else values.isna())
        if bad.any():
            state = "0" if option == "--weight" else "missing"
            notes.append(f"Left out {bad.sum():,} rows in which {column!r} is {state}.")
            known &= ~bad
    if not known.any():
        raise InputError(f"no row is left: {' '.join(notes)}")
    if "weight" in parts:
        parts["weight"] /= parts["weight"][known].mean()
        notes.append(
            f"Every row weighs {found['--weight']!r}, divided by its mean, in training, in early "
            "stopping and in the metrics."
        )
    y, task, classes, note = encode_target(answers[known], target, task)
    notes.append(note)

    features = frame.drop(columns=[target, *dropped, *found.values()])
    if features.columns.empty:
        raise InputError("no column is left to predict from")
    X: dict[str, pd.Series] = {}
    names: list[str] = []
    left_out: dict[str, list[str]] = defaultdict(list)
    for column in features:
        prepared, trouble = _encode_feature(features[column], known, decimal, remarks)
        if prepared is None:
            left_out[trouble].append(repr(column))
        else:
            X[f"f{len(names)}"] = prepared
            names.append(column)
    notes += [f"{heading}: {listed(texts)}." for heading, texts in remarks.items()]
    notes += [f"Left out {listed(texts)}: {trouble}." for trouble, texts in left_out.items()]
    if not X:
        raise InputError("no usable column is left to predict from; " + " ".join(notes[-3:]))
    kept = {role: values[known].reset_index(drop=True) for role, values in parts.items()}
    return Table(
        name, target, pd.DataFrame(X), y, task, classes, tuple(names), tuple(notes), **kept
    )


def _encode_feature(
    column: pd.Series, known: pd.Series, decimal: str, remarks: dict[str, list[str]]
) -> tuple[pd.Series | None, str]:
    """The known rows as float64 or category, or None and the reason why they are of no use."""
    rows = column[known.to_numpy()]
    try:
        numbers = as_numbers(rows, decimal)
        found = as_text(rows) if numbers is None else numbers
    except NestedError as error:
        return None, str(error)
    values, n_beyond = found.values, 0
    if numbers is not None:
        beyond = values.abs() > LARGEST_FEATURE
        values, n_beyond = values.mask(beyond), int(beyond.sum())
    count = values.nunique()
    if not count:
        return None, "no value at all"
    if count == 1 and values.notna().all():
        return None, "one value only"
    if numbers is None:
        if count > max(TEXT_LEVELS, 0.5 * len(values)):
            return None, f"text with {count:,} different values such as {values.dropna().iloc[0]!r}"
        remark(column.name, found, remarks)
        return values.astype("category"), ""
    numbered = column.name.startswith(UNNAMED) and pd.api.types.is_integer_dtype(column)
    if numbered and column.diff().iloc[1:].eq(1).all():
        return None, "it numbers the rows"
    remark(column.name, found, remarks)
    if n_beyond:
        remarks[AS_MISSING].append(f"{n_beyond:,} infinite or huge values in {column.name!r}")
    return values, ""


def demonstration() -> Table:
    """The embedded data set: Friedman's first function of five columns, three more, and noise."""
    X, y = make_friedman1(DEMO_ROWS, 8, noise=1.0, random_state=0)
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(X.shape[1])]).assign(y=y)
    return prepare(frame, "Friedman #1", "y")
