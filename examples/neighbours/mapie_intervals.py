"""MAPIE: an interval of 80 % that covers 80 %, from three quantile losses and rows that have not trained."""

import numpy as np
from mapie.regression import ConformalizedQuantileRegressor
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.lightgbm import LGBMRegressor

X, y = make_friedman1(3000, noise=1.0, random_state=0)
X_train, X_rest, y_train, y_rest = train_test_split(X, y, test_size=2000, random_state=0)
X_conform, X_test, y_conform, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, random_state=0
)

# Lower level, upper level, median: the order that MAPIE asks for.
models = [
    LGBMRegressor(objective=bl.Quantile(level), n_estimators=100, verbose=-1).fit(X_train, y_train)
    for level in (0.1, 0.9, 0.5)
]
inside = (models[0].predict(X_test) <= y_test) & (y_test <= models[1].predict(X_test))
print(f"as fitted: {np.mean(inside):.2f}")
conformal = ConformalizedQuantileRegressor(models, confidence_level=0.8, prefit=True)
_, interval = conformal.conformalize(X_conform, y_conform).predict_interval(X_test)
inside = (interval[:, 0, 0] <= y_test) & (y_test <= interval[:, 1, 0])
print("conformal, within 0.04 of 0.80:", abs(np.mean(inside) - 0.8) < 0.04)
