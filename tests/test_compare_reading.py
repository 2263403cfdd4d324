"""Which files ``boostloss compare`` reads, and what it says of them."""

import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")
pytest.importorskip("pyarrow")

import pyarrow
from pyarrow import parquet

from boostloss.compare.data import load
from boostloss.compare.reading import InputError, clean, read


def notes_of(path, target="last", **options):
    return " ".join(load(path, target, **options).notes)


def assert_noted(table, *texts):
    notes = " ".join(table.notes)
    for text in texts:
        assert text in notes


def write(folder, content, name="a.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffgröße,b\nä,2\nö,4\nü,7\n".encode(),
        "größe,b\nä,2\nö,4\nü,7\n".encode("cp1252"),
        "größe\tb\nä\t2\nö\t4\nü\t7\n".encode("utf-16"),
        "\r\ngröße|b\r\nä|2\r\nö|4\r\n\r\nü|7\r\n".encode(),
        "größe  b\nä      2\nö      4\nü      7\n".encode(),
    ],
)
def test_encodings_and_separators(tmp_path, content):
    path = write(tmp_path, content)
    table = load(path, "b")
    assert table.columns == ("größe",)
    assert table.X["f0"].tolist() == ["ä", "ö", "ü"]
    assert table.y.tolist() == [2, 4, 7]
    assert ("was read as cp1252" in notes_of(path)) == (b"gr\xf6\xdfe," in content)


def test_an_encoding_that_shows_late(tmp_path):
    path = write(tmp_path, b"a,b\n" + b"x,1\ny,2\n" * 150_000 + b"\xe4,3\n")
    frame = read(path).frame
    assert frame["a"].iloc[-1] == "ä"
    assert frame["b"].iloc[-1] == 3


def test_quoted_separators_and_lines(tmp_path):
    path = write(tmp_path, 'a,"b\nc",y\n"x\ny;",1,2\n"x;",2,3\n"z, w;",3,9\n')
    table = load(path, "y")
    assert table.columns == ("a", "b c")
    assert table.X["f0"].tolist() == ["x y;", "x;", "z, w;"]


@pytest.mark.parametrize(
    ("text", "first", "said"),
    [
        ("a;y\n1.234,5;1\n2;2\n3;5\n", 1234.5, True),
        ("a;y\n1,5;1\n2,25;2\n3;5\n", 1.5, True),
        ("1,5;1,7\n2,5;2,7\n3,5;3\n", 1.5, True),
        ("a;b;y\n1.234;1,5;1\n2.345;2,5;2\n3.456;7;5\n", 1234, True),  # one convention per file
        ("a;y\n1,234;1\n2,345;2\n3,456;5\n", 1.234, True),
        ("a;y\n1,234;1.5\n2,345;2\n3,456;5\n", 1234, False),  # y has decimal points
        ("a;y\n1.5;1\n2.5;2\n3;5\n", 1.5, False),
        ('a,y\n"1,234",1\n"2,345",2\n"3,456",5\n', 1234, False),
        ('a,y\n"1,5",1\n"2,345",2\n"3,4",5\n', 1.5, False),
    ],
)
def test_decimal_commas(tmp_path, text, first, said):
    table = load(write(tmp_path, text), "last")
    assert table.X["f0"].iloc[0] == first
    assert table.y[0] in (1, 1.5, 1.7)
    assert ("decimal commas" in " ".join(table.notes)) == said


def test_numbers_in_text_are_told(tmp_path):
    text = 'day,price,share,size\n01/02/2020,"$1,234.50",12%,5\n03/04/2020,$2,-,unknown\n'
    text += "".join(f"05/06/2020,${k},{k}%,{k}\n" for k in range(3, 30))
    table = load(write(tmp_path, text), "price")
    assert table.y[:2].tolist() == [1234.5, 2]
    assert set(table.X.dtypes.astype(str)) == {"float64"}
    assert_noted(
        table,
        "Read as numbers: 'price' ('$1,234.50' is 1234.5), 'share' ('12%' is 12).",
        "days since the first: 'day' ('01/02/2020' is 2020-01-02 unless day and month are swapped)",
        "Taken as missing: '-' in 'share', 'unknown' in 'size'.",
    )


def test_columns_of_no_use_are_left_out_and_named(tmp_path):
    path = write(tmp_path, ",a,b,c,d,y\n0,1,,,k,5\n1,4,,,k,-\n2,2,,,k,7\n3,2,,,k,9\n")
    table = load(path, "y")
    assert table.columns == ("a",)
    assert table.y.tolist() == [5, 7, 9]
    assert_noted(
        table,
        "Left out 1 rows in which the target is missing.",
        "Left out 'Unnamed: 0': it numbers the rows.",
        "Left out 'b', 'c': no value at all.",
        "Left out 'd': one value only.",
        "Taken as missing: '-' in 'y'.",
    )


