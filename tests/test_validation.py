"""What is given from outside: numbers at the ends of their range, and what is no number."""

import numpy as np
import pytest

import boostloss as bl
from boostloss.boosting.objective import boosting_gradients
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, MAJORIZER, evaluate

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
        for found, true in zip(
            evaluate(loss.formula, outputs, target, error, None, 1.0, loss.parameters, np.float32),
            evaluate(
                loss.formula,
                outputs,
                target.astype(float),
                error.astype(float),
                None,
                1.0,
                loss.parameters,
                np.float64,
            ),
            strict=True,
        ):
            inside = np.abs(true) < 3e38
            np.testing.assert_allclose(found[inside], true[inside], rtol=1e-6, atol=1e-38)
            assert not np.isnan(found).any()


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
