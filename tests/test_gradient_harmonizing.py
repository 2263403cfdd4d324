"""GHM-C and GHM-R: the authors' weights, by themselves and while XGBoost and LightGBM train."""

import pickle

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from drop_in import NEW_PARAMETERS, drop_in, fit, raw_prediction

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

LOSSES = [bl.GHMC(), bl.GHMC(bins=4), bl.GHMR(0.5), bl.GHMR(2.0, bins=3)]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
each_library = pytest.mark.parametrize("library", NEW_PARAMETERS)

_rng = np.random.default_rng(0)
X = _rng.standard_normal((1200, 4))
LABEL = (X[:, 0] + X[:, 1] ** 2 + _rng.logistic(size=1200) > 2.5).astype(int)
NUMBER = 3.0 * X[:, 0] + X[:, 1] ** 2 + _rng.standard_normal(1200)
SAVED = {"xgboost": "model.json", "lightgbm": "model.txt"}


def target(loss):
    return LABEL if loss.task == "binary" else NUMBER


def rows(loss, n=400, dtype=np.float64):
    rng = np.random.default_rng(1)
    f = rng.normal(size=n, scale=3.0).astype(dtype)
    y = (rng.random(n) < 0.3) if loss.task == "binary" else rng.normal(size=n)
    return y.astype(dtype), f


def authors(loss, y, f):
    """The weights, as the authors' code finds them without momentum: an interval after another."""
    if loss.task == "binary":
        g = np.abs(1.0 / (1.0 + np.exp(-f)) - y)
    else:
        g = np.abs(f - y) / np.sqrt((f - y) ** 2 + loss.mu**2)
    edges = np.arange(loss.bins + 1) / loss.bins
    edges[-1] += 1e-6
    weights, n = np.zeros(len(g)), 0
    for i in range(loss.bins):
        inside = (g >= edges[i]) & (g < edges[i + 1])
        if inside.any():
            weights[inside] = len(g) / inside.sum()
            n += 1
    return weights / n


@each_loss
def test_weights_are_those_of_the_authors(loss):
    y, f = rows(loss)
    expected = authors(loss, y, f)
    assert len(np.unique(expected)) > 2
    np.testing.assert_allclose(loss.row_weight(y, f), expected, rtol=1e-12)
    np.testing.assert_allclose(loss.loss(y, f), expected * loss.of_row.loss(y, f), rtol=1e-12)
    for curvature in ("exact", "majorizer"):
        ours = loss.gradient_hessian(y, f, curvature=curvature)
        theirs = loss.of_row.gradient_hessian(y, f, curvature=curvature)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, expected * other, rtol=1e-12)


@each_loss
def test_every_bin_weighs_the_same_and_all_weigh_what_they_did(loss):
    y, f = rows(loss)
    given = np.random.default_rng(2).integers(1, 4, len(y)).astype(float)
    weight = loss.row_weight(y, f, given)
    assert weight.sum() == pytest.approx(given.sum())
    bins = (loss.sizes(y, f) * loss.bins).astype(int)
    mass = np.bincount(bins, weight)
    np.testing.assert_allclose(mass[mass > 0.0], mass.max())


@each_loss
def test_a_weight_is_a_number_of_rows_and_zero_is_absence(loss):
    y, f = rows(loss)
    times = np.random.default_rng(3).integers(0, 4, len(y))
    weighted = loss.gradient_hessian(y, f, times.astype(float))[0]
    repeated = loss.gradient_hessian(np.repeat(y, times), np.repeat(f, times))[0]
    first = np.cumsum(times) - times
    counted = times > 0
    np.testing.assert_allclose(
        weighted[counted], (times * repeated[first % len(repeated)])[counted]
    )
    assert not weighted[~counted].any()
    assert not loss.gradient_hessian(y, f, np.zeros(len(y)))[0].any()


@pytest.mark.parametrize("loss", [bl.GHMC(bins=1), bl.GHMR(0.7, bins=1)], ids=repr)
def test_one_bin_changes_nothing(loss):
    y, f = rows(loss)
    np.testing.assert_allclose(loss.loss(y, f), loss.of_row.loss(y, f), rtol=1e-14)


def test_equal_predictions_make_the_classes_weigh_the_same():
    y, half = np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(4)
    np.testing.assert_array_equal(bl.GHMC().row_weight(y, half), np.ones(4))  # one bin
    np.testing.assert_allclose(bl.GHMC().row_weight(y, half - 2.0), [2.0, *[2 / 3] * 3])
    np.testing.assert_array_equal(bl.GHMR(1.0).row_weight(np.ones(4), np.ones(4)), np.ones(4))


