"""What is given from outside: numbers at the ends of their range, and what is no number."""

import datetime
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import boostloss as bl
from boostloss.boosting.objective import boosting_gradients
from boostloss.distribution import BarronDistribution
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, MAJORIZER, Computation, Rows, evaluate
from boostloss.losses.adaptive import Adaptive

# Numbers at the ends of their range

SCALED = [bl.Huber, bl.LogCosh, bl.Charbonnier, bl.Cauchy, bl.GemanMcClure, bl.Welsch]
each_scaled = pytest.mark.parametrize("kind", SCALED, ids=lambda kind: kind.__name__)


@each_scaled
@pytest.mark.parametrize(
    "scale", [1e-150, 1e-46, 1e-38, 1e-27, 1e-25, 1e-16, 1e16, 1e25, 1e39, 1e150]
)
def test_float32_rows_take_every_scale(kind, scale):
    loss = kind(scale)
    error = np.array([0.0, 1e-30, 1e-3, 1.0, -1e5, 1e30, -3 * scale, -scale, 0.5 * scale])
    error = error[np.abs(error) < 3e38].astype(np.float32)
    target = np.zeros_like(error)
    for outputs in ((LOSS,), (GRADIENT, HESSIAN), (GRADIENT, MAJORIZER)):
        computation = Computation(loss.formula, outputs, loss.parameters)
        found = evaluate(computation, Rows(target, error), np.float32)
        doubled = Rows(target.astype(np.float64), error.astype(np.float64))
        for values, true in zip(found, evaluate(computation, doubled, np.float64), strict=True):
            inside = np.abs(true) < 3e38
            np.testing.assert_allclose(values[inside], true[inside], rtol=1e-6, atol=1e-38)
            assert not np.isnan(values).any()