def test_huge_values_of_a_feature_are_missing(tmp_path):
    path = write(tmp_path, "a,y\n1,1\n1e300,2\n-inf,3\n4,5\n")
    assert load(path, "y").X["f0"].isna().tolist() == [False, True, True, False]
    assert "2 infinite or huge values in 'a'" in notes_of(path)


def test_a_target_of_dashes_and_of_small_numbers(tmp_path):
    table = load(write(tmp_path, "a,y\n1,+\n2,-\n3,+\n"), "y")
    assert table.classes == ("+", "-")
    assert "multiply the target" in notes_of(write(tmp_path, "a,y\n1,1e-3\n2,2e-3\n3,4e-3\n"))


def test_names_that_come_twice(tmp_path):
    table = load(write(tmp_path, "a,a,,a.1,y\n1,2,3,4,5\n2,3,5,5,6\n4,9,7,8,0\n"), "y")
    assert table.columns == ("a", "a.2", "Unnamed: 2", "a.1")
    assert "'a' is 'a.2'" in " ".join(table.notes)
    path = tmp_path / "a.parquet"
    parquet.write_table(
        pyarrow.table([[1, 2, 3], [4, 5, 6], [1, 2, 4]], names=["a", "a", "y"]), path
    )
    assert load(path, "y").columns == ("a", "a.1")


def test_names_and_classes_cannot_command_a_terminal(tmp_path):
    text = 'a\x1b[31m,"b\n\u202e",y\x07\n1,2,no\x1b[0m\n3,4,yes\n5,7,yes\n'
    table = load(write(tmp_path, text), "y\x07")
    assert table.target == r"y\x07"
    assert table.columns == (r"a\x1b[31m", r"b \u202e")
    assert table.classes == (r"no\x1b[0m", "yes")
    assert "".join(table.notes).isprintable()
    assert clean(" Größe\xa0in m² ") == "Größe in m²"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are Unicode")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_name_that_is_no_text(tmp_path, suffix):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9." + suffix.encode()))
    frame = pd.DataFrame({"a": [1, 2, 3], "y": [1, 2, 4]})
    with open(path, "wb") as file:
        file.write(frame.to_csv(index=False).encode() if suffix == "csv" else frame.to_parquet())
    assert load(path, "y").name == rf"caf\udce9.{suffix}"
    with pytest.raises(InputError) as caught:
        load(path.with_suffix(".xls"), "y")
    assert str(caught.value).isprintable()


def test_archives_and_other_formats(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "y": [1, 2, 4]})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/a.tsv", frame.to_csv(index=False, sep="\t"))
        archive.writestr("__MACOSX/a.tsv", b"\0")
    frame.to_feather(tmp_path / "a.feather")
    frame.to_json(tmp_path / "a.json", orient="records")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.ndjson.gz", orient="records", lines=True)
    for name in ("a.zip", "a.feather", "a.json", "a.jsonl", "a.ndjson.gz"):
        table = load(tmp_path / name, "y")
        assert table.columns == ("a",)
        assert table.y.tolist() == [1, 2, 4]
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.csv", "a")
        archive.writestr("b.csv", "a")
    with pytest.raises(InputError, match="it holds 2 files; an archive of one is needed"):
        load(tmp_path / "b.zip", "y")


def test_the_types_of_parquet(tmp_path):
    arrow = pyarrow
    columns = {
        "decimal": arrow.array([1, 2, None], arrow.decimal128(10, 2)),
        "half": arrow.array(np.float16([1, 2, 4])),
        "large": arrow.array([1, 2, 2**63], arrow.uint64()),
        "none": arrow.nulls(3),
        "level": arrow.array(["a", "b", "a"]).dictionary_encode(),
        "list": arrow.array([[1], [2, 3], None]),
        "struct": arrow.array([{"a": 1}] * 3),
        "bytes": arrow.array([b"a", b"b", b"a"]),
        "flag": arrow.array([True, None, False]),
        "lasts": arrow.array([0, 86400, 3600], arrow.duration("s")),
        "zone": arrow.array([0, 86400, None], arrow.timestamp("s", "Europe/Berlin")),
        "date": arrow.array([0, 1, 5], arrow.date32()),
        "y": arrow.array([1, 2, 4]),
    }
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table(columns), path)
    table = load(path, "y")
    kinds = dict(zip(table.columns, table.X.dtypes.astype(str), strict=True))
    assert set(columns) - set(kinds) == {"none", "list", "struct", "y"}
    categories = {name for name, kind in kinds.items() if kind == "category"}
    assert categories == {"level", "bytes", "flag"}
    said = "'list', 'struct': nested values", "'none': no value at all", "'zone', 'date'"
    assert_noted(table, *said)


def test_an_index_with_a_name_is_a_column(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "y": [1, 2, 4]}, index=pd.Index([5, 3, 8], name="key"))
    frame.to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", "last").columns == ("key", "a")
    frame.rename_axis(None).to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet", "last").columns == ("a",)
