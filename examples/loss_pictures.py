"""Pictures of the losses: Barron's family, its surface, curvatures, and a loss that adapts while XGBoost trains.

python examples/loss_pictures.py [FOLDER]    # where the four PNG files go, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import CenteredNorm
from sklearn.datasets import make_friedman1

import boostloss as bl
from boostloss.plot import plot_adaptation, plot_curvature, plot_gradient, plot_loss
from boostloss.xgboost import XGBRegressor

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")


def two_axes():
    return plt.subplots(1, 2, figsize=(10, 4), layout="constrained")


def save(figure, name):
    path = folder / f"{name}.png"
    figure.savefig(path, dpi=100)
    plt.close(figure)
    print(path)


# The family: squared error, Charbonnier, Cauchy, Geman-McClure and Welsch
family = [bl.Barron(alpha=alpha, scale=1.0) for alpha in (2.0, 1.0, 0.0, -2.0, -np.inf)]
figure, (left, right) = two_axes()
plot_loss(*family, ax=left).set_ylim(-0.1, 4.5)
plot_gradient(*family, ax=right).set_ylim(-1.6, 1.6)
save(figure, "barron_family")

# The surface, over all shapes: alpha = 2 tan(pi u / 2) takes u in [-1, 1] to both infinities.
error = np.linspace(-6.0, 6.0, 301)
target = np.zeros_like(error)
height = np.linspace(-1.0, 1.0, 201)
shapes = np.array([-np.inf, *(2.0 * np.tan(0.5 * np.pi * height[1:-1])), np.inf])
losses = [bl.Barron(alpha=alpha, scale=1.0) for alpha in shapes]
loss = np.array([barron.loss(target, error) for barron in losses])
gradient = np.array([barron.gradient_hessian(target, error)[0] for barron in losses])

figure = plt.figure(figsize=(15, 4.4), layout="constrained")
solid = figure.add_subplot(1, 3, 1, projection="3d")
middle, right = figure.add_subplot(1, 3, 2), figure.add_subplot(1, 3, 3)
grid = np.meshgrid(error, height)
solid.plot_surface(*grid, np.minimum(loss, 6.0), cmap="viridis", rcount=100, ccount=100)
solid.set(zlabel="loss")
solid.set_box_aspect(None, zoom=0.85)

levels = np.arange(0.0, 6.1, 0.5)
filled = middle.contourf(error, height, loss, levels, extend="max")
middle.contour(error, height, loss, levels[1:], colors="white", linewidths=0.4)
figure.colorbar(filled, ax=middle, label="loss")
levels = np.linspace(-2.0, 2.0, 21)
filled = right.contourf(
    error, height, gradient, levels, cmap="PuOr", norm=CenteredNorm(0.0, 2.0), extend="both"
)
right.contour(error, height, gradient, levels, colors="white", linewidths=0.4, linestyles="-")
figure.colorbar(filled, ax=right, label="gradient", ticks=[-2, -1, 0, 1, 2])
for ax in (solid, middle, right):
    marks = np.array([-np.inf, -6.0, -2.0, -1.0, 0.0, 1.0, 2.0, 6.0, np.inf])
    marks = marks[::2] if ax is solid else marks
    ax.set_yticks(np.arctan(0.5 * marks) / (0.5 * np.pi), [f"{mark:g}" for mark in marks])
    ax.set(xlabel="error", ylabel="alpha")
save(figure, "barron_surface")

# What Newton's method divides by: the curvature is negative where a loss is not convex, its majorizer never.
figure, (left, right) = two_axes()
plot_curvature(bl.Huber(1.0), bl.LogCosh(1.0), bl.Cauchy(1.0), ax=left)
plot_curvature(*family[1:], ax=right)
save(figure, "curvature")

# A loss that adapts: a tenth of the labels is wrong.
rng = np.random.default_rng(0)
X, y = make_friedman1(5000, noise=1.0, random_state=0)
y = np.where(rng.random(len(y)) < 0.1, y + 20.0 * rng.standard_cauchy(len(y)), y)
model = XGBRegressor(
    objective=bl.Barron(),
    n_estimators=300,
    learning_rate=0.1,
    max_depth=4,
    n_jobs=1,
)
model.fit(X, y)
figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
plot_adaptation(model, ax=ax).set_ylim(-0.05, 2.05)  # all that alpha may be
save(figure, "adaptation")
