"""SHAP: exact values of the raw score by TreeExplainer, and of a focal probability by an explainer of any function."""

import numpy as np
import shap
from sklearn.datasets import make_classification

import boostloss as bl
from boostloss.catboost import CatBoostClassifier
from boostloss.lightgbm import LGBMClassifier
from boostloss.xgboost import XGBClassifier

X, y = make_classification(300, 5, random_state=0)
raw = {"XGBoost": {"output_margin": True}, "LightGBM": {"raw_score": True}}
raw["CatBoost"] = {"prediction_type": "RawFormulaVal"}
models = {
    "XGBoost": XGBClassifier(objective=bl.Focal(2.0), n_estimators=10),
    "LightGBM": LGBMClassifier(objective=bl.Focal(2.0), n_estimators=10, verbose=-1),
    "CatBoost": CatBoostClassifier(loss_function=bl.Focal(2.0), n_estimators=10, verbose=False),
}
for name, model in models.items():
    model.fit(X, y)
    explainer = shap.TreeExplainer(model)
    total = explainer.shap_values(X).sum(axis=1) + explainer.expected_value
    print(
        f"{name} sums to the raw score:",
        np.allclose(total, model.predict(X, **raw[name]), atol=1e-4),
    )
    # TreeExplainer(model_output="probability") takes the sigmoid: explain predict_proba itself.
    explained = shap.Explainer(lambda rows, model=model: model.predict_proba(rows)[:, 1], X[:50])(
        X[:9]
    )
    total = explained.values.sum(axis=1) + explained.base_values
    print(f"{name} sums to the probability:", np.allclose(total, model.predict_proba(X[:9])[:, 1]))
