"""Any numbers in any container: what plain arrays of float64 give, or an error that names the parameter.

`make test` runs some hundred examples, the same each time; `make fuzz` runs many, others each time.
"""

import os
from unittest import mock

import numpy as np
import pytest
import scipy.sparse
from fuzzing import (
    ADAPTIVE,
    CLASSES,
    DISTRIBUTIONS,
    LEVELS,
    SINGLE,
    anything,
    assert_form_does_not_matter,
    bad_weights,
    extremes,
    fuzzed,
    in_domain,
    maybe_weights,
    moderate,
    number_of_rows,
    numbers,
    outcome,
    values,
    weights,
)
from hypothesis import given, note
from hypothesis import strategies as st

import boostloss as bl
from boostloss.boosting.catboost_objective import objective as catboost_objective
from boostloss.kernels.native import SHORT_RUN
from boostloss.kernels.rows import BLOCK
from boostloss.metrics import crps, negative_log_likelihood

pytestmark = pytest.mark.filterwarnings("ignore:Boosting starts far from")


def calls(loss):
    """The ways in for rows."""
    return {
        "loss": loss.loss,
        "default": loss.gradient_hessian,
        "exact": lambda *rows: loss.gradient_hessian(*rows, curvature="exact"),
        "majorizer": lambda *rows: loss.gradient_hessian(*rows, curvature="majorizer"),
        "mean": loss.mean_loss,
    }


def call_of(data, loss):
    found = calls(loss)
    return found[data.draw(st.sampled_from(list(found)))]


# Forms


@fuzzed(18)
@given(st.data())
def test_rows(data):
    loss = data.draw(st.sampled_from(SINGLE + ADAPTIVE))
    n = number_of_rows(data)
    y, f = (data.draw(numbers(values(data), n)) for _ in range(2))
    y = in_domain(loss, y) if data.draw(st.booleans()) else y
    assert_form_does_not_matter(data, call_of(data, loss), (y, f, maybe_weights(data, n)))


@fuzzed(8)
@given(st.data())
def test_constants(data):
    loss = data.draw(st.sampled_from(SINGLE + ADAPTIVE + DISTRIBUTIONS + LEVELS))
    n = number_of_rows(data)
    y = in_domain(loss, data.draw(numbers(moderate, n)))
    weight = maybe_weights(data, n, data.draw(st.sampled_from([weights, bad_weights])))
    assert_form_does_not_matter(data, loss.fit_intercept, (y, weight))


@fuzzed(8)
@given(st.data())
def test_links(data):
    loss = data.draw(st.sampled_from(SINGLE + ADAPTIVE))
    array = data.draw(numbers(values(data), number_of_rows(data)))
    if data.draw(st.booleans()):
        assert_form_does_not_matter(data, lambda x: np.ravel(loss.inverse_link(x)), (array,))
    else:
        unit = loss.task == "binary" or loss.link_name == "logit"
        array = np.clip(array, 0.0, 1.0) if unit else np.abs(array)
        assert_form_does_not_matter(data, lambda x: np.ravel(loss.link(x)), (array,))


@fuzzed(8)
@given(st.data())
def test_classes(data):
    loss = data.draw(st.sampled_from(CLASSES))
    n, k = number_of_rows(data), data.draw(st.integers(2, 5))
    f = data.draw(numbers(values(data), (n, k)))
    weight = maybe_weights(data, n)
    call = data.draw(st.sampled_from([loss, *calls(loss).values()]))
    if data.draw(st.booleans()):
        y = data.draw(numbers(st.integers(0, k - 1), n))
        assert_form_does_not_matter(data, call, (y, f, weight))
    elif data.draw(st.booleans()):
        assert_form_does_not_matter(data, loss.inverse_link, (f,))
    else:
        share = data.draw(numbers(st.integers(1, 4), (n, k)))
        y = np.floor(64.0 * share / share.sum(axis=1, keepdims=True)) / 64.0
        y[:, 0] += 1.0 - y.sum(axis=1)
        assert_form_does_not_matter(data, call, (y, f, weight))
        assert_form_does_not_matter(data, loss.fit_intercept, (y, weight))


