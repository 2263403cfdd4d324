"""Pairs of few rows at a time, by loops that are given NumPy's arrays themselves."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from boostloss.formulas.huber import huber
from boostloss.formulas.squared_error import squared_error
from boostloss.kernels import few_rows
from boostloss.kernels.few_rows import NotFinite, PairsOfFewRows
from boostloss.kernels.followed_rows import (
    CAPACITY,
    COUNT,
    NOTHING,
    FollowedRows,
    in_order,
    place_in_group,
    seed_of,
)
from boostloss.kernels.native import DONE, FULL
from boostloss.kernels.rows import (
    GRADIENT,
    JIT_DISABLED,
    MAJORIZER,
    Computation,
    Rows,
    fill,
    loop_for,
)

COMPUTATION = Computation(huber, (GRADIENT, MAJORIZER), (1.0,), -2.0, 0.3)
SQUARES = Computation(squared_error, (GRADIENT, MAJORIZER), ())
DTYPES = [np.float32, np.float64]


def rows_of(n, y_dtype=np.float32, f_dtype=np.float64, weight_dtype=None):
    rng = np.random.default_rng(n)
    y, f = rng.normal(size=n).astype(y_dtype), rng.standard_cauchy(size=n).astype(f_dtype)
    return Rows(y, f, None if weight_dtype is None else rng.random(n).astype(weight_dtype))


def expected(computation, rows):
    pairs = np.empty((len(rows.raw_prediction), 2))
    fill([pairs], computation, rows)
    return pairs


@pytest.fixture
def looked_up(monkeypatch):
    """The loops that have been looked up, and what they have been called with."""
    found = []
    look_up = few_rows.look_up

    def spied(*arguments):
        loop, calls = look_up(*arguments), []
        found.append(None if loop is None else calls)

        def call(*given):
            done = loop(*given)
            calls.append(len(given[0]) if done == DONE else None)
            return done

        return None if loop is None else call

    monkeypatch.setattr(few_rows, "look_up", spied)
    return found


@pytest.mark.parametrize("y_dtype", DTYPES)
@pytest.mark.parametrize("f_dtype", DTYPES)
@pytest.mark.parametrize("weight_dtype", [None, *DTYPES])
@pytest.mark.parametrize("delta", [1.0, 1e20], ids=["", "too large for float32"])
def test_they_are_those_of_many_rows(y_dtype, f_dtype, weight_dtype, delta):
    computation = COMPUTATION._replace(parameters=(delta,))
    pairs = PairsOfFewRows(computation)
    for n in (7, 1000, 0, 5000, 1000):  # the first call looks up the loop
        rows = rows_of(n, y_dtype, f_dtype, weight_dtype)
        np.testing.assert_array_equal(pairs.compute(*rows), expected(computation, rows))


@pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
def test_catboosts_own_arrays_take_the_short_way(looked_up):
    pairs = PairsOfFewRows(COMPUTATION)
    for weight_dtype in (None, np.float32):
        for n in (10, 20, 0):
            pairs.compute(*rows_of(n, weight_dtype=weight_dtype))
    assert looked_up == [[10, 20, 0], [10, 20, 0]]
    pairs.compute(*rows_of(30, f_dtype=np.float32))
    assert looked_up == [[10, 20, 0, None], [10, 20, 0]]


@pytest.mark.parametrize("weight_dtype", [None, np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_outputs_that_are_not_finite_are_refused(bad, weight_dtype):
    pairs, rows = PairsOfFewRows(SQUARES), rows_of(300, weight_dtype=weight_dtype)
    rows.raw_prediction[[17, 200]] = bad
    with pytest.raises(NotFinite) as caught:
        pairs.compute(*rows)
    assert caught.value.row == 17


def test_outputs_may_be_large():
    rows = Rows(np.zeros(3, np.float32), np.full(3, 1e308), None)
    found = PairsOfFewRows(SQUARES).compute(*rows)
    np.testing.assert_array_equal(found[:, 0], np.full(3, 1e308))  # whose sum is infinite


def test_views_of_a_larger_array(looked_up):
    pairs = PairsOfFewRows(COMPUTATION)
    whole = rows_of(3000, weight_dtype=np.float32)
    for start in (0, 1, 500, 1999):
        part = Rows(*(array[start : start + 1000] for array in whole))
        np.testing.assert_array_equal(pairs.compute(*part), expected(COMPUTATION, part))
    assert looked_up == ([None] * 4 if JIT_DISABLED else [[1000] * 4])


def test_what_a_loop_would_misread_is_refused_first_and_later():
    pairs, rows = PairsOfFewRows(COMPUTATION), rows_of(8)
    whole = rows_of(16)
    apart = np.frombuffer(b"\0" * 33, np.uint8)[1:].view(np.float32)  # not aligned
    for _ in range(2):
        for wrong in (whole.y_true[::2], rows.y_true[:7], rows.y_true.tolist(), apart, None):
            with pytest.raises((TypeError, ValueError), match="y_true must"):
                pairs.compute(wrong, rows.raw_prediction, None)
            if wrong is not None:
                with pytest.raises((TypeError, ValueError), match="sample_weight must"):
                    pairs.compute(*rows[:2], wrong)
        with pytest.raises((TypeError, ValueError), match="raw_prediction must"):
            pairs.compute(rows.y_true, whole.raw_prediction[::2], None)
        pairs.compute(*rows)  # looks up the loop
        pairs.compute(*rows._replace(weight=rows.y_true))


@pytest.mark.parametrize("way", ["other interpreter", "not compiled"])
def test_the_plain_way(way, looked_up, monkeypatch):
    if way == "other interpreter":  # whose arrays lie otherwise in memory
        monkeypatch.setattr("boostloss.kernels.structs.KNOWN", False)
    else:
        monkeypatch.setattr("boostloss.kernels.rows.JIT_DISABLED", True)
    pairs = PairsOfFewRows(COMPUTATION)
    for weight_dtype in (None, np.float32):
        for n in (10, 1000):
            rows = rows_of(n, weight_dtype=weight_dtype)
            found = pairs.compute(*rows)
            np.testing.assert_array_equal(found, expected(COMPUTATION, rows))
    assert looked_up == [None] * 4  # in each call anew


class Derived(np.ndarray):
    pass


N = 9
LONGER = np.zeros(2 * N, np.float32)
UNREADABLE = {
    "nothing": None,
    "a number": 1.0,
    "a fraction": Fraction(1, 3),
    "words": "words",
    "a list": [0.0] * N,
    "a type": np.ndarray,
    "a scalar": np.float32(1.0),
    "memory": memoryview(np.zeros(N, np.float32)),
    "doubles": np.zeros(N),
    "integers": np.zeros(N, np.int32),
    "swapped bytes": np.zeros(N, np.dtype(np.float32).newbyteorder()),
    "strided": LONGER[::2],
    "backwards": LONGER[:N][::-1],
    "unaligned": np.zeros(4 * N + 1, np.uint8)[1:].view(np.float32),
    "longer": LONGER,
    "shorter": LONGER[: N - 1],
    "no dimension": np.array(1.0, np.float32),
    "a column": np.zeros((N, 1), np.float32),
    "a row": np.zeros((1, N), np.float32),
    "a subclass": LONGER[:N].view(Derived),
    "masked": np.ma.masked_array(LONGER[:N], np.arange(N) == 1),
    "objects": np.array([0.0] * N, object),
}


@pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("place", range(3))
def test_a_loop_reads_no_array_but_those_it_is_made_for(place, kind):
    wrong = UNREADABLE[kind]
    if place == 1 and kind == "doubles":
        wrong = np.zeros(N, np.float32)
    loop = loop_for(COMPUTATION, ("f", "d", "f"), "d", "arrays")
    arguments = [np.zeros(N, np.float32), np.zeros(N), np.ones(N, np.float32)]
    pairs, settings = np.full((N, 2), 7.0), np.array([-2.0, 0.3, 1.0])
    arguments[place] = wrong
    assert loop(*arguments, pairs, settings, few_rows.SINGLE, NOTHING) == 0
    assert (pairs == 7.0).all()
    arguments[place] = np.zeros(N, np.float64 if place == 1 else np.float32)
    assert loop(*arguments, pairs, settings, few_rows.SINGLE, NOTHING) == 1
    assert (pairs != 7.0).all()


@pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
def test_a_call_holds_no_reference():
    pairs, rows = PairsOfFewRows(COMPUTATION), rows_of(5)
    found = pairs.compute(*rows)
    before = [sys.getrefcount(each) for each in (*rows[:2], found, few_rows.SINGLE)]
    for _ in range(1000):
        found = pairs.compute(*rows)
    assert [sys.getrefcount(each) for each in (*rows[:2], found, few_rows.SINGLE)] == before


@pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
def test_one_loop_is_compiled(monkeypatch):
    rows = rows_of(10)
    by_fill = expected(COMPUTATION, rows)
    monkeypatch.setattr(few_rows, "fill", None)  # whose loop is another one
    np.testing.assert_array_equal(PairsOfFewRows(COMPUTATION).compute(*rows), by_fill)


def test_pickles():
    pairs, rows = PairsOfFewRows(COMPUTATION), rows_of(10)
    pairs.compute(*rows)
    copy = pickle.loads(pickle.dumps(pairs))
    np.testing.assert_array_equal(copy.compute(*rows), pairs.compute(*rows))


@pytest.mark.parametrize("limit", [np.inf, 0.5])
@pytest.mark.parametrize("every", [1, 3, 2000])
@pytest.mark.parametrize("weight_dtype", [None, np.float32])
@pytest.mark.parametrize("y_dtype", DTYPES)  # a loop reads targets in single precision only
def test_rows_that_are_followed(y_dtype, weight_dtype, every, limit, looked_up):
    pairs, followed = PairsOfFewRows(COMPUTATION), FollowedRows(every, limit)
    for _ in range(2):  # rounds
        expected_rows = []
        for n in (1000, 7, 0, 1, 2000):
            y, f, weight = rows = rows_of(n, y_dtype, weight_dtype=weight_dtype)
            if weight is not None:
                weight[: n // 4 : 2] = 0.0
            found = pairs.compute(*rows, followed)
            np.testing.assert_array_equal(found, expected(COMPUTATION, rows))
            by = np.ones(n) if weight is None else weight
            counted = [i for i in range(n) if weight is None or 0.0 < by[i] < limit]
            chosen = [every * k + place_in_group(k, every, seed_of(y)) for k in range(n)]
            kept = [counted[i] for i in chosen if i < len(counted)]
            expected_rows += [(f[i] - y[i], f[i], by[i], y[i]) for i in kept]
        y, f, weights = followed.take()
        assert y.dtype == f.dtype == weights.dtype == np.float64
        assert list(zip(f - y, f, weights, y, strict=True)) == sorted(expected_rows)
    if not JIT_DISABLED:
        assert looked_up == [[1000, 7, 0, 1, 2000] * 2 if y_dtype is np.float32 else [None] * 10]


@pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
@pytest.mark.parametrize("weight_dtype", [None, np.float32])
def test_more_rows_than_an_array_holds(weight_dtype):
    pairs, followed = PairsOfFewRows(COMPUTATION), FollowedRows()
    rows = rows_of(1000, weight_dtype=weight_dtype)
    n_blocks = 3 * CAPACITY // 1000
    for _ in range(n_blocks):
        pairs.compute(*rows, followed)
    wide = rows_of(CAPACITY + 5, weight_dtype=weight_dtype)
    pairs.compute(*wide, followed)
    assert not followed.others  # no block took the plain way
    taken = followed.take()
    errors = taken.raw_prediction - taken.y_true
    error = rows.raw_prediction - rows.y_true
    once = wide.raw_prediction - wide.y_true
    np.testing.assert_array_equal(errors, np.sort(np.concatenate([*[error] * n_blocks, once])))
    assert len(followed.take()[0]) == 0


@pytest.mark.skipif(JIT_DISABLED, reason="about compiled code")
def test_a_loop_without_room_does_nothing():
    loop = loop_for(COMPUTATION, ("f", "d", None), "d", "arrays")
    y, f, _ = rows_of(1000)
    pairs, settings = np.full((1000, 2), 7.0), np.array([-2.0, 0.3, 1.0])
    followed = FollowedRows()
    followed.array[COUNT] = CAPACITY - 999
    array = followed.array.copy()
    assert loop(y, f, y, pairs, settings, few_rows.SINGLE, followed.array) == FULL
    assert (pairs == 7.0).all()
    np.testing.assert_array_equal(followed.array[:3], array[:3])
    followed.array[COUNT] -= 1
    assert loop(y, f, y, pairs, settings, few_rows.SINGLE, followed.array) == DONE
    assert followed.array[COUNT] == CAPACITY


def test_threads_append_what_one_does():
    pairs, followed = PairsOfFewRows(COMPUTATION), FollowedRows(2)
    blocks = [rows_of(n, weight_dtype=np.float32) for n in range(600, 700)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda rows: pairs.compute(*rows, followed), blocks * 3))
    found = followed.take()
    for rows in blocks * 3:
        pairs.compute(*rows, followed)
    np.testing.assert_array_equal(found, followed.take())


@pytest.mark.parametrize("values", [3, 10**6])
def test_the_order_of_rows_is_that_of_the_errors_and_hangs_on_nothing_else(values):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, values, (3, 500)).astype(float)  # of few values many errors are equal
    found = in_order(*rows)
    np.testing.assert_array_equal(found, in_order(*rows[:, rng.permutation(500)]))
    assert sorted(map(tuple, found.T)) == sorted(map(tuple, rows.T))
    assert (np.diff(found[1] - found[0]) >= 0.0).all()


@pytest.mark.parametrize("every", [2, 3, 4, 5, 8, 16, 49])
def test_followed_rows_are_of_all_kinds(every):
    """Where every second row, say, is of another kind, half of those that are followed are."""
    rows = FollowedRows(every).rows(np.zeros(1000 * every), None)
    assert len(rows) == 1000
    for period in (2, 3, 4, 5, 8, 16):
        shares = np.bincount(rows % period, minlength=period) / len(rows)
        np.testing.assert_allclose(shares, 1.0 / period, atol=0.06)


def test_followed_rows_of_a_million_are_of_all_kinds():
    """Of a block of a thousand there are two, which in all blocks must not be the same."""
    followed, rng = FollowedRows(489), np.random.default_rng(0)
    pairs = PairsOfFewRows(COMPUTATION)
    for _ in range(1000):
        kind = np.arange(1000) % 2
        y = (kind * (3.0 + rng.random(1000))).astype(np.float32)
        pairs.compute(y, y.astype(np.float64) + kind, None, followed)
    y, f, _ = followed.take()
    errors = f - y
    assert len(errors) > 1500
    assert 0.4 < errors.mean() < 0.6
