"""Losses of samples in torch: total variation beside the usual formula, and sampled softmax beside the full one.

The usual formula of total variation is that of kornia and torchmetrics, two slices less each other along each side. The
softmax is over the classes of an output layer: all of them by torch's cross-entropy, or 1,000 that are drawn as often
as they occur, whose times include the drawing and the rows of the layer. Its loss on the same outputs is an estimate,
whose error over repeated draws is shown. Best of interleaved rounds, forward and backward pass.

    python -m benchmarks.torch_samples [--rounds 10] [--threads 1]
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

import boostloss.torch as bt

ROWS, WIDTH, CLASSES, DRAWS = 256, 64, 100_000, 1_000


def usual_variation(image: Tensor) -> Tensor:
    down = image[..., 1:, :] - image[..., :-1, :]
    right = image[..., :, 1:] - image[..., :, :-1]
    return (down.abs().sum((1, 2, 3)) + right.abs().sum((1, 2, 3))).mean()


def usual_isotropic_variation(image: Tensor) -> Tensor:
    """With the usual constant under the root, without which its gradient is NaN in flat regions."""
    down = image[..., 1:, :-1] - image[..., :-1, :-1]
    right = image[..., :-1, 1:] - image[..., :-1, :-1]
    return (down.square() + right.square() + 1e-8).sqrt().sum((1, 2, 3)).mean()


def best(functions: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, float]:
    """Best time of each in milliseconds, of its forward and backward pass."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds + 1):  # the first round warms up
        for name, function in functions.items():
            start = time.perf_counter()
            function().backward()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: min(record[1:]) for name, record in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)

    image = torch.rand(8, 3, 256, 256, requires_grad=True)
    anisotropic, isotropic = bt.TotalVariationLoss(), bt.TotalVariationLoss(isotropic=True)
    variations = {
        "TotalVariationLoss()": lambda: anisotropic(image),
        "  the usual formula": lambda: usual_variation(image),
        "TotalVariationLoss(isotropic=True)": lambda: isotropic(image),
        "  the usual formula, without the last row and column": lambda: usual_isotropic_variation(
            image
        ),
    }

    state = torch.randn(ROWS, WIDTH, requires_grad=True)
    layer = torch.randn(CLASSES, WIDTH).mul_(WIDTH**-0.5).requires_grad_()
    q = 1.0 / torch.arange(1.0, CLASSES + 1.0)  # Zipf's law
    q = q / q.sum()
    target = torch.multinomial(q, ROWS, replacement=True)
    sampled = bt.SampledSoftmaxLoss()

    def full() -> Tensor:
        return cross_entropy(state @ layer.T, target)

    def some() -> Tensor:
        drawn = torch.multinomial(q, DRAWS, replacement=True)
        return sampled(
            (state * layer[target]).sum(1),
            state @ layer[drawn].T,
            negative_log_q=(DRAWS * q[drawn]).log(),
            positive_id=target,
            negative_id=drawn,
        )

    softmaxes = {f"cross-entropy of {CLASSES:,} classes": full}
    softmaxes[f"SampledSoftmaxLoss(), {DRAWS:,} drawn"] = some
    print(f"{options.threads} thread(s), milliseconds")
    for group in (variations, softmaxes):
        for name, found in best(group, options.rounds).items():
            print(f"{name:55} {found:8.1f}")
    with torch.no_grad():
        exact = full()
        errors = torch.stack([some() for _ in range(30)]) - exact
    print(
        f"cross-entropy {exact:.3f}; sampled less that: {errors.mean():.3f} +- {errors.std():.3f}"
    )


if __name__ == "__main__":
    main()