@fuzzed(6)
@given(st.data())
def test_soft_labels(data):
    loss = data.draw(st.sampled_from([x for x in SINGLE if x.task == "binary"]))
    n = number_of_rows(data)
    share = data.draw(numbers(st.integers(0, 64), n)) / 64.0
    y = np.stack([1.0 - share, share], axis=1)
    f = data.draw(numbers(values(data), n))
    call = data.draw(st.sampled_from([loss, *calls(loss).values()]))
    assert_form_does_not_matter(data, call, (y, f, maybe_weights(data, n)))


@fuzzed(10)
@given(st.data())
def test_distributions_and_levels(data):
    loss = data.draw(st.sampled_from(DISTRIBUTIONS + LEVELS))
    n = number_of_rows(data)
    f = data.draw(numbers(values(data), (n, loss.n_outputs)))
    y = in_domain(loss, data.draw(numbers(values(data), n)))
    if data.draw(st.booleans()):  # of several quantiles, or an interval
        width = data.draw(numbers(st.sampled_from([0.0, 1.0, 1e-9, np.inf]), n))
        with np.errstate(invalid="ignore"):
            y = np.stack([y, y + width], axis=1)
    found = calls(loss)
    if loss in DISTRIBUTIONS:
        del found["exact"]
    call = data.draw(st.sampled_from([loss, *found.values()]))
    weight = maybe_weights(data, n)
    assert_form_does_not_matter(data, call, (y, f, weight))
    assert_form_does_not_matter(data, loss.inverse_link, (f,))


@fuzzed(5)
@given(st.data())
def test_scores(data):
    loss = data.draw(st.sampled_from([x for x in DISTRIBUTIONS if not x.discrete]))
    n = data.draw(st.integers(0, 3))
    raw = data.draw(numbers(st.floats(-3.0, 3.0), (n, loss.n_outputs)))
    y = in_domain(loss, data.draw(numbers(data.draw(st.sampled_from([moderate, anything])), n)))
    score = data.draw(st.sampled_from([crps, negative_log_likelihood]))
    distribution = loss.distribution(raw)

    def call(y, weight):
        return score(y, distribution, weight)

    assert_form_does_not_matter(data, call, (y, maybe_weights(data, n)))


@fuzzed(3)
@given(st.data())
def test_expected_costs(data):
    n, k = number_of_rows(data), data.draw(st.integers(2, 4))
    p = data.draw(numbers(st.integers(0, 8), (n, k))) / 8.0
    p[:, 0] = 1.0 - p[:, 1:].sum(axis=1)
    cost = data.draw(numbers(values(data), (k, k)))
    assert_form_does_not_matter(data, bl.expected_cost, (p, cost))


class Rows:
    """What the native APIs hand to an objective."""

    def __init__(self, label, weight):
        self.get_label, self.get_weight = lambda: label, lambda: weight


@fuzzed(10)
@given(st.data())
def test_objectives(data):
    loss = data.draw(st.sampled_from([x for x in SINGLE if not isinstance(x, bl.FBeta)] + ADAPTIVE))
    n = number_of_rows(data)
    y = in_domain(loss, data.draw(numbers(moderate, n)))
    f = data.draw(numbers(values(data), n))
    weight = maybe_weights(data, n, weights)
    call = {
        "estimator": loss,
        "native": lambda y, f, weight: loss(f, Rows(y, weight)),
        "CatBoost": lambda y, f, w: catboost_objective(loss).calc_ders_range(f, y, w),
    }
    name = data.draw(st.sampled_from(list(call)))
    if name == "CatBoost" and (isinstance(loss, bl.GHMC | bl.GHMR) or loss in ADAPTIVE):
        name = "estimator"
    assert_form_does_not_matter(data, call[name], (y, f, weight))


