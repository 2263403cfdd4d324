"""Read a file into a table of named columns, whatever its format, encoding and separators are."""

import bz2
import codecs
import csv
import gzip
import importlib
import io
import lzma
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from boostloss.compare.columns import MARKS, as_numbers, number_pattern

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
ARROW = {".parquet": "parquet", ".pq": "parquet", ".feather": "feather"}  # modules of pyarrow
JSON = {".json": False, ".jsonl": True, ".ndjson": True}  # whether every line is a row
SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
FORMATS = "CSV, TSV (also .gz, .bz2, .xz, .zip), JSON, Feather or Parquet"
LEGACY = ("cp1252", "latin-1")
HEAD = 1 << 20  # bytes by which encoding, separator and header are told
HEAD_ROWS = 200
UNNAMED = "Unnamed: "
NO_HEADER = (
    "No header row was found, as the first row looks like data: the columns are called 0, 1, 2, "
    "... Use --header if the first row does hold names."
)


class InputError(ValueError):
    """What the user gave cannot be used; the message says what and what would be right."""


@dataclass(frozen=True)
class Source:
    """A file's table, the decimal sign of numbers that leave it open, and notes on the reading."""

    frame: pd.DataFrame
    decimal: str
    notes: tuple[str, ...]


def clean(name: object) -> str:
    """The name in one line and without what a terminal or a JSON file could stumble over."""
    line = " ".join(str(name).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def read(path: Path, header: bool | None = None) -> Source:
    """Read a table of delimited text, JSON, Feather or Parquet, which may be compressed.

    Raises
    ------
    InputError
        If there is none that can be read.
    """
    name = clean(path.name)
    if not path.exists():
        raise InputError(f"there is no file {str(path)!r}")
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a directory; give a file: {FORMATS}")
    if path.suffix.lower() in SPREADSHEETS:
        raise InputError(
            f"{name} is a spreadsheet: save the sheet as CSV, or run "
            f"pandas.read_excel({path.name!r}).to_parquet({path.stem + '.parquet'!r}) in Python"
        )
    decimal = "."
    notes: list[str] = []
    try:
        with warnings.catch_warnings(), _open(path) as (kind, file):
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else it cuts rows short
            if kind in ARROW:
                frame, names = _read_arrow(file, ARROW[kind])
            elif kind in JSON:
                frame = pd.read_json(file, lines=JSON[kind])
                names = [*map(clean, frame.columns)]
            else:
                frame, names, decimal, notes = _read_text(file, kind == ".tsv", header)
    except ImportError as error:
        raise InputError(f"{name} needs pyarrow: pip install pyarrow ({error})") from error
    except (
        OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, ValueError,
        pd.errors.ParserWarning,
    ) as error:  # fmt: skip
        reason = clean(error) or type(error).__name__
        raise InputError(f"{name} cannot be read: {reason}") from error
    if frame.empty:
        raise InputError(f"{name} has no rows")
    frame.columns = _distinct(names)
    changed = [f"{a!r} is {b!r}" for a, b in zip(names, frame.columns, strict=True) if a and a != b]
    if changed:
        notes.append(f"Names that come again got a number: {', '.join(changed)}.")
    return Source(frame.reset_index(drop=True), decimal, tuple(notes))


@contextmanager
def _open(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """What the file holds, by the ending of its name, and its bytes without the compression."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = [
                m for m in archive.namelist() if not m.startswith("__MACOSX") and m[-1] != "/"
            ]
            if len(members) != 1:
                raise ValueError(f"it holds {len(members)} files; an archive of one is needed")
            with archive.open(members[0]) as member:
                yield Path(members[0]).suffix.lower(), member  # type: ignore[misc]
        return
    with OPENERS.get(suffix, open)(path, "rb") as file:
        yield Path(path.stem).suffix.lower() if suffix in OPENERS else suffix, file


def _distinct(names: list[str]) -> list[str]:
    """The names, "Unnamed: 0" where there is none, and with a number where one comes again."""
    found: dict[str, None] = {}
    for place, name in enumerate(names):
        name = name or f"{UNNAMED}{place}"
        versions = (f"{name}.{k}" if k else name for k in count())
        # A name that stands in the file itself is not to be given to another column.
        found[next(v for v in versions if v not in found and (v == name or v not in names))] = None
    return list(found)


def _read_arrow(file: BinaryIO, module: str) -> tuple[pd.DataFrame, list[str]]:
    """The table and its names: the index, where it has a name, comes before the columns.

    What pandas wrote about its types into the file is ignored, since it need not exist here.
    """
    reader = importlib.import_module(f"pyarrow.{module}")
    table = reader.ParquetFile(file).read() if module == "parquet" else reader.read_table(file)
    index = (table.schema.pandas_metadata or {}).get("index_columns", ())
    places = [k for k, n in enumerate(table.column_names) if not n.startswith("__index_level_")]
    places.sort(key=lambda k: table.column_names[k] not in index)
    table = table.select(places)
    numbered = table.rename_columns([str(k) for k in places])  # a name may come twice
    return numbered.to_pandas(ignore_metadata=True), [*map(clean, table.column_names)]


def _read_text(
    file: BinaryIO, tabs: bool, header: bool | None
) -> tuple[pd.DataFrame, list[str], str, list[str]]:
    """The table, its names, its decimal sign, and notes."""
    notes = []
    head = file.read(HEAD)
    encodings = _encodings(head)
    if b"\0" in head and encodings != ["utf-16"]:
        raise ValueError(f"it is no text; give {FORMATS}")
    text = head.decode(encodings[0], errors="replace")
    if len(head) == HEAD:
        text = text[: text.rfind("\n") + 1]
    if not text.strip():
        raise ValueError("it is empty")
    separator = "\t" if tabs else _separator(text)
    options = {"sep": separator, "skipinitialspace": True, "index_col": False}
    sample = pd.read_csv(
        io.StringIO(text), header=None, dtype=str, nrows=HEAD_ROWS, na_filter=False, **options
    ).fillna("")
    if header is None:
        header = _has_header(sample)
        if not header:
            notes.append(NO_HEADER)
    names = [clean(name) for name in (sample.iloc[0] if header else sample.columns)]
    # Besides what pandas takes as missing: empty, NA, NaN, null, ...
    options |= {"na_values": ["", "?"], "low_memory": False, "names": list(range(len(names)))}

    def parse(encoding: str, decimal: str = ".", **further: Any) -> pd.DataFrame:
        file.seek(0)
        given = options | {"header": 0 if header else None} | further
        return pd.read_csv(file, encoding=encoding, decimal=decimal, **given)

    for encoding in encodings:
        try:
            frame = parse(encoding)
        except UnicodeDecodeError:
            if encoding == encodings[-1]:
                raise
        else:
            break
    if encoding in LEGACY:
        notes.append(f"The text is not UTF-8 and was read as {encoding}.")
    decimal = "."
    if separator != "," and _has_decimal_commas(frame):
        decimal = ","
        frame = parse(encoding, decimal)
        notes.append("Numbers were read with decimal commas.")
    # What stands for a missing number may be a word of its own beside texts: a class called None.
    texts = frame.select_dtypes(exclude=["number", "bool"])
    gaps = [column for column in texts if texts[column].isna().any()]
    if gaps:
        frame[gaps] = parse(encoding, decimal, usecols=gaps, dtype=str, keep_default_na=False)
    return frame, names, decimal, notes


def _encodings(head: bytes) -> list[str]:
    """The encodings to try, the likeliest first."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return [*LEGACY]
    return ["utf-8-sig", *LEGACY]


def _separator(text: str) -> str:
    """What splits every one of the first lines into equally many fields; the comma comes last."""
    for separator in "\t;|,":
        try:
            rows = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
            widths = {len(row) for row in islice(filter(None, rows), HEAD_ROWS)}
        except csv.Error:
            continue
        if len(widths) == 1 and max(widths) > 1:
            return separator
    lines = [line for line in text.splitlines()[:HEAD_ROWS] if line.strip()]
    likeliest = max(",;\t|", key=lines[0].count)
    if likeliest in lines[0]:
        return likeliest
    widths = {len(line.split()) for line in lines}
    return r"\s+" if len(widths) == 1 and max(widths) > 1 else ","


def _has_header(sample: pd.DataFrame) -> bool:
    """Whether the first row names the columns: above some column of numbers stands a word."""
    missing = sample.map(lambda text: text.strip().casefold() in MARKS)
    is_number = sample.map(_is_number)
    numeric = (is_number | missing).iloc[1:].all() & is_number.iloc[1:].any()
    named = numeric & ~missing.iloc[0] & ~is_number.iloc[0]
    return bool(named.any() or not numeric.any())


def _is_number(text: str) -> bool:
    found = [number_pattern(decimal).fullmatch(text.strip()) for decimal in ".,"]
    return any(match and match["after"] in ("", "%") for match in found)


def _has_decimal_commas(frame: pd.DataFrame) -> bool:
    """Whether commas are decimal signs in some column, or might be while no number has a point."""
    head = frame.head(10 * HEAD_ROWS)
    text = head.select_dtypes(exclude=["number", "bool"])
    numbers = [found for column in text if (found := as_numbers(text[column], ","))]
    commas = [found for found in numbers if found.decimal == ","]
    points = (head.select_dtypes("float") % 1 > 0).any(axis=None) or any(
        found.decimal == "." for found in numbers
    )
    return not all(found.doubtful for found in commas) or (bool(commas) and not points)
