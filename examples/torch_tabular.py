"""A small network on a table whose labels are partly wrong: a loss that learns its own robustness, and squared error.

A fifth of the training labels is replaced by values from all over the range and beyond; the labels that judge are
clean. Runs on the GPU if there is one.

    python examples/torch_tabular.py [TABLE.csv]    # numbers only, the target in the last column
"""

import sys

import numpy as np
import torch
from rich.progress import Progress
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

from boostloss.torch import AdaptiveBarronLoss, SquaredErrorLoss

EPOCHS, SPLITS = 150, 3
device = "cuda" if torch.cuda.is_available() else "cpu"

if len(sys.argv) > 1:
    table = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
    X, y = table[:, :-1], table[:, -1]
else:
    X, y = load_diabetes(return_X_y=True)


def tensors(X, y):
    return [torch.tensor(v, dtype=torch.float32, device=device) for v in (X, y[:, None])]


def split(seed):
    """Training rows, a fifth of them wrong, and test rows; targets are in units of the median deviation."""
    rng = np.random.default_rng(seed)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=seed)
    wrong = rng.random(len(y_train)) < 0.2
    y_train = np.where(wrong, rng.uniform(y.min(), 3.0 * y.max(), len(y_train)), y_train)
    features = StandardScaler().fit(X_train)
    middle = np.median(y_train)
    unit = np.median(np.abs(y_train - middle))
    train = tensors(features.transform(X_train), (y_train - middle) / unit)
    return train, tensors(features.transform(X_test), (y_test - middle) / unit), unit


def fit(loss, X_train, y_train, tick):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(X_train.shape[1], 32), nn.SiLU(), nn.Linear(32, 1))
    network.to(device)
    # The shape and the scale of the loss are trained with the weights.
    optimizer = torch.optim.AdamW([*network.parameters(), *loss.parameters()], lr=0.01)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(X_train), device=device).split(64):
            optimizer.zero_grad()
            loss(network(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
        tick()
    return network


errors = {SquaredErrorLoss: [], AdaptiveBarronLoss: []}
with Progress(transient=True) as progress:
    task = progress.add_task("training", total=EPOCHS * SPLITS * len(errors))
    for seed in range(SPLITS):
        train, (X_test, y_test), unit = split(seed)
        for kind, found in errors.items():
            loss = kind(num_dims=1).to(device) if kind is AdaptiveBarronLoss else kind()
            network = fit(loss, *train, lambda: progress.advance(task))
            with torch.no_grad():
                found.append(unit * (network(X_test) - y_test).abs().mean().item())

for kind, found in errors.items():
    print(f"{kind.__name__:20} test MAE {np.mean(found):.2f}")
print(
    f"learned: alpha {loss.alpha().item():.2f}, scale {unit * loss.scale().item():.1f} ({device})"
)
