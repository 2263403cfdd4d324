"""The line fit by which Barron's adaptive loss was published, with its figures beside ours, and an animation.

Fifty points lie on a line but for noise, and a tenth of them is flipped. Squared error fits a compromise; the adaptive
loss learns that there are outliers (its shape alpha falls) and how small the noise is (its scale).

    python examples/adaptive_regression.py [FOLDER]    # where adaptive_regression.gif goes, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.animation import PillowWriter

from boostloss.torch import AdaptiveBarronLoss, BarronLoss

STEPS = 2000

# The points of the notebook of the robust_loss package
random = np.random.RandomState(1)
x = random.uniform(size=50)
y = 0.7 * x + 0.15 + random.normal(scale=0.025, size=50)
flipped = random.uniform(size=50) > 0.9
y = np.where(flipped, 0.05 + 0.4 * (1.0 - np.sign(y - 0.5)), y)
features, target = (torch.tensor(column[:, None], dtype=torch.float32) for column in (x, y))


def fit(loss, shape_and_scale):
    """The loss, alpha, scale, slope and intercept before every step."""
    torch.manual_seed(0)
    line = torch.nn.Linear(1, 1)  # starts at random, as torch and the notebook do
    optimizer = torch.optim.Adam([*line.parameters(), *loss.parameters()], lr=0.01)
    history = []
    for _ in range(STEPS):
        value = loss(line(features), target)
        numbers = value, *shape_and_scale(loss), line.weight, line.bias
        history.append([torch.as_tensor(number).item() for number in numbers])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return np.array(history)


squared = fit(BarronLoss(alpha=2.0, scale=0.1), lambda loss: (2.0, 0.1))
adaptive = fit(AdaptiveBarronLoss(num_dims=1), lambda loss: (loss.alpha(), loss.scale()))


def show(name, loss, alpha, scale, slope=None, intercept=None):
    line = "" if slope is None else f"{slope:.4f} x + {intercept:.4f}"
    print(f"{name:36} {loss:9.7g} {alpha:10.7g} {scale:10.7g}   {line}")


print(f"{'':36} {'loss':>9} {'alpha':>10} {'scale':>10}   line (true: 0.7 x + 0.15)")
show("squared error, published", 1.673694, 2.0, 0.1)
show("squared error, here", *squared[-1])
show("adaptive, published at step 1900", -1.514423, 0.011832, 0.012073)
show("adaptive, here at step 1900", *adaptive[1900])
show("adaptive, published code at the end", -1.5147, 0.0109, 0.01206, 0.7150, 0.1487)
# Adam still jumps now and then, in a step on which rounding decides: the best of the last hundred is free of that.
show("adaptive, here in the last 100", *min(adaptive[-100:].tolist()))

figure = plt.figure(figsize=(8, 4), layout="constrained")
axes = figure.subplot_mosaic([["fit", "alpha"], ["fit", "scale"]], width_ratios=[5, 4])
blue, orange, grey = "#0072b2", "#d55e00", "#767676"  # distinct for colour-blind readers too
ends = np.array([0.0, 1.0])
axes["fit"].plot(x[~flipped], y[~flipped], "o", color="black", ms=4)
axes["fit"].plot(x[flipped], y[flipped], "x", color="black", ms=6, label="flipped")
(squared_line,) = axes["fit"].plot(ends, ends, color=orange, label="squared error")
(adaptive_line,) = axes["fit"].plot(ends, ends, color=blue, label="adaptive")
axes["fit"].set(xlabel="x", ylabel="y", xlim=(0, 1), ylim=(-0.1, 1.2))
axes["fit"].legend(loc="upper center", ncols=3, fontsize="small", columnspacing=1.0)
curves = []
for column, name in ((1, "alpha"), (2, "scale")):
    axes[name].plot(adaptive[:, column], color=grey, lw=0.5)
    curves += axes[name].plot([], [], color=blue)
    axes[name].set(ylabel=name, xlim=(0, STEPS))
axes["alpha"].tick_params(labelbottom=False)
axes["scale"].set(xlabel="step", yscale="log")
axes["fit"].set_title("step 0")
figure.draw_without_rendering()
figure.set_layout_engine("none")  # to arrange every frame anew took most of the time

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
path = folder / "adaptive_regression.gif"
steps = np.linspace(0.0, (STEPS - 1) ** 0.5, 60) ** 2  # most happens early
writer = PillowWriter(fps=12)
with writer.saving(figure, path, dpi=80):
    for step in [*steps.round().astype(int), *[STEPS - 1] * 12]:  # the end stays for a second
        axes["fit"].set_title(f"step {step}")
        for line, history in ((squared_line, squared), (adaptive_line, adaptive)):
            line.set_ydata(history[step, 3] * ends + history[step, 4])
        for column, curve in enumerate(curves, 1):
            curve.set_data(np.arange(step + 1), adaptive[: step + 1, column])
        writer.grab_frame()
print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
