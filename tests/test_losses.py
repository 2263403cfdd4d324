"""The loss objects: text, parameters, weights and the kinds of input."""

import copy
import math
import pickle
import re

import numpy as np
import pytest
from cases import EXAMPLES, STEEP, all_outputs, every_loss, rows

from boostloss import (
    Barron,
    Cauchy,
    Charbonnier,
    Focal,
    Huber,
    Logistic,
    SquaredError,
    from_string,
)
from boostloss.boosting.gradients import row_share
from boostloss.boosting.objective import boosting_gradients

# The object


@every_loss
def test_written_and_read(loss):
    assert from_string(repr(loss)) == loss
    assert repr(from_string(repr(loss))) == repr(loss)
    assert from_string(f" {loss!r}\n") == loss
    assert repr(loss).startswith(type(loss).__name__ + "(")


@every_loss
def test_copies_are_equal(loss):
    assert copy.copy(loss) is loss
    assert copy.deepcopy([loss])[0] is loss
    again = pickle.loads(pickle.dumps(loss))
    assert again == loss
    assert hash(again) == hash(loss)
    assert type(again) is type(loss)


def test_losses_differ_from_one_another():
    assert len(set(EXAMPLES + STEEP)) == len(EXAMPLES + STEEP)
    assert Huber(1) == Huber(1.0)
    assert hash(Huber(1)) == hash(Huber(1.0))
    assert Huber(1.0) != Huber(2.0)
    assert Charbonnier(1.0) != Barron(1.0, 1.0)


@every_loss
def test_immutable(loss):
    with pytest.raises(AttributeError):
        loss.scale = 2.0
    with pytest.raises(AttributeError):
        loss.quantile = 0.5


def test_repr_shows_the_parameters():
    assert repr(Huber(2)) == "Huber(delta=2.0)"
    assert repr(Barron(-math.inf, 1.0)) == "Barron(alpha=-inf, scale=1.0)"
    assert repr(Cauchy(0.5)) == "Cauchy(scale=0.5)"
    assert repr(Focal()) == "Focal(gamma=2.0, alpha=None)"
    assert repr(SquaredError()) == "SquaredError()"


def test_text_may_leave_out_defaults_and_names():
    assert from_string("Huber") == from_string("Huber()") == Huber()
    assert from_string("Barron(-inf)") == Barron(-math.inf)
    assert from_string("Barron(0, scale=2)") == Barron(0.0, 2.0)


@pytest.mark.parametrize(
    "text",
    [
        "Hubert(1.0)",
        "Huber(delta=)",
        "Huber(delta=open('x'))",
        "Huber(1, 2)",
        "Huber(scale=1)",
        "os.system('true')",
        "Cauchy(alpha=1.0)",
        "Huber() + Huber()",
    ],
)
def test_text_that_is_no_loss(text):
    with pytest.raises(ValueError, match=re.escape(repr(text)[1:-1])):
        from_string(text)


RECORD = "; error(curvature='safe', smoothing=None); error"


@pytest.mark.parametrize(
    "text",
    [
        "Huber(-'a')",
        "Focal(alpha=-None)",
        f"Huber(0x{'F' * 400})",
        f"Huber(0x{'F' * 9000})",
        f"Huber({'-' * 5000}1)",
        f"Huber({'-' * 200_000}1)",
        f"Huber({'(' * 500}1{')' * 500})",
        f"Huber({'1+' * 4000}1)",
        f"x{'.x' * 4000}",
        "x" * 10**6,
        "Huber(delta=1, delta=2)",
        "Huber(delta={[]: 1})",
        "Huber(delta=1j)",
        "Huber(\0)",
        "Huber(1)\ud800",
        "",
        "f(a=1, a=2)" + RECORD,
        "f(a=True)" + RECORD,
        "f(a='1')" + RECORD,
        "f(1)" + RECORD,
        f"f(a=0x{'F' * 400})" + RECORD,
        f"f(a={'-' * 5000}1)" + RECORD,
    ],
    ids=range(22),
)
def test_any_other_text_is_one_clear_sentence(text):
    with pytest.raises(ValueError, match=r"is written like|cannot be read") as caught:
        from_string(text)
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("text", [None, 3, b"Huber()"])
def test_what_is_no_text_is_a_type_error(text):
    with pytest.raises(TypeError, match="text must be a str such as"):
        from_string(text)


# Weights


