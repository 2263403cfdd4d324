"""Fit one objective in one library: the same settings for boostloss's losses and the own ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import cpu_count

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.data import Task
from boostloss.losses.base import Loss

ROWS_PER_THREAD = 2000


@dataclass(frozen=True)
class Settings:
    """How every candidate is fitted and judged."""

    folds: int = 5
    rounds: int = 500
    learning_rate: float = 0.1
    patience: int = 50
    contaminate: float = 0.0
    seed: int = 0
    threads: int = 1


def useful_threads(rows: int) -> int:
    """As many as the table keeps busy: on a small one they wait for each other."""
    return max(1, min(cpu_count(), rows // ROWS_PER_THREAD))


@dataclass(frozen=True)
class Rows:
    """Some rows of the table."""

    X: pd.DataFrame
    y: np.ndarray
    weight: np.ndarray | None = None


@dataclass(frozen=True)
class Fitted:
    """A trained model: how to predict with it, which takes the library's options, and how many rounds it kept."""

    predict: Callable[..., np.ndarray]
    rounds: int


def common(library: str, settings: Settings) -> dict[str, Any]:
    """The parameters that all of a library's candidates have."""
    names = LIBRARIES[library]
    return {
        names.rounds: settings.rounds,
        names.learning_rate: settings.learning_rate,
        names.early_stopping: settings.patience,
        names.seed: settings.seed,
        names.threads: settings.threads,
        **names.settings,
    }


def fit(
    library: str, objective: Loss | str, task: Task, train: Rows, stop: Rows, settings: Settings
) -> Fitted:
    """Train until the loss itself stops improving on `stop`; a classifier predicts probabilities.

    A string is one of the library's own objectives and goes to the library's own class, a loss to
    boostloss's class of the same name.
    """
    names = LIBRARIES[library]
    parameters = names.parameters(objective) | common(library, settings)
    if parameters[names.objective] == "reg:pseudohubererror":
        # XGBoost starts it one Newton step from 0, which overshoots where all targets are large.
        parameters["base_score"] = float(np.median(train.y))
    text = list(train.X.select_dtypes("category")) if names.text_categories else []
    if text:
        parameters["cat_features"] = text

    def prepare(X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**{name: X[name].astype(object).fillna("").astype(str) for name in text})

    estimator = names.estimator(task, own=isinstance(objective, str))
    model = estimator(**parameters)
    evaluation = names.evaluation(prepare(stop.X), stop.y, stop.weight, text)
    options = names.fit_options() | evaluation
    model.fit(prepare(train.X), train.y, sample_weight=train.weight, **options)

    def predict(X: pd.DataFrame, **options: Any) -> np.ndarray:
        if task == "binary":
            return model.predict_proba(prepare(X), **options)[:, 1]
        return model.predict(prepare(X), **options)

    return Fitted(predict, names.kept_rounds(model))
