"""An interval for 80 % of the cases: two quantiles with LightGBM.

The same two levels are fitted with LightGBM's own quantile objective, in the same way.
"""

import lightgbm
import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.lightgbm import LGBMRegressor

X, y = make_friedman1(12_000, n_features=8, noise=2.0, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_train, X_stop, y_train, y_stop = train_test_split(X_train, y_train, random_state=0)


def fit(estimator, **objective):
    model = estimator(n_estimators=1000, learning_rate=0.05, n_jobs=1, verbosity=-1, **objective)
    stop = lightgbm.early_stopping(30, verbose=False)
    return model.fit(X_train, y_train, eval_X=X_stop, eval_y=y_stop, callbacks=[stop])


def report(name, low, high):
    pinball = [
        bl.Quantile(level).mean_loss(y_test, model.predict(X_test))
        for level, model in ((0.1, low), (0.9, high))
    ]
    inside = (y_test >= low.predict(X_test)) & (y_test <= high.predict(X_test))
    print(
        f"{name:10} pinball loss {np.mean(pinball):.4f}, inside {inside.mean():.1%} (wanted 80 %)"
    )


low, high = (fit(LGBMRegressor, objective=bl.Quantile(level)) for level in (0.1, 0.9))
report("boostloss", low, high)
own = (fit(lightgbm.LGBMRegressor, objective="quantile", alpha=level) for level in (0.1, 0.9))
report("LightGBM", *own)