@every_loss
def test_weight_multiplies(loss):
    y, f = rows(loss)
    weight = np.random.default_rng(1).uniform(0.0, 3.0, len(y))
    weight[:5] = 0.0
    np.testing.assert_allclose(loss.loss(y, f, weight), weight * loss.loss(y, f), rtol=1e-14)
    weighted = loss.gradient_hessian(y, f, weight, "exact")
    for ours, plain in zip(weighted, loss.gradient_hessian(y, f, curvature="exact"), strict=True):
        np.testing.assert_allclose(ours, weight * plain, rtol=1e-14, atol=1e-300)
    for dtype in (np.float32, int, bool):
        cast = (weight > 1.0).astype(dtype)
        expected = loss.loss(y, f, (weight > 1.0).astype(float))
        np.testing.assert_array_equal(loss.loss(y, f, cast), expected)


@every_loss
def test_weight_two_is_the_row_twice(loss):
    y, f = rows(loss, 50)
    weight = np.random.default_rng(2).integers(0, 3, 50)
    repeated = np.repeat(np.arange(50), weight)
    assert loss.mean_loss(y, f, weight) == pytest.approx(loss.mean_loss(y[repeated], f[repeated]))
    for ours, twice in zip(
        boosting_gradients(loss, y, f, weight)[:1],
        boosting_gradients(loss, y[repeated], f[repeated])[:1],
        strict=True,
    ):
        summed = np.bincount(repeated, twice, minlength=50)
        np.testing.assert_allclose(ours, summed, rtol=1e-5, atol=1e-6)


@every_loss
def test_mean_loss(loss):
    y, f = rows(loss)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, len(y))
    assert loss.mean_loss(y, f) == pytest.approx(loss.loss(y, f).mean())
    assert loss.mean_loss(y, f, weight) == pytest.approx(
        np.average(loss.loss(y, f), weights=weight)
    )
    assert isinstance(loss.mean_loss(y.astype(np.float32), f.astype(np.float32)), float)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_bad_weights(bad):
    weight = [1.0, 1.0, bad]
    for call in (Huber(1.0).loss, Huber(1.0).gradient_hessian):
        with pytest.raises(ValueError, match=f"finite and >= 0, 1e150 at most, got {bad} in row 2"):
            call(np.zeros(3), np.ones(3), weight)
    with pytest.raises(ValueError, match="sample_weight has 3 rows, y_true has 2"):
        Huber(1.0).loss(np.zeros(2), np.ones(2), weight)


# Input


@every_loss
def test_dtype_out_is_dtype_in(loss):
    y, f = rows(loss)
    single = all_outputs(loss, y.astype(np.float32), f.astype(np.float32))
    double = all_outputs(
        loss, y.astype(np.float32).astype(np.float64), f.astype(np.float32).astype(np.float64)
    )
    mixed = loss.loss(y.astype(np.float32), f.astype(np.float32).astype(np.float64))
    assert mixed.dtype == np.float64
    np.testing.assert_allclose(mixed, double[0], rtol=1e-14, atol=1e-300)
    for s, d in zip(single, double, strict=True):
        assert s.dtype == np.float32
        assert d.dtype == np.float64
        np.testing.assert_allclose(s, d, rtol=1e-4, atol=1e-5 * np.abs(d).max())


@pytest.mark.parametrize("loss", [Huber(1.0), Logistic()], ids=repr)
@pytest.mark.parametrize("dtype", [int, np.int8, np.uint8, bool, np.float16, object, ">f8"])
def test_other_dtypes_are_read_as_float64(loss, dtype):
    y, f = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 1])
    expected = all_outputs(loss, y.astype(float), f.astype(float))
    for ours, right in zip(
        all_outputs(loss, y.astype(dtype), f.astype(dtype)), expected, strict=True
    ):
        assert ours.dtype == np.float64
        np.testing.assert_array_equal(ours, right)
    np.testing.assert_array_equal(loss.loss(y.tolist(), f.tolist()), expected[0])


@every_loss
def test_layout_does_not_matter(loss):
    y, f = rows(loss, 64)
    expected = all_outputs(loss, y, f)

    def read_only(x):
        x = x.copy()
        x.flags.writeable = False
        return x

    layouts = {
        "strided": lambda x: np.repeat(x, 3)[::3],
        "reversed": lambda x: x[::-1].copy()[::-1],
        "read-only": read_only,
        "column": lambda x: x.reshape(-1, 1),
        "Fortran": lambda x: np.asfortranarray(np.column_stack([x, x]))[:, :1],
        "a row of a Fortran matrix": lambda x: np.asfortranarray(np.stack([x, x]))[1],
        "unaligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1),
    }
    for name, layout in layouts.items():
        for ours, right in zip(all_outputs(loss, layout(y), layout(f)), expected, strict=True):
            np.testing.assert_array_equal(ours, right, err_msg=name)


