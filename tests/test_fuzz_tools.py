"""What users do with losses and models beside training: checks, curves, graphs of ONNX, and tables of `compare`.

As `test_fuzz.py`, a few examples with `make test`, and many with `make fuzz`.
"""

import bz2
import csv
import gzip
import io
import lzma
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fuzzing import (
    ADAPTIVE,
    DISTRIBUTIONS,
    EXAMPLES,
    SINGLE,
    anything,
    assert_form_does_not_matter,
    extremes,
    fuzzed,
    moderate,
    number_of_rows,
    numbers,
    tried,
)
from hypothesis import given, note
from hypothesis import strategies as st
from matplotlib.figure import Figure
from test_fuzz_predictions import LOSSES, X, fitted

import boostloss as bl
from boostloss import plot
from boostloss.boosting.libraries import LIBRARIES

pytest.importorskip("mpmath")
pytest.importorskip("typer")
pytest.importorskip("treelite")
pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")

from test_onnx import session

from boostloss.compare.data import load

# Checks


@st.composite
def with_other_parameters(draw, losses):
    """A loss whose numbers are others, where these are allowed."""
    loss = draw(st.sampled_from(losses))
    names = [name for name, x in loss.given_parameters().items() if isinstance(x, float)]
    drawn = st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0, 1.5, 2.0, 5.0]) | st.floats(0.05, 10.0)
    try:
        return loss.with_parameters(**{name: draw(drawn) for name in names})
    except ValueError:
        return loss


@fuzzed(0.5)
@given(with_other_parameters(SINGLE + DISTRIBUTIONS if EXAMPLES else SINGLE))
def test_every_loss_of_the_catalogue_passes(loss):
    report = bl.check_loss(loss, libraries=False)
    assert report.passed, str(report)


