"""MAPIE: an interval of 80 % that covers 80 %, from quantile losses and rows that have not trained."""

import numpy as np
from mapie.regression import ConformalizedQuantileRegressor
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.lightgbm import LGBMRegressor

X, y = make_friedman1(3000, noise=1.0, random_state=0)
X_train, X_rest, y_train, y_rest = train_test_split(X, y, test_size=2000, random_state=0)
X_conform, X_test, y_conform, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, random_state=0
)


def share_inside(conformal: ConformalizedQuantileRegressor) -> float:
    conformal.conformalize(X_conform, y_conform)
    _, interval = conformal.predict_interval(X_test)
    return np.mean((interval[:, 0, 0] <= y_test) & (y_test <= interval[:, 1, 0]))


class Level(RegressorMixin, BaseEstimator):
    """One column of a fitted model of several quantiles, which MAPIE wants as models of their own."""

    def __init__(self, model: LGBMRegressor, column: int):
        self.model, self.column = model, column
        self.is_fitted = True  # which MAPIE looks for

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Level":
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.model.predict(X)[:, self.column]


model = LGBMRegressor(objective=bl.Quantile([0.1, 0.5, 0.9]), n_estimators=100, verbose=-1)
low, _, high = model.fit(X_train, y_train).predict(X_test).T
print(f"as fitted: {np.mean((low <= y_test) & (y_test <= high)):.2f}")
levels = [Level(model, column) for column in (0, 2, 1)]  # low, high, median: MAPIE's order
fitted = ConformalizedQuantileRegressor(levels, confidence_level=0.8, prefit=True)
print("conformal, within 0.04 of 0.80:", abs(share_inside(fitted) - 0.8) < 0.04)


class QuantileRegressor(LGBMRegressor):
    """MAPIE fits one estimator three times if it knows its class by name: of this name it sets `quantile`."""

    def set_params(self, quantile: float | None = None, **params: object) -> "QuantileRegressor":
        if quantile is not None:
            params["objective"] = bl.Quantile(quantile)
        return super().set_params(**params)


single = ConformalizedQuantileRegressor(
    QuantileRegressor(n_estimators=100, verbose=-1), confidence_level=0.8
)
print("from one estimator:", abs(share_inside(single.fit(X_train, y_train)) - 0.8) < 0.04)
