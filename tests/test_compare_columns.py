"""How ``boostloss compare`` reads numbers and dates that are written as text."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from boostloss.compare.columns import NestedError, as_numbers, as_text

MANY = ["1"] * 30


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (["$1,234.50", "-$2", "$-3"], [1234.5, -2, -3]),
        (["12%", "0", "3.5 %"], [12, 0, 3.5]),
        (["1 234,5", "1\u202f234 567", "2"], [1234.5, 1234567, 2]),
        (["1.234,5", "7"], [1234.5, 7]),
        (["1'234.5", "7"], [1234.5, 7]),
        (["12,34,567.8", "7"], [1234567.8, 7]),
        (["1,234", "0,345"], [1.234, 0.345]),  # no group begins with 0
        (["(1,234.5)", "\N{MINUS SIGN}5"], [-1234.5, -5]),
        (["5", "-", "n/a", "N/A", "--", ".", None], [5, *[np.nan] * 6]),
        (["36 months", "60 Months"], [36, 60]),
        (["R$ 5", "R$ 1.000,5"], [5, 1000.5]),
        (["USD 5", "usd 6"], [5, 6]),
        (["1e3", ".5", "5.", "-inf"], [1000, 0.5, 5, -np.inf]),
        ([decimal.Decimal("1.5"), None, decimal.Decimal("NaN")], [1.5, np.nan, np.nan]),
    ],
)
def test_numbers_in_text(text, numbers):
    found = as_numbers(pd.Series(text, dtype=object))
    np.testing.assert_array_equal(found.values, numbers)
    assert found.values.dtype == np.float64
    assert not found.dates


@pytest.mark.parametrize(
    "text",
    [
        ["5 kg", "5 g"],
        ["$5", "€5"],
        ["5%", "0.05"],
        ["home 1", "home 2"],
        ["infant", "5"],
        ["1.2.3", "1.2.4"],
        ["10-20", "20-30"],
        ["10+ years", "3 years"],
        ["192.168.1.1", "10.0.0.1"],
        ["3/4", "1/2"],
        ["+", "-"],
        ["5", "many"],
        ["2020-01-01", "2020-13-01"],
        ["Monday", "May"],
        [True, False, None],
        ["-", "-"],
    ],
)
def test_text_that_is_neither_numbers_nor_dates(text):
    assert as_numbers(pd.Series(text, dtype=object)) is None


def test_a_number_that_both_decimal_signs_allow_follows_the_given_one():
    column = pd.Series(["1,234", "2,345"])
    assert as_numbers(column).values.tolist() == [1234, 2345]
    found = as_numbers(column, ",")
    assert found.values.tolist() == [1.234, 2.345]
    assert found.doubtful
    assert found.example == "'1,234' is 1.234, not 1234"
    assert not as_numbers(pd.Series(["1,234.5"]), ",").doubtful


def test_few_words_beside_numbers_are_missing():
    found = as_numbers(pd.Series([*MANY, "unknown", "varies", "-"]))
    assert found.words == ("unknown", "varies")
    assert found.marks == ("-",)
    assert found.values.isna().sum() == 3
    assert as_numbers(pd.Series([*MANY, ">100"])) is None
    assert as_numbers(pd.Series([*MANY, *["unknown"] * 4])) is None


@pytest.mark.parametrize(
    ("text", "days", "example"),
    [
        (["2020-01-01", "2020-02-01"], 31, ""),
        (["2020-01-01T12:00:00Z", "2020-01-01T12:00:00-12:00"], 0.5, ""),
        (["2020-01-01 10:00", "2020-01-01 16:00:00.0"], 0.25, ""),
        (["01.02.2020", "1.3.2020"], 29, "'01.02.2020' is 2020-02-01"),
        (["13/02/2020", "03/03/2020"], 19, "'13/02/2020' is 2020-02-13"),
        (["12/30/99", "1/2/00"], 3, "'12/30/99' is 1999-12-30"),
        (
            ["01/02/2020", "03/04/2020"],
            62,
            "'01/02/2020' is 2020-01-02 unless day and month are swapped",
        ),
        (["1/13/2020 3:00 PM", "1/14/2020 3:00 AM"], 0.5, "'1/13/2020 3:00 PM' is 2020-01-13"),
        (["31 Jan 2020", "1 Mar 2020"], 30, "'31 Jan 2020' is 2020-01-31"),
        (["Jan 31, 2020", "Mar 1, 2020"], 30, "'Jan 31, 2020' is 2020-01-31"),
        (["Jan-2020", "Feb-2020"], 31, "'Jan-2020' is 2020-01-01"),
        (["06:00", "18:00"], 0.5, ""),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 5)], 4, ""),
    ],
)
def test_dates_in_text(text, days, example):
    found = as_numbers(pd.Series([*text, None, "0000-00-00"], dtype=object))
    assert found.dates
    np.testing.assert_array_equal(found.values, [0, days, np.nan, np.nan])
    assert found.example == example


def test_text_loses_its_spaces_and_nested_values_are_refused():
    text = as_text(pd.Series([" a\n b", "N/A", None, b"c", "-", "?", " ", b"none", "N/A"]))
    assert text.values.tolist() == ["a b", None, None, "c", "-", *[None] * 4]
    assert text.words == {"N/A": 2, "none": 1}
    for value in ([1], {"a": 1}, np.ones(2)):
        with pytest.raises(NestedError):
            as_numbers(pd.Series([None, value], dtype=object))
