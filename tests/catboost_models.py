"""Small estimators of boostloss.catboost, and more rows than CatBoost hands over in one block of a leaf."""

import numpy as np
import pytest
from boosting import numbers

from boostloss.catboost import CatBoostClassifier, CatBoostRegressor

WRITE_NOTHING = {"verbose": 0, "allow_writing_files": False}
FAST = {"iterations": 8, "learning_rate": 0.3, "depth": 3, "thread_count": 1} | WRITE_NOTHING
ONE_STEP = {"leaf_estimation_iterations": 1, "leaf_estimation_backtracking": "No"}

_rng = np.random.default_rng(0)
X = _rng.normal(size=(900, 4))
SIGNAL = X[:, 0] + np.sin(3.0 * X[:, 1]) + _rng.normal(0.0, 0.3, 900)
WEIGHT = _rng.integers(1, 4, 900).astype(float)
WEIGHTS = pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])


def target(loss):
    """Numbers far from CatBoost's start of 0, or a rare class."""
    return numbers(loss, SIGNAL) if loss.task == "regression" else (SIGNAL > 1.2).astype(int)


def drop_in(loss, **params):
    regression = loss.task == "regression"
    estimator = CatBoostRegressor if regression else CatBoostClassifier
    return estimator(loss_function=loss, **FAST | params)


def raw_prediction(model, rows=X):
    return model.predict(rows, prediction_type="RawFormulaVal")