@each_scaled
@pytest.mark.parametrize("unit", [1e-150, 1e-100, 1e-27, 1e-19, 1e19, 1e25, 1e100, 1e150])
def test_the_unit_of_the_target_does_not_matter_to_boosting(kind, unit):
    y, f = np.random.default_rng(0).normal(size=(2, 100))
    expected = boosting_gradients(kind(1.0), y, f, dtype=np.float64)
    gradient, hessian = boosting_gradients(kind(unit), unit * y, unit * f, dtype=np.float64)
    np.testing.assert_allclose(gradient / unit, expected[0], rtol=1e-9)
    np.testing.assert_allclose(hessian, expected[1], rtol=1e-9)
    if 1e-30 < unit < 1e30:
        y, f = (unit * y).astype(np.float32), (unit * f).astype(np.float32)
        gradient, hessian = boosting_gradients(kind(unit), y, f)
        np.testing.assert_allclose(gradient / np.float32(unit), expected[0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(hessian, expected[1], rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-27, 1e25])
@pytest.mark.parametrize("loss", [bl.Cauchy, bl.Welsch, bl.Huber, bl.LogCosh, bl.Barron])
def test_xgboost_predicts_numbers_in_every_unit(loss, unit):
    xgboost = pytest.importorskip("boostloss.xgboost")
    X = np.random.default_rng(0).normal(size=(200, 2))
    loss = loss(scale=unit) if loss is not bl.Huber else loss(unit)
    model = xgboost.XGBRegressor(objective=loss, n_estimators=5).fit(X, unit * X[:, 0])
    assert np.isfinite(model.predict(X)).all()
    assert np.abs(model.predict(X)).max() < 10.0 * unit


@pytest.mark.parametrize("gamma", [1e16, 1e19, 1e30, 1e150])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_focal_takes_every_gamma(gamma, dtype):
    y, f = np.repeat([0.0, 1.0], 7), np.tile([-700.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 700.0], 2)
    loss, y, f = bl.Focal(gamma), y.astype(dtype), f.astype(dtype)
    for curvature in ("exact", "majorizer"):
        for values in (loss.loss(y, f), *loss.gradient_hessian(y, f, curvature=curvature)):
            assert not np.isnan(values).any()


@pytest.mark.parametrize("unit", [1e-320, 1e-200, 1e200, 1e308])
@pytest.mark.parametrize("kind", [*SCALED, bl.Barron], ids=lambda kind: kind.__name__)
def test_adaptive_losses_stay_in_the_range_of_scales(kind, unit):
    adaptive = kind("adaptive", "adaptive") if kind is bl.Barron else kind("adaptive")
    fixed = adaptive.fitted(unit * np.random.default_rng(0).uniform(-1.0, 1.0, 300))
    assert fixed.parameters[-1] == (1e-150 if unit < 1.0 else 1e150)


# What is no number


def entries(loss, y, f, weight):
    """The ways in for rows, and what each calls them."""
    rows = {"y_true": y, "raw_prediction": f, "sample_weight": weight}
    for call in (loss.loss, loss.gradient_hessian, loss.mean_loss):
        for name in rows:
            yield name, lambda bad, name=name, call=call: call(**rows | {name: bad})
    for name in rows:
        yield name, lambda bad, name=name: boosting_gradients(loss, **rows | {name: bad})
    yield "y_true", loss.fit_intercept
    yield "y_true", loss.check_target
    yield "sample_weight", lambda bad: loss.fit_intercept(y, bad)


STRANGE = {
    "<U3": np.array(["0.5", "1.5", "2.5"]),
    "|S3": np.array([b"0.5", b"1.5", b"2.5"]),
    "datetime64[D]": np.array(["2020-01-01"] * 3, "M8[D]"),
    "timedelta64[s]": np.array([1, 2, 3], "m8[s]"),
    "[('a', '<f8')]": np.zeros(3, [("a", float)]),
}
OBJECTS = ["1.5", b"1.5", 1j, np.complex64(1), np.datetime64("2020"), np.timedelta64(1, "s")]
OBJECTS += [datetime.date(2020, 1, 1), datetime.timedelta(1), [1.0], {}, 10**400]
LOSSES = [bl.Huber(1.0), bl.Quantile(0.9), bl.Logistic(), bl.Focal(), bl.Cauchy("adaptive")]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
ROWS = np.array([0.0, 1.0, 0.0]), np.array([0.5, 0.3, 0.2]), np.ones(3)


@each_loss
def test_arrays_of_no_numbers_are_refused(loss):
    for name, call in entries(loss, *ROWS):
        for dtype, values in STRANGE.items():
            allowed = f"{name} must hold integers, floats or booleans, got dtype {dtype}."
            with pytest.raises(TypeError, match=re.escape(allowed)):
                call(values)
        with pytest.raises(ValueError, match=f"Complex data not supported: {name} has"):
            call(np.array([1.0, 2.0, 3.0], complex))


@each_loss
@pytest.mark.parametrize("value", OBJECTS, ids=repr)
def test_objects_that_are_no_numbers_are_refused(loss, value):
    bad = np.empty(3, object)
    bad[:] = 0.0
    bad[1] = value
    for name, call in entries(loss, *ROWS):
        with pytest.raises(TypeError, match=f"{name} must hold integers, .* got .* in row 1"):
            call(bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda bad: bl.Huber("adaptive").fitted(bad),
        lambda bad: bl.Huber("adaptive").fitted(np.ones(3), bad),
        BarronDistribution.fit,
        lambda bad: BarronDistribution.fit(np.ones(3), bad),
        BarronDistribution().logpdf,
        BarronDistribution().cdf,
        BarronDistribution().ppf,
        *(loss.link for loss in (bl.SquaredError(), bl.Logistic(), bl.Focal(), bl.Hinge())),
        *(loss.inverse_link for loss in (bl.SquaredError(), bl.Logistic(), bl.Poisson())),
    ],
)
def test_other_entries_refuse_them_too(call):
    for values in STRANGE.values():
        with pytest.raises(TypeError, match="must hold integers, floats or booleans, got dtype"):
            call(values)


