"""What ``boostloss compare`` says of what it cannot use: exit code 2, one message, no traceback."""

import pytest

pytest.importorskip("typer")
pytest.importorskip("xgboost")

from homes import homes, invoke

from boostloss.compare.candidates import list_candidates


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return the path of the table as CSV."""
    path = tmp_path_factory.mktemp("data") / "homes.csv"
    homes().to_csv(path, index=False)
    return path


def complaint(*arguments):
    result = invoke(*arguments, code=2)
    assert "Traceback" not in result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "there is no file"),
        ("a.csv", b"", "a.csv cannot be read: it is empty"),
        ("a.csv", b"a,b\n", "a.csv has no rows"),
        ("a.csv", b"PK\x03\x04\x00\x01", "a.csv cannot be read: it is no text; give CSV, TSV"),
        ("a.xlsx", b"PK", "save the sheet as CSV, or run pandas.read_excel('a.xlsx').to_parquet"),
        ("a.ods", b"PK", "a.ods is a spreadsheet"),
        ("a.zip", b"PK", "a.zip cannot be read: File is not a zip file"),
        ("a.json", b'{"a": 1}', "a.json cannot be read"),
        ("a.csv", b"a,b\n1,2\n3,4,5\n", "a.csv cannot be read"),
        ("a.csv.gz", b"not compressed", "a.csv.gz cannot be read"),
        ("a.csv.xz", b"not compressed", "a.csv.xz cannot be read"),
        ("a.parquet", b"not parquet", "a.parquet cannot be read"),
        ("a.csv", b"b,y\n1,2\n3,2\n", "the target 'y' is constant: every value is 2"),
        ("a.csv", b"y\n1\n2\n", "no column is left to predict from"),
        ("a.csv", b"a,y\n,2\n,4\n,7\n", "no usable column is left to predict from"),
        ("a.csv", b"a,y\n1,2\n2,3\n3,1e300\n", "'y' is beyond 1e+15 in 1 rows, as in 1e+300"),
        ("a.csv", b"a,y\n1,2\n2,3\n3,-inf\n", "'y' is beyond 1e+15 in 1 rows, as in -inf"),
        ("a.csv", b"a,y\n1,$2\n2,$3\n3,inf\n", "'y' is beyond 1e+15 in 1 rows, as in inf"),
        (
            "a.csv",
            b"a,y\n" + b"1,2\n2,3\n" * 9 + b"3,soon\n",
            "'y' holds text such as 'soon' beside",
        ),
        ("a.csv", b"a,y\n1,2\n3,4\n5,7\n", "3 rows are too few for 5 folds"),
        (
            "a.csv",
            b"a,y\n" + b"1,1\n2,1\n" * 50 + b"3,0\n",
            "1 rows of the rarer class are too few",
        ),
        ("a.csv", b"1,2\n3,4\n5,7\n", "there is no column 'y'. The columns are: 0, 1."),
    ],
)
def test_an_unusable_file(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert message in complaint(path, "--target", "y")


def test_a_directory_is_no_file(tmp_path):
    assert "is a directory" in complaint(tmp_path, "--target", "y")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--target: say which column to predict. The columns are: size, town, age"),
        (["--target", "cost"], "--target: there is no column 'cost'"),
        (["--target", "price", "--drop", "x"], "--drop: there is no column 'x'"),
        (["--target", "price", "--drop", "price"], "--drop: 'price' is the target"),
        (["--target", "price", "--task", "ranking"], "--task: 'ranking' is none of regression"),
        (
            ["--target", "price", "--metric", "brier"],
            "--metric: 'brier' is none of those for regression",
        ),
        (["--target", "sold", "--metric", "mae"], "--metric: 'mae' is none of those for binary"),
        (["--target", "price", "--loss", "Hubber"], "--loss 'Hubber': a loss is written like"),
        (
            ["--target", "price", "--loss", "Huber(delta=-1)"],
            "delta must be a number from 1e-150 to 1e150",
        ),
        (["--target", "price", "--loss", "Huber(d=1)"], "--loss 'Huber(d=1)'"),
        (
            ["--target", "price", "--loss", "Logistic"],
            "is for a binary task, and this is regression",
        ),
        *(
            (["--target", "price", "--loss", loss], f"--loss {loss!r} costs more on one side")
            for loss in (
                "Expectile(0.9)",
                "Linex",
                "Asymmetric(Huber(), 3)",
                "Asymmetric(LogCosh(1.0), 0.5)",
            )
        ),
        (["--target", "price", "--library", "sklearn"], "--library: 'sklearn' is none of xgboost"),
        (["--target", "price", "--folds", "20"], "120 rows are too few for 20 folds"),
        (["--target", "price", "--weight", "price"], "--weight: 'price' is the target"),
        (
            ["--target", "price", "--weight", "town"],
            "--weight: 'town' holds '",
        ),
        (["--target", "price", "--weight", "age"], "--weight: 'age' is missing in 18 rows"),
        (
            ["--target", "price", "--time", "sold"],
            "--time: 'sold' holds 'yes', and numbers or dates",
        ),
        (
            ["--target", "price", "--group", "town"],
            "--group: 'town' has 3 different values, too few",
        ),
        (
            ["--target", "price", "--time", "town", "--group", "age"],
            "--group and --time ask for folds",
        ),
        (["--target", "age", "--metric", "mape"], "--metric mape divides by the target, and 'age'"),
    ],
)
def test_unusable_options(table, arguments, message):
    assert message in complaint(table, *arguments)


@pytest.mark.parametrize(
    "loss", ["Expectile(0.5)", "Asymmetric(Huber(), 1)", "Asymmetric(LogCosh(2.0), 1.0)"]
)
def test_costs_that_are_the_same_on_both_sides_are_compared(loss):
    assert any(not each.own for each in list_candidates("regression", ["xgboost"], [loss]))


@pytest.mark.parametrize("option", [["--folds", "1"], ["--contaminate", "0.9"], ["--rounds", "x"]])
def test_options_out_of_range(table, option):
    result = invoke(table, "--target", "price", *option, code=2)
    assert option[0] in result.stderr


def test_a_target_needs_a_file():
    assert "need a FILE" in complaint("--target", "price")


def test_an_output_that_cannot_be_made(table):
    assert "cannot be made" in complaint(table, "--target", "price", "--output", table)
