"""Rare small blobs in noisy pictures: a small network that learns them by cross-entropy, and by Tversky losses.

One pixel in a hundred belongs to a blob. Cross-entropy is content with leaving out what is unsure; the Tversky loss
weighs a missed pixel against a false one as it is told, whatever their numbers.

    python examples/segmentation_tversky.py [FOLDER]    # where segmentation.png goes, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn

from boostloss.torch import LogisticLoss, TverskyLoss

STEPS, BATCH, SIDE = 250, 8, 40
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

torch.set_num_threads(1)  # small pictures: more threads would mostly wait for each other


def pictures(n, generator):
    """Noisy pictures with a few faint discs and a gradient of the light, and the masks of the discs."""
    axis = torch.arange(float(SIDE))
    x, y = torch.meshgrid(axis, axis, indexing="ij")
    mask = torch.zeros(n, SIDE, SIDE)
    for picture in mask:
        for _ in range(int(torch.randint(1, 3, (), generator=generator))):
            a, b = 4.0 + (SIDE - 8.0) * torch.rand(2, generator=generator)
            radius = 1.2 + 1.3 * torch.rand((), generator=generator)
            picture[(x - a) ** 2 + (y - b) ** 2 < radius**2] = 1.0
    light = torch.rand(n, 1, 1, generator=generator) * x / SIDE
    noise = 0.5 * torch.randn(n, SIDE, SIDE, generator=generator)
    return (mask + light + noise).unsqueeze(1), mask.unsqueeze(1)


def trained(loss):
    """A network of three convolutions after some hundred batches, the same for every loss."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2),
        nn.SiLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(8, 1, 3, padding=1),
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(STEPS):
        image, mask = pictures(BATCH, generator)
        optimizer.zero_grad()
        loss(network(image), mask).backward()
        optimizer.step()
    return network


def scores(predicted, mask):
    """Precision, recall and Dice's index of all pixels."""
    true = (predicted * mask).sum()
    return (
        true / predicted.sum().clamp(min=1.0),
        true / mask.sum(),
        2 * true / (predicted + mask).sum(),
    )


LOSSES = {
    "cross-entropy": LogisticLoss(),
    "Tversky, alpha 0.5, beta 0.5": TverskyLoss(over="batch"),
    "Tversky, alpha 0.2, beta 0.8": TverskyLoss(0.2, 0.8, over="batch"),
}
image, mask = pictures(64, torch.Generator().manual_seed(1))
print(f"{mask.mean():.1%} of the pixels belong to a blob\n")
print(f"{'':30s} precision  recall  Dice")
shown = {"picture": image, "blobs": mask}
for name, loss in LOSSES.items():
    network = trained(loss)
    with torch.no_grad():
        predicted = (network(image) > 0.0).float()
    shown[name] = predicted
    print("{:30s} {:9.2f}  {:6.2f}  {:4.2f}".format(name, *scores(predicted, mask)))

figure, axes = plt.subplots(3, len(shown), figsize=(11, 6.8), layout="constrained")
for column, (name, values) in zip(axes.T, shown.items(), strict=True):
    column[0].set_title(name, fontsize=10)
    for ax, value, truth in zip(column, values[:, 0].numpy(), mask[:, 0].numpy(), strict=False):
        ax.imshow(value, cmap="gray")
        if name not in ("picture", "blobs"):
            ax.contour(truth, [0.5], colors="tab:orange", linewidths=1.0)
        ax.set(xticks=[], yticks=[])
figure.suptitle("What is found; true outlines in orange")
path = folder / "segmentation.png"
figure.savefig(path, dpi=100)
plt.close(figure)
print(f"\n{path}")
