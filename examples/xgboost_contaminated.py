"""One import changed in an existing XGBoost script, whose training labels are wrong in one row of ten.

There the decimal point slipped, in the rows that train and in the rows that stop training; the test labels are right.
The script itself, `test_error`, is the same for both classes.
"""

import numpy as np
import xgboost
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

import boostloss as bl
import boostloss.xgboost


def test_error(XGBRegressor, objective):
    """What the script did before: fit, stop early, report the mean absolute error."""
    model = XGBRegressor(
        objective=objective,
        n_estimators=500,
        learning_rate=0.1,
        max_depth=4,
        early_stopping_rounds=20,
        random_state=0,
    )
    model.fit(X_train, y_train, eval_set=[(X_stop, y_stop)], verbose=False)
    error = np.abs(model.predict(X_test) - y_test).mean()
    print(f"{objective!s:20} {model.best_iteration + 1:4} rounds, test MAE {error:.3f}")
    return error


X, y = make_friedman1(4000, noise=1.0, random_state=0)  # y is between 0 and 30
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
slipped = np.random.default_rng(0).random(len(y_train)) < 0.1
y_train = np.where(slipped, 10 * y_train, y_train)
X_train, X_stop, y_train, y_stop = train_test_split(X_train, y_train, random_state=0)

before = test_error(xgboost.XGBRegressor, "reg:squarederror")
test_error(xgboost.XGBRegressor, "reg:absoluteerror")  # the best that XGBoost itself has
after = test_error(boostloss.xgboost.XGBRegressor, bl.Cauchy(scale=1.0))
print(f"One import and a loss make the error {before / after:.1f} times smaller.")
