"""What the benchmarks of estimators share: the real tables as numbers, and fits with early stopping."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import boostloss as bl
from tests import tables

Table = tuple[np.ndarray, np.ndarray]

# Of each library: the regressor, what it calls its objective, its threads and its patience, and what keeps it quiet.
REGRESSORS: dict[str, tuple[str, str, str, str, dict[str, Any]]] = {
    "xgboost": ("XGBRegressor", "objective", "n_jobs", "early_stopping_rounds", {}),
    "lightgbm": ("LGBMRegressor", "objective", "n_jobs", "early_stopping_round", {"verbose": -1}),
    "catboost": (
        "CatBoostRegressor",
        "loss_function",
        "thread_count",
        "early_stopping_rounds",
        {"verbose": False, "allow_writing_files": False},
    ),
}


def regressor(library: str, objective: Any, threads: int = 1, **parameters: Any) -> Any:
    """The library's own regressor, or the drop-in one for a loss of ours."""
    own = not isinstance(objective, bl.Loss)
    module = importlib.import_module(library if own else f"boostloss.{library}")
    kind, name, n_threads, _, quiet = REGRESSORS[library]
    return getattr(module, kind)(**{name: objective, n_threads: threads}, **quiet, **parameters)


def fit(
    library: str,
    objective: Any,
    train: Table,
    stop: Table,
    fitting: dict[str, Any] | None = None,
    **parameters: Any,
) -> Any:
    """A regressor that has stopped early, after 50 rounds without an improvement."""
    *_, patience, _ = REGRESSORS[library]
    model = regressor(library, objective, **{patience: 50}, **parameters)
    quiet = {"verbose": False} if library == "xgboost" else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        return model.fit(*train, eval_set=[stop], **quiet, **(fitting or {}))


def housing() -> Table:
    """House values in 100,000 dollars, in the file's order."""
    X, y = tables.california_housing()
    return X.assign(ocean_proximity=X["ocean_proximity"].cat.codes).to_numpy(float), y


def wine() -> Table:
    """Scores of white wines."""
    X, y = tables.winequality_white()
    return X.to_numpy(float), y


def age() -> Table:
    """The age of the people in the table of incomes."""
    X, _ = tables.adult()
    y = X.pop("x0").to_numpy(float)
    codes = {name: X[name].cat.codes for name in X.select_dtypes("category")}
    return X.assign(**codes).drop(columns="x2").to_numpy(float), y


def two_noises(rng: np.random.Generator, n: int, narrow: float, wide: float) -> Table:
    """Noise of one width where a feature is small, and of another where it is large."""
    X = rng.uniform(size=(n, 6))
    scale = np.where(X[:, 3] < 0.45, narrow, wide)
    y = 2 * X[:, 0] * X[:, 1] + np.sin(6 * X[:, 2]) + scale * rng.standard_normal(n)
    return X, y


def real_tables() -> dict[str, Callable[[], Table]]:
    """The tables whose files are there."""
    files = {
        "housing": (housing, "california_housing.csv.gz"),
        "wine": (wine, "winequality-white.csv"),
        "age": (age, "adult-train.csv.gz"),
    }
    return {name: make for name, (make, file) in files.items() if (tables.folder() / file).exists()}


def some_rows(make: Callable[[], Table], most: int) -> Callable[[np.random.Generator], Table]:
    """A table of which each split takes at most so many rows, if it has more."""

    def made(rng: np.random.Generator) -> Table:
        X, y = make()
        rows = rng.permutation(len(y))[:most] if len(y) > most else slice(None)
        return X[rows], y[rows]

    return made