def test_soft_labels_are_probabilities_of_label_1():
    y, f = rows(bl.GHMC())
    hard = np.stack([1.0 - y, y], axis=1)
    np.testing.assert_allclose(bl.GHMC()(hard, f)[0], bl.GHMC()(y, f)[0], rtol=1e-6)
    q = np.random.default_rng(4).random(len(y))
    soft = np.stack([1.0 - q, q], axis=1)
    weight = authors(bl.GHMC(), q, f)
    expected = weight * (1.0 / (1.0 + np.exp(-f)) - q)
    np.testing.assert_allclose(bl.GHMC().gradient_hessian(soft, f)[0], expected, rtol=1e-9)
    np.testing.assert_allclose(bl.GHMC()(soft, f)[0], expected, rtol=1e-5, atol=1e-6)


@each_loss
def test_a_missing_target_counts_nowhere(loss):
    y, f = rows(loss)
    missing = np.append(y, np.nan)
    ours = loss.loss(missing, np.append(f, 0.0))
    assert np.isnan(ours[-1])
    np.testing.assert_allclose(ours[:-1], loss.loss(y, f), rtol=1e-12)


@each_loss
def test_rounds_are_judged_by_the_loss_of_a_row(loss):
    y, f = rows(loss)
    weight = np.random.default_rng(5).random(len(y))
    assert loss.mean_loss(y, f, weight) == loss.of_row.mean_loss(y, f, weight)
    assert loss.fit_intercept(y, weight) == loss.of_row.fit_intercept(y, weight)
    np.testing.assert_array_equal(loss.inverse_link(f), loss.of_row.inverse_link(f))


@each_loss
def test_a_loss_is_a_value(loss):
    again = bl.from_string(repr(loss))
    assert again == loss == pickle.loads(pickle.dumps(loss))
    assert hash(again) == hash(loss)
    assert type(again.bins) is int
    y, f = rows(loss, dtype=np.float32)
    assert {column.dtype for column in loss.gradient_hessian(y, f)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: bl.GHMC(0), ValueError, "bins must be a whole number from 1 to 10,000, got 0"),
        (lambda: bl.GHMC(2.5), ValueError, "bins must be a whole number.*got 2.5"),
        (lambda: bl.GHMC("many"), TypeError, "bins must be a whole number.*got 'many'"),
        (lambda: bl.GHMR(1.0, 10**5), ValueError, "bins must be a whole number.*got 100000"),
        (lambda: bl.GHMR(0.0), ValueError, "mu must be a number from 1e-150"),
        (lambda: bl.GHMC().loss([0.0, 2.0], [0.0, 0.0]), ValueError, "must be 0 or 1, got 2.0"),
        (lambda: bl.GHMC().loss([0.0], [0.0, 0.0]), ValueError, "1 rows, raw_prediction has 2"),
        (lambda: bl.GHMC().loss([0, 1], [0.0, 1.0], [1.0, -1.0]), ValueError, "got -1.0 in row 1"),
        (lambda: bl.GHMC().loss([0, 1], np.zeros((2, 3))), ValueError, "a loss of two labels"),
    ],
)
def test_bad_input_is_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()


@each_loss
@each_library
def test_estimators_train_with_the_weights_of_each_round(library, loss):
    y, weight = target(loss), np.random.default_rng(6).integers(0, 3, 1200).astype(float)
    model = fit(library, drop_in(library, loss), X, y, sample_weight=weight)

    def by_hand(y_true, f, sample_weight):
        gradient, hessian = loss.of_row.gradient_hessian(
            np.float64(y_true), np.float64(f), curvature=loss.curvature
        )
        of_row = np.zeros(len(f))
        counted = sample_weight > 0
        columns = (np.float64(column)[counted] for column in (y_true, f, sample_weight))
        of_row[counted] = loss.row_weight(*columns)
        largest = 1.0 if loss.task == "binary" else loss.largest_curvature
        least = 0.0 if loss.task == "binary" else 0.1 * largest
        return of_row * gradient / largest, of_row * np.maximum(hessian, least) / largest

    start = loss.fit_intercept(y, weight)
    kind = LIBRARIES[library].estimator(loss.task, own=True)
    settings = {name: x for name, x in model.get_params().items() if name != "objective"}
    if library == "xgboost":
        settings |= {"base_score": start if loss.task == "regression" else 1 / (1 + np.exp(-start))}
        other = kind(objective=by_hand, **settings).fit(X, y, sample_weight=weight)
        expected = other.predict(X, output_margin=True)
    else:
        other = kind(objective=by_hand, **settings)
        other.fit(X, y, sample_weight=weight, init_score=np.full(len(y), start))
        expected = other.predict(X, raw_score=True) + start
    ours = raw_prediction(library, model, X)
    assert np.ptp(ours) > 0.5
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-3)


