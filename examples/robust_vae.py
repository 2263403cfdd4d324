"""A variational autoencoder of digits whose pixels are partly wrong: normal errors, and a loss that learns their tails.

A tenth of the pixels of every image is replaced by a random grey, in training and in test. The network sees no clean
image; the clean test images only judge what it makes of the corrupted ones. Both losses are the negative log-likelihood
of every pixel, and learn its scale; the adaptive one learns its shape as well, as in Barron's paper, section 3.1. The
mean absolute error of both stays above that of the corrupted images, of which nine tenths of the pixels are exact.

    python examples/robust_vae.py [FOLDER]    # where robust_vae.png goes, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn

from boostloss.torch import AdaptiveBarronLoss, VAELoss

EPOCHS, LATENTS, WIDTH = 100, 16, 256
ROUNDING = 1.0 / 16.0 / 12.0**0.5  # the standard deviation of what 16 greys round away

torch.set_num_threads(1)  # for these small matrices more would mostly wait for each other
generator = torch.Generator().manual_seed(0)
digits = load_digits()
clean = torch.tensor(digits.data, dtype=torch.float32) / 16.0
wrong = torch.rand(clean.shape, generator=generator) < 0.1
noisy = torch.where(wrong, torch.rand(clean.shape, generator=generator), clean)
order = torch.randperm(len(clean), generator=generator)
train, test = order[:1400], order[1400:]


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 2 * LATENTS))
        self.decoder = nn.Sequential(nn.Linear(LATENTS, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 64))

    def forward(self, image):
        mean, log_variance = self.encoder(image).chunk(2, dim=1)
        latent = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        return self.decoder(latent if self.training else mean), mean, log_variance


def fit(pixels):
    torch.manual_seed(0)
    network, loss = Autoencoder(), VAELoss(pixels)
    optimizer = torch.optim.Adam([*network.parameters(), *loss.parameters()], lr=2e-3)
    for _ in range(EPOCHS):
        for rows in train[torch.randperm(len(train))].split(100):
            optimizer.zero_grad()
            made, mean, log_variance = network(noisy[rows])
            loss(made, noisy[rows], mean, log_variance).backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        return network(noisy[test])[0]


scales = {"scale_lo": ROUNDING, "scale_init": 0.3, "reduction": "none"}
losses = {
    "normal": AdaptiveBarronLoss(64, 2.0, 2.0, **scales),  # alpha stays at 2
    "adaptive": AdaptiveBarronLoss(64, **scales),
}
made = {"corrupted": noisy[test], "clean": clean[test]}
made |= {name: fit(pixels) for name, pixels in losses.items()}
print(f"{len(test)} test images against the clean ones:")
for name, image in made.items():
    error = image - clean[test]
    mean, root = error.abs().mean(), error.square().mean().sqrt()
    if name != "clean":
        print(f"{name:10} mean absolute error {mean:.3f}, root mean square {root:.3f}")
alpha = losses["adaptive"].alpha().detach()
print(f"learned: alpha from {alpha.min():.2f} to {alpha.max():.2f}, median {alpha.median():.2f}")

# The first test image of every digit
labels = torch.tensor(digits.target)[test]
first = torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(10)])
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.0), width_ratios=[5, 2], layout="constrained"
)
tiles = torch.full((len(made) * 9 - 1, 10 * 9 - 1), torch.nan)
for row, image in enumerate(made.values()):
    for column, pixels in enumerate(image[first].reshape(10, 8, 8)):
        tiles[9 * row : 9 * row + 8, 9 * column : 9 * column + 8] = pixels
left.imshow(tiles.numpy(), cmap="Greys", vmin=0.0, vmax=1.0)
left.set_yticks([9 * row + 3.5 for row in range(len(made))], list(made))
left.set_xticks([])
left.tick_params(length=0)
left.spines[:].set_visible(False)
shown = right.imshow(alpha.reshape(8, 8).numpy(), cmap="viridis", vmin=0.0, vmax=2.0)
figure.colorbar(shown, ax=right, label="alpha learned for each pixel")
right.set_axis_off()
path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "robust_vae.png"
figure.savefig(path, dpi=100)
print(path)
