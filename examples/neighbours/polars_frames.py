"""Polars: a frame as X and a series as y, in all three libraries."""

import numpy as np
import polars as pl
from sklearn.datasets import make_friedman1

import boostloss as bl
from boostloss.catboost import CatBoostRegressor
from boostloss.lightgbm import LGBMRegressor
from boostloss.xgboost import XGBRegressor

X, y = make_friedman1(200, random_state=0)
frame, series = pl.DataFrame(X, schema=[f"x{i}" for i in range(10)]), pl.Series("y", y)
for model in (
    XGBRegressor(objective=bl.Cauchy(1.0), n_estimators=10),
    LGBMRegressor(objective=bl.Cauchy(1.0), n_estimators=10, verbose=-1),
    CatBoostRegressor(loss_function=bl.Cauchy(1.0), n_estimators=10, verbose=False),
):
    found = model.fit(frame, series).predict(frame)
    print(type(model).__name__, "as arrays:", np.allclose(found, model.fit(X, y).predict(X)))
