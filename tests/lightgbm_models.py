"""Small estimators of boostloss.lightgbm."""

from boostloss.lightgbm import LGBMClassifier, LGBMRegressor

SETTINGS = {"num_leaves": 7, "verbosity": -1, "deterministic": True, "force_row_wise": True}
FAST = SETTINGS | {"n_estimators": 8, "n_jobs": 1}


def drop_in(loss, **params):
    estimator = LGBMRegressor if loss.task == "regression" else LGBMClassifier
    return estimator(objective=loss, **FAST | params)


def raw_prediction(model, rows):
    return model.predict(rows, raw_score=True)
