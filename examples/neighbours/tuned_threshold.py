"""scikit-learn's TunedThresholdClassifierCV: the probability from which a rare class is reported."""

from sklearn.datasets import make_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import TunedThresholdClassifierCV

import boostloss as bl
from boostloss.xgboost import XGBClassifier

X, y = make_classification(1000, weights=[0.9], flip_y=0.05, random_state=0)
model = XGBClassifier(objective=bl.Focal(2.0), n_estimators=20)
tuned = TunedThresholdClassifierCV(model, scoring="f1", cv=2).fit(X[:700], y[:700])
print("a threshold within (0, 1):", 0.0 < tuned.best_threshold_ < 1.0)
print("F1 above one half:", f1_score(y[700:], tuned.predict(X[700:])) > 0.5)
