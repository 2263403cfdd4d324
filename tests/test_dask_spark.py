"""What docs/dask.md says of Spark, on one machine: fits of squared error make the model of another loss."""

import numpy as np
import pytest
import xgboost as xgb

import boostloss as bl
from boostloss.xgboost import XGBClassifier, XGBRegressor

RNG = np.random.default_rng(0)
N, ROUNDS = 1500, 12
X = RNG.integers(0, 8, (N, 4)).astype(float)  # few values: their bins do not depend on weights
Y = X[:, 0] + 0.5 * X[:, 1] + 100.0 + RNG.standard_cauchy(N)
COUNTS = RNG.poisson(1.0 + X[:, 0]).astype(float)
LABEL = (X[:, 0] + RNG.normal(0.0, 1.0, N) > 4.0).astype(int)
WEIGHT = RNG.uniform(0.5, 2.0, N)
OPTIONS = {"max_depth": 4, "learning_rate": 0.3}


def by_fits(loss, X, y, weight=None, rounds_a_fit=1, **options):
    """Raw predictions after each fit of squared error, whose targets and weights are those of a round of the loss."""
    start = float(loss.fit_intercept(y, weight))
    raw, model, path = np.full(len(y), start), None, []
    for _ in range(ROUNDS // rounds_a_fit):
        gradient, hessian = loss(y, raw, weight)
        rows = xgb.DMatrix(X, raw - gradient / hessian, weight=hessian)
        params = OPTIONS | options | {"base_score": start}
        model = xgb.train(params, rows, rounds_a_fit, xgb_model=model)
        raw = model.predict(rows)
        path.append(raw)
    return path


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (bl.Huber(2.0), Y),
        (bl.Cauchy(1.0), Y),
        (bl.LogCosh(1.0), Y),
        (bl.Welsch(3.0), Y),
        (bl.Expectile(0.8), Y),
        (bl.Quantile(0.9), Y),
        (bl.Poisson(), COUNTS),
        (bl.Logistic(), LABEL),
        (bl.Focal(2.0), LABEL),
    ],
    ids=lambda given: repr(given) if isinstance(given, bl.Loss) else "",
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_each_fit_is_a_round(loss, y, weight):
    kind = XGBClassifier if loss.task == "binary" else XGBRegressor
    model = kind(objective=loss, n_estimators=ROUNDS, **OPTIONS).fit(X, y, sample_weight=weight)
    raw = by_fits(loss, X, y, weight)[-1]
    np.testing.assert_allclose(raw, model.predict(X, output_margin=True), atol=2e-5)


def test_features_of_many_values_need_exact_splits():
    many = X + RNG.uniform(0.0, 1.0, X.shape)
    far = {}
    for method in ("exact", "hist"):
        model = XGBRegressor(
            objective=bl.Cauchy(1.0), n_estimators=ROUNDS, tree_method=method, **OPTIONS
        )
        raw = by_fits(bl.Cauchy(1.0), many, Y, tree_method=method)[-1]
        far[method] = np.abs(raw - model.fit(many, Y).predict(many)).max()
    assert far["exact"] < 5e-5 < far["hist"]


@pytest.mark.parametrize("loss", [bl.Huber(2.0), bl.Cauchy(1.0), bl.Welsch(3.0)], ids=repr)
def test_the_majorizer_leaves_the_target_as_it_is(loss):
    """But for rows so far off that their curvature is held up."""
    raw = np.full(N, np.median(Y))
    gradient, hessian = loss(Y, raw)
    least = loss.gradient_hessian(Y, raw)[1] < 0.1 * loss.largest_curvature
    assert 0 < least.sum() < N / 2
    target = raw - gradient / hessian
    np.testing.assert_allclose(target[~least], Y[~least], rtol=1e-6)
    assert (np.abs(target - raw) < np.abs(Y - raw))[least].all()


@pytest.mark.parametrize("loss", [bl.Huber(2.0), bl.Cauchy(1.0)], ids=repr)
def test_several_trees_a_fit_go_downhill_too(loss):
    path = by_fits(loss, X, Y, rounds_a_fit=4)
    values = [loss.mean_loss(Y, raw) for raw in path]
    assert (np.diff(values) < 0.0).all()
    single = by_fits(loss, X, Y)[-1]
    assert values[-1] < 1.05 * loss.mean_loss(Y, single)
    assert np.abs(path[-1] - single).max() > 0.01
