"""A table that lies in several files: XGBoost reads one at a time, and a robust loss trains on all of them.

The start takes one pass over the targets, which do stay in memory, 4 bytes a row; the features never do.
"""

import tempfile
from pathlib import Path

import numpy as np
import xgboost as xgb
from sklearn.datasets import make_friedman1

import boostloss as bl
from boostloss.xgboost import metric


class Files(xgb.DataIter):
    """Files of features and targets, a batch each; XGBoost goes over them several times."""

    def __init__(self, paths, cache):
        self.paths, self.place = paths, 0
        super().__init__(cache_prefix=str(cache))

    def next(self, input_data):
        if self.place == len(self.paths):
            return False
        with np.load(self.paths[self.place]) as part:
            input_data(data=part["X"], label=part["y"])
        self.place += 1
        return True

    def reset(self):
        self.place = 0


def write(folder, seed):
    """A file of 2000 rows, in which the decimal point of a tenth of the targets has slipped."""
    X, y = make_friedman1(2000, noise=1.0, random_state=seed)
    slipped = np.random.default_rng(seed).random(len(y)) < 0.1
    path = folder / f"{seed}.npz"
    np.savez(path, X=X.astype(np.float32), y=np.where(slipped, 10 * y, y).astype(np.float32))
    return path


def targets(paths):
    return np.concatenate([np.load(path)["y"] for path in paths])


def train(name, loss, train_paths, stop_paths, folder):
    y = targets(train_paths)
    data = xgb.ExtMemQuantileDMatrix(Files(train_paths, folder / f"{name}-train"), nthread=1)
    stop = xgb.ExtMemQuantileDMatrix(
        Files(stop_paths, folder / f"{name}-stop"), ref=data, nthread=1
    )
    booster = xgb.train(
        {
            "base_score": loss.fit_intercept(y),
            "max_depth": 4,
            "nthread": 1,
            "disable_default_eval_metric": True,  # which would be XGBoost's RMSE
        },
        data,
        num_boost_round=500,
        obj=loss,
        custom_metric=metric(loss),
        evals=[(stop, "stop")],
        early_stopping_rounds=20,
        verbose_eval=False,
    )
    rounds = booster.best_iteration + 1
    predicted = booster.inplace_predict(X_test, iteration_range=(0, rounds))
    error = np.abs(predicted - y_test).mean()
    print(f"{loss!s:24} {rounds:4} rounds, test MAE {error:.3f}")
    return error


X_test, y_test = make_friedman1(2000, noise=1.0, random_state=100)
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    paths = [write(folder, seed) for seed in range(8)]
    before = train("squares", bl.SquaredError(), paths[:6], paths[6:], folder)
    after = train("cauchy", bl.Cauchy(scale=1.0), paths[:6], paths[6:], folder)
print(f"Six files train, two stop: the error is {before / after:.1f} times smaller.")