def test_numbers_in_objects_are_read():
    expected = bl.Huber(1.0).loss([0.5, 1.0, 2.0], np.zeros(3))
    for y in (
        [Decimal("0.5"), Fraction(1), 2],
        np.array([0.5, True, np.float32(2.0)], object),
        pd.Series([0.5, 1.0, 2.0], dtype="Float64"),
        pd.Series([0.5, 1.0, 2.0], dtype="float64[pyarrow]"),
        pd.DataFrame({"y": [0.5, 1.0, 2.0]}),
        pa.array([0.5, 1.0, 2.0]),
        pa.chunked_array([[0.5], [1.0, 2.0]]),
    ):
        np.testing.assert_array_equal(bl.Huber(1.0).loss(y, np.zeros(3)), expected)


MISSING = [
    np.ma.masked_equal([0.0, 7.0, 1.0], 7.0),
    np.ma.masked_equal(np.array([0.0, 7.0, 1.0], np.float32), 7.0),
    np.ma.masked_equal([0, 7, 1], 7),
    [0.0, None, 1.0],
    pd.Series([0, None, 1], dtype="Int64"),
    pd.Series([0.0, None, 1.0], dtype="Float64"),
    pd.Series([0, None, 1], dtype="int64[pyarrow]"),
    pa.array([0.0, None, 1.0]),
]


@pytest.mark.parametrize(
    "y", MISSING, ids=lambda y: f"{type(y).__name__} {getattr(y, 'dtype', '')}"
)
@each_loss
def test_missing_rows_are_missing(loss, y):
    with pytest.raises(ValueError, match=r"y_true must be (finite|0 or 1), got nan in row 1"):
        loss.check_target(y)
    with pytest.raises(ValueError, match=r"y_true must be (finite|0 or 1), got nan in row 1"):
        loss.fit_intercept(y)
    with pytest.raises(
        ValueError, match="sample_weight must be finite and >= 0, 1e150 at most, got nan in row 1"
    ):
        loss.fit_intercept(np.array([0.0, 1.0, 1.0]), y)
    if isinstance(loss, Adaptive):
        with pytest.raises(ValueError, match="error must be finite, got nan in row 1"):
            loss.fitted(y)
        return
    np.testing.assert_array_equal(np.isnan(loss.loss(y, np.zeros(3))), [False, True, False])
    if isinstance(y, np.ma.MaskedArray):
        assert y.tolist() == [0.0, None, 1.0]  # as it was


REGRESSORS = [
    ("xgboost", "XGBRegressor", "objective", {}),
    ("lightgbm", "LGBMRegressor", "objective", {"verbose": -1}),
    ("catboost", "CatBoostRegressor", "loss_function", {"verbose": False}),
]


@pytest.mark.filterwarnings("ignore:Warning. converting a masked element to nan")  # CatBoost's pool
@pytest.mark.parametrize(("library", "name", "slot", "options"), REGRESSORS)
def test_regressors_refuse_targets_that_are_no_numbers(library, name, slot, options):
    module = pytest.importorskip(f"boostloss.{library}")
    model = getattr(module, name)(**{slot: bl.Huber(1.0), "n_estimators": 2}, **options)
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = 10.0 * X[:, 0]
    for bad in (y.astype("U5"), y.astype("U5").astype(object), y.astype("M8[D]"), y + 1j):
        with pytest.raises((TypeError, ValueError), match=r"must hold integers|Complex data not"):
            model.fit(X, bad)
    for bad in (np.ma.masked_less(y, 0.0), pd.Series(y).astype("Float64").mask(y < 0.0)):
        with pytest.raises(ValueError, match="y_true must be finite, got nan in row"):
            model.fit(X, bad)
    model.fit(X, pd.Series(y).astype("Float64"))
    expected = model.predict(X)
    np.testing.assert_array_equal(model.fit(X, y).predict(X), expected)
