"""What `tests/test_fuzz.py` draws: numbers of every dtype in every container, and the losses that are given them."""

import os
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from cases import EXAMPLES as CASES
from cases import STEEP
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st

import boostloss as bl

# Of all properties together: some hundred for `make test`, always the same; `make fuzz` asks for many others.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", 0))
ROWS = 9  # at most, where their number does not matter
NAMES = "y_true", "raw_prediction", "sample_weight", "raw prediction", "error", "y_pred"
NO_ROWS = "needs a row of positive weight|must be a row of positive weight"
OUTER = (
    "probability",
    "cost",
    "targets",
    "approxes",
    "weights",
    "distribution",
    "exposure",
    "^prediction",
)


def fuzzed(percent):
    """Run a test on its share of all examples."""
    count = EXAMPLES or 400
    return settings(
        max_examples=max(10, int(count * percent / 100)),
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@bl.log_density
def own_normal(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return -0.5 * z * z - log_scale - 0.5 * np.log(2.0 * np.pi)


@bl.loss
def own_squares(error, steepness=2.0):
    return steepness * error**2


@bl.loss
def own_margin(margin):
    return np.log1p(np.exp(-margin))


# The first ones are those that `make test` takes: each dtype, weight and output of a loss is compiled once.
SINGLE = [bl.Huber(1.0), bl.Quantile(0.9), bl.Poisson(), bl.Focal()]
CLASSES = [bl.Logistic(), bl.Focal(), bl.Hinge()]
DISTRIBUTIONS = [bl.Normal(), bl.Weibull()]
LEVELS = [bl.Quantile([0.1, 0.9]), bl.Expectile([0.2, 0.5])]
ADAPTIVE = [bl.Huber("adaptive"), bl.Barron("adaptive", "adaptive")]
if EXAMPLES:
    SINGLE += [loss for loss in CASES + STEEP if loss not in SINGLE]
    SINGLE += [own_squares(), own_margin(), bl.GHMC(), bl.GHMR(1.0)]
    CLASSES += [bl.Logistic(0.1), bl.GeneralizedCrossEntropy(), bl.SymmetricCrossEntropy()]
    CLASSES += [bl.BiTemperedLogistic(), bl.Exponential(), own_margin()]
    DISTRIBUTIONS += [bl.LogNormal(), bl.Laplace(), bl.StudentT(), bl.LogLogistic()]
    DISTRIBUTIONS += [
        bl.NegativeBinomialDistribution(),
        bl.BarronLikelihood(),
        bl.GammaDistribution(),
        bl.FreeStudentT(),
        own_normal(),
    ]
    ADAPTIVE += [bl.LogCosh("adaptive"), bl.Cauchy("adaptive"), bl.Welsch("adaptive")]

# Numbers

DTYPES = [np.float64, np.float32, np.float16, np.longdouble, np.bool_]
DTYPES += [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64]
dtypes = st.sampled_from(DTYPES)
# Errors of 1e-300 to 1e154 have losses with digits; scores beyond 700 have exponentials that are infinite.
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 5e-324, 1e-310, 2.3e-308, 1e-45, 1e-16, 1e16, 3.4e38]
extremes = st.sampled_from([*SPECIAL, 1e154, -1e154, 1.2e-38, -1e-300]) | st.floats(-1e154, 1e154)
moderate = st.sampled_from([0.0, 1.0, -1.0, 0.25, 3.0]) | st.floats(-30.0, 30.0)
anything = extremes | st.sampled_from([np.inf, -np.inf, np.nan, 1.7e308, -1.7e308])
weights = st.sampled_from([0.0, 1.0, 2.0, 1e-320, 1e-30, 1e30]) | st.floats(0.0, 10.0)
bad_weights = weights | st.sampled_from([-1.0, -5e-324, np.nan, np.inf, 1.7e308])


def numbers(values, shape):
    """An array of float64."""
    size = int(np.prod(shape))
    return st.lists(values, min_size=size, max_size=size).map(
        lambda drawn: np.array(drawn, np.float64).reshape(shape)
    )


def in_domain(loss, y):
    """The nearest targets that a loss takes."""
    if loss.task == "binary":
        return (y > 0.0).astype(np.float64)
    if loss.link_name == "logit":
        return np.clip(np.abs(y), 0.0, 1.0)
    if getattr(loss, "discrete", False):
        return np.floor(np.minimum(np.abs(y), 1e6))
    if isinstance(loss, bl.Gamma) or getattr(loss, "positive", False):
        return np.maximum(np.abs(y), max(1e-100, np.finfo(y.dtype).tiny))  # of float32, too
    return np.abs(y) if loss.link_name == "log" else y


def held(values, dtype):
    """The array of a dtype nearest to numbers."""
    with np.errstate(all="ignore"):
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            values = np.clip(
                np.nan_to_num(values), max(limits.min, -(2**62)), min(limits.max, 2**62)
            )
        return values.astype(dtype)


# Containers: each holds the numbers of an array.


def unaligned(array):
    moved = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


class Subclass(np.ndarray):
    pass


OBJECTS = [float, Fraction, Decimal, np.float64, np.longdouble]


def objects(array):
    made = np.empty(array.shape, object)
    for i, value in enumerate(array.flat):
        kind = OBJECTS[i % len(OBJECTS)] if np.isfinite(float(value)) else float
        made.flat[i] = None if np.isnan(float(value)) and i % 2 else kind(float(value))
    return made


def nullable(array):
    """The dtype of pandas in which numbers may be missing."""
    name = array.dtype.name
    return "boolean" if name == "bool" else name.capitalize().replace("Ui", "UI")


def masked(array):
    if array.dtype.kind != "f":
        return np.ma.array(array, mask=False)
    filled = np.where(np.isnan(array), array.dtype.type(7.0), array)
    return np.ma.array(filled, mask=np.isnan(array))


ANY = {
    "as it is": lambda x: x,
    "swapped bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "unaligned": unaligned,
    "read-only": read_only,
    "strided": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "Fortran": np.asfortranarray,
    "inside": lambda x: np.stack([x, x[::-1], x], axis=-1)[..., 0],
    "broadcast": lambda x: np.broadcast_to(x, (2, *x.shape))[1],
    "subclass": lambda x: x.view(Subclass),
    "objects": objects,
    "masked": masked,
    "list": lambda x: x.tolist(),
}
COLUMNS = ANY | {
    "(n, 1)": lambda x: x[:, None],
    "tuple": lambda x: tuple(x),
    "Series": lambda x: pd.Series(x, index=np.arange(len(x))[::-1]),
    "nullable": lambda x: pd.Series(x, dtype=nullable(x)),
    "Arrow in pandas": lambda x: pd.Series(pa.array(x), dtype=pd.ArrowDtype(pa.array(x).type)),
    "DataFrame": lambda x: pd.DataFrame({"y": x}),
    "Arrow": pa.array,
    "chunks": lambda x: pa.chunked_array([x[:1], x[1:]], pa.array(x).type),
    "polars": pl.Series,
    "memory": lambda x: memoryview(np.ascontiguousarray(x)),
}
MATRICES = ANY | {
    "DataFrame": pd.DataFrame,
    "nullable": lambda x: pd.DataFrame(x, dtype=nullable(x)),
    "polars": lambda x: pl.DataFrame(x, schema=[f"c{i}" for i in range(x.shape[1])]),
    "rows": lambda x: [tuple(row) for row in x],
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "wide": lambda x: np.hstack([x, x])[:, : x.shape[1]],
}
ARROW_LACKS = ("Arrow in pandas", "Arrow", "chunks", "polars", "nullable")


@st.composite
def forms(draw, values):
    """Some container of an array, and the plain array that it must count as."""
    containers = COLUMNS if values.ndim == 1 else MATRICES
    container = draw(st.sampled_from(list(containers)))
    if values.ndim == 2 and len(values) == 0:
        container = "as it is"  # an empty list has no columns
    array = held(values, draw(dtypes))
    with np.errstate(all="ignore"):
        if container in ARROW_LACKS and array.dtype.char in "eg":
            array = array.astype(np.float32)
        given = containers[container](array)
        single = np.asarray(given).dtype == np.float32  # in the machine's byte order
        return given, np.array(array, np.float32 if single else np.float64)


def in_forms(data, columns):
    """A target and its weights, None where there are none, in some containers and as plain arrays."""
    drawn = [data.draw(forms(column)) for column in columns]
    return tuple([*each, None][:2] for each in zip(*drawn, strict=True))


def outcome(call, *arguments):
    """What a call returns, as a list of arrays, or the type of the error, which must name a parameter."""
    try:
        found = call(*arguments)
    except (ValueError, TypeError) as error:
        if re.search("|".join((*NAMES, *OUTER, NO_ROWS)), str(error)):
            return type(error)
        raise  # it does not say what is wrong
    return list(found) if isinstance(found, tuple) else [found]


def tried(call, *arguments):
    """What a call returns, and nothing, or nothing, and what the error says."""
    try:
        return call(*arguments), ""
    except (ValueError, TypeError) as error:
        return None, str(error) or repr(error)


def assert_same(found, expected):
    if isinstance(found, type) or isinstance(expected, type):
        assert found is expected
        return
    for ours, theirs in zip(found, expected, strict=True):
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        np.testing.assert_array_equal(ours, theirs)


def assert_form_does_not_matter(data, call, arrays):
    """Arrays in containers have the outcome of plain ones, and stay as they are."""
    drawn = [(None, None) if x is None else data.draw(forms(x)) for x in arrays]
    note(call)
    given, plain = zip(*drawn, strict=True)
    assert_same(outcome(call, *given), outcome(call, *plain))
    assert_same(outcome(call, *given), outcome(call, *plain))


def number_of_rows(data, least=0):
    return data.draw(st.integers(least, ROWS))


def values(data):
    return data.draw(st.sampled_from([moderate, extremes, anything]))


def maybe_weights(data, n, of=bad_weights):
    return data.draw(numbers(of, n)) if data.draw(st.booleans()) else None
