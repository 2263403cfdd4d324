"""`check_loss` passes every loss of the catalogue, and finds what is wrong with others."""

from dataclasses import dataclass

import numpy as np
import pytest
from cases import BOUNDED, EXAMPLES, STEEP

import boostloss as bl
from boostloss import kernels
from boostloss.boosting.libraries import LIBRARIES
from boostloss.formulas.huber import huber
from boostloss.formulas.logistic import logistic
from boostloss.losses.binary import Binary
from boostloss.losses.location import Location


@pytest.mark.parametrize("loss", EXAMPLES + STEEP, ids=repr)
def test_the_catalogue_passes(loss):
    report = bl.check_loss(loss, accuracy=1e-12, libraries=False)
    assert report.passed, str(report)
    answers = {check.name: check.passed for check in report.checks}
    assert answers["derivatives in float64"] is answers["derivatives in float32"] is True
    assert answers["quadratic above the loss"] is (True if loss in BOUNDED else None)


@pytest.mark.parametrize("loss", [bl.Huber("adaptive"), bl.Quantile(0.9), bl.Focal()], ids=repr)
def test_every_library_that_is_installed_is_tried(loss):
    report = bl.check_loss(loss)
    assert report.passed, str(report)
    assert set(LIBRARIES) <= {check.name for check in report.checks}


def steep(y, f):
    loss, gradient, hessian, majorizer = huber(y, f, 1.0)
    return loss, 1.01 * gradient, hessian, majorizer


def curved(y, f):
    loss, gradient, hessian, majorizer = huber(y, f, 1.0)
    return loss, gradient, hessian + 0.01, majorizer


def low(y, f):
    loss, gradient, hessian, majorizer = huber(y, f, 1.0)
    return loss, gradient, hessian, 0.2 * majorizer


def swallows(y, f):
    return huber(np.nan_to_num(y) if isinstance(y, np.ndarray) else y, f, 1.0)


def backwards(y, f):
    loss, gradient, hessian, _ = logistic(y, f)
    return loss, -gradient, hessian, hessian


@dataclass(frozen=True)
class Wrong(Location):
    """Huber's loss with a mistake."""

    formula = huber


class WrongConstant(Wrong):
    @property
    def parameters(self):
        return (1.0,)

    def _best_constant(self, y, weight):
        return float(y.max())


@pytest.fixture
def uncompiled(monkeypatch):
    """What is wrong with a formula NumPy tells too, and compiles nothing."""
    monkeypatch.setattr(kernels.rows, "JIT_DISABLED", True)


def failed(loss):
    report = bl.check_loss(loss, libraries=False)
    assert not report.passed
    return {check.name for check in report.checks if check.passed is False}


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        (steep, "derivatives in float64"),
        (curved, "derivatives in float64"),
        (low, "a full step lowers the loss"),
    ],
)
def test_a_wrong_formula_is_found(formula, name, uncompiled):
    kind = type("Wrong", (Wrong,), {"formula": formula})
    assert name in failed(kind())


def test_a_wrong_sign_is_found(uncompiled):
    kind = type("Wrong", (Binary,), {"formula": backwards, "curvature": "exact"})
    assert {"derivatives in float64", "boosting gradients"} <= failed(
        dataclass(frozen=True)(kind)()
    )


def test_a_wrong_constant_is_found():
    assert "best constant" in failed(WrongConstant())


def test_what_is_no_loss_is_refused():
    with pytest.raises(TypeError, match="loss must be a Loss"):
        bl.check_loss(huber)


def test_the_report_is_a_line_for_each_check():
    report = bl.check_loss(bl.Huber(1.0), libraries=False)
    first, *lines = str(report).splitlines()
    assert first == "Huber(delta=1.0)"
    assert len(lines) == len(report.checks)
    assert all(line.startswith(("passed ", "noted ")) for line in lines)


@pytest.mark.parametrize(
    "loss",
    [bl.Quantile(0.1), bl.Tukey(7.1), bl.Welsch(0.3), bl.Focal(9.0), bl.GemanMcClure(0.05)],
    ids=repr,
)
def test_what_is_hard_to_judge_is_not_called_wrong(loss):
    """A smoothed gradient, a gradient near its zero, short first steps, responses near 1, and several minima."""
    report = bl.check_loss(loss, libraries=False)
    assert report.passed, str(report)
    judged = {check.name: check.passed for check in report.checks}
    assert judged["boosting gradients"] is (None if isinstance(loss, bl.GemanMcClure) else True)


@pytest.mark.parametrize(
    "inverse_link",
    [
        lambda raw: np.maximum(raw, 0.0),
        lambda raw: np.minimum(np.maximum(raw, -1.0), 1.0),
        lambda raw: np.exp(np.maximum(raw, 0.0)),
    ],
)
def test_a_link_that_loses_the_raw_prediction_is_none(inverse_link):
    @bl.loss(inverse_link=inverse_link)
    def of_prediction(target, prediction):
        return (target - prediction) ** 2

    report = bl.check_loss(of_prediction(), libraries=False)
    assert {check.name: check.passed for check in report.checks}["link"] is False
