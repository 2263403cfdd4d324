"""Cross-validation: the same folds, the same noise and the same early stopping for everyone."""

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from boostloss.compare.candidates import Candidate, describe
from boostloss.compare.data import InputError, Table, Task
from boostloss.compare.libraries import Rows, Settings, fit
from boostloss.losses.scale import robust_scale

STOP_SHARE = 0.15  # of a training fold is held out to decide when to stop


@dataclass(frozen=True)
class Fold:
    """One split. Labels of `train` and `stop` may be contaminated, those of `test` never are.

    `scale` is the robust standard deviation of a pilot model's residuals on `stop` (regression).
    """

    number: int
    train: Rows
    stop: Rows
    test: Rows
    test_index: np.ndarray
    scale: float


@dataclass(frozen=True, eq=False)
class Fit:
    """What one candidate did on one fold; `error` says why it could not be fitted.

    `prediction` is for the `rows` of the table that the fold tests.
    """

    candidate: Candidate
    fold: int
    scale: float
    objective: str
    metrics: dict[str, float] = field(default_factory=dict)
    rounds: int = 0
    seconds: float = 0.0
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    prediction: np.ndarray = field(default_factory=lambda: np.empty(0))
    warnings: tuple[str, ...] = ()
    error: str = ""


def split(table: Table, settings: Settings) -> Iterator[Fold]:
    """The folds, one by one, shuffled; stratified in a binary task.

    Raises
    ------
    InputError
        At once, if the table is too small.
    """
    rows, count = len(table.y), settings.folds
    if rows < 10 * count:
        raise InputError(f"{rows} rows are too few for {count} folds; 10 for each are needed")
    if table.task == "binary":
        rare = int(np.bincount(table.y.astype(int)).min())
        if rare < 2 * count:
            raise InputError(
                f"{rare} rows of the rarer class are too few for {count} folds; "
                "2 for each are needed"
            )
    return _folds(table, settings)


def _folds(table: Table, settings: Settings) -> Iterator[Fold]:
    binary = table.task == "binary"
    splitter = (StratifiedKFold if binary else KFold)(
        settings.folds, shuffle=True, random_state=settings.seed
    )
    for number, (train, test) in enumerate(splitter.split(table.X, table.y)):
        rng = np.random.default_rng([settings.seed, number])
        y = contaminate(table.y[train], settings.contaminate, table.task, rng)
        fitting, stopping = train_test_split(
            np.arange(len(train)),
            test_size=STOP_SHARE,
            random_state=settings.seed,
            stratify=y if binary else None,
        )
        fit_rows = _rows(table, train[fitting], y[fitting])
        stop_rows = _rows(table, train[stopping], y[stopping])
        scale = 1.0 if binary else residual_scale(fit_rows, stop_rows, settings)
        yield Fold(number, fit_rows, stop_rows, _rows(table, test, table.y[test]), test, scale)


def _rows(table: Table, chosen: np.ndarray, y: np.ndarray) -> Rows:
    return Rows(table.X.iloc[chosen].reset_index(drop=True), y)


def contaminate(y: np.ndarray, share: float, task: Task, rng: np.random.Generator) -> np.ndarray:
    """The labels with noise on a share of them: flipped classes, or Cauchy errors.

    The errors are scaled by the robust standard deviation of `y`.
    """
    y = y.copy()
    chosen = rng.choice(len(y), round(share * len(y)), replace=False)
    if task == "binary":
        y[chosen] = 1.0 - y[chosen]
    else:
        y[chosen] += robust_scale(y - np.median(y)) * rng.standard_cauchy(len(chosen))
    return y


def residual_scale(train: Rows, stop: Rows, settings: Settings) -> float:
    """The spread of the residuals that a quick robust model leaves; the tuned losses follow it."""
    pilot = HistGradientBoostingRegressor(
        loss="absolute_error", early_stopping=False, random_state=settings.seed
    )
    X, X_stop = _as_numbers(train.X), _as_numbers(stop.X)
    known = ~np.isnan(X).all(axis=0)  # it refuses a column without any value
    with threadpool_limits(settings.threads):
        pilot.fit(np.where(known, X, 0.0), train.y)
        error = stop.y - pilot.predict(np.where(known, X_stop, 0.0))
    return (
        robust_scale(error - np.median(error)) or robust_scale(train.y - np.median(train.y)) or 1.0
    )


def _as_numbers(X: pd.DataFrame) -> np.ndarray:
    codes = {name: X[name].cat.codes.replace(-1, np.nan) for name in X.select_dtypes("category")}
    return X.assign(**codes).to_numpy(dtype=np.float64)


def evaluate(candidate: Candidate, fold: Fold, task: Task, settings: Settings) -> Fit:
    """Fit the candidate and score it on the test fold; a failure is recorded, not raised."""
    objective = candidate.at(fold.scale)
    text = describe(objective)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", FutureWarning)  # of the libraries about their own API
        warnings.simplefilter("ignore", DeprecationWarning)
        start = time.perf_counter()
        try:
            model = fit(candidate.library, objective, task, fold.train, fold.stop, settings)
            seconds = time.perf_counter() - start
            prediction = np.asarray(model.predict(fold.test.X), dtype=np.float64)
            if not np.isfinite(prediction).all():
                raise FloatingPointError("its predictions are not finite")
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Fit(candidate, fold.number, fold.scale, text, error=reason[:300])
    return Fit(
        candidate,
        fold.number,
        fold.scale,
        text,
        metrics=score(fold.test.y, prediction, task, candidate.quantile),
        rounds=model.rounds,
        seconds=seconds,
        rows=fold.test_index,
        prediction=prediction,
        warnings=tuple(dict.fromkeys(str(warning.message) for warning in caught)),
    )


def score(y: np.ndarray, prediction: np.ndarray, task: Task, quantile: float | None) -> dict:
    """The metrics of a candidate on clean labels."""
    if task == "binary":
        chance = np.clip(prediction, 1e-15, 1 - 1e-15)
        return {
            "log-loss": float(-np.mean(np.where(y == 1, np.log(chance), np.log1p(-chance)))),
            "average-precision": float(average_precision_score(y, prediction)),
            "brier": float(np.mean((prediction - y) ** 2)),
        }
    error = y - prediction
    if quantile is not None:
        return {
            "pinball": float(np.mean(np.maximum(quantile * error, (quantile - 1) * error))),
            "coverage": float(np.mean(error <= 0)),
        }
    return {"mae": float(np.mean(np.abs(error))), "rmse": float(np.sqrt(np.mean(error**2)))}
