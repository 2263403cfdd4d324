"""Trainings as GBNet and jaxboost publish them, beside the same training with a loss of ours: seconds, and errors.

- GBNet: the quick start of its README, and the timing battery of its repository (`scripts/timing_battery.py`), of which
  it keeps a history. Both are of made rows, 100 rounds and squared error.
- jaxboost: the quick start of its README, 100 rounds of depth 4, and once 300 rounds. It has no data: those are of the
  benchmark in its repository (`examples/benchmark_objectives.py`), whose own training with squared error is measured,
  too. LightGBM 4 no longer takes the README's `fobj`, and the README's `quantile(0.9)` is an error in jaxboost 0.5:
  parameters say both.

In ours nothing else is different. The rows are as many as are published, or as are asked for, from the same generator.
The error is the mean of the loss of ours that trains, of rows held out: of an adaptive loss the mean absolute error.
Compiling is not timed. A training that fails with the libraries that are installed says so.
"""

import importlib
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import boostloss as bl
from benchmarks._kernel_speed import best

Table = tuple[np.ndarray, np.ndarray]
Predict = Callable[[np.ndarray], np.ndarray]


class SetUp(NamedTuple):
    """A published training.

    Attributes
    ----------
    package, name : str
    rows : int
        How many train, as it is published.
    data : callable
        A table of so many rows.
    theirs : callable
        Library, parameters, rounds and table to what predicts.
    library : str
    params : dict
    loss : Loss
        Ours in place of theirs.
    rounds : int
    """

    package: str
    name: str
    rows: int
    data: Callable[[int], Table]
    theirs: Callable[..., Predict]
    library: str
    params: dict[str, Any]
    loss: bl.Loss
    rounds: int = 100


def readme_table(n: int) -> Table:
    """Of GBNet's README."""
    rng = np.random.RandomState(0)
    X, B = rng.random_sample([n, 20]), rng.random_sample([20, 1])
    return X, (X.dot(B) + 0.1 * rng.randn(n, 1))[:, 0]


def battery_table(n: int) -> Table:
    """Of GBNet's timing battery."""
    rng = np.random.default_rng(2026)
    X = rng.normal(size=(n, 32)).astype(np.float32)
    beta = rng.normal(size=(32, 1)).astype(np.float32)
    return X, (X @ beta + 0.1 * rng.normal(size=(n, 1)).astype(np.float32))[:, 0]


def regression_table(n: int) -> Table:
    """Of jaxboost's benchmark."""
    from sklearn.datasets import make_regression

    return make_regression(n, n_features=20, noise=10, random_state=42)


def classes_table(n: int) -> Table:
    """Of jaxboost's benchmark: a label in ten is 1."""
    from sklearn.datasets import make_classification

    return make_classification(
        n, n_features=20, n_informative=10, weights=[0.9, 0.1], random_state=42
    )


def gbnet(
    library: str, params: dict[str, Any], rounds: int, X: np.ndarray, y: np.ndarray
) -> Predict:
    import torch
    import xgboost as xgb

    name, matrix = {"xgboost": ("XGB", xgb.DMatrix), "lightgbm": ("LGB", np.asarray)}[library]
    module = getattr(importlib.import_module(f"gbnet.{name.lower()}module"), f"{name}Module")
    model = module(batch_size=len(X), input_dim=X.shape[1], output_dim=1, params=params)
    loss_fn, data = torch.nn.MSELoss(), matrix(X)
    for _ in range(rounds):
        model.train()
        model.zero_grad()
        preds = model(data)
        loss = loss_fn(preds, torch.tensor(y[:, None], dtype=torch.float32))
        loss.backward(create_graph=True)
        model.gb_step()
    model.eval()
    return lambda test: model(matrix(test)).detach().numpy()[:, 0]


def trained(
    objective: Any,
    library: str,
    params: dict[str, Any],
    rounds: int,
    X: np.ndarray,
    y: np.ndarray,
) -> Predict:
    """By the library's own function."""
    if library == "xgboost":
        import xgboost as xgb

        booster = xgb.train(params, xgb.DMatrix(X, label=y), rounds, obj=objective)
        return lambda test: booster.predict(xgb.DMatrix(test), output_margin=True)
    import lightgbm as lgb

    model = lgb.train({**params, "objective": objective}, lgb.Dataset(X, label=y), rounds)
    return lambda test: model.predict(test, raw_score=True)


