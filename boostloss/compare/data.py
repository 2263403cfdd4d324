"""Read a table, find out which task it holds, and make its columns fit for all libraries."""

import bz2
import gzip
import lzma
import shlex
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1

Task = Literal["regression", "binary"]
TASKS: tuple[Task, ...] = ("regression", "binary")

MISSING = ["?"]  # besides what pandas takes as missing: empty, NA, NaN, null, None, ...
FEW_VALUES = (
    20  # a numeric target with no more values may be meant as classes: say what was assumed
)
TEXT_LEVELS = 50  # a text column with more levels than this, and than half of the rows, is a name
SHOWN_COLUMNS = 30
DEMO_ROWS = 2000
DEMO_CONTAMINATE = 0.1  # shows at once what a robust loss is for
DEMO_FOLDS = 3  # keep it under a minute
NO_HEADER = (
    "No header row was found, as the first row looks like data: the columns are called 0, 1, 2, "
    "... Use --header if the first row does hold names."
)


class InputError(ValueError):
    """What the user gave cannot be used; the message says what and what would be right."""


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
        The target; 0 and 1 for a binary task.
    task : {"regression", "binary"}
    classes : tuple of str
        The labels behind 0 and 1; empty in a regression.
    columns : tuple of str
        The names that the columns of `X` have in the file.
    notes : tuple of str
        What was detected, left out or assumed, in sentences.
    """

    name: str
    target: str
    X: pd.DataFrame
    y: np.ndarray
    task: Task
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def sample(self, rows: int, seed: int) -> "Table":
        """The same table with at most `rows` rows, drawn at random and kept in their order."""
        if rows >= len(self.y):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self.y), rows, replace=False))
        y = self.y[chosen]
        if np.ptp(y) == 0:
            raise InputError(f"a sample of {rows} rows holds one value of the target: use more")
        note = f"Sampled {rows:,} of {len(self.y):,} rows."
        return replace(
            self, X=self.X.iloc[chosen].reset_index(drop=True), y=y, notes=(*self.notes, note)
        )


def load(
    path: Path,
    target: str | None,
    *,
    task: Task | None = None,
    header: bool | None = None,
    drop: tuple[str, ...] = (),
) -> Table:
    """Read `path` and prepare it; every problem is an `InputError`.

    Parameters
    ----------
    path : Path
        Parquet (.parquet, .pq), or else delimited text, which may be compressed (.gz, .bz2, .xz).
    target : str or None
        A column's name; where no column has that name, ``"first"``, ``"last"`` or a position from
        0, counted from the end if negative.
    task : {"regression", "binary"}, optional
        Detected by default.
    header : bool, optional
        Whether the first row of a text file names the columns; detected by default. Without
        names the columns are called "0", "1", ...
    drop : tuple of str
        Columns to leave out, each given like `target`.
    """
    frame, notes = read(path, header)
    return prepare(frame, path.name, target, task=task, drop=drop, notes=notes)


def read(path: Path, header: bool | None = None) -> tuple[pd.DataFrame, list[str]]:
    """The table in the file, its columns named by strings, and notes on how it was read."""
    if not path.exists():
        raise InputError(f"there is no file {str(path)!r}")
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a directory; give a CSV, TSV or Parquet file")
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else it cuts rows short
            if path.suffix.lower() in (".parquet", ".pq"):
                frame = pd.read_parquet(path)
            else:
                frame, notes = _read_text(path, header)
    except ImportError as error:
        raise InputError(f"Parquet files need pyarrow: pip install pyarrow ({error})") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text ({error.reason} at byte {error.start}); "
            "give CSV, TSV (also .gz) or Parquet"
        ) from error
    except (OSError, EOFError, lzma.LZMAError, ValueError, pd.errors.ParserWarning) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path.name} cannot be read: {reason}") from error
    frame.columns = frame.columns.map(str)
    if frame.empty:
        raise InputError(f"{path.name} has no rows")
    return frame, notes


def _read_text(path: Path, header: bool | None) -> tuple[pd.DataFrame, list[str]]:
    opener: Any = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8-sig") as file:
        first_line = file.readline()
    if not first_line.strip():
        raise ValueError("its first line is empty")
    options = {
        "sep": "\t" if ".tsv" in path.suffixes else max(",;\t|", key=first_line.count),
        "skipinitialspace": True,
        "index_col": False,
        "na_values": MISSING,
        "encoding": "utf-8-sig",
    }
    notes = []
    if header is None:
        header = _has_header(pd.read_csv(path, header=None, dtype=str, nrows=200, **options))
        if not header:
            notes.append(NO_HEADER)
    frame = pd.read_csv(path, header=0 if header else None, low_memory=False, **options)
    return frame, notes


def _has_header(sample: pd.DataFrame) -> bool:
    """Whether the first row names the columns: above some column of numbers stands a word."""
    first, rest = sample.iloc[0], sample.iloc[1:]
    is_number = sample.apply(pd.to_numeric, errors="coerce").notna()
    numeric = (is_number.iloc[1:] | rest.isna()).all() & rest.notna().any()
    named = numeric & first.notna() & ~is_number.iloc[0]
    return bool(named.any() or not numeric.any())


def find_column(columns: list[str], name: str, option: str) -> str:
    """The column called `name`, or else at the position that it says."""
    if name in columns:
        return name
    try:
        return columns[int({"first": "0", "last": "-1"}.get(name, name))]
    except (ValueError, IndexError):
        close = [c for c in columns if c.strip().casefold() == name.strip().casefold()]
        hint = f"Did you mean {close[0]!r}?" if close else f"The columns are: {_listed(columns)}."
        raise InputError(
            f"{option}: there is no column {name!r}. {hint} "
            "A position works too: first, last, 0, 1, ... or -1 for the last"
        ) from None


def _listed(columns: list[str]) -> str:
    return ", ".join(columns[:SHOWN_COLUMNS]) + (", ..." if len(columns) > SHOWN_COLUMNS else "")


def prepare(
    frame: pd.DataFrame,
    name: str,
    target: str | None,
    *,
    task: Task | None = None,
    drop: tuple[str, ...] = (),
    notes: list[str] | None = None,
) -> Table:
    """Choose the target, detect the task, and turn every column into numbers or categories."""
    columns = list(frame.columns)
    notes = list(notes or ())
    if target is None:
        raise InputError(
            f"--target: say which column to predict. The columns are: {_listed(columns)}"
        )
    target = find_column(columns, target, "--target")
    dropped = {find_column(columns, column, "--drop") for column in drop}
    if target in dropped:
        raise InputError(f"--drop: {target!r} is the target")

    values = frame[target]
    if pd.api.types.is_numeric_dtype(values):
        values = values.replace([np.inf, -np.inf], np.nan)
    known = values.notna().to_numpy()
    if known.mean() < 0.5:
        raise InputError(f"the target {target!r} is missing in {1 - known.mean():.0%} of the rows")
    if not known.all():
        notes.append(f"Left out {(~known).sum():,} rows in which the target is missing.")
    y, task, classes, note = _encode_target(values[known], target, task)
    notes.append(note)

    features = frame.loc[known].drop(columns=[target, *dropped]).reset_index(drop=True)
    if features.columns.empty:
        raise InputError("no column is left to predict from")
    empty = [str(column) for column in features if features[column].isna().all()]
    if empty:
        options = " ".join(f"--drop {shlex.quote(column)}" for column in empty)
        raise InputError(
            f"no value at all in {len(empty)} of the columns: {', '.join(empty)}. "
            f"Leave them out with {options}"
        )
    X: dict[str, pd.Series] = {}
    names: list[str] = []
    for column in features:
        prepared, trouble = _encode_feature(features[column])
        if prepared is None:
            notes.append(f"Left out {column!r}: {trouble}.")
            continue
        X[f"f{len(names)}"] = prepared
        names.append(str(column))
    if not X:
        raise InputError("no usable column is left to predict from; " + " ".join(notes[-3:]))
    return Table(name, target, pd.DataFrame(X), y, task, classes, tuple(names), tuple(notes))


def _encode_target(
    values: pd.Series, target: str, task: Task | None
) -> tuple[np.ndarray, Task, tuple[str, ...], str]:
    """The target as floats, the task, the labels of 0 and 1, and a sentence that says so."""
    numbers = pd.to_numeric(values, errors="coerce")
    is_number = bool(numbers.notna().all()) and not pd.api.types.is_bool_dtype(values)
    if not is_number:
        values = values.map(lambda label: str(label).strip())
    labels = sorted((numbers if is_number else values).unique())
    count = len(labels)
    if count == 1:
        raise InputError(f"the target {target!r} is constant: every value is {labels[0]!s}")
    if not is_number and (task == "regression" or count > 2):
        text = values[numbers.isna()].iloc[0]
        wanted = "regression needs numbers" if task == "regression" else (
            "only numbers (regression) and two classes (binary) can be compared"
        )  # fmt: skip
        raise InputError(
            f"the target {target!r} holds text such as {text!r} and {count:,} different values; "
            + wanted
        )
    if task == "binary" and count > 2:
        raise InputError(f"--task binary needs two values in {target!r}, which has {count:,}")
    if task is None:
        task, detected = ("binary" if count == 2 else "regression"), True
    else:
        detected = False
    if task == "regression":
        y = numbers.to_numpy(dtype=np.float64)
        note = f"Regression: {target!r} holds numbers from {y.min():,.6g} to {y.max():,.6g}"
        if detected and count <= FEW_VALUES:
            note += f" ({count} different values; classes of more than two kinds are not compared)"
        return y, task, (), note + "."
    y = ((numbers if is_number else values) == labels[1]).to_numpy(dtype=np.float64)
    classes = tuple(f"{label:g}" if is_number else str(label) for label in labels)
    note = (
        f"Binary classification: {target!r} is {classes[1]!r} in {y.mean():.1%} of the rows "
        f"and {classes[0]!r} in the others"
    )
    if detected and is_number:
        note += " (--task regression would take them as numbers)"
    return y, task, classes, note + "."


def _encode_feature(column: pd.Series) -> tuple[pd.Series | None, str]:
    """The column as float64 or category, or None and the reason why it is of no use."""
    kind = pd.api.types
    if kind.is_bool_dtype(column) or kind.is_numeric_dtype(column):
        numbers = column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.Series(np.where(np.isinf(numbers), np.nan, numbers)), ""
    if kind.is_datetime64_any_dtype(column):
        return (column - column.min()) / pd.Timedelta(days=1), ""
    if kind.is_timedelta64_dtype(column):
        return column / pd.Timedelta(days=1), ""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().sum() == column.notna().sum():  # Decimals, numbers as text
        return numbers.astype(np.float64), ""
    text = column.map(lambda value: str(value).strip(), na_action="ignore").astype("category")
    levels = len(text.cat.categories)
    if levels > max(TEXT_LEVELS, 0.5 * len(text)):
        return None, f"text with {levels:,} different values"
    return text, ""


def demonstration() -> Table:
    """The embedded data set: Friedman's first function of five columns, three more, and noise."""
    X, y = make_friedman1(DEMO_ROWS, 8, noise=1.0, random_state=0)
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(X.shape[1])]).assign(y=y)
    return prepare(frame, "Friedman #1", "y")
