"""What examples of the fuzz of predictions, scores, distributions, pictures and modules have shown to go wrong."""

import math

import numpy as np
import pyarrow as pa
import pytest
from boosting import SIGNAL, X
from drop_in import drop_in, each_library, fit
from matplotlib.figure import Figure

import boostloss as bl
from boostloss.boosting.exposure import rate
from boostloss.distribution import BarronDistribution
from boostloss.plot import plot_coverage, plot_quantiles, plot_reliability
from boostloss.xgboost import XGBClassifier, XGBRegressor

CLASSES = np.array(list("abc"))[np.digitize(SIGNAL, [-1.0, 1.0])]

# Predictions


@pytest.mark.parametrize("loss", [bl.Huber(1.0), bl.Quantile([0.1, 0.9]), bl.Focal()], ids=repr)
def test_xgboost_refuses_the_other_byte_order_to_predict_from_too(loss):
    model = fit(
        "xgboost",
        drop_in("xgboost", loss, rounds=2),
        X,
        SIGNAL if loss.task == "regression" else CLASSES,
    )
    swapped = X.astype(X.dtype.newbyteorder())
    ways = [model.predict, model.apply, lambda rows: model.predict(X, base_margin=rows[:, 0])]
    ways += [] if loss.task == "regression" else [model.predict_proba]
    for way in ways:
        with pytest.raises(ValueError, match=r"must be in this machine's byte order, .* got dtype"):
            way(swapped)


def test_tables_without_rows_in_xgboost():
    for loss, shape in ((bl.Quantile([0.1, 0.9]), (0, 2)), (bl.Normal(), (0,))):
        model = fit("xgboost", drop_in("xgboost", loss, rounds=2), X, SIGNAL)
        assert model.predict(X[:0]).shape == shape
        assert model.predict(X[:0], output_margin=True).shape == (0, 2)
    model = fit("xgboost", drop_in("xgboost", bl.Focal(), rounds=2), X, CLASSES)
    assert model.predict_proba(X[:0]).shape == (0, 3)
    assert model.predict(X[:0]).shape == (0,)


def test_a_table_of_arrow_in_xgboost():
    table = pa.table({f"c{j}": X[:, j] for j in range(X.shape[1])})
    model = fit("xgboost", drop_in("xgboost", bl.Cauchy(), rounds=2), table, SIGNAL)
    expected = fit("xgboost", drop_in("xgboost", bl.Cauchy(), rounds=2), X, SIGNAL)
    np.testing.assert_array_equal(model.predict(table), expected.predict(X))


@pytest.mark.parametrize("loss", [bl.Logistic(), bl.Focal()], ids=repr)
def test_one_row_of_several_classes_in_catboost(loss):
    model = fit("catboost", drop_in("catboost", loss, rounds=3), X, CLASSES)
    for call in (model.predict, model.predict_proba, model.predict_log_proba):
        np.testing.assert_array_equal(call(X[0]), call(X[:1])[0])
    for call in (model.staged_predict, model.staged_predict_proba):
        for alone, together in zip(call(X[0]), call(X[:1]), strict=True):
            np.testing.assert_array_equal(alone, together[0])
    cost = 1.0 - np.eye(3)
    assert model.predict(X[0], cost=cost) == model.predict(X[:1], cost=cost)[0]


# Scores


def test_the_score_of_levels_where_nothing_can_be_saved():
    loss, y = bl.Quantile([0.1, 0.9]), np.ones(3)
    assert loss.score(y, np.ones((3, 2))) == 1.0
    assert loss.score(y, [[0.0, 1.0]] * 3) == 0.5
    assert loss.score(y[:1], [[0.0, 2.0]]) == 0.0
    f = [[0.0, 3.0], [1.0, 2.0], [1.0, 1.0]]
    weight = np.array([1.0, 2.0, 3.0])
    assert loss.score([0.0, 2.0, 1.0], f, weight[:, None]) == loss.score([0.0, 2.0, 1.0], f, weight)


@each_library
def test_scores_count_no_hidden_targets_and_no_weights_below_0(library):
    model = fit(library, drop_in(library, bl.Huber(1.0), rounds=2), X, SIGNAL)
    with pytest.raises(ValueError, match="y must be finite, got nan in row 2"):
        model.score(X, np.ma.array(SIGNAL, mask=np.arange(len(SIGNAL)) == 2))
    with pytest.raises(ValueError, match=r"sample_weight must be .*, got -1\.0 in row 0"):
        model.score(X, SIGNAL, -np.ones(len(SIGNAL)))
    expected = model.score(X, SIGNAL, np.ones(len(SIGNAL)))
    assert model.score(X, SIGNAL[:, None], np.ones((len(SIGNAL), 1))) == expected
    with pytest.raises(ValueError, match=r"y must have shape \(n_samples,\)"):
        model.score(X, None)


# Exposure


def test_exposure_whose_rate_is_beyond_all_numbers():
    for units in (5e-324, 0.0, math.inf, math.nan):
        with pytest.raises(
            ValueError, match=r"exposure must be positive and finite, got .* in row 1"
        ):
            rate(bl.Poisson(), [1.0, 2.0], None, [1.0, units], "exposure")