@each_library
def test_plain_training_takes_the_loss_as_it_is(library):
    loss = bl.GHMC(10)
    model = fit(library, drop_in(library, loss), X, LABEL)
    start = np.full(1200, loss.fit_intercept(LABEL))
    if library == "xgboost":
        rows = xgb.DMatrix(X, LABEL, base_margin=start)
        settings = {"max_depth": 3, "nthread": 1, "disable_default_eval_metric": 1}
        booster = xgb.train(settings, rows, 8, obj=loss)
        found = booster.predict(rows, output_margin=True)
    else:
        rows = lgb.Dataset(X, LABEL, init_score=start)
        settings = {"num_leaves": 7, "num_threads": 1, "verbose": -1, "seed": 0}
        settings |= {"deterministic": True, "force_row_wise": True, "objective": loss}
        found = lgb.train(settings, rows, 8).predict(X) + start
    np.testing.assert_allclose(found, raw_prediction(library, model, X), rtol=1e-4, atol=1e-4)


@each_library
def test_a_saved_model_gives_plain_libraries_the_same_probability(library, tmp_path):
    model = fit(library, drop_in(library, bl.GHMC()), X, LABEL)
    path = tmp_path / SAVED[library]
    model.save_model(path)
    p = model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(
        p, 1.0 / (1.0 + np.exp(-raw_prediction(library, model, X))), rtol=1e-5
    )
    if library == "xgboost":
        plain = xgb.Booster(model_file=path).predict(xgb.DMatrix(X))
        loaded = drop_in(library, bl.Logistic())
    else:
        plain = lgb.Booster(model_file=path).predict(X)
        loaded = drop_in(library, bl.Logistic())
    np.testing.assert_allclose(plain, p, rtol=1e-5)
    loaded.load_model(path)
    assert loaded.loss_ == bl.GHMC()
    np.testing.assert_array_equal(loaded.predict_proba(X)[:, 1], p)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X)[:, 1], p)


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@each_library
@pytest.mark.filterwarnings("ignore:.*only the first is kept")
def test_training_stops_by_the_log_loss(library):
    model = drop_in(library, bl.GHMC(), rounds=200, stop=5, learning_rate=0.3)
    options = LIBRARIES[library].evaluation(X[800:], LABEL[800:], None, [])
    model.fit(X[:800], LABEL[:800], **options)
    history = LIBRARIES[library].metric_history(model)
    (values,) = next(iter(history.values())).values()
    kept = LIBRARIES[library].kept_rounds(model)
    assert kept < 190
    assert next(iter(next(iter(history.values())))) == "Logistic"
    p = model.predict_proba(X[800:])[:, 1]
    log_loss = -np.mean(np.log(np.where(LABEL[800:] == 1, p, 1.0 - p)))
    assert min(values) == pytest.approx(log_loss, rel=1e-4)


@each_library
@pytest.mark.parametrize("n", [2, 7])
def test_tiny_tables_and_single_labels_train(library, n):
    labels = np.arange(n) % 2
    assert np.isfinite(
        fit(library, drop_in(library, bl.GHMC()), X[:n], labels).predict_proba(X)
    ).all()
    single = fit(library, drop_in(library, bl.GHMC()), X, np.zeros(1200, int))
    assert single.predict_proba(X)[:, 1].max() < 0.01
    constant = fit(library, drop_in(library, bl.GHMR(1.0)), X, np.full(1200, 3.0))
    np.testing.assert_allclose(constant.predict(X), 3.0, rtol=1e-4)


@each_library
def test_training_goes_on_from_a_model(library):
    once = fit(library, drop_in(library, bl.GHMC(), rounds=4), X, LABEL)
    options = {LIBRARIES[library].continue_from: once}
    twice = fit(library, drop_in(library, bl.GHMC(), rounds=4), X, LABEL, **options)
    whole = fit(library, drop_in(library, bl.GHMC(), rounds=8), X, LABEL)
    np.testing.assert_allclose(
        raw_prediction(library, twice, X), raw_prediction(library, whole, X), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_more_classes_are_refused_before_training(library):
    labels = np.digitize(X[:, 0], [-0.5, 0.5])
    with pytest.raises(ValueError, match=r"GHMC.*(a loss of two labels|all rows of a table)"):
        fit(library, drop_in(library, bl.GHMC()), X, labels)


@each_loss
def test_catboost_is_refused_before_training(loss):
    catboost = pytest.importorskip("boostloss.catboost")
    with pytest.raises(ValueError, match=r"needs all rows of a table at once.*boostloss.xgboost"):
        fit("catboost", drop_in("catboost", loss), X, target(loss))
    with pytest.raises(ValueError, match="needs all rows of a table at once"):
        catboost.objective(loss)


@each_loss
def test_what_sees_one_row_is_refused(loss):
    plot = pytest.importorskip("boostloss.plot")
    with pytest.raises(ValueError, match="must not depend on the other rows"):
        plot.plot_loss(loss)
    torch = pytest.importorskip("boostloss.torch")
    with pytest.raises(ValueError, match="must not depend on the other rows"):
        torch.LossModule(loss)


@pytest.mark.parametrize("loss", [bl.GHMC(), bl.GHMR(1.0), bl.FBeta()], ids=repr)
def test_a_loss_passes_all_checks(loss):
    pytest.importorskip("mpmath")
    report = bl.check_loss(loss)
    assert report.passed, str(report)
