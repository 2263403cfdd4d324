"""Columns as numbers or categories, however they are written."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

# What stands for a missing value in any column, and what does beside numbers and dates only:
# elsewhere a dash may be a class of its own.
EMPTY = {"", "?"}
# Words that name a class now and then, so that beside other texts it is said how often they stood there.
WORDS = {"na", "n/a", "n.a.", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "#n/a n/a"}
WORDS |= {"1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
MISSING = EMPTY | WORDS
# A dash alone, one or more, is a hyphen, an en dash or an em dash.
MARKS = MISSING | {"-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "nil", "nat"}
MARKS |= {"#div/0!", "#value!", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000"}
# Other words beside numbers or dates are taken as missing where they are few; any more make it text.
MOST_WORDS = 20
WORD_SHARE = 0.1

CURRENCY = r"(?:[a-z]{0,3}[$€£¥₹₽₩₺₴₫฿₦₱₪]|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD)"
UNIT = r"(?:[^\d\s.,;:+()<>=/'-][^\d,;:+()<>=]{0,14})"

DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y",
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%m-%d-%Y", "%d-%m-%Y", "%m-%d-%y", "%d-%m-%y",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y",
    "%b %Y", "%B %Y", "%b-%Y", "%m/%Y",
)  # fmt: skip
TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
FORMATS = ("ISO8601", *DATES, *(f"{date} {time}" for date in DATES for time in TIMES), *TIMES)
DATE = re.compile(r"\d[-/. ][\da-z]|[a-z]{3}[- ]\d|\d:\d\d", re.IGNORECASE)  # looks like one
DAY = pd.Timedelta(days=1)


class NestedError(TypeError):
    """The column holds lists, dictionaries or arrays."""


@dataclass(frozen=True)
class Numbers:
    """A column as numbers.

    Attributes
    ----------
    values : Series of float64
        Missing as NaN; dates and durations in days, the former since the first one.
    example : str
        How a number or date was read where that needs to be said, else empty.
    dates : bool
        Whether they were dates.
    marks : tuple of str
        Signs for missing values that are no usual ones.
    words : tuple of str
        Words that were taken as missing.
    decimal : str
        The decimal sign, where there is one.
    doubtful : bool
        Whether the other decimal sign would do as well.
    """

    values: pd.Series
    example: str = ""
    dates: bool = False
    marks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    decimal: str = ""
    doubtful: bool = False


@dataclass(frozen=True)
class Text:
    """A column as text.

    Attributes
    ----------
    values : Series of object
        Missing as None.
    words : dict of str to int
        How many rows hold each word that was taken as missing.
    """

    values: pd.Series
    words: dict[str, int]


def as_numbers(column: pd.Series, decimal: str = ".") -> Numbers | None:
    """Read the column as numbers, dates or durations; None if it holds anything else.

    Parameters
    ----------
    decimal : {".", ","}
        The decimal sign where the column itself does not tell: in "1,234" and in "1.234".
    """
    kind = pd.api.types
    if isinstance(column.dtype, pd.CategoricalDtype):
        return None
    if kind.is_bool_dtype(column) or kind.is_numeric_dtype(column):
        numbers = column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(pd.Series(numbers))
    if kind.is_datetime64_any_dtype(column):
        return Numbers(_days(column), "", dates=True)
    if kind.is_timedelta64_dtype(column):
        return Numbers((column / DAY).astype(np.float64).reset_index(drop=True))
    codes, levels = text_levels(column)
    unusual = levels[~levels.str.casefold().isin(MARKS)]
    used = codes[codes >= 0]
    counts = pd.Series(np.bincount(used, minlength=len(levels)), levels.index)
    for read in (lambda text: _parse_numbers(text, decimal), _parse_dates):
        found = read(unusual)
        if found is None:
            continue
        words = unusual[found.values.isna()]
        if len(words) > MOST_WORDS or words.str.contains(r"\d").any():
            continue
        if counts[words.index].sum() > WORD_SHARE * counts[unusual.index].sum():
            continue
        values = found.values.reindex([*levels.index, -1]).iloc[codes]
        return replace(
            found,
            values=_days(values) if found.dates else values.reset_index(drop=True),
            marks=tuple(levels[levels.str.casefold().isin(MARKS - MISSING)]),
            words=tuple(words),
        )
    return None


def text_levels(column: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """The different values as text with single spaces, and for every row which it is, -1 if none."""
    if column.dtype == object:
        nested = (list, tuple, dict, set, np.ndarray)
        if any(isinstance(value, nested) for value in column):
            raise NestedError("nested values")
    codes, values = pd.factorize(column)
    text = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]
    return codes, pd.Series([" ".join(each.split()) for each in text], dtype=object)


def as_text(column: pd.Series) -> Text:
    """The column as text."""
    codes, levels = text_levels(column)
    texts = pd.Series([*levels, None], dtype=object).iloc[codes].reset_index(drop=True)
    plain = levels.str.casefold()
    words = texts[texts.isin(levels[plain.isin(WORDS)])].value_counts()
    return Text(texts.where(~texts.isin(levels[plain.isin(MISSING)]), None), words.to_dict())


def _days(dates: pd.Series) -> pd.Series:
    return ((dates - dates.min()) / DAY).astype(np.float64).reset_index(drop=True)


@lru_cache(maxsize=2)
def number_pattern(decimal: str) -> re.Pattern[str]:
    """A number with this decimal sign, thousands in groups, a sign, a currency or a unit."""
    group = ", '\u2019" if decimal == "." else ". '\u2019"
    lakh = r"|[1-9]\d?(?:,\d\d)+,\d{3}" if decimal == "." else ""  # 12,34,567
    whole = rf"[1-9]\d{{0,2}}(?P<group>[{group}])\d{{3}}(?:(?P=group)\d{{3}})*{lakh}|\d*"
    return re.compile(
        rf"(?P<minus>[-+]?) ?(?P<before>{CURRENCY}?) ?(?P<sign>[-+]?)"
        rf"(?P<number>(?=[{decimal}]?\d)(?:{whole})(?:[{decimal}]\d*)?(?:e[-+]?\d+)?|inf(?:inity)?$)"
        rf" ?(?P<after>{UNIT}?)",
        re.IGNORECASE,
    )


def _parse_numbers(text: pd.Series, decimal: str) -> Numbers | None:
    """The numbers among these texts, NaN for a word; None if there are none."""
    found = {}
    for sign in (decimal, "," if decimal == "." else "."):
        numbers = _match_numbers(text, sign)
        if numbers is not None:
            found[sign] = numbers
    if not found:
        return None
    # The one that leaves fewer words; the given sign where both fit.
    sign = min(found, key=lambda sign: int(found[sign].isna().sum()))
    numbers = found[sign]
    others = [other for key, other in found.items() if key != sign]
    doubtful = any(other.notna().equals(numbers.notna()) for other in others)
    odd = numbers.notna() & pd.to_numeric(text, errors="coerce").ne(numbers)
    example = ""
    if odd.any():
        place = odd.idxmax()
        example = f"{text[place]!r} is {numbers[place]:.15g}"
        if doubtful and not others[0].equals(numbers):
            example += f", not {others[0][place]:.15g}"
    used = sign if text.str.contains(sign, regex=False).any() else ""
    return Numbers(numbers, example, decimal=used, doubtful=doubtful)


def _match_numbers(text: pd.Series, decimal: str) -> pd.Series | None:
    """The numbers, NaN where there is a word; None if there is none or their units differ."""
    matches = number_pattern(decimal).fullmatch
    if not any(map(matches, map(_plain_minus, text.iloc[:200]))):
        return None
    plain = str.maketrans(decimal, ".", ", .'\u2019".replace(decimal, ""))
    values, units = [], set()
    for found in map(matches, map(_plain_minus, text)):
        value = np.nan
        if found:
            value = float(found["number"].translate(plain))
            unit = found["before"].casefold(), found["after"].casefold()
            if any(unit) or (value and np.isfinite(value)):  # "0" needs no unit beside "5 %"
                units.add(unit)
            value = -value if "-" in (found["minus"], found["sign"]) else value
        values.append(value)
    return pd.Series(values, text.index) if len(units) <= 1 else None


def _plain_minus(text: str) -> str:
    """The number with a hyphen for its sign: accountants write (5)."""
    text = text.replace("\N{MINUS SIGN}", "-")
    return f"-{text[1:-1]}" if text[:1] == "(" and text[-1:] == ")" else text


def _parse_dates(text: pd.Series) -> Numbers | None:
    """The dates among these texts, NaT for a word; month before day where both would do."""
    first = next(filter(DATE.search, text), None)
    if first is None:
        return None
    found: list[tuple[str, pd.Series]] = []
    for form in FORMATS:
        if _dated(pd.Series([first]), form).notna().all():
            found.append((form, _dated(text, form)))
    if not found:
        return None
    form, dates = min(found, key=lambda each: int(each[1].isna().sum()))
    if form in ("ISO8601", *TIMES):
        return Numbers(dates, dates=True)
    example = f"{first!r} is {dates[text.eq(first).idxmax()]:%Y-%m-%d}"
    others = [each for _, each in found if each.notna().equals(dates.notna())]
    if not all(map(dates.equals, others)):
        example += " unless day and month are swapped"
    return Numbers(dates, example, dates=True)


def _dated(text: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(text, format=form, errors="coerce", utc=True)
