"""What the parameters of losses may be."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from cases import all_outputs, rows

from boostloss import (
    Barron,
    Cauchy,
    Charbonnier,
    Focal,
    GemanMcClure,
    Huber,
    LogCosh,
    Quantile,
    Welsch,
)

SCALE = "a number from 1e-150 to 1e150, or 'adaptive'"


LEVEL = "a number in (0, 1), or at least two that increase"
BALANCE = "a number in (0, 1), one for each class, or None"
NOT_NUMBERS = ["wide", "1.0", b"1.0", True, np.True_, 1.0 + 0j, [1.0, 2.0], np.ones(1)]
LEVEL = "a number in (0, 1), or at least two that increase"
BALANCE = "a number in (0, 1), one for each class, or None"
NOT_NUMBERS += [np.array("1.0"), np.datetime64("2020"), np.timedelta64(1, "s")]


@pytest.mark.parametrize(
    ("make", "parameter", "value", "allowed"),
    [
        (Huber, "delta", 0.0, SCALE),
        (Huber, "delta", -1.0, SCALE),
        (Huber, "delta", math.nan, SCALE),
        (Huber, "delta", math.inf, SCALE),
        (Cauchy, "scale", 1e-300, SCALE),
        (Cauchy, "scale", 1e160, SCALE),
        (LogCosh, "scale", 0.0, SCALE),
        (Barron, "scale", -2.0, SCALE),
        (Barron, "alpha", math.nan, "a number, inf or -inf, or 'adaptive'"),
        (Charbonnier, "scale", 0.0, SCALE),
        (Cauchy, "scale", 0.0, SCALE),
        (GemanMcClure, "scale", 0.0, SCALE),
        (Welsch, "scale", math.inf, SCALE),
        (Quantile, "quantile", 0.0, LEVEL),
        (Quantile, "quantile", 1.0, LEVEL),
        (Quantile, "quantile", math.nan, LEVEL),
        (Focal, "gamma", -0.1, "a number from 0 to 1e150"),
        (Focal, "gamma", math.inf, "a number from 0 to 1e150"),
        (Focal, "alpha", 0.0, BALANCE),
        (Focal, "alpha", 1.0, BALANCE),
    ],
)
def test_parameters_out_of_range(make, parameter, value, allowed):
    message = f"{parameter} must be {allowed}, got {value!r}."
    with pytest.raises(ValueError, match=re.escape(message)):
        make(**{parameter: value})
    several = {"quantile", "alpha"} & {parameter} and make in (Quantile, Focal)
    for wrong in NOT_NUMBERS if "None" in allowed else (*NOT_NUMBERS, None):
        if several and isinstance(wrong, list | tuple | np.ndarray):
            continue
        with pytest.raises(TypeError, match=re.escape(f"{parameter} must be {allowed}, got ")):
            make(**{parameter: wrong})


def test_an_integer_beyond_all_floats():
    with pytest.raises(ValueError, match=f"delta must be {SCALE}, got 1000"):
        Huber(10**400)


@pytest.mark.parametrize(
    "half", [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")]
)
def test_numbers_of_all_kinds_are_parameters(half):
    for loss in (Huber(half), Quantile(half), Barron(half, half), Focal(half, half)):
        given = [value for name, value in vars(loss).items() if name != "graduated"]
        assert all(type(value) is float and value == 0.5 for value in given)
    assert Huber(np.int64(2)) == Huber(2.0)


@pytest.mark.parametrize(
    ("named", "alpha"),
    [(Charbonnier, 1.0), (Cauchy, 0.0), (GemanMcClure, -2.0), (Welsch, -math.inf)],
)
def test_named_members_of_barron(named, alpha):
    y, f = rows(named())
    for ours, general in zip(
        all_outputs(named(0.7), y, f), all_outputs(Barron(alpha, 0.7), y, f), strict=True
    ):
        np.testing.assert_array_equal(ours, general)
    with pytest.raises(TypeError):
        named(alpha=2.0)
