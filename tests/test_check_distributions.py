"""`check_loss` passes every distribution of the catalogue, and finds what is wrong with others."""

import numpy as np
import pytest
import scipy.stats
from test_density_intervals import censored_exponential, censored_gumbel

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.formulas.normal import normal
from boostloss.kernels import outputs
from boostloss.losses.catalogue import DISTRIBUTIONS

MORE = [bl.StudentT(2.5), bl.BarronLikelihood(0.3), censored_gumbel(), censored_exponential()]


@pytest.fixture
def uncompiled(monkeypatch):
    """What is wrong with a formula NumPy tells too, and compiles nothing."""
    monkeypatch.setattr(outputs, "JIT_DISABLED", True)


@pytest.mark.parametrize("loss", [*(kind() for kind in DISTRIBUTIONS), *MORE], ids=repr)
def test_the_catalogue_passes(loss, uncompiled):
    report = bl.check_loss(loss, libraries=False)
    assert report.passed, str(report)
    noted = {check.name for check in report.checks if check.passed is None}
    assert noted == (set() if loss.center in {"mean", "median"} else {"prediction"})


def test_every_library_that_is_installed_is_tried():
    report = bl.check_loss(bl.Normal())
    assert report.passed, str(report)
    assert set(LIBRARIES) <= {check.name for check in report.checks}


def changed(place, factor=1.0, more=0.0):
    """The normal distribution with a mistake in one of the outputs of its formula."""

    def formula(y, location, log_scale):
        values = list(normal(y, location, log_scale))
        values[place] = factor * values[place] + more
        return tuple(values)

    return type("Wrong", (bl.Normal,), {"formula": staticmethod(formula)})()


class WrongConstant(bl.Normal):
    def _best_constant(self, y, weight):
        return np.array([np.max(y), 0.0])


class WrongMean(bl.Normal):
    def _mean(self, location, log_scale):
        return location + np.exp(log_scale)


class WrongScale(bl.Normal):
    def _frozen(self, location, log_scale):
        return scipy.stats.norm(location, 2.0 * np.exp(log_scale))


class WrongIntervals(bl.Normal):
    interval_formula = bl.StudentT.interval_formula
    parameters = bl.StudentT(3.0).parameters

    @staticmethod
    def formula(y, location, log_scale, *_):
        return normal(y, location, log_scale)


class Swallows(bl.Normal):
    @staticmethod
    def formula(y, location, log_scale):
        return normal(np.nan_to_num(y) if isinstance(y, np.ndarray) else y, location, log_scale)


class Overflows(bl.Normal):
    @staticmethod
    def formula(y, location, log_scale):
        values = normal(y, location, log_scale)
        return (*values[:3], values[3] * (1.0 + 1e305 * abs(location)), values[4])


class Rounded(bl.Normal):
    """Its formula leaves mpmath on the way."""

    @staticmethod
    def formula(y, location, log_scale):
        if isinstance(y, np.ndarray):
            return normal(y, location, log_scale)
        return normal(float(y), float(location), float(log_scale))


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (changed(1, factor=1.001), "derivatives in float64"),
        (changed(2, more=1e-6), "derivatives in float64"),
        (changed(0, more=0.1), "density"),
        (changed(3, factor=1e-3), "boosting gradients"),
        (WrongConstant(), "best constant"),
        (WrongMean(), "prediction"),
        (WrongScale(), "density"),
        (WrongIntervals(), "intervals"),
        (Swallows(), "NaN in, NaN out"),
        (Overflows(), "finite gradients"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_what_is_wrong_is_found(loss, name, uncompiled):
    report = bl.check_loss(loss, libraries=False)
    assert name in {check.name for check in report.checks if check.passed is False}, str(report)


def test_derivatives_that_cannot_be_compared_do_not_pass(uncompiled):
    answers = {check.name: check for check in bl.check_loss(Rounded(), libraries=False).checks}
    for name in ("derivatives in float64", "derivatives in float32"):
        assert answers[name].passed is None
        assert answers[name].detail.startswith("not compared")


def test_a_density_that_is_one_near_0_alone_is_found(uncompiled):
    @bl.log_density
    def near(target, location):
        more = np.where(abs(location) > 1.5, 0.1, 0.0)
        return -0.5 * (target - location) ** 2 - 0.5 * np.log(2 * np.pi) + more

    report = bl.check_loss(near(), libraries=False)
    (failed,) = (check for check in report.checks if check.passed is False)
    assert failed.name == "density"
    assert "it integrates to 1.10517, not to 1, at location=" in failed.detail


def test_a_scale_that_falls_below_0_is_found(uncompiled):
    @bl.log_density(positive=True)
    def rayleigh(target, scale):
        return np.log(target) - 2 * np.log(scale) - 0.5 * (target / scale) ** 2

    report = bl.check_loss(rayleigh(), libraries=False)
    (failed,) = (check for check in report.checks if check.passed is False)
    assert failed.name == "boosting gradients"
    assert failed.detail.endswith("as where a scale falls below 0: predict its logarithm")


def test_several_levels_are_refused():
    with pytest.raises(ValueError, match="loss must have one level to be checked"):
        bl.check_loss(bl.Quantile([0.1, 0.9]))