STRANGE = [
    None, 1.0, "1.0", b"1", 1j, object(), {}, {1.0}, {"y": [1.0]}, [], [[]], [[1.0], []], [[1.0, 2.0], [3.0]],
    ["a"] * 3, [1.0, "b", 2.0], [1.0, [2.0], 3.0], np.zeros((3, 2)), np.zeros((1, 3)), np.zeros((3, 1, 1)),
    np.zeros(2), np.zeros(4), np.zeros(()), np.zeros((0, 3)), np.array(["1", "2", "3"]), np.zeros(3, complex),
    np.zeros(3, "M8[s]"), np.zeros(3, "m8[s]"), np.zeros(3, [("a", float)]), np.zeros(3, "V8"), range(2), iter([1.0]),
    scipy.sparse.csr_matrix(np.eye(3)), scipy.sparse.csr_array(np.eye(3)), scipy.sparse.coo_array(np.ones(3)),
    np.array([10**400, 1, 2], object), np.array([None, object(), 1.0]), lambda x: x, int, NotImplemented, ...,
]  # fmt: skip


@fuzzed(6)
@given(st.data())
def test_what_is_no_column_is_refused_by_name(data):
    loss = data.draw(st.sampled_from(SINGLE + ADAPTIVE + DISTRIBUTIONS + LEVELS))
    k = loss.n_outputs
    rows = {
        "y_true": np.ones(3),
        "raw_prediction": np.zeros((3, k) if k > 1 else 3),
        "sample_weight": np.ones(3),
    }
    name = data.draw(st.sampled_from(list(rows)))
    bad = data.draw(st.sampled_from(STRANGE))
    if name == "sample_weight" and bad is None:
        return
    if bad is STRANGE[16] and (loss.task == "binary" or loss in DISTRIBUTIONS):
        return  # many columns are classes, and two are bounds of an interval
    if bad is STRANGE[16] and name == "raw_prediction" and k == 2:
        return  # it is right
    note(f"{name} = {bad!r}")
    call = data.draw(st.sampled_from([loss.loss, loss.gradient_hessian, loss.mean_loss]))
    with pytest.raises((ValueError, TypeError), match=name):
        call(**rows | {name: bad})
    if name != "raw_prediction":  # another number of targets is right
        outcome(loss.fit_intercept, *({"y_true": np.ones(3), name: bad}.values()))


# Numbers


@fuzzed(10)
@given(st.data())
def test_finite_rows_have_no_nan(data):
    loss = data.draw(st.sampled_from(SINGLE))
    n = number_of_rows(data)
    single = data.draw(st.booleans())
    both = extremes if loss.link_name == "identity" else st.floats(-300.0, 300.0) | moderate
    y = in_domain(loss, data.draw(numbers(extremes, n)))
    f, weight = data.draw(numbers(both, n)), maybe_weights(data, n, weights)
    if single:
        y, f = (np.clip(x, -1e18, 1e18).astype(np.float32) for x in (y, f))
        y = in_domain(loss, y).astype(np.float32)
    for name, call in calls(loss).items():
        note(f"{loss} {name} {y} {f} {weight}")
        if name == "mean":
            if n and (weight is None or weight.any()):
                assert not np.isnan(call(y, f, weight))
            continue
        for found in outcome(call, y, f, weight):
            assert not np.isnan(found).any()


