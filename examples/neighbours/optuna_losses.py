"""Optuna: a loss is chosen by its text, which every storage of a study can keep."""

import optuna
from sklearn.datasets import make_friedman1
from sklearn.model_selection import cross_val_score

import boostloss as bl
from boostloss.xgboost import XGBRegressor

X, y = make_friedman1(300, random_state=0)
y[::10] += 1000.0  # a tenth of the targets is wrong


def objective(trial):
    text = trial.suggest_categorical("loss", ["SquaredError()", "Huber('adaptive')", "Cauchy(1.0)"])
    model = XGBRegressor(objective=bl.from_string(text), n_estimators=20)
    return -cross_val_score(model, X, y, cv=2, scoring="neg_median_absolute_error").mean()


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(objective, n_trials=6)
print("a robust loss is chosen:", study.best_params["loss"] != "SquaredError()")