# Barron's distribution


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0, 2.0 - 2.0**-51, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("scale", [1e-310, 1e-5, 1e305])
def test_errors_and_scales_beyond_all_numbers(alpha, scale):
    ours, unit = BarronDistribution(alpha, scale), BarronDistribution(alpha)
    far = np.array([-np.inf, -1e308, 1e308, np.inf])
    assert not np.isnan(ours.logpdf(far)).any()
    near = np.array([-2.0, 0.0, 0.5])
    np.testing.assert_allclose(ours.cdf(near * scale), unit.cdf(near), rtol=1e-9)
    assert ours.cdf(far)[[0, 3]].tolist() == [0.0, 1.0]
    if scale < 1.0:
        np.testing.assert_array_equal(ours.cdf(far), [0.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(ours.ppf([0.4, 0.8]), scale * unit.ppf([0.4, 0.8]), rtol=1e-9)
    expected = scale * unit.rvs(5, random_state=0)
    np.testing.assert_allclose(ours.rvs(5, random_state=0), expected, rtol=1e-12)


def test_a_fit_to_errors_of_all_sizes():
    near = BarronDistribution.fit([2.0, 1e30, 2.0])
    for far in (1e100, 1e154, 1e280):
        fitted = BarronDistribution.fit([2.0, far, 2.0])
        assert fitted.alpha == near.alpha == 0.0
        assert fitted.scale == pytest.approx(near.scale, rel=1e-8)
    with pytest.raises(ValueError, match="error must be other than 0 in more than half"):
        BarronDistribution.fit([1e-300, 1e300, 1e-300])


# Pictures


def ax():
    return Figure().subplots()


def test_pictures_of_what_is_not_finite_are_refused():
    y, f = np.array([0.0, np.nan]), np.zeros((2, 2))
    with pytest.raises(ValueError, match="y_true must be finite, got nan in row 1"):
        plot_coverage(y, bl.Normal().distribution(f), ax=ax())
    with pytest.raises(ValueError, match="y_true must be finite, got nan in row 1"):
        plot_quantiles(f, [0.1, 0.9], y, ax=ax())
    with pytest.raises(ValueError, match=r"prediction must be finite, got \[0\.0, nan\] in row 1"):
        plot_quantiles([[0.0, 1.0], [0.0, np.nan]], [0.1, 0.9], ax=ax())
    with pytest.raises(ValueError, match="probability must be finite"):
        plot_reliability([0, 1], y, ax=ax())
    with pytest.raises(ValueError, match="prediction must have a row"):
        plot_quantiles(f[:0], [0.1, 0.9], ax=ax())


def test_a_column_of_probabilities_is_that_of_the_second_class():
    p = np.array([0.2, 0.9, 0.4])
    for y in ([0, 1, 1], [0, 0, 0]):
        columns = [plot_reliability(y, each, ax=ax()).lines for each in (p, p[:, None])]
        for line, other in zip(*columns, strict=True):
            np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())


def test_a_fan_without_width():
    picture = plot_quantiles(np.zeros((3, 2)), [0.1, 0.9], [0.0, -5.0, 1.0], ax=ax())
    low, high = picture.get_ylim()
    assert low <= -5.0 < 1.0 <= high


# Modules


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_smoothed_labels_in_half_precision(dtype):
    torch = pytest.importorskip("torch")
    from boostloss.torch import FocalLoss, LossModule

    input = torch.tensor([[1.0, 64.0, 0.5], [0.25, 0.0, 2.0]], dtype=getattr(torch, dtype))
    target = torch.tensor([2, 0])
    for module in (
        LossModule(bl.Logistic(0.1), "none"),
        FocalLoss(1.0, label_smoothing=0.1, reduction="none"),
    ):
        torch.testing.assert_close(module(input, target), module(input.float(), target))


def strided(values):
    """The same numbers, in extended precision, with gaps between the rows."""
    return np.repeat(values.astype(np.longdouble), 2, axis=0)[::2]


def test_xgboost_reads_strided_numbers_of_extended_precision():
    """Given these itself, it trains on others, or fails."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        X = rng.normal(size=(40, 2))
        y, weight, margin = rng.uniform(1.0, 9.0, (3, 40))

        def found(of_kind, X=X, y=y, weight=weight, margin=margin):
            X, y, weight, margin = (of_kind(values) for values in (X, y, weight, margin))
            model = XGBRegressor(objective=bl.Huber(1.0), n_estimators=3).fit(
                X,
                y,
                sample_weight=weight,
                base_margin=margin,
                eval_set=[(X[::-1], y[::-1])],
                sample_weight_eval_set=[weight[::-1]],
                base_margin_eval_set=[margin[::-1]],
                verbose=False,
            )
            history = next(iter(model.evals_result()["validation_0"].values()))
            return history, model.predict(X), model.predict(X, base_margin=margin), model.apply(X)

        for ours, expected in zip(found(strided), found(np.asarray), strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_xgboost_classifier_reads_strided_numbers_of_extended_precision():
    X, label = np.stack([SIGNAL, SIGNAL], axis=1), SIGNAL > 0.0
    model = XGBClassifier(objective=bl.Focal(1.0), n_estimators=3)
    expected = model.fit(X, label, sample_weight=np.abs(SIGNAL)).predict_proba(X)
    model.fit(strided(X), strided(label), sample_weight=strided(np.abs(SIGNAL)))
    np.testing.assert_array_equal(model.classes_, [0.0, 1.0])
    np.testing.assert_allclose(model.predict_proba(strided(X)), expected, rtol=1e-6)