PIECES = {
    "square": lambda x: x * x,
    "absolute": abs,
    "root": lambda x: np.sqrt(1.0 + x * x),
    "log": lambda x: np.log1p(x * x),
    "exponential": lambda x: np.exp(-x * x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "tanh": np.tanh,
    "arctan": np.arctan,
    "positive": lambda x: np.maximum(x, 0.0),
    "side": lambda x: np.where(x > 0.5, x, -0.3 * x),
    "reciprocal": lambda x: 1.0 / x,
    "logarithm": np.log,
    "constant": lambda x: 0.0 * x,
    "power": lambda x: x**2.5,
}
REPORTED = ["derivatives in float64", "boosting gradients", "best constant", "record"]


@pytest.mark.filterwarnings("ignore")  # of formulas that are no loss
@fuzzed(0.05 if EXAMPLES else 1)
@given(st.data())
def test_the_report_of_any_formula(data):
    """Formulas of all kinds are losses or refused; those that are losses pass, those that are NaN somewhere do not."""
    names = data.draw(st.lists(st.sampled_from(list(PIECES)), min_size=1, max_size=2))
    factor = data.draw(st.sampled_from([1.0, 0.5, -1.0, 1e-200, 1e200]))
    of = data.draw(st.sampled_from(["error", "margin"]))
    note((names, factor, of))

    def value(x):
        return factor * sum(PIECES[name](x) for name in names)

    # The name of the argument says what a value is of.
    formulas = {"error": lambda error: value(error), "margin": lambda margin: value(margin)}
    loss, refused = tried(lambda: bl.loss(formulas[of])())
    if refused:
        return
    report = bl.check_loss(loss, libraries=False)
    assert {check.name for check in report.checks} >= set(REPORTED)
    assert all(check.detail for check in report.checks)
    if of == "error" and set(names) <= {"square", "root"} and factor > 0.1:
        assert factor > 1e100 or report.passed, str(report)
    if "logarithm" in names:
        assert not report.passed


# Curves


def drawn(plot, *rows):
    """The lines of a picture, end to end."""
    return np.concatenate([line.get_ydata() for line in plot(*rows, ax=Figure().subplots()).lines])


@fuzzed(1)
@given(st.data())
def test_curves_at_any_place(data):
    losses = data.draw(st.lists(st.sampled_from(SINGLE + ADAPTIVE), min_size=1, max_size=2))
    call = data.draw(st.sampled_from([plot.plot_loss, plot.plot_gradient, plot.plot_curvature]))
    places = extremes | st.sampled_from([np.inf, -np.inf, np.nan])  # matplotlib's axes end at 1e308
    at = data.draw(numbers(data.draw(st.sampled_from([moderate, places])), number_of_rows(data)))
    note(losses)

    def curves(at):
        return drawn(lambda at, ax: call(*losses, at=at, ax=ax), at)

    refused = tried(lambda: drawn(lambda ax: call(*losses, ax=ax)))[1]
    if refused:
        assert "losses must" in refused
        return
    assert_form_does_not_matter(data, curves, (at,))


# Graphs of ONNX


@cache
def graph_of(library, name, dtype):
    import boostloss.onnx  # noqa: F401

    return session(fitted(library, name), X.astype(dtype))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", LIBRARIES)
@fuzzed(1)
@given(data=st.data())
def test_graphs_of_onnx(library, data):
    name = data.draw(st.sampled_from(list(LOSSES)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    n = data.draw(st.integers(1, 5))
    near = st.sampled_from(np.unique(X).tolist())  # where the trees split
    kind = data.draw(st.sampled_from([near, moderate, extremes, anything]))
    with np.errstate(over="ignore"):
        rows = data.draw(numbers(kind, (n, 3))).astype(dtype)
    note((name, rows.tolist()))
    model = fitted(library, name)
    found = graph_of(library, name, dtype).run(None, {"X": rows})
    labels, described = model.loss_.task == "binary", isinstance(model.loss_, bl.Normal)
    predict = model.predict_proba if labels else model.predict
    options = LIBRARIES[library].raw_prediction if described else {}
    expected, refused = tried(lambda: predict(rows, **options))
    if refused:  # XGBoost takes no infinite features
        assert not np.isfinite(rows.astype(np.float32)).all()
        return
    found = found[1] if labels else found[0].reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


# Tables of `boostloss compare`

CELLS = [
    "", " ", "NA", "?", "nan", "inf", "-inf", "1e999", "1", "-0", "1.5", "1,5", "1.234,5", "5 %", "$3", "(5)", "0x1F",
    "1_000", "TRUE", "no", "2020-02-30", "2020-01-05", "31/12/2019", "12:30", "é", "'", '"', "#", "=1+1", "None",
    "null", "\u2212" + "3", "\u00a0", "9" * 400, "a,b", "x;y", "t\tt", "l\nl", "\0", "\ufeff",
]  # fmt: skip
ENDINGS = {".csv": open, ".tsv": open, ".txt": open, ".csv.gz": gzip.open}
ENDINGS |= {".csv.bz2": bz2.open, ".csv.xz": lzma.open}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "latin-1"]
cells = (
    st.sampled_from(CELLS) | st.text(max_size=4) | st.floats().map(repr) | st.integers().map(str)
)


@st.composite
def files(draw):
    """The bytes of some table, or of what is nearly one."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))
    if draw(st.booleans()):
        rows.insert(0, [f"c{i}" for i in range(width)])
    text = io.StringIO()
    style = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    csv.writer(text, delimiter=draw(st.sampled_from(",;\t|")), quoting=style).writerows(rows)
    made = text.getvalue().encode(draw(st.sampled_from(ENCODINGS)), errors="replace")
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(made)))
        made = made[:place] + draw(st.binary(max_size=3)) + made[place + draw(st.integers(0, 3)) :]
    return made


@pytest.mark.filterwarnings("error")
@fuzzed(2)
@given(files(), st.sampled_from([*ENDINGS, ".json", ".jsonl", ".parquet", ".feather", ".zip"]))
def test_any_file_is_a_table_or_refused(content, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        with ENDINGS.get(ending, open)(path, "wb") as file:
            file.write(content)
        table, refused = tried(load, path, "last")  # an InputError is a ValueError
    if refused:
        return
    assert np.isfinite(table.y).all()
    assert len(table.X) == len(table.y) > 0
    assert table.X.shape[1] == len(table.columns)


@fuzzed(2)
@given(st.data())
def test_numbers_come_back(data):
    """Numbers that are written as their language writes them are read as what they are."""
    n = data.draw(st.integers(3, 9))
    column = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9).map(lambda x: round(x, 3))
    x, y = (data.draw(st.lists(column, min_size=n, max_size=n, unique=True)) for _ in "xy")
    separator, decimal = data.draw(st.sampled_from([",.", ";,", ";.", "\t.", "\t,", "|."]))
    holes = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    text = [f"size{separator}price\n"]
    for a, b, hole in zip(x, y, holes, strict=True):
        first = "" if hole and not all(holes) else repr(a).replace(".", decimal)
        text.append(f"{first}{separator}{repr(b).replace('.', decimal)}\n")
    ending = data.draw(st.sampled_from([".csv", ".csv.gz", ".csv.xz", ".txt"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    note("".join(text))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        with ENDINGS[ending](path, "wb") as file:
            file.write("".join(text).encode(encoding))
        found = load(path, "price", task="regression")
    assert found.columns == ("size",)
    np.testing.assert_array_equal(found.y, y)
    expected = [np.nan if hole and not all(holes) else a for a, hole in zip(x, holes, strict=True)]
    np.testing.assert_array_equal(found.X["f0"].astype(float), expected)
