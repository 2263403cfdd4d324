"""How ``boostloss compare`` reads a table and finds out what it holds."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

import tables
from homes import ROWS, homes

from boostloss.compare.data import InputError, load, prepare


@pytest.fixture(scope="module")
def frame():
    return homes()


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.txt.xz", "a.csv.bz2", "a.parquet"],
)
def test_every_format_gives_the_same_table(frame, tmp_path, name):
    path = tmp_path / name
    if name == "a.parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if "tsv" in name else ";")
    table, expected = load(path, "price"), prepare(frame, "homes", "price")
    pd.testing.assert_frame_equal(table.X, expected.X)
    np.testing.assert_allclose(table.y, expected.y, rtol=3e-16)  # pandas 2 rounds texts otherwise
    assert table.columns == ("size", "town", "age", "sold")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a,b\n1,2\n3,4\n5,7\n", ("a", "b")),
        ("1,2\n3,4\n5,6\n", ("0", "1")),
        ("x,1\ny,2\nz,3\n", ("0", "1")),
        ("id,2019,2020\n1,2,3\n4,5,6\n", ("id", "2019", "2020")),
        (",b\n1,2\n3,4\n", ("Unnamed: 0", "b")),
        ("a,b\nx,y\nz,w\n", ("a", "b")),
        ("?, 2\n3, 4\n5, 6\n", ("0", "1")),
    ],
)
def test_a_header_is_told_from_data(tmp_path, text, columns):
    path = tmp_path / "a.csv"
    path.write_text(text)
    table = load(path, "last")
    assert (*table.columns, table.target) == columns
    assert len(table.y) == text.count("\n") - (columns[0] != "0")
    assert any("No header" in note for note in table.notes) == (columns[0] == "0")


def test_the_header_can_be_set(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2\n3,4\n5,7\n")
    assert load(path, "2", header=True).target == "2"
    assert len(load(path, "1", header=False).y) == 3


def test_a_target_is_found_by_name_and_then_by_position(frame):
    for name in ("price", "3", "-2"):
        assert prepare(frame, "x", name).target == "price"
    assert prepare(frame, "x", "last").target == "sold"
    assert prepare(frame, "x", "first").target == "size"
    renamed = frame.rename(columns={"size": "3"})
    assert prepare(renamed, "x", "3").target == "3"
    with pytest.raises(InputError, match=r"no column 'Price'\. Did you mean 'price'\?"):
        prepare(frame, "x", "Price")
    with pytest.raises(InputError, match=r"no column '9'.*size, town, age, price, sold"):
        prepare(frame, "x", "9")


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([1.5, 2.5, 3.5], "regression", ()),
        ([3, 4, 5], "regression", ()),
        ([0, 1, 1], "binary", ("0", "1")),
        ([2.0, -1.0, -1.0], "binary", ("-1", "2")),
        ([True, False, True], "binary", ("False", "True")),
        ([" >50K", "<=50K", ">50K"], "binary", ("<=50K", ">50K")),
        (["1.5", "2", "3e1"], "regression", ()),
    ],
)
def test_the_task_is_detected_and_said(values, task, classes):
    table = prepare(pd.DataFrame({"x": [1, 2, 3], "y": values}), "x", "y")
    assert (table.task, table.classes) == (task, classes)
    assert any(task in note.lower() for note in table.notes)
    if task == "binary":
        wanted = [str(value).strip() == classes[1] or value == 2.0 for value in values]
        if values != [0, 1, 1]:
            assert table.y.tolist() == wanted


def test_the_task_can_be_set(frame):
    table = prepare(pd.DataFrame({"x": [1, 2, 3], "y": [0, 1, 1]}), "x", "y", task="regression")
    assert table.task == "regression"
    with pytest.raises(InputError, match="--task binary needs two values in 'price', which has"):
        prepare(frame, "x", "price", task="binary")
    with pytest.raises(InputError, match=r"'sold' holds text such as '(yes|no)'.*needs numbers"):
        prepare(frame, "x", "sold", task="regression")
    with pytest.raises(InputError, match=r"'town' holds text such as .* 3 different values"):
        prepare(frame, "x", "town", task="regression")


def test_rows_without_a_target_are_left_out():
    y = pd.Series([1.0, np.nan, 3.0, None, 5.0, 6.0])
    table = prepare(pd.DataFrame({"x": range(6), "y": y}), "x", "y")
    assert table.y.tolist() == [1.0, 3.0, 5.0, 6.0]
    assert table.X["f0"].tolist() == [0.0, 2.0, 4.0, 5.0]
    assert "Left out 2 rows in which the target is missing." in table.notes
    with pytest.raises(InputError, match="'y' is missing in 67% of the rows"):
        prepare(pd.DataFrame({"x": range(3), "y": [1.0, np.nan, np.nan]}), "x", "y")


@pytest.mark.parametrize("word", ["none", "None", "NA", "null", "nan", "N/A"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet", "a.jsonl"])
def test_a_class_that_is_called_none_is_never_lost(tmp_path, name, word):
    """Few such words are told, more are refused; empty cells are missing, and so is NA beside numbers."""
    path = tmp_path / name

    def loaded(count):
        words = ["mild", "severe"] * 150 + [word] * count + [None]
        frame = pd.DataFrame({"a": [*range(len(words) - 1), None], "b": words, "y": words})
        if name == "a.parquet":
            frame.to_parquet(path)
        elif name == "a.jsonl":
            frame.to_json(path, orient="records", lines=True)
        else:
            separator = "\t" if name == "a.tsv" else ","
            text = frame.to_csv(index=False, sep=separator).splitlines()
            path.write_text("\n".join([*text[:-1], f"NA{separator}{separator}"]))
        return load(path, "y")

    table = loaded(3)
    assert table.classes == ("mild", "severe")
    assert "Left out 4 rows in which the target is missing." in table.notes
    (note,) = (note for note in table.notes if note.startswith("Taken as missing"))
    assert note == f"Taken as missing: {word!r} in 3 rows of 'y' (rename it to keep it)."
    assert table.X["f0"].dtype == np.float64
    with pytest.raises(InputError, match=f"'y' holds '{word}' in 100 rows, .* another name"):
        loaded(100)


def test_words_that_stand_for_missing_values_of_a_feature_are_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,y\nNA,None,1\n2,x,2.5\nNA,z,3\n4,None,7\n5,,NA\n")
    table = load(path, "y")
    assert table.X["f0"].isna().tolist() == [True, False, True, False]
    assert table.X["f1"].isna().tolist() == [True, False, False, True]
    assert "Taken as missing: 'None' in 2 rows of 'b' (rename it to keep it)." in table.notes
    table = load(path, "y", group="b")
    assert "Taken as missing: 'None' in 2 rows of 'b' (rename it to keep it)." in table.notes


def test_columns_become_numbers_or_categories(frame):
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(ROWS), "D")
    wide = frame.assign(
        day=days,
        lasted=pd.to_timedelta(np.arange(ROWS) * 12, "h"),
        flag=np.arange(ROWS) % 2 == 0,
        endless=np.where(np.arange(ROWS) == 3, np.inf, 1.0),
        name=[f"home {k}" for k in range(ROWS)],
        whole=pd.array([None, *range(1, ROWS)], dtype="Int64"),
    )
    table = prepare(wide, "x", "price")
    kinds = dict(zip(table.columns, table.X.dtypes.astype(str), strict=True))
    assert "name" not in kinds
    assert any("Left out 'name': text with 120 different values" in note for note in table.notes)
    categories = {"town", "sold"}
    assert {name for name, kind in kinds.items() if kind == "category"} == categories
    assert {kind for name, kind in kinds.items() if name not in categories} == {"float64"}
    column = dict(zip(table.columns, table.X, strict=True))
    assert table.X[column["day"]].tolist()[:3] == [0.0, 1.0, 2.0]
    assert table.X[column["lasted"]].tolist()[:3] == [0.0, 0.5, 1.0]
    assert np.isnan(table.X[column["endless"]][3])
    assert table.X[column["town"]].isna().sum() == 12


def test_a_sample_is_drawn_by_the_seed(frame):
    table = prepare(frame, "x", "price")
    small = table.sample(50, seed=1)
    assert len(small.y) == len(small.X) == 50
    np.testing.assert_array_equal(small.y, table.sample(50, seed=1).y)
    assert not np.array_equal(small.y, table.sample(50, seed=2).y)
    assert set(small.y) <= set(table.y)
    assert table.sample(ROWS, seed=1) is table


@pytest.mark.parametrize(
    ("name", "target", "task", "shape"),
    [
        ("adult-train.csv.gz", "last", "binary", (32561, 14)),
        ("winequality-white.csv", "last", "regression", (4898, 11)),
        ("phoneme.csv", "-1", "binary", (5404, 5)),
        ("lightgbm_regression.train.tsv.gz", "first", "binary", (7000, 28)),
        ("california_housing.csv.gz", "median_house_value", "regression", (20640, 9)),
    ],
)
def test_real_tables_are_read(name, target, task, shape):
    path = tables.folder() / name
    if not path.exists():
        pytest.skip(f"no table {name}")
    table = load(path, target)
    assert table.task == task
    assert table.X.shape == shape
    if name.startswith("adult"):
        assert table.classes == ("<=50K", ">50K")
        assert table.X["f1"].isna().sum() == 1836  # "?" is missing
