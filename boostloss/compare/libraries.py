"""Fit one objective in one library: the same settings for boostloss's losses and the own ones."""

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import cpu_count

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


@dataclass(frozen=True)
class Fitted:
    """A trained model: how to predict with it, and how many rounds it kept."""

    predict: Callable[[pd.DataFrame], np.ndarray]
    rounds: int


# The model, the rounds it kept, and what its features need before prediction.
Trained = tuple[Any, int, Callable[[pd.DataFrame], pd.DataFrame]]


def fit(
    library: str, objective: Loss | str, task: Task, train: Rows, stop: Rows, settings: Settings
) -> Fitted:
    """Train until the loss itself stops improving on `stop`; a classifier predicts probabilities.

    A string is one of the library's own objectives and goes to the library's own class, a loss to
    boostloss's class of the same name.
    """
    module = importlib.import_module(
        library if isinstance(objective, str) else f"boostloss.{library}"
    )
    prefix, fitter = FITTERS[library]
    estimator = getattr(module, prefix + ("Classifier" if task == "binary" else "Regressor"))
    model, rounds, prepare = fitter(
        estimator, _parameters(library, objective), train, stop, settings
    )
    if task == "binary":
        return Fitted(lambda X: model.predict_proba(prepare(X))[:, 1], rounds)
    return Fitted(lambda X: model.predict(prepare(X)), rounds)


def _parameters(library: str, objective: Loss | str) -> dict[str, Any]:
    """The estimator's parameters: "huber(alpha=2.0)" gives {"objective": "huber", "alpha": 2.0}."""
    if library == "catboost":
        return {"loss_function": objective}
    if isinstance(objective, Loss):
        return {"objective": objective}
    name, _, argument = objective.rstrip(")").partition("(")
    key, _, value = argument.partition("=")
    return {"objective": name} | ({key: float(value)} if key else {})


def _as_it_is(X: pd.DataFrame) -> pd.DataFrame:
    return X


def _fit_xgboost(
    estimator: Any, objective: dict[str, Any], train: Rows, stop: Rows, settings: Settings
) -> Trained:
    model = estimator(
        **objective,
        n_estimators=settings.rounds,
        learning_rate=settings.learning_rate,
        max_depth=6,
        early_stopping_rounds=settings.patience,
        enable_categorical=True,
        random_state=settings.seed,
        n_jobs=settings.threads,
    )
    if objective["objective"] == "reg:pseudohubererror":
        # XGBoost starts it one Newton step from 0, which overshoots where all targets are large.
        model.set_params(base_score=float(np.median(train.y)))
    model.fit(train.X, train.y, eval_set=[(stop.X, stop.y)], verbose=False)
    return model, model.best_iteration + 1, _as_it_is


def _fit_lightgbm(
    estimator: Any, objective: dict[str, Any], train: Rows, stop: Rows, settings: Settings
) -> Trained:
    import lightgbm

    model = estimator(
        **objective,
        n_estimators=settings.rounds,
        learning_rate=settings.learning_rate,
        num_leaves=31,
        random_state=settings.seed,
        n_jobs=settings.threads,
        verbosity=-1,
        # Else it times two layouts and takes the faster one, so that a run would not repeat.
        deterministic=True,
        force_row_wise=True,
    )
    stopping = lightgbm.early_stopping(settings.patience, verbose=False)
    model.fit(train.X, train.y, eval_set=[(stop.X, stop.y)], callbacks=[stopping])
    return model, model.best_iteration_ or settings.rounds, _as_it_is


def _fit_catboost(
    estimator: Any, objective: dict[str, Any], train: Rows, stop: Rows, settings: Settings
) -> Trained:
    categories = list(train.X.select_dtypes("category"))

    def prepare(X: pd.DataFrame) -> pd.DataFrame:
        """CatBoost takes categories as text only, and no missing ones."""
        return X.assign(
            **{name: X[name].astype(object).fillna("").astype(str) for name in categories}
        )

    model = estimator(
        **objective,
        iterations=settings.rounds,
        learning_rate=settings.learning_rate,
        depth=6,
        early_stopping_rounds=settings.patience,
        cat_features=categories,
        random_seed=settings.seed,
        thread_count=settings.threads,
        allow_writing_files=False,
        verbose=False,
    )
    log = io.StringIO()  # it warns of large targets even when it is not verbose
    eval_set = [(prepare(stop.X), stop.y)]
    model.fit(prepare(train.X), train.y, eval_set=eval_set, log_cout=log, log_cerr=log)
    return model, model.tree_count_, prepare


FITTERS: dict[str, tuple[str, Callable[..., Trained]]] = {
    "xgboost": ("XGB", _fit_xgboost),
    "lightgbm": ("LGBM", _fit_lightgbm),
    "catboost": ("CatBoost", _fit_catboost),
}
