"""A second look at the winner: one more fit, to see how it learned and which columns it uses."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.inspection import permutation_importance

from boostloss.compare.libraries import Rows, fit
from boostloss.compare.metrics import HIGHER_IS_BETTER, score
from boostloss.compare.results import Results, Row
from boostloss.compare.run import split

POINTS = 30  # of the learning curve
LOOKED_AT = 2000  # rows of each kind, drawn at random, suffice for curves and importances
REPEATS, SHUFFLES = 5, 200  # of a column; of all together, each being shuffled at least once


Judge = Callable[[Rows, np.ndarray], float]


@dataclass(frozen=True)
class Sheet:
    """What one more fit of the winner on the first fold tells.

    Attributes
    ----------
    row : Row
        The winner.
    rounds : ndarray
    curve : dict of str to ndarray
        The metric after so many `rounds`, on the rows that train, that stop, and that test.
    importance : DataFrame
        By how much the metric gets worse on test rows if a column is shuffled: mean and standard deviation over the
        repeats, the most important column first.
    """

    row: Row
    rounds: np.ndarray
    curve: dict[str, np.ndarray]
    importance: pd.DataFrame


def winner(results: Results) -> Row:
    """The best of the main comparison, or of the first quantile."""
    return next(rows[0] for quantile in results.groups if (rows := results.rows(quantile)))


def examine(results: Results) -> Sheet:
    """Fit the winner once more on the first fold, with the same settings and labels."""
    row = winner(results)
    candidate, table = row.candidate, results.table
    fold = next(split(table, results.settings))
    objective = candidate.at(fold.scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the comparison has told them
        loss = candidate.minimised(fold.scale)
        options = fold.train, fold.stop, results.settings, candidate.distribution
        model = fit(candidate.library, objective, loss, table.task, *options)
    metric = results.ranking_metric(candidate.quantile)

    def judge(rows: Rows, prediction: np.ndarray) -> float:
        judged = table.task, candidate.quantile
        return score(rows.y, prediction, *judged, rows.weight, candidate.family)[metric]

    parts = {"train": fold.train, "stop": fold.stop, "test": fold.test}
    some = {name: rows.sample(LOOKED_AT, results.settings.seed) for name, rows in parts.items()}
    if table.classes:  # of a rare class a sample may hold no row
        some = {
            name: rows if len(np.unique(rows.y)) == len(np.unique(parts[name].y)) else parts[name]
            for name, rows in some.items()
        }
    rounds = np.unique(np.geomspace(1, model.rounds, POINTS).round().astype(int))
    curve = {
        name: np.array([judge(rows, model.predict(rows.X, k)) for k in rounds.tolist()])
        for name, rows in some.items()
    }
    worse = -1.0 if metric in HIGHER_IS_BETTER else 1.0
    importance = _importance(model.predict, judge, some["test"], worse, results)
    return Sheet(row, rounds, curve, importance)


def _importance(
    predict: Callable[[pd.DataFrame], np.ndarray],
    judge: Judge,
    rows: Rows,
    worse: float,
    results: Results,
) -> pd.DataFrame:
    """The permutation importance of every column by scikit-learn."""
    names = list(results.table.columns)
    found = permutation_importance(
        DummyRegressor(),  # asked for, but only the scorer would use it
        rows.X,
        rows.y,
        scoring=lambda _, X, y: -worse * judge(replace(rows, X=X), predict(X)),
        n_repeats=max(1, min(REPEATS, SHUFFLES // len(names))),
        random_state=results.settings.seed,
    )
    frame = pd.DataFrame({"mean": found.importances_mean, "spread": found.importances_std}, names)
    return frame.sort_values("mean", ascending=False, kind="stable")