@fuzzed(5)
@given(st.data())
def test_a_mean_is_that_of_the_losses(data):
    loss = data.draw(st.sampled_from([x for x in SINGLE if not isinstance(x, bl.GHMC | bl.GHMR)]))
    n = number_of_rows(data, 1)
    y, f = (data.draw(numbers(moderate, n)) for _ in range(2))
    y, weight = in_domain(loss, y), data.draw(numbers(st.floats(1e-3, 1e3), n))
    expected = np.average(loss.loss(y, f), weights=weight)
    assert loss.mean_loss(y, f, weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@fuzzed(5)
@given(st.data())
def test_a_constant_is_finite_and_within_the_targets(data):
    loss = data.draw(st.sampled_from(SINGLE))
    n = number_of_rows(data, 1)
    y = in_domain(loss, data.draw(numbers(extremes, n)))
    weight = maybe_weights(data, n, weights)
    if weight is not None and not weight.any():
        return
    best = loss.fit_intercept(y, weight)
    note(f"{loss} {y} {weight} {best}")
    assert np.isfinite(best)
    if loss.task == "regression" and loss.link_name == "identity" and type(loss) is not bl.Linex:
        kept = y if weight is None else y[weight > 0.0]
        # What is within an insensitive loss's epsilon of a target is as good as the target.
        slack = 1e-9 * np.abs(kept).max() + 1e-15 * getattr(loss, "epsilon", 0.0) + 1e-30
        assert kept.min() - slack <= best <= kept.max() + slack


# Kernels

POOL = np.random.default_rng(0).normal(size=(3, 3 * BLOCK + 64))


@fuzzed(2)
@given(st.data())
def test_borders_of_blocks_and_threads(data):
    """One thread and several give the same bits, and so do the rows of a part alone."""
    loss = data.draw(st.sampled_from(SINGLE))
    unit = data.draw(st.sampled_from([SHORT_RUN, 2 * SHORT_RUN, BLOCK, 2 * BLOCK, 3 * BLOCK]))
    n, first = unit + data.draw(st.integers(-3, 3)), data.draw(st.integers(0, 9))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    y, f, weight = (x[first : first + n].astype(dtype) for x in POOL)
    y, weight = in_domain(loss, y).astype(dtype), np.abs(weight)
    rows = (y, f, weight) if data.draw(st.booleans()) else (y, f)
    name = data.draw(st.sampled_from(list(calls(loss))))
    call, found = calls(loss)[name], {}
    for threads in ("1", "2", "5"):
        with mock.patch.dict(os.environ, NUMBA_NUM_THREADS=threads):
            found[threads] = outcome(call, *rows)
            found[threads].append(loss.fit_intercept(y, *rows[2:]))
    for threads in ("2", "5"):
        for ours, theirs in zip(found[threads], found["1"], strict=True):
            assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()
    # Others depend on all rows.
    alone = ("loss", "exact") if loss.kinked else ("loss", "exact", "majorizer")
    if name in alone and not isinstance(loss, bl.GHMC | bl.GHMR):
        some = slice(cut := data.draw(st.integers(0, n - 1)), min(n, cut + 1000))
        for part, whole in zip(outcome(call, *(x[some] for x in rows)), found["1"], strict=False):
            np.testing.assert_array_equal(part, whole[some])


@fuzzed(1)
@given(st.data())
def test_threads_and_several_columns(data):
    loss = data.draw(st.sampled_from(CLASSES + DISTRIBUTIONS + LEVELS))
    k = data.draw(st.integers(2, 4)) if loss.task == "binary" else loss.n_outputs
    n = data.draw(st.sampled_from([BLOCK, 2 * BLOCK, 3 * BLOCK])) + data.draw(st.integers(-3, 3))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    y, f, weight = (x[:n].astype(dtype) for x in POOL)
    y = in_domain(loss, y) if loss.task == "regression" else np.arange(n) % k
    f = np.stack([np.roll(f, j) for j in range(k)], axis=data.draw(st.integers(0, 1)))
    f = f if f.shape == (n, k) else f.T
    ways = [call for name, call in calls(loss).items() if name != "exact"]  # of all losses
    call = data.draw(st.sampled_from([loss, *ways]))
    outcomes = []
    for threads in ("1", "2", "5"):
        with mock.patch.dict(os.environ, NUMBA_NUM_THREADS=threads):
            outcomes.append(outcome(call, y, f, np.abs(weight)))
    for ours in outcomes[1:]:
        for one, other in zip(ours, outcomes[0], strict=True):
            assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
