"""What is said to a function that is no loss: one sentence, with the line."""

import math

import numpy as np
import pytest

import boostloss as bl
from boostloss import ops


def line_of(function):
    return function.__code__.co_firstlineno + 1


def branches(error):
    if error > 0:
        return error
    return -error


def chained(error):
    return np.where(0 < error < 1, error, 0.0)


def averages(error):
    return np.mean(error**2)


def sorts(error):
    return np.sort(error)


def goes_elsewhere(error):
    return math.gamma(error)


def asks_for_a_derivative(error):
    return ops.trigamma(1.0 + error * error)


def takes_elements(error):
    return error[0] ** 2


def takes_attributes(error):
    return error.mean()


def returns_nothing(error):
    error**2


def returns_two(error):
    return error, 1.0


def returns_a_condition(error):
    return error > 0


def is_constant(error, k=2.0):
    return k


def misspells(error):
    return np.absolut(error)


def of_arrays(error):
    return np.asarray(error) ** 2


def with_and(error):
    return np.where((error > 0) & 1.5, error, 0.0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (branches, "`if`, `and`, `or`, `not` and chained comparisons cannot ask for data"),
        (chained, "chained comparisons cannot ask for data: write np.where"),
        (averages, "mean is not in the language of losses, which has where, minimum"),
        (sorts, "sort is not in the language of losses"),
        (goes_elsewhere, "gamma is not in the language of losses"),
        (takes_elements, "a loss is written for one row, a number that has no elements"),
        (takes_attributes, "a loss is written for one row, a number that has no 'mean'"),
        (misspells, "absolut"),
        (of_arrays, "a function of arrays is not in the language of losses"),
        (with_and, "& and | combine conditions, each in parentheses"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_is_no_arithmetic_of_one_row_is_said_with_its_line(function, message):
    with pytest.raises(ValueError, match=r".") as caught:
        bl.loss(function)
    text = str(caught.value)
    assert text.startswith(f"{function.__name__}, line {line_of(function)} (")
    assert message in text


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (returns_nothing, "a loss returns one number for each row that depends on error, got None"),
        (returns_two, "a loss returns one number for each row"),
        (returns_a_condition, "got a condition"),
        (is_constant, "the loss does not depend on error"),
        (asks_for_a_derivative, "trigamma is not in the language of losses"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_what_is_not_one_number_for_each_row(function, message):
    with pytest.raises(ValueError, match=r".") as caught:
        bl.loss(function)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: x**2,
            "a loss is a function of `error`, of `margin`, or of `target, prediction`",
        ),
        (lambda: 1.0, r"got \(\)"),
        (lambda target: target, "a loss is a function of"),
        (lambda prediction, target: target, "a loss is a function of"),
        (lambda error, scale: error**2, "the parameter scale needs a number as its default"),
        (lambda error, scale="adaptive": error**2, "needs a number as its default"),
        (lambda error, *others: error**2, r"a loss takes no \*others"),
        (np.square, "loss takes a plain Python function"),
    ],
)
def test_arguments_that_are_none_of_a_loss(function, message):
    with pytest.raises(TypeError, match=message):
        bl.loss(function)
