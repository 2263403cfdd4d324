"""A scikit-learn pipeline whose loss a grid search chooses.

A tenth of the prices is wrong by far. Cross-validation picks the loss by the median absolute error,
which wrong labels barely move, and the model is judged by the true prices.
"""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import boostloss as bl
from boostloss.xgboost import XGBRegressor

rng = np.random.default_rng(0)
rows = 4000
houses = pd.DataFrame(
    {
        "area": rng.uniform(30, 250, rows),
        "age": rng.uniform(0, 100, rows),
        "district": rng.choice(["harbour", "hill", "station"], rows),
    }
)
factor = houses["district"].map({"harbour": 1.5, "hill": 1.2, "station": 1.0})
price = 3 * factor * houses["area"] * np.exp(-houses["age"] / 80)
noise = rng.normal(scale=10, size=rows)
wrong = rng.random(rows) < 0.1
recorded = price + np.where(wrong, 1000 * rng.standard_cauchy(rows), noise)

model = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["district"]), remainder="passthrough"),
    XGBRegressor(n_estimators=100, learning_rate=0.1, max_depth=4, n_jobs=1),
)
losses = ["reg:squarederror", bl.Huber(delta=20.0), bl.Cauchy(scale=20.0)]
search = GridSearchCV(
    model,
    {"xgbregressor__objective": losses},
    scoring="neg_median_absolute_error",
    cv=3,
)
search.fit(houses, recorded)

for loss, score in zip(losses, search.cv_results_["mean_test_score"], strict=True):
    print(f"{loss!s:24} cross-validated median absolute error {-score:8.2f}")
error = np.mean(np.abs(search.predict(houses) - price))
print(f"chosen: {search.best_params_['xgbregressor__objective']}")
print(f"its mean absolute error against the true prices: {error:.2f}")
