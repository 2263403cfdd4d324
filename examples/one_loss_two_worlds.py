"""One loss object in XGBoost and in torch: trees and a network that forget the same wrong labels.

A tenth of the targets is wrong by far; both models are judged by the true ones.
"""

import numpy as np
import torch
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from torch import nn

import boostloss as bl
from boostloss.torch import LossModule
from boostloss.xgboost import XGBRegressor

rng = np.random.default_rng(0)
X, truth = make_friedman1(n_samples=3000, noise=0.5, random_state=0)
y = truth + np.where(rng.random(len(truth)) < 0.1, 50.0 * rng.standard_cauchy(len(truth)), 0.0)
X_train, X_test, y_train, _, _, truth_test = train_test_split(X, y, truth, random_state=0)


def trees(loss):
    model = XGBRegressor(objective=loss, n_estimators=200, n_jobs=1).fit(X_train, y_train)
    return model.predict(X_test)


def network(loss):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(X.shape[1], 64), nn.SiLU(), nn.Linear(64, 1), nn.Flatten(0))
    nn.init.constant_(model[2].bias, loss.fit_intercept(y_train))  # start as trees do
    criterion = LossModule(loss)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    features, target = torch.tensor(X_train).float(), torch.tensor(y_train).float()
    for _ in range(60):
        for rows in torch.randperm(len(features)).split(128):
            optimizer.zero_grad()
            criterion(model(features[rows]), target[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return model(torch.tensor(X_test).float()).numpy()


print(f"{'test MAE':32} {'trees':>7} {'network':>8}")
for loss in (bl.SquaredError(), bl.Huber(delta=1.0), bl.Cauchy(scale=1.0)):
    mae = [np.abs(fit(loss) - truth_test).mean() for fit in (trees, network)]
    print(f"{loss!r:32} {mae[0]:7.3f} {mae[1]:8.3f}")
