"""treelite: the trees give the raw score, and the loss makes the probability of it."""

import numpy as np
import treelite
from sklearn.datasets import make_classification

import boostloss as bl
from boostloss.lightgbm import LGBMClassifier
from boostloss.xgboost import XGBClassifier

X, y = make_classification(500, weights=[0.9], random_state=0)
loss = bl.Focal(2.0)

xgboost = XGBClassifier(objective=loss, n_estimators=20).fit(X, y)
lightgbm = LGBMClassifier(objective=loss, n_estimators=20, verbose=-1).fit(X, y)
for name, model, trees, rows in (
    ("XGBoost", xgboost, treelite.frontend.from_xgboost(xgboost.get_booster()), np.float32(X)),
    ("LightGBM", lightgbm, treelite.frontend.from_lightgbm(lightgbm.booster_), X),
):
    score = treelite.gtil.predict(trees, rows, pred_margin=True).ravel()
    error = np.abs(loss.inverse_link(score) - model.predict_proba(rows)[:, 1]).max()
    print(f"{name} probabilities equal:", error < 1e-5)
    sigmoid = treelite.gtil.predict(trees, rows).ravel()  # which is not focal's probability
    print(
        f"{name} sigmoid differs:", np.abs(sigmoid - model.predict_proba(rows)[:, 1]).max() > 0.05
    )
