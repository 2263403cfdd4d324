"""Nothing is read or written beyond an array, and no array is taken for what it is not."""

import numpy as np
import pytest
from cases import default

from boostloss import LOSSES, Focal, Huber, Logistic, SquaredError
from boostloss.boosting.objective import boosting_gradients
from boostloss.formulas.huber import huber
from boostloss.kernels import rows, structs
from boostloss.kernels.rows import (
    GRADIENT,
    LOSS,
    MAJORIZER,
    Computation,
    Rows,
    add_up,
    evaluate,
    fill,
)
from boostloss.losses.validation import as_column

N = 64
COMPUTATION = Computation(huber, (GRADIENT, MAJORIZER), (1.0,))


def numbers(dtype="f8", n=N):
    return np.random.default_rng(0).normal(size=n).astype(dtype)


def unaligned(array):
    """The same numbers at an odd address."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype)
    moved[:] = array
    assert not moved.flags.aligned
    return moved


# What is wrong with an array for a loop, and how numbers come to be so.
WRONG = {
    "short": (lambda x: x[:-1], ValueError, "shape"),
    "one row": (lambda x: x[:1], ValueError, "shape"),
    "a column": (lambda x: x[:, None], ValueError, "shape"),
    "strided": (lambda x: np.repeat(x, 2)[::2], ValueError, "contiguous"),
    "backwards": (lambda x: x[::-1], ValueError, "contiguous"),
    "unaligned": (unaligned, ValueError, "aligned"),
    "swapped bytes": (lambda x: x.astype(">f8"), TypeError, "'>f8'"),
    "integers": (lambda x: x.astype(np.int64), TypeError, "'<i8'"),
    "half precision": (lambda x: x.astype(np.float16), TypeError, "'<f2'"),
    "a list": (lambda x: x.tolist(), TypeError, "list"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["y_true", "sample_weight", "result"])
def test_a_kernel_refuses_arrays(name, wrong):
    make, error, words = WRONG[wrong]
    arrays = {each: numbers() for each in ("y_true", "sample_weight", "result")}
    arrays[name] = make(arrays[name])
    given = Rows(arrays["y_true"], numbers(), arrays["sample_weight"])
    if name == "result" and wrong in ("a column", "a list"):
        return  # of another layout
    with pytest.raises(error, match=f"{name} must .*{words}"):
        fill([np.empty(N), arrays["result"]], COMPUTATION, given)
    with pytest.raises(error, match=f"{name} must .*{words}"):
        add_up(huber, (1.0,), given, arrays["result"])


def test_a_kernel_writes_to_no_array_that_is_read_only():
    result = np.zeros(N)
    result.flags.writeable = False
    with pytest.raises(ValueError, match=r"result must be .*writ"):
        fill([np.empty(N), result], COMPUTATION, Rows(numbers(), numbers()))
    with pytest.raises(ValueError, match=r"result must have shape \(64, 2\)"):
        fill([np.empty((N - 1, 2))], COMPUTATION, Rows(numbers(), numbers()))


def test_addresses(monkeypatch):
    array = np.arange(12.0).reshape(4, 3)
    fixed = array.copy()
    fixed.flags.writeable = False
    for each in (array, array[1:], fixed, np.empty((0, 2)), np.zeros(3, np.float32)):
        assert structs.as_expected(each)
        assert structs.struct_address(each) == each.ctypes.data == structs.public_address(each)
    assert structs.KNOWN
    assert structs.address is structs.struct_address
    found = evaluate(COMPUTATION, Rows(numbers(), numbers() + 1.0), np.float64)
    field = structs.field
    monkeypatch.setattr(structs, "field", lambda array, place: field(array, place - 1))  # elsewhere
    assert not structs.fields_found()
    monkeypatch.setattr(rows, "address", structs.public_address)
    again = evaluate(COMPUTATION, Rows(numbers(), numbers() + 1.0), np.float64)
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize(
    "wrong", ["strided", "backwards", "unaligned", "swapped bytes", "integers"]
)
def test_columns_are_made_right(wrong):
    make, *_ = WRONG[wrong]
    column = as_column(make(numbers()))
    assert rows.readable(column, 1)
    np.testing.assert_array_equal(column, make(numbers()).astype(float))


@pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.__name__)
def test_rows_of_unequal_number(kind):
    loss = default(kind)
    for y, f in ((1, N), (N, 1), (N - 1, N)):
        with pytest.raises(ValueError, match="y_true"):
            loss.mean_loss(np.zeros(y), np.zeros(f))
        with pytest.raises(ValueError, match="y_true"):
            boosting_gradients(loss, np.zeros(y), np.zeros(f))
    for weights in (1, N - 1, N + 1):
        weight = np.ones(weights)
        with pytest.raises(ValueError, match="sample_weight"):
            loss.mean_loss(np.zeros(N), np.zeros(N), weight)
        with pytest.raises(ValueError, match="sample_weight"):
            boosting_gradients(loss, np.zeros(N), np.zeros(N), weight)


def test_the_dtype_of_boosting_gradients():
    for dtype in (">f4", ">f8", np.float16, np.int64):
        with pytest.raises(TypeError, match="float32 or float64"):
            boosting_gradients(Huber(1.0), numbers(), numbers(), dtype=dtype)


@pytest.mark.parametrize("kind", [Logistic, Focal], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("label", [-1.0, 2.0, 0.5, np.inf])
def test_mean_loss_wants_labels(kind, label):
    y = np.zeros(N)
    y[3] = label
    with pytest.raises(ValueError, match=r"y_true must .*row 3"):
        kind().mean_loss(y, numbers())


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("loss", [SquaredError(), Huber("adaptive"), Logistic()], ids=repr)
def test_mean_loss_wants_weights(loss, weight):
    weights = np.ones(N)
    weights[5] = weight
    with pytest.raises(ValueError, match=r"sample_weight must be .* row 5"):
        loss.mean_loss(np.zeros(N), numbers(), weights)
    with pytest.raises(ValueError, match="positive weight"):
        loss.mean_loss(np.zeros(N), numbers(), np.zeros(N))


def test_views_of_catboost():
    catboost = pytest.importorskip("boostloss.catboost")
    objective = catboost.objective(Huber(1.0))
    f, y, weight = numbers(), numbers("f4")[::-1].copy(), np.abs(numbers("f4"))
    expected = objective.calc_ders_range(f, y, weight)
    for wrong in (
        lambda x: np.repeat(x, 2)[::2],
        unaligned,
        lambda x: x.astype(x.dtype.newbyteorder()),
    ):
        for arrays in ((wrong(f), y, weight), (f, wrong(y), weight), (f, y, wrong(weight))):
            found = objective.calc_ders_range(*arrays)
            np.testing.assert_allclose(found, expected, rtol=1e-6)
    backwards = objective.calc_ders_range(f[::-1], y[::-1], weight[::-1])
    np.testing.assert_array_equal(backwards, expected[::-1])
    for arrays in ((f, y[1:], None), (f, y, weight[1:]), (f[1:], y, weight)):
        with pytest.raises(ValueError, match="must have shape"):
            objective.calc_ders_range(*arrays)


def test_loss_of_a_mean():
    (losses,) = evaluate(
        Computation(huber, (LOSS,), (1.0,)), Rows(numbers(), numbers() + 1.0), float
    )
    assert Huber(1.0).mean_loss(numbers(), numbers() + 1.0) == losses.mean()
