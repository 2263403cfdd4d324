"""One label in ten is wrong: CatBoost's squared error against a loss that learns to ignore such rows.

The wrong labels are among the rows that train and among those that stop the training; the rows that judge are clean.
"""

import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.catboost import CatBoostRegressor  # the one import to change in an existing script

rng = np.random.default_rng(0)
X, y = make_friedman1(3000, noise=1.0, random_state=0)  # y lies between 0 and 30
X_seen, X_test, y_seen, y_test = train_test_split(X, y, random_state=0)
wrong = rng.random(len(y_seen)) < 0.1
y_seen = np.where(wrong, y_seen + 20.0 * rng.standard_cauchy(len(y_seen)), y_seen)
X_train, X_stop, y_train, y_stop = train_test_split(X_seen, y_seen, random_state=0)

for loss in ("RMSE", "MAE", bl.Cauchy(scale=1.0)):
    model = CatBoostRegressor(
        loss_function=loss,
        iterations=400,
        learning_rate=0.1,
        depth=4,
        early_stopping_rounds=30,
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(X_train, y_train, eval_set=(X_stop, y_stop))
    error = mean_absolute_error(y_test, model.predict(X_test))
    print(f"{loss!s:18} {model.tree_count_:3} trees, test MAE {error:.3f}")