@every_loss
def test_input_is_left_as_it_was(loss):
    y, f = rows(loss, 64)
    weight = np.ones(64)
    before = y.copy(), f.copy()
    all_outputs(loss, y, f, weight)
    boosting_gradients(loss, y, f, weight)
    np.testing.assert_array_equal((y, f), before)
    np.testing.assert_array_equal(weight, 1.0)


@every_loss
def test_no_rows_and_one_row(loss):
    empty = np.empty(0)
    for values in (*all_outputs(loss, empty, empty), *boosting_gradients(loss, empty, empty)):
        assert values.shape == (0,)
    for values in all_outputs(loss, [1.0], [0.5]):
        assert values.shape == (1,)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="y_true has 3 rows, raw_prediction has 2"):
        Huber(1.0).loss(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"raw_prediction must have shape \(n_samples,\), got"):
        Huber(1.0).loss(np.zeros(4), np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"y_true must have shape \(n_samples,\), got"):
        Huber(1.0).gradient_hessian(1.0, np.zeros(1))
    with pytest.raises(ValueError, match="one prediction per row"):
        Huber(1.0)(np.zeros(2), np.zeros((2, 2)))


@pytest.mark.parametrize("loss", [Logistic(), Focal()], ids=repr)
def test_labels_must_be_zero_or_one(loss):
    for call in (loss.check_target, lambda y: loss.loss(y, [0.0, 0.0])):
        with pytest.raises(ValueError, match=r"y_true must be 0 or 1, got -1.0 in row 1"):
            call([1.0, -1.0])


@every_loss
def test_targets_must_be_finite(loss):
    with pytest.raises(ValueError, match=r"y_true must be .*, got (nan|inf) in row 2"):
        loss.check_target([1.0, 1.0, math.nan])
    assert loss.check_target([1, 1, 1]).dtype == np.float64


# The objective


class Dataset:
    """As LightGBM's Dataset and XGBoost's DMatrix give labels and weights."""

    def __init__(self, label, weight):
        self.label, self.weight = label, weight

    def get_label(self):
        return self.label

    def get_weight(self):
        return self.weight


@every_loss
def test_the_loss_is_the_objective(loss):
    y, f = rows(loss)
    weight = np.random.default_rng(4).uniform(0.5, 2.0, len(y))
    for w in (None, weight):
        expected = boosting_gradients(loss, y, f, w, factor=row_share(loss))
        np.testing.assert_array_equal(loss(y, f, w), expected)
        np.testing.assert_array_equal(loss(f, Dataset(y, w)), expected)
        np.testing.assert_array_equal(loss(y, f.reshape(-1, 1), w), expected)
    unweighted = boosting_gradients(loss, y, f, factor=row_share(loss))
    np.testing.assert_array_equal(loss(f, Dataset(y, np.empty(0))), unweighted)


@every_loss
def test_a_start_far_from_the_best_constant_warns(loss):
    rare = np.repeat([1.0, 0.0], [5, 995])
    shares = loss.task == "binary" or loss.link_name == "logit"
    y = rare if shares else 100.0 + np.random.default_rng(5).normal(size=1000)
    best = loss.fit_intercept(y)
    loss(y, np.full(1000, best))  # no warning
    loss(y, np.full(1000, best) + np.arange(1000) / 100.0)  # not a start
    with pytest.warns(UserWarning, match=f"best constant of {re.escape(repr(loss))}"):
        loss(y, np.full(1000, best + 30.0))
    loss(y, np.full(1000, best + 30.0), np.zeros(1000))  # no row counts


def test_logistic_loss_of_infinite_logits():
    y, f = np.array([1.0, 0.0, 1.0, 0.0]), np.array([np.inf, -np.inf, -np.inf, np.inf])
    np.testing.assert_array_equal(Logistic().loss(y, f), [0.0, 0.0, np.inf, np.inf])
    for curvature in ("exact", "majorizer"):
        gradient, hessian = Logistic().gradient_hessian(y, f, curvature=curvature)
        np.testing.assert_array_equal(gradient, [0.0, 0.0, -1.0, 1.0])
        np.testing.assert_array_equal(hessian, np.zeros(4))
