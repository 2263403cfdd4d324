"""What the benchmarks of estimators share: the real tables as numbers, and fits with early stopping."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from boostloss.boosting.libraries import LIBRARIES
from tests import tables

Table = tuple[np.ndarray, np.ndarray]


def regressor(library: str, objective: Any, threads: int = 1, **parameters: Any) -> Any:
    """The library's own regressor, or the drop-in one for a loss of ours."""
    names = LIBRARIES[library]
    kind = names.estimator("regression", own=isinstance(objective, str))
    return kind(
        **names.parameters(objective), **{names.threads: threads}, **names.settings, **parameters
    )


def fit(library: str, objective: Any, train: Table, stop: Table, **parameters: Any) -> Any:
    """A regressor that has stopped early, after 50 rounds without an improvement."""
    stopping = {LIBRARIES[library].early_stopping: 50}
    return watched(library, regressor(library, objective, **stopping, **parameters), train, stop)


def watched(library: str, model: Any, train: Table, stop: Table) -> Any:
    """A regressor, fitted with a second table on which each round is judged."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        return model.fit(*train, eval_set=[stop], **LIBRARIES[library].fit_options())


def own_objectives(library: str, huber: float | None = None) -> list[str]:
    """The library's own objectives, with this threshold of a Huber loss or the library's own; 1 where it has none."""
    texts = LIBRARIES[library].own_objectives["regression"]
    if huber is None:
        texts = tuple(text.partition("(")[0] for text in texts)
    return [text.format(huber=huber or 1.0) for text in texts]


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
