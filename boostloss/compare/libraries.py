"""Fit one objective in one library: the same settings for boostloss's losses and the own ones."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.data import Task
from boostloss.losses.base import Loss
from boostloss.losses.columns import Columns
from boostloss.losses.distributions import Distribution

ROWS_PER_THREAD = 2000  # keep a thread busy; with fewer the threads of a fit wait for each other
MOST_JOBS = 8  # fits side by side, each in a process with some 300 MB of libraries


@dataclass(frozen=True)
class Settings:
    """How every candidate is fitted and judged; `jobs` fits at a time, on `threads` threads each.

    A `thorough` comparison fits everyone on all folds, others are races.
    """

    folds: int = 5
    rounds: int = 500
    learning_rate: float = 0.1
    patience: int = 50
    contaminate: float = 0.0
    seed: int = 0
    thorough: bool = False
    jobs: int = 1
    threads: int = 1


def share_cores(cores: int, rows: int) -> tuple[int, int]:
    """How many fits run side by side, and on how many threads each: rather more fits than threads."""
    jobs = min(cores, MOST_JOBS)
    return jobs, max(1, min(cores // jobs, rows // ROWS_PER_THREAD))


@dataclass(frozen=True)
class Rows:
    """Some rows of the table."""

    X: pd.DataFrame
    y: np.ndarray
    weight: np.ndarray | None = None

    def sample(self, count: int, seed: int) -> "Rows":
        """At most so many of them, drawn at random."""
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self.y))[:count])
        weight = None if self.weight is None else self.weight[chosen]
        return Rows(self.X.iloc[chosen].reset_index(drop=True), self.y[chosen], weight)


@dataclass(frozen=True)
class Fitted:
    """A trained model: how to predict with it, the rounds it kept, and how long it took.

    `predict` takes a table and, if not all rounds shall count, how many. `like_ours` says that an own objective did
    better with boostloss's parameters than with its library's.
    """

    predict: Callable[..., np.ndarray]
    rounds: int
    seconds: float
    like_ours: bool = False


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
    library: str,
    objective: Loss | str,
    loss: Loss,
    task: Task,
    train: Rows,
    stop: Rows,
    settings: Settings,
    raw: bool = False,
) -> Fitted:
    """Train until the loss itself stops improving on `stop`; a classifier predicts probabilities.

    Of a binary task it is that of label 1, of more classes a column for each, as of several quantiles, which everyone
    predicts in order.

    Every fit starts from the best constant of its loss. An own objective is fitted twice where boostloss's estimators
    regularise in another way than the library does, and the better fit on `stop` counts.

    Parameters
    ----------
    objective : Loss or str
        A string is one of the library's own objectives and goes to the library's own class, a loss to boostloss's
        class of the same name.
    loss : Loss
        The objective itself, or what the own one minimises.
    raw : bool, default False
        Of a distribution: whether its raw predictions are predicted, not its mean.
    """
    if isinstance(objective, Loss):
        return _train(library, objective, task, train, stop, settings, {}, raw)
    names = LIBRARIES[library]
    if isinstance(loss, Columns) and names.level_by_level:
        return _fit_levels(library, objective, loss, task, train, stop, settings)
    kinds = {
        "quantiles": isinstance(loss, Columns),
        "distributions": isinstance(loss, Distribution),
        "amounts": loss.link_name == "log",
    }
    kind = next((name for name, fits in kinds.items() if fits), task)
    start = loss.fit_intercept(train.y, train.weight) if kind == "regression" else 0.0
    train, stop = replace(train, y=train.y - start), replace(stop, y=stop.y - start)
    like_ours = names.like_ours(loss)
    fits = [
        replace(
            _train(
                library,
                objective,
                task,
                train,
                stop,
                settings,
                {**names.own_start[kind], **more},
                raw,
            ),
            like_ours=bool(more),
        )
        for more in ({}, like_ours)[: 1 + bool(like_ours)]
    ]

    def stopped_at(fit: Fitted) -> float:
        prediction = fit.predict(stop.X)
        if not raw:
            prediction = _log(prediction) if task == "multiclass" else loss.link(prediction)
        return loss.mean_loss(stop.y, prediction, stop.weight)

    best = min(fits, key=stopped_at)
    return replace(best, predict=lambda X, rounds=None: best.predict(X, rounds) + start)


def _log(probability: np.ndarray) -> np.ndarray:
    """Scores of the classes; a probability may have been rounded to 0."""
    return np.log(np.maximum(probability, np.finfo(np.float32).tiny))


def _fit_levels(
    library: str,
    objective: str,
    loss: Columns,
    task: Task,
    train: Rows,
    stop: Rows,
    settings: Settings,
) -> Fitted:
    """A model for each level: the rounds are those of the longest one, the seconds of all together."""
    texts = [objective.replace(str(list(loss.levels)), str(level)) for level in loss.levels]
    fits = [
        fit(library, text, each, task, train, stop, settings)
        for text, each in zip(texts, loss.columns, strict=True)
    ]

    def predict(X: pd.DataFrame, rounds: int | None = None) -> np.ndarray:
        return np.sort(np.stack([each.predict(X, rounds) for each in fits], axis=1), axis=1)

    return Fitted(predict, max(each.rounds for each in fits), sum(each.seconds for each in fits))


def _train(
    library: str,
    objective: Loss | str,
    task: Task,
    train: Rows,
    stop: Rows,
    settings: Settings,
    parameters: dict[str, Any],
    raw: bool,
) -> Fitted:
    """One fit with further parameters."""
    names = LIBRARIES[library]
    parameters = names.parameters(objective) | parameters | common(library, settings)
    text = list(train.X.select_dtypes("category")) if names.text_categories else []
    if text:
        parameters["cat_features"] = text

    def prepare(X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**{name: X[name].astype(object).fillna("").astype(str) for name in text})

    model = names.estimator(task, own=isinstance(objective, str))(**parameters)
    evaluation = names.evaluation(prepare(stop.X), stop.y, stop.weight, text)
    options = names.fit_options() | evaluation
    begin = time.perf_counter()
    model.fit(prepare(train.X), train.y, sample_weight=train.weight, **options)
    seconds = time.perf_counter() - begin

    kept = names.kept_rounds(model)

    def predict(X: pd.DataFrame, rounds: int | None = None) -> np.ndarray:
        options = {} if rounds is None else names.first_rounds(model, min(rounds, kept))
        if raw:
            return model.predict(prepare(X), **options, **names.raw_prediction)
        if task == "regression":
            found = model.predict(prepare(X), **options)
            return np.sort(found, axis=1) if found.ndim == 2 else found
        probability = model.predict_proba(prepare(X), **options)
        return probability[:, 1] if task == "binary" else probability

    return Fitted(predict, kept, seconds)
