"""From a business cost to a trained and saved model.

A shop orders what a model predicts. What is left over costs its storage; what is missing costs little at first, and
more and more as customers stay away: the square of it. The loss is that sentence. Beside it stand the losses that one
would try without it, each with the settings of the others.
"""

import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.xgboost import XGBRegressor


@bl.loss
def shortage(error, storage=1.0, penalty=0.05):
    """The cost of one item: error = ordered - sold."""
    return np.where(error > 0, storage * error, penalty * error**2)


rng = np.random.default_rng(0)
X, y = make_friedman1(6000, random_state=0)
y = 10 * y + (2 + 60 * X[:, 5] ** 2) * rng.normal(size=len(y))  # some items are hard to predict
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_train, X_stop, y_train, y_stop = train_test_split(X_train, y_train, random_state=0)

cost, models = shortage(), {}
for objective in ("reg:squarederror", "reg:absoluteerror", bl.Quantile(0.75), cost):
    model = XGBRegressor(
        objective=objective,
        n_estimators=500,
        learning_rate=0.1,
        max_depth=4,
        early_stopping_rounds=20,
    )
    model.fit(X_train, y_train, eval_set=[(X_stop, y_stop)], verbose=False)
    models[str(objective)] = model
    print(f"{objective!s:36} costs {cost.mean_loss(y_test, model.predict(X_test)):.2f} an item")

print(cost.explain())
models[str(cost)].save_model("orders.json")  # the trees, and the loss with its parameters
loaded = XGBRegressor()
loaded.load_model("orders.json")
assert np.array_equal(loaded.predict(X_test), models[str(cost)].predict(X_test))
print("loaded:", loaded.objective)