def jaxboost(
    name: str,
    given: dict[str, float],
    library: str,
    params: dict[str, Any],
    rounds: int,
    X: np.ndarray,
    y: np.ndarray,
) -> Predict:
    loss = getattr(importlib.import_module("jaxboost"), name).with_params(**given)
    objective = loss.xgb_objective if library == "xgboost" else loss.lgb_objective
    return trained(objective, library, params, rounds, X, y)


FOCAL = {"gamma": 2.0, "alpha": 0.25}
README = {"max_depth": 4, "eta": 0.1}
OF_XGBOOST = {"tree_method": "hist", "learning_rate": 0.1, "max_depth": 6, "nthread": 1}
OF_LIGHTGBM = {"learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 1, "num_threads": 1}
QUIET = {"verbosity": -1}
SET_UPS = (
    SetUp("gbnet", "README", 1_000, readme_table, gbnet, "xgboost", {}, bl.SquaredError()),
    SetUp(
        "gbnet", "timing battery, 1 thread", 3_000,
        battery_table, gbnet, "xgboost", OF_XGBOOST, bl.SquaredError(),
    ),
    SetUp(
        "gbnet", "timing battery, 1 thread", 3_000,
        battery_table, gbnet, "lightgbm", OF_LIGHTGBM | QUIET, bl.SquaredError(),
    ),
    SetUp(
        "jaxboost", "benchmark_objectives.py", 40_000,
        regression_table, partial(jaxboost, "mse", {}), "xgboost", README | {"max_depth": 6}, bl.SquaredError(),
    ),
    SetUp(
        "jaxboost", "README", 40_000,
        regression_table, partial(jaxboost, "huber", {}), "xgboost", README, bl.Huber(1.0),
    ),
    SetUp(  # whose threshold suits these targets
        "jaxboost", "README", 40_000,
        regression_table, partial(jaxboost, "huber", {}), "xgboost", README, bl.Huber(),
    ),
    SetUp(
        "jaxboost", "README", 40_000,
        regression_table, partial(jaxboost, "quantile", {"q": 0.9}), "xgboost", README, bl.Quantile(0.9),
    ),
    SetUp(  # which are enough for this table
        "jaxboost", "README, 300 rounds", 40_000,
        regression_table, partial(jaxboost, "quantile", {"q": 0.9}), "xgboost",
        README, bl.Quantile(0.9), 300,
    ),
    SetUp(
        "jaxboost", "README", 40_000,
        classes_table, partial(jaxboost, "focal_loss", FOCAL), "xgboost", README, bl.Focal(**FOCAL),
    ),
    SetUp(
        "jaxboost", "README", 40_000,
        regression_table, partial(jaxboost, "huber", {}), "lightgbm", README | QUIET, bl.Huber(1.0),
    ),
)  # fmt: skip


def training_figures(set_up: SetUp, rows: int, repeats: int) -> dict[str, Any]:
    """Seconds of both, and the mean loss of a fourth as many rows that did not train."""
    X, y = set_up.data(rows + rows // 4)
    train, test = slice(rows), slice(rows, None)
    trains = {"theirs": set_up.theirs, "ours": partial(trained, set_up.loss)}
    predict: dict[str, Predict] = {}

    def run(name: str) -> None:
        how = set_up.library, set_up.params, set_up.rounds
        predict[name] = trains[name](*how, X[train], y[train])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both start alike, and autograd's graph is kept
        try:
            set_up.theirs(set_up.library, set_up.params, set_up.rounds, X[:1000], y[:1000])
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"}
        times = best([partial(run, name) for name in trains], repeats)
        errors = {
            f"{name}: error": float(set_up.loss.mean_loss(y[test], predict[name](X[test])))
            for name in trains
        }
    return dict(zip(trains, times, strict=True)) | errors
